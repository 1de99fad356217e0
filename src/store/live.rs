//! What is live, for a start: the records from which the engine's memory is rebuilt, in the order in which it wants them.
//!
//! ```text
//! reading thread                                                caller
//! state: scopes, pairs, busy; policy                              |
//! index: loose  x  state: activities                --[8 chunks]--> emit
//! index: live   x  state: groups  x  state: activities            |
//! state: what people did, silences and what they kept out         |
//! dedup: native ids, by scope                                     |
//! ```
//!
//! Numbers ascend in every range, so each is gone through once, side by side, and not asked for group by group: a look-up
//! costs more than a record. Where many groups that ended lie between two live ones, it jumps. Reading and decoding have
//! a thread of their own, because rebuilding takes as long.

use std::ops::Range;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use rocksdb::{DBRawIterator, ReadOptions};

use caseloom_engine::ids::GroupId;
use caseloom_engine::record::{BusyRecord, GroupRecord, Record, ScopeRecord};
use caseloom_engine::recurrence::PairRecord;
use caseloom_engine::silence::SUPPRESSED_KEPT;
use caseloom_engine::time::Span;

use super::Store;
use super::codec::{self, corrupt};
use super::db::{self, Db};
use super::error::StoreError;
use super::key;
use super::policies;
use super::ports::Memory;
use super::query::ActivityPairs;
use super::recover::scopes;
use super::schema::{self, Family};
use super::suppressed;

/// Records that go to the caller at once; a chunk takes about 1 MiB.
const CHUNK: usize = 1_024;
/// Chunks that may wait for the caller.
const CHUNKS_MAX: usize = 8;
/// Entries passed over one by one before a cursor jumps: about what a jump costs.
const STEPS_MAX: usize = 16;
/// Read ahead of a cursor.
const READAHEAD: usize = 2 << 20;

impl Memory for Store {
    /// Groups ascend by number, activities by part and number, native ids by scope, day and hash: the order is the same
    /// at each restart.
    fn live_state(&self, ids_kept: Span, emit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        let (to, chunks) = bounded(CHUNKS_MAX);
        // Used again: memory that is new costs more than what is written into it.
        let (give_back, empty) = bounded(CHUNKS_MAX);
        thread::scope(|threads| {
            let work = || Reading::new(&self.db, to, empty).read(ids_kept);
            let reading = threads.spawn(work);
            hand_out(&chunks, &give_back, emit);
            match reading.join() {
                Ok(read) => read,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

fn hand_out(
    chunks: &Receiver<Vec<Record>>,
    give_back: &Sender<Vec<Record>>,
    emit: &mut dyn FnMut(Record),
) {
    for mut chunk in chunks {
        chunk.drain(..).for_each(&mut *emit);
        // One too many just goes.
        give_back.try_send(chunk).ok();
    }
}

/// The reading thread's side.
struct Reading<'a> {
    db: &'a Db,
    to: Sender<Vec<Record>>,
    empty: Receiver<Vec<Record>>,
    chunk: Vec<Record>,
}

impl<'a> Reading<'a> {
    fn new(db: &'a Db, to: Sender<Vec<Record>>, empty: Receiver<Vec<Record>>) -> Self {
        Self {
            db,
            to,
            empty,
            chunk: Vec::with_capacity(CHUNK),
        }
    }

    fn read(mut self, ids_kept: Span) -> Result<(), StoreError> {
        let scopes = scopes(self.db)?;
        for scope in &scopes {
            self.put(Record::Scope(scope.clone()));
        }
        if let Some(policy) = policies::in_force(self.db)? {
            self.put(Record::Policy(Box::new(policy)));
        }
        self.remembered()?;
        self.loose()?;
        self.groups()?;
        self.work()?;
        self.silences()?;
        for scope in &scopes {
            self.identities(scope, ids_kept)?;
        }
        self.send();
        Ok(())
    }

    fn put(&mut self, record: Record) {
        self.chunk.push(record);
        if self.chunk.len() >= CHUNK {
            self.send();
        }
    }

    fn send(&mut self) {
        let empty = self.empty.try_recv();
        let empty = empty.unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        let chunk = std::mem::replace(&mut self.chunk, empty);
        // Nobody takes it only where the caller panics, which ends this too.
        self.to.send(chunk).ok();
    }

    /// Pairs, cases that ended, and how busy entities were.
    fn remembered(&mut self) -> Result<(), StoreError> {
        let mut pairs = Cursor::over(self.db, Family::State, schema::pairs().range());
        while let Some((_, value)) = pairs.next()? {
            let pair: PairRecord = codec::decode(Family::State, value)?;
            self.put(Record::Pair(Box::new(pair)));
        }
        let mut past = Cursor::over(self.db, Family::State, schema::all_past().range());
        while let Some((_, value)) = past.next()? {
            self.put(Record::Past(codec::decode(Family::State, value)?));
        }
        let mut busy = Cursor::over(self.db, Family::State, schema::all_busy().range());
        while let Some((_, value)) = busy.next()? {
            let record: BusyRecord = codec::decode(Family::State, value)?;
            self.put(Record::Busy(Box::new(record)));
        }
        Ok(())
    }

    fn loose(&mut self) -> Result<(), StoreError> {
        let mut loose = Cursor::over(self.db, Family::Index, schema::all_loose().range());
        let mut activities = Cursor::activities(self.db);
        while let Some((key, _)) = loose.next()? {
            let home = GroupId(u64::from_be_bytes(key::part(Family::Index, key, 8)?));
            self.activities(&mut activities, home)?;
        }
        Ok(())
    }

    fn groups(&mut self) -> Result<(), StoreError> {
        let mut live = Cursor::over(self.db, Family::Index, schema::live_groups().range());
        let mut groups = Cursor::over(self.db, Family::State, schema::groups().range());
        // What was merged into a group lies elsewhere than its own: a second cursor fetches it.
        let (mut own, mut merged) = (Cursor::activities(self.db), Cursor::activities(self.db));
        while let Some((key, _)) = live.next()? {
            let id = GroupId(key::last_number(Family::Index, key)?);
            let value = groups.at(schema::group(id).as_ref())?;
            let value =
                value.ok_or_else(|| corrupt(Family::State, "a live group without its record"))?;
            let group: GroupRecord = codec::decode(Family::State, value)?;
            let parts = group.parts.clone();
            self.put(Record::Group(Box::new(group)));
            for part in parts {
                let cursor = if part == id { &mut own } else { &mut merged };
                self.activities(cursor, part)?;
            }
        }
        Ok(())
    }

    /// What people did: of all groups, also of those that left memory, because only few are ever touched.
    fn work(&mut self) -> Result<(), StoreError> {
        let mut works = Cursor::over(self.db, Family::State, schema::works().range());
        while let Some((_, value)) = works.next()? {
            self.put(Record::Work(codec::decode(Family::State, value)?));
        }
        let mut known = Cursor::over(self.db, Family::State, schema::all_facts().range());
        while let Some((_, value)) = known.next()? {
            self.put(Record::Facts(codec::decode(Family::State, value)?));
        }
        let mut heads = Cursor::over(self.db, Family::State, schema::audit_heads().range());
        while let Some((_, value)) = heads.next()? {
            self.put(Record::AuditHead(codec::decode(Family::State, value)?));
        }
        let mut turns = Cursor::over(self.db, Family::State, schema::all_turns().range());
        while let Some((_, value)) = turns.next()? {
            self.put(Record::Turns(codec::decode(Family::State, value)?));
        }
        let mut wishes = Cursor::over(self.db, Family::State, schema::wishes().range());
        while let Some((_, value)) = wishes.next()? {
            self.put(Record::Key(codec::decode(Family::State, value)?));
        }
        Ok(())
    }

    /// All silences, because few are ever made, and the latest of what they kept out.
    fn silences(&mut self) -> Result<(), StoreError> {
        let mut silences = Cursor::over(self.db, Family::State, schema::silences().range());
        while let Some((_, value)) = silences.next()? {
            self.put(Record::Silence(codec::decode(Family::State, value)?));
        }
        for kept in suppressed::latest(self.db, SUPPRESSED_KEPT)? {
            self.put(Record::Suppressed(Box::new(kept)));
        }
        Ok(())
    }

    /// The activities that opened in a group, each with its tally.
    fn activities(&mut self, cursor: &mut Cursor<'_>, home: GroupId) -> Result<(), StoreError> {
        let prefix = schema::activities(home);
        cursor.go_to(prefix.as_ref());
        let mut pairs = ActivityPairs::default();
        while let Some((key, value)) = cursor.here()? {
            if !key.starts_with(prefix.as_ref()) {
                break;
            }
            if let Some((activity, tally)) = pairs.take(key, value)? {
                self.put(Record::Activity(Box::new(activity)));
                self.put(Record::Tally(tally));
            }
            cursor.step();
        }
        Ok(())
    }

    fn identities(&mut self, scope: &ScopeRecord, kept: Span) -> Result<(), StoreError> {
        let oldest = scope.time.minus(kept);
        let first = schema::in_day(scope.id, oldest.day()).bytes();
        let range = first..schema::in_scope(scope.id).successor();
        let mut ids = Cursor::over(self.db, Family::Dedup, range);
        while let Some((key, value)) = ids.next()? {
            let identity = codec::decode_identity(scope.id, key, value)?;
            if identity.time >= oldest {
                self.put(Record::Identity(identity));
            }
        }
        Ok(())
    }
}

/// A key and its value.
type Entry<'a> = (&'a [u8], &'a [u8]);

/// Goes through a range in key order. What it reads is read once, so it is not kept in the cache; checksums are checked
/// as everywhere.
struct Cursor<'a> {
    family: Family,
    entries: DBRawIterator<'a>,
    /// Stands behind an entry that was handed out.
    is_taken: bool,
    /// What was asked for last.
    asked: Vec<u8>,
}

impl<'a> Cursor<'a> {
    fn over(db: &'a Db, family: Family, range: Range<Vec<u8>>) -> Self {
        let mut options = ReadOptions::default();
        options.set_iterate_range(range);
        options.set_readahead_size(READAHEAD);
        options.fill_cache(false);
        let mut entries = db.rocks().raw_iterator_cf_opt(db.family(family), options);
        entries.seek_to_first();
        Self {
            family,
            entries,
            is_taken: false,
            asked: Vec::new(),
        }
    }

    fn activities(db: &'a Db) -> Self {
        Self::over(db, Family::State, schema::all_activities().range())
    }

    /// The next entry.
    fn next(&mut self) -> Result<Option<Entry<'_>>, StoreError> {
        if self.is_taken && self.entries.valid() {
            self.entries.next();
        }
        self.is_taken = true;
        self.here()
    }

    /// The value under a key.
    fn at(&mut self, key: &[u8]) -> Result<Option<&[u8]>, StoreError> {
        self.go_to(key);
        let here = self.here()?;
        Ok(here
            .filter(|(found, _)| *found == key)
            .map(|(_, value)| value))
    }

    /// The entry it stands at; `None` behind the end.
    fn here(&self) -> Result<Option<Entry<'_>>, StoreError> {
        let Some(entry) = self.entries.item() else {
            let status = self.entries.status();
            return match status {
                Ok(()) => Ok(None),
                Err(source) => Err(db::read(self.family, source)),
            };
        };
        Ok(Some(entry))
    }

    fn step(&mut self) {
        self.entries.next();
    }

    /// Goes to the first entry at or behind `key`: in steps where it is near, at once where it is far or behind us.
    fn go_to(&mut self, key: &[u8]) {
        let is_ahead = key >= self.asked.as_slice();
        self.asked.clear();
        self.asked.extend_from_slice(key);
        if is_ahead {
            for _ in 0..STEPS_MAX {
                match self.entries.key() {
                    Some(here) if here < key => self.entries.next(),
                    // Everything before it lies before the key, too.
                    Some(_) => return,
                    None => break,
                }
            }
        }
        self.entries.seek(key);
    }
}
