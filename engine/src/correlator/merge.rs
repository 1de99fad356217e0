//! Merging: an alert that belongs to two groups makes them one. The senior survives; the loser's record redirects
//! to it and keeps what it was, and the activities keep the group in which they opened, so a merge can be undone.

use smallvec::SmallVec;

use super::Correlator;
use crate::activities::Activity;
use crate::decision::{Decision, EventType};
use crate::entities::Mention;
use crate::groups::{Group, newcomers};
use crate::ids::GroupId;
use crate::record::{Record, Relation, Stage, Status};
use crate::slots::No;
use crate::spans;
use crate::time::Timestamp;

/// The word for a merge because of a shared entity.
const SHARED: &str = "shared_entities";

impl Correlator {
    /// After a repeat made an activity reach further: merges the groups that it connects now.
    pub(super) fn bridge(&mut self, now: Timestamp, no: No<Activity>, decision: &mut Decision) {
        let activity = self.activities.get(no);
        let alone = |m: &Mention| self.entities.get(m.entity()).spans.len() == 1;
        if activity.mentions.iter().all(alone) {
            return;
        }
        let (group, extent) = (activity.group, (activity.first, activity.last));
        let mentions = activity.mentions.clone();
        self.find_hits(&mentions, extent, Some(group));
        let mut ids: SmallVec<[GroupId; 4]> = SmallVec::new();
        ids.push(self.groups.get(group).head.id);
        ids.extend(
            self.scratch
                .hits
                .iter()
                .map(|hit| self.groups.get(hit.group).head.id),
        );
        self.sort_by_seniority(&mut ids);
        if let Some((senior, juniors)) = ids.split_first() {
            for junior in juniors {
                self.merge(now, (*senior, *junior), &[], decision);
            }
        }
    }

    /// Merges `junior` into `senior`, so that an activity with the mentions `arriving` still fits in; none arrives
    /// where there are no mentions. `false`: together they would be over a cap; they are related instead.
    pub(super) fn merge(
        &mut self,
        now: Timestamp,
        (senior, junior): (GroupId, GroupId),
        arriving: &[Mention],
        decision: &mut Decision,
    ) -> bool {
        let (Some(a), Some(b)) = (self.groups.find(senior), self.groups.find(junior)) else {
            return false;
        };
        if a == b {
            return true;
        }
        if self.too_large_together(a, b, arriving) {
            self.relate(now, a, b, decision);
            return false;
        }
        self.say_farewell(now, b, a, decision);
        let into = self.unite(a, b, decision);
        let (into_is_case, loser_case) = {
            let head = &self.groups.get(into).head;
            (head.stage == Stage::Open, self.scratch.farewell)
        };
        self.touch_group(now, into);
        self.promote_if_due(now, into, decision);
        if let (true, Some(loser)) = (into_is_case, loser_case) {
            decision.tally.cases_merged += 1;
            self.groups.get_mut(into).head.revision += 1;
            self.announce(
                now,
                into,
                (EventType::Merged, SHARED, Some(loser)),
                decision,
            );
        }
        true
    }

    fn too_large_together(&self, a: No<Group>, b: No<Group>, arriving: &[Mention]) -> bool {
        let (a, b, caps) = (
            &self.groups.get(a).body,
            &self.groups.get(b).body,
            &self.policy.caps,
        );
        let one_more = usize::from(!arriving.is_empty());
        a.activities.len() + b.activities.len() + one_more > caps.activities
            || a.entities.len() + b.entities.len() + newcomers(&[a, b], arriving) > caps.entities
            || a.last.max(b.last).since(a.first.min(b.first)) > caps.age
    }

    /// Connects two groups that can't be one, once.
    fn relate(&mut self, now: Timestamp, a: No<Group>, b: No<Group>, decision: &mut Decision) {
        let (first, second) = self.groups.pair_mut(a, b);
        let (first_case, second_case) = (first.head.case, second.head.case);
        let knows =
            |group: &Group, case| group.head.related.iter().any(|(_, other)| *other == case);
        if knows(first, second_case) || knows(second, first_case) {
            return;
        }
        first.head.related.push((Relation::Related, second_case));
        second.head.related.push((Relation::Related, first_case));
        for (no, other) in [(a, second_case), (b, first_case)] {
            self.touch_group(now, no);
            if self.groups.get(no).head.stage == Stage::Open {
                self.announce(
                    now,
                    no,
                    (EventType::Related, "size_cap", Some(other)),
                    decision,
                );
            }
        }
    }

    /// Marks the loser as merged, takes back what falls due for it, and announces it if it is a case.
    fn say_farewell(
        &mut self,
        now: Timestamp,
        loser: No<Group>,
        survivor: No<Group>,
        decision: &mut Decision,
    ) {
        let head = &self.groups.get(survivor).head;
        let (into, case) = (head.id, head.case);
        let head = &mut self.groups.get_mut(loser).head;
        let was_case = head.stage == Stage::Open;
        let (scope, armed, id) = (head.scope, head.armed, head.id);
        head.stage = Stage::Merged { into, case };
        head.updated = now;
        self.scratch.farewell = was_case.then_some(head.case);
        if was_case {
            head.status = Status::Closed;
            head.revision += 1;
            self.announce(
                now,
                loser,
                (EventType::Merged, SHARED, Some(case)),
                decision,
            );
        }
        self.scopes.get_mut(scope).deadlines.disarm(armed, id);
    }

    /// Moves everything of `loser` into `survivor`; the smaller body is the one that moves. Returns where they are.
    fn unite(
        &mut self,
        survivor: No<Group>,
        loser: No<Group>,
        decision: &mut Decision,
    ) -> No<Group> {
        let scope = self.groups.get(loser).head.scope;
        let name = &self.scopes.get(scope).name;
        let record = self.groups.get(loser).record(name);
        decision.record(|| Record::Group(Box::new(record.clone())));
        self.digest_ended(&record);
        if self.groups.get(survivor).head.stage == Stage::Open && self.scratch.farewell.is_none() {
            let (from, to) = (
                crate::accounting::Disposition::Candidate,
                crate::accounting::Disposition::Case,
            );
            self.shift(from, to, record.alerts, decision);
        }
        let (into, (from, left)) = self.groups.unite(survivor, loser);
        self.move_body(&left, from, into);
        let head = &mut self.groups.get_mut(into).head;
        for relation in left.head.related {
            if !head.related.contains(&relation) && relation.1 != head.case {
                head.related.push(relation);
            }
        }
        into
    }

    /// Lets the activities and entities of a body that was in slot `from` belong to `into`.
    fn move_body(&mut self, moved: &Group, from: No<Group>, into: No<Group>) {
        for activity in &moved.body.activities {
            self.activities.get_mut(*activity).group = into;
        }
        for entity in &moved.body.entities {
            let gap = self.policy.gap(self.entities.get(*entity).kind);
            let spans = self.entities.spans_mut(*entity);
            let theirs: spans::Spans = spans.iter().filter(|s| s.group == from).copied().collect();
            spans.retain(|span| span.group != from);
            for span in theirs {
                let span = spans::Span {
                    group: into,
                    ..span
                };
                spans::add(spans, span, gap, |no| self.activities.get(no).id);
            }
        }
        let body = &mut self.groups.get_mut(into).body;
        body.activities.extend_from_slice(&moved.body.activities);
        body.absorb_entities(&moved.body);
        body.absorb_sums(&moved.body);
        if moved.body.severity.score > body.severity.score {
            body.severity = moved.body.severity;
            body.title = moved.body.title.clone();
        }
    }
}
