//! Why a command may not be done.

use serde::Serialize;

use crate::ids::{ActivityId, CaseId, SilenceId};
use crate::record::Status;
use crate::silence::{InvalidMatcher, SILENCES_MAX};

/// Why a command may not be done. The message says what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Illegal {
    /// The policy allows no such step.
    #[error("the policy allows no step from {} to {}", from.as_str(), to.as_str())]
    Transition {
        /// The status it has.
        from: Status,
        /// The status asked for.
        to: Status,
    },
    /// Closing needs a verdict.
    #[error("closing needs a verdict")]
    NeedsVerdict,
    /// Closing needs a resolution.
    #[error("closing needs a resolution: a sentence on how it ended")]
    NeedsResolution,
    /// Only a case can stand so.
    #[error("this is no case yet: approve it first")]
    NotACase,
    /// Only a candidate can be approved or dismissed.
    #[error("this is no candidate")]
    NotACandidate,
    /// It is closed.
    #[error("the case is closed: reopen it first")]
    Closed,
    /// There is no such note.
    #[error("the case has no note of this number")]
    NoNote,
    /// Somebody else wrote it.
    #[error("only who wrote a note may change it")]
    NotTheAuthor,
    /// There is no such task.
    #[error("the case has no task of this number")]
    NoTask,
    /// A task that must be done before is not.
    #[error("task {0} must be done before")]
    Waits(u64),
    /// There is no such evidence.
    #[error("the case has no evidence of this number")]
    NoEvidence,
    /// A text is empty that must not be.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// A text is too long.
    #[error("{field} must have at most {bytes_max} bytes")]
    TooLong {
        /// Which.
        field: &'static str,
        /// What is allowed.
        bytes_max: usize,
    },
    /// There are too many already.
    #[error("a case can have at most {max} {things}")]
    TooMany {
        /// Of what.
        things: &'static str,
        /// What is allowed.
        max: usize,
    },
    /// A case can't be merged with itself, and the like.
    #[error("this is about two different cases")]
    SameCase,
    /// There is no such case in the scope.
    #[error("there is no case {0} in this scope")]
    NoCase(CaseId),
    /// The other case is part of a third one.
    #[error("case {0} is part of case {1}: that is the one to name")]
    PartOf(CaseId, CaseId),
    /// It was never merged into this case.
    #[error("case {0} was not merged into this one by itself")]
    NotMergedHere(CaseId),
    /// The other case is closed.
    #[error("case {0} is closed: reopen it first")]
    OtherClosed(CaseId),
    /// The other one is no case.
    #[error("{0} is no case yet: approve it first")]
    OtherNoCase(CaseId),
    /// The case has no such activity.
    #[error("the case has no activity {}", .0.0)]
    NoActivity(ActivityId),
    /// Nothing would be left.
    #[error("at least one activity that is no background must stay, and one go")]
    NothingLeft,
    /// Together they are larger than a case may be.
    #[error("together they are larger than the policy's caps allow")]
    TooLarge,
    /// There is no such silence, or it is over.
    #[error("there is no silence {} in this scope that is not over", .0.0)]
    NoSilence(SilenceId),
    /// What it matches is not said well.
    #[error("{0}")]
    Matcher(InvalidMatcher),
    /// When it holds is not said well.
    #[error("{0}")]
    Times(&'static str),
    /// It would hold longer than the policy allows.
    #[error(
        "a silence may hold for {hold} hours without a break, and expire at most {ahead} hours from now"
    )]
    HoldsTooLong {
        /// `silences.hold_max`, in hours.
        hold: i64,
        /// `silences.ahead_max`, in hours.
        ahead: i64,
    },
    /// A scope has as many silences as it may.
    #[error("the scope has {SILENCES_MAX} silences that are not over: end some first")]
    TooManySilences,
    /// The key named another wish before.
    #[error("this idempotency key was used for another request")]
    KeyReused,
}

impl Illegal {
    /// The word for programs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transition { .. } => "illegal_transition",
            Self::NeedsVerdict => "needs_verdict",
            Self::NeedsResolution => "needs_resolution",
            Self::NotACase => "not_a_case",
            Self::NotACandidate => "not_a_candidate",
            Self::Closed => "case_closed",
            Self::NoNote => "no_such_note",
            Self::NotTheAuthor => "not_the_author",
            Self::NoTask => "no_such_task",
            Self::Waits(_) => "task_waits",
            Self::NoEvidence => "no_such_evidence",
            Self::Empty(_) => "empty",
            Self::TooLong { .. } => "too_long",
            Self::TooMany { .. } => "too_many",
            Self::SameCase => "same_case",
            Self::NoCase(_) => "no_such_case",
            Self::PartOf(..) => "part_of_another",
            Self::NotMergedHere(_) => "not_merged_here",
            Self::OtherClosed(_) => "other_closed",
            Self::OtherNoCase(_) => "other_not_a_case",
            Self::NoActivity(_) => "no_such_activity",
            Self::NothingLeft => "nothing_left",
            Self::TooLarge => "over_the_caps",
            Self::NoSilence(_) => "no_such_silence",
            Self::Matcher(_) => "invalid_matcher",
            Self::Times(_) => "invalid_times",
            Self::HoldsTooLong { .. } => "holds_too_long",
            Self::TooManySilences => "too_many_silences",
            Self::KeyReused => "key_reused",
        }
    }
}
