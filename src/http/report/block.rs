//! What a report is made of. All text is as it came; whoever sets it escapes it.

/// A part of a report, from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// The title of it all.
    Title(String),
    /// The title of a section.
    Heading(&'static str),
    /// A sentence of ours or of others.
    Said(String),
    /// Text of several lines that somebody wrote.
    Quote(String),
    /// Names and values.
    Facts(Vec<(&'static str, String)>),
    /// Rows under a head.
    Table(Vec<&'static str>, Vec<Vec<String>>),
}
