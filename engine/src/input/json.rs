//! JSON: bytes -> a checked [`Value`] over simd-json's tape. The only place that touches simd-json.
//!
//! The parser unescapes in place, so it works on a copy in reused scratch; after the first messages nothing is
//! allocated. Bounds: depth is checked while parsing, everything else by [`check`], per alert, so that one bad
//! alert doesn't take its neighbours along. Numbers beyond 64 bits are invalid JSON here.

use compact_str::{CompactString, ToCompactString, format_compact};
use simd_json::{Buffers, ErrorType, INPUT_PADDING, Node, StaticNode, Tape, fill_tape_padded};

use super::limits::Limits;
use super::reject::{Reject, excerpt};

/// Reused memory for reading documents one after another.
pub(super) struct Reader {
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
    /// [`Reject::InvalidJson`], [`Reject::InvalidUtf8`], [`Reject::TooDeep`], or what `visit` returns.
    pub(super) fn read<T>(
        &mut self,
        document: &[u8],
        visit: impl FnOnce(Value<'_>) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        self.bytes.clear();
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
            Ok(()) => visit(Value(&tape.0)),
            Err(error) => Err(self::reject(document, &error, self.depth_max)),
        };
        self.tape = tape.reset();
        result
    }
}

/// One JSON value: its node and, for objects and arrays, all nodes under it.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a>(&'a [Node<'a>]);

/// A value that is neither object nor array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// Beyond `i64`.
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// The keys and values of an object.
    pub(crate) fn fields(self) -> Option<Fields<'a>> {
        match self.0.split_first() {
            Some((Node::Object { .. }, rest)) => Some(Fields(rest)),
            _ => None,
        }
    }

    /// The elements of an array.
    pub(crate) fn elements(self) -> Option<Elements<'a>> {
        match self.0.split_first() {
            Some((Node::Array { .. }, rest)) => Some(Elements(rest)),
            _ => None,
        }
    }

    /// How many elements or keys it has; 0 for a scalar.
    pub(crate) fn len(self) -> usize {
        match self.0.first() {
            Some(Node::Object { len, .. } | Node::Array { len, .. }) => *len,
            _ => 0,
        }
    }

    pub(crate) fn as_str(self) -> Option<&'a str> {
        match self.0.first() {
            Some(Node::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn scalar(self) -> Option<Scalar<'a>> {
        match *self.0.first()? {
            Node::String(text) => Some(Scalar::Text(text)),
            Node::Static(value) => Some(Scalar::of(value)),
            Node::Object { .. } | Node::Array { .. } => None,
        }
    }

    /// The word for what it is, for a reject's text.
    pub(crate) fn kind(self) -> &'static str {
        match self.0.first() {
            Some(Node::String(_)) => "a string",
            Some(Node::Object { .. }) => "an object",
            Some(Node::Array { .. }) => "an array",
            Some(Node::Static(StaticNode::Null)) | None => "null",
            Some(Node::Static(StaticNode::Bool(_))) => "a boolean",
            Some(Node::Static(_)) => "a number",
        }
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self.0.first(), Some(Node::Static(StaticNode::Null)) | None)
    }

    /// Null or an empty string: as good as absent.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(
            self.0.first(),
            Some(Node::Static(StaticNode::Null) | Node::String("")) | None
        )
    }

    pub(crate) fn as_u8(self) -> Option<u8> {
        match self.scalar()? {
            Scalar::Integer(number) => u8::try_from(number).ok(),
            _ => None,
        }
    }

    /// The value of the key `name`, when this is an object that has it.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        self.keys_and_values()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The value at a dotted path, each of whose dots may part two objects or belong to a key.
    pub(crate) fn at(self, path: &str) -> Option<Self> {
        self.get(path).or_else(|| {
            path.match_indices('.')
                .find_map(|(dot, _)| self.get(&path[..dot])?.at(&path[dot + 1..]))
        })
    }

    /// The keys of an object; none of anything else.
    pub(crate) fn keys(self) -> impl Iterator<Item = &'a str> {
        self.keys_and_values().map(|(key, _)| key)
    }

    /// The keys and values of an object; none of anything else.
    pub(crate) fn keys_and_values(self) -> Fields<'a> {
        self.fields().unwrap_or(Fields(&[]))
    }

    /// Shows every element of an array, or the value itself where it is none: one may stand for a list of one.
    pub(crate) fn each(self, mut show: impl FnMut(Self)) {
        match self.elements() {
            Some(elements) => elements.for_each(show),
            None => show(self),
        }
    }
}

impl<'a> Scalar<'a> {
    fn of(value: StaticNode) -> Self {
        match value {
            StaticNode::Null => Self::Null,
            StaticNode::Bool(value) => Self::Bool(value),
            StaticNode::I64(number) => Self::Integer(number),
            StaticNode::U64(number) => {
                i64::try_from(number).map_or(Self::Unsigned(number), Self::Integer)
            }
            StaticNode::F64(number) => Self::Float(number),
        }
    }

    /// Null or an empty string: as good as absent.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Self::Null | Self::Text(""))
    }

    /// The text of it: numbers and booleans as JSON writes them; null and the empty string are nothing.
    pub(crate) fn text(self) -> Option<Text<'a>> {
        Some(match self {
            Self::Null | Self::Text("") => return None,
            Self::Text(text) => Text::Borrowed(text),
            Self::Bool(value) => Text::Borrowed(if value { "true" } else { "false" }),
            Self::Integer(number) => Text::Owned(number.to_compact_string()),
            Self::Unsigned(number) => Text::Owned(number.to_compact_string()),
            Self::Float(number) => Text::Owned(number.to_compact_string()),
        })
    }
}

/// The text of a scalar: borrowed from the message, or written out from a number.
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Owned(CompactString),
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

/// The keys and values of an object, in document order.
#[derive(Clone)]
pub(crate) struct Fields<'a>(&'a [Node<'a>]);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (Node::String(key), rest) = self.0.split_first()? else {
            return None;
        };
        let (value, rest) = rest.split_at_checked(extent(rest.first()?))?;
        self.0 = rest;
        Some((key, Value(value)))
    }
}

/// The elements of an array, in document order.
#[derive(Clone)]
pub(crate) struct Elements<'a>(&'a [Node<'a>]);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = self.0.split_at_checked(extent(self.0.first()?))?;
        self.0 = rest;
        Some(Value(value))
    }
}

/// How many nodes a value takes, itself included.
#[inline]
fn extent(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
        Node::String(_) | Node::Static(_) => 1,
    }
}

/// Checks one alert against the limits, and that no object in it has a key twice.
///
/// # Errors
/// [`Reject::TooManyNodes`], [`Reject::TooManyKeys`], [`Reject::DuplicateKey`].
pub(super) fn check(value: Value<'_>, limits: &Limits) -> Result<(), Reject> {
    let nodes = value.0;
    if nodes.len() > limits.nodes_max {
        return Err(Reject::TooManyNodes {
            nodes: nodes.len(),
            max: limits.nodes_max,
        });
    }
    for (at, node) in nodes.iter().enumerate() {
        if let Node::Object { len, .. } = node {
            if *len > limits.keys_max {
                return Err(Reject::TooManyKeys {
                    keys: *len,
                    max: limits.keys_max,
                });
            }
            check_keys(nodes, at + 1, *len)?;
        }
    }
    Ok(())
}

/// Up to this many keys are compared with those before them that fall on the same bit; more are sorted, so that
/// chosen keys can't make the check quadratic.
const FEW_KEYS: usize = 32;

/// Checks the object whose `len` keys and values begin at `start`.
fn check_keys(nodes: &[Node<'_>], start: usize, len: usize) -> Result<(), Reject> {
    if len > FEW_KEYS {
        return check_many_keys(Fields(nodes.get(start..).unwrap_or_default()), len);
    }
    let mut seen = [0_u64; 4];
    let mut at = start;
    for count in 0..len {
        let (Some(Node::String(key)), Some(value)) = (nodes.get(at), nodes.get(at + 1)) else {
            break;
        };
        let bit = key_bit(key.as_bytes());
        let word = &mut seen[usize::from(bit >> 6)];
        let mask = 1_u64 << (bit & 63);
        if *word & mask != 0 {
            let earlier = Fields(nodes.get(start..).unwrap_or_default()).take(count);
            if earlier.into_iter().any(|(earlier, _)| earlier == *key) {
                return Err(Reject::DuplicateKey { key: excerpt(key) });
            }
        }
        *word |= mask;
        at += 1 + extent(value);
    }
    Ok(())
}

#[cold]
fn check_many_keys(fields: Fields<'_>, len: usize) -> Result<(), Reject> {
    let mut keys: Vec<&str> = fields.take(len).map(|(key, _)| key).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Reject::DuplicateKey {
            key: excerpt(pair[0]),
        }),
        None => Ok(()),
    }
}

/// One of 256 bits for a key, from its length and three of its bytes: enough to tell the keys of an object apart.
#[inline]
pub(super) fn key_bit(key: &[u8]) -> u8 {
    let (Some(first), Some(middle), Some(last)) = (key.first(), key.get(key.len() / 2), key.last())
    else {
        return 0;
    };
    // Only its low byte counts.
    let length = key.len() as u8;
    length
        .wrapping_mul(31)
        .wrapping_add(first.wrapping_mul(7))
        .wrapping_add(middle.wrapping_mul(13))
        .wrapping_add(*last)
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
    fn a_key_twice_is_rejected_at_any_depth_and_width() {
        assert_eq!(reason(r#"{"a":1,"a":1}"#), "duplicate_key");
        assert_eq!(
            reason(r#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#),
            "duplicate_key"
        );
        assert_eq!(reason(r#"{"a":1,"\u0061":2}"#), "duplicate_key");
        assert_eq!(reason(r#"{"a":{"b":1},"b":{"a":1}}"#), "accepted");
        assert_eq!(reason(r#"{"":1,"":2}"#), "duplicate_key");
        let wide = |last: &str| {
            let keys: Vec<String> = (0..200).map(|at| format!("\"k{at}\":{at}")).collect();
            format!("{{{},\"{last}\":0}}", keys.join(","))
        };
        assert_eq!(reason(&wide("k7")), "duplicate_key");
        assert_eq!(reason(&wide("k200")), "accepted");
    }

    #[test]
    fn keys_on_the_same_bit_are_told_apart() {
        // Same length, first, middle and last byte.
        assert_eq!(key_bit(b"axbyc"), key_bit(b"aybzc"));
        assert_eq!(reason(r#"{"axbyc":1,"aybzc":2}"#), "accepted");
        assert_eq!(
            reason(r#"{"axbyc":1,"aybzc":2,"axbyc":3}"#),
            "duplicate_key"
        );
    }

    #[test]
    fn counts_end_at_the_limits() {
        let keys: Vec<String> = (0..513).map(|at| format!("\"k{at}\":{at}")).collect();
        assert_eq!(reason(&format!("{{{}}}", keys.join(","))), "too_many_keys");
        assert_eq!(
            reason(&format!("[{}0]", "0,".repeat(20_000))),
            "too_many_nodes"
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

    #[test]
    fn a_dot_parts_objects_or_belongs_to_a_key() {
        let limits = Limits::default();
        let found = |text: &str| {
            let mut reader = Reader::new(&limits);
            reader
                .read(text.as_bytes(), |root| Ok(root.at("a.b.c").is_some()))
                .unwrap()
        };
        for text in [
            r#"{"a":{"b":{"c":1}}}"#,
            r#"{"a.b.c":1}"#,
            r#"{"a.b":{"c":1}}"#,
            r#"{"a":{"b.c":1}}"#,
        ] {
            assert!(found(text), "{text}");
        }
        assert!(!found(r#"{"a":{"b":1},"c":1}"#));
    }
}
