//! JSON out: serde_json's compact form with two differences. Hostile characters are written as `\uXXXX`, and writing
//! stops as soon as the value is too long, so that a hostile case never costs more memory than an event may have.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::text::{has_hostile, is_hostile};

/// The JSON of `value`, or `None` when it is longer than `bytes_max`.
pub(super) fn to_bytes(value: &impl Serialize, bytes_max: usize) -> Option<Vec<u8>> {
    let mut output = Bounded {
        bytes: Vec::with_capacity(8 * 1024),
        bytes_max,
    };
    value
        .serialize(&mut Serializer::with_formatter(&mut output, Harmless))
        .ok()?;
    Some(output.bytes)
}

/// A buffer that refuses to grow above its bound.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes hostile characters as escapes. serde_json itself escapes only what JSON demands (quotes, backslashes,
/// controls below U+0020); the fragments between reach this.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !has_hostile(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hostile) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut tail = tail.chars();
            if let Some(c) = tail.next() {
                write_escaped(writer, c)?;
            }
            rest = tail.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

fn write_escaped<W: ?Sized + Write>(writer: &mut W, c: char) -> io::Result<()> {
    for unit in c.encode_utf16(&mut [0; 2]) {
        write!(writer, "\\u{unit:04x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_escaped_and_read_back() {
        let text = "a\"\\\x1b[0m\u{7f}\u{9b}\u{202e}\u{e0041}ü窓";
        let bytes = to_bytes(&text, 1_000).unwrap();
        let expected = r#""a\"\\\u001b[0m\u007f\u009b\u202e\udb40\udc41ü窓""#;
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), expected);
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
    }

    #[test]
    fn the_bound_is_exact() {
        assert!(to_bytes(&"abc", 5).is_some());
        assert!(to_bytes(&"abc", 4).is_none());
    }
}
