//! Readers: memory for documents nested in each other's strings, one reader per level.

use super::super::limits::Limits;
use super::Reader;

/// Readers that are not in use. What is read inside a document takes the next one; when none is left the nesting is
/// too deep.
pub(crate) struct Readers {
    free: Vec<Reader>,
}

/// A reader that grew beyond this is let go, so that one huge message doesn't hold its memory for ever: most messages
/// take less than 64 KiB.
const HELD_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Readers {
    /// One reader for a message, one for each level of envelopes, and two for strings inside a record.
    pub(in super::super) fn new(limits: &Limits) -> Self {
        let levels = 1 + limits.envelopes_max + 2;
        Self {
            free: (0..levels).map(|_| Reader::new(limits)).collect(),
        }
    }

    /// A reader; `None` when the nesting is too deep.
    pub(in super::super) fn take(&mut self) -> Option<Reader> {
        self.free.pop()
    }

    /// A reader for a string that may hold a JSON object or list; `None` when it can't, or the nesting is too deep.
    pub(in super::super) fn take_for(&mut self, text: &str) -> Option<Reader> {
        if matches!(
            text.trim_ascii_start().as_bytes().first(),
            Some(b'{' | b'[')
        ) {
            self.free.pop()
        } else {
            None
        }
    }

    pub(in super::super) fn put_back(&mut self, mut reader: Reader) {
        if reader.held_bytes() > HELD_BYTES_MAX {
            reader.let_go();
        }
        self.free.push(reader);
    }
}
