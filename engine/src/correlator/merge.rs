//! Merging: an alert that belongs to two groups makes them one. The senior survives; the loser's record redirects
//! to it and keeps what it was, and the activities keep the group in which they opened, so a merge can be undone.

use smallvec::SmallVec;

use super::{Correlator, know};
use crate::activities::{Activity, begin_of};
use crate::decision::{Decision, EventType};
use crate::entities::{Known, Mention};
use crate::groups::{Group, Head, newcomers};
use crate::ids::{ActivityId, CaseId, GroupId};
use crate::keys::Key;
use crate::record::{Kept, LinkKind, MergeRecord, Record, Relation, Stage, Status};
use crate::slots::No;
use crate::spans;
use crate::time::{Span as Length, Timestamp};

/// The word for a merge because of a link of this kind.
pub(super) fn word(why: LinkKind) -> &'static str {
    match why {
        LinkKind::SharedEntity => "shared_entities",
        other => other.as_str(),
    }
}

impl Correlator {
    /// After an activity reached further (or a rare rule fired in a new minute, by that key only): merges the groups
    /// that it connects now.
    pub(super) fn bridge(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        key: Option<Key>,
        decision: &mut Decision,
    ) {
        let activity = self.activities.get(no);
        let (group, extent) = (activity.group, (activity.first, activity.last));
        match key {
            Some(key) => {
                let gap = self.policy.evidence.rule_gap;
                if self.keys.spans(key).len() < 2 {
                    return;
                }
                let minutes: Vec<i64> = self.activities.get(no).minutes().collect();
                for minute in minutes {
                    let at = begin_of(minute);
                    let group = self.activities.get(no).group;
                    self.find_key_hits((key, gap), at, Some(group));
                    self.merge_hits(now, group, decision);
                }
                self.warm(now, no, decision);
            }
            None => {
                let alone = |m: &Mention| self.entities.get(m.entity()).spans.len() == 1;
                if activity.mentions.iter().all(alone) && activity.grounds.keys.is_empty() {
                    return;
                }
                let (mentions, grounds) = (activity.mentions.clone(), activity.grounds.clone());
                self.find_hits(&mentions, &grounds, extent, Some(group));
                self.merge_hits(now, group, decision);
                self.warm(now, no, decision);
            }
        }
    }

    /// Merges a group with all that were hit.
    fn merge_hits(&mut self, now: Timestamp, group: No<Group>, decision: &mut Decision) {
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
                // The senior may be the hit one, so that the junior is the group itself.
                let why = self.why(*junior).or_else(|| self.why(*senior));
                self.merge(
                    now,
                    (*senior, *junior),
                    word(why.unwrap_or_default()),
                    &[],
                    decision,
                );
            }
        }
    }

    /// The strongest kind of link that led into a group, if one did.
    pub(super) fn why(&self, id: GroupId) -> Option<LinkKind> {
        let hits = self.scratch.hits.iter();
        let led = hits.filter(|hit| hit.id == id || hit.room == Ok(id));
        led.map(|hit| hit.kind).min()
    }

    /// A subject on which enough rules fired that its scope had never seen is hot: what stands on it by such a rule
    /// within the day belongs together. Merges until nothing more does.
    pub(super) fn warm(&mut self, now: Timestamp, no: No<Activity>, decision: &mut Decision) {
        let gap = self.policy.evidence.hot_gap;
        let mut is_merged = true;
        while std::mem::take(&mut is_merged) {
            let group = self.activities.get(no).group;
            let keys = self.groups.get(group).body.keys.iter();
            let hot = |key: &&Key| matches!(key, Key::Hot(_));
            let keys: SmallVec<[Key; 4]> = keys.filter(hot).copied().collect();
            for key in keys {
                let Key::Hot(subject) = key else { continue };
                self.refresh_key(key);
                while let Some((a, b)) = self.hot_pair(key, subject, gap) {
                    if !self.merge(now, (a, b), word(LinkKind::HotSubject), &[], decision) {
                        break;
                    }
                    is_merged = true;
                }
            }
        }
    }

    /// The groups that lie so near to this one on a subject that they are one if it gets hot.
    pub(super) fn near_on_hot(&mut self, no: No<Group>) -> SmallVec<[No<Group>; 4]> {
        let keys = self.groups.get(no).body.keys.iter();
        let hot = |key: &&Key| matches!(key, Key::Hot(_));
        let keys: SmallVec<[Key; 4]> = keys.filter(hot).copied().collect();
        let mut near = SmallVec::new();
        for key in keys {
            self.refresh_key(key);
            let gap = self.policy.evidence.hot_gap;
            let spans = self.keys.spans(key);
            for own in spans.iter().filter(|span| span.group == no) {
                let others = spans.iter().filter(|span| {
                    span.group != no
                        && own.distance(span.first, span.last) <= gap
                        && !self.are_related(no, span.group)
                });
                near.extend(others.map(|span| span.group));
            }
        }
        near
    }

    /// Lets the spans of a key know how far its activities reach by now.
    fn refresh_key(&mut self, key: Key) {
        let spans = self.keys.spans(key);
        if spans.len() < 2 {
            return;
        }
        let groups: SmallVec<[No<Group>; 4]> = spans.iter().map(|span| span.group).collect();
        groups.into_iter().for_each(|group| self.refresh(group));
    }

    /// Two groups within reach of each other on a subject, one of which makes it hot; senior first.
    fn hot_pair(&self, key: Key, subject: No<Known>, gap: Length) -> Option<(GroupId, GroupId)> {
        let spans = self.keys.spans(key);
        if spans.len() < 2 {
            return None;
        }
        let hot: SmallVec<[bool; 8]> = spans
            .iter()
            .map(|span| self.novel_rules(span.group, subject) >= self.policy.evidence.hot_rules)
            .collect();
        let mut pairs = Vec::new();
        for (at, a) in spans.iter().enumerate() {
            for (b, is_hot) in spans.iter().zip(&hot).skip(at + 1) {
                if a.group != b.group && (hot[at] || *is_hot) && a.distance(b.first, b.last) <= gap
                {
                    let mut ids: SmallVec<[GroupId; 4]> = SmallVec::from_slice(
                        &[a.group, b.group].map(|no| self.groups.get(no).head.id),
                    );
                    if self.are_related(a.group, b.group) {
                        continue;
                    }
                    self.sort_by_seniority(&mut ids);
                    pairs.push((ids[0], ids[1]));
                }
            }
        }
        pairs.into_iter().min()
    }

    /// Whether two groups were related instead of merged.
    pub(super) fn are_related(&self, a: No<Group>, b: No<Group>) -> bool {
        let (a, b) = (&self.groups.get(a).head, &self.groups.get(b).head);
        let says = |from: &Head, to: &Head| {
            let mut related = from.related.iter();
            related.any(|(how, case)| *how != Relation::RecurrenceOf && *case == to.case)
        };
        says(a, b) || says(b, a)
    }

    /// Merges `junior` into `senior`, so that an activity with the mentions `arriving` still fits in; none arrives
    /// where there are no mentions. `false`: a guard keeps them apart; they are related instead.
    pub(super) fn merge(
        &mut self,
        now: Timestamp,
        (senior, junior): (GroupId, GroupId),
        why: &'static str,
        arriving: &[Mention],
        decision: &mut Decision,
    ) -> bool {
        let (Some(a), Some(b)) = (self.groups.find(senior), self.groups.find(junior)) else {
            return false;
        };
        if a == b {
            return true;
        }
        if let Some(guard) = self.guard(a, b, arriving) {
            self.relate(now, (a, b), guard, decision);
            return false;
        }
        self.join(now, (a, b), why, decision);
        true
    }

    /// Makes two groups one, whatever might keep them apart.
    pub(super) fn join(
        &mut self,
        now: Timestamp,
        (a, b): (No<Group>, No<Group>),
        why: &'static str,
        decision: &mut Decision,
    ) -> No<Group> {
        self.reopen_before_merge(now, (a, b), decision);
        let stages = [a, b].map(|no| self.groups.get(no).head.stage == Stage::Candidate);
        if self.groups.get(b).head.stage == Stage::Dormant {
            self.past.forget(self.groups.get(b).head.id);
        }
        self.note_merge(now, (a, b), why, decision);
        let folder = self.take_folder(b, decision);
        self.say_farewell(now, (b, a), why, decision);
        let into = self.unite(a, b, decision);
        if stages[0] != stages[1] && self.reopening.is_some() {
            self.scratch.reaching.push(self.groups.get(into).head.id);
        }
        if let Some(folder) = folder {
            self.give_folder(into, folder);
        }
        let (into_is_case, loser_case) = {
            let head = &self.groups.get(into).head;
            (head.stage.is_live_case(), self.scratch.farewell)
        };
        self.touch_group(now, into);
        self.promote_if_due(now, into, decision);
        if let (true, Some(loser)) = (into_is_case, loser_case) {
            decision.tally.cases_merged += 1;
            self.groups.get_mut(into).head.revision += 1;
            self.announce(now, into, (EventType::Merged, why, Some(loser)), decision);
        }
        into
    }

    /// Remembers how two cases stood before they became one.
    fn note_merge(
        &mut self,
        now: Timestamp,
        (into, loser): (No<Group>, No<Group>),
        why: &'static str,
        decision: &mut Decision,
    ) {
        if !self.groups.get(loser).head.stage.is_live_case() {
            return;
        }
        let record = MergeRecord {
            loser: self.groups.get(loser).head.id,
            into: self.groups.get(into).head.id,
            time: now,
            reason: why.into(),
            last: ActivityId(self.accounting.activities),
            lost: self.kept(loser),
            was: self.kept(into),
        };
        decision.record(|| Record::Merge(Box::new(record)));
    }

    fn kept(&self, no: No<Group>) -> Kept {
        let head = &self.groups.get(no).head;
        Kept {
            status: head.status,
            owner: head.owner.clone(),
            work: self.desk.work(head.id).cloned(),
        }
    }

    /// What keeps two groups apart although something connects them, as a word.
    fn guard(&self, a: No<Group>, b: No<Group>, arriving: &[Mention]) -> Option<&'static str> {
        if self.are_pinned(a, b) {
            return Some("pinned");
        }
        if self.people_disagree(a, b) {
            return Some("people");
        }
        self.too_large_together(a, b, arriving)
            .then_some("size_cap")
    }

    /// Whether people said that alerts must not make them one.
    fn are_pinned(&self, a: No<Group>, b: No<Group>) -> bool {
        let (a, b) = (&self.groups.get(a).head, &self.groups.get(b).head);
        a.related.contains(&(Relation::Apart, b.case))
            || b.related.contains(&(Relation::Apart, a.case))
    }

    /// Lets live cases that must stay apart from a loser stay apart from the survivor.
    fn hand_on_pins(&mut self, loser: &Head, survivor: CaseId) {
        if !loser.related.iter().any(|(how, _)| *how == Relation::Apart) {
            return;
        }
        let pinned = |group: &&Group| group.head.related.contains(&(Relation::Apart, loser.case));
        let pinned: Vec<GroupId> = self
            .groups
            .iter()
            .filter(pinned)
            .map(|g| g.head.id)
            .collect();
        for id in pinned {
            let no = self.groups.find(id).expect("it was just met");
            self.pin(no, survivor);
        }
    }

    /// Notes that a live group must stay apart from a case.
    pub(super) fn pin(&mut self, no: No<Group>, other: CaseId) {
        let head = &mut self.groups.get_mut(no).head;
        let pin = (Relation::Apart, other);
        if !head.related.contains(&pin) && head.case != other {
            head.related.push(pin);
            self.note_group(no);
        }
    }

    /// Lets the next seal write a group.
    pub(super) fn note_group(&mut self, no: No<Group>) {
        let head = &mut self.groups.get_mut(no).head;
        if !head.dirty {
            head.dirty = true;
            self.dirty_groups.push(no);
        }
    }

    /// Whether people gave two cases different owners, or said different things of them. An owner set by a rule says
    /// nothing.
    fn people_disagree(&self, a: No<Group>, b: No<Group>) -> bool {
        let of = |no: No<Group>| {
            let head = &self.groups.get(no).head;
            self.desk.work(head.id).map(|work| (work, &head.owner))
        };
        let (Some((first, first_owner)), Some((second, second_owner))) = (of(a), of(b)) else {
            return false;
        };
        let owners = first.is_owned && second.is_owned && first_owner != second_owner;
        let verdicts = first.verdict.zip(second.verdict);
        owners || verdicts.is_some_and(|(first, second)| first != second)
    }

    pub(super) fn too_large_together(
        &self,
        a: No<Group>,
        b: No<Group>,
        arriving: &[Mention],
    ) -> bool {
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
    fn relate(
        &mut self,
        now: Timestamp,
        (a, b): (No<Group>, No<Group>),
        reason: &'static str,
        decision: &mut Decision,
    ) {
        let (first, second) = self.groups.pair_mut(a, b);
        let (first_case, second_case) = (first.head.case, second.head.case);
        let knows = |group: &Group, case| {
            let mut related = group.head.related.iter();
            related.any(|(how, other)| *how != Relation::RecurrenceOf && *other == case)
        };
        if knows(first, second_case) || knows(second, first_case) {
            return;
        }
        first.head.related.push((Relation::Related, second_case));
        second.head.related.push((Relation::Related, first_case));
        for (no, other) in [(a, second_case), (b, first_case)] {
            self.touch_group(now, no);
            if self.groups.get(no).head.stage.is_live_case() {
                self.announce(now, no, (EventType::Related, reason, Some(other)), decision);
            }
        }
    }

    /// Marks the loser as merged, takes back what falls due for it, and announces it if it is a case.
    fn say_farewell(
        &mut self,
        now: Timestamp,
        (loser, survivor): (No<Group>, No<Group>),
        why: &'static str,
        decision: &mut Decision,
    ) {
        let head = &self.groups.get(survivor).head;
        let (into, case) = (head.id, head.case);
        let head = &mut self.groups.get_mut(loser).head;
        let was_case = head.stage.is_live_case();
        let (scope, armed, id) = (head.scope, head.armed, head.id);
        head.stage = Stage::Merged { into, case };
        head.updated = now;
        self.scratch.farewell = was_case.then_some(head.case);
        if was_case {
            head.status = Status::Closed;
            head.revision += 1;
            self.announce(now, loser, (EventType::Merged, why, Some(case)), decision);
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
        know::tell(self.groups.get_mut(loser), &self.policy.raise, decision);
        self.digest_ended(&record);
        if self.groups.get(survivor).head.stage.is_live_case() && self.scratch.farewell.is_none() {
            let (from, to) = (
                crate::accounting::Disposition::Candidate,
                crate::accounting::Disposition::Case,
            );
            let body = &self.groups.get(loser).body;
            let (alerts, attached) = (body.alerts, body.attached);
            self.shift(from, to, alerts, decision);
            self.shift(
                crate::accounting::Disposition::Background,
                to,
                attached,
                decision,
            );
        }
        let (into, (from, left)) = self.groups.unite(survivor, loser);
        self.move_body(&left, from, into);
        self.hand_on_pins(&left.head, self.groups.get(into).head.case);
        let head = &mut self.groups.get_mut(into).head;
        for relation in left.head.related {
            if !head.related.contains(&relation) && relation.1 != head.case {
                head.related.push(relation);
            }
        }
        into
    }

    /// Over which time a key connects.
    pub(super) fn gap_of(&self, key: Key) -> Length {
        match key {
            Key::Both(a, b) => {
                let (a, b) = (self.entities.get(a).kind, self.entities.get(b).kind);
                let alone = self.policy.gap(a).min(self.policy.gap(b));
                self.policy.together(a, b).unwrap_or(alone)
            }
            Key::Rule(..) => self.policy.evidence.rule_gap,
            Key::Run(_) => self.policy.recurrence.run_gap,
            Key::Hot(_) => self.policy.evidence.hot_gap,
        }
    }

    /// Lets the activities and entities of a body that was in slot `from` belong to `into`.
    fn move_body(&mut self, moved: &Group, from: No<Group>, into: No<Group>) {
        for activity in &moved.body.activities {
            self.activities.get_mut(*activity).group = into;
        }
        for entity in &moved.body.entities {
            let gap = self.policy.gap(self.entities.get(*entity).kind);
            let spans = self.entities.spans_mut(*entity);
            for span in spans::take(spans, from) {
                let span = spans::Span {
                    group: into,
                    ..span
                };
                spans::add(spans, span, gap, |no| self.activities.get(no).id);
            }
        }
        for key in &moved.body.keys {
            let gap = self.gap_of(*key);
            for span in self.keys.take(*key, from) {
                let span = spans::Span {
                    group: into,
                    ..span
                };
                self.keys
                    .add(*key, span, gap, |no| self.activities.get(no).id);
            }
        }
        let body = &mut self.groups.get_mut(into).body;
        body.activities.extend_from_slice(&moved.body.activities);
        body.absorb_entities(&moved.body);
        body.absorb_sums(&moved.body);
        body.facts.absorb(&moved.body.facts, &self.policy.raise);
        if moved.body.severity.score > body.severity.score {
            body.severity = moved.body.severity;
            body.title = moved.body.title.clone();
        }
    }
}
