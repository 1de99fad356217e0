//! Nested: a string that holds a JSON document, read where it stands.

use super::super::json::{self, Readers, Value};
use super::super::limits::Limits;

/// Who can read documents in strings: a desk, and the draft that is open on it.
pub(crate) trait Nested: Sized {
    /// The memory to read them with, and their limits.
    fn reading(&mut self) -> (&mut Readers, &Limits);

    /// Reads a string that holds a JSON document. `None`: it holds none, or is nested in too many others.
    fn nested<T>(&mut self, text: &str, read: impl FnOnce(Value<'_>, &mut Self) -> T) -> Option<T> {
        let (readers, _) = self.reading();
        let mut reader = readers.take_for(text)?;
        let result = reader.read(text.as_bytes(), |value| {
            json::check(value, self.reading().1)?;
            Ok(read(value, self))
        });
        self.reading().0.put_back(reader);
        result.ok()
    }
}
