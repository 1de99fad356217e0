//! Dead letters: messages that could not be read, kept for whoever mends the producer or the mapping.
//!
//! The value is the message as it came, up to [`DEAD_LETTER_BYTES_MAX`]; of a longer one the first 64 KiB, with the
//! headers `truncated`, `length` and `blake3` (of all bytes), by which the original can be found and proven in its topic.
//! `reason`, `detail`, `format` and the position always stand in headers.

use crate::ports::{Destination, OutputRecord};

use super::text::one_line;

/// The longest message that is kept whole: half of what brokers take by default.
pub const DEAD_LETTER_BYTES_MAX: usize = 512 * 1024;

/// What is kept of a longer one.
const BEGINNING_BYTES: usize = 64 * 1024;

/// Bytes of a header that came from outside.
const HEADER_BYTES_MAX: usize = 1024;

/// A message, or an alert in it, that could not be read.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    /// The named reason, as in the accounting and the metrics.
    pub reason: &'a str,
    /// What exactly was wrong; may quote the message.
    pub detail: &'a str,
    /// The format it was taken for.
    pub format: &'a str,
    /// The input topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Which alert of the message, where only one was bad.
    pub index: Option<u32>,
    /// The message.
    pub bytes: &'a [u8],
}

/// The record for the dead-letter topic. Its key is `topic|partition|offset`.
#[must_use]
pub fn dead_letter(letter: &DeadLetter<'_>, now_ms: i64) -> OutputRecord {
    let mut headers = headers(letter);
    let is_long = letter.bytes.len() > DEAD_LETTER_BYTES_MAX;
    if is_long {
        headers.push(header("truncated", "true"));
        headers.push(header("length", &letter.bytes.len().to_string()));
        headers.push(header(
            "blake3",
            blake3::hash(letter.bytes).to_hex().as_str(),
        ));
    }
    let kept = if is_long {
        BEGINNING_BYTES
    } else {
        letter.bytes.len()
    };
    OutputRecord {
        destination: Destination::DeadLetters,
        key: format!("{}|{}|{}", letter.topic, letter.partition, letter.offset).into_bytes(),
        headers,
        value: Some(letter.bytes[..kept].to_vec()),
        timestamp_ms: now_ms,
    }
}

fn headers(letter: &DeadLetter<'_>) -> Vec<(String, Vec<u8>)> {
    let mut headers = vec![
        header("reason", letter.reason),
        header("detail", letter.detail),
        header("format", letter.format),
        header("topic", letter.topic),
        header("partition", &letter.partition.to_string()),
        header("offset", &letter.offset.to_string()),
    ];
    if let Some(index) = letter.index {
        headers.push(header("index", &index.to_string()));
    }
    headers
}

fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    let value = one_line(value, HEADER_BYTES_MAX);
    (name.to_owned(), value.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(bytes: &[u8]) -> DeadLetter<'_> {
        DeadLetter {
            reason: "no_time",
            detail: "no time in \x1b[2J",
            format: "native",
            topic: "alerts",
            partition: 3,
            offset: 42,
            index: Some(7),
            bytes,
        }
    }

    fn text<'a>(record: &'a OutputRecord, name: &str) -> Option<&'a str> {
        let header = record.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| std::str::from_utf8(value).unwrap())
    }

    #[test]
    fn keeps_the_message_and_says_why() {
        let record = dead_letter(&letter(b"\xff not json"), 5);
        assert_eq!(record.value.as_deref(), Some(&b"\xff not json"[..]));
        assert_eq!(record.key, b"alerts|3|42");
        assert_eq!(record.timestamp_ms, 5);
        assert_eq!(text(&record, "reason"), Some("no_time"));
        assert_eq!(text(&record, "detail"), Some("no time in ␛[2J"));
        assert_eq!(text(&record, "index"), Some("7"));
        assert_eq!(text(&record, "truncated"), None);
    }

    #[test]
    fn keeps_the_beginning_of_a_long_message() {
        let whole = vec![b'x'; DEAD_LETTER_BYTES_MAX];
        assert_eq!(
            dead_letter(&letter(&whole), 0).value.unwrap().len(),
            whole.len()
        );

        let long = vec![b'x'; DEAD_LETTER_BYTES_MAX + 1];
        let record = dead_letter(&letter(&long), 0);
        assert_eq!(record.value.as_ref().unwrap().len(), BEGINNING_BYTES);
        assert_eq!(text(&record, "truncated"), Some("true"));
        assert_eq!(text(&record, "length"), Some("524289"));
        assert_eq!(
            text(&record, "blake3"),
            Some(blake3::hash(&long).to_hex().as_str())
        );
    }
}
