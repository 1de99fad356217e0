//! What the pipeline needs of a store, so that a simulated one can stand in for it (`tests/sim`).
//!
//! [`BatchStore`] is the owner's side, [`Outbox`] the publisher lane's, [`Memory`] what a start reads.

use caseloom_engine::command::Recall;
use caseloom_engine::ids::{CaseId, GroupId};
use caseloom_engine::record::Record;
use caseloom_engine::time::Span;

use crate::pipeline::Attempt;
use crate::ports::OutputRecord;

use super::chain::ChainLink;
use super::commit::{CommitBatch, Head, Persisted};
use super::error::StoreError;
use super::outbox::OutboxPending;
use super::recover::Lineage;

/// Takes batches.
pub trait BatchStore: Send {
    /// Writes a batch and returns when it is on the disk: all of it, or nothing.
    ///
    /// # Errors
    /// [`StoreError`]; the process must end with 75.
    fn write_batch(&mut self, batch: &CommitBatch<'_>) -> Result<Head, StoreError>;

    /// What waits to be published, as of now: also while nothing can be.
    fn outbox_pending(&self) -> OutboxPending;

    /// The end of a case's chain of events.
    ///
    /// # Errors
    /// When it can't be read; the process must end with 75.
    fn chain(&self, case: CaseId) -> Result<ChainLink, StoreError>;

    /// What a command on a case needs of it: the group under this id, merged or not, with what was done to it and, unless
    /// it is in the engine's memory (`is_live`), its activities. `None`: there is no such case.
    ///
    /// # Errors
    /// When it can't be read; the process must end with 75.
    fn recall(
        &self,
        case: CaseId,
        is_live: &dyn Fn(GroupId) -> bool,
    ) -> Result<Option<Recall>, StoreError>;

    /// Notes what a process begins with, or that it ended in order; outlives the process, not the machine.
    ///
    /// # Errors
    /// [`StoreError`]; the process must end with 75.
    fn note_attempt(&mut self, attempt: Option<Attempt>) -> Result<(), StoreError>;

    /// Writes a batch, with the proof that it is durable.
    ///
    /// # Errors
    /// As [`Self::write_batch`].
    fn commit(&mut self, batch: &CommitBatch<'_>) -> Result<Persisted, StoreError> {
        self.write_batch(batch).map(Persisted::of)
    }
}

/// Hands out what is to be published and takes off what was.
pub trait Outbox: Send {
    /// Records behind the sequence number `sequence`, ending with a whole batch where that is possible.
    ///
    /// # Errors
    /// When something can't be read.
    fn page_after(&mut self, sequence: u64) -> Result<OutboxPage, StoreError>;

    /// Notes that everything up to `sequence` is published. Need not be durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; the process must end with 75.
    fn mark_published(&mut self, sequence: u64) -> Result<(), StoreError>;

    /// Gives the store a new name, durably, and returns it.
    ///
    /// # Errors
    /// [`StoreError`]; the process must end with 75.
    fn renew_lineage(&mut self) -> Result<Lineage, StoreError>;

    /// What waits to be published.
    fn outbox_pending(&self) -> OutboxPending;
}

/// Yields the records of the engine's memory.
pub trait Memory {
    /// Scopes; then each live group with the activities of all its parts, each with its tally; then native ids whose time
    /// is at most `ids_kept` before their scope's.
    ///
    /// # Errors
    /// When something can't be read; what was yielded until then is of no use.
    fn live_state(&self, ids_kept: Span, emit: &mut dyn FnMut(Record)) -> Result<(), StoreError>;
}

/// Some of the outbox, in sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxPage {
    /// The records; none: nothing is left.
    pub records: Vec<OutputRecord>,
    /// The sequence number of the last one.
    pub last: u64,
}
