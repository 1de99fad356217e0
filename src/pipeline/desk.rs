//! The way of commands into the owner thread, and of their answers out of it.
//!
//! Bounded: a full queue is refused at once. An answer is sent when what it says is on the disk. A wish whose asker has
//! gone before its turn is dropped; one that was decided when the process died was either written whole or not at all.

use caseloom_engine::command::{Action, Actor, Answer};
use caseloom_engine::ids::CaseId;
use compact_str::CompactString;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use tokio::sync::oneshot;

/// DeskQueue that may wait: at a commit of some milliseconds each batch, what 256 people ask for in the same instant.
const QUEUE_MAX: usize = 256;

/// DeskQueue decided in one batch.
pub(super) const BATCH_MAX: usize = 64;

/// What somebody wants done to a case.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The scope in which they may act.
    pub scope: CompactString,
    /// The case.
    pub case: CaseId,
    /// Who.
    pub actor: Actor,
    /// The revision they have seen.
    pub expected: Option<u64>,
    /// Their idempotency key.
    pub key: Option<CompactString>,
    /// What.
    pub action: Action,
}

/// A wish with the way back.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) wish: Wish,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// Where wishes are handed in. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Desk {
    queue: Sender<Ticket>,
}

/// Where the owner takes them from. The default never gets any.
#[derive(Debug)]
pub struct DeskQueue {
    queue: Receiver<Ticket>,
}

/// Why a wish is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// Too many wait.
    #[error("too many commands wait")]
    Full,
    /// Nobody takes any more.
    #[error("the owner has ended")]
    Ended,
}

/// A desk and what the owner gets of it.
#[must_use]
pub fn desk() -> (Desk, DeskQueue) {
    let (sender, receiver) = crossbeam_channel::bounded(QUEUE_MAX);
    (Desk { queue: sender }, DeskQueue { queue: receiver })
}

impl Desk {
    /// Hands in a wish. The answer comes when it is durable; none comes if the process ends before, and then nothing was
    /// done. Cancelled before its turn, the wish is dropped.
    ///
    /// # Errors
    /// When it is not taken; nothing happened.
    pub fn submit(&self, wish: Wish) -> Result<oneshot::Receiver<Answer>, DeskError> {
        let (answer, told) = oneshot::channel();
        self.queue
            .try_send(Ticket { wish, answer })
            .map_err(|error| match error {
                TrySendError::Full(_) => DeskError::Full,
                TrySendError::Disconnected(_) => DeskError::Ended,
            })?;
        Ok(told)
    }
}

impl Default for DeskQueue {
    fn default() -> Self {
        Self {
            queue: crossbeam_channel::never(),
        }
    }
}

impl DeskQueue {
    /// Those that wait and are still waited for, at most [`BATCH_MAX`].
    pub(super) fn take(&self) -> Vec<Ticket> {
        let waiting = self.queue.try_iter().take(BATCH_MAX);
        waiting
            .filter(|ticket| !ticket.answer.is_closed())
            .collect()
    }
}
