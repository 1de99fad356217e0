//! Unwrap: from a message's bytes to the records in it. A record is what a format reads: one object or one line of text.
//!
//! `envelope` knows what shippers and buses put around records, `inflate` what compresses them; here is how several stand
//! in one text: a list, one per line, or one behind the other. The parser walks down, at most
//! [`Limits::envelopes_max`](super::Limits::envelopes_max) envelopes deep.

pub(super) mod envelope;
pub(super) mod inflate;
mod page;
pub(super) mod telling;

use super::reject::Reject;

/// The value behind the header of Confluent's schema registry: a zero byte and the schema's number in four.
///
/// # Errors
/// [`Reject::BinaryValue`] when that is no JSON: Avro or Protobuf.
pub(super) fn registered(bytes: &[u8]) -> Option<Result<&[u8], Reject>> {
    let (header, value) = bytes.split_first_chunk::<5>()?;
    if header[0] != 0 {
        return None;
    }
    Some(match value.trim_ascii_start().first() {
        Some(b'{' | b'[' | b'"') => Ok(value),
        _ => Err(Reject::BinaryValue {
            schema: u32::from_be_bytes([header[1], header[2], header[3], header[4]]),
        }),
    })
}

/// Documents one behind the other, with nothing or blanks between them, as some tools write what is no list.
pub(super) struct Documents<'a> {
    rest: &'a [u8],
}

impl<'a> Documents<'a> {
    /// `None` when the first is no whole object, or none follows.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let first = first_document(bytes)?;
        let behind = bytes.get(first..)?.trim_ascii_start();
        (bytes.first() == Some(&b'{') && behind.first() == Some(&b'{'))
            .then_some(Self { rest: bytes })
    }
}

impl<'a> Iterator for Documents<'a> {
    type Item = &'a [u8];

    /// The next document; what is no whole one is the last.
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let (document, rest) = rest.split_at(first_document(rest).unwrap_or(rest.len()));
        self.rest = rest;
        Some(document)
    }
}

/// Where the first document ends.
fn first_document(bytes: &[u8]) -> Option<usize> {
    let mut documents =
        serde_json::Deserializer::from_slice(bytes).into_iter::<serde::de::IgnoredAny>();
    documents.next()?.ok()?;
    Some(documents.byte_offset())
}

/// Whether `bytes` can be a JSON document: whatever doesn't begin like one is text.
pub(super) fn may_be_json(bytes: &[u8]) -> bool {
    matches!(
        bytes.first(),
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9') | None
    ) || matches!(bytes, b"null" | b"true" | b"false")
}

/// Whether what is no JSON was hardly meant to be: a date begins it, or another number.
pub(super) fn may_be_text(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_digit)
}

/// A value that looks like one JSON object per line.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// It can't be one JSON document.
    pub(super) is_certain: bool,
}

impl<'a> Lines<'a> {
    /// At least two lines that are not blank, and each of those begins with `{`. Pretty-printed JSON never does; an
    /// object that ends where the next begins is no JSON.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        memchr::memchr(b'\n', bytes)?;
        let lines = Self {
            bytes,
            is_certain: false,
        };
        let first = lines.iter().next()?;
        let looks_right = lines.iter().nth(1).is_some() && lines.iter().all(|line| line[0] == b'{');
        looks_right.then_some(Self {
            bytes,
            is_certain: first.ends_with(b"}"),
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let lines = self
            .bytes
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty())
    }
}

/// The records in a text: its lines where each begins like a record, else the whole.
pub(super) fn text_records(text: &str) -> impl Iterator<Item = &str> {
    let lines = || {
        text.split('\n')
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let is_whole = lines().nth(1).is_none() || !lines().all(begins_record);
    let whole = is_whole.then(|| text.trim());
    let parts = (!is_whole).then(lines);
    whole.into_iter().chain(parts.into_iter().flatten())
}

fn begins_record(line: &str) -> bool {
    let is_prioritised = line
        .strip_prefix('<')
        .is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
    // Snort's mark, and the fourth value of a firewall's.
    let is_threat = line.contains("[**]")
        || line
            .split(',')
            .nth(3)
            .is_some_and(|kind| kind == "THREAT" || kind == "TRAFFIC");
    is_prioritised || is_threat || telling::tells(line) || line.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Option<(usize, bool)> {
        Lines::of(text.as_bytes()).map(|lines| (lines.iter().count(), lines.is_certain))
    }

    #[test]
    fn documents_may_follow_each_other() {
        let documents = |text: &'static str| {
            Documents::of(text.as_bytes()).map(|documents| {
                documents
                    .map(|document| std::str::from_utf8(document).unwrap())
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(
            documents("{\n\"a\":1}\n{\"b\":{}}{}"),
            Some(vec!["{\n\"a\":1}", "{\"b\":{}}", "{}"])
        );
        assert_eq!(documents("{} {\"b\":"), Some(vec!["{}", "{\"b\":"]));
        assert_eq!(documents("{}"), None);
        assert_eq!(documents("{}}"), None);
        assert_eq!(documents("1 2"), None);
    }

    #[test]
    fn a_text_is_one_record_or_one_per_line() {
        let count = |text: &'static str| text_records(text).count();
        assert_eq!(count("<13>a\n\n<14>b\n"), 2);
        assert_eq!(count("CEF:0|a\nCEF:0|b"), 2);
        assert_eq!(count("CEF:0|a\n  and its next line"), 1);
        assert_eq!(count("one"), 1);
    }

    #[test]
    fn lines_are_told_from_pretty_printed_json() {
        assert_eq!(lines("{\"a\":1}\r\n\n{\"a\":2}\n"), Some((2, true)));
        assert_eq!(lines("{\"a\":\n{\"a\":2}}"), Some((2, false)));
        assert_eq!(lines("{\n  \"a\": 1\n}"), None);
        assert_eq!(lines("{\"a\":1}\n"), None);
        assert_eq!(lines("[\n{}\n]"), None);
        assert_eq!(lines(""), None);
    }
}
