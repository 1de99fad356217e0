//! The outbox: what is to be published, in sequence, until it is known to be published.
//!
//! Sequence numbers are consecutive from 1 and never used twice. Marking is not synced: after a crash the mark may be
//! behind, and what was sent already is sent again with the same ids. It is one write with the deletions, so the
//! outbox always holds exactly what is above the mark.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::OutputRecord;

use super::db::Db;
use super::error::StoreError;
use super::key;
use super::output;
use super::ports::{Outbox, OutboxPage};
use super::puts::Puts;
use super::recover::{self, Lineage};
use super::schema::{self, Family, name};

/// Records that are published together; a batch's worth of events stays far below.
const RECORDS_MAX: usize = 10_000;
/// Bytes that are published together.
const BYTES_MAX: usize = 8 << 20;
/// A batch up to so many times the limits is handed out whole: a transaction should end where a batch does. Beyond, it
/// must be cut, or no transaction could carry it before its time-out.
const WHOLE_BATCH: usize = 4;

/// What is in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxPending {
    /// Records that are not marked as published.
    pub records: u64,
    /// Their bytes as stored.
    pub bytes: u64,
}

/// [`OutboxPending`] as kept between the writer's and the publisher's thread.
#[derive(Debug, Default)]
pub(super) struct OutboxGauge {
    head: AtomicU64,
    published: AtomicU64,
    bytes: AtomicU64,
}

/// Reads what is to be published and takes off what was. One per store, for the publisher's thread.
#[derive(Debug)]
pub struct OutboxReader {
    db: Arc<Db>,
    gauge: Arc<OutboxGauge>,
}

impl OutboxReader {
    pub(super) fn open(db: Arc<Db>, head: u64) -> Result<Self, StoreError> {
        let published = recover::published(&db)?;
        let gauge = OutboxGauge::default();
        db.scan(
            Family::Outbox,
            schema::outbox_behind(published),
            |_, value| {
                gauge.add(value.len() as u64);
                Ok(())
            },
        )?;
        gauge.set_head(head);
        gauge.published.store(published, Ordering::Relaxed);
        Ok(Self {
            db,
            gauge: Arc::new(gauge),
        })
    }

    pub(super) fn gauge(&self) -> Arc<OutboxGauge> {
        Arc::clone(&self.gauge)
    }

    /// Records behind the sequence number `seq`, in sequence: about `records_max` and `bytes_max`, at least one if there
    /// is one. Ends with the last record of a batch; only a first batch above four times the limits is cut.
    ///
    /// # Errors
    /// When something can't be read.
    pub fn outbox_after(
        &self,
        seq: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<(u64, OutputRecord)>, StoreError> {
        let mut page = Page::default();
        self.db
            .scan_until(Family::Outbox, schema::outbox_behind(seq), |key, value| {
                let sequence = key::last_number(Family::Outbox, key)?;
                let (batch_no, record) = output::decode(value)?;
                let is_full =
                    page.records.len() >= records_max || page.bytes + value.len() > bytes_max;
                if is_full && page.ends_before(batch_no, records_max, bytes_max) {
                    return Ok(ControlFlow::Break(()));
                }
                page.push(sequence, batch_no, record, value.len());
                Ok(ControlFlow::Continue(()))
            })?;
        Ok(page.records)
    }
}

impl Outbox for OutboxReader {
    fn page_after(&mut self, sequence: u64) -> Result<OutboxPage, StoreError> {
        let numbered = self.outbox_after(sequence, RECORDS_MAX, BYTES_MAX)?;
        let last = numbered.last().map_or(sequence, |(last, _)| *last);
        let records = numbered.into_iter().map(|(_, record)| record).collect();
        Ok(OutboxPage { records, last })
    }

    /// Takes them off too; never beyond the last record there is. Not synced.
    fn mark_published(&mut self, seq: u64) -> Result<(), StoreError> {
        let before = self.gauge.published.load(Ordering::Relaxed);
        let mut published = before;
        let mut bytes = 0;
        let mut puts = Puts::new(&self.db, 0);
        // Key by key: a range's tombstone would be looked at by every later read until compaction takes it.
        self.db.scan_until(
            Family::Outbox,
            schema::outbox_behind(before),
            |key, value| {
                let sequence = key::last_number(Family::Outbox, key)?;
                if sequence > seq {
                    return Ok(ControlFlow::Break(()));
                }
                puts.delete(Family::Outbox, key);
                published = sequence;
                bytes += value.len() as u64;
                Ok(ControlFlow::Continue(()))
            },
        )?;
        if published > before {
            puts.record(Family::Meta, &schema::meta(name::PUBLISHED), &published)?;
            self.db.write(puts.into_batch(), false)?;
            self.gauge.take(published, bytes);
        }
        Ok(())
    }

    fn renew_lineage(&mut self) -> Result<Lineage, StoreError> {
        recover::renew_lineage(&self.db)
    }

    fn outbox_pending(&self) -> OutboxPending {
        self.gauge.pending()
    }
}

impl OutboxGauge {
    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn set_head(&self, head: u64) {
        self.head.store(head, Ordering::Relaxed);
    }

    fn take(&self, published: u64, bytes: u64) {
        self.published.store(published, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn pending(&self) -> OutboxPending {
        let published = self.published.load(Ordering::Relaxed);
        OutboxPending {
            // The publisher may be done before the writer has told its head.
            records: self.head.load(Ordering::Relaxed).saturating_sub(published),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Records under collection.
#[derive(Default)]
struct Page {
    records: Vec<(u64, OutputRecord)>,
    bytes: usize,
    /// The batch of the last record.
    batch_no: u64,
    /// How many records belong to the batches before that.
    whole: usize,
}

impl Page {
    fn push(&mut self, sequence: u64, batch_no: u64, record: OutputRecord, bytes: usize) {
        if batch_no != self.batch_no {
            self.whole = self.records.len();
            self.batch_no = batch_no;
        }
        self.bytes += bytes;
        self.records.push((sequence, record));
    }

    /// Whether the page is to end before a record of this batch, though it would be cut in two. Leaves out the beginning
    /// of a cut batch if there are others.
    fn ends_before(&mut self, next_batch_no: u64, records_max: usize, bytes_max: usize) -> bool {
        if self.records.is_empty() {
            return false;
        }
        if next_batch_no != self.batch_no {
            return true;
        }
        if self.whole > 0 {
            self.records.truncate(self.whole);
            return true;
        }
        self.records.len() >= records_max.saturating_mul(WHOLE_BATCH)
            || self.bytes >= bytes_max.saturating_mul(WHOLE_BATCH)
    }
}
