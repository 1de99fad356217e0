//! A group's life: its risk grows, it is promoted, and it ends: a candidate expires, a case closes.

use compact_str::CompactString;

use super::{Correlator, know};
use crate::accounting::Disposition;
use crate::activities::Activity;
use crate::decision::{Decision, EventType};
use crate::entity::EntityKind;
use crate::groups::Group;
use crate::hours::Hours;
use crate::ids::ScopeId;
use crate::prefetch::prefetch;
use crate::record::{GroupRecord, Record, Stage, Status};
use crate::recurrence::{BIN, Standing};
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// At or above this a candidate is a case at once, whatever its risk (design, section 3.7). An assumed severity
/// never is.
const CRITICAL: u8 = 80;

impl Correlator {
    /// Moves the clock of a scope and ends what falls due by then, in the order of (time, group).
    pub(super) fn advance(
        &mut self,
        now: Timestamp,
        id: ScopeId,
        time: Timestamp,
        decision: &mut Decision,
    ) {
        let scope = self.scopes.get_mut(id);
        let before = std::mem::replace(&mut scope.time, time);
        if before == time && scope.deadlines.next().is_none_or(|due| due > time) {
            return;
        }
        self.touch_scope(id);
        self.identities
            .advance(id, before, time, self.policy.dedup.ids_kept);
        self.forget_loose(id, decision);
        if Hours::of(before) != Hours::of(time) {
            let earliest = self.earliest_hour(id);
            self.entities.purge(id, earliest, &self.policy.hubs);
            self.forget_calm(id, earliest, decision);
            let since = time.minus(self.policy.reopen.remembered);
            self.past
                .forget_before(id, since.minus(self.policy.lateness));
        }
        while let Some((armed, group)) = self.scopes.get_mut(id).deadlines.pop_due(time) {
            let no = self
                .groups
                .find(group)
                .expect("a deadline is disarmed when its group goes");
            let due = self.due_with_pending(no);
            // Compared with when it was armed, not with now: ends happen in the order in which they fell due.
            if due > armed {
                self.arm(no, due);
            } else {
                self.end(now, no, armed, decision);
            }
        }
    }

    /// Lets the store forget the entities of a scope whose busy hours can't matter any more.
    fn forget_calm(&mut self, id: ScopeId, earliest: i32, decision: &mut Decision) {
        let first = (id, EntityKind::ALL[0], CompactString::const_new(""));
        let calm: Vec<_> = self
            .known_busy
            .range(first..)
            .take_while(|(scope, ..)| *scope == id)
            .filter(|(scope, kind, value)| {
                let busy = self.entities.busy_of(*scope, *kind, value);
                busy.is_none_or(|busy| !busy.matters(earliest, &self.policy.hubs))
            })
            .cloned()
            .collect();
        for key in calm {
            self.known_busy.remove(&key);
            let (scope, kind, value) = key;
            decision.record(|| Record::BusyGone(scope, kind, value));
        }
    }

    /// Counts an activity's severity in its group. `true`: it is the most severe so far, so it names the group.
    pub(super) fn weigh(&mut self, group: No<Group>, no: No<Activity>) -> bool {
        let activity = self.activities.get(no);
        let body = &mut self.groups.get_mut(group).body;
        // What lasts was counted when it was news.
        if activity.standing == Standing::News {
            body.risk
                .add(activity.rule, activity.subject, activity.severity.score);
        }
        let names = body.title.is_empty() || activity.severity.score > body.severity.score;
        if names {
            body.severity = activity.severity;
        }
        names
    }

    /// Makes a candidate a case when its risk, its severity or its descent asks for it.
    pub(super) fn promote_if_due(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        decision: &mut Decision,
    ) {
        let group = self.groups.get(no);
        if group.head.stage != Stage::Candidate {
            return;
        }
        if let Some(reason) = self.promotion(group) {
            self.promote(now, no, reason, decision);
        }
    }

    /// Makes a candidate a case.
    pub(super) fn promote(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        reason: &'static str,
        decision: &mut Decision,
    ) {
        let body = &self.groups.get(no).body;
        let (alerts, attached) = (body.alerts, body.attached);
        let head = &mut self.groups.get_mut(no).head;
        head.stage = Stage::Open;
        head.opened = Some(now);
        let id = head.id;
        if self.reopening.is_some() {
            self.scratch.reaching.push(id);
        }
        self.shift(Disposition::Candidate, Disposition::Case, alerts, decision);
        self.shift(
            Disposition::Background,
            Disposition::Case,
            attached,
            decision,
        );
        decision.tally.cases_opened += 1;
        self.rearm(no);
        self.touch_group(now, no);
        self.announce(now, no, (EventType::Opened, reason, None), decision);
        self.note_recurrence(now, no, decision);
        self.put_on_duty(now, no, decision);
    }

    /// Why a candidate becomes a case now, if it does.
    fn promotion(&self, group: &Group) -> Option<&'static str> {
        let severity = group.body.severity;
        if group.head.inherits {
            return Some("continuation");
        }
        if severity.score >= CRITICAL && !severity.assumed {
            return Some("critical");
        }
        let (body, enough) = (&group.body, self.policy.promotion_risk);
        if body.risk() < enough {
            return None;
        }
        // Without what is known of its entities it would be none.
        let is_raised = body.risk.value(&body.attack, 1.0) < enough;
        Some(if is_raised { "enrichment" } else { "risk" })
    }

    /// When a group ends: nothing that arrives within the allowed lateness can join it then, or else the order of
    /// arrival would decide what joins.
    fn due(&self, no: No<Group>) -> Timestamp {
        let group = self.groups.get(no);
        let within = self.policy.reopen.within;
        match group.head.stage {
            Stage::Candidate => self.joined_until(no),
            Stage::Open if !self.desk.is_touched(group.head.id) => self.joined_until(no),
            // Closed by silence, or by nobody yet: what would reopen it finds it.
            _ => self.joined_until(no).plus(within),
        }
    }

    /// Until when something in time may join a group, were it not for what returns to it.
    fn joined_until(&self, no: No<Group>) -> Timestamp {
        let group = self.groups.get(no);
        let silence = match group.head.stage {
            Stage::Candidate => group.body.reach,
            _ => self.silence(no),
        };
        // One more millisecond: at the full distance an alert still links, and at the full lateness it is in time. And
        // a bin: what is background at its begin may turn out to be a burst at its end.
        group
            .body
            .last
            .plus(silence)
            .plus(self.policy.lateness)
            .plus(BIN)
            .plus(Span(1))
    }

    /// How long nothing came to a case when silence closes it.
    pub(super) fn silence(&self, no: No<Group>) -> Span {
        let reach = self.groups.get(no).body.reach;
        self.policy.auto_close_after.max(reach)
    }

    /// When a group ends, or later: it stays as long as the groups that it will be one with if its subject gets hot, or
    /// if those before it become cases.
    fn due_with_pending(&mut self, no: No<Group>) -> Timestamp {
        let mut pending = vec![no];
        let (mut due, mut at) = (self.due(no), 0);
        while let Some(here) = pending.get(at).copied() {
            at += 1;
            // What may still return to a closed case holds nobody else.
            due = due.max(self.joined_until(here));
            let mut near = self.near_on_hot(here);
            near.extend(self.candidates_before(here));
            for other in near {
                if !pending.contains(&other) {
                    pending.push(other);
                }
            }
        }
        due
    }

    /// Arms a group that has no deadline yet.
    pub(super) fn arm_new(&mut self, no: No<Group>) {
        if self.groups.get(no).head.armed == Timestamp::MAX {
            self.arm(no, self.due(no));
        }
    }

    /// Sets the deadline of a group anew, as its rule changed.
    pub(super) fn rearm(&mut self, no: No<Group>) {
        let head = &self.groups.get(no).head;
        let (scope, armed, id) = (head.scope, head.armed, head.id);
        self.scopes.get_mut(scope).deadlines.disarm(armed, id);
        self.arm(no, self.due(no));
    }

    fn arm(&mut self, no: No<Group>, due: Timestamp) {
        let head = &mut self.groups.get_mut(no).head;
        head.armed = due;
        self.scopes.get_mut(head.scope).deadlines.arm(due, head.id);
    }

    /// Ends a group as nothing can join it any more: an open case is closed and lies dormant, or rests if people have
    /// touched it until they close it; a dormant one leaves memory, a candidate expires.
    fn end(&mut self, now: Timestamp, no: No<Group>, armed: Timestamp, decision: &mut Decision) {
        let is_touched = self.desk.is_touched(self.groups.get(no).head.id);
        let head = &mut self.groups.get_mut(no).head;
        match head.stage {
            Stage::Open if is_touched => {
                self.announce_gathered(now, no, "alerts", decision);
                self.leave(no, Stage::Resting, decision);
            }
            Stage::Open => {
                head.updated = now;
                head.closed = Some(now);
                (head.stage, head.status) = (Stage::Dormant, Status::Closed);
                head.revision += 1;
                decision.tally.cases_closed += 1;
                self.announce(now, no, (EventType::Closed, "idle", None), decision);
                self.remember_case(no, decision);
                let due = self.due_with_pending(no);
                match due > armed {
                    true => self.arm(no, due),
                    false => self.leave(no, Stage::Closed, decision),
                }
            }
            Stage::Dormant => {
                self.announce_gathered(now, no, "late", decision);
                self.remember_case(no, decision);
                self.leave(no, Stage::Closed, decision);
            }
            _ => {
                head.updated = now;
                self.leave(no, Stage::Expired, decision);
            }
        }
    }

    /// Announces the changes of a case that were gathered, before it leaves memory.
    pub(super) fn announce_gathered(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        reason: &'static str,
        decision: &mut Decision,
    ) {
        if self.groups.get(no).head.announce_at.is_some() {
            self.announce(now, no, (EventType::Updated, reason, None), decision);
        }
    }

    /// Ends a group before it falls due, because a person says so.
    pub(super) fn end_early(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        stage: Stage,
        decision: &mut Decision,
    ) {
        let head = &mut self.groups.get_mut(no).head;
        head.updated = now;
        let (scope, armed, id) = (head.scope, head.armed, head.id);
        self.scopes.get_mut(scope).deadlines.disarm(armed, id);
        self.leave(no, stage, decision);
        self.scopes.watch(scope);
    }

    /// Takes a group out of memory with its activities.
    fn leave(&mut self, no: No<Group>, stage: Stage, decision: &mut Decision) {
        let alerts = self.groups.get(no).body.alerts;
        self.groups.get_mut(no).head.stage = stage;
        if stage == Stage::Expired {
            let (from, to) = (Disposition::Candidate, Disposition::Expired);
            self.shift(from, to, alerts, decision);
        }
        let id = self.groups.get(no).head.id;
        self.desk.take(id, decision);
        let group = self.groups.get_mut(no);
        know::tell(group, &self.policy.raise, decision);
        let record = self.forget(no, decision);
        self.digest_ended(&record);
        decision.record(|| Record::Group(Box::new(record)));
    }

    /// Takes a group and its activities out of memory.
    pub(super) fn forget(&mut self, no: No<Group>, decision: &mut Decision) -> GroupRecord {
        let scope = self.groups.get(no).head.scope;
        let record = self.groups.get(no).record(&self.scopes.get(scope).name);
        let group = self.groups.remove(no);
        // It is cold by now; so all of it is asked for at once.
        for activity in &group.body.activities {
            prefetch(self.activities.get(*activity));
        }
        for entity in &group.body.entities {
            prefetch(self.entities.get(*entity));
        }
        for entity in &group.body.entities {
            self.entities.fetch_way(*entity);
            self.entities
                .spans_mut(*entity)
                .retain(|span| span.group != no);
        }
        for key in &group.body.keys {
            self.keys.take(*key, no);
        }
        for activity in &group.body.activities {
            self.forget_activity(*activity, decision);
        }
        record
    }

    /// Takes an activity out of memory.
    pub(super) fn forget_activity(&mut self, no: No<Activity>, decision: &mut Decision) {
        let subject = self.activities.get(no).subject;
        self.leave_scene(subject, no);
        let activity = self.activities.remove(no);
        if activity.dirty {
            decision.record(|| Record::Tally(activity.tally()));
        }
        let hour = self.earliest_hour(activity.scope);
        for mention in &activity.mentions {
            self.entities
                .forget(mention.entity(), hour, &self.policy.hubs);
        }
        self.rules.forget(activity.rule);
    }
}
