//! Values: what formats see of a document. A view of the tape's nodes, copied freely, that never panics.

use compact_str::{CompactString, ToCompactString};
use simd_json::{Node, StaticNode, Tape};

/// One JSON value: its node and, for objects and arrays, all nodes under it.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a>(pub(super) &'a [Node<'a>]);

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

/// One scalar by itself, for texts that a room takes apart and reads like a document's fields.
pub(crate) type Leaf<'a> = Node<'a>;

impl<'a> Value<'a> {
    /// The value that `leaf` is.
    pub(crate) fn leaf(leaf: &'a Leaf<'a>) -> Self {
        Self(std::slice::from_ref(leaf))
    }

    /// The value that a whole document is.
    pub(super) fn root(tape: &'a Tape<'a>) -> Self {
        Self(&tape.0)
    }

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

    /// The string, also as the only element of a list: searches and converters write one value as a list of one.
    pub(crate) fn as_str(self) -> Option<&'a str> {
        match self.0 {
            [Node::String(text), ..] | [Node::Array { len: 1, .. }, Node::String(text), ..] => {
                Some(text)
            }
            _ => None,
        }
    }

    /// The scalar, also as the only element of a list.
    pub(crate) fn scalar(self) -> Option<Scalar<'a>> {
        match *self.0 {
            [Node::String(text), ..] | [Node::Array { len: 1, .. }, Node::String(text), ..] => {
                Some(Scalar::Text(text))
            }
            [Node::Static(value), ..] | [Node::Array { len: 1, .. }, Node::Static(value), ..] => {
                Some(Scalar::of(value))
            }
            _ => None,
        }
    }

    /// The scalar, or null where it is none.
    pub(crate) fn scalar_or_null(self) -> Scalar<'a> {
        self.scalar().unwrap_or(Scalar::Null)
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

    /// Null, an empty string, or a list with no more than that: as good as absent.
    pub(crate) fn is_nothing(self) -> bool {
        match self.0 {
            [Node::Array { len: 1, .. }, only, ..] | [only, ..] => matches!(
                only,
                Node::Static(StaticNode::Null) | Node::String("") | Node::Array { len: 0, .. }
            ),
            [] => true,
        }
    }

    /// A small number, also in a string: searches write all values as strings.
    pub(crate) fn as_u8(self) -> Option<u8> {
        match self.scalar()? {
            Scalar::Integer(number) => u8::try_from(number).ok(),
            Scalar::Text(text) => text.trim_ascii().parse().ok(),
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

impl Text<'_> {
    pub(crate) fn into_owned(self) -> CompactString {
        match self {
            Self::Borrowed(text) => CompactString::new(text),
            Self::Owned(text) => text,
        }
    }
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
pub(crate) struct Fields<'a>(pub(super) &'a [Node<'a>]);

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
pub(super) fn extent(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
        Node::String(_) | Node::Static(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use crate::input::Limits;

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
