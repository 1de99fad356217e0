//! JSON: bytes -> a checked [`Value`] over simd-json's tape. The only place that touches simd-json.
//!
//! The parser unescapes in place, so it works on a copy in reused scratch; after the first messages nothing is
//! allocated. Bounds: depth is checked while parsing, everything else by `check`, per alert, so that one bad
//! alert doesn't take its neighbours along. Numbers beyond 64 bits are invalid JSON here.

mod check;
mod density;
mod readers;
mod value;

use compact_str::format_compact;
use simd_json::{Buffers, ErrorType, INPUT_PADDING, Node, Tape, fill_tape_padded};

use super::limits::Limits;
use super::reject::Reject;

pub(super) use check::{check, check_envelope, key_hash};
pub(crate) use readers::Readers;
pub(crate) use value::{Leaf, Scalar, Text, Value};

/// Reused memory for reading documents one after another.
pub(crate) struct Reader {
    bytes: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
    depth_max: usize,
}

impl Reader {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes: Vec::new(),
            buffers: Buffers::with_max_depth(4096, limits.depth_max),
            tape: Tape(Vec::new()),
            depth_max: limits.depth_max,
        }
    }

    /// Reads `document` and shows its root to `visit`.
    ///
    /// # Errors
    /// [`Reject::InvalidJson`], [`Reject::InvalidUtf8`], [`Reject::TooDeep`], [`Reject::TooManyNodes`] when it would take
    /// far more memory than its size, or what `visit` returns.
    pub(super) fn read<T>(
        &mut self,
        document: &[u8],
        visit: impl FnOnce(Value<'_>) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        density::check(document, self.depth_max)?;
        self.bytes.clear();
        self.bytes.reserve_exact(document.len() + INPUT_PADDING);
        self.bytes.extend_from_slice(document);
        self.bytes.resize(document.len() + INPUT_PADDING, b' ');
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let filled = fill_tape_padded(
            &mut self.bytes,
            document.len(),
            &mut self.buffers,
            &mut tape,
        );
        let result = match filled {
            Ok(()) => visit(Value::root(&tape)),
            Err(error) => Err(self::reject(document, &error, self.depth_max)),
        };
        self.tape = tape.reset();
        result
    }

    /// Gives its memory back.
    fn let_go(&mut self) {
        self.bytes = Vec::new();
        self.buffers = Buffers::with_max_depth(4096, self.depth_max);
        self.tape = Tape(Vec::new());
    }

    /// About how many bytes it holds on to.
    fn held_bytes(&self) -> usize {
        // Beside the tape: the copy, simd-json's strings, and 4 bytes for each byte that may begin a value.
        self.tape.0.capacity() * size_of::<Node<'_>>() + self.bytes.capacity() * 6
    }
}

/// The reject for what simd-json refused. It is quick and terse, so serde_json looks again for the words.
#[cold]
fn reject(document: &[u8], error: &simd_json::Error, depth_max: usize) -> Reject {
    if *error.error() == ErrorType::DepthLimitExceeded {
        return Reject::TooDeep {
            offset: error.index(),
            max: depth_max,
        };
    }
    if let Err(bad) = std::str::from_utf8(document) {
        return Reject::InvalidUtf8 {
            offset: bad.valid_up_to(),
        };
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(document) {
        Err(found) => {
            let what = found.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            Reject::InvalidJson {
                offset: offset(document, found.line(), found.column()),
                what: what.into(),
            }
        }
        // What it skips it doesn't look into: numbers beyond 64 bits, and halves of surrogate pairs.
        Ok(_) => Reject::InvalidJson {
            offset: error.index(),
            what: match error.error() {
                ErrorType::InvalidNumber => "a number beyond 64 bits".into(),
                other => format_compact!("{other:?}"),
            },
        },
    }
}

/// The byte offset of serde_json's line and column, both from 1.
fn offset(document: &[u8], line: usize, column: usize) -> usize {
    let before: usize = document
        .split(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(|line| line.len() + 1)
        .sum();
    (before + column.saturating_sub(1)).min(document.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<(), Reject> {
        let limits = Limits::default();
        Reader::new(&limits).read(document.as_bytes(), |root| check(root, &limits))
    }

    fn reason(document: &str) -> &'static str {
        read(document)
            .err()
            .map_or("accepted", |reject| reject.reason())
    }

    #[test]
    fn depth_ends_at_the_limit_and_never_the_stack() {
        assert_eq!(reason(&"[".repeat(200 * 1024)), "too_deep");
        assert_eq!(reason(&"{\"a\":".repeat(50_000)), "too_deep");
        assert_eq!(
            reason(&format!("{}{}", "[".repeat(64), "]".repeat(64))),
            "accepted"
        );
        assert_eq!(
            reason(&format!("{}{}", "[".repeat(65), "]".repeat(65))),
            "too_deep"
        );
    }

    #[test]
    fn what_is_no_json_is_named_with_its_place() {
        assert_eq!(
            read("{\"a\":1}}"),
            Err(Reject::InvalidJson {
                offset: 7,
                what: "trailing characters".into()
            })
        );
        for bad in [
            "{",
            "{\"a\"",
            "[1,]",
            "{a:1}",
            "nul",
            "01",
            "1e999",
            "18446744073709551616",
            "\"\n\"",
            "[1] x",
        ] {
            assert_eq!(reason(bad), "invalid_json", "{bad}");
        }
        assert_eq!(reason(r#""\ud800""#), "invalid_json");
        let unterminated = read(r#"{"a":"b"#);
        assert!(
            matches!(unterminated, Err(Reject::InvalidJson { offset: 6, .. })),
            "{unterminated:?}"
        );
    }

    #[test]
    fn the_first_byte_that_is_no_utf8_is_named() {
        let limits = Limits::default();
        let result = Reader::new(&limits).read(b"{\"a\":\"\xff\"}", |_| Ok(()));
        assert_eq!(result, Err(Reject::InvalidUtf8 { offset: 6 }));
    }

    #[test]
    fn a_reader_is_as_new_after_a_reject() {
        let limits = Limits::default();
        let mut reader = Reader::new(&limits);
        let root = |reader: &mut Reader, text: &str| {
            reader.read(text.as_bytes(), |root| {
                Ok(root.get("a").and_then(Value::as_str).map(str::to_owned))
            })
        };
        assert!(root(&mut reader, r#"{"a":"x"#).is_err());
        assert_eq!(
            root(&mut reader, r#"{"a":"y\n"}"#),
            Ok(Some("y\n".to_owned()))
        );
        assert_eq!(root(&mut reader, "[]"), Ok(None));
    }
}
