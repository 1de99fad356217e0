//! The store: RocksDB as the truth of everything that was decided. Kafka's output is a published copy of it.
//!
//! It stands between the engine's `Decision` and the publisher: a batch goes in with one synced write, and only what
//! was written comes out of the outbox. It decides nothing, knows no clock, and makes no event.
//!
//! ```text
//! owner thread      BatchStore::commit    records, alerts, raw, offsets, outbox: all or nothing, on disk on return
//! publisher thread  OutboxReader          what is to be published, in order; what was published goes
//! output threads    Feed                  events for the tools downstream, until each has them
//! HTTP              StoreReader           cases, activities, alerts, raw messages
//! ```
//!
//! Recovery: RocksDB replays its log on open, up to the last whole batch. [`Store::recover`] then tells where to go on
//! reading, and [`Memory::live_state`] yields the records from which the engine's memory is rebuilt. What a crash leaves
//! is always the state after some batch, never a part of one.
//!
//! Keys are in `schema`; formats of values in `codec`, `chain`, `chunk` (alert rows) and `output` (what is to be published);
//! memory in `options`.

mod chain;
mod chunk;
mod codec;
mod commit;
mod db;
mod error;
mod feed;
mod health;
mod key;
mod live;
mod manifest;
mod migrate;
mod options;
mod outbox;
mod output;
mod pack;
mod page;
mod policies;
mod ports;
mod puts;
mod memory;
mod query;
mod recover;
mod retention;
#[cfg(test)]
mod samples;
mod schema;
mod suppressed;
mod work;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub use chain::ChainLink;
pub use commit::{AlertRow, CommitBatch, Head, Persisted, RawMessage, StoreWriter};
pub use error::StoreError;
pub use feed::{Feed, FeedEntry, FeedPlace};
pub use health::Health;
pub use options::StoreOptions;
pub use outbox::{OutboxPending, OutboxReader};
pub use output::OUTPUT_RECORD_BYTES_MAX;
pub use page::{AlertsPage, StoredAlert};
pub use ports::{BatchStore, Memory, Outbox, OutboxPage};
pub use query::StoreReader;
pub use recover::{Lineage, Recovered};

use db::Db;

/// An open store, as its three parts: take it apart and give each to its thread. The directory stays locked until the
/// last of them, and of the readers cloned, is gone.
#[derive(Debug)]
pub struct Store {
    /// Writes batches; for the owner thread.
    pub writer: StoreWriter,
    /// Reads and empties the outbox; for the publisher's thread.
    pub outbox: OutboxReader,
    /// Reads everything; clone it freely.
    pub reader: StoreReader,
    /// Events for the tools downstream.
    pub feed: Feed,
    db: Arc<Db>,
}

/// A snapshot of a store, also of one that another process has open: what was committed when it was opened.
#[derive(Debug)]
pub struct ReadOnlyStore {
    /// Reads what waits to be published.
    pub outbox: OutboxReader,
    /// Reads everything.
    pub reader: StoreReader,
}

impl ReadOnlyStore {
    /// Opens what is in the directory `path`; changes nothing there.
    ///
    /// # Errors
    /// [`StoreError::UnknownSchema`] or [`StoreError::OldSchema`] for a store of another version; else what RocksDB said.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Arc::new(Db::open_read_only(path, &StoreOptions::default())?);
        recover::check(&db)?;
        let head = recover::head(&db)?;
        Ok(Self {
            outbox: OutboxReader::open(Arc::clone(&db), head.outbox_head)?,
            reader: StoreReader::new(db),
        })
    }
}

impl Store {
    /// Opens the store in the directory `path`, or makes one there (mode 0700) with a new lineage and hash key. One of an
    /// older schema is brought to this version's first, which takes about as long as reading all its activities.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it open; [`StoreError::UnknownSchema`] when a later version made
    /// it; else what the system or RocksDB said.
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let is_there = manifest::check(path)?;
        let db = Arc::new(Db::open(path, options)?);
        recover::check_or_create(&db, is_there)?;
        let head = recover::head(&db)?;
        let outbox = OutboxReader::open(Arc::clone(&db), head.outbox_head)?;
        Ok(Self {
            writer: StoreWriter::new(Arc::clone(&db), head, outbox.gauge()),
            outbox,
            reader: StoreReader::new(Arc::clone(&db)),
            feed: Feed::open(Arc::clone(&db))?,
            db,
        })
    }
}
