//! Commit: one batch, one synced write. The only way into the store but for marks of the publisher and retention.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::{Position, TopicId};
use caseloom_engine::command::Recall;
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::record::Record;
use caseloom_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::pipeline::Attempt;
use crate::ports::{NextOffset, OutputRecord};

use super::chain::{self, ChainLink};
use super::db::Db;
use super::error::StoreError;
use super::feed::Feed;
use super::outbox::{OutboxGauge, OutboxPending};
use super::output;
use super::ports::BatchStore;
use super::puts::Puts;
use super::query;
use super::schema::{self, Family, name};

/// Everything that one batch changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommitBatch<'a> {
    /// Final values of the engine's records, each key at most once.
    pub records: &'a [Record],
    /// One row per alert, in the order decided.
    pub alerts: &'a [AlertRow<'a>],
    /// Messages to keep.
    pub raw: &'a [RawMessage<'a>],
    /// Partitions that were read on.
    pub next_offsets: &'a [NextOffset],
    /// Topics that were met for the first time.
    pub topics: &'a [(TopicId, String)],
    /// What is to be published, in this order.
    pub outbox: &'a [OutputRecord],
    /// The chains' ends after the events among them.
    pub chains: &'a [(CaseId, ChainLink)],
    /// Input records that can't be read any more and were passed over, so far in all; `None`: no more than before.
    pub lost: Option<u64>,
}

/// What is kept of each alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRow<'a> {
    /// Its scope.
    pub scope: ScopeId,
    /// The day bucket: its activity's; without one, that of its event time.
    pub day: i32,
    /// The activity it counts on; 0: none.
    pub activity: ActivityId,
    /// Its native id.
    pub id: Option<&'a str>,
    /// Where it stood.
    pub position: Position,
    /// Its event time.
    pub time: Timestamp,
    /// Its term of the accounting; `None`: the one of its activity's group.
    pub disposition: Option<Disposition>,
}

/// A message whose bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// The alert's scope.
    pub scope: ScopeId,
    /// The activity's day bucket.
    pub day: i32,
    /// The activity.
    pub activity: ActivityId,
    /// Where the alert stood. A message is kept once per activity, with the index of its last alert.
    pub position: Position,
    /// The message as received.
    pub bytes: &'a [u8],
}

/// How far a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last batch's number, from 1; 0: none yet.
    pub batch_no: u64,
    /// The last sequence number in the outbox; 0: there never was one.
    pub outbox_head: u64,
}

/// Proof that a batch is on the disk. Only [`BatchStore::commit`] makes one, so what asks for it can't run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persisted(Head);

/// Writes batches. One per store, for the thread that owns the engine.
#[derive(Debug)]
pub struct StoreWriter {
    pub(super) db: Arc<Db>,
    head: Head,
    gauge: Arc<OutboxGauge>,
    /// The feed's bytes, where events are put there too.
    feed: Option<Arc<AtomicU64>>,
    stopped: bool,
}

impl Persisted {
    pub(super) fn of(head: Head) -> Self {
        Self(head)
    }

    /// The batch's number, from 1.
    #[must_use]
    pub fn batch_no(self) -> u64 {
        self.0.batch_no
    }

    /// The last sequence number in the outbox; 0: there never was one.
    #[must_use]
    pub fn outbox_head(self) -> u64 {
        self.0.outbox_head
    }
}

impl StoreWriter {
    pub(super) fn new(db: Arc<Db>, head: Head, gauge: Arc<OutboxGauge>) -> Self {
        Self {
            db,
            head,
            gauge,
            feed: None,
            stopped: false,
        }
    }

    /// Puts events into the feed too, from the next batch on.
    pub fn keep_feed(&mut self, feed: &Feed) {
        self.feed = Some(feed.gauge());
    }

    /// Writes synced, and never again once that failed.
    pub(super) fn write(&mut self, batch: rocksdb::WriteBatch) -> Result<(), StoreError> {
        if self.stopped {
            return Err(StoreError::Stopped);
        }
        let written = self.db.write(batch, true);
        self.stopped = written.is_err();
        written
    }
}

impl BatchStore for StoreWriter {
    /// # Errors
    /// [`StoreError::OutputTooLarge`] before anything is written. [`StoreError::Write`] when the write or its fsync
    /// failed; every later call returns [`StoreError::Stopped`].
    fn write_batch(&mut self, batch: &CommitBatch<'_>) -> Result<Head, StoreError> {
        output::check_lengths(batch.outbox)?;
        let first = self.head.outbox_head + 1;
        let head = Head {
            batch_no: self.head.batch_no + 1,
            outbox_head: self.head.outbox_head + batch.outbox.len() as u64,
        };
        let mut puts = Puts::new(&self.db, head.batch_no);
        puts.records(batch.records)?;
        puts.alerts(batch.alerts);
        puts.raw(batch.raw);
        puts.next_offsets(batch.next_offsets)?;
        puts.topics(batch.topics)?;
        let outbox_bytes = puts.outbox(first, batch.outbox);
        let feed = self.feed.as_ref();
        let fed = feed.map(|feed| (feed, puts.feed(first, batch.outbox)));
        puts.chains(batch.chains)?;
        puts.lost(batch.lost)?;
        puts.head(&head)?;
        // Counted before it is written: the publisher may take it off as soon as it is there.
        self.gauge.add(outbox_bytes);
        if let Some((feed, bytes)) = fed {
            feed.fetch_add(bytes, Ordering::Relaxed);
        }
        self.write(puts.into_batch())?;
        self.head = head;
        self.gauge.set_head(head.outbox_head);
        Ok(head)
    }

    fn outbox_pending(&self) -> OutboxPending {
        self.gauge.pending()
    }

    fn note_attempt(&mut self, attempt: Option<Attempt>) -> Result<(), StoreError> {
        let mut puts = Puts::new(&self.db, 0);
        puts.record(Family::Meta, &schema::meta(name::ATTEMPT), &attempt)?;
        self.db.write(puts.into_batch(), false)
    }

    fn recall(
        &self,
        case: CaseId,
        is_live: &dyn Fn(GroupId) -> bool,
    ) -> Result<Option<Recall>, StoreError> {
        query::recall(&self.db, case, is_live)
    }

    fn chain(&self, case: CaseId) -> Result<ChainLink, StoreError> {
        chain::end(&self.db, case)
    }
}
