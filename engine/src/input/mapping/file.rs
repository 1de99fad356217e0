//! The mapping file: its keys, and what is wrong with one.
//!
//! ```toml
//! name = "my-edr"
//!
//! [detect]                                    # with format = "auto"; without it only by name
//! present = ["detection", "agent.id"]         # all of these are there and not null
//! equal = { kind = "detection" }              # and these have these values
//!
//! [alert]                                     # time and one of rule_id and rule_name are required
//! time = "detected_at"                        # a path
//! updated = { path = "ts", format = "epoch_ms" }   # auto, epoch_s, epoch_ms, epoch_us, epoch_ns, filetime
//! source = { const = "my-edr" }               # without it the mapping's name
//! rule_id = { join = ["engine", "rule.id"], with = ":" }
//! title = { paths = ["summary", "rule.name"] }     # the first that is there
//! severity = { path = "level", values = { bad = 70, worse = 90 }, default = 50 }
//! attack = ["techniques[].id"]
//!
//! [[entity]]
//! kind = "host"                               # or "host_or_ip", where a field may hold either
//! role = "affected"
//! path = "device.name"
//! thing = 1                                   # entities of the same number name the same thing
//!
//! [[example]]                                 # what `caseloom check` tries the mapping on
//! message = '''{"detection": "x", "agent": {"id": "7"}, "detected_at": "2026-03-01T08:00:00Z"}'''
//! ```

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Deserialize;
use serde::de::{self, Deserializer};

use crate::entity::{EntityKind, Role};

use super::field::{Constant, Field, Origin, Path};

/// What is wrong with a mapping file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: {what}")]
pub struct MappingError {
    /// The file's name as given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key that stands in that line, or the line itself.
    pub key: String,
    /// What is wrong there.
    pub what: String,
}

/// A mapping file as read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(deserialize_with = "name")]
    pub(super) name: CompactString,
    #[serde(default)]
    pub(super) detect: Detect,
    pub(super) alert: AlertFields,
    #[serde(default)]
    pub(super) entity: Vec<EntityRule>,
    #[serde(default)]
    pub(super) example: Vec<ExampleText>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Detect {
    #[serde(default)]
    pub(super) present: Vec<CompactString>,
    #[serde(default)]
    pub(super) equal: BTreeMap<CompactString, Constant>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertFields {
    pub(super) id: Option<Field>,
    pub(super) time: Field,
    pub(super) updated: Option<Field>,
    pub(super) scope: Option<Field>,
    pub(super) source: Option<Field>,
    pub(super) rule_id: Option<Field>,
    pub(super) rule_name: Option<Field>,
    pub(super) title: Option<Field>,
    pub(super) severity: Option<Field>,
    pub(super) count: Option<Field>,
    pub(super) lifecycle: Option<Field>,
    #[serde(default)]
    pub(super) attack: Vec<Path>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntityRule {
    pub(super) kind: KindWord,
    pub(super) role: Role,
    pub(super) path: Path,
    #[serde(default)]
    pub(super) thing: u8,
}

/// A message as it stands in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleText {
    pub(super) message: toml::Spanned<String>,
}

/// What an entity's field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum KindWord {
    Kind(EntityKind),
    /// A host's name or an address.
    HostOrIp,
}

impl File {
    pub(super) fn from_toml(text: &str, file_name: &str) -> Result<Self, MappingError> {
        let file: Self =
            toml::from_str(text).map_err(|error| MappingError::at(&error, text, file_name))?;
        if file.alert.rule_id.is_none() && file.alert.rule_name.is_none() {
            return Err(MappingError {
                file: file_name.to_owned(),
                line: 1 + text
                    .lines()
                    .position(|line| line.trim() == "[alert]")
                    .unwrap_or_default(),
                key: "alert".to_owned(),
                what: "one of rule_id and rule_name is required".to_owned(),
            });
        }
        Ok(file)
    }

    /// Shows every path that a record is searched for.
    pub(super) fn each_path(&mut self, mut show: impl FnMut(&mut Path)) {
        let fields = &mut self.alert;
        let optional = [
            &mut fields.id,
            &mut fields.scope,
            &mut fields.source,
            &mut fields.rule_id,
            &mut fields.rule_name,
            &mut fields.title,
            &mut fields.severity,
            &mut fields.count,
            &mut fields.updated,
            &mut fields.lifecycle,
        ];
        let single = optional.into_iter().flatten().chain([&mut fields.time]);
        for field in single {
            match &mut field.origin {
                Origin::Path(path) => show(path),
                Origin::Paths(paths) | Origin::Join { parts: paths, .. } => {
                    paths.iter_mut().for_each(&mut show);
                }
                Origin::Constant(_) => {}
            }
        }
        fields.attack.iter_mut().for_each(&mut show);
        self.entity
            .iter_mut()
            .map(|rule| &mut rule.path)
            .for_each(show);
    }
}

impl MappingError {
    fn at(error: &toml::de::Error, text: &str, file_name: &str) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..start).unwrap_or(text);
        let line = before.matches('\n').count();
        let content = text.lines().nth(line).unwrap_or_default();
        let key = content
            .split_once('=')
            .map_or(content, |(key, _)| key)
            .trim();
        Self {
            file: file_name.to_owned(),
            line: line + 1,
            key: key.to_owned(),
            what: error.message().to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for KindWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = CompactString::deserialize(deserializer)?;
        if word == "host_or_ip" {
            return Ok(Self::HostOrIp);
        }
        EntityKind::from_word(&word).map(Self::Kind).ok_or_else(|| {
            let known: Vec<&str> = EntityKind::ALL.iter().map(|kind| kind.as_str()).collect();
            de::Error::custom(format_args!(
                "no kind {word:?}; one of {}, host_or_ip",
                known.join(", ")
            ))
        })
    }
}

/// A name that is no built-in format's and can be a metric's label.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CompactString, D::Error> {
    let name = CompactString::deserialize(deserializer)?;
    if !super::super::draft::is_scope(&name) {
        return Err(de::Error::custom(
            "a name has 1 to 128 of A-Z a-z 0-9 . _ -",
        ));
    }
    if super::super::detect::Format::built_in(&name).is_some() {
        return Err(de::Error::custom("this is a built-in format's name"));
    }
    Ok(name)
}
