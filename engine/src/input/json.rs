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
        if let Node::Object { len, count } = node {
            if *len > limits.keys_max {
                return Err(Reject::TooManyKeys {
                    keys: *len,
                    max: limits.keys_max,
                });
            }
            let inside = nodes.get(at + 1..=at + count).unwrap_or_default();
            check_keys(Fields(inside), *len)?;
        }
    }
    Ok(())
}

/// Up to this many keys are compared with those before them that fall on the same bit; more are sorted, so that
/// chosen keys can't make the check quadratic.
const FEW_KEYS: usize = 32;

fn check_keys(fields: Fields<'_>, len: usize) -> Result<(), Reject> {
    if len > FEW_KEYS {
        return check_many_keys(fields);
    }
    let mut seen = [0_u64; 4];
    for (at, (key, _)) in fields.clone().enumerate() {
        let bit = key_bit(key.as_bytes());
        let word = &mut seen[usize::from(bit >> 6)];
        let mask = 1_u64 << (bit & 63);
        let is_repeat =
            *word & mask != 0 && fields.clone().take(at).any(|(earlier, _)| earlier == key);
        if is_repeat {
            return Err(Reject::DuplicateKey { key: excerpt(key) });
        }
        *word |= mask;
    }
    Ok(())
}

fn check_many_keys(fields: Fields<'_>) -> Result<(), Reject> {
    let mut keys: Vec<&str> = fields.map(|(key, _)| key).collect();
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
    let Some((&last, _)) = key.split_last() else {
        return 0;
    };
    let middle = key[key.len() / 2];
    (key.len() as u8)
        .wrapping_mul(31)
        .wrapping_add(key[0].wrapping_mul(7))
        .wrapping_add(middle.wrapping_mul(13))
        .wrapping_add(last)
}

#[cold]
fn reject(document: &[u8], error: &simd_json::Error, depth_max: usize) -> Reject {
    match error.error() {
        ErrorType::DepthLimitExceeded => Reject::TooDeep {
            offset: error.index(),
            max: depth_max,
        },
        ErrorType::InvalidUtf8 => {
            let offset = std::str::from_utf8(document)
                .map_or_else(|bad| bad.valid_up_to(), |_| error.index());
            Reject::InvalidUtf8 { offset }
        }
        _ if error.index() > 0 => Reject::InvalidJson {
            offset: error.index(),
            what: format_compact!("{:?}", error.error()),
        },
        // The first stage knows no place; serde_json finds it again.
        _ => match serde_json::from_slice::<serde::de::IgnoredAny>(document) {
            Err(found) => Reject::InvalidJson {
                offset: offset(document, found.line(), found.column()),
                what: format_compact!("{found}"),
            },
            Ok(_) => Reject::InvalidJson {
                offset: 0,
                what: format_compact!("{:?}", error.error()),
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
