//! Silences: what people do not want to hear of for a time. An alert that one of them matches is *suppressed*: counted,
//! stored and searchable, but in no case.
//!
//! A suppressed alert decides as one would that was never work: it moves its scope's clock and nothing else. It is not
//! counted for how usual its rule is either, because what is kept quiet on purpose must not become background for those
//! who come after the silence. Wall time decides whether a silence holds, so the law that the order of arrival doesn't
//! matter is one of streams without them; all other laws hold (`engine/tests/silences.rs`).
//!
//! `matcher` and `pattern` say what is matched, `board` finds it, `kept` folds what was suppressed.

mod board;
mod kept;
mod matcher;
mod pattern;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::command::Actor;
use crate::ids::{ScopeId, SilenceId};
use crate::time::{Span, Timestamp};

pub(crate) use board::Board;
pub(crate) use kept::Kept;
pub use kept::{SUPPRESSED_KEPT, SuppressedRecord};
pub use matcher::{EntityTerm, InvalidMatcher, Matcher, Witness};
pub use pattern::Pattern;

/// Most silences of a scope that are not over.
pub const SILENCES_MAX: usize = 500;

/// Most times of a silence: a year of days.
pub const TIMES_MAX: usize = 400;

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number, from 1 in the order made.
    pub id: SilenceId,
    /// Where it holds.
    pub scope: ScopeId,
    /// The scope's name.
    pub scope_name: CompactString,
    /// What it matches.
    pub matcher: Matcher,
    /// Who answers for it.
    pub owner: CompactString,
    /// Why it is there.
    pub reason: CompactString,
    /// Wall time from which it holds.
    pub starts: Timestamp,
    /// Wall time from which it holds no more.
    pub expires: Timestamp,
    /// How its times were said, for people; empty: it holds all the time.
    pub repeat: CompactString,
    /// Within `starts` and `expires` it holds in these times only, ascending; empty: all the time. They are told and not
    /// reckoned: the engine knows no time zones, and what a zone will do in autumn is decided when a silence is made.
    pub times: Vec<(Timestamp, Timestamp)>,
    /// Wall time when it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: Actor,
    /// It was ended before it expired.
    pub ended: Option<Timestamp>,
    /// Rises with each change; matches don't raise it.
    pub revision: u64,
    /// Alerts that it suppressed.
    pub alerts: u64,
    /// Wall time of the last one.
    pub last: Option<Timestamp>,
}

/// A silence to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSilence {
    /// What it matches.
    pub matcher: Matcher,
    /// Who answers for it.
    pub owner: CompactString,
    /// Why it is there.
    pub reason: CompactString,
    /// Wall time from which it holds; never before it is made.
    pub starts: Timestamp,
    /// Wall time from which it holds no more.
    pub expires: Timestamp,
    /// How its times were said.
    #[serde(default, skip_serializing_if = "CompactString::is_empty")]
    pub repeat: CompactString,
    /// See [`Silence::times`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<(Timestamp, Timestamp)>,
}

/// How a silence shall be. What is `None` stays. What it matches can't change: the audit would tell of a silence that is
/// another one now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceChange {
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<CompactString>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<CompactString>,
    /// Wall time from which it holds no more, and its times until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<(Timestamp, Vec<(Timestamp, Timestamp)>)>,
}

/// How long silences may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SilencePolicy {
    /// The longest that one may hold without a break.
    pub hold_max: Span,
    /// The latest expiry from now, of those that hold in times only or begin later.
    pub ahead_max: Span,
}

/// Where a silence stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
    /// It holds now.
    Active,
    /// It will hold.
    Waiting,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Ended,
}

impl Default for SilencePolicy {
    fn default() -> Self {
        Self {
            hold_max: Span::DAY.times(30),
            ahead_max: Span::DAY.times(366),
        }
    }
}

impl Silence {
    /// Where it stands at wall time `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SilenceState {
        match self {
            _ if self.ended.is_some() => SilenceState::Ended,
            _ if now >= self.expires => SilenceState::Expired,
            _ if now < self.starts => SilenceState::Waiting,
            _ if self.times.is_empty() => SilenceState::Active,
            _ => {
                let begun = self.times.partition_point(|(begin, _)| *begin <= now);
                let time = begun.checked_sub(1).map(|at| self.times[at]);
                match time.is_some_and(|(_, end)| now < end) {
                    true => SilenceState::Active,
                    false => SilenceState::Waiting,
                }
            }
        }
    }

    /// Whether it can never hold again.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        matches!(self.state(now), SilenceState::Expired | SilenceState::Ended)
    }
}

impl SilenceState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Waiting, Self::Expired, Self::Ended];

    /// The word used in the API and on pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    /// The state called so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}
