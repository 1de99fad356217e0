//! One alert: its scope's clock, its identity, and whether it is a repeat or something new.

use compact_str::CompactString;
use smallvec::SmallVec;

use super::Correlator;
use super::ahead::Signs;
use super::judge::Judged;
use super::link::Hit;
use crate::accounting::Disposition;
use crate::activities::{Activity, Grounds, Mentions, Print, Repeat};
use crate::alert::{Alert, Lifecycle};
use crate::decision::{Decided, Decision, Outcome};
use crate::entities::{Found, Mention};
use crate::entity::Entity;
use crate::identities::Meeting;
use crate::ids::{ActivityId, CaseId, GroupId, ScopeId};
use crate::keys::Key;
use crate::printer::Mark;
use crate::record::{IdentityRecord, Record, Stage};
use crate::recurrence::Standing;
use crate::rules::Rule;
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// Buffers that every alert uses again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The linkable entities of the alert with their look-ups, in the alert's order.
    pub(super) found: Vec<(usize, Found)>,
    /// The signs of the alert.
    pub(super) signs: Signs,
    /// The signs of the alerts that come next.
    pub(super) ahead: Vec<Signs>,
    /// What it shares with groups.
    pub(super) hits: Vec<Hit>,
    /// The public id of the case that was merged away last; `None` when it was a candidate.
    pub(super) farewell: Option<CaseId>,
    /// Groups that became cases, and so may reach what came long after.
    pub(super) reaching: Vec<GroupId>,
}

/// An alert that opens an activity.
#[derive(Debug)]
pub(super) struct Newcomer<'a> {
    pub(super) alert: &'a Alert,
    pub(super) scope: ScopeId,
    pub(super) rule: No<Rule>,
    pub(super) mentions: Mentions,
    pub(super) grounds: Grounds,
    pub(super) judged: Judged,
    pub(super) print: Print,
}

/// Where the first delivery of an alert stands: its time, its activity and the group in which that opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stands {
    pub(super) time: Timestamp,
    pub(super) day: i32,
    pub(super) activity: ActivityId,
    pub(super) group: GroupId,
}

impl Stands {
    /// On no activity.
    fn nowhere(time: Timestamp) -> Self {
        let (activity, group) = (ActivityId(0), GroupId(0));
        Self {
            time,
            day: time.day(),
            activity,
            group,
        }
    }

    /// The outcome, to be filed here.
    fn decided(self, scope: ScopeId, outcome: Outcome) -> Decided {
        let day = self.day;
        Decided {
            scope,
            day,
            outcome,
        }
    }
}

impl From<IdentityRecord> for Stands {
    fn from(met: IdentityRecord) -> Self {
        Self {
            time: met.time,
            day: met.time.day(),
            activity: met.activity,
            group: met.group,
        }
    }
}

impl Correlator {
    /// Advances the clock of the alert's scope and ends what falls due by then.
    pub(super) fn hear(
        &mut self,
        now: Timestamp,
        alert: &Alert,
        decision: &mut Decision,
    ) -> ScopeId {
        let id = self.scopes.intern(&alert.scope, alert.time);
        let scope = self.scopes.get_mut(id);
        scope.since = scope.since.min(alert.time);
        if alert.time < self.scopes.get(id).time.minus(self.policy.lateness) {
            decision.tally.late += 1;
        }
        let time = self.scopes.get(id).time.max(alert.time);
        self.advance(now, id, time, decision);
        let scope = self.scopes.get_mut(id);
        scope.heard = now;
        scope.heard_time = time;
        self.touch_scope(id);
        id
    }

    /// Decides one alert whose scope is at or past its time.
    pub(super) fn decide(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        alert: &Alert,
        decision: &mut Decision,
    ) -> Decided {
        let key = alert
            .id
            .as_ref()
            .map(|id| self.identities.key_of(scope, &alert.source, id));
        let since = self.ids_since(scope);
        let meeting = key.map_or(Meeting::New, |key| self.identities.meet(&key, alert, since));
        let nowhere = Stands::nowhere(alert.time);
        let (outcome, stands) = match meeting {
            Meeting::Redelivered(met) => {
                let original = met.activity;
                return nowhere.decided(scope, Outcome::Redelivered { original });
            }
            // What was ignored, or kept out by a silence that holds no more, and is active now is in no case: it is work.
            Meeting::Updated(met) if !is_active(alert) || self.holds_update(now, met, alert) => {
                (self.update(now, met, alert, decision), Stands::from(met))
            }
            _ if is_active(alert) => match self.silence_of(now, scope, alert) {
                Some(silence) => self.suppress(now, (scope, silence), alert),
                None => self.count(now, scope, alert, decision),
            },
            _ => (Outcome::Ignored(alert.lifecycle), nowhere),
        };
        if let Some(key) = key {
            let record = identity(key, scope, alert, (meeting, stands));
            self.remember(record, since, decision);
        }
        match outcome.activity() {
            Some(_) => stands.decided(scope, outcome),
            None => nowhere.decided(scope, outcome),
        }
    }

    /// Native ids are known whose first delivery was not before.
    fn ids_since(&self, scope: ScopeId) -> Timestamp {
        self.scopes
            .get(scope)
            .time
            .minus(self.policy.dedup.ids_kept)
    }

    /// A newer version of an alert that is there: its activity takes over the higher severity, its group new ATT&CK
    /// ids.
    fn update(
        &mut self,
        now: Timestamp,
        met: IdentityRecord,
        alert: &Alert,
        decision: &mut Decision,
    ) -> Outcome {
        let original = met.activity;
        let group = self.groups.find(met.group);
        let found = group.and_then(|group| {
            let activities = &self.groups.get(group).body.activities;
            activities
                .iter()
                .copied()
                .find(|&no| self.activities.get(no).id == original)
        });
        if let (Some(group), Some(activity)) = (group, found) {
            let updated = self.activities.get_mut(activity);
            if alert.severity.score > updated.severity.score {
                updated.severity = alert.severity;
            }
            let is_background = updated.standing == Standing::Background;
            self.touch_activity(activity);
            if is_background {
                return Outcome::Updated { original };
            }
            self.groups.get_mut(group).body.add_attack(&alert.attack);
            if self.weigh(group, activity) {
                self.groups.get_mut(group).body.title = Self::title_of(alert);
            }
            self.touch_group(now, group);
            self.promote_if_due(now, group, decision);
        }
        Outcome::Updated { original }
    }

    /// Counts the alert on the activity that it repeats, or opens one.
    fn count(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        alert: &Alert,
        decision: &mut Decision,
    ) -> (Outcome, Stands) {
        self.read_signs(scope, alert);
        let print = self.scratch.signs.print;
        let youngest = self.activities.youngest(print);
        let judged = self.judge(scope, alert, youngest, decision);
        let repeat = Repeat {
            time: alert.time,
            severity: alert.severity.score,
            standing: judged.standing,
        };
        let mut repeated = self.activities.find(youngest, repeat);
        while let Some(no) = repeated.filter(|no| !self.is_alike(*no, (scope, alert), judged)) {
            repeated = self.activities.find(self.activities.get(no).older, repeat);
        }
        let (no, grouping) = match repeated {
            Some(no) => {
                self.repeat(now, no, (alert, judged), decision);
                (no, None)
            }
            None => {
                let (no, grouping) = self.open(now, scope, (alert, judged, print), decision);
                (no, Some(grouping))
            }
        };
        let stands = self.stands(no, alert.time);
        if let (true, Some(pair)) = (judged.bursts, judged.pair) {
            self.flare(now, pair, alert, judged.hour, decision);
        }
        let activity = stands.activity;
        let outcome = match grouping {
            None => Outcome::Counted(activity),
            Some(grouping) => Outcome::Opened { activity, grouping },
        };
        (outcome, stands)
    }

    /// The print of a happening: see [`Print`]. Sums, so that the order of the entities doesn't matter; which of them is
    /// the subject does, because the rule recurs there. `subject` is an index into `entities`; `tell` is told the mark
    /// of each of them; `links` tells by place which of them link.
    pub(super) fn print_of(
        &self,
        scope: ScopeId,
        (source, rule): (&str, &str),
        (entities, subject): (&[Entity], Option<usize>),
        mut tell: impl FnMut(Mark),
        links: impl Fn(usize, &Entity) -> bool,
    ) -> Print {
        let mut sums = [0_u64; 2];
        let mut is_keyed = false;
        for (at, entity) in entities.iter().enumerate() {
            let mark = self.printer.mark_of(entity);
            tell(mark);
            let links = links(at, entity);
            is_keyed |= links;
            let part = mark.part(entity.role, links, subject == Some(at));
            sums = [0, 1].map(|half| sums[half].wrapping_add(part[half]));
        }
        if !is_keyed {
            return [0; 2];
        }
        let hashes = self.printer.rule(scope, source, rule);
        [0, 1].map(|at| sums[at].wrapping_add(hashes[at]).max(1))
    }

    /// Where an alert at `time` stands that counts on this activity.
    fn stands(&self, no: No<Activity>, time: Timestamp) -> Stands {
        let activity = self.activities.get(no);
        Stands {
            time,
            day: activity.day,
            activity: activity.id,
            group: activity.home,
        }
    }

    /// Looks up the alert's linkable entities, into the scratch.
    pub(super) fn look_up(&mut self, scope: ScopeId, alert: &Alert) {
        self.scratch.found.clear();
        for (index, entity) in alert.entities.iter().enumerate() {
            if self.links(entity) {
                let hash = self.scratch.signs.entities[index];
                let name = (entity.kind, &*entity.value);
                let found = self.entities.find_hashed(hash, scope, name);
                self.scratch.found.push((index, (hash, found)));
            }
        }
    }

    /// Whether an entity may connect alerts under the policy.
    pub(super) fn links(&self, entity: &Entity) -> bool {
        let ignored = &self.policy.ignored_entities;
        entity.is_linkable()
            && self.policy.gap(entity.kind) > Span::ZERO
            && (ignored.is_empty()
                || ignored
                    .binary_search_by(|(kind, value)| {
                        (*kind, value).cmp(&(entity.kind, &entity.value))
                    })
                    .is_err())
    }

    /// Counts a repeat on an activity.
    fn repeat(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        (alert, judged): (&Alert, Judged),
        decision: &mut Decision,
    ) {
        let time = alert.time;
        let activity = self.activities.get_mut(no);
        let grew = time < activity.first || time > activity.last;
        // Its span begins where it began, unless it was background first.
        let is_earlier = time < activity.first;
        activity.count += 1;
        activity.first = activity.first.min(time);
        activity.last = activity.last.max(time);
        let is_new_minute = activity.note_minute(time);
        let is_new_hour = activity.hour != judged.hour;
        (activity.hour, activity.base) = (judged.hour, judged.base);
        activity.is_counted = judged.is_counted;
        self.touch_activity(no);
        if is_new_hour {
            self.count_busy(no, judged.hour);
        }
        let activity = self.activities.get(no);
        let group = activity.group;
        if activity.standing == Standing::Background {
            if alert.severity.score > activity.severity.score {
                self.activities.get_mut(no).severity = alert.severity;
            }
            self.repeat_background(now, no, is_new_minute, decision);
            return;
        }
        // What is later than allowed may reach what opened after it.
        let is_late = time.plus(self.policy.lateness) < self.scopes.get(activity.scope).time;
        let (bridges, beside) = (
            grew && (activity.is_short || is_late || is_earlier),
            activity.beside,
        );
        if self.groups.get(group).head.stage == Stage::Dormant {
            self.reopen_if_over(now, group, time, decision);
        }
        let body = &mut self.groups.get_mut(group).body;
        body.alerts += 1;
        body.first = body.first.min(time);
        body.last = body.last.max(time);
        body.is_stale |= grew;
        let widened = body.add_attack(&alert.attack);
        self.count_in(group);
        self.touch_group(now, group);
        if widened {
            self.promote_if_due(now, group, decision);
        }
        if bridges {
            self.extend(no);
            self.bridge(now, no, None, decision);
        }
        if is_new_minute {
            self.mark_minute(now, no, time, decision);
            if beside {
                self.attach_around(now, no, decision);
            }
        }
    }

    /// Counts a repeat on a bin of background, on its own or attached.
    fn repeat_background(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        is_new_minute: bool,
        decision: &mut Decision,
    ) {
        let activity = self.activities.get(no);
        if activity.is_loose() {
            self.accounting.count_alert(Disposition::Background);
            if is_new_minute {
                self.attach_if_near(now, no, decision);
            }
            return;
        }
        let group = activity.group;
        let (body, stage) = {
            let group = self.groups.get_mut(group);
            (&mut group.body, group.head.stage)
        };
        body.attached += 1;
        self.accounting.count_alert(match stage {
            Stage::Open | Stage::Dormant => Disposition::Case,
            _ => Disposition::Background,
        });
        self.touch_group(now, group);
    }

    /// Marks a minute in which a rare rule fired, and merges what that connects.
    pub(super) fn mark_minute(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        time: Timestamp,
        decision: &mut Decision,
    ) {
        let grounds = &self.activities.get(no).grounds;
        let rare = grounds
            .keys
            .iter()
            .find(|(key, _)| matches!(key, Key::Rule(..)));
        if let Some((key, gap)) = rare.copied() {
            self.extend_key(no, (key, gap), (time, time));
            self.bridge(now, no, Some(key), decision);
        }
    }

    /// The term of the alerts in a live group.
    pub(super) fn term_of(&self, group: No<crate::groups::Group>) -> Disposition {
        let stage: Stage = self.groups.get(group).head.stage;
        stage
            .disposition()
            .expect("a live group is a candidate or a case")
    }

    /// Counts one new alert in the term of its group.
    pub(super) fn count_in(&mut self, group: No<crate::groups::Group>) {
        let disposition = self.term_of(group);
        self.accounting.count_alert(disposition);
    }

    /// Adds the entities that the look-up did not find; returns all mentions, sorted, each with its entity's index.
    pub(super) fn intern_mentions(
        &mut self,
        scope: ScopeId,
        alert: &Alert,
    ) -> SmallVec<[(Mention, usize); 4]> {
        let mut mentions: SmallVec<[(Mention, usize); 4]> = SmallVec::new();
        for at in 0..self.scratch.found.len() {
            let (index, (hash, known)) = self.scratch.found[at];
            let entity = &alert.entities[index];
            // Looked up once more where it was unknown: the same value may stand in two roles of this alert.
            let known = known.or_else(|| {
                let name = (entity.kind, &*entity.value);
                self.entities.find_hashed(hash, scope, name)
            });
            let no = known.unwrap_or_else(|| {
                self.entities
                    .insert(hash, scope, entity.kind, &entity.value)
            });
            mentions.push((Mention::new(no, entity.role), index));
            self.entities.mention(no);
        }
        mentions.sort_unstable();
        mentions
    }

    /// Remembers a native id, or what is new about it.
    fn remember(&mut self, record: IdentityRecord, since: Timestamp, decision: &mut Decision) {
        if record.time >= since {
            self.identities.remember(record);
            decision.tally.ids_evicted += self.identities.shrink(self.policy.dedup.ids_max);
        }
        decision.record(|| Record::Identity(record));
    }

    /// One line for people: the headline, and the subject if that doesn't name it.
    pub(super) fn title_of(alert: &Alert) -> CompactString {
        let mut title = CompactString::new(alert.headline());
        let subject = alert
            .subject()
            .filter(|subject| !title.split_whitespace().any(|word| word == subject.value));
        if let Some(subject) = subject {
            title.push_str(" on ");
            title.push_str(&subject.value);
        }
        title
    }
}

fn is_active(alert: &Alert) -> bool {
    alert.lifecycle == Lifecycle::Active
}

/// The record of a native id after an alert that stands there now.
fn identity(
    key: [u8; 16],
    scope: ScopeId,
    alert: &Alert,
    (meeting, stands): (Meeting, Stands),
) -> IdentityRecord {
    let (activity, group) = (stands.activity, stands.group);
    match meeting {
        // Its time stays, for the record has its place by it.
        Meeting::Updated(met) | Meeting::Redelivered(met) => IdentityRecord {
            activity,
            group,
            ..met.renewed(alert)
        },
        Meeting::New => IdentityRecord {
            scope,
            key,
            time: stands.time,
            activity,
            group,
            count: alert.count,
            updated: alert.updated,
            lifecycle: alert.lifecycle,
        },
    }
}
