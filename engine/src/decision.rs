//! The decision: the caller's buffer, filled by the engine's verbs. What to write, what to announce, what to count.
//!
//! One decision serves a whole batch. The shell drains it after `Correlator::seal`, writes `records` and what it
//! derives from `outcomes` in one synced batch, and only then lets `events` leave.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::accounting::{Disposition, Move};
use crate::alert::{Lifecycle, Severity};
use crate::command::{Answer, EntryRecord, Verdict, Work};
use crate::entity::{Entity, EntityKind};
use crate::ids::{ActivityId, CaseId, ScopeId, SilenceId};
use crate::record::{CapReason, FactsRecord, GroupRecord, Link, LinkKind, Record};
use crate::time::Timestamp;

/// What a batch decided. Empty it with [`Decision::clear`], which keeps its memory.
#[derive(Debug, Default)]
pub struct Decision {
    /// One per `on_alert`, in the order of the calls.
    pub outcomes: Vec<Decided>,
    /// One per `on_command`, in the order of the calls.
    pub answers: Vec<Answer>,
    /// Final values of everything that changed, in stable order; filled by `seal`.
    pub records: Vec<Record>,
    /// Case events in the order of their happening; per case in the order of `seq`.
    pub events: Vec<CaseEvent>,
    /// Alerts that changed their term.
    pub moves: Vec<Move>,
    /// What happened, to be counted.
    pub tally: Tally,
    /// What the caller has a use for.
    pub wants: Wants,
}

/// What the caller of the verbs has a use for; the rest is not made. What is decided doesn't depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Records, for a store.
    pub records: bool,
    /// Events, for a topic.
    pub events: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Self {
            records: true,
            events: true,
        }
    }
}

/// One alert's outcome, with what the store needs to file its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its scope.
    pub scope: ScopeId,
    /// The day bucket of its activity; of the alert itself where it has none.
    pub day: i32,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The same id with nothing new; `original` is what the first one was counted on, 0 where it was not counted.
    Redelivered {
        /// The activity of the first delivery.
        original: ActivityId,
    },
    /// The same id with a newer time, count or status.
    Updated {
        /// The activity of the first delivery.
        original: ActivityId,
    },
    /// Delivered for the record only.
    Ignored(Lifecycle),
    /// A silence keeps it out of the cases.
    Suppressed {
        /// Which.
        silence: SilenceId,
        /// The record on which it is counted, see [`SuppressedRecord`](crate::silence::SuppressedRecord).
        activity: ActivityId,
        /// It is the first there; its raw message is to be kept.
        is_first: bool,
    },
    /// The same happening again.
    Counted(ActivityId),
    /// A new activity; its raw message is to be kept.
    Opened {
        /// The new activity.
        activity: ActivityId,
        /// What it did to the groups.
        grouping: Grouping,
    },
}

/// What a new activity did to the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// It is the first of a group.
    Opened,
    /// It joined one.
    Joined,
    /// It joined two or more, which are one now.
    Merged,
    /// It would have joined a group that is full; it opened a continuation.
    Continued(CapReason),
    /// It is background: in no group, unless news is near.
    Background,
}

/// Counts since the last `clear`, for the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Alerts later than the allowed lateness behind their scope.
    pub late: u64,
    /// Alerts whose severity was assumed.
    pub severity_assumed: u64,
    /// Links by [`LinkKind`] in its order.
    pub links: [u64; 5],
    /// Cases opened.
    pub cases_opened: u64,
    /// Cases merged into another.
    pub cases_merged: u64,
    /// Cases closed without a verdict: by silence.
    pub cases_closed: u64,
    /// Cases that silence had closed, and that something returned to.
    pub cases_reopened: u64,
    /// Cases that came back from an earlier one.
    pub recurrences: u64,
    /// Cases that ended and were forgotten early because `reopen.entities_max` was reached.
    pub past_evicted: u64,
    /// Cases closed by people, by [`Verdict`] in its order.
    pub cases_resolved: [u64; 6],
    /// Groups continued, by [`CapReason`] in its order.
    pub continued: [u64; 5],
    /// What was let go because `memory.activities_max` or `memory.entities_max` was reached, by
    /// [`Evicted`](crate::correlator::Evicted) in its order.
    pub evicted: [u64; 4],
    /// Alerts of (rule, subject) pairs and of rules that could not be remembered because `recurrence.pairs_max` was
    /// reached.
    pub pairs_refused: u64,
    /// Activities no longer held against background on their subject, because it has more of them than are kept.
    pub scenes_cut: u64,
    /// Facts that came onto groups, by [`FactKind`](crate::knowledge::FactKind) in its order.
    pub facts: [u64; 3],
    /// Native ids forgotten early because `dedup.ids_max` was reached.
    pub ids_evicted: u64,
}

/// The types of case events; `io.caseloom.case.T.v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// A candidate became a case.
    Opened,
    /// Alerts, severity or risk changed.
    Updated,
    /// Another case was merged into this one, or this one into another.
    Merged,
    /// It is connected with another case.
    Related,
    /// The owner changed.
    Assigned,
    /// The status changed.
    Status,
    /// It was closed.
    Closed,
    /// It was closed and is worked on again.
    Reopened,
    /// A note was written.
    Note,
    /// A task was added or changed.
    Task,
    /// Evidence was added, or a copy taken.
    Evidence,
    /// A case that was merged is one of its own again.
    Unmerged,
    /// Some of its activities became a case of their own, or it is that case.
    Split,
    /// Some of its activities were moved into another case, or came from there.
    Moved,
}

/// One announcement about one case, complete in itself.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseEvent {
    /// What happened.
    pub event: EventType,
    /// Why, as one word: `risk`, `critical`, `alerts`, `shared_entities`, `cap_activities`, `idle` ...
    pub reason: &'static str,
    /// Gapless per case, from 1.
    pub seq: u64,
    /// Wall time of the decision.
    pub time: Timestamp,
    /// The version of the policy in force.
    pub policy: CompactString,
    /// The other case of a merge or relation.
    pub other: Option<CaseId>,
    /// Who did what, where somebody acted.
    pub act: Option<Box<EntryRecord>>,
    /// The case after the change.
    pub case: CaseSnapshot,
}

/// A case as the world sees it, bounded: the strongest activities and entities, with the totals.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSnapshot {
    /// Header and totals.
    pub group: GroupRecord,
    /// The strongest activities (severity, then count, then number), at most [`CaseSnapshot::ACTIVITIES_MAX`].
    pub activities: Vec<ActivityView>,
    /// The entities with the most activities, at most [`CaseSnapshot::ENTITIES_MAX`].
    pub entities: Vec<EntityView>,
    /// Whether activities or entities were left out.
    pub truncated: bool,
    /// What is known of its entities, if anything is.
    pub facts: Option<Box<FactsRecord>>,
    /// What people did to it, if they did anything.
    pub work: Option<Box<Work>>,
}

/// An activity inside a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityView {
    /// Its number.
    pub id: ActivityId,
    /// The product.
    pub source: CompactString,
    /// The rule's id.
    pub rule_id: CompactString,
    /// The rule's name.
    pub rule_name: CompactString,
    /// Highest severity.
    pub severity: Severity,
    /// Earliest event time.
    pub first: Timestamp,
    /// Latest event time.
    pub last: Timestamp,
    /// Alerts counted.
    pub count: u64,
    /// Its subject.
    pub subject: Option<(EntityKind, CompactString)>,
    /// Why it stands in the case; empty for the one that opened it.
    pub links: Vec<Link>,
}

/// An entity inside a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityView {
    /// What it is, with the role it was first seen in.
    pub entity: Entity,
    /// In how many activities of the case it stands.
    pub activities: u64,
}

impl CaseSnapshot {
    /// Most activities in a snapshot.
    pub const ACTIVITIES_MAX: usize = 50;
    /// Most entities in a snapshot.
    pub const ENTITIES_MAX: usize = 100;
}

impl Decision {
    /// A buffer for a replay: outcomes and records, no events.
    #[must_use]
    pub fn without_events() -> Self {
        Self {
            wants: Wants {
                records: true,
                events: false,
            },
            ..Self::default()
        }
    }

    /// Adds a record, if the caller wants records.
    pub(crate) fn record(&mut self, record: impl FnOnce() -> Record) {
        if self.wants.records {
            self.records.push(record());
        }
    }

    /// Empties the buffer for the next batch and keeps its memory.
    pub fn clear(&mut self) {
        self.outcomes.clear();
        self.answers.clear();
        self.records.clear();
        self.events.clear();
        self.moves.clear();
        self.tally = Tally::default();
    }
}

impl Tally {
    /// Counts a case that people closed.
    pub(crate) fn resolve(&mut self, verdict: Option<Verdict>) {
        match verdict {
            Some(verdict) => self.cases_resolved[verdict as usize] += 1,
            None => self.cases_closed += 1,
        }
    }
}

impl Outcome {
    /// The activity on whose tally the alert stands, if it does; of one that is suppressed, its record's.
    #[must_use]
    pub fn activity(self) -> Option<ActivityId> {
        match self {
            Self::Counted(activity)
            | Self::Opened { activity, .. }
            | Self::Suppressed { activity, .. } => Some(activity),
            Self::Redelivered { .. } | Self::Updated { .. } | Self::Ignored(_) => None,
        }
    }

    /// The term of an alert that is not counted on an activity; the others have the term of their group.
    #[must_use]
    pub fn fixed_disposition(self) -> Option<Disposition> {
        match self {
            Self::Redelivered { .. } => Some(Disposition::Redelivered),
            Self::Updated { .. } => Some(Disposition::Updated),
            Self::Ignored(_) => Some(Disposition::Ignored),
            Self::Suppressed { .. } => Some(Disposition::Suppressed),
            Self::Counted(_) | Self::Opened { .. } => None,
        }
    }
}

impl CapReason {
    /// Every cap, in counted order.
    pub const ALL: [Self; 5] = [
        Self::Activities,
        Self::Entities,
        Self::Age,
        Self::Idle,
        Self::Memory,
    ];

    /// The word used in events, metrics and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activities => "cap_activities",
            Self::Entities => "cap_entities",
            Self::Age => "cap_age",
            Self::Idle => "cap_idle",
            Self::Memory => "memory",
        }
    }
}

impl LinkKind {
    /// Every kind, in counted order.
    pub const ALL: [Self; 5] = [
        Self::SharedEntity,
        Self::SameRun,
        Self::SameRule,
        Self::HotSubject,
        Self::Attached,
    ];

    /// The word used in metrics, events and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SharedEntity => "shared_entity",
            Self::SameRun => "same_run",
            Self::SameRule => "same_rule",
            Self::HotSubject => "hot_subject",
            Self::Attached => "attached",
        }
    }
}

impl EventType {
    /// The word in the CloudEvents type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Merged => "merged",
            Self::Related => "related",
            Self::Assigned => "assigned",
            Self::Status => "status",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Note => "note",
            Self::Task => "task",
            Self::Evidence => "evidence",
            Self::Unmerged => "unmerged",
            Self::Split => "split",
            Self::Moved => "moved",
        }
    }
}
