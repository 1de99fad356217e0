//! Recovery: where to go on. The records from which the engine's memory is rebuilt are read in `live`.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use caseloom_engine::accounting::Accounting;
use caseloom_engine::alert::TopicId;
use caseloom_engine::record::ScopeRecord;

use crate::pipeline::Attempt;
use crate::ports::NextOffset;

use super::codec::{self, corrupt};
use super::commit::Head;
use super::db::Db;
use super::error::StoreError;
use super::key;
use super::migrate::migrate;
use super::puts::Puts;
use super::schema::{self, Family, name};
use super::{ReadOnlyStore, Store, StoreReader};

/// Names one store for ever: drawn at creation. A copy of the output that carries another one was not made by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lineage(pub [u8; 16]);

/// What a restart begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The store's name.
    pub lineage: Lineage,
    /// The name it had before it went on with `--accept-replay`.
    pub former: Option<Lineage>,
    /// How carefully to begin.
    pub attempt: Option<Attempt>,
    /// Key of the engine's hashes, drawn at creation.
    pub seed: [u8; 16],
    /// The last batch; 0: none yet.
    pub batch_no: u64,
    /// Topic names by their numbers, ascending.
    pub topics: Vec<(TopicId, String)>,
    /// Where to read on, by topic and partition ascending; partitions that are not in here were never read.
    pub next_offsets: Vec<NextOffset>,
    /// The sums.
    pub accounting: Accounting,
    /// All scopes, ascending.
    pub scopes: Vec<ScopeRecord>,
    /// The last sequence number given to an output record; 0: none yet.
    pub outbox_head: u64,
    /// Input records that were gone before they could be read, and were passed over as the operator allowed.
    pub lost: u64,
    /// The last sequence number known to be published. After a crash it may be behind the truth, never ahead.
    pub published: u64,
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Store {
    /// Where to go on. Call it before the parts are handed out.
    ///
    /// # Errors
    /// When something can't be read.
    pub fn recover(&self) -> Result<Recovered, StoreError> {
        recovered(&self.db)
    }
}

impl StoreReader {
    /// The store's name, as of now.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn lineage(&self) -> Result<Lineage, StoreError> {
        drawn(&self.db, name::LINEAGE)
    }
}

impl ReadOnlyStore {
    /// Where a restart would go on.
    ///
    /// # Errors
    /// When something can't be read.
    pub fn recover(&self) -> Result<Recovered, StoreError> {
        recovered(&self.reader.db)
    }
}

fn recovered(db: &Db) -> Result<Recovered, StoreError> {
    let Head {
        batch_no,
        outbox_head,
    } = head(db)?;
    Ok(Recovered {
        lineage: drawn(db, name::LINEAGE)?,
        former: db.record(Family::Meta, &schema::meta(name::FORMER))?,
        attempt: db
            .record::<Option<Attempt>>(Family::Meta, &schema::meta(name::ATTEMPT))?
            .flatten(),
        seed: drawn(db, name::HASH_KEY)?,
        batch_no,
        topics: topics(db)?,
        next_offsets: next_offsets(db)?,
        accounting: accounting(db)?,
        scopes: scopes(db)?,
        outbox_head,
        lost: lost(db)?,
        published: published(db)?,
    })
}

/// Gives a new store its name and key, brings an older one to this schema, and refuses a later one.
/// `is_there`: there was a database before it was opened, so that it is not made anew in place of what is lost.
pub(super) fn check_or_create(db: &Db, is_there: bool) -> Result<(), StoreError> {
    match db.record(Family::Meta, &schema::meta(name::SCHEMA))? {
        Some(found) => migrate(db, found),
        None if is_there && !db.is_empty()? => Err(corrupt(Family::Meta, "the schema is missing")),
        None => create(db),
    }
}

/// Refuses a store of another schema, and one that is none.
pub(super) fn check(db: &Db) -> Result<(), StoreError> {
    let known = schema::SCHEMA;
    match db.record(Family::Meta, &schema::meta(name::SCHEMA))? {
        Some(found) if found == known => Ok(()),
        Some(found) if found < known => Err(StoreError::OldSchema { found, known }),
        Some(found) => Err(StoreError::UnknownSchema { found, known }),
        None => Err(corrupt(Family::Meta, "the schema is missing")),
    }
}

fn create(db: &Db) -> Result<(), StoreError> {
    let mut puts = Puts::new(db, 0);
    for name in [name::LINEAGE, name::HASH_KEY] {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(StoreError::Random)?;
        puts.record(Family::Meta, &schema::meta(name), &random)?;
    }
    puts.record(Family::Meta, &schema::meta(name::SCHEMA), &schema::SCHEMA)?;
    db.write(puts.into_batch(), true)?;
    // Into a table at once: whatever happens to the log later, the store keeps its name.
    db.flush(Family::Meta)
}

/// Draws another name for a store that forgot what it had published: whoever goes on with what it was is another one.
pub(super) fn renew_lineage(db: &Db) -> Result<Lineage, StoreError> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(StoreError::Random)?;
    let mut puts = Puts::new(db, 0);
    let former: Lineage = drawn(db, name::LINEAGE)?;
    puts.record(Family::Meta, &schema::meta(name::FORMER), &former)?;
    puts.record(Family::Meta, &schema::meta(name::LINEAGE), &random)?;
    db.write(puts.into_batch(), true)?;
    Ok(Lineage(random))
}

pub(super) fn head(db: &Db) -> Result<Head, StoreError> {
    Ok(db
        .record(Family::Meta, &schema::meta(name::HEAD))?
        .unwrap_or_default())
}

pub(super) fn published(db: &Db) -> Result<u64, StoreError> {
    Ok(db
        .record(Family::Meta, &schema::meta(name::PUBLISHED))?
        .unwrap_or_default())
}

pub(super) fn accounting(db: &Db) -> Result<Accounting, StoreError> {
    Ok(db
        .record(Family::Meta, &schema::meta(name::ACCOUNTING))?
        .unwrap_or_default())
}

pub(super) fn lost(db: &Db) -> Result<u64, StoreError> {
    Ok(db
        .record(Family::Meta, &schema::meta(name::LOST))?
        .unwrap_or_default())
}

fn drawn<T: DeserializeOwned>(db: &Db, name: &str) -> Result<T, StoreError> {
    let value = db.record(Family::Meta, &schema::meta(name))?;
    value.ok_or_else(|| corrupt(Family::Meta, "the lineage or the hash key is missing"))
}

pub(super) fn topics(db: &Db) -> Result<Vec<(TopicId, String)>, StoreError> {
    let mut topics = Vec::new();
    db.scan(Family::Meta, schema::topics().range(), |key, value| {
        let id = TopicId(u16::from_be_bytes(key::part(Family::Meta, key, 0)?));
        topics.push((id, codec::decode(Family::Meta, value)?));
        Ok(())
    })?;
    Ok(topics)
}

fn next_offsets(db: &Db) -> Result<Vec<NextOffset>, StoreError> {
    let mut offsets = Vec::new();
    db.scan(
        Family::Meta,
        schema::next_offsets().range(),
        |key, value| {
            let topic = TopicId(u16::from_be_bytes(key::part(Family::Meta, key, 4)?));
            let partition = i32::from_be_bytes(key::part(Family::Meta, key, 0)?);
            let offset = codec::decode(Family::Meta, value)?;
            offsets.push(NextOffset {
                topic,
                partition,
                offset,
            });
            Ok(())
        },
    )?;
    Ok(offsets)
}

pub(super) fn scopes(db: &Db) -> Result<Vec<ScopeRecord>, StoreError> {
    let mut scopes = Vec::new();
    db.scan(Family::State, schema::scopes().range(), |_, value| {
        scopes.push(codec::decode(Family::State, value)?);
        Ok(())
    })?;
    Ok(scopes)
}
