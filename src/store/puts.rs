//! What a batch is in keys and values: each kind of content becomes its puts in one RocksDB write batch.

use rocksdb::{ColumnFamily, WriteBatch};

use caseloom_engine::alert::TopicId;
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{GroupRecord, IdentityRecord, Record};

use crate::ports::{Destination, NextOffset, OutputRecord};

use super::chain::ChainLink;
use super::chunk::{ChunkRow, ChunkWriter};
use super::codec::{self, VERSION};
use super::commit::{AlertRow, Head, RawMessage};
use super::db::Db;
use super::error::StoreError;
use super::key::Key;
use super::output;
use super::pack::put_varint;
use super::policies;
use super::schema::{self, Family, name};

/// The write batch of one commit.
pub(super) struct Puts<'a> {
    families: [&'a ColumnFamily; Family::ALL.len()],
    batch: WriteBatch,
    batch_no: u64,
    /// The value being encoded.
    value: Vec<u8>,
}

impl<'a> Puts<'a> {
    pub(super) fn new(db: &'a Db, batch_no: u64) -> Self {
        Self {
            families: Family::ALL.map(|family| db.family(family)),
            batch: WriteBatch::default(),
            batch_no,
            value: Vec::new(),
        }
    }

    pub(super) fn into_batch(self) -> WriteBatch {
        self.batch
    }

    /// Native ids come last and in key order. There may be one per alert, and their keys are hashes: put as they
    /// come, a flood takes 2.2 us of the owner thread per alert, in key order 1.3 (`benches/store.rs`).
    pub(super) fn records(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let mut identities = Vec::new();
        for record in records {
            match record {
                Record::Identity(identity) => identities.push(identity),
                other => self.engine_record(other)?,
            }
        }
        identities
            .sort_unstable_by_key(|identity| (identity.scope, identity.time.day(), identity.key));
        identities
            .into_iter()
            .try_for_each(|identity| self.identity(identity))
    }

    fn engine_record(&mut self, record: &Record) -> Result<(), StoreError> {
        use schema::{PART_ACTIVITY, PART_LINKS, PART_TALLY};
        match record {
            Record::Accounting(sums) => {
                self.record(Family::Meta, &schema::meta(name::ACCOUNTING), sums)
            }
            Record::Scope(scope) => self.record(Family::State, &schema::scope(scope.id), scope),
            Record::Activity(activity) => {
                let key = schema::activity(activity.group, activity.id, PART_ACTIVITY);
                self.record(Family::State, &key, activity)
            }
            Record::Tally(tally) => {
                let key = schema::activity(tally.group, tally.id, PART_TALLY);
                self.record(Family::State, &key, tally)
            }
            Record::Group(group) => self.group(group),
            Record::Identity(identity) => self.identity(identity),
            Record::Pair(pair) => self.record(Family::State, &schema::pair(pair.key), pair),
            Record::PairNames(names) => {
                self.record(Family::State, &schema::pair_names(names.key), names)
            }
            Record::PairGone(key) => {
                self.delete(Family::State, schema::pair(*key));
                self.delete(Family::State, schema::pair_names(*key));
                Ok(())
            }
            Record::Busy(busy) => {
                let key = schema::busy(busy.scope, busy.kind, &busy.value);
                self.record(Family::State, &key, busy)
            }
            Record::BusyGone(scope, kind, value) => {
                self.delete(Family::State, schema::busy(*scope, *kind, value));
                Ok(())
            }
            Record::Past(past) => self.record(Family::State, &schema::past(past.group), past),
            Record::PastGone(group) => {
                self.delete(Family::State, schema::past(*group));
                Ok(())
            }
            Record::Facts(facts) => self.record(Family::State, &schema::facts(facts.group), facts),
            Record::Merge(merge) => self.record(Family::State, &schema::merge(merge.loser), merge),
            Record::Rehomed(activity, from, _) => {
                for part in [PART_ACTIVITY, PART_LINKS, PART_TALLY] {
                    self.delete(Family::State, schema::activity(*from, *activity, part));
                }
                Ok(())
            }
            Record::Silence(silence) => {
                self.record(Family::State, &schema::silence(silence.id), silence)
            }
            Record::Suppressed(kept) => {
                self.record(Family::State, &schema::suppressed(kept.id), kept)
            }
            Record::Policy(policy) => policies::put(self, policy),
            Record::Links(group, activity, links) => {
                let key = schema::activity(*group, *activity, PART_LINKS);
                self.record(Family::State, &key, links)
            }
            Record::Work(work) => self.record(Family::State, &schema::work(work.group), work),
            Record::Entry(entry) => {
                let key = schema::entry(entry.group, entry.seq);
                self.record(Family::State, &key, entry)
            }
            Record::Audit(audit) => {
                let key = schema::audit_record(audit.scope, audit.seq);
                self.record(Family::Audit, &key, audit)
            }
            Record::AuditHead(head) => {
                self.record(Family::State, &schema::audit_head(head.scope), head)
            }
            Record::Turns(turns) => self.record(Family::State, &schema::turns(turns), turns),
            Record::Key(key) => self.record(Family::State, &schema::wish(key.key), key),
            Record::KeyGone(key) => {
                self.delete(Family::State, schema::wish(*key));
                Ok(())
            }
            Record::Loose(home, activity, is_loose) => {
                let key = schema::loose(*home, *activity);
                if *is_loose {
                    self.batch
                        .put_cf(self.families[Family::Index as usize], key, [VERSION]);
                } else {
                    self.delete(Family::Index, key);
                }
                Ok(())
            }
        }
    }

    fn identity(&mut self, identity: &IdentityRecord) -> Result<(), StoreError> {
        let key = schema::identity(identity.scope, identity.time.day(), identity.key);
        codec::encode_identity(identity, &mut self.value)?;
        self.value(Family::Dedup, &key);
        Ok(())
    }

    /// A group with its place in the index, and the mark by which recovery finds the live ones.
    fn group(&mut self, group: &GroupRecord) -> Result<(), StoreError> {
        self.record(Family::State, &schema::group(group.id), group)?;
        // Background that was attached was never a case.
        if group.case != CaseId(0) {
            self.record(Family::Index, &schema::case(group.case), &group.id)?;
        }
        let live = schema::live(group.id);
        if group.stage.is_live() {
            self.batch
                .put_cf(self.families[Family::Index as usize], live, [VERSION]);
        } else {
            self.delete(Family::Index, live);
        }
        Ok(())
    }

    /// One chunk for each activity that has rows; the rows keep their order in it.
    pub(super) fn alerts(&mut self, rows: &[AlertRow<'_>]) {
        let bucket = |row: &AlertRow<'_>| (row.scope, row.day, row.activity);
        let mut sorted: Vec<&AlertRow<'_>> = rows.iter().collect();
        sorted.sort_by_key(|row| bucket(row));
        for rows in sorted.chunk_by(|a, b| bucket(a) == bucket(b)) {
            let (scope, day, activity) = bucket(rows[0]);
            let mut chunk = ChunkWriter::new(&mut self.value);
            for &&AlertRow {
                id,
                position,
                time,
                disposition,
                ..
            } in rows
            {
                chunk.push(&ChunkRow {
                    id,
                    position,
                    time,
                    disposition,
                });
            }
            self.value(
                Family::Alerts,
                &schema::alerts(scope, day, activity, self.batch_no),
            );
        }
    }

    pub(super) fn raw(&mut self, messages: &[RawMessage<'_>]) {
        for message in messages {
            let RawMessage {
                scope,
                day,
                activity,
                position,
                bytes,
            } = *message;
            self.value.clear();
            self.value.push(VERSION);
            put_varint(&mut self.value, position.index.into());
            self.value.extend_from_slice(bytes);
            self.value(Family::Raw, &schema::raw(scope, day, activity, position));
        }
    }

    pub(super) fn next_offsets(&mut self, offsets: &[NextOffset]) -> Result<(), StoreError> {
        offsets.iter().try_for_each(|next| {
            let key = schema::next_offset(next.topic, next.partition);
            self.record(Family::Meta, &key, &next.offset)
        })
    }

    pub(super) fn topics(&mut self, topics: &[(TopicId, String)]) -> Result<(), StoreError> {
        topics
            .iter()
            .try_for_each(|(id, name)| self.record(Family::Meta, &schema::topic(*id), name))
    }

    /// Puts the events among the records into the feed. Returns the bytes of the values.
    pub(super) fn feed(&mut self, first: u64, records: &[OutputRecord]) -> u64 {
        let mut bytes = 0;
        for (sequence, record) in (first..).zip(records) {
            if record.destination == Destination::Events {
                output::encode(self.batch_no, record, &mut self.value);
                bytes += self.value.len() as u64;
                self.value(Family::Outbox, &schema::feed_entry(sequence));
            }
        }
        bytes
    }

    /// Returns the bytes of the values.
    pub(super) fn outbox(&mut self, first: u64, records: &[OutputRecord]) -> u64 {
        let mut bytes = 0;
        for (sequence, record) in (first..).zip(records) {
            output::encode(self.batch_no, record, &mut self.value);
            bytes += self.value.len() as u64;
            self.value(Family::Outbox, &schema::outbox(sequence));
        }
        bytes
    }

    pub(super) fn chains(&mut self, chains: &[(CaseId, ChainLink)]) -> Result<(), StoreError> {
        chains
            .iter()
            .try_for_each(|(case, link)| self.record(Family::Index, &schema::chain(*case), link))
    }

    pub(super) fn lost(&mut self, lost: Option<u64>) -> Result<(), StoreError> {
        lost.map_or(Ok(()), |lost| {
            self.record(Family::Meta, &schema::meta(name::LOST), &lost)
        })
    }

    pub(super) fn head(&mut self, head: &Head) -> Result<(), StoreError> {
        self.record(Family::Meta, &schema::meta(name::HEAD), head)
    }

    /// Puts what was encoded last.
    fn value(&mut self, family: Family, key: &Key) {
        self.batch
            .put_cf(self.families[family as usize], key, &self.value);
    }

    pub(super) fn delete(&mut self, family: Family, key: impl AsRef<[u8]>) {
        self.batch.delete_cf(self.families[family as usize], key);
    }

    pub(super) fn record<T: serde::Serialize>(
        &mut self,
        family: Family,
        key: &Key,
        value: &T,
    ) -> Result<(), StoreError> {
        codec::encode(family, value, &mut self.value)?;
        self.value(family, key);
        Ok(())
    }
}
