//! A configuration as a tree of values that remember where they were written.
//!
//! The file's text and the environment's variables meet here; `de` reads the tree into structs. Bounded by the size
//! of the file, which the loader limits.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Place, Problem};

/// A value and its place: of a table's entry the place of its key.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Table(BTreeMap<String, Node>),
    /// By index, so that an element taken out doesn't rename the others.
    Array(BTreeMap<usize, Node>),
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// From the environment: what it is, the reader decides.
    Variable(String),
}

/// One step down the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A way down the tree; shown as `input[0].topic`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyPath(pub(super) Vec<Step>);

impl Node {
    /// Reads TOML; what can't be read is left out and reported.
    pub(super) fn parse(text: &str, file: &str, problems: &mut Vec<Problem>) -> Self {
        let mut reader = Reader {
            text,
            file: file.into(),
            problems,
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let start = error.span().map_or(0, |span| span.start);
            reader.report(start, error.message().replace('\n', ", "));
        }
        Self {
            place: Place::File(Arc::clone(&reader.file)),
            value: reader.table(table.get_ref()),
        }
    }

    /// The node at `path`, if it is there.
    pub(super) fn find(&self, path: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self);
        };
        let next = match (&self.value, step) {
            (Value::Table(entries), Step::Key(key)) => entries.get(key),
            (Value::Array(items), Step::Index(index)) => items.get(index),
            _ => None,
        };
        next.and_then(|node| node.find(rest))
    }

    /// The same, to change it.
    pub(super) fn find_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self);
        };
        let next = match (&mut self.value, step) {
            (Value::Table(entries), Step::Key(key)) => entries.get_mut(key),
            (Value::Array(items), Step::Index(index)) => items.get_mut(index),
            _ => None,
        };
        next.and_then(|node| node.find_mut(rest))
    }

    /// Takes out the node at `path`; `None` when there is none, or `path` is the root.
    pub(super) fn remove(&mut self, path: &[Step]) -> Option<Self> {
        let (step, above) = path.split_last()?;
        match (&mut self.find_mut(above)?.value, step) {
            (Value::Table(entries), Step::Key(key)) => entries.remove(key),
            (Value::Array(items), Step::Index(index)) => items.remove(index),
            _ => None,
        }
    }

    /// The place of the deepest node on `path` that exists.
    pub(super) fn place_of(&self, path: &KeyPath) -> Place {
        let found = (0..=path.0.len())
            .rev()
            .find_map(|length| self.find(&path.0[..length]));
        found.map_or_else(|| self.place.clone(), |node| node.place.clone())
    }

    /// Makes one level of the tables below this one, joining keys by a dot: `a.b = 1` becomes `"a.b" = 1`.
    pub(super) fn flatten(&mut self) {
        let Value::Table(entries) = &mut self.value else {
            return;
        };
        for (key, mut node) in std::mem::take(entries) {
            node.flatten();
            match node.value {
                Value::Table(inner) => {
                    let inner = inner
                        .into_iter()
                        .map(|(rest, node)| (format!("{key}.{rest}"), node));
                    entries.extend(inner);
                }
                _ => {
                    entries.insert(key, node);
                }
            }
        }
    }
}

impl KeyPath {
    /// The path of a key written with dots; no indexes.
    pub(super) fn of(key: &str) -> Self {
        Self(
            key.split('.')
                .map(|part| Step::Key(part.to_owned()))
                .collect(),
        )
    }

    /// The path of a key of the input number `index`.
    pub(super) fn of_input(index: usize, key: &str) -> Self {
        Self(vec![
            Step::Key("input".into()),
            Step::Index(index),
            Step::Key(key.into()),
        ])
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Turns the parser's spans into places.
struct Reader<'a> {
    text: &'a str,
    file: Arc<str>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Value {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            (name.to_string(), self.node(key.span().start, value))
        };
        Value::Table(table.iter().map(entry).collect())
    }

    fn node(&mut self, start: usize, value: &Spanned<DeValue<'_>>) -> Node {
        let place = self.place(start);
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => self.integer(start, number.as_str(), number.radix()),
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(moment) => Value::Text(moment.to_string()),
            DeValue::Table(table) => self.table(table),
            DeValue::Array(items) => {
                let item = |(index, item): (usize, &Spanned<_>)| {
                    (index, self.node(item.span().start, item))
                };
                Value::Array(items.iter().enumerate().map(item).collect())
            }
        };
        Node { place, value }
    }

    fn integer(&mut self, start: usize, digits: &str, radix: u32) -> Value {
        i64::from_str_radix(digits, radix).map_or_else(
            |_| {
                self.report(start, "the number is too large".into());
                Value::Integer(0)
            },
            Value::Integer,
        )
    }

    fn report(&mut self, start: usize, message: String) {
        let place = self.place(start);
        self.problems.push(Problem {
            place,
            key: String::new(),
            message,
        });
    }

    fn place(&self, start: usize) -> Place {
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let since_line_start = before
            .rsplit(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        // Columns count characters: what continues one in UTF-8 begins with the bits 10.
        let column = since_line_start
            .iter()
            .filter(|&&byte| byte & 0xc0 != 0x80)
            .count()
            + 1;
        Place::Line(Arc::clone(&self.file), line, column)
    }
}
