//! An alert: what is left of a product's detection once parsing has succeeded.
//!
//! Made by `input`, consumed by `Correlator::on_alert`. Values are canonical and bounded; nothing here refers to
//! the message it came from but its [`Position`].

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::entity::Entity;
use crate::time::Timestamp;

/// Number of an input topic (or replayed file) in the store's table of topic names.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct TopicId(pub u16);

/// Where an alert stood: the message's place in its topic and the alert's index inside the message.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// The topic, or the replayed file.
    pub topic: TopicId,
    /// The partition; 0 in a replay.
    pub partition: i32,
    /// The offset; the line number from 1 in a replay.
    pub offset: i64,
    /// Which alert of the message, from 0.
    pub index: u32,
}

/// How bad, on the common scale. See `severity` for the bands and the vendors' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Severity {
    /// 0 to 100.
    pub score: u8,
    /// The alert brought none; Medium was assumed.
    pub assumed: bool,
}

/// Whether an alert is work to do, or was delivered for the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// A live detection.
    #[default]
    Active,
    /// The product archived it.
    Archived,
    /// The product says it no longer holds.
    Inactive,
    /// A sample that the product made for trying things out.
    Sample,
}

/// One detection by a product, normalised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The product's own id, unique within (scope, source); `None`: the position is the identity.
    pub id: Option<CompactString>,
    /// Where it stood in the input.
    pub position: Position,
    /// When it happened (event time), already clamped by the parser's caller if a broker time was known.
    pub time: Timestamp,
    /// The wall that correlation never crosses; matches `[A-Za-z0-9._-]{1,128}`.
    pub scope: CompactString,
    /// The product or sensor that said so, such as `suricata`.
    pub source: CompactString,
    /// The rule's stable id; equals the name where the product has none.
    pub rule_id: CompactString,
    /// The rule's name for people.
    pub rule_name: CompactString,
    /// One line for people; empty: the rule's name says it.
    pub title: CompactString,
    /// How bad.
    pub severity: Severity,
    /// ATT&CK tactic (`TA0002`) and technique (`T1059.001`) ids, upper case, without repeats.
    pub attack: SmallVec<[CompactString; 2]>,
    /// Entities in the order met, without repeats of (kind, role, value).
    pub entities: SmallVec<[Entity; 4]>,
    /// Work to do, or for the record.
    pub lifecycle: Lifecycle,
    /// How many occurrences the product says this message stands for; at least 1. A resent id with a higher
    /// count is an update.
    pub count: u32,
    /// When the product last changed it, where it says so. A resent id with a later one is an update.
    pub updated: Option<Timestamp>,
}

impl Severity {
    /// What a missing severity counts as (design: Medium, flagged).
    pub const ASSUMED: Self = Self {
        score: 50,
        assumed: true,
    };

    /// A severity that the product gave; above 100 counts as 100.
    #[must_use]
    pub fn of(score: u32) -> Self {
        Self {
            score: u8::try_from(score.min(100)).unwrap_or(100),
            assumed: false,
        }
    }

    /// OCSF `severity_id`: 0 unknown, 1 informational (1-19), 2 low (20-39), 3 medium (40-59), 4 high (60-79),
    /// 5 critical (80-100).
    #[must_use]
    pub fn ocsf_id(self) -> u8 {
        match self.score {
            0 => 0,
            1..=19 => 1,
            20..=39 => 2,
            40..=59 => 3,
            60..=79 => 4,
            _ => 5,
        }
    }

    /// The word for [`Self::ocsf_id`]: `unknown`, `informational`, `low`, `medium`, `high` or `critical`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        [
            "unknown",
            "informational",
            "low",
            "medium",
            "high",
            "critical",
        ][usize::from(self.ocsf_id())]
    }
}

impl Lifecycle {
    /// The state named by `word`, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let words = ["active", "archived", "inactive", "sample"];
        let states = [Self::Active, Self::Archived, Self::Inactive, Self::Sample];
        words
            .into_iter()
            .zip(states)
            .find(|(known, _)| known.eq_ignore_ascii_case(word))
            .map(|(_, state)| state)
    }
}

impl Alert {
    /// The subject: the affected entity, else the target, else the actor, else the source; the first met of its
    /// role. `None` when the alert has no such entity.
    #[must_use]
    pub fn subject(&self) -> Option<&Entity> {
        self.subject_index().map(|at| &self.entities[at])
    }

    /// Which of the entities is the subject.
    pub(crate) fn subject_index(&self) -> Option<usize> {
        // The smaller, the better; in the order of `Role`.
        const RANKS: [u8; 5] = [3, 1, 2, 0, u8::MAX];
        let rank = |entity: &Entity| RANKS[entity.role as usize];
        let subjects = self.entities.iter().map(rank).enumerate();
        let (at, _) = subjects
            .filter(|(_, rank)| *rank < u8::MAX)
            .min_by_key(|(_, rank)| *rank)?;
        Some(at)
    }

    /// The line a person reads: the title, else the rule's name.
    #[must_use]
    pub fn headline(&self) -> &str {
        if self.title.is_empty() {
            &self.rule_name
        } else {
            &self.title
        }
    }
}
