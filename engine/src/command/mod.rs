//! Commands: what people, API clients and rules do to a case. [`Correlator::on_command`](crate::correlator::Correlator)
//! applies them; this room says what they are and what they mean, and knows no other state than the case's own.
//!
//! Effects follow the order of the calls. An applied command raises the case's revision by one and leaves, in one
//! batch: the case, its [`Work`], one [`EntryRecord`] for the timeline, one link of the scope's audit chain
//! ([`AuditRecord`]) with the same number, and one event. A refused one leaves nothing but its [`Answer`].

mod action;
mod actor;
mod audit;
mod bounds;
mod desk;
mod duty;
mod entry;
mod evidence;
mod folder;
mod illegal;
mod keys;
mod note;
mod status;
mod task;
mod verdict;
mod work;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, GroupId};

pub use action::{Action, Change};
pub use actor::{Actor, Proof};
pub use audit::{AuditHead, AuditRecord, BrokenChain, ChainCheck};
pub use bounds::Bounds;
pub use desk::Recall;
pub use duty::{Assignment, DutyPolicy, Pick, Playbook, PlaybookTask, TurnsRecord, When};
pub use entry::{Changed, EntryRecord, Verb};
pub use evidence::{Evidence, NewEvidence};
pub use illegal::Illegal;
pub use keys::{KEYS_KEPT, KEYS_MAX, KeyRecord};
pub use note::NoteHead;
pub use status::StatusPolicy;
pub use task::{NewTask, Task, TaskChange, TaskState};
pub use verdict::Verdict;
pub use work::{Times, Work};

pub(crate) use bounds::{said, within};
pub(crate) use desk::Desk;
pub(crate) use duty::Traits;
pub(crate) use folder::{Effect, Folder, Turn};

/// Somebody wants something done to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The scope in which the actor may act; a case of another one is unknown there.
    pub scope: CompactString,
    /// The case.
    pub case: CaseId,
    /// Its group, as the store knows it by the case's id.
    pub group: GroupId,
    /// Who.
    pub actor: Actor,
    /// The revision that the actor has seen; `None`: whatever it is.
    pub expected: Option<u64>,
    /// Names this wish, so that asking for it twice does it once; within [`KEYS_KEPT`].
    pub key: Option<CompactString>,
    /// What.
    pub action: Action,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done(Done),
    /// The same was asked for before under the same key, and done then.
    Repeated(Done),
    /// Everything is as asked for already; nothing was written.
    Same {
        /// The case's revision.
        revision: u64,
    },
    /// The case has changed since the actor saw it.
    Stale {
        /// The case's revision.
        revision: u64,
    },
    /// There is no such case in the scope.
    Unknown,
    /// It is part of another case.
    Merged {
        /// The survivor.
        into: CaseId,
    },
    /// It may not be done.
    Illegal(Illegal),
}

/// What an applied command left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The case's revision since then.
    pub revision: u64,
    /// Number of the entry and of the audit record in the scope, from 1.
    pub seq: u64,
    /// Number of the note, task or piece of evidence that it made.
    pub made: Option<u64>,
}
