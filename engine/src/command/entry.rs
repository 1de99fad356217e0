//! Entries: what was done to a case, one after the other. They are never changed; notes, custody and the timeline are
//! read from them.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use crate::ids::{GroupId, ScopeId};
use crate::time::Timestamp;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The scope.
    pub scope: ScopeId,
    /// The group; a merge leaves it there, as it does activities.
    pub group: GroupId,
    /// Its number in the scope, from 1, and that of its audit record.
    pub seq: u64,
    /// Wall time.
    pub time: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The case's revision since then.
    pub revision: u64,
    /// What.
    pub verb: Verb,
    /// Number of the note, task or evidence that it is about.
    pub about: Option<u64>,
    /// What was said: a note, a reason; may be empty.
    pub text: CompactString,
    /// What is different since then.
    pub changes: Vec<Changed>,
}

/// One value before and after; empty: none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its name, as in the API.
    pub field: CompactString,
    /// Before.
    pub from: CompactString,
    /// After.
    pub to: CompactString,
}

/// What was done, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Status, owner, verdict and the like were changed.
    Changed,
    /// A note was written.
    Noted,
    /// A note was written anew.
    NoteEdited,
    /// A task was added.
    TaskAdded,
    /// A task was changed.
    TaskChanged,
    /// Evidence was added.
    EvidenceAdded,
    /// Somebody took a copy of evidence.
    EvidenceTaken,
    /// A candidate became a case.
    Approved,
    /// A candidate was ended.
    Dismissed,
    /// Two cases became one.
    Merged,
    /// A case that was merged is one of its own again.
    Unmerged,
    /// Some activities became a case of their own.
    Split,
    /// Some activities were moved into another case.
    Moved,
    /// It was said whether alerts may make two cases one.
    Pinned,
    /// It was found to come back from an earlier case.
    Recurred,
    /// A silence was made, changed or ended. Of no case: it stands in the audit alone.
    Silenced,
}

impl Changed {
    pub(crate) fn new(field: &str, from: &str, to: &str) -> Self {
        Self {
            field: field.into(),
            from: from.into(),
            to: to.into(),
        }
    }

    /// Sets a value and notes it, if it is another one.
    pub(super) fn note(
        changes: &mut Vec<Self>,
        field: &str,
        value: &mut CompactString,
        to: CompactString,
    ) {
        if *value != to {
            changes.push(Self::new(field, value, &to));
            *value = to;
        }
    }
}

impl Verb {
    /// The word used in the API, events and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Noted => "noted",
            Self::NoteEdited => "note_edited",
            Self::TaskAdded => "task_added",
            Self::TaskChanged => "task_changed",
            Self::EvidenceAdded => "evidence_added",
            Self::EvidenceTaken => "evidence_taken",
            Self::Approved => "approved",
            Self::Dismissed => "dismissed",
            Self::Merged => "merged",
            Self::Unmerged => "unmerged",
            Self::Split => "split",
            Self::Moved => "moved",
            Self::Pinned => "pinned",
            Self::Recurred => "recurred",
            Self::Silenced => "silenced",
        }
    }
}
