//! What returns to a case: an alert that would link to it were the gap longer by `reopen.within` joins it, and reopens it
//! if silence closed it.
//!
//! The longer reach is a link like any other: it depends on event times and on whether the earlier group is a case, and a
//! case it stays. So the order of arrival decides nothing here either, once three things are seen to: a closed case stays
//! in memory until nothing can return to it (*dormant*); a group that becomes a case looks for what came after it; and
//! what may be reached from a candidate stays in memory as long as that may become a case.

use smallvec::SmallVec;

use super::Correlator;
use super::command::sign;
use crate::activities::Activity;
use crate::command::{Action, Actor, Change, Changed, Command, Effect, Verb};
use crate::decision::{Decision, EventType};
use crate::groups::Group;
use crate::keys::Key;
use crate::policy::Policy;
use crate::record::{Stage, Status};
use crate::slots::No;
use crate::spans::Span as Extent;
use crate::time::{Span, Timestamp};

/// Who reopens cases, in their log and in the audit.
const ACTOR: &str = "reopen";

/// The shortest gap over which a case is reached for longer, if there is one.
pub(super) fn shortest(policy: &Policy) -> Option<Span> {
    let gaps = policy.gaps.iter().copied();
    gaps.chain([policy.recurrence.run_gap])
        .filter(|gap| policy.reach_of_case(*gap) > *gap)
        .min()
}

impl Correlator {
    /// Over which time a case is reached by a key that connects over `gap`. Two entities together are often a person at
    /// their machine, who is there again the next morning; a rare rule connects minutes, and a hot subject what came
    /// before it got hot: none of them returns.
    pub(super) fn reach_by(&self, key: Key, gap: Span) -> Span {
        match key {
            Key::Run(_) => self.policy.reach_of_case(gap),
            Key::Both(..) | Key::Rule(..) | Key::Hot(_) => gap,
        }
    }

    pub(super) fn is_case(&self, no: Option<No<Group>>) -> bool {
        no.is_some_and(|no| self.groups.get(no).head.stage.is_live_case())
    }

    /// Whether an activity that came late into a case may reach what came after it.
    pub(super) fn reaches_on(&self, no: No<Activity>) -> bool {
        self.reopening.is_some_and(|shortest| {
            let activity = self.activities.get(no);
            let time = self.scopes.get(activity.scope).time;
            time.since(activity.first) > shortest && self.is_case(Some(activity.group))
        })
    }

    /// Lets the groups that became cases reach what came after them.
    pub(super) fn reach_on(&mut self, now: Timestamp, decision: &mut Decision) {
        while let Some(id) = self.scratch.reaching.pop() {
            let Some(no) = self.groups.find(id) else {
                continue;
            };
            let activities = self.groups.get(no).body.activities.clone();
            for no in activities {
                if self.reaches_on(no) {
                    self.bridge(now, no, None, decision);
                }
            }
        }
    }

    /// The candidates that come before a group and will be one with it if they become cases.
    pub(super) fn candidates_before(&mut self, no: No<Group>) -> SmallVec<[No<Group>; 4]> {
        let mut before = SmallVec::new();
        if self.reopening.is_none() {
            return before;
        }
        let grounds = self.returning_spans(no);
        for (spans, gap, reach) in grounds {
            for own in spans.iter().filter(|span| span.group == no) {
                let candidates = spans.iter().filter(|span| {
                    let apart = own.first.since(span.last);
                    span.group != no
                        && apart > gap
                        && apart <= reach
                        && !self.is_case(Some(span.group))
                        && !self.are_related(no, span.group)
                });
                before.extend(candidates.map(|span| span.group));
            }
        }
        before
    }

    /// The spans of everything by which a group could return to a case, where others were active on it.
    fn returning_spans(&self, no: No<Group>) -> Vec<(SmallVec<[Extent; 4]>, Span, Span)> {
        let body = &self.groups.get(no).body;
        let mut found = Vec::new();
        for entity in &body.entities {
            let known = self.entities.get(*entity);
            let gap = self.policy.gap(known.kind);
            let reach = self.policy.reach_of_case(gap);
            if reach > gap && known.spans.len() > 1 {
                found.push((known.spans.iter().copied().collect(), gap, reach));
            }
        }
        for key in &body.keys {
            let gap = self.gap_of(*key);
            let reach = self.reach_by(*key, gap);
            if reach > gap && self.keys.spans(*key).len() > 1 {
                let spans = self.keys.spans(*key).iter().copied();
                found.push((spans.collect(), gap, reach));
            }
        }
        found
    }

    /// Reopens a dormant case for what came after its silence was over; what is late joins it as it is.
    pub(super) fn reopen_if_over(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        time: Timestamp,
        decision: &mut Decision,
    ) {
        let last = self.groups.get(no).body.last;
        if time.since(last) > self.silence(no) {
            self.reopen_dormant(now, no, decision);
        }
    }

    /// A case that is open stays so when it becomes one with a dormant case.
    pub(super) fn reopen_before_merge(
        &mut self,
        now: Timestamp,
        pair: (No<Group>, No<Group>),
        decision: &mut Decision,
    ) {
        for (one, other) in [pair, (pair.1, pair.0)] {
            if self.groups.get(one).head.stage != Stage::Dormant {
                continue;
            }
            match self.groups.get(other).head.stage {
                Stage::Open => self.reopen_dormant(now, one, decision),
                Stage::Candidate => {
                    let last = self.groups.get(other).body.last;
                    self.reopen_if_over(now, one, last, decision);
                }
                _ => {}
            }
        }
    }

    fn reopen_dormant(&mut self, now: Timestamp, no: No<Group>, decision: &mut Decision) {
        let mut standing = self.live_standing(no);
        let action = Action::Change(Box::new(Change {
            status: Some(Status::New),
            ..Change::default()
        }));
        let head = &mut self.groups.get_mut(no).head;
        (head.stage, head.status) = (Stage::Open, Status::New);
        head.revision += 1;
        let command = Command {
            scope: self.scopes.get(head.scope).name.clone(),
            case: head.case,
            group: head.id,
            actor: Actor::rule(ACTOR),
            expected: None,
            key: None,
            action,
        };
        let mut effect = Effect::new(Verb::Changed, (EventType::Reopened, "alerts"));
        let (from, to) = (Status::Closed.as_str(), Status::New.as_str());
        effect.changes.push(Changed::new("status", from, to));
        let chain = self.desk.head(head.scope);
        self.past.forget(head.id);
        let entry = self.enter(now, &command, &standing, &effect, chain, decision);
        standing.folder.work.come_back();
        self.desk.put(standing.folder.work);
        self.rearm(no);
        self.touch_group(now, no);
        decision.tally.cases_reopened += 1;
        let events = decision.events.len();
        self.announce(now, no, (EventType::Reopened, "alerts", None), decision);
        sign(&mut decision.events[events..], entry);
    }
}
