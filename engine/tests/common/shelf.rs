//! The records as a store would hold them, and the memory that they give back after a restart.

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::accounting::Accounting;
use caseloom_engine::command::{
    AuditHead, AuditRecord, EntryRecord, KeyRecord, Recall, TurnsRecord, Work,
};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{ActivityId, GroupId, SilenceId};
use caseloom_engine::past::PastRecord;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{
    ActivityRecord, BusyRecord, FactsRecord, GroupRecord, IdentityRecord, MergeRecord, PairNames,
    PolicyRecord, Record, ScopeRecord, TallyRecord,
};
use caseloom_engine::recurrence::PairRecord;
use caseloom_engine::silence::{SUPPRESSED_KEPT, Silence, SuppressedRecord};
use caseloom_engine::time::Timestamp;

/// The last value of each record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shelf {
    pub accounting: Accounting,
    pub scopes: BTreeMap<u32, ScopeRecord>,
    pub groups: BTreeMap<GroupId, GroupRecord>,
    pub activities: BTreeMap<ActivityId, ActivityRecord>,
    pub tallies: BTreeMap<ActivityId, TallyRecord>,
    pub identities: BTreeMap<(i32, [u8; 16]), IdentityRecord>,
    pub pairs: BTreeMap<u64, PairRecord>,
    pub names: BTreeMap<u64, PairNames>,
    pub busy: BTreeMap<(u32, EntityKind, String), BusyRecord>,
    pub loose: BTreeSet<ActivityId>,
    pub works: BTreeMap<GroupId, Work>,
    pub entries: BTreeMap<(GroupId, u64), EntryRecord>,
    pub audit: BTreeMap<(u32, u64), AuditRecord>,
    pub heads: BTreeMap<u32, AuditHead>,
    pub keys: BTreeMap<[u8; 16], KeyRecord>,
    pub turns: BTreeMap<(u32, String), TurnsRecord>,
    pub merges: BTreeMap<GroupId, MergeRecord>,
    pub past: BTreeMap<GroupId, PastRecord>,
    pub silences: BTreeMap<SilenceId, Silence>,
    pub suppressed: BTreeMap<ActivityId, SuppressedRecord>,
    pub facts: BTreeMap<GroupId, FactsRecord>,
    /// The policy in force.
    pub policy: Option<PolicyRecord>,
}

impl Shelf {
    /// Puts a record in the place of the former one of its key.
    pub fn put(&mut self, record: &Record) {
        match record {
            Record::Accounting(sums) => self.accounting = sums.clone(),
            Record::Scope(scope) => drop(self.scopes.insert(scope.id.0, scope.clone())),
            Record::Activity(activity) => {
                drop(self.activities.insert(activity.id, (**activity).clone()))
            }
            Record::Tally(tally) => drop(self.tallies.insert(tally.id, *tally)),
            Record::Group(group) => drop(self.groups.insert(group.id, (**group).clone())),
            Record::Identity(met) => drop(self.identities.insert((met.time.day(), met.key), *met)),
            Record::Pair(pair) => drop(self.pairs.insert(pair.key, (**pair).clone())),
            Record::PairNames(names) => drop(self.names.insert(names.key, (**names).clone())),
            Record::PairGone(key) => {
                self.pairs.remove(key);
                self.names.remove(key);
            }
            Record::Busy(busy) => {
                let key = (busy.scope.0, busy.kind, busy.value.to_string());
                drop(self.busy.insert(key, (**busy).clone()));
            }
            Record::Links(_, activity, links) => {
                self.activities.get_mut(activity).unwrap().links = links.clone();
            }
            Record::Loose(_, activity, true) => drop(self.loose.insert(*activity)),
            Record::BusyGone(scope, kind, value) => {
                self.busy.remove(&(scope.0, *kind, value.to_string()));
            }
            Record::Policy(policy) => self.policy = Some((**policy).clone()),
            Record::Past(past) => drop(self.past.insert(past.group, (**past).clone())),
            Record::PastGone(group) => drop(self.past.remove(group)),
            Record::Facts(facts) => drop(self.facts.insert(facts.group, (**facts).clone())),
            Record::Merge(merge) => drop(self.merges.insert(merge.loser, (**merge).clone())),
            Record::Silence(silence) => drop(self.silences.insert(silence.id, (**silence).clone())),
            Record::Suppressed(kept) => drop(self.suppressed.insert(kept.id, (**kept).clone())),
            // Its record and tally follow.
            Record::Rehomed(..) => {}
            Record::Loose(_, activity, false) => drop(self.loose.remove(activity)),
            Record::Work(work) => drop(self.works.insert(work.group, (**work).clone())),
            Record::Entry(entry) => {
                let former = self
                    .entries
                    .insert((entry.group, entry.seq), (**entry).clone());
                assert!(former.is_none(), "entries are never changed");
            }
            Record::Audit(audit) => {
                let former = self
                    .audit
                    .insert((audit.scope.0, audit.seq), (**audit).clone());
                assert!(former.is_none(), "the audit is never changed");
            }
            Record::AuditHead(head) => drop(self.heads.insert(head.scope.0, *head)),
            Record::Key(key) => drop(self.keys.insert(key.key, *key)),
            Record::KeyGone(key) => drop(self.keys.remove(key)),
            Record::Turns(turns) => {
                let key = (turns.scope.0, turns.name.to_string());
                drop(self.turns.insert(key, (**turns).clone()));
            }
        }
    }

    /// A correlator with the memory that these records give, fed in the order in which the store gives them: groups
    /// by number, of each the activities of its parts in their order, then native ids by scope and day.
    pub fn wake(&self, policy: &Policy, seed: [u8; 16], now: Timestamp) -> Correlator {
        let mut woken = Correlator::new(policy.clone(), seed);
        woken.restore_accounting(self.accounting.clone());
        if let Some(policy) = &self.policy {
            woken.restore_policy(policy);
        }
        self.scopes
            .values()
            .for_each(|scope| woken.restore_scope(scope));
        self.pairs
            .values()
            .for_each(|pair| woken.restore_pair(pair));
        self.busy.values().for_each(|busy| woken.restore_busy(busy));
        let past = self.past.values();
        past.for_each(|past| woken.restore_past(past.clone()));
        for id in &self.loose {
            woken.restore_activity(&self.activities[id], self.tallies[id]);
        }
        for group in self.groups.values().filter(|group| group.stage.is_live()) {
            woken.restore_group(group);
            for part in &group.parts {
                let mine = self.activities.values().filter(|a| a.group == *part);
                mine.for_each(|a| woken.restore_activity(a, self.tallies[&a.id]));
            }
        }
        self.facts
            .values()
            .for_each(|facts| woken.restore_facts(facts));
        for met in self.identities.values() {
            if met.time >= self.scopes[&met.scope.0].time.minus(policy.dedup.ids_kept) {
                woken.restore_identity(*met);
            }
        }
        self.works
            .values()
            .for_each(|work| woken.restore_work(work.clone()));
        self.heads
            .values()
            .for_each(|head| woken.restore_audit(*head));
        self.keys.values().for_each(|key| woken.restore_key(*key));
        self.turns
            .values()
            .for_each(|turns| woken.restore_turns(turns.clone()));
        self.silences
            .values()
            .for_each(|silence| woken.restore_silence(silence.clone()));
        let latest = self.suppressed.len().saturating_sub(SUPPRESSED_KEPT);
        self.suppressed
            .values()
            .skip(latest)
            .for_each(|kept| woken.restore_suppressed(kept.clone()));
        woken.restored(now);
        woken
    }

    /// What a command on a group that left memory needs.
    pub fn recall(&self, group: GroupId) -> Option<Recall> {
        let group = self.groups.get(&group)?.clone();
        let mut activities = Vec::new();
        for part in &group.parts {
            let mine = self.activities.values().filter(|a| a.group == *part);
            activities.extend(mine.map(|a| (a.clone(), self.tallies[&a.id])));
        }
        let work = self.works.get(&group.id).cloned();
        let merge = self.merges.get(&group.id).cloned().map(Box::new);
        Some(Recall {
            facts: self.facts.get(&group.id).cloned().map(Box::new),
            group,
            work,
            activities,
            merge,
        })
    }

    /// What the grouping is, without what depends on when events went out.
    pub fn grouping(&self) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
        let of = |g: &GroupRecord| {
            let sums = (g.alerts, g.activities, g.entities, g.risk.to_bits());
            let shown = (
                g.severity,
                g.first,
                g.last,
                g.title.clone(),
                g.attack.clone(),
            );
            let ties = (g.parts.clone(), g.related.clone(), g.capped);
            (g.id, g.case, g.stage, sums, shown, ties)
        };
        self.groups.values().map(of).collect()
    }
}
