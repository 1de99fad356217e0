//! One alert: its scope's clock, its identity, and whether it is a repeat or something new.

use compact_str::CompactString;
use smallvec::SmallVec;

use super::Correlator;
use super::link::Hit;
use crate::activities::{Activity, Mentions, Repeat};
use crate::alert::{Alert, Lifecycle};
use crate::decision::{Decided, Decision, Outcome};
use crate::entities::{Found, Mention};
use crate::entity::Entity;
use crate::identities::Meeting;
use crate::ids::{ActivityId, CaseId, GroupId, ScopeId};
use crate::record::{IdentityRecord, Record, Stage};
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// Buffers that every alert uses again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The linkable entities of the alert with their look-ups, in the alert's order.
    pub(super) found: Vec<(usize, Found)>,
    /// What it shares with groups.
    pub(super) hits: Vec<Hit>,
    /// The public id of the case that was merged away last; `None` when it was a candidate.
    pub(super) farewell: Option<CaseId>,
}

/// Where the first delivery of an alert stands: its time, its activity and the group in which that opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stands {
    time: Timestamp,
    day: i32,
    activity: ActivityId,
    group: GroupId,
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
            // What was ignored and is active now was never counted: it is work.
            Meeting::Updated(met) if met.activity != ActivityId(0) || !is_active(alert) => {
                (self.update(now, met, alert, decision), Stands::from(met))
            }
            _ if is_active(alert) => self.count(now, scope, alert, decision),
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
            let severity = &mut self.activities.get_mut(activity).severity;
            if alert.severity.score > severity.score {
                *severity = alert.severity;
            }
            self.touch_activity(activity);
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
        self.look_up(scope, alert);
        if let Some(no) = self.repeated(scope, alert) {
            self.repeat(now, no, alert, decision);
            let stands = self.stands(no, alert.time);
            return (Outcome::Counted(stands.activity), stands);
        }
        let (no, grouping) = self.open(now, scope, alert, decision);
        let stands = self.stands(no, alert.time);
        (
            Outcome::Opened {
                activity: stands.activity,
                grouping,
            },
            stands,
        )
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
    fn look_up(&mut self, scope: ScopeId, alert: &Alert) {
        self.scratch.found.clear();
        for (index, entity) in alert.entities.iter().enumerate() {
            if self.links(entity) {
                let found = self.entities.find(scope, entity.kind, &entity.value);
                self.scratch.found.push((index, found));
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

    /// The live activity that the alert repeats. A rise of severity is no repeat.
    fn repeated(&self, scope: ScopeId, alert: &Alert) -> Option<No<Activity>> {
        let rule = self.rules.find(&alert.source, &alert.rule_id)?;
        let mut mentions = Mentions::new();
        for (index, (_, known)) in &self.scratch.found {
            mentions.push(Mention::new((*known)?, alert.entities[*index].role));
        }
        mentions.sort_unstable();
        let repeat = Repeat {
            time: alert.time,
            window: self.policy.dedup_window(&alert.source),
            severity: alert.severity.score,
        };
        self.activities.find(scope, rule, &mentions, repeat)
    }

    /// Counts a repeat on an activity.
    fn repeat(&mut self, now: Timestamp, no: No<Activity>, alert: &Alert, decision: &mut Decision) {
        let time = alert.time;
        let activity = self.activities.get_mut(no);
        let grew = time < activity.first || time > activity.last;
        activity.count += 1;
        activity.first = activity.first.min(time);
        activity.last = activity.last.max(time);
        let group = activity.group;
        if grew {
            self.extend(no);
        }
        let body = &mut self.groups.get_mut(group).body;
        body.alerts += 1;
        body.first = body.first.min(time);
        body.last = body.last.max(time);
        let widened = body.add_attack(&alert.attack);
        self.count_in(group);
        self.touch_activity(no);
        self.touch_group(now, group);
        if widened {
            self.promote_if_due(now, group, decision);
        }
        if grew {
            self.bridge(now, no, decision);
        }
    }

    /// Counts one new alert in the term of its group.
    pub(super) fn count_in(&mut self, group: No<crate::groups::Group>) {
        let stage: Stage = self.groups.get(group).head.stage;
        let disposition = stage
            .disposition()
            .expect("a live group is a candidate or a case");
        self.accounting.count_alert(disposition);
    }

    /// Adds the entities that the look-up did not find; returns all mentions, in the alert's order.
    pub(super) fn intern_mentions(&mut self, scope: ScopeId, alert: &Alert) -> Mentions {
        let mut mentions: SmallVec<[Mention; 4]> = SmallVec::new();
        for at in 0..self.scratch.found.len() {
            let (index, (hash, known)) = self.scratch.found[at];
            let entity = &alert.entities[index];
            // Looked up once more where it was unknown: the same value may stand in two roles of this alert.
            let known = known.or_else(|| self.entities.find(scope, entity.kind, &entity.value).1);
            let no = known.unwrap_or_else(|| {
                self.entities
                    .insert(hash, scope, entity.kind, &entity.value)
            });
            mentions.push(Mention::new(no, entity.role));
            self.entities.mention(no);
        }
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
