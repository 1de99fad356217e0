//! The feed: case events for the tools downstream, kept until each of them has them or the bound is reached.
//!
//! An entry is the outbox's own record of an event, under the same sequence number, in the same write; so what tools get
//! is what Kafka gets, and neither waits for the other. The outbox forgets a record once Kafka has it, the feed once the
//! slowest tool has it. Not chosen: keeping the outbox for the tools too. Its length is what makes input pause, and a
//! tool that is down must not stop the correlation.
//!
//! Each tool's place stands in the meta family and is written unsynced: after a loss of power an event may go out again,
//! under the same key.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::ports::OutputRecord;

use super::codec;
use super::db::Db;
use super::error::StoreError;
use super::key;
use super::output;
use super::puts::Puts;
use super::schema::{self, Family};

/// Entries that one write deletes at most.
const DELETED_MAX: usize = 1_024;

/// Reads the feed, and the places in it. One per store; share it behind an `Arc`.
#[derive(Debug)]
pub struct Feed {
    db: Arc<Db>,
    bytes: Arc<AtomicU64>,
    /// Up to here nothing is left: a scan begins behind it, and not among the marks of what was deleted.
    trimmed: AtomicU64,
}

/// How far a tool is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedPlace {
    /// The output's name in the configuration.
    pub name: String,
    /// It has every event up to this sequence number.
    pub sequence: u64,
}

/// An event in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its sequence number in the outbox.
    pub sequence: u64,
    /// The event.
    pub record: OutputRecord,
    /// Bytes as stored.
    pub bytes: u64,
}

impl Feed {
    pub(super) fn open(db: Arc<Db>) -> Result<Self, StoreError> {
        let mut bytes = 0;
        db.scan(Family::Outbox, schema::feed().range(), |_, value| {
            bytes += value.len() as u64;
            Ok(())
        })?;
        Ok(Self {
            db,
            bytes: Arc::new(AtomicU64::new(bytes)),
            trimmed: AtomicU64::new(0),
        })
    }

    pub(super) fn gauge(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }

    /// Bytes of all entries, as stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Events behind the sequence number `sequence`, at most `events_max` and about `bytes_max`, at least one if there is
    /// one.
    ///
    /// # Errors
    /// When something can't be read; so with every method here.
    pub fn after(
        &self,
        sequence: u64,
        events_max: usize,
        bytes_max: u64,
    ) -> Result<Vec<FeedEntry>, StoreError> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        self.db.scan_until(
            Family::Outbox,
            schema::feed_behind(sequence),
            |key, value| {
                let size = value.len() as u64;
                let is_full = entries.len() >= events_max || bytes + size > bytes_max;
                if is_full && !entries.is_empty() {
                    return Ok(ControlFlow::Break(()));
                }
                bytes += size;
                entries.push(FeedEntry {
                    sequence: key::last_number(Family::Outbox, key)?,
                    record: output::decode(value)?.1,
                    bytes: size,
                });
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(entries)
    }

    /// All places, by name.
    pub fn places(&self) -> Result<Vec<FeedPlace>, StoreError> {
        let mut places: Vec<FeedPlace> = Vec::new();
        self.db
            .scan(Family::Meta, schema::feed_places().range(), |_, value| {
                places.push(codec::decode(Family::Meta, value)?);
                Ok(())
            })?;
        places.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(places)
    }

    /// Notes how far a tool is. Not synced.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub fn set_place(&self, place: &FeedPlace) -> Result<(), StoreError> {
        let mut puts = Puts::new(&self.db, 0);
        puts.record(Family::Meta, &schema::feed_place(&place.name), place)?;
        self.db.write(puts.into_batch(), false)
    }

    /// Forgets how far a tool was, which is configured no more. Not synced.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub fn forget_place(&self, name: &str) -> Result<(), StoreError> {
        let mut puts = Puts::new(&self.db, 0);
        puts.delete(Family::Meta, schema::feed_place(name));
        self.db.write(puts.into_batch(), false)
    }

    /// Deletes the events up to `sequence`. Not synced.
    ///
    /// # Errors
    /// When something can't be read or written.
    pub fn trim(&self, sequence: u64) -> Result<(), StoreError> {
        if sequence <= self.trimmed.load(Ordering::Relaxed) {
            return Ok(());
        }
        loop {
            let (mut puts, mut deleted, mut bytes) = (Puts::new(&self.db, 0), 0, 0);
            let left = schema::feed_behind(self.trimmed.load(Ordering::Relaxed));
            self.db.scan_until(Family::Outbox, left, |key, value| {
                let is_beyond = key::last_number(Family::Outbox, key)? > sequence;
                if is_beyond || deleted == DELETED_MAX {
                    return Ok(ControlFlow::Break(()));
                }
                puts.delete(Family::Outbox, key);
                deleted += 1;
                bytes += value.len() as u64;
                Ok(ControlFlow::Continue(()))
            })?;
            if deleted == 0 {
                self.trimmed.fetch_max(sequence, Ordering::Relaxed);
                return Ok(());
            }
            self.db.write(puts.into_batch(), false)?;
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}
