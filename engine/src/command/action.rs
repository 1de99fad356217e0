//! What can be done to a case.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::evidence::NewEvidence;
use super::task::{NewTask, TaskChange};
use super::verdict::Verdict;
use crate::entity::EntityKind;
use crate::ids::{ActivityId, CaseId, SilenceId};
use crate::record::Status;
use crate::silence::{NewSilence, SilenceChange};

/// One thing to do. Its JSON stands in the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Changes how the case stands.
    Change(Box<Change>),
    /// Writes a note.
    Note {
        /// What it says.
        text: CompactString,
    },
    /// Writes a note anew; what it said stays in the log.
    EditNote {
        /// Its number.
        note: u64,
        /// What it says now.
        text: CompactString,
    },
    /// Adds a task.
    AddTask(Box<NewTask>),
    /// Changes a task.
    ChangeTask {
        /// Its number.
        task: u64,
        /// How.
        change: Box<TaskChange>,
    },
    /// Adds evidence that the shell has put away already.
    AddEvidence(Box<NewEvidence>),
    /// Notes that somebody took a copy of evidence.
    TakeEvidence {
        /// Its number.
        evidence: u64,
    },
    /// Makes a candidate a case, whatever its risk.
    Approve {
        /// Why.
        reason: CompactString,
    },
    /// Ends a candidate: it is no case.
    Dismiss {
        /// Why.
        reason: CompactString,
    },
    /// Makes two cases one; the older survives.
    Merge {
        /// The other one.
        other: CaseId,
        /// Why.
        note: CompactString,
    },
    /// Takes a case that was merged into this one out again, for good.
    Unmerge {
        /// Which.
        other: CaseId,
        /// Why.
        note: CompactString,
    },
    /// Makes a case of its own of some activities, for good.
    Split {
        /// Which.
        activities: Vec<ActivityId>,
        /// Why.
        note: CompactString,
    },
    /// Moves some activities into another case, for good.
    Move {
        /// Which.
        activities: Vec<ActivityId>,
        /// Where to.
        other: CaseId,
        /// Why.
        note: CompactString,
    },
    /// Says whether alerts may make two cases one.
    Pin {
        /// The other one.
        other: CaseId,
        /// Whether they stay apart.
        apart: bool,
        /// Why.
        note: CompactString,
    },
    /// Notes that it came back from an earlier case. Nobody wishes it.
    Recur {
        /// Which.
        of: CaseId,
        /// What both link by.
        shared: Vec<(EntityKind, CompactString)>,
    },
    /// Silences what a matcher matches, in a scope: about no case.
    Silence(Box<NewSilence>),
    /// Changes a silence.
    ChangeSilence {
        /// Which.
        silence: SilenceId,
        /// How.
        change: Box<SilenceChange>,
    },
    /// Ends a silence before it expires.
    EndSilence {
        /// Which.
        silence: SilenceId,
        /// Why.
        note: CompactString,
    },
}

/// How a case shall stand. What is `None` stays as it is; a text that is empty takes away what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Who works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<CompactString>,
    /// Which team it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<CompactString>,
    /// Workflow status; the way there must be legal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// How it ended, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<CompactString>,
    /// All of its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<CompactString>>,
    /// Custom fields to set; an empty value takes one away.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<CompactString, CompactString>,
    /// What the next one should know: stands in the log with the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<CompactString>,
}

impl Action {
    /// Whether it changes which alerts stand in which case. What the store has of all the cases it is about must be
    /// brought then, see [`Correlator::bring`](crate::correlator::Correlator::bring).
    #[must_use]
    pub fn reshapes(&self) -> bool {
        matches!(
            self,
            Self::Merge { .. }
                | Self::Unmerge { .. }
                | Self::Split { .. }
                | Self::Move { .. }
                | Self::Pin { .. }
        )
    }

    /// Whether it is about a silence of the scope, and so about no case: none is looked for then.
    #[must_use]
    pub fn silences(&self) -> bool {
        matches!(
            self,
            Self::Silence(_) | Self::ChangeSilence { .. } | Self::EndSilence { .. }
        )
    }

    /// The other case that it is about.
    #[must_use]
    pub fn other(&self) -> Option<CaseId> {
        match self {
            Self::Merge { other, .. }
            | Self::Unmerge { other, .. }
            | Self::Move { other, .. }
            | Self::Pin { other, .. } => Some(*other),
            _ => None,
        }
    }

    /// The word of the audit.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Change(_) => "change",
            Self::Note { .. } => "note",
            Self::EditNote { .. } => "edit_note",
            Self::AddTask(_) => "add_task",
            Self::ChangeTask { .. } => "change_task",
            Self::AddEvidence(_) => "add_evidence",
            Self::TakeEvidence { .. } => "take_evidence",
            Self::Approve { .. } => "approve",
            Self::Dismiss { .. } => "dismiss",
            Self::Merge { .. } => "merge",
            Self::Unmerge { .. } => "unmerge",
            Self::Split { .. } => "split",
            Self::Move { .. } => "move",
            Self::Pin { .. } => "pin",
            Self::Recur { .. } => "recur",
            Self::Silence(_) => "silence",
            Self::ChangeSilence { .. } => "change_silence",
            Self::EndSilence { .. } => "end_silence",
        }
    }
}
