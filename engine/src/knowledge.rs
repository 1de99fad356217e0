//! Knowledge: what lists say of entities: who a user is, what a machine is for, what is known to be bad.
//!
//! The shell reads the lists and tells all of them at once, as one [`Context`](crate::context::Context); the engine
//! looks an entity up when it comes onto a group. Values are canonical, so that a list and an alert mean the same by the
//! same text. No time is asked for here: what is no longer valid is left out by whoever makes the snapshot.

use std::cmp::Reverse;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::entity::EntityKind;
use crate::time::Timestamp;

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// People.
    User,
    /// Machines and what else belongs to us.
    Asset,
    /// What others know to be bad.
    Intel,
}

/// How much depends on an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// It would hardly be missed.
    Low,
    /// Like most.
    Medium,
    /// Work stops without it.
    High,
    /// The house stops without it.
    Critical,
}

/// What of a fact raises the risk of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing.
    Plain,
    /// A user who is worth more to an attacker.
    Vip,
    /// How much depends on the asset.
    Criticality(Criticality),
    /// How sure the list is that the thing is bad, 0 to 100.
    Confidence(u8),
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, unique among all.
    pub name: CompactString,
    /// What it is about.
    pub kind: FactKind,
    /// It holds in this scope only; `None`: in all.
    pub scope: Option<CompactString>,
    /// Wall time of what it says, where an entry brings none of its own.
    pub as_of: Timestamp,
    /// Wall time from which it is stale; [`Timestamp::MAX`]: never.
    pub stale_from: Timestamp,
}

/// What a list says of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntityKind,
    /// Its canonical value.
    pub value: CompactString,
    /// Which source says so, by its place.
    pub source: u16,
    /// What of it raises the risk.
    pub mark: Mark,
    /// Wall time when it was last said; `None`: when its source was.
    pub as_of: Option<Timestamp>,
    /// What else is said, by name.
    pub fields: Box<[(CompactString, CompactString)]>,
}

/// What is known of an entity that stands in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What the entity is.
    pub entity: EntityKind,
    /// Its value.
    pub value: CompactString,
    /// What the list is about.
    pub kind: FactKind,
    /// What of it raises the risk.
    pub mark: Mark,
    /// What else is said, by name.
    pub fields: Vec<(CompactString, CompactString)>,
    /// The list's name.
    pub source: CompactString,
    /// Wall time when it was last said there.
    pub as_of: Timestamp,
    /// Wall time from which it is stale; [`Timestamp::MAX`]: never.
    pub stale_from: Timestamp,
    /// Wall time when it came onto the case.
    pub since: Timestamp,
}

/// All lists at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    sources: Vec<Source>,
    /// By kind, value and source.
    entries: Vec<Entry>,
    /// The names of sources that could not be read, sorted: what they said stays where it stands.
    absent: Vec<CompactString>,
}

impl Fact {
    /// Most fields.
    pub const FIELDS_MAX: usize = 16;
    /// Longest name or value of a field in bytes.
    pub const FIELD_BYTES_MAX: usize = 256;

    /// What is looked at first: the most telling, then by name. No two facts of a case have the same.
    pub(crate) fn rank(&self) -> impl Ord + use<'_> {
        let name = (self.entity, &self.value, &self.source);
        (Reverse(self.mark.strength()), name)
    }

    /// Whether both say the same, whenever they said it.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (self.entity, self.kind, self.mark) == (other.entity, other.kind, other.mark)
            && (&self.value, &self.source) == (&other.value, &other.source)
            && self.fields == other.fields
    }

    /// Whether it is about the same entity from the same source.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        (self.entity, &self.value, &self.source) == (other.entity, &other.value, &other.source)
    }
}

impl Knowledge {
    /// A snapshot. Of several entries of one source for one entity the strongest stays. `absent` are the names of sources
    /// that could not be read.
    ///
    /// # Panics
    /// When an entry names a source that is not there.
    #[must_use]
    pub fn new(
        sources: Vec<Source>,
        mut entries: Vec<Entry>,
        mut absent: Vec<CompactString>,
    ) -> Self {
        assert!(
            entries
                .iter()
                .all(|entry| usize::from(entry.source) < sources.len()),
            "each entry has a source"
        );
        let name = |entry: &Entry| (entry.kind, entry.value.clone(), entry.source);
        entries.sort_unstable_by(|a, b| {
            let of = |entry: &Entry| (Reverse(entry.mark.strength()), Reverse(entry.as_of));
            (a.kind, &a.value, a.source)
                .cmp(&(b.kind, &b.value, b.source))
                .then_with(|| of(a).cmp(&of(b)))
                .then_with(|| a.fields.cmp(&b.fields))
        });
        entries.dedup_by(|b, a| name(a) == name(b));
        entries.shrink_to_fit();
        absent.sort_unstable();
        Self {
            sources,
            entries,
            absent,
        }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The lists.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What is known of an entity in a scope, by source.
    pub(crate) fn of(
        &self,
        scope: &str,
        kind: EntityKind,
        value: &str,
    ) -> impl Iterator<Item = (&Entry, &Source)> {
        let begin = self
            .entries
            .partition_point(|entry| (entry.kind, &*entry.value) < (kind, value));
        let same = move |entry: &&Entry| entry.kind == kind && entry.value == value;
        self.entries[begin..]
            .iter()
            .take_while(same)
            .map(|entry| (entry, &self.sources[usize::from(entry.source)]))
            .filter(move |(_, source)| source.scope.as_ref().is_none_or(|only| only == scope))
    }

    /// Whether a source is meant to be there and could not be read.
    pub(crate) fn lacks(&self, source: &CompactString) -> bool {
        self.absent.binary_search(source).is_ok()
    }
}

impl Source {
    /// The fact that an entry of this source is on a case since `since`.
    pub(crate) fn fact(&self, entry: &Entry, since: Timestamp) -> Fact {
        Fact {
            entity: entry.kind,
            value: entry.value.clone(),
            kind: self.kind,
            mark: entry.mark,
            fields: entry.fields.to_vec(),
            source: self.name.clone(),
            as_of: entry.as_of.unwrap_or(self.as_of),
            stale_from: self.stale_from,
            since,
        }
    }
}

impl Mark {
    /// How telling, 0 to 100: what is kept of a case about which too much is known.
    #[must_use]
    pub fn strength(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Vip => 90,
            Self::Criticality(criticality) => 10 + 30 * criticality as u8,
            Self::Confidence(confidence) => confidence.min(100),
        }
    }
}

impl Criticality {
    /// All, ascending.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in lists and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["low", "medium", "high", "critical"][self as usize]
    }

    /// The criticality called so, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|criticality| criticality.as_str().eq_ignore_ascii_case(word))
    }
}

impl FactKind {
    /// All, in counted order.
    pub const ALL: [Self; 3] = [Self::User, Self::Asset, Self::Intel];

    /// The word used in metrics, events and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["user", "asset", "intel"][self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, scope: Option<&str>) -> Source {
        Source {
            name: name.into(),
            kind: FactKind::Intel,
            scope: scope.map(CompactString::new),
            as_of: Timestamp(1),
            stale_from: Timestamp::MAX,
        }
    }

    fn entry(value: &str, source: u16, confidence: u8) -> Entry {
        Entry {
            kind: EntityKind::Ip,
            value: value.into(),
            source,
            mark: Mark::Confidence(confidence),
            as_of: None,
            fields: Box::new([]),
        }
    }

    #[test]
    fn the_strongest_of_a_source_stays_and_scopes_are_walls() {
        let sources = vec![source("a", None), source("b", Some("north"))];
        let entries = vec![
            entry("192.0.2.2", 1, 10),
            entry("192.0.2.1", 0, 20),
            entry("192.0.2.1", 0, 90),
            entry("192.0.2.1", 1, 50),
        ];
        let knowledge = Knowledge::new(sources, entries, Vec::new());
        assert_eq!(knowledge.len(), 3);
        let marks = |scope: &str, value: &str| -> Vec<Mark> {
            let known = knowledge.of(scope, EntityKind::Ip, value);
            known.map(|(entry, _)| entry.mark).collect()
        };
        let (ninety, fifty) = (Mark::Confidence(90), Mark::Confidence(50));
        assert_eq!(marks("north", "192.0.2.1"), [ninety, fifty]);
        assert_eq!(marks("south", "192.0.2.1"), [ninety]);
        assert_eq!(marks("south", "192.0.2.2"), []);
        assert_eq!(marks("north", "192.0.2"), []);
    }
}
