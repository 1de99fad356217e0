//! Background: counted in bins of five minutes on its own, opens nothing, links nothing. A bin whose alerts come within
//! a minute of two different news rules on the same subject is *attached* to their group: there it counts as in the
//! case, but adds no risk, makes no links and keeps no window open. Where a pair bursts, its bins are news.
//!
//! Whether a bin is attached depends on minutes of event time alone, so it doesn't matter what came first. A loose bin
//! stays in memory for as long as an alert within the allowed lateness may still attach it.

use super::Correlator;
use super::decide::Newcomer;
use crate::accounting::Disposition;
use crate::activities::{Activity, LinkNo};
use crate::alert::Alert;
use crate::decision::{Decision, Grouping, Tally};
use crate::entities::{Known, Scene};
use crate::groups::{Group, Head};
use crate::ids::{CaseId, GroupId, ScopeId};
use crate::record::{LinkKind, Record, Stage};
use crate::recurrence::{Bins, Pair, Standing};
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// Different news rules on the subject that attach what comes in their minutes.
const RULES: usize = 2;

/// How far, in whole minutes, news and background may lie apart.
const NEAR: i64 = 1;

/// Most activities of one subject that are held against each other; the youngest are kept. More would be a flood.
const SCENE_MAX: usize = 512;

impl Correlator {
    /// Opens a bin of background for an alert.
    pub(super) fn open_loose(
        &mut self,
        now: Timestamp,
        newcomer: Newcomer<'_>,
        decision: &mut Decision,
    ) -> No<Activity> {
        self.accounting.groups += 1;
        let home = GroupId(self.accounting.groups);
        let (scope, time) = (newcomer.scope, newcomer.alert.time);
        let no = self.add_activity(newcomer, home, No::NONE, Vec::new(), decision);
        let activity = self.activities.get(no);
        let id = activity.id;
        decision.record(|| Record::Loose(home, id, true));
        self.scopes
            .get_mut(scope)
            .bins
            .entry(Bins::of(time))
            .or_default()
            .push((no, id));
        self.accounting.count_alert(Disposition::Background);
        self.enter_scene(no, &mut decision.tally);
        self.touch_activity(no);
        self.attach_if_near(now, no, decision);
        no
    }

    /// Lets an activity be held against others on its subject.
    pub(super) fn enter_scene(&mut self, no: No<Activity>, tally: &mut Tally) {
        if !self.policy.recurrence.attach {
            return;
        }
        let activity = self.activities.get(no);
        let (Some(subject), standing) = (activity.subject, activity.standing) else {
            return;
        };
        let oldest = self.still_judged(activity.scope);
        let mut scene = self
            .entities
            .get_mut(subject)
            .scene
            .take()
            .unwrap_or_default();
        let activities = &mut self.activities;
        for list in [&mut scene.news, &mut scene.bins] {
            list.retain(|no| activities.get(*no).window_end >= oldest);
            if list.len() >= SCENE_MAX {
                list.remove(0);
                tally.scenes_cut += 1;
            }
        }
        if standing == Standing::Background {
            scene.bins.push(no);
            for news in &scene.news {
                activities.get_mut(*news).beside = true;
            }
        } else if standing == Standing::News {
            activities.get_mut(no).beside = !scene.bins.is_empty();
            scene.news.push(no);
        }
        self.entities.get_mut(subject).scene = Some(scene);
    }

    /// Takes an activity out of its subject's scene.
    pub(super) fn leave_scene(&mut self, subject: Option<No<Known>>, no: No<Activity>) {
        let Some(subject) = subject else { return };
        let known = self.entities.get_mut(subject);
        let Some(scene) = &mut known.scene else {
            return;
        };
        scene.news.retain(|other| *other != no);
        scene.bins.retain(|other| *other != no);
        if scene.news.is_empty() && scene.bins.is_empty() {
            known.scene = None;
        }
    }

    /// What ended before can meet nothing any more that is in time.
    fn still_judged(&self, scope: ScopeId) -> Timestamp {
        let kept = kept_after_end(self.policy.lateness);
        self.scopes.get(scope).time.minus(kept)
    }

    /// Attaches a loose bin, if news is near.
    pub(super) fn attach_if_near(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        decision: &mut Decision,
    ) {
        let activity = self.activities.get(no);
        if !activity.is_loose() {
            return;
        }
        let Some(subject) = activity.subject else {
            return;
        };
        let Some(scene) = &self.entities.get(subject).scene else {
            return;
        };
        // As a burst it would stand by its subject: so what is attached belongs there, whatever it turns out to be.
        if scene.news.len() < RULES || !self.stands_on(activity, subject) {
            return;
        }
        if let Some((group, news)) = self.nearest(no, subject, scene)
            && self
                .full(group, activity.first, &activity.mentions)
                .is_none()
        {
            self.attach_loose(now, no, group, (news, subject), decision);
        }
    }

    /// After news had an alert in a new minute: attaches the loose bins that are near now.
    pub(super) fn attach_around(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        decision: &mut Decision,
    ) {
        let Some(subject) = self.activities.get(no).subject else {
            return;
        };
        let Some(scene) = &self.entities.get(subject).scene else {
            return;
        };
        for bin in scene.bins.clone() {
            self.attach_if_near(now, bin, decision);
        }
    }

    /// The group that has news of two rules within the minutes of a bin, with the nearest such news; the oldest where
    /// there are several.
    fn nearest(
        &self,
        bin: No<Activity>,
        subject: No<Known>,
        scene: &Scene,
    ) -> Option<(No<Group>, No<Activity>)> {
        let bin = self.activities.get(bin);
        let mut near: Vec<(No<Group>, No<Activity>)> = Vec::new();
        for news in &scene.news {
            let activity = self.activities.get(*news);
            let is_near = bin
                .minutes()
                .any(|minute| (minute - NEAR..=minute + NEAR).any(|minute| activity.had(minute)));
            if is_near && self.stands_on(activity, subject) {
                near.push((activity.group, *news));
            }
        }
        let rules = |group: No<Group>| {
            let of = near.iter().filter(|(other, _)| *other == group);
            let mut rules: Vec<_> = of
                .map(|(_, news)| self.activities.get(*news).rule)
                .collect();
            rules.sort_unstable();
            rules.dedup();
            rules.len()
        };
        near.iter()
            .copied()
            .filter(|(group, _)| rules(*group) >= RULES)
            .min_by_key(|(group, news)| {
                (
                    self.groups.get(*group).head.id,
                    self.activities.get(*news).id,
                )
            })
    }

    /// Whether the subject connects the activity alone: then all news near it are in one group.
    fn stands_on(&self, activity: &Activity, subject: No<Known>) -> bool {
        let at = activity
            .mentions
            .iter()
            .position(|mention| mention.entity() == subject);
        at.is_some_and(|at| activity.grounds.alone >> at & 1 == 1)
    }

    /// Attaches a loose bin to a group.
    fn attach_loose(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        group: No<Group>,
        (news, subject): (No<Activity>, No<Known>),
        decision: &mut Decision,
    ) {
        let other = self.activities.get(news);
        let (other_id, other_first) = (other.id, other.first);
        let activity = self.activities.get(no);
        let (first, last) = (activity.first, activity.last);
        let count = activity.count;
        let link = LinkNo {
            other: other_id,
            gap: Span::ZERO
                .max(first.since(other_first))
                .max(other_first.since(last)),
            kind: LinkKind::Attached,
            policy: self.policy_no,
            entities: smallvec::smallvec![subject],
        };
        self.give_links(no, vec![link], decision);
        decision.tally.links[LinkKind::Attached as usize] += 1;
        self.settle_loose(now, no, group, decision);
        let body = &mut self.groups.get_mut(group).body;
        body.attached += count;
        self.take_entities(now, no, decision);
        if self.groups.get(group).head.stage.is_live_case() {
            self.shift(Disposition::Background, Disposition::Case, count, decision);
        }
        self.touch_group(now, group);
    }

    /// Notes why an activity stands in a group, where that is decided after it opened.
    fn give_links(&mut self, no: No<Activity>, links: Vec<LinkNo>, decision: &mut Decision) {
        let activity = self.activities.get(no);
        let (home, id) = (activity.home, activity.id);
        let shown = self.show_links(links.iter());
        decision.record(|| Record::Links(home, id, shown));
        self.activities.get_mut(no).link = links.into_iter().next().map(Box::new);
    }

    /// Lets a bin belong to a group: its home redirects there.
    fn settle_loose(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        group: No<Group>,
        decision: &mut Decision,
    ) {
        let activity = self.activities.get_mut(no);
        activity.group = group;
        let (home, id, scope, subject) =
            (activity.home, activity.id, activity.scope, activity.subject);
        decision.record(|| Record::Loose(home, id, false));
        self.leave_scene(subject, no);
        let into = &self.groups.get(group).head;
        let (into_id, into_case) = (into.id, into.case);
        if home != into_id {
            let mut head = Head::new(home, CaseId(0), scope, now);
            head.stage = Stage::Merged {
                into: into_id,
                case: into_case,
            };
            let record = Group {
                head,
                body: crate::groups::Body::empty(),
            }
            .record(&self.scopes.get(scope).name);
            decision.record(|| Record::Group(Box::new(record)));
            self.groups.add_part(group, home);
        }
        self.groups.get_mut(group).body.activities.push(no);
        self.touch_activity(no);
    }

    /// A pair bursts: its bins of that time are news, and are placed as if they had been from the beginning.
    pub(super) fn flare(
        &mut self,
        now: Timestamp,
        pair: No<Pair>,
        alert: &Alert,
        hour: i32,
        decision: &mut Decision,
    ) {
        let bin = Bins::of(alert.time);
        if std::mem::replace(&mut self.pairs.get_mut(pair).burning, bin) == bin {
            return;
        }
        let scope = self.scopes.id_of(&alert.scope);
        let bins = self.scopes.get(scope).bins.get(&bin);
        let burning: Vec<No<Activity>> = bins
            .into_iter()
            .flatten()
            .filter(|(no, id)| {
                self.activities.is_live(*no, *id) && {
                    let activity = self.activities.get(*no);
                    activity.pair == Some(pair) && activity.standing == Standing::Background
                }
            })
            .map(|(no, _)| *no)
            .collect();
        for no in burning {
            if self.activities.get(no).is_loose() {
                self.burn(now, no, alert, decision);
            } else {
                self.burn_attached(now, no, decision);
            }
            self.count_busy(no, hour);
            self.grow(now, no, alert, decision);
        }
    }

    /// Places a loose bin that is news now.
    fn burn(&mut self, now: Timestamp, no: No<Activity>, alert: &Alert, decision: &mut Decision) {
        let activity = self.activities.get(no);
        let (scope, count, home) = (activity.scope, activity.count, activity.home);
        let (mentions, grounds) = (activity.mentions.clone(), activity.grounds.clone());
        let extent = (activity.first, activity.last);
        self.find_hits(&mentions, &grounds, extent, None);
        let (group, _): (No<Group>, Grouping) =
            self.place(now, scope, (alert, Some(home)), &mentions, decision);
        let links = self.links_into(group, decision);
        self.give_links(no, links, decision);
        self.settle_loose(now, no, group, decision);
        self.activities.get_mut(no).standing = Standing::News;
        let disposition = self.term_of(group);
        self.shift(Disposition::Background, disposition, count, decision);
        self.groups.get_mut(group).body.add_news(extent, count);
    }

    /// Lets an attached bin that is news now count as such in its group, and merges what it connects.
    fn burn_attached(&mut self, now: Timestamp, no: No<Activity>, decision: &mut Decision) {
        let activity = self.activities.get_mut(no);
        activity.standing = Standing::News;
        let (group, count) = (activity.group, activity.count);
        let extent = (activity.first, activity.last);
        let disposition = self.term_of(group);
        if disposition != Disposition::Case {
            self.shift(Disposition::Background, disposition, count, decision);
        }
        let body = &mut self.groups.get_mut(group).body;
        body.attached -= count;
        body.add_news(extent, count);
        self.extend(no);
        self.bridge(now, no, None, decision);
    }

    /// Forgets the loose bins of a scope that nothing in time can attach any more.
    pub(super) fn forget_loose(&mut self, id: ScopeId, decision: &mut Decision) {
        let oldest = self.still_judged(id);
        while let Some(entry) = self.scopes.get_mut(id).bins.first_entry() {
            if Bins::end(*entry.key()) >= oldest {
                return;
            }
            for (no, activity) in entry.remove() {
                let is_it = self
                    .activities
                    .if_live(no)
                    .is_some_and(|a| a.id == activity && a.is_loose());
                if is_it {
                    let home = self.activities.get(no).home;
                    decision.record(|| Record::Loose(home, activity, false));
                    self.forget_activity(no, decision);
                }
            }
        }
    }
}

/// How long after its end something may still attach a bin, or be near one.
pub(super) fn kept_after_end(lateness: Span) -> Span {
    Span(lateness.0 + (NEAR + 1) * Span::MINUTE.0)
}
