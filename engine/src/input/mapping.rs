//! Mapping: a TOML file that names where a JSON source of one's own keeps what an alert is made of.
//!
//! `config/mappings/ait-ads.toml` is the worked example. The file is compiled once into a plan; a record is then
//! walked once, and every value that a path leads to falls into its slot. See `mapping/file.rs` for the keys.

mod example;
mod field;
mod file;
mod plan;

use compact_str::CompactString;

use crate::entity::Entity;

use super::detect::Need;
use super::draft::{Desk, Draft, Paths, Reading};
use super::json::{Scalar, Value};
use super::reject::Reject;

use field::{Field, Origin, Path};
use file::{EntityRule, File, KindWord};
use plan::{Found, Plan};

pub use example::Example;
pub use file::MappingError;

/// A compiled mapping file.
#[derive(Clone, Debug)]
pub struct Mapping {
    file: File,
    plan: Plan,
    file_name: String,
    examples: Vec<Example>,
}

impl Mapping {
    /// Compiles the text of a mapping file; `file_name` is for error texts.
    ///
    /// # Errors
    /// [`MappingError`] names file, line and key.
    pub fn from_toml(text: &str, file_name: &str) -> Result<Self, MappingError> {
        let mut file = File::from_toml(text, file_name)?;
        let mut plan = Plan::default();
        file.each_path(|path| path.slot = plan.add(&path.text));
        Ok(Self {
            examples: example::read(&file, text),
            file,
            plan,
            file_name: file_name.to_owned(),
        })
    }

    /// The file's name as it was given.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The mapping's name, by which a topic's `format` refers to it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// Whether its records can be told by their keys, with `format = "auto"`; else only the name says it.
    #[must_use]
    pub fn is_told(&self) -> bool {
        let detect = &self.file.detect;
        !detect.present.is_empty() || !detect.equal.is_empty()
    }

    /// How its records are told; `None`: never, only by name.
    pub(super) fn needs(&self) -> Option<Vec<Need<Box<str>>>> {
        let detect = &self.file.detect;
        let present = detect
            .present
            .iter()
            .map(|path| Need::Present(path.as_str().into()));
        let equal = detect.equal.iter().map(|(path, constant)| {
            let text = constant.scalar().text();
            let text = text.as_deref().unwrap_or_default();
            Need::Equal(path.as_str().into(), text.into())
        });
        let needs: Vec<_> = present.chain(equal).collect();
        (!needs.is_empty()).then_some(needs)
    }

    /// Reads `record`, which is an alert.
    ///
    /// # Errors
    /// A [`Reject`] when time or rule are missing or unreadable.
    pub(super) fn read(&self, record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
        let found = self.plan.find(record);
        let mut draft = desk.draft(self.name());
        self.read_identity(&found, &mut draft)?;
        self.read_description(&found, &mut draft);
        self.read_entities(&found, &mut draft);
        draft.finish(Paths {
            time: self.file.alert.time.describe(),
            rule: "rule_id",
        })
    }

    fn read_identity(&self, found: &Found<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let fields = &self.file.alert;
        let (unit, path) = (fields.time.unit(), fields.time.describe());
        try_show(Some(&fields.time), found, |value| {
            draft.time(value, unit, path)
        })?;
        try_show(fields.id.as_ref(), found, |value| draft.id(value, "id"))?;
        try_show(fields.source.as_ref(), found, |value| {
            draft.source(value, "source")
        })?;
        show(fields.scope.as_ref(), found, |value| draft.scope(value));
        match fields
            .rule_id
            .as_ref()
            .and_then(|rule_id| Picked::of(rule_id, found))
        {
            Some(Picked::Joined(text)) => draft.rule_id_made(text, "rule_id"),
            Some(Picked::Scalar(value)) => draft.rule_id(value, "rule_id"),
            None => Ok(()),
        }
    }

    fn read_description(&self, found: &Found<'_>, draft: &mut Draft<'_>) {
        let fields = &self.file.alert;
        show(fields.rule_name.as_ref(), found, |value| {
            draft.rule_name(value)
        });
        show(fields.title.as_ref(), found, |value| draft.title(value));
        show(fields.severity.as_ref(), found, |value| {
            draft.severity(value)
        });
        show(fields.count.as_ref(), found, |value| draft.count(value));
        show(fields.lifecycle.as_ref(), found, |value| {
            draft.lifecycle(value)
        });
        if let Some(updated) = &fields.updated {
            show(Some(updated), found, |value| {
                draft.updated(value, updated.unit())
            });
        }
        for path in &fields.attack {
            found.each(path.slot, |value, _| read_attack(draft, value));
        }
    }

    fn read_entities(&self, found: &Found<'_>, draft: &mut Draft<'_>) {
        let mut things = Things::default();
        for rule in &self.file.entity {
            found.each(rule.path.slot, |value, element| {
                let Some(text) = value.text() else { return };
                let thing = things.number(rule.thing, element);
                draft.push(entity(rule, &text), thing);
            });
        }
    }
}

fn entity(rule: &EntityRule, text: &str) -> Option<Entity> {
    match rule.kind {
        KindWord::HostOrIp => Entity::host_or_ip(rule.role, text),
        KindWord::Kind(kind) => Entity::new(kind, rule.role, text),
    }
}

/// Ids may stand in one string, parted by commas or blanks.
fn read_attack(draft: &mut Draft<'_>, value: Scalar<'_>) {
    if let Scalar::Text(text) = value {
        text.split([',', ';', ' '])
            .filter(|id| !id.is_empty())
            .for_each(|id| draft.attack(id));
    }
}

/// Shows the value that `field` takes, if it takes one. Most fields are plain, and their values are never moved.
#[inline]
fn try_show(
    field: Option<&Field>,
    found: &Found<'_>,
    show: impl FnOnce(Scalar<'_>) -> Result<(), Reject>,
) -> Result<(), Reject> {
    let Some(field) = field else { return Ok(()) };
    if let Some(slot) = field.plain_slot() {
        return found.first(slot).map_or(Ok(()), show);
    }
    Picked::of(field, found).map_or(Ok(()), |picked| show(picked.scalar()))
}

/// As [`try_show`], where nothing can go wrong.
#[inline]
fn show(field: Option<&Field>, found: &Found<'_>, show: impl FnOnce(Scalar<'_>)) {
    let Some(field) = field else { return };
    if let Some(slot) = field.plain_slot() {
        if let Some(value) = found.first(slot) {
            show(value);
        }
    } else if let Some(picked) = Picked::of(field, found) {
        show(picked.scalar());
    }
}

/// The value that a field takes in one record.
enum Picked<'a> {
    Scalar(Scalar<'a>),
    Joined(CompactString),
}

impl<'a> Picked<'a> {
    fn of<'f: 'a>(field: &'a Field, found: &Found<'f>) -> Option<Self> {
        let first = |path: &Path| found.first(path.slot);
        let picked = match &field.origin {
            Origin::Path(path) => first(path).map(Self::Scalar),
            Origin::Paths(paths) => paths.iter().find_map(first).map(Self::Scalar),
            Origin::Join { parts, with } => join(parts.iter().map(first), with),
            Origin::Constant(constant) => Some(Self::Scalar(constant.scalar())),
        };
        if field.is_plain {
            picked
        } else {
            Self::translated(field, picked)
        }
    }

    /// What the table of values says; what is not in it becomes the default, or stays where there is none.
    fn translated(field: &'a Field, picked: Option<Self>) -> Option<Self> {
        let has_table = !field.values.is_empty();
        let known = picked
            .as_ref()
            .and_then(|picked| field.value_of(&picked.scalar().text()?));
        if let Some(constant) = known {
            return Some(Self::Scalar(constant.scalar()));
        }
        match &field.default {
            Some(constant) if has_table || picked.is_none() => {
                Some(Self::Scalar(constant.scalar()))
            }
            _ => picked,
        }
    }

    fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Scalar(scalar) => *scalar,
            Self::Joined(text) => Scalar::Text(text),
        }
    }
}

/// The parts that are there, with `with` between them; nothing when none is.
fn join<'a>(parts: impl Iterator<Item = Option<Scalar<'a>>>, with: &str) -> Option<Picked<'a>> {
    let mut texts = parts.flatten().filter_map(Scalar::text);
    let first = texts.next()?;
    // Most joins have two parts of this size; a short one stays inline.
    let mut joined = CompactString::with_capacity(first.len() + with.len() + 32);
    joined.push_str(&first);
    for text in texts {
        joined.push_str(with);
        joined.push_str(&text);
    }
    Some(Picked::Joined(joined))
}

/// Numbers for "the same thing": one per number in the mapping and object in a list.
#[derive(Default)]
struct Things(Vec<(u8, u32)>);

impl Things {
    fn number(&mut self, thing: u8, element: u32) -> u8 {
        if thing == 0 {
            return 0;
        }
        if let Some(at) = self.0.iter().position(|known| *known == (thing, element)) {
            return u8::try_from(at + 1).unwrap_or(0);
        }
        // Beyond 255 things each entity stands for itself.
        if self.0.len() == usize::from(u8::MAX) {
            return 0;
        }
        self.0.push((thing, element));
        u8::try_from(self.0.len()).unwrap_or(0)
    }
}
