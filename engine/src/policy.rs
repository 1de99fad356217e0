//! The policy: every window, weight and limit by which alerts are grouped, checked and in one place.
//!
//! No file syntax here: the shell reads `config/policy.toml` into [`Policy`] and calls [`Policy::check`].

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::command::{DutyPolicy, StatusPolicy};
use crate::entity::EntityKind;
use crate::silence::SilencePolicy;
use crate::time::Span;

/// What decides the grouping. Durations are event time unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Names these values on every link and event: BLAKE3 of the policy's canonical text, 16 hex digits.
    pub version: CompactString,
    /// What counts as the same happening again.
    pub dedup: DedupPolicy,
    /// How far apart in time a shared entity still connects, by [`EntityKind`] in stored order.
    /// [`Span::ZERO`]: this kind connects nothing. A gap shorter than the dedup window is allowed, but then an
    /// activity reaches further than its alerts would alone, and what it reaches may depend on the order of arrival.
    pub gaps: [Span; 11],
    /// When a rule is noise on its subject.
    pub recurrence: RecurrencePolicy,
    /// What a shared entity is worth, and what else connects.
    pub evidence: EvidencePolicy,
    /// When an entity touches too much to mean anything.
    pub hubs: HubPolicy,
    /// How late an alert may arrive and still find its neighbours in memory. At most 3 h: so many hours are counted one
    /// by one before they are settled, see [`Busy`](crate::busy::Busy).
    pub lateness: Span,
    /// Sizes at which a case is continued in another.
    pub caps: Caps,
    /// Risk at or above which a candidate becomes a case; 0 to 1000.
    pub promotion_risk: f64,
    /// By what is known of its entities the risk of a case rises.
    pub raise: RaisePolicy,
    /// Close a case that nobody touched so long after its last alert, or later: when nothing can join it any more.
    pub auto_close_after: Span,
    /// What returns to a case that silence closed.
    pub reopen: ReopenPolicy,
    /// How much may be live at a time.
    pub memory: MemoryPolicy,
    /// Gather the updates of a case so long before they are announced. Wall time.
    pub gather: Span,
    /// Values that connect nothing in this installation, as (kind, canonical value), sorted.
    pub ignored_entities: Vec<(EntityKind, CompactString)>,
    /// How people work a case.
    pub status: StatusPolicy,
    /// Who gets a new case, and with which tasks.
    pub duty: DutyPolicy,
    /// How long silences may be.
    pub silences: SilencePolicy,
}

/// Dedup: exact redelivery and the same activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DedupPolicy {
    /// An activity counts repeats so long from its first alert.
    pub window: Span,
    /// The same for single sources.
    pub window_by_source: BTreeMap<CompactString, Span>,
    /// Native ids are remembered so long.
    pub ids_kept: Span,
    /// At most so many native ids are remembered; the oldest go first, which is counted.
    pub ids_max: usize,
}

/// When a rule is noise on its subject, see [`Standing`](crate::recurrence::Standing).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecurrencePolicy {
    /// In how many of the last 168 hours it fired before its present run began; above 168: nothing is noise.
    pub hours: u32,
    /// A run that began as news links nobody else after so long; whole hours.
    pub horizon: Span,
    /// A run that began when its scope was known for less than this is measured by its own hours; whole hours. Stores
    /// from before the key have none.
    #[serde(default)]
    pub settle: Span,
    /// The same rule on the same subject goes on with its run after so long a silence.
    pub run_gap: Span,
    /// It is news again with more alerts in five minutes than so many times its usual most.
    pub burst: f64,
    /// An alert that brings this severity or more is news, however usual; 0 to 100, above 100: none is.
    pub never_background: u8,
    /// Whether background that comes within a minute of two different news rules on its subject is attached to their
    /// group.
    pub attach: bool,
    /// At most so many (rule, subject) pairs are remembered; those beyond are news, which is counted.
    pub pairs_max: usize,
    /// What people decided, sorted: it holds whatever was measured.
    pub pins: Vec<Pin>,
}

/// What people decided of a rule on a subject, or on all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pin {
    /// The product.
    pub source: CompactString,
    /// The rule's id.
    pub rule_id: CompactString,
    /// On this subject only.
    pub subject: Option<(EntityKind, CompactString)>,
    /// Background for good; else never.
    pub is_background: bool,
}

/// What a shared entity is worth, and what else connects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidencePolicy {
    /// What a shared entity counts, by [`EntityKind`] in stored order; halved while it is common, 0 while it is a hub.
    pub weights: [u8; 11],
    /// So much connects: alone, or two different things together.
    pub join: u8,
    /// Kinds that connect over a longer time when both are shared.
    pub together: Vec<(EntityKind, EntityKind, Span)>,
    /// A rule that is rare in its scope connects subjects on which it fires within so much.
    pub rule_gap: Span,
    /// A rule is rare that fired in fewer of the last 168 hours of its scope.
    pub rule_hours: u32,
    /// Rules never seen in the scope connect over so much on a subject that saw enough of them.
    pub hot_gap: Span,
    /// How many different ones are enough; above 100: never.
    pub hot_rules: u32,
    /// How long a scope must be known for a rule to count as never seen.
    pub baseline: Span,
}

/// What returns to a case that silence closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReopenPolicy {
    /// A case is reached over so much more than a gap, where that is longer than `auto_close_after`, and stays in memory
    /// so long after it was closed; 0: nothing reopens it.
    pub within: Span,
    /// A case that opens names the last one before it on what it links by, if that ended no longer ago; 0: it names none.
    pub remembered: Span,
    /// At most so many entities of cases that ended are remembered; the oldest cases go first, which is counted.
    pub entities_max: usize,
}

/// How much may be live at a time; beyond it a sixteenth is let go, see `correlator::memory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryPolicy {
    /// Most live activities, background in no group included.
    pub activities_max: usize,
    /// Most entities named by live activities.
    pub entities_max: usize,
}

/// When an entity touches too much to mean anything. An hour is busy in which it stood in so many different
/// happenings (rule and entities) that are news, or beside so many different entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubPolicy {
    /// Different happenings of a busy hour; at most 255.
    pub per_hour: u8,
    /// Or so many different entities beside it, counted in 64 classes; above 64: never.
    pub peers: u8,
    /// So many busy hours of the last 24 make it common.
    pub common_hours: u32,
    /// So many make it a hub.
    pub hub_hours: u32,
}

/// By how much the risk of a case rises with what is known of its entities: it is multiplied by
/// (1 + `vip`) x (1 + `assets`) x (1 + `intel`), each where it applies and at its highest, in all by at most `max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RaisePolicy {
    /// A user marked as VIP; 0 to 10, so with each of these.
    pub vip: f64,
    /// An asset, by [`Criticality`](crate::knowledge::Criticality) in its order.
    pub assets: [f64; 4],
    /// An indicator of which its list is wholly sure; at half the confidence it is half of this.
    pub intel: f64,
    /// The most by which the risk is multiplied; 1: nothing of this raises it.
    pub max: f64,
}

/// Limits of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// Most activities.
    pub activities: usize,
    /// Most distinct entities.
    pub entities: usize,
    /// Longest from the first to the last alert.
    pub age: Span,
    /// Longest silence after which an alert may still join.
    pub idle: Span,
}

/// A policy that contradicts itself: which key, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} must be {must}")]
pub struct InvalidPolicy {
    /// The key as written in policy.toml.
    pub key: &'static str,
    /// The condition it fails.
    pub must: &'static str,
}

impl Policy {
    /// How far apart in time two alerts that share an entity of this kind may be.
    #[must_use]
    pub fn gap(&self, kind: EntityKind) -> Span {
        self.gaps[kind as usize]
    }

    /// The longest time over which two entities of these kinds connect together, whatever they are worth alone.
    #[must_use]
    pub fn together(&self, a: EntityKind, b: EntityKind) -> Option<Span> {
        let pair = (a.min(b), a.max(b));
        let found = self
            .evidence
            .together
            .iter()
            .find(|(a, b, _)| (*a, *b) == pair);
        found.map(|(.., gap)| *gap)
    }

    /// Over which time a case is reached by what connects over `gap`: where that may be after it was closed, by what
    /// reopens it. What would reopen it joins it, too, if it is still open, so that no order of arrival matters.
    #[must_use]
    pub(crate) fn reach_of_case(&self, gap: Span) -> Span {
        let longer = Span(gap.0 + self.reopen.within.0);
        if gap > Span::ZERO && longer > self.auto_close_after {
            longer
        } else {
            gap
        }
    }

    /// How long an activity of `source` counts repeats.
    #[must_use]
    pub fn dedup_window(&self, source: &str) -> Span {
        self.dedup
            .window_by_source
            .get(source)
            .copied()
            .unwrap_or(self.dedup.window)
    }

    /// Checks what the engine relies on.
    ///
    /// # Errors
    /// The first key that is out of its range.
    pub fn check(&self) -> Result<(), InvalidPolicy> {
        let day = Span::DAY;
        let is_window = |window: &Span| *window > Span::ZERO && *window <= day;
        let rules = [
            (
                is_window(&self.dedup.window),
                "dedup.window",
                "above 0 and at most 24 h",
            ),
            (
                self.dedup.window_by_source.values().all(is_window),
                "dedup.window_by_source",
                "above 0 and at most 24 h",
            ),
            (self.dedup.ids_max > 0, "dedup.ids_max", "at least 1"),
            (
                self.dedup.ids_kept > Span::ZERO,
                "dedup.ids_kept",
                "above 0",
            ),
            (
                self.gaps
                    .iter()
                    .all(|gap| *gap >= Span::ZERO && *gap <= day.times(30)),
                "gaps",
                "from 0 to 30 d",
            ),
            (
                self.recurrence.horizon >= Span::ZERO,
                "recurrence.horizon",
                "0 or more",
            ),
            (
                self.recurrence.settle >= Span::ZERO,
                "recurrence.settle",
                "0 or more",
            ),
            (
                self.recurrence.run_gap >= Span::ZERO && self.recurrence.run_gap <= day,
                "recurrence.run_gap",
                "from 0 to 24 h",
            ),
            (
                self.recurrence.burst >= 1.0 && self.recurrence.burst.is_finite(),
                "recurrence.burst",
                "at least 1",
            ),
            (
                self.recurrence.pairs_max > 0,
                "recurrence.pairs_max",
                "at least 1",
            ),
            (
                (1..=200).contains(&self.evidence.join),
                "evidence.join",
                "from 1 to 200",
            ),
            (
                self.evidence.weights.iter().all(|weight| *weight <= 100),
                "evidence.weights",
                "from 0 to 100",
            ),
            (
                self.evidence
                    .together
                    .iter()
                    .all(|(a, b, gap)| a < b && *gap >= Span::ZERO && *gap <= day.times(30)),
                "evidence.together",
                "two different kinds and from 0 to 30 d",
            ),
            (
                self.evidence.rule_gap >= Span::ZERO && self.evidence.rule_gap <= day,
                "evidence.rule_gap",
                "from 0 to 24 h",
            ),
            (
                self.evidence.hot_gap >= Span::ZERO && self.evidence.hot_gap <= day.times(7),
                "evidence.hot_gap",
                "from 0 to 7 d",
            ),
            (self.hubs.per_hour > 0, "hubs.per_hour", "at least 1"),
            (self.hubs.peers > 0, "hubs.peers", "at least 1"),
            (
                self.hubs.common_hours > 0 && self.hubs.hub_hours > 0,
                "hubs.common_hours and hubs.hub_hours",
                "at least 1",
            ),
            (
                self.lateness >= Span::ZERO && self.lateness <= Span::HOUR.times(3),
                "lateness",
                "from 0 to 3 h",
            ),
            (self.caps.activities > 0, "caps.activities", "at least 1"),
            (
                self.caps.entities >= 64,
                "caps.entities",
                "at least 64, the most one alert can bring",
            ),
            (self.caps.age > Span::ZERO, "caps.age", "above 0"),
            (self.caps.idle > Span::ZERO, "caps.idle", "above 0"),
            (
                (0.0..=1000.0).contains(&self.promotion_risk),
                "promotion.risk",
                "from 0 to 1000",
            ),
            (
                [self.raise.vip, self.raise.intel]
                    .iter()
                    .chain(&self.raise.assets)
                    .all(|bonus| (0.0..=10.0).contains(bonus)),
                "enrichment",
                "from 0 to 10",
            ),
            (
                (1.0..=100.0).contains(&self.raise.max),
                "enrichment.max",
                "from 1 to 100",
            ),
            (
                self.auto_close_after > Span::ZERO,
                "auto_close_after",
                "above 0",
            ),
            (
                self.reopen.within >= Span::ZERO && self.reopen.within <= day.times(7),
                "reopen.within",
                "from 0 to 7 d",
            ),
            (
                self.reopen.remembered >= Span::ZERO && self.reopen.remembered <= day.times(365),
                "reopen.remembered",
                "from 0 to 365 d",
            ),
            (
                self.reopen.entities_max > 0,
                "reopen.entities_max",
                "at least 1",
            ),
            (
                self.memory.activities_max > 0,
                "memory.activities_max",
                "at least 1",
            ),
            (
                self.memory.entities_max >= 64,
                "memory.entities_max",
                "at least 64, the most one alert can bring",
            ),
            (self.gather >= Span::ZERO, "events.gather", "0 or more"),
            (
                self.silences.hold_max > Span::ZERO && self.silences.hold_max <= day.times(366),
                "silences.hold_max",
                "above 0 and at most 366 d",
            ),
            (
                self.silences.ahead_max >= self.silences.hold_max
                    && self.silences.ahead_max <= day.times(400),
                "silences.ahead_max",
                "at least silences.hold_max and at most 400 d",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, key, must)) => Err(InvalidPolicy { key, must }),
            None => Ok(()),
        }
    }
}

impl Default for MemoryPolicy {
    fn default() -> Self {
        Self {
            activities_max: 2_000_000,
            entities_max: 4_000_000,
        }
    }
}

impl Default for ReopenPolicy {
    fn default() -> Self {
        Self {
            within: Span::HOUR.times(6),
            remembered: Span::DAY.times(7),
            entities_max: 1_000_000,
        }
    }
}

impl Default for Policy {
    /// The shipped policy; `config/policy.toml` says the same with the reason of each value.
    fn default() -> Self {
        let hours = |count| Span::HOUR.times(count);
        let mut gaps = [Span::ZERO; 11];
        let mut weights = [0; 11];
        for (kind, gap, weight) in [
            (EntityKind::Host, hours(4), 100),
            (EntityKind::User, hours(4), 100),
            (EntityKind::Ip, hours(4), 100),
            (EntityKind::Hash, hours(24), 100),
            (EntityKind::Domain, hours(4), 80),
            (EntityKind::Url, hours(24), 100),
            (EntityKind::Email, hours(24), 100),
            (EntityKind::Process, hours(4), 30),
            (EntityKind::File, hours(4), 50),
            (EntityKind::CloudResource, hours(4), 100),
            (EntityKind::Account, hours(4), 20),
        ] {
            gaps[kind as usize] = gap;
            weights[kind as usize] = weight;
        }
        Self {
            version: CompactString::const_new("default"),
            dedup: DedupPolicy {
                window: hours(1),
                window_by_source: BTreeMap::new(),
                ids_kept: hours(24),
                ids_max: 4_000_000,
            },
            gaps,
            recurrence: RecurrencePolicy {
                hours: 6,
                horizon: hours(3),
                settle: hours(24),
                run_gap: hours(2),
                burst: 3.0,
                never_background: 60,
                attach: true,
                pairs_max: 4_000_000,
                pins: Vec::new(),
            },
            evidence: EvidencePolicy {
                weights,
                join: 70,
                together: vec![(EntityKind::Host, EntityKind::User, hours(24))],
                rule_gap: Span::MINUTE,
                rule_hours: 6,
                hot_gap: hours(24),
                hot_rules: 5,
                baseline: hours(72),
            },
            hubs: HubPolicy {
                per_hour: 30,
                peers: 12,
                common_hours: 2,
                hub_hours: 4,
            },
            lateness: hours(1),
            caps: Caps {
                activities: 1_000,
                entities: 500,
                age: Span::DAY.times(30),
                idle: Span::DAY.times(14),
            },
            promotion_risk: 100.0,
            raise: RaisePolicy::default(),
            auto_close_after: hours(24),
            reopen: ReopenPolicy::default(),
            memory: MemoryPolicy::default(),
            gather: Span::SECOND.times(5),
            ignored_entities: Vec::new(),
            status: StatusPolicy::default(),
            duty: DutyPolicy::default(),
            silences: SilencePolicy::default(),
        }
    }
}

impl Default for RaisePolicy {
    fn default() -> Self {
        Self {
            vip: 0.5,
            assets: [0.0, 0.0, 0.25, 0.5],
            intel: 1.0,
            max: 3.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_single_sources_are_checked_too() {
        let mut policy = Policy::default();
        assert_eq!(policy.check(), Ok(()));
        policy.dedup.window_by_source.insert("ids".into(), Span(-1));
        assert_eq!(
            policy.check().map_err(|invalid| invalid.key),
            Err("dedup.window_by_source")
        );
    }
}
