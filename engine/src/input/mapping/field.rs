//! Fields of a mapping file: where a value comes from, and what becomes of it.

use std::collections::BTreeMap;
use std::fmt;

use compact_str::CompactString;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};

use super::super::json::Scalar;
use super::super::timestamp::Unit;

/// A path and, once compiled, its slot.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) text: CompactString,
    pub(super) slot: usize,
}

/// Where a value comes from and what becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) origin: Origin,
    /// Lower-case texts and what they mean.
    pub(super) values: BTreeMap<CompactString, Constant>,
    pub(super) default: Option<Constant>,
    /// There are neither `values` nor `default`.
    pub(super) is_plain: bool,
    unit: Unit,
}

#[derive(Clone, Debug)]
pub(super) enum Origin {
    Path(Path),
    /// The first of these that is there.
    Paths(Vec<Path>),
    Constant(Constant),
    Join {
        parts: Vec<Path>,
        with: CompactString,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Constant {
    Integer(i64),
    Bool(bool),
    Text(CompactString),
}

impl Field {
    /// The slot of a field that is one path, taken as it stands: what most fields are.
    #[inline]
    pub(super) fn plain_slot(&self) -> Option<usize> {
        match &self.origin {
            Origin::Path(path) if self.is_plain => Some(path.slot),
            _ => None,
        }
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    /// The field's first path, for a reject's text.
    pub(super) fn describe(&self) -> &str {
        let path = match &self.origin {
            Origin::Path(path) => Some(path),
            Origin::Paths(paths) | Origin::Join { parts: paths, .. } => paths.first(),
            Origin::Constant(_) => None,
        };
        path.map_or("const", |path| &path.text)
    }

    /// What `values` says for `text`, in any letter case.
    pub(super) fn value_of(&self, text: &str) -> Option<&Constant> {
        self.values
            .get(text)
            .or_else(|| self.values.get(text.to_lowercase().as_str()))
    }
}

impl Constant {
    pub(super) fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Integer(number) => Scalar::Integer(*number),
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Text(text) => Scalar::Text(text),
        }
    }
}

/// A field as written: a path, or a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    path: Option<Path>,
    paths: Option<Vec<Path>>,
    r#const: Option<Constant>,
    join: Option<Vec<Path>>,
    with: Option<CompactString>,
    #[serde(default)]
    values: BTreeMap<CompactString, Constant>,
    default: Option<Constant>,
    #[serde(default)]
    format: UnitWord,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnitWord {
    #[default]
    Auto,
    EpochS,
    EpochMs,
    EpochUs,
    EpochNs,
    Filetime,
}

impl RawField {
    fn checked(self) -> Result<Field, &'static str> {
        if self.with.is_some() && self.join.is_none() {
            return Err("`with` goes with `join`");
        }
        let origin = match (self.path, self.paths, self.r#const, self.join) {
            (Some(path), None, None, None) => Origin::Path(path),
            (None, Some(paths), None, None) if !paths.is_empty() => Origin::Paths(paths),
            (None, None, Some(constant), None) => Origin::Constant(constant),
            (None, None, None, Some(parts)) if !parts.is_empty() => Origin::Join {
                parts,
                with: self.with.unwrap_or_default(),
            },
            _ => return Err("give exactly one of `path`, `paths`, `const` and `join`"),
        };
        let unit = match self.format {
            UnitWord::Auto => Unit::Auto,
            UnitWord::EpochS => Unit::Seconds,
            UnitWord::EpochMs => Unit::Millis,
            UnitWord::EpochUs => Unit::Micros,
            UnitWord::EpochNs => Unit::Nanos,
            UnitWord::Filetime => Unit::FileTime,
        };
        let values: BTreeMap<_, _> = self
            .values
            .into_iter()
            .map(|(text, value)| (text.to_lowercase(), value))
            .collect();
        let is_plain = values.is_empty() && self.default.is_none();
        Ok(Field {
            origin,
            values,
            default: self.default,
            is_plain,
            unit,
        })
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PathOrTable;

        impl<'de> Visitor<'de> for PathOrTable {
            type Value = Field;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a path or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
                let path = Path::deserialize(text.into_deserializer())?;
                let origin = Origin::Path(path);
                Ok(Field {
                    origin,
                    values: BTreeMap::new(),
                    default: None,
                    is_plain: true,
                    unit: Unit::Auto,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Field, A::Error> {
                let raw = RawField::deserialize(MapAccessDeserializer::new(table))?;
                raw.checked().map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(PathOrTable)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = CompactString::deserialize(deserializer)?;
        let is_whole = text
            .split('.')
            .all(|segment| !segment.strip_suffix("[]").unwrap_or(segment).is_empty());
        if !is_whole {
            return Err(de::Error::custom(format_args!(
                "path {text:?} has an empty segment"
            )));
        }
        Ok(Self { text, slot: 0 })
    }
}
