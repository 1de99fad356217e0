//! The desk: what the engine remembers of people's work. Nothing of it is touched by an alert, unless groups merge or
//! end.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::audit::AuditHead;
use super::duty::TurnsRecord;
use super::keys::{self, KeyRecord, Keys};
use super::work::Work;
use super::{Answer, Command, Done, Illegal};
use crate::decision::Decision;
use crate::ids::{CaseId, GroupId, ScopeId};
use crate::record::{ActivityRecord, FactsRecord, GroupRecord, MergeRecord, Record, TallyRecord};
use crate::time::Timestamp;

/// A case that left memory, from the store: for commands on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recall {
    /// Its header.
    pub group: GroupRecord,
    /// What was done to it.
    pub work: Option<Work>,
    /// Its activities, of all parts.
    pub activities: Vec<(ActivityRecord, TallyRecord)>,
    /// What is known of its entities.
    pub facts: Option<Box<FactsRecord>>,
    /// How it was merged into another one, where it was.
    pub merge: Option<Box<MergeRecord>>,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Of live groups that were touched.
    works: BTreeMap<GroupId, Work>,
    dirty: BTreeSet<GroupId>,
    /// Groups that left memory, until the end of the batch.
    away: BTreeMap<GroupId, Recall>,
    dirty_away: BTreeSet<GroupId>,
    /// What the store has of cases that are about to be reshaped, until the end of the batch.
    files: BTreeMap<CaseId, Recall>,
    heads: BTreeMap<ScopeId, AuditHead>,
    dirty_heads: BTreeSet<ScopeId>,
    keys: Keys,
    /// How often each assignment has taken turns.
    turns: BTreeMap<(ScopeId, CompactString), u64>,
    dirty_turns: BTreeSet<(ScopeId, CompactString)>,
}

impl Desk {
    /// What was done to a live group.
    pub(crate) fn work(&self, group: GroupId) -> Option<&Work> {
        self.works.get(&group)
    }

    /// Whether a person acted on a live group.
    pub(crate) fn is_touched(&self, group: GroupId) -> bool {
        self.work(group).is_some_and(|work| work.is_touched)
    }

    /// Takes over what was done to a live group, as it stands in the store.
    pub(crate) fn restore(&mut self, work: Work) {
        self.works.insert(work.group, work);
    }

    /// What was done to a live group is this now.
    pub(crate) fn put(&mut self, work: Work) {
        self.dirty.insert(work.group);
        self.works.insert(work.group, work);
    }

    /// Lets go of a group that leaves memory.
    pub(crate) fn take(&mut self, group: GroupId, decision: &mut Decision) -> Option<Work> {
        let work = self.works.remove(&group)?;
        if self.dirty.remove(&group) {
            decision.record(|| Record::Work(Box::new(work.clone())));
        }
        Some(work)
    }

    /// Takes a group that left memory, until the batch is sealed.
    pub(crate) fn recall(&mut self, recall: Recall) {
        self.away.entry(recall.group.id).or_insert(recall);
    }

    /// Takes what the store has of a case that is about to be reshaped.
    pub(crate) fn bring(&mut self, recall: Recall) {
        self.files.insert(recall.group.case, recall);
    }

    /// Hands out what the store has of a case.
    pub(crate) fn file(&mut self, case: CaseId) -> Option<Recall> {
        self.files.remove(&case)
    }

    pub(crate) fn away(&self, group: GroupId) -> Option<&Recall> {
        self.away.get(&group)
    }

    /// A group that left memory, to change it.
    pub(crate) fn change_away(&mut self, group: GroupId) -> Option<&mut Recall> {
        self.dirty_away.insert(group);
        self.away.get_mut(&group)
    }

    /// Hands out a group that left memory, to let it come back.
    pub(crate) fn take_away(&mut self, group: GroupId) -> Option<Recall> {
        self.dirty_away.remove(&group);
        self.away.remove(&group)
    }

    pub(crate) fn head(&self, scope: ScopeId) -> AuditHead {
        let head = self.heads.get(&scope);
        head.copied().unwrap_or_else(|| AuditHead::of(scope))
    }

    pub(crate) fn heads(&self) -> impl Iterator<Item = &AuditHead> {
        self.heads.values()
    }

    pub(crate) fn works(&self) -> impl Iterator<Item = &Work> {
        self.works.values()
    }

    pub(crate) fn restore_head(&mut self, head: AuditHead) {
        self.heads.insert(head.scope, head);
    }

    pub(crate) fn put_head(&mut self, head: AuditHead) {
        self.dirty_heads.insert(head.scope);
        self.heads.insert(head.scope, head);
    }

    pub(crate) fn restore_turns(&mut self, record: TurnsRecord) {
        self.turns.insert((record.scope, record.name), record.turns);
    }

    /// The number of an assignment's next turn, from 0.
    pub(crate) fn take_turn(&mut self, scope: ScopeId, name: &CompactString) -> u64 {
        let key = (scope, name.clone());
        self.dirty_turns.insert(key.clone());
        let turns = self.turns.entry(key).or_default();
        *turns += 1;
        *turns - 1
    }

    pub(crate) fn restore_key(&mut self, key: KeyRecord) {
        self.keys.insert(key);
    }

    /// The answer to a wish that was done before.
    pub(crate) fn repeated(&self, now: Timestamp, command: &Command) -> Option<Answer> {
        let known = self.keys.get(&keys::key_of(command)?, now)?;
        Some(match known.wish == keys::wish_of(command) {
            true => Answer::Repeated(known.done),
            false => Answer::Illegal(Illegal::KeyReused),
        })
    }

    /// Remembers a wish that was done, if it has a key.
    pub(crate) fn remember(
        &mut self,
        now: Timestamp,
        command: &Command,
        done: Done,
        decision: &mut Decision,
    ) {
        let Some(key) = keys::key_of(command) else {
            return;
        };
        let record = KeyRecord {
            key,
            wish: keys::wish_of(command),
            time: now,
            done,
        };
        decision.record(|| Record::Key(record));
        for gone in self.keys.insert(record) {
            decision.record(|| Record::KeyGone(gone));
        }
    }

    /// Hands out what changed, and lets go of what was recalled.
    pub(crate) fn seal(&mut self, decision: &mut Decision) {
        for group in std::mem::take(&mut self.dirty) {
            if let Some(work) = self.works.get(&group) {
                decision.record(|| Record::Work(Box::new(work.clone())));
            }
        }
        self.files.clear();
        let mut away = std::mem::take(&mut self.away);
        for group in std::mem::take(&mut self.dirty_away) {
            if let Some(Recall { group, work, .. }) = away.remove(&group) {
                decision.record(|| Record::Group(Box::new(group)));
                if let Some(work) = work {
                    decision.record(|| Record::Work(Box::new(work)));
                }
            }
        }
        for (scope, name) in std::mem::take(&mut self.dirty_turns) {
            let turns = self.turns.get(&(scope, name.clone())).copied();
            let turns = turns.unwrap_or_default();
            decision.record(|| Record::Turns(Box::new(TurnsRecord { scope, name, turns })));
        }
        for scope in std::mem::take(&mut self.dirty_heads) {
            let head = self.head(scope);
            decision.record(|| Record::AuditHead(head));
        }
    }
}
