//! Where a new activity goes: into the group it shares something with, into several that become one, into the
//! continuation of a full one, or into a group of its own.

use compact_str::CompactString;
use smallvec::SmallVec;

use super::Correlator;
use super::decide::Newcomer;
use super::judge::Judged;
use super::link::Room;
use super::merge::word;
use crate::activities::{Activity, LinkNo, Print, begin_of};
use crate::alert::Alert;
use crate::decision::{Decision, EventType, Grouping};
use crate::entities::{Known, Mention};
use crate::entity::Entity;
use crate::groups::{Body, Group, Head, newcomers};
use crate::ids::{ActivityId, CaseId, GroupId, ScopeId};
use crate::keys::Key;
use crate::record::{ActivityRecord, CapReason, GroundsRecord, Record, Relation, Stage};
use crate::recurrence::{Bins, Standing};
use crate::slots::No;
use crate::time::Timestamp;

/// Group ids of one placement.
type Ids = SmallVec<[GroupId; 4]>;

/// Groups that were asked whether they have room for an alert, with what was found at the end of their chain.
type Asked = SmallVec<[(No<Group>, Room); 4]>;

/// Most steps along a chain of continuations. One that is longer goes on in a new continuation of the last group
/// asked; it takes a flood on one entity to get there.
const CHAIN_MAX: usize = 32;

impl Correlator {
    /// Opens an activity for an alert that repeats none, and places it unless it is background.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        (alert, judged, print): (&Alert, Judged, Print),
        decision: &mut Decision,
    ) -> (No<Activity>, Grouping) {
        self.look_up(scope, alert);
        let indexed = self.intern_mentions(scope, alert);
        let rule = self
            .rules
            .mention(&alert.source, &alert.rule_id, &alert.rule_name);
        let is_background = judged.standing == Standing::Background;
        let grounds = self.grounds((scope, rule), alert, judged, &indexed);
        let newcomer = Newcomer {
            alert,
            scope,
            rule,
            mentions: indexed.iter().map(|(mention, _)| *mention).collect(),
            grounds,
            judged,
            print,
        };
        if is_background {
            return (
                self.open_loose(now, newcomer, decision),
                Grouping::Background,
            );
        }
        let extent = (alert.time, alert.time);
        self.find_hits(&newcomer.mentions, &newcomer.grounds, extent, None);
        let (group, grouping) = self.place(now, scope, (alert, None), &newcomer.mentions, decision);
        let links = self.links_into(group, decision);
        let home = self.groups.get(group).head.id;
        let no = self.add_activity(newcomer, home, group, links, decision);
        let body = &mut self.groups.get_mut(group).body;
        body.activities.push(no);
        body.alerts += 1;
        body.first = body.first.min(alert.time);
        body.last = body.last.max(alert.time);
        self.count_in(group);
        self.count_busy(no, judged.hour);
        self.grow(now, no, alert, decision);
        (no, grouping)
    }

    /// Chooses the group, merging those that the alert connects.
    pub(super) fn place(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        (alert, home): (&Alert, Option<GroupId>),
        mentions: &[Mention],
        decision: &mut Decision,
    ) -> (No<Group>, Grouping) {
        let full = self.follow_continuations(alert.time, mentions);
        let targets = self.targets();
        let Some((first, others)) = targets.split_first() else {
            let group = self.found(now, scope, alert, home);
            let Some((full, reason)) = full else {
                return (group, Grouping::Opened);
            };
            self.continue_in(now, full, group, reason, decision);
            return (group, Grouping::Continued(reason));
        };
        let mut grouping = Grouping::Joined;
        for other in others {
            let why = word(self.why(*other).unwrap_or_default());
            if self.merge(now, (*first, *other), why, mentions, decision) {
                grouping = Grouping::Merged;
            }
        }
        let group = self
            .groups
            .find(*first)
            .expect("the senior group survives a merge");
        if self.groups.get(group).head.stage == Stage::Dormant {
            self.reopen_if_over(now, group, alert.time, decision);
        }
        (group, grouping)
    }

    /// Sets for each hit the group that takes the alert. Returns the senior of the full ones that nothing with room
    /// continues.
    fn follow_continuations(
        &mut self,
        time: Timestamp,
        mentions: &[Mention],
    ) -> Option<(GroupId, CapReason)> {
        let mut hits = std::mem::take(&mut self.scratch.hits);
        let mut asked = Asked::new();
        for same in hits.chunk_by_mut(|a, b| a.id == b.id) {
            let room = self.room(same[0].group, (time, mentions), &mut asked);
            same.iter_mut().for_each(|hit| hit.room = room);
        }
        let full = hits.iter().filter_map(|hit| hit.room.err());
        let senior = full.min_by_key(|(id, _)| self.seniority(*id));
        self.scratch.hits = hits;
        senior
    }

    /// Where an alert goes that hit a group: there, or into the first with room in its chain of continuations.
    /// `asked` remembers the answers for this alert, and so ends chains that lead in a circle.
    fn room(
        &self,
        hit: No<Group>,
        (time, mentions): (Timestamp, &[Mention]),
        asked: &mut Asked,
    ) -> Room {
        let (begin, mut no) = (asked.len(), hit);
        let room = loop {
            if let Some((_, room)) = asked.iter().find(|(group, _)| *group == no) {
                break *room;
            }
            let head = &self.groups.get(no).head;
            let room = self
                .full(no, time, mentions)
                .map_or(Ok(head.id), |reason| Err((head.id, reason)));
            asked.push((no, room));
            let next = head.continued_by.and_then(|id| self.groups.find(id));
            match next {
                Some(next) if room.is_err() && asked.len() - begin < CHAIN_MAX => no = next,
                _ => break room,
            }
        };
        asked[begin..].iter_mut().for_each(|(_, end)| *end = room);
        room
    }

    /// The groups that take the alert, senior first.
    fn targets(&self) -> Ids {
        let mut ids: Ids = self
            .scratch
            .hits
            .iter()
            .filter_map(|hit| hit.room.ok())
            .collect();
        self.sort_by_seniority(&mut ids);
        ids
    }

    /// Sorts senior first and drops repeats.
    pub(super) fn sort_by_seniority(&self, ids: &mut Ids) {
        ids.sort_unstable_by_key(|id| self.seniority(*id));
        ids.dedup();
    }

    fn seniority(&self, id: GroupId) -> (bool, GroupId) {
        let no = self.groups.find(id).expect("a hit group is live");
        self.groups.get(no).head.seniority()
    }

    /// The cap that keeps an alert at `time` with these mentions out of a group.
    pub(super) fn full(
        &self,
        no: No<Group>,
        time: Timestamp,
        mentions: &[Mention],
    ) -> Option<CapReason> {
        let (body, caps) = (&self.groups.get(no).body, &self.policy.caps);
        if body.activities.len() >= caps.activities {
            return Some(CapReason::Activities);
        }
        if body.entities.len() + mentions.len() > caps.entities
            && body.entities.len() + newcomers(&[body], mentions) > caps.entities
        {
            return Some(CapReason::Entities);
        }
        if body.last.max(time).since(body.first.min(time)) > caps.age {
            return Some(CapReason::Age);
        }
        (time.since(body.last) > caps.idle).then_some(CapReason::Idle)
    }

    /// Makes a group for the alert, with the number `home` where one was given out already.
    fn found(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        alert: &Alert,
        home: Option<GroupId>,
    ) -> No<Group> {
        let id = home.unwrap_or_else(|| {
            self.accounting.groups += 1;
            GroupId(self.accounting.groups)
        });
        let head = Head::new(id, self.case_id(alert, home), scope, now);
        let no = self.groups.insert(Group {
            head,
            body: Body::empty(),
        });
        self.dirty_groups.push(no);
        no
    }

    /// Connects a full group with the one that continues it.
    fn continue_in(
        &mut self,
        now: Timestamp,
        full: GroupId,
        group: No<Group>,
        reason: CapReason,
        decision: &mut Decision,
    ) {
        let full_no = self.groups.find(full).expect("a hit group is live");
        let (senior, junior) = self.groups.pair_mut(full_no, group);
        senior.head.capped = Some(reason);
        senior.head.continued_by = Some(junior.head.id);
        junior
            .head
            .related
            .push((Relation::ContinuationOf, senior.head.case));
        junior.head.inherits = senior.head.stage.is_live_case();
        let (continuation, id) = (junior.head.case, junior.head.id);
        decision.tally.continued[reason as usize] += 1;
        for hit in &mut self.scratch.hits {
            if hit.room.is_err_and(|(end, _)| end == full) {
                hit.room = Ok(id);
            }
        }
        self.touch_group(now, full_no);
        if self.groups.get(full_no).head.stage.is_live_case() {
            self.announce(
                now,
                full_no,
                (EventType::Related, reason.as_str(), Some(continuation)),
                decision,
            );
        }
    }

    /// Adds the activity of an alert to the table, not yet to the sums of its group.
    pub(super) fn add_activity(
        &mut self,
        newcomer: Newcomer<'_>,
        home: GroupId,
        group: No<Group>,
        links: Vec<LinkNo>,
        decision: &mut Decision,
    ) -> No<Activity> {
        self.accounting.activities += 1;
        let id = ActivityId(self.accounting.activities);
        let (alert, judged) = (newcomer.alert, newcomer.judged);
        let key = (newcomer.scope, newcomer.rule, newcomer.mentions);
        let mut activity = Activity::new(id, home, key, alert.time);
        if judged.standing == Standing::Background {
            let bin = Bins::of(alert.time);
            activity.window_end = Bins::end(bin);
            activity.window_begin = Bins::end(bin - 1);
        } else {
            activity.window_end = alert.time.plus(self.policy.dedup_window(&alert.source));
        }
        let window = activity.window_end.since(activity.window_begin);
        activity.is_short = self.is_short(&newcomer.grounds, window);
        activity.group = group;
        activity.subject = self.subject_of(activity.scope, alert);
        activity.severity = alert.severity;
        (activity.pair, activity.print) = (judged.pair, newcomer.print);
        (activity.standing, activity.base, activity.hour) =
            (judged.standing, judged.base, judged.hour);
        activity.grounds = newcomer.grounds;
        activity.is_counted = judged.is_counted;
        activity.note_minute(alert.time);
        if decision.wants.records {
            let record = self.activity_record(alert, &activity, &links);
            decision.records.push(Record::Activity(Box::new(record)));
        }
        activity.link = links.into_iter().next().map(Box::new);
        self.activities.insert(activity)
    }

    /// Lets a group take over what an activity that it holds now brings: links, risk, promotion.
    pub(super) fn grow(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        alert: &Alert,
        decision: &mut Decision,
    ) {
        let group = self.activities.get(no).group;
        self.take_entities(now, no, decision);
        let body = &mut self.groups.get_mut(group).body;
        body.add_attack(&alert.attack);
        self.extend(no);
        if self.weigh(group, no) {
            self.groups.get_mut(group).body.title = Self::title_of(alert);
        }
        self.touch_activity(no);
        self.touch_group(now, group);
        self.arm_new(group);
        let minutes: Vec<i64> = self.activities.get(no).minutes().collect();
        for minute in minutes {
            self.mark_minute(now, no, begin_of(minute), decision);
        }
        self.warm(now, no, decision);
        self.enter_scene(no, &mut decision.tally);
        if self.activities.get(no).beside {
            self.attach_around(now, no, decision);
        }
        if self.reaches_on(no) {
            self.bridge(now, no, None, decision);
        }
        let group = self.activities.get(no).group;
        self.promote_if_due(now, group, decision);
    }

    /// The subject among the entities that the engine knows.
    pub(super) fn subject_of(&self, scope: ScopeId, alert: &Alert) -> Option<No<Known>> {
        let at = self.scratch.signs.subject?;
        let (hash, subject) = (self.scratch.signs.entities[at], &alert.entities[at]);
        // One that links nothing may be known from what opened under another policy.
        if !self.links(subject) {
            return None;
        }
        let name = (subject.kind, &*subject.value);
        self.entities.find_hashed(hash, scope, name)
    }

    /// What is said once of an activity.
    fn activity_record(
        &self,
        alert: &Alert,
        activity: &Activity,
        links: &[LinkNo],
    ) -> ActivityRecord {
        let subject = self.scratch.signs.subject;
        ActivityRecord {
            id: activity.id,
            group: activity.home,
            scope: activity.scope,
            day: activity.day,
            window_begin: activity.window_begin,
            window_end: activity.window_end,
            source: alert.source.clone(),
            rule_id: alert.rule_id.clone(),
            rule_name: alert.rule_name.clone(),
            title: alert.title.clone(),
            alert_id: alert.id.clone().unwrap_or_default(),
            position: alert.position,
            attack: alert.attack.to_vec(),
            entities: alert.entities.to_vec(),
            subject: subject.and_then(|index| u16::try_from(index).ok()),
            links: self.show_links(links.iter()),
            grounds: self.show_grounds(alert, activity),
            policy: self.policy.version.clone(),
        }
    }

    fn show_grounds(&self, alert: &Alert, activity: &Activity) -> GroundsRecord {
        let index = |no: No<Known>| {
            let known = self.entities.get(no);
            let is_it = |entity: &Entity| entity.kind == known.kind && entity.value == known.value;
            let at = alert.entities.iter().position(is_it).unwrap_or_default();
            u16::try_from(at).unwrap_or(u16::MAX)
        };
        let mut shown = GroundsRecord {
            is_novel: activity.grounds.is_novel,
            ..GroundsRecord::default()
        };
        for (at, entity) in (0..).zip(&alert.entities) {
            if entity.is_linkable() && !self.links(entity) {
                shown.unlinked.push(at);
            }
        }
        for (at, mention) in activity.mentions.iter().enumerate() {
            if activity.grounds.alone >> at & 1 == 1 {
                shown.alone.push(index(mention.entity()));
            }
        }
        for (key, gap) in &activity.grounds.keys {
            match key {
                Key::Both(a, b) => {
                    let (a, b) = (index(*a), index(*b));
                    shown.both.push((a.min(b), a.max(b), *gap));
                }
                Key::Run(_) => shown.is_run = true,
                Key::Rule(..) => shown.is_rare = true,
                Key::Hot(_) => {}
            }
        }
        // Mentions are in the order of numbers that a restart gives anew.
        shown.alone.sort_unstable();
        shown.alone.dedup();
        shown.both.sort_unstable();
        shown
    }

    /// The public id of a group that this alert opens: 64 bits of BLAKE3 over who the alert is, when, and where it
    /// stood. Each of them is there for a reason: a native id comes again after it was forgotten, and the offsets of
    /// a topic begin anew when it was made anew; no two cases may have one id.
    fn case_id(&self, alert: &Alert, home: Option<GroupId>) -> CaseId {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        let position = alert.position;
        let topic = self.topics.get(&position.topic);
        part(alert.scope.as_bytes());
        part(alert.source.as_bytes());
        part(alert.id.as_deref().unwrap_or("").as_bytes());
        part(&alert.time.0.to_le_bytes());
        part(topic.map_or("", CompactString::as_str).as_bytes());
        part(&position.partition.to_le_bytes());
        part(&position.offset.to_le_bytes());
        part(&position.index.to_le_bytes());
        // A burst makes groups of bins that opened before it.
        if let Some(home) = home {
            part(&home.0.to_le_bytes());
        }
        let hash = hasher.finalize();
        CaseId(u64::from_le_bytes(std::array::from_fn(|i| {
            hash.as_bytes()[i]
        })))
    }
}
