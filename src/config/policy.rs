//! The policy file, `config/policy.toml`, to the engine's [`Policy`].
//!
//! What the file leaves out is at its default. The policy's version is made of its values, not of the file's bytes: a
//! comment changes nothing, and a file that says the defaults has the version of no file.

mod duty;
mod evidence;
mod raise;
mod status;
mod written;

use std::collections::BTreeMap;
use std::path::Path;

use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::policy::{
    Caps, DedupPolicy, InvalidPolicy, MemoryPolicy, Policy, ReopenPolicy,
};
use caseloom_engine::silence::SilencePolicy;
use caseloom_engine::time::Span;
use serde::{Deserialize, Deserializer};

use super::error::{ConfigError, Problem};
use super::tree::{KeyPath, Node, Step};
use super::{de, duration, read_file, size};
use duty::{AssignmentFile, PlaybookFile};
pub use written::{Change, changes, written};

use evidence::{EvidenceFile, HubsFile, RecurrenceFile};
use raise::RaiseFile;
use status::StatusFile;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PolicyFile {
    dedup: DedupFile,
    gaps: BTreeMap<EntityKind, Length>,
    recurrence: RecurrenceFile,
    evidence: EvidenceFile,
    hubs: HubsFile,
    lateness: Length,
    caps: CapsFile,
    promotion: PromotionFile,
    enrichment: RaiseFile,
    auto_close_after: Length,
    reopen: ReopenFile,
    memory: MemoryFile,
    events: EventsFile,
    ignored_entities: BTreeMap<EntityKind, Vec<String>>,
    status: StatusFile,
    assignments: Vec<AssignmentFile>,
    playbooks: Vec<PlaybookFile>,
    silences: SilencesFile,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DedupFile {
    window: Length,
    window_by_source: BTreeMap<String, Length>,
    ids_kept: Length,
    #[serde(deserialize_with = "size::count")]
    ids_max: usize,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CapsFile {
    #[serde(deserialize_with = "size::count")]
    activities: usize,
    #[serde(deserialize_with = "size::count")]
    entities: usize,
    age: Length,
    idle: Length,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PromotionFile {
    risk: f64,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ReopenFile {
    within: Length,
    remembered: Length,
    #[serde(deserialize_with = "size::count")]
    entities_max: usize,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MemoryFile {
    #[serde(deserialize_with = "size::count")]
    activities_max: usize,
    #[serde(deserialize_with = "size::count")]
    entities_max: usize,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EventsFile {
    gather: Length,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SilencesFile {
    hold_max: Length,
    ahead_max: Length,
}

/// A span, written as a duration.
#[derive(Clone, Copy, Debug)]
struct Length(Span);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        duration::deserialize(deserializer).map(|length| Self(duration::span(length)))
    }
}

/// The policy in the file at `path`.
pub(super) fn load(path: &Path) -> Result<Policy, ConfigError> {
    parse(&read_file(path)?, &path.display().to_string())
}

/// The policy without a file.
pub(super) fn built_in() -> Policy {
    versioned(Policy::default())
}

/// The policy that `text`, called `name`, says.
pub(super) fn parse(text: &str, name: &str) -> Result<Policy, ConfigError> {
    let mut problems = Vec::new();
    let mut tree = Node::parse(text, name, &mut problems);
    ConfigError::of(std::mem::take(&mut problems))?;
    let file: PolicyFile = de::read(&mut tree, &mut problems);
    let mut report = |key: KeyPath, message: String| {
        problems.push(Problem {
            place: tree.place_of(&key),
            key: key.to_string(),
            message,
        });
    };
    let policy = file.into_policy(&mut report);
    if let Err(InvalidPolicy { key, must }) = policy.check() {
        report(KeyPath::of(key), format!("must be {must}"));
    }
    ConfigError::of(problems).map(|()| versioned(policy))
}

/// `policy`, named after its values.
fn versioned(mut policy: Policy) -> Policy {
    policy.version.clear();
    // JSON with the fields in their fixed order and the maps sorted: one text for one policy.
    let canonical =
        serde_json::to_vec(&policy).expect("a policy holds only text, numbers and lists");
    policy.version = blake3::hash(&canonical).to_hex()[..16].into();
    policy
}

impl PolicyFile {
    fn into_policy(self, report: &mut impl FnMut(KeyPath, String)) -> Policy {
        let mut policy = Policy::default();
        for (kind, length) in self.gaps {
            policy.gaps[kind as usize] = length.0;
        }
        ignore(&mut policy, self.ignored_entities, report);
        Policy {
            dedup: self.dedup.into_policy(),
            recurrence: self.recurrence.into_policy(),
            evidence: self.evidence.into_policy(),
            hubs: self.hubs.into_policy(),
            lateness: self.lateness.0,
            caps: self.caps.into_policy(),
            promotion_risk: self.promotion.risk,
            raise: self.enrichment.into_policy(),
            auto_close_after: self.auto_close_after.0,
            reopen: self.reopen.into_policy(),
            memory: self.memory.into_policy(),
            gather: self.events.gather.0,
            status: self.status.into_policy(report),
            duty: duty::policy(self.assignments, self.playbooks, report),
            silences: self.silences.into_policy(),
            ..policy
        }
    }
}

/// Adds the values in canonical form, sorted. A value that means nothing for its kind is reported.
fn ignore(
    policy: &mut Policy,
    written: BTreeMap<EntityKind, Vec<String>>,
    report: &mut impl FnMut(KeyPath, String),
) {
    for (kind, values) in written {
        for (index, value) in values.iter().enumerate() {
            if let Some(entity) = Entity::new(kind, Role::Affected, value) {
                policy.ignored_entities.push((kind, entity.value));
                continue;
            }
            let mut key = KeyPath::of("ignored_entities");
            key.0
                .extend([Step::Key(kind.as_str().into()), Step::Index(index)]);
            report(
                key,
                format!(
                    "{value:?} means nothing as {}, so it never links anyway",
                    kind.as_str()
                ),
            );
        }
    }
    policy.ignored_entities.sort();
    policy.ignored_entities.dedup();
}

impl DedupFile {
    fn into_policy(self) -> DedupPolicy {
        let window_by_source = self
            .window_by_source
            .into_iter()
            .map(|(source, length)| (source.into(), length.0));
        DedupPolicy {
            window: self.window.0,
            window_by_source: window_by_source.collect(),
            ids_kept: self.ids_kept.0,
            ids_max: self.ids_max,
        }
    }
}

impl ReopenFile {
    fn into_policy(self) -> ReopenPolicy {
        ReopenPolicy {
            within: self.within.0,
            remembered: self.remembered.0,
            entities_max: self.entities_max,
        }
    }
}

impl MemoryFile {
    fn into_policy(self) -> MemoryPolicy {
        MemoryPolicy {
            activities_max: self.activities_max,
            entities_max: self.entities_max,
        }
    }
}

impl CapsFile {
    fn into_policy(self) -> Caps {
        Caps {
            activities: self.activities,
            entities: self.entities,
            age: self.age.0,
            idle: self.idle.0,
        }
    }
}

impl Default for PolicyFile {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            dedup: DedupFile::default(),
            gaps: BTreeMap::new(),
            recurrence: RecurrenceFile::default(),
            evidence: EvidenceFile::default(),
            hubs: HubsFile::default(),
            lateness: Length(policy.lateness),
            caps: CapsFile::default(),
            promotion: PromotionFile::default(),
            enrichment: RaiseFile::default(),
            auto_close_after: Length(policy.auto_close_after),
            reopen: ReopenFile::default(),
            memory: MemoryFile::default(),
            events: EventsFile::default(),
            ignored_entities: BTreeMap::new(),
            status: StatusFile::default(),
            assignments: Vec::new(),
            playbooks: Vec::new(),
            silences: SilencesFile::default(),
        }
    }
}

impl Default for DedupFile {
    fn default() -> Self {
        let dedup = Policy::default().dedup;
        let window_by_source = dedup
            .window_by_source
            .into_iter()
            .map(|(source, span)| (source.into(), Length(span)));
        Self {
            window: Length(dedup.window),
            window_by_source: window_by_source.collect(),
            ids_kept: Length(dedup.ids_kept),
            ids_max: dedup.ids_max,
        }
    }
}

impl Default for CapsFile {
    fn default() -> Self {
        let caps = Policy::default().caps;
        Self {
            activities: caps.activities,
            entities: caps.entities,
            age: Length(caps.age),
            idle: Length(caps.idle),
        }
    }
}

impl Default for PromotionFile {
    fn default() -> Self {
        Self {
            risk: Policy::default().promotion_risk,
        }
    }
}

impl Default for MemoryFile {
    fn default() -> Self {
        let memory = Policy::default().memory;
        Self {
            activities_max: memory.activities_max,
            entities_max: memory.entities_max,
        }
    }
}

impl Default for ReopenFile {
    fn default() -> Self {
        let reopen = Policy::default().reopen;
        Self {
            within: Length(reopen.within),
            remembered: Length(reopen.remembered),
            entities_max: reopen.entities_max,
        }
    }
}

impl SilencesFile {
    fn into_policy(self) -> SilencePolicy {
        SilencePolicy {
            hold_max: self.hold_max.0,
            ahead_max: self.ahead_max.0,
        }
    }
}

impl Default for SilencesFile {
    fn default() -> Self {
        let policy = Policy::default().silences;
        Self {
            hold_max: Length(policy.hold_max),
            ahead_max: Length(policy.ahead_max),
        }
    }
}

impl Default for EventsFile {
    fn default() -> Self {
        Self {
            gather: Length(Policy::default().gather),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_at_its_default() {
        let policy = parse("[gaps]\nip = \"2h\"\n[promotion]\nrisk = 150", "p.toml").unwrap();
        let expected = Policy {
            version: policy.version.clone(),
            gaps: policy.gaps,
            promotion_risk: 150.0,
            ..Policy::default()
        };
        assert_eq!(policy, expected);
        assert_eq!(policy.gap(EntityKind::Ip), Span::HOUR.times(2));
        assert_eq!(
            policy.gap(EntityKind::Hash),
            Policy::default().gap(EntityKind::Hash)
        );
    }

    #[test]
    fn the_version_follows_the_values_and_not_the_text() {
        let version = |text: &str| parse(text, "p.toml").unwrap().version;
        assert_eq!(version(""), built_in().version);
        assert_eq!(version("lateness = \"60m\" # an hour"), built_in().version);
        assert_ne!(version("lateness = \"2h\""), built_in().version);
    }

    #[test]
    fn duty_is_read_and_checked() {
        let text = r#"
            [status]
            new = ["investigating"]
            [[assignments]]
            name = "night"
            when = { severity = 60, attack = "T1059" }
            members = ["ana", "bo"]
            pick = "round_robin"
            [[playbooks]]
            name = "triage"
            tasks = [{ title = "look", due = "1h" }, { title = "tell", after = [1] }]
        "#;
        let policy = parse(text, "p.toml").unwrap();
        assert_eq!(
            policy.status.next[0],
            [caseloom_engine::record::Status::Investigating]
        );
        assert_eq!(policy.duty.assignments[0].members.len(), 2);
        assert_eq!(policy.duty.playbooks[0].tasks[0].due, Some(Span::HOUR));
        let refused = |text: &str| parse(text, "p.toml").unwrap_err().to_string();
        let circle = "[[playbooks]]\nname = \"p\"\ntasks = [{ title = \"a\", after = [1] }]";
        assert!(
            refused(circle).contains("earlier tasks"),
            "{}",
            refused(circle)
        );
        let twice = "[[playbooks]]\nname = \"p\"\ntasks = []\n[[assignments]]\nname = \"p\"";
        assert!(
            refused(twice).contains("another's name"),
            "{}",
            refused(twice)
        );
        let dead = "[status]\non_hold = []";
        assert!(
            refused(dead).contains("must name what may follow"),
            "{}",
            refused(dead)
        );
    }

    #[test]
    fn ignored_entities_are_canonical_and_sorted() {
        let text = "[ignored_entities]\nip = [\"10.0.0.2\", \"::ffff:10.0.0.1\"]\nhost = [\"SCAN01.\", \"scan01\"]";
        let policy = parse(text, "p.toml").unwrap();
        let ignored: Vec<(EntityKind, &str)> = policy
            .ignored_entities
            .iter()
            .map(|(kind, value)| (*kind, value.as_str()))
            .collect();
        assert_eq!(
            ignored,
            [
                (EntityKind::Host, "scan01"),
                (EntityKind::Ip, "10.0.0.1"),
                (EntityKind::Ip, "10.0.0.2"),
            ]
        );
    }
}
