//! How much people may write about one case. Everything here stays in memory while the case is live, and in every
//! event of it, or is written with one synced batch; each bound is far above what work needs.

use compact_str::CompactString;

use super::illegal::Illegal;

/// The bounds. Texts in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds;

impl Bounds {
    /// A name: owner, team, actor, tag, name of a field.
    pub const NAME: usize = 128;
    /// A line: title of a task, value of a field, name of a file.
    pub const LINE: usize = 512;
    /// A paragraph: resolution, reason, note of a hand-over.
    pub const PARAGRAPH: usize = 4 << 10;
    /// A note.
    pub const NOTE: usize = 32 << 10;
    /// Tags of a case.
    pub const TAGS: usize = 32;
    /// Custom fields of a case.
    pub const FIELDS: usize = 32;
    /// Notes of a case.
    pub const NOTES: usize = 1_000;
    /// Tasks of a case.
    pub const TASKS: usize = 100;
    /// Pieces of evidence of a case.
    pub const EVIDENCE: usize = 200;
}

/// Refuses a text that is too long.
pub(crate) fn within(
    field: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<CompactString, Illegal> {
    let text = text.trim();
    match text.len() <= bytes_max {
        true => Ok(text.into()),
        false => Err(Illegal::TooLong { field, bytes_max }),
    }
}

/// Refuses a text that is empty or too long.
pub(crate) fn said(
    field: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<CompactString, Illegal> {
    let text = within(field, text, bytes_max)?;
    match text.is_empty() {
        true => Err(Illegal::Empty(field)),
        false => Ok(text),
    }
}

/// Refuses one more of what there are `count`.
pub(super) fn room(things: &'static str, count: usize, max: usize) -> Result<(), Illegal> {
    match count < max {
        true => Ok(()),
        false => Err(Illegal::TooMany { things, max }),
    }
}
