//! Reads a tree into structs with serde, reporting every fault with its key instead of stopping at the first.
//!
//! Not toml's own deserializer, because that one stops at the first fault, knows nothing of the environment, and
//! says what was expected as text only. Here a faulty value is reported, taken out, and the tree read again; the
//! structs' defaults stand in for what was taken out.

use std::collections::btree_map::Iter;
use std::fmt::Display;

use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};

use super::error::{Problem, suggestion};
use super::tree::{KeyPath, Node, Step, Value};

/// Reads `tree` into a `T`, taking out of it what is faulty and adding that to `problems`.
pub(super) fn read<T: DeserializeOwned + Default>(
    tree: &mut Node,
    problems: &mut Vec<Problem>,
) -> T {
    loop {
        let fault = match T::deserialize(&*tree) {
            Ok(value) => return value,
            Err(fault) => fault,
        };
        let path = fault.path();
        if !fault.follows_from(problems) {
            problems.push(Problem {
                place: tree.place_of(&path),
                key: path.to_string(),
                message: fault.message,
            });
        }
        if tree.remove(&path.0).is_none() {
            return T::default();
        }
    }
}

/// A value that doesn't fit, and the way to it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    message: String,
    /// From the value upwards.
    steps: Vec<Step>,
    /// The key that is not there.
    missing: Option<&'static str>,
}

impl Fault {
    fn below(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Whether the key is missing only because it was reported and taken out.
    fn follows_from(&self, problems: &[Problem]) -> bool {
        self.missing.is_some_and(|field| {
            let key = format!("{}.{field}", self.path());
            problems.iter().any(|problem| problem.key == key)
        })
    }

    fn path(&self) -> KeyPath {
        KeyPath(self.steps.iter().rev().cloned().collect())
    }
}

impl std::error::Error for Fault {}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path(), self.message)
    }
}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            steps: Vec::new(),
            missing: None,
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!(
            "expected {}, found {found}",
            plain(&expected.to_string())
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!(
            "unknown value {variant:?}{}",
            suggestion(variant, expected)
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("unknown key{}", suggestion(field, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            missing: Some(field),
            ..Self::custom(format!("the key {field} is missing"))
        }
    }
}

/// Rust's names of number types, as words.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// A variable's text where a number or a truth value is wanted: read as such, else shown as the text it is.
macro_rules! from_variable {
    ($($method:ident $visit:ident $kind:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match &self.value {
                Value::Variable(text) => match text.trim().parse::<$kind>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(de::Error::invalid_type(Unexpected::Str(text), &visitor)),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Table(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                current: None,
            }),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Text(text) | Value::Variable(text) => visitor.visit_borrowed_str(text),
        }
    }

    from_variable! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i64 i64, deserialize_i16 visit_i64 i64,
        deserialize_i32 visit_i64 i64, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u64 u64, deserialize_u16 visit_u64 u64,
        deserialize_u32 visit_u64 u64, deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f64 f64, deserialize_f64 visit_f64 f64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// A list in a variable is separated by commas.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Variable(text) => {
                let words = text
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty());
                visitor.visit_seq(SeqDeserializer::new(
                    words.map(BorrowedStrDeserializer::new),
                ))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Text(text) | Value::Variable(text) => {
                visitor.visit_enum(text.as_str().into_deserializer())
            }
            _ => Err(de::Error::custom(format!(
                "expected one of {}",
                known.join(", ")
            ))),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// The entries of a table; names the entry in what goes wrong with it.
struct Entries<'de> {
    rest: Iter<'de, String, Node>,
    current: Option<(&'de String, &'de Node)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.current = self.rest.next();
        let Some((key, _)) = self.current else {
            return Ok(None);
        };
        let read = seed.deserialize(BorrowedStrDeserializer::new(key));
        read.map(Some)
            .map_err(|fault: Fault| fault.below(Step::Key(key.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, node) = self.current.expect("serde asks for a value after its key");
        seed.deserialize(node)
            .map_err(|fault| fault.below(Step::Key(key.clone())))
    }
}

/// The items of a list; names the index in what goes wrong with it.
struct Items<'de>(Iter<'de, usize, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(node)
            .map(Some)
            .map_err(|fault| fault.below(Step::Index(*index)))
    }
}
