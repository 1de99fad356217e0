//! Records: the engine's state as the store keeps it. Together they rebuild the engine's memory after a restart
//! (`Correlator::restore`), and they are what the HTTP side reads.
//!
//! A batch changes a record at most once: the engine marks what it touched and hands out each final value in
//! `Correlator::seal`. Fields are plain values and full strings, never slots of the engine's tables.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::accounting::{Accounting, Disposition};
use crate::alert::{Lifecycle, Position, Severity};
use crate::busy::Busy;
use crate::command::{AuditHead, AuditRecord, EntryRecord, KeyRecord, TurnsRecord, Work};
use crate::entity::{Entity, EntityKind};
use crate::ids::{ActivityId, CaseId, GroupId, ScopeId};
use crate::knowledge::Fact;
use crate::past::PastRecord;
use crate::policy::Policy;
use crate::recurrence::{PairRecord, Standing};
use crate::silence::{Silence, SuppressedRecord};
use crate::time::{Span, Timestamp};

/// One record to put into the store. A later record of the same kind and key replaces the former.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// The sums; one.
    Accounting(Accounting),
    /// One per scope.
    Scope(ScopeRecord),
    /// Key (group, activity); written when the activity opens, never changed.
    Activity(Box<ActivityRecord>),
    /// Key (group, activity); what changes in an activity.
    Tally(TallyRecord),
    /// Key group; a candidate or case, live or ended.
    Group(Box<GroupRecord>),
    /// Key (scope, day, key); a native id that was met.
    Identity(IdentityRecord),
    /// Key the pair's; how regularly a rule fires on a subject.
    Pair(Box<PairRecord>),
    /// Key the pair's; who it is, once it is background.
    PairNames(Box<PairNames>),
    /// The pair was forgotten.
    PairGone(u64),
    /// Key (scope, kind, value); how busy an entity was.
    Busy(Box<BusyRecord>),
    /// The busy hours of an entity can't matter any more.
    BusyGone(ScopeId, EntityKind, CompactString),
    /// Key (group, activity); why an activity stands in its group, where that was decided after it opened.
    Links(GroupId, ActivityId, Vec<Link>),
    /// Background on its own opened (`true`) or left memory: the store lists what is to be restored.
    Loose(GroupId, ActivityId, bool),
    /// Key group; what people did to it.
    Work(Box<Work>),
    /// Key (group, number); never changed.
    Entry(Box<EntryRecord>),
    /// Key (scope, number); never changed.
    Audit(Box<AuditRecord>),
    /// One per scope in which somebody acted.
    AuditHead(AuditHead),
    /// A wish that was done, by its idempotency key.
    Key(KeyRecord),
    /// The wish was forgotten.
    KeyGone([u8; 16]),
    /// Key (scope, name); how often an assignment has taken turns.
    Turns(Box<TurnsRecord>),
    /// Key its version; a policy that came into force.
    Policy(Box<PolicyRecord>),
    /// Key group; what is known of its entities.
    Facts(Box<FactsRecord>),
    /// Key the loser's group: how a case was merged into another.
    Merge(Box<MergeRecord>),
    /// An activity belongs to another group since then, by which its record and tally are put anew: (number, the group it
    /// had, the one it has).
    Rehomed(ActivityId, GroupId, GroupId),
    /// Key group; a case that ended, and by what it linked.
    Past(Box<PastRecord>),
    /// The case is open again, or ended too long ago.
    PastGone(GroupId),
    /// Key its number; a silence, also one that is over.
    Silence(Box<Silence>),
    /// Key its number; alerts that a silence kept out.
    Suppressed(Box<SuppressedRecord>),
}

/// How a case was merged into another: what an unmerge needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeRecord {
    /// The group that was merged.
    pub loser: GroupId,
    /// The one into which.
    pub into: GroupId,
    /// Wall time.
    pub time: Timestamp,
    /// Why, as the event says it.
    pub reason: CompactString,
    /// The last activity that had opened.
    pub last: ActivityId,
    /// How the loser stood before.
    pub lost: Kept,
    /// How the survivor stood before.
    pub was: Kept,
}

/// What is known of the entities of a group, as of the last snapshot while it was live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactsRecord {
    /// The group.
    pub group: GroupId,
    /// The most telling first, at most 64.
    pub facts: Vec<Fact>,
    /// What users, assets and intelligence add, see [`RaisePolicy`](crate::policy::RaisePolicy).
    pub parts: [f64; 3],
    /// By what that multiplies the risk.
    pub raise: f64,
}

/// How people had a case stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its status.
    pub status: Status,
    /// Its owner.
    pub owner: Option<CompactString>,
    /// What was done to it.
    pub work: Option<Work>,
}

/// A policy that came into force; the last one written is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Wall time when it last did.
    pub since: Timestamp,
    /// What it says.
    pub policy: Policy,
}

/// Who a background pair is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairNames {
    /// Its key.
    pub key: u64,
    /// Its scope.
    pub scope: ScopeId,
    /// The product.
    pub source: CompactString,
    /// The rule's id.
    pub rule_id: CompactString,
    /// The rule's name.
    pub rule_name: CompactString,
    /// The subject.
    pub subject: (EntityKind, CompactString),
    /// Event time of the alert that was its first background.
    pub since: Timestamp,
}

/// How busy an entity was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusyRecord {
    /// Its scope.
    pub scope: ScopeId,
    /// What it is.
    pub kind: EntityKind,
    /// Its value.
    pub value: CompactString,
    /// Its hours.
    pub busy: Busy,
}

/// A native id that was met: by it redeliveries are told, and alerts are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRecord {
    /// Its scope.
    pub scope: ScopeId,
    /// Keyed 128-bit hash of (source, id).
    pub key: [u8; 16],
    /// The alert's event time; its day is the bucket.
    pub time: Timestamp,
    /// The activity it counts on; 0: none (ignored).
    pub activity: ActivityId,
    /// The group in which that activity opened; 0: none.
    pub group: GroupId,
    /// The highest count the product gave.
    pub count: u32,
    /// When the product last changed it.
    pub updated: Option<Timestamp>,
    /// The lifecycle it last had.
    pub lifecycle: Lifecycle,
}

/// A tenant and its clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRecord {
    /// Its number.
    pub id: ScopeId,
    /// Its name.
    pub name: CompactString,
    /// The highest clamped event time seen; never goes back.
    pub time: Timestamp,
    /// Wall time of its last alert, for silent scopes.
    pub heard: Timestamp,
    /// What `time` was then.
    pub heard_time: Timestamp,
    /// The earliest event time seen.
    pub since: Timestamp,
}

/// What is said once of an activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityRecord {
    /// Its number.
    pub id: ActivityId,
    /// The group in which it opened. Merges don't change it: the group's record redirects.
    pub group: GroupId,
    /// Its scope.
    pub scope: ScopeId,
    /// The day bucket of its rows in the alerts and raw column families: the first alert's event day.
    pub day: i32,
    /// Counts repeats from then.
    pub window_begin: Timestamp,
    /// Counts repeats until then (exclusive).
    pub window_end: Timestamp,
    /// The product.
    pub source: CompactString,
    /// The rule's id.
    pub rule_id: CompactString,
    /// The rule's name.
    pub rule_name: CompactString,
    /// One line for people.
    pub title: CompactString,
    /// The first alert's native id, or empty.
    pub alert_id: CompactString,
    /// Where the first alert stood.
    pub position: Position,
    /// ATT&CK ids.
    pub attack: Vec<CompactString>,
    /// The first alert's entities.
    pub entities: Vec<Entity>,
    /// Index of the subject in `entities`.
    pub subject: Option<u16>,
    /// Why it stands in its group; empty for the activity that opened it.
    pub links: Vec<Link>,
    /// By what it links.
    pub grounds: GroundsRecord,
    /// The version of the policy under which it opened.
    pub policy: CompactString,
}

/// By what an activity links; entities by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroundsRecord {
    /// The entities that could link and don't, because of the policy under which the activity opened.
    pub unlinked: Vec<u16>,
    /// The entities that are enough alone.
    pub alone: Vec<u16>,
    /// Two entities that are enough together, and over which time.
    pub both: Vec<(u16, u16, Span)>,
    /// Its (rule, subject) pair is remembered: it connects its own run.
    pub is_run: bool,
    /// Its rule is rare in the scope.
    pub is_rare: bool,
    /// Its rule was never seen before.
    pub is_novel: bool,
}

/// What changes in an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyRecord {
    /// The activity.
    pub id: ActivityId,
    /// The group in which it opened.
    pub group: GroupId,
    /// Earliest event time.
    pub first: Timestamp,
    /// Latest event time.
    pub last: Timestamp,
    /// Alerts counted.
    pub count: u64,
    /// Highest severity.
    pub severity: Severity,
    /// How its alerts stand to what is usual.
    pub standing: Standing,
    /// Bit `i`: an alert in minute `i` of its window.
    pub minutes: u64,
    /// The last hour noted for its pair.
    pub hour: i32,
    /// How its pair stood in that hour.
    pub base: Standing,
    /// The bins of its pair were counted in that hour.
    pub is_counted: bool,
    /// Bit `i`: it was counted for how busy its entities are in the hour `i` of its window.
    pub busy_hours: u32,
}

/// Why an activity stands in a group: one for each earlier activity it shares something with, strongest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What connects the two.
    pub kind: LinkKind,
    /// The shared entities.
    pub entities: Vec<(EntityKind, CompactString)>,
    /// The activity it is connected with.
    pub other: ActivityId,
    /// Event time between the two; 0 when they overlap.
    pub gap: Span,
    /// The policy that said so.
    pub policy: CompactString,
}

/// The kinds of link. The word appears in metrics, events and pages.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Both name the same entity inside the gap of its kind; or two, inside that of both together.
    #[default]
    SharedEntity,
    /// The same rule on the same subject goes on.
    SameRun,
    /// A rule that is rare in its scope fired on both subjects within the minute.
    SameRule,
    /// Rules never seen in the scope fired on the same subject within the day.
    HotSubject,
    /// Usual alerts on a subject, in the minutes of news there.
    Attached,
}

/// Where a group is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Below the promotion threshold.
    Candidate,
    /// A case that is worked on.
    Open,
    /// A case that was closed.
    Closed,
    /// A candidate that ended without becoming a case.
    Expired,
    /// Merged into another group, where its activities now count.
    Merged {
        /// The survivor.
        into: GroupId,
        /// The survivor's public id.
        case: CaseId,
    },
    /// A case that people have yet to close, and that nothing can join any more.
    Resting,
    /// A case that silence closed, and that what comes soon enough reopens.
    Dormant,
}

/// The workflow status of a case.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked yet.
    #[default]
    New,
    /// Being investigated.
    Investigating,
    /// The damage is stopped.
    Contained,
    /// Waiting for something.
    OnHold,
    /// Done.
    Closed,
}

/// How a case is connected with another without sharing alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Opened because the other was at its cap.
    ContinuationOf,
    /// Linked, but not merged: the reason is in the event.
    Related,
    /// People said that alerts must not make them one.
    Apart,
    /// It shares something with the other, which ended before.
    RecurrenceOf,
}

/// Which limit stopped a group from growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapReason {
    /// `caps.activities`.
    Activities,
    /// `caps.entities`.
    Entities,
    /// `caps.age`.
    Age,
    /// `caps.idle`.
    Idle,
    /// `memory.activities_max` or `memory.entities_max`: it ended early.
    Memory,
}

/// A candidate or case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRecord {
    /// Its number.
    pub id: GroupId,
    /// The id the world sees.
    pub case: CaseId,
    /// Its scope.
    pub scope: ScopeId,
    /// The scope's name.
    pub scope_name: CompactString,
    /// Where it is in its life.
    pub stage: Stage,
    /// Workflow status; meaningful for cases.
    pub status: Status,
    /// Who works on it; `None`: nobody.
    pub owner: Option<CompactString>,
    /// One line for people.
    pub title: CompactString,
    /// Highest severity of its activities.
    pub severity: Severity,
    /// Risk, 0 to 1000.
    pub risk: f64,
    /// Earliest event time.
    pub first: Timestamp,
    /// Latest event time.
    pub last: Timestamp,
    /// Wall time when it became a case.
    pub opened: Option<Timestamp>,
    /// Wall time of the last change.
    pub updated: Timestamp,
    /// Wall time when it was closed.
    pub closed: Option<Timestamp>,
    /// Alerts in it.
    pub alerts: u64,
    /// How many of the alerts are attached background.
    pub attached: u64,
    /// Activities in it.
    pub activities: u64,
    /// Distinct linkable entities in it.
    pub entities: u64,
    /// ATT&CK ids, sorted.
    pub attack: Vec<CompactString>,
    /// The groups whose activities it holds: itself first, then those merged into it, in order of merging.
    pub parts: Vec<GroupId>,
    /// Connections with other cases.
    pub related: Vec<(Relation, CaseId)>,
    /// The limit that it reached, if any.
    pub capped: Option<CapReason>,
    /// Events announced; the next has this number plus 1.
    pub event_seq: u64,
    /// Changes are gathered that no event has told yet.
    pub unannounced: bool,
    /// Changes that an analyst must have seen before writing: the ETag.
    pub revision: u64,
}

impl ActivityRecord {
    /// The entity that is its subject.
    #[must_use]
    pub fn subject_entity(&self) -> Option<&Entity> {
        self.entities.get(usize::from(self.subject?))
    }
}

impl Stage {
    /// The term of the accounting for alerts in a group of this stage; `None` for a merged one, whose alerts
    /// count with the survivor.
    #[must_use]
    pub fn disposition(self) -> Option<Disposition> {
        match self {
            Self::Candidate => Some(Disposition::Candidate),
            Self::Open | Self::Resting | Self::Closed | Self::Dormant => Some(Disposition::Case),
            Self::Expired => Some(Disposition::Expired),
            Self::Merged { .. } => None,
        }
    }

    /// Whether it is a case that is worked on.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Resting)
    }

    /// Whether the group can still grow, so that it belongs into the engine's memory.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Candidate | Self::Open | Self::Dormant)
    }

    /// Whether it is a case that was closed, for good or until something comes.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Closed | Self::Dormant)
    }

    /// Whether it is a case in the engine's memory.
    #[must_use]
    pub(crate) fn is_live_case(self) -> bool {
        matches!(self, Self::Open | Self::Dormant)
    }
}

impl Status {
    /// Every status, in stored order.
    pub const ALL: [Self; 5] = [
        Self::New,
        Self::Investigating,
        Self::Contained,
        Self::OnHold,
        Self::Closed,
    ];

    /// The status called so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// The word used in the API, events and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Investigating => "investigating",
            Self::Contained => "contained",
            Self::OnHold => "on_hold",
            Self::Closed => "closed",
        }
    }
}
