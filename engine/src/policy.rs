//! The policy: every window, weight and limit by which alerts are grouped, checked and in one place.
//!
//! No file syntax here: the shell reads `config/policy.toml` into [`Policy`] and calls [`Policy::check`].

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::entity::EntityKind;
use crate::time::Span;

/// What decides the grouping. Durations are event time unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Names these values on every link and event: BLAKE3 of the policy's canonical text, 16 hex digits.
    pub version: CompactString,
    /// What counts as the same happening again.
    pub dedup: DedupPolicy,
    /// How far apart in time a shared entity still connects, by [`EntityKind`] in stored order.
    /// [`Span::ZERO`]: this kind connects nothing. A gap shorter than the dedup window is allowed, but then an
    /// activity reaches further than its alerts would alone, and what it reaches may depend on the order of arrival.
    pub gaps: [Span; 11],
    /// How late an alert may arrive and still find its neighbours in memory.
    pub lateness: Span,
    /// Sizes at which a case is continued in another.
    pub caps: Caps,
    /// Risk at or above which a candidate becomes a case; 0 to 1000.
    pub promotion_risk: f64,
    /// Close a case that nobody touched so long after its last alert, or later: when nothing can join it any more.
    pub auto_close_after: Span,
    /// Gather the updates of a case so long before they are announced. Wall time.
    pub gather: Span,
    /// Values that connect nothing in this installation, as (kind, canonical value), sorted.
    pub ignored_entities: Vec<(EntityKind, CompactString)>,
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

    /// The longest gap of any kind: after so long a silence nothing can join a group any more.
    #[must_use]
    pub fn gap_max(&self) -> Span {
        self.gaps.iter().copied().max().unwrap_or(Span::ZERO)
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
                self.lateness >= Span::ZERO && self.lateness <= day,
                "lateness",
                "from 0 to 24 h",
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
                self.auto_close_after > Span::ZERO,
                "auto_close_after",
                "above 0",
            ),
            (self.gather >= Span::ZERO, "events.gather", "0 or more"),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, key, must)) => Err(InvalidPolicy { key, must }),
            None => Ok(()),
        }
    }
}

impl Default for Policy {
    /// The shipped policy; `config/policy.toml` says the same with the reason of each value.
    fn default() -> Self {
        let hours = |count| Span::HOUR.times(count);
        let mut gaps = [Span::ZERO; 11];
        for (kind, gap) in [
            (EntityKind::Host, hours(4)),
            (EntityKind::User, hours(4)),
            (EntityKind::Ip, hours(4)),
            (EntityKind::Hash, hours(24)),
            (EntityKind::Domain, hours(4)),
            (EntityKind::Url, hours(4)),
            (EntityKind::Email, hours(4)),
            (EntityKind::CloudResource, hours(4)),
        ] {
            gaps[kind as usize] = gap;
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
            lateness: hours(1),
            caps: Caps {
                activities: 1_000,
                entities: 500,
                age: Span::DAY.times(30),
                idle: Span::DAY.times(14),
            },
            promotion_risk: 100.0,
            auto_close_after: hours(24),
            gather: Span::SECOND.times(5),
            ignored_entities: Vec::new(),
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
