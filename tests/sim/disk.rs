//! A simulated store: a log of writes and what they amount to. It knows what a real disk may do: lose what was not
//! synced, tear nothing (RocksDB drops a torn batch whole), be full, rot, and, if it lies, lose what it said was synced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use caseloom::pipeline::Attempt;
use caseloom::ports::{NextOffset, OutputRecord};
use caseloom::store::{
    BatchStore, ChainLink, CommitBatch, Head, Lineage, Memory, Outbox, OutboxPage, OutboxPending,
    Recovered, StoreError,
};
use caseloom_engine::accounting::Accounting;
use caseloom_engine::alert::TopicId;
use caseloom_engine::command::{
    AuditHead, AuditRecord, EntryRecord, KeyRecord, Recall, TurnsRecord, Work,
};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::past::PastRecord;
use caseloom_engine::record::{
    ActivityRecord, BusyRecord, FactsRecord, GroupRecord, IdentityRecord, MergeRecord,
    PolicyRecord, Record, ScopeRecord, TallyRecord,
};
use caseloom_engine::recurrence::PairRecord;
use caseloom_engine::silence::{Silence, SuppressedRecord};
use caseloom_engine::time::Span;

use crate::chaos::{Call, Chaos};

/// Records in a page; small, so that a run has many transactions.
const PAGE_RECORDS: usize = 6;

/// A disk that outlives its processes. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    chaos: Chaos,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    log: Vec<Write>,
    /// So many writes survive a loss of power.
    synced: usize,
    /// Whatever is read is told to be broken.
    rotten: bool,
    image: Image,
}

/// What is written at once.
#[derive(Clone, Debug)]
enum Write {
    Batch(Arc<Batch>),
    Mark(u64),
    Lineage([u8; 16]),
}

#[derive(Debug)]
struct Batch {
    records: Vec<Record>,
    next_offsets: Vec<NextOffset>,
    topics: Vec<(TopicId, String)>,
    outbox: Vec<OutputRecord>,
    chains: Vec<(CaseId, ChainLink)>,
    head: Head,
}

/// What the writes amount to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    pub(crate) lineage: [u8; 16],
    former: Option<[u8; 16]>,
    pub(crate) head: Head,
    pub(crate) published: u64,
    pub(crate) accounting: Accounting,
    pub(crate) groups: BTreeMap<GroupId, GroupRecord>,
    pub(crate) activities: BTreeMap<(GroupId, ActivityId), ActivityRecord>,
    pub(crate) tallies: BTreeMap<(GroupId, ActivityId), TallyRecord>,
    pub(crate) identities: BTreeMap<(ScopeId, i32, [u8; 16]), IdentityRecord>,
    pub(crate) pairs: BTreeMap<u64, PairRecord>,
    pub(crate) policy: Option<PolicyRecord>,
    pub(crate) busy: BTreeMap<(u32, u8, String), BusyRecord>,
    pub(crate) loose: BTreeSet<(GroupId, ActivityId)>,
    pub(crate) works: BTreeMap<GroupId, Work>,
    pub(crate) facts: BTreeMap<GroupId, FactsRecord>,
    pub(crate) merges: BTreeMap<GroupId, MergeRecord>,
    pub(crate) past: BTreeMap<GroupId, PastRecord>,
    pub(crate) silences: BTreeMap<u64, Silence>,
    pub(crate) suppressed: BTreeMap<ActivityId, SuppressedRecord>,
    pub(crate) heads: BTreeMap<ScopeId, AuditHead>,
    pub(crate) keys: BTreeMap<[u8; 16], KeyRecord>,
    pub(crate) turns: BTreeMap<(ScopeId, String), TurnsRecord>,
    pub(crate) entries: BTreeMap<(GroupId, u64), EntryRecord>,
    pub(crate) audit: BTreeMap<(ScopeId, u64), AuditRecord>,
    pub(crate) next: BTreeMap<(TopicId, i32), i64>,
    pub(crate) outbox: BTreeMap<u64, (u64, OutputRecord)>,
    pub(crate) chains: BTreeMap<CaseId, ChainLink>,
    scopes: BTreeMap<ScopeId, ScopeRecord>,
    topics: BTreeMap<TopicId, String>,
}

/// How a process may end, for its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Killed: what was written stays.
    Nothing,
    /// No power: some of what was not synced is gone.
    Unsynced,
    /// No power, and the disk lied: some of everything is gone.
    Anything,
}

impl Disk {
    pub(crate) fn new(chaos: &Chaos) -> Self {
        let mut state = State::default();
        state.image.lineage = [7; 16];
        Self {
            chaos: chaos.clone(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Another disk with the same content.
    pub(crate) fn copy(&self) -> Self {
        Self {
            chaos: self.chaos.clone(),
            state: Arc::new(Mutex::new(self.look(State::clone))),
        }
    }

    pub(crate) fn image(&self) -> Image {
        self.look(|state| state.image.clone())
    }

    fn look<T>(&self, see: impl FnOnce(&State) -> T) -> T {
        see(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on it can be written, but not read.
    pub(crate) fn rot(&self) {
        self.change(|state| state.rotten = true);
    }

    pub(crate) fn is_rotten(&self) -> bool {
        self.look(|state| state.rotten)
    }

    fn check(&self) -> Result<(), StoreError> {
        let broken = StoreError::Corrupt {
            family: "state",
            what: "a record that does not read back",
        };
        if self.is_rotten() {
            Err(broken)
        } else {
            Ok(())
        }
    }

    /// The end of a process. Returns whether something that was synced is gone.
    pub(crate) fn lose(&self, loss: Loss) -> bool {
        let (written, synced) = self.look(|state| (state.log.len(), state.synced));
        let kept = match loss {
            Loss::Nothing => written,
            Loss::Unsynced => synced + self.chaos.below(written - synced + 1),
            Loss::Anything => self.chaos.below(written + 1),
        };
        self.change(|state| {
            state.log.truncate(kept);
            state.synced = kept;
            state.image = Image {
                lineage: [7; 16],
                ..Image::default()
            };
            for write in &state.log {
                state.image.apply(write);
            }
        });
        kept < synced
    }

    pub(crate) fn recovered(&self) -> Recovered {
        let image = self.image();
        let next = |(&(topic, partition), &offset)| NextOffset {
            topic,
            partition,
            offset,
        };
        Recovered {
            lineage: Lineage(image.lineage),
            former: image.former.map(Lineage),
            attempt: None,
            seed: [3; 16],
            batch_no: image.head.batch_no,
            topics: image.topics.into_iter().collect(),
            next_offsets: image.next.iter().map(next).collect(),
            accounting: image.accounting,
            scopes: image.scopes.into_values().collect(),
            outbox_head: image.head.outbox_head,
            lost: 0,
            published: image.published,
        }
    }

    fn write(&self, write: Write, synced: bool) {
        self.change(|state| {
            state.image.apply(&write);
            state.log.push(write);
            if synced {
                state.synced = state.log.len();
            }
        });
    }
}

impl Image {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::Lineage(lineage) => {
                self.former = Some(std::mem::replace(&mut self.lineage, *lineage));
            }
            Write::Mark(sequence) => {
                self.published = self.published.max((*sequence).min(self.head.outbox_head));
                self.outbox = self.outbox.split_off(&(self.published + 1));
            }
            Write::Batch(batch) => self.apply_batch(batch),
        }
    }

    fn apply_batch(&mut self, batch: &Batch) {
        for record in &batch.records {
            match record.clone() {
                Record::Accounting(sums) => self.accounting = sums,
                Record::Scope(scope) => drop(self.scopes.insert(scope.id, scope)),
                Record::Activity(activity) => {
                    let key = (activity.group, activity.id);
                    drop(self.activities.insert(key, *activity));
                }
                Record::Tally(tally) => {
                    self.tallies.insert((tally.group, tally.id), tally);
                }
                Record::Group(group) => drop(self.groups.insert(group.id, *group)),
                Record::Identity(identity) => {
                    let key = (identity.scope, identity.time.day(), identity.key);
                    self.identities.insert(key, identity);
                }
                Record::Pair(pair) => drop(self.pairs.insert(pair.key, *pair)),
                Record::PairNames(_) => {}
                Record::PairGone(key) => drop(self.pairs.remove(&key)),
                Record::Busy(busy) => {
                    let key = (busy.scope.0, busy.kind as u8, busy.value.to_string());
                    self.busy.insert(key, *busy);
                }
                Record::BusyGone(scope, kind, value) => {
                    self.busy.remove(&(scope.0, kind as u8, value.to_string()));
                }
                Record::Policy(policy) => self.policy = Some(*policy),
                Record::Links(group, id, links) => {
                    let activity = self.activities.get_mut(&(group, id));
                    activity.expect("links of an activity that is there").links = links;
                }
                Record::Past(past) => drop(self.past.insert(past.group, *past)),
                Record::PastGone(group) => drop(self.past.remove(&group)),
                Record::Facts(facts) => drop(self.facts.insert(facts.group, *facts)),
                Record::Merge(merge) => drop(self.merges.insert(merge.loser, *merge)),
                Record::Silence(silence) => drop(self.silences.insert(silence.id.0, *silence)),
                Record::Suppressed(kept) => drop(self.suppressed.insert(kept.id, *kept)),
                Record::Rehomed(activity, from, _) => {
                    self.activities.remove(&(from, activity));
                    self.tallies.remove(&(from, activity));
                }
                Record::Work(work) => drop(self.works.insert(work.group, *work)),
                Record::AuditHead(head) => drop(self.heads.insert(head.scope, head)),
                Record::Turns(turns) => {
                    let key = (turns.scope, turns.name.to_string());
                    drop(self.turns.insert(key, *turns));
                }
                Record::Key(key) => drop(self.keys.insert(key.key, key)),
                Record::KeyGone(key) => drop(self.keys.remove(&key)),
                Record::Entry(entry) => drop(self.entries.insert((entry.group, entry.seq), *entry)),
                Record::Audit(audit) => drop(self.audit.insert((audit.scope, audit.seq), *audit)),
                Record::Loose(home, id, true) => drop(self.loose.insert((home, id))),
                Record::Loose(home, id, false) => drop(self.loose.remove(&(home, id))),
            }
        }
        for next in &batch.next_offsets {
            self.next.insert((next.topic, next.partition), next.offset);
        }
        self.topics.extend(batch.topics.iter().cloned());
        self.chains.extend(batch.chains.iter().copied());
        let numbered = (self.head.outbox_head + 1..).zip(batch.outbox.iter().cloned());
        let no = batch.head.batch_no;
        self.outbox
            .extend(numbered.map(|(sequence, record)| (sequence, (no, record))));
        self.head = batch.head;
    }
}

impl BatchStore for Disk {
    fn write_batch(&mut self, batch: &CommitBatch<'_>) -> Result<Head, StoreError> {
        let head = self.look(|state| Head {
            batch_no: state.image.head.batch_no + 1,
            outbox_head: state.image.head.outbox_head + batch.outbox.len() as u64,
        });
        let batch = Arc::new(Batch {
            records: batch.records.to_vec(),
            next_offsets: batch.next_offsets.to_vec(),
            topics: batch.topics.to_vec(),
            outbox: batch.outbox.to_vec(),
            chains: batch.chains.to_vec(),
            head,
        });
        // The disk is full, or its fsync failed: the process ends itself.
        let is_full = self.chaos.fault(60);
        let written = self.chaos.call(Call::Commit, || {
            if !is_full {
                self.write(Write::Batch(batch), true);
            }
        });
        match written {
            Ok(()) if !is_full => Ok(head),
            _ => Err(StoreError::Stopped),
        }
    }

    fn outbox_pending(&self) -> OutboxPending {
        self.look(|state| OutboxPending {
            records: state.image.head.outbox_head - state.image.published,
            bytes: 0,
        })
    }

    /// Messages that crash the process are another test's.
    fn note_attempt(&mut self, _: Option<Attempt>) -> Result<(), StoreError> {
        Ok(())
    }

    fn recall(
        &self,
        case: CaseId,
        is_live: &dyn Fn(GroupId) -> bool,
    ) -> Result<Option<Recall>, StoreError> {
        self.check()?;
        let image = self.image();
        let group = image.groups.values().find(|group| group.case == case);
        Ok(group.map(|group| {
            let parts = group.parts.iter().filter(|_| !is_live(group.id));
            let of_part = |part: &GroupId| {
                let range = (*part, ActivityId(0))..=(*part, ActivityId(u64::MAX));
                let found = image.activities.range(range);
                found.map(|(key, activity)| (activity.clone(), image.tallies[key]))
            };
            Recall {
                group: group.clone(),
                work: image.works.get(&group.id).cloned(),
                facts: image.facts.get(&group.id).cloned().map(Box::new),
                activities: parts.flat_map(of_part).collect(),
                merge: image.merges.get(&group.id).cloned().map(Box::new),
            }
        }))
    }

    fn chain(&self, case: CaseId) -> Result<ChainLink, StoreError> {
        self.check()?;
        Ok(self.look(|state| state.image.chains.get(&case).copied().unwrap_or_default()))
    }
}

impl Outbox for Disk {
    fn page_after(&mut self, sequence: u64) -> Result<OutboxPage, StoreError> {
        self.check()?;
        let page = self.chaos.call(Call::Page, || {
            self.look(|state| {
                let mut page = OutboxPage {
                    records: Vec::new(),
                    last: sequence,
                };
                let mut batch = 0;
                for (&number, (no, record)) in state.image.outbox.range(sequence + 1..) {
                    if page.records.len() >= PAGE_RECORDS && *no != batch {
                        break;
                    }
                    assert_eq!(number, page.last + 1, "the outbox has a hole");
                    batch = *no;
                    page.records.push(record.clone());
                    page.last = number;
                }
                page
            })
        });
        page.map_err(|_| StoreError::Stopped)
    }

    fn mark_published(&mut self, sequence: u64) -> Result<(), StoreError> {
        let marked = self
            .chaos
            .call(Call::Mark, || self.write(Write::Mark(sequence), false));
        marked.map_err(|_| StoreError::Stopped)
    }

    fn renew_lineage(&mut self) -> Result<Lineage, StoreError> {
        let mut lineage = [0; 16];
        lineage[..8].copy_from_slice(&(self.chaos.below(usize::MAX) as u64).to_be_bytes());
        let renewed = self
            .chaos
            .call(Call::Renew, || self.write(Write::Lineage(lineage), true));
        renewed
            .map(|()| Lineage(lineage))
            .map_err(|_| StoreError::Stopped)
    }

    fn outbox_pending(&self) -> OutboxPending {
        BatchStore::outbox_pending(self)
    }
}

impl Memory for Disk {
    fn live_state(&self, ids_kept: Span, emit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.check()?;
        let image = self.image();
        for scope in image.scopes.values() {
            emit(Record::Scope(scope.clone()));
        }
        for pair in image.pairs.values() {
            emit(Record::Pair(Box::new(pair.clone())));
        }
        if let Some(policy) = &image.policy {
            emit(Record::Policy(Box::new(policy.clone())));
        }
        for past in image.past.values() {
            emit(Record::Past(Box::new(past.clone())));
        }
        for busy in image.busy.values() {
            emit(Record::Busy(Box::new(busy.clone())));
        }
        for key in &image.loose {
            emit(Record::Activity(Box::new(image.activities[key].clone())));
            emit(Record::Tally(image.tallies[key]));
        }
        for group in image.groups.values().filter(|group| group.stage.is_live()) {
            emit(Record::Group(Box::new(group.clone())));
            for part in &group.parts {
                let activities = (*part, ActivityId(0))..=(*part, ActivityId(u64::MAX));
                for (key, activity) in image.activities.range(activities) {
                    emit(Record::Activity(Box::new(activity.clone())));
                    emit(Record::Tally(image.tallies[key]));
                }
            }
        }
        for work in image.works.values() {
            emit(Record::Work(Box::new(work.clone())));
        }
        for facts in image.facts.values() {
            emit(Record::Facts(Box::new(facts.clone())));
        }
        for head in image.heads.values() {
            emit(Record::AuditHead(*head));
        }
        for turns in image.turns.values() {
            emit(Record::Turns(Box::new(turns.clone())));
        }
        for silence in image.silences.values() {
            emit(Record::Silence(Box::new(silence.clone())));
        }
        for kept in image.suppressed.values() {
            emit(Record::Suppressed(Box::new(kept.clone())));
        }
        for key in image.keys.values() {
            emit(Record::Key(*key));
        }
        for scope in image.scopes.values() {
            let oldest = scope.time.minus(ids_kept);
            let of_scope = (scope.id, i32::MIN, [0; 16])..=(scope.id, i32::MAX, [255; 16]);
            for (_, identity) in image.identities.range(of_scope) {
                if identity.time >= oldest {
                    emit(Record::Identity(*identity));
                }
            }
        }
        Ok(())
    }
}
