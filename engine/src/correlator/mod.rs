//! The correlator: the state machine that turns alerts into cases. Deterministic: the same calls in the same order
//! give the same decisions, however the calls are split into batches and whatever the seed is.
//!
//! Verbs take what happened and fill the caller's [`Decision`]; [`Correlator::next_deadline`] says when to call
//! again; [`Correlator::seal`] ends a batch and hands out the final value of everything that changed.
//!
//! Rooms: `decide` (one alert), `link` (what it shares with whom), `place` (join, open, merge, continue), `merge`,
//! `know` (what lists say of its entities), `life` (promotion, expiry, closing), `reopen` (what returns to a case that silence closed), `recur` (which case a new one comes back from), `silence` (what people don't want to hear of), `command` (what people do), `context` (another policy), `announce` (events), `restore` (memory
//! from the store), `memory` (what goes when there is too much), `digest` (state hash).

mod ahead;
mod announce;
mod background;
mod command;
mod context;
mod decide;
mod digest;
mod duty;
mod exchange;
mod judge;
mod know;
mod life;
mod link;
mod memory;
mod merge;
mod place;
mod plan;
mod recur;
mod reopen;
mod reshape;
mod restore;
mod silence;

pub use memory::Evicted;

use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::accounting::{Accounting, Disposition, MessageOutcome, Move};
use crate::activities::{Activity, ActivityTable};
use crate::alert::{Alert, TopicId};
use crate::busy::Commonness;
use crate::command::Desk;
use crate::deadlines::Deadlines;
use crate::decision::Decision;
use crate::entities::EntityTable;
use crate::entity::EntityKind;
use crate::groups::{Group, GroupTable};
use crate::hours::Hours;
use crate::identities::Identities;
use crate::ids::{GroupId, ScopeId};
use crate::keys::KeyTable;
use crate::knowledge::Knowledge;
use crate::past::Past;
use crate::policy::Policy;
use crate::printer::Printer;
use crate::record::{BusyRecord, Record, Stage};
use crate::recurrence::{Pair, PairTable};
use crate::rules::RuleTable;
use crate::scopes::Scopes;
use crate::silence::{Board, Kept};
use crate::slots::No;
use crate::time::{Span, Timestamp};
use crate::versions::Versions;

/// The state machine. One per shard, owned by one thread.
#[derive(Debug)]
pub struct Correlator {
    policy: Policy,
    /// The number of its version.
    policy_no: u16,
    /// The policies that made the links in memory.
    policies: Versions,
    /// The version that the store has as the one in force.
    told: Option<CompactString>,
    /// Since when the policy is in force, until the store has it.
    policy_since: Option<Timestamp>,
    /// What lists say of entities.
    knowledge: Arc<Knowledge>,
    topics: BTreeMap<TopicId, CompactString>,
    scopes: Scopes,
    entities: EntityTable,
    rules: RuleTable,
    activities: ActivityTable,
    groups: GroupTable,
    identities: Identities,
    pairs: PairTable,
    keys: KeyTable,
    printer: Printer,
    accounting: Accounting,
    /// Wall times at which gathered changes of cases are announced.
    announcements: Deadlines<GroupId>,
    dirty_activities: Vec<No<Activity>>,
    dirty_groups: Vec<No<Group>>,
    dirty_scopes: Vec<ScopeId>,
    dirty_pairs: Vec<No<Pair>>,
    dirty_busy: Vec<BusyKey>,
    /// The entities whose busy hours the store has.
    known_busy: BTreeSet<BusyKey>,
    /// The longest dedup window of any source.
    window_max: Span,
    /// The shortest gap of a kind that links.
    gap_min: Span,
    /// The shortest gap over which a case is reached for longer than a candidate, if there is one.
    reopening: Option<Span>,
    /// What ended, folded into a hash: they have left memory, but not the state.
    ended: blake3::Hasher,
    desk: Desk,
    past: Past,
    silences: Board,
    suppressed: Kept,
    scratch: decide::Scratch,
}

/// Sizes of the engine's tables, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Entities named by live activities.
    pub entities: usize,
    /// Rules of live activities.
    pub rules: usize,
    /// Live activities.
    pub activities: usize,
    /// Native ids remembered.
    pub identities: usize,
    /// (rule, subject) pairs and rules remembered.
    pub pairs: usize,
    /// Things other than single entities by which live activities link.
    pub keys: usize,
    /// Candidates.
    pub candidates: usize,
    /// Open cases.
    pub cases: usize,
    /// Cases that silence closed, and that something may still reopen.
    pub dormant: usize,
    /// Entities of cases that ended, each case's counted.
    pub past: usize,
}

/// An entity as the store knows it: its scope, kind and value.
pub(crate) type BusyKey = (ScopeId, EntityKind, CompactString);

/// An entity that is worth less than its kind, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubView {
    /// Its scope.
    pub scope: ScopeId,
    /// What it is.
    pub kind: EntityKind,
    /// Its value.
    pub value: CompactString,
    /// What it is worth.
    pub commonness: Commonness,
    /// In how many of the settled hours of the last day it was busy.
    pub busy_hours: u32,
}

impl Correlator {
    /// An empty correlator. `seed` is the store's secret: hash tables and dedup keys depend on it, decisions don't.
    #[must_use]
    pub fn new(policy: Policy, seed: [u8; 16]) -> Self {
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| seed[from + i]));
        let hash_seed = half(0) ^ half(8).rotate_left(32);
        let window_max = context::longest_window(&policy);
        let gap_min = context::shortest_gap(&policy);
        let reopening = reopen::shortest(&policy);
        let mut policies = Versions::default();
        let policy_no = policies.number(&policy.version);
        let printer = Printer::new(seed);
        let scopes = Scopes::new(hash_seed, background::kept_after_end(policy.lateness));
        Self {
            policy,
            policy_no,
            policies,
            told: None,
            policy_since: None,
            knowledge: Arc::default(),
            topics: BTreeMap::new(),
            scopes,
            entities: EntityTable::new(printer),
            rules: RuleTable::new(hash_seed),
            activities: ActivityTable::new(),
            groups: GroupTable::default(),
            identities: Identities::new(seed),
            pairs: PairTable::new(seed),
            keys: KeyTable::new(hash_seed),
            printer,
            accounting: Accounting::default(),
            announcements: Deadlines::default(),
            dirty_activities: Vec::new(),
            dirty_groups: Vec::new(),
            dirty_scopes: Vec::new(),
            dirty_pairs: Vec::new(),
            dirty_busy: Vec::new(),
            known_busy: BTreeSet::new(),
            window_max,
            gap_min,
            reopening,
            ended: blake3::Hasher::new(),
            desk: Desk::default(),
            past: Past::default(),
            silences: Board::new(printer),
            suppressed: Kept::default(),
            scratch: decide::Scratch::default(),
        }
    }

    /// Names a topic. Case ids depend on the name, not on the number.
    pub fn name_topic(&mut self, topic: TopicId, name: &str) {
        self.topics.insert(topic, name.into());
    }

    /// Counts a message that was read.
    pub fn on_message(&mut self, outcome: MessageOutcome) {
        self.accounting.count_message(outcome);
    }

    /// An alert arrived. `now` is wall time and must not go back between calls.
    ///
    /// Pushes exactly one [`Decided`](crate::decision::Decided). What falls due before the alert happens first, so that it doesn't matter where
    /// a batch ends.
    pub fn on_alert(&mut self, now: Timestamp, alert: &Alert, decision: &mut Decision) {
        self.announce_due(now, decision);
        let scope = self.hear(now, alert, decision);
        decision.tally.severity_assumed += u64::from(alert.severity.assumed);
        let decided = self.decide(now, scope, alert, decision);
        self.reach_on(now, decision);
        if self.is_over_memory() {
            self.make_room(now, decision);
        }
        if let Some(disposition) = decided.outcome.fixed_disposition() {
            self.accounting.count_alert(disposition);
        }
        decision.outcomes.push(decided);
        self.scopes.watch(scope);
    }

    /// Time passed. Announces what was gathered long enough. With `caught_up`, scopes that are silent are advanced by
    /// the wall time since their last alert; without it (in a backlog) only alerts advance them.
    pub fn on_time(&mut self, now: Timestamp, caught_up: bool, decision: &mut Decision) {
        self.announce_due(now, decision);
        if !caught_up {
            return;
        }
        for id in self.scopes.take_silent(now) {
            let scope = self.scopes.get(id);
            let time = scope.time_in_silence(now);
            if scope.next_due().is_some_and(|due| due <= time) {
                self.advance(now, id, time, decision);
            }
            self.scopes.watch(id);
        }
    }

    /// When [`Self::on_time`] may have something to do next, in wall time, never too late; `None` when nothing is
    /// pending.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let pending = [self.scopes.next_silence(), self.announcements.next()];
        pending.into_iter().flatten().min()
    }

    /// The end of a finite input: announces what is still gathered. Nothing is closed.
    pub fn finish(&mut self, now: Timestamp, decision: &mut Decision) {
        self.announce_until(now, Timestamp::MAX, decision);
    }

    /// Ends a batch: hands out the final value of everything that changed since the last seal. The order is that of
    /// the first change.
    pub fn seal(&mut self, decision: &mut Decision) {
        for no in std::mem::take(&mut self.dirty_activities) {
            if let Some(activity) = self
                .activities
                .if_live(no)
                .filter(|activity| activity.dirty)
            {
                activity.dirty = false;
                decision.record(|| Record::Tally(activity.tally()));
            }
        }
        for no in std::mem::take(&mut self.dirty_groups) {
            if let Some(group) = self.groups.if_live(no).filter(|group| group.head.dirty) {
                group.head.dirty = false;
                let name = &self.scopes.get(group.head.scope).name;
                decision.record(|| Record::Group(Box::new(group.record(name))));
                know::tell(group, &self.policy.raise, decision);
            }
        }
        self.seal_memory(decision);
        self.seal_past(decision);
        self.desk.seal(decision);
        self.silences.seal(decision);
        self.suppressed.seal(decision);
        self.seal_policy(decision);
        for id in std::mem::take(&mut self.dirty_scopes) {
            self.scopes.get_mut(id).dirty = false;
            let scope = self.scopes.get(id);
            decision.record(|| Record::Scope(scope.record(id)));
        }
        decision.record(|| Record::Accounting(self.accounting.clone()));
    }

    /// Hands out what is remembered of pairs and entities.
    fn seal_memory(&mut self, decision: &mut Decision) {
        for no in std::mem::take(&mut self.dirty_pairs) {
            if let Some(pair) = self.pairs.if_live(no).filter(|pair| pair.dirty) {
                pair.dirty = false;
                decision.record(|| Record::Pair(Box::new(pair.record())));
            }
        }
        for key in self.pairs.take_gone() {
            decision.record(|| Record::PairGone(key));
        }
        let mut busy = std::mem::take(&mut self.dirty_busy);
        busy.sort_unstable();
        busy.dedup();
        for (scope, kind, value) in busy {
            self.known_busy.insert((scope, kind, value.clone()));
            if let Some(busy) = self.entities.busy_of(scope, kind, &value) {
                let record = BusyRecord {
                    scope,
                    kind,
                    value,
                    busy,
                };
                decision.record(|| Record::Busy(Box::new(record)));
            }
        }
    }

    /// The sums since the store began.
    #[must_use]
    pub fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How large the tables are. Walks the groups: once per metrics interval, not per alert.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let [mut candidates, mut cases, mut dormant] = [0; 3];
        for group in self.groups.iter() {
            match group.head.stage {
                Stage::Open => cases += 1,
                Stage::Dormant => dormant += 1,
                _ => candidates += 1,
            }
        }
        Sizes {
            entities: self.entities.len(),
            rules: self.rules.len(),
            activities: self.activities.len(),
            identities: self.identities.len(),
            pairs: self.pairs.len(),
            keys: self.keys.len(),
            candidates,
            cases,
            dormant,
            past: self.past.len(),
        }
    }

    /// How many remembered pairs stood how at their last alert, in the order of [`Standing`](crate::recurrence::Standing).
    #[must_use]
    pub fn standings(&self) -> [usize; 3] {
        self.pairs.standings()
    }

    /// The entities that are common or hubs at their scope's time, by scope, kind and value, as of the last seal. Walks
    /// all that were busy in the last day: for a metrics interval, not per alert.
    #[must_use]
    pub fn hubs(&self) -> Vec<HubView> {
        self.known_busy
            .iter()
            .filter_map(|(scope, kind, value)| {
                let (scope, kind) = (*scope, *kind);
                let busy = self.entities.busy_of(scope, kind, value)?;
                let hour = Hours::of(self.scopes.get(scope).time);
                let (lateness, policy) = (self.policy.lateness, &self.policy.hubs);
                let commonness = busy.commonness(hour, lateness, policy);
                (commonness != Commonness::Normal).then(|| HubView {
                    scope,
                    kind,
                    value: value.clone(),
                    commonness,
                    busy_hours: busy.hours(hour, lateness, policy),
                })
            })
            .collect()
    }

    /// Moves alerts between terms of the accounting.
    fn shift(&mut self, from: Disposition, to: Disposition, alerts: u64, decision: &mut Decision) {
        if from == to || alerts == 0 {
            return;
        }
        let moved = Move { from, to, alerts };
        self.accounting.apply(moved);
        decision.moves.push(moved);
    }

    /// Notes that an activity changed.
    fn touch_activity(&mut self, no: No<Activity>) {
        let activity = self.activities.get_mut(no);
        if !activity.dirty {
            activity.dirty = true;
            self.dirty_activities.push(no);
        }
    }

    /// Notes that a group changed; the announcement of an open case is gathered.
    fn touch_group(&mut self, now: Timestamp, no: No<Group>) {
        let gather = self.policy.gather;
        let head = &mut self.groups.get_mut(no).head;
        head.updated = now;
        if !head.dirty {
            head.dirty = true;
            self.dirty_groups.push(no);
        }
        if head.stage.is_live_case() && head.announce_at.is_none() {
            let at = now.plus(gather);
            head.announce_at = Some(at);
            self.announcements.arm(at, head.id);
        }
    }

    /// Notes that a scope changed.
    fn touch_scope(&mut self, id: ScopeId) {
        let scope = self.scopes.get_mut(id);
        if !scope.dirty {
            scope.dirty = true;
            self.dirty_scopes.push(id);
        }
    }
}

#[cfg(test)]
mod tests;
