//! A slow, obvious correlator: plain lists, everything computed anew for each alert, with ids, updates and ends, but
//! without recurrence and evidence other than entities (`closure.rs` has those). Groups are the connected
//! components of the activities under the linking rule. Without caps, and with alerts no later than the lateness, the
//! real one must agree with it on every world: who stands with whom, what became of each alert, risk and sums.
#![expect(clippy::unwrap_used, reason = "a disagreement should stop the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::{Alert, Lifecycle};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::Decision;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::policy::Policy;
use caseloom_engine::time::{Span, Timestamp};
use common::shelf::Shelf;
use common::worlds::World;
use proptest::prelude::*;

/// An entity, whatever its role.
type Value = (EntityKind, String);

/// Scope, source, rule, each linkable entity with its role, and the subject.
type Key = (String, String, String, BTreeSet<(Value, u8)>, Option<Value>);

/// The same happening again and again.
#[derive(Debug)]
struct Activity {
    key: Key,
    subject: Option<Value>,
    attack: Vec<String>,
    opened: Timestamp,
    first: Timestamp,
    last: Timestamp,
    severity: u8,
    assumed: bool,
    /// The alerts counted, by their place in the world.
    alerts: Vec<usize>,
}

/// An alert with a native id, as it was last known.
#[derive(Debug)]
struct Met {
    id: (String, String, String),
    time: Timestamp,
    version: Timestamp,
    count: u32,
    lifecycle: Lifecycle,
    activity: Option<usize>,
}

/// What a group amounts to.
#[derive(Debug, PartialEq)]
struct Sums {
    alerts: BTreeSet<usize>,
    disposition: Disposition,
    activities: u64,
    entities: u64,
    risk: f64,
    severity: u8,
    first: Timestamp,
    last: Timestamp,
}

struct Model {
    policy: Policy,
    activities: Vec<Activity>,
    met: Vec<Met>,
    /// The highest time of each scope.
    times: BTreeMap<String, Timestamp>,
    /// What became of the alerts that count on no activity.
    uncounted: BTreeMap<usize, Disposition>,
}

impl Model {
    fn decide(&mut self, place: usize, alert: &Alert) {
        let scope = alert.scope.to_string();
        let time = self.times.entry(scope.clone()).or_insert(alert.time);
        *time = alert.time.max(*time);
        let since = time.minus(self.policy.dedup.ids_kept);
        let Some(id) = &alert.id else {
            self.count_or_ignore(place, alert);
            return;
        };
        let id = (scope, alert.source.to_string(), id.to_string());
        let known = self
            .met
            .iter()
            .position(|met| met.id == id && met.time >= since);
        let Some(known) = known else {
            let activity = self.count_or_ignore(place, alert);
            self.met.push(Met {
                id,
                time: alert.time,
                version: alert.updated.unwrap_or(alert.time),
                count: alert.count,
                lifecycle: alert.lifecycle,
                activity,
            });
            return;
        };
        self.meet_again(place, alert, known);
    }

    fn meet_again(&mut self, place: usize, alert: &Alert, known: usize) {
        let version = alert.updated.unwrap_or(alert.time);
        let met = &self.met[known];
        let newer = version > met.version
            || alert.count > met.count
            || (version == met.version && alert.lifecycle != met.lifecycle);
        let activity = met.activity;
        if !newer {
            self.uncounted.insert(place, Disposition::Redelivered);
            return;
        }
        match activity {
            None if alert.lifecycle == Lifecycle::Active => {
                self.met[known].activity = self.count_or_ignore(place, alert);
            }
            _ => {
                self.uncounted.insert(place, Disposition::Updated);
                self.raise(activity, alert);
            }
        }
        let met = &mut self.met[known];
        met.count = met.count.max(alert.count);
        if version >= met.version {
            met.lifecycle = alert.lifecycle;
            met.version = version;
        }
    }

    /// An update raises the severity of its activity and may widen it, while that is in memory.
    fn raise(&mut self, activity: Option<usize>, alert: &Alert) {
        let Some(at) = activity.filter(|at| !self.has_ended(*at)) else {
            return;
        };
        let activity = &mut self.activities[at];
        activity
            .attack
            .extend(alert.attack.iter().map(ToString::to_string));
        if alert.severity.score > activity.severity {
            (activity.severity, activity.assumed) = (alert.severity.score, alert.severity.assumed);
        }
    }

    fn count_or_ignore(&mut self, place: usize, alert: &Alert) -> Option<usize> {
        if alert.lifecycle != Lifecycle::Active {
            self.uncounted.insert(place, Disposition::Ignored);
            return None;
        }
        let found = (0..self.activities.len())
            .rev()
            .find(|at| self.repeats(*at, alert));
        let at = found.unwrap_or_else(|| {
            self.activities.push(self.opened_by(alert));
            self.activities.len() - 1
        });
        let activity = &mut self.activities[at];
        activity.alerts.push(place);
        activity
            .attack
            .extend(alert.attack.iter().map(ToString::to_string));
        activity.first = activity.first.min(alert.time);
        activity.last = activity.last.max(alert.time);
        Some(at)
    }

    fn opened_by(&self, alert: &Alert) -> Activity {
        let subject = alert
            .subject()
            .filter(|e| self.policy.gap(e.kind) > Span::ZERO);
        Activity {
            key: self.key(alert),
            subject: subject.map(|entity| (entity.kind, entity.value.to_string())),
            attack: Vec::new(),
            opened: alert.time,
            first: alert.time,
            last: alert.time,
            severity: alert.severity.score,
            assumed: alert.severity.assumed,
            alerts: Vec::new(),
        }
    }

    fn key(&self, alert: &Alert) -> Key {
        let linkable = alert
            .entities
            .iter()
            .filter(|entity| entity.is_linkable() && self.policy.gap(entity.kind) > Span::ZERO)
            .map(|entity| ((entity.kind, entity.value.to_string()), entity.role as u8));
        let (scope, source) = (alert.scope.to_string(), alert.source.to_string());
        let subject = alert
            .subject()
            .map(|entity| (entity.kind, entity.value.to_string()));
        let rule = alert.rule_id.to_string();
        (scope, source, rule, linkable.collect(), subject)
    }

    fn repeats(&self, at: usize, alert: &Alert) -> bool {
        let activity = &self.activities[at];
        let end = activity.opened.plus(self.policy.dedup.window);
        !activity.key.3.is_empty()
            && activity.key == self.key(alert)
            && (activity.opened..end).contains(&alert.time)
            && alert.severity.score <= activity.severity
            && !self.has_ended(at)
    }

    /// Whether the group of an activity has left memory.
    fn has_ended(&self, at: usize) -> bool {
        self.due(&self.component(at)) <= self.times[&self.activities[at].key.0]
    }

    fn due(&self, group: &[usize]) -> Timestamp {
        let members = group.iter().map(|at| &self.activities[*at]);
        let last = members.clone().map(|activity| activity.last).max().unwrap();
        let reach = members
            .flat_map(|activity| {
                activity
                    .key
                    .3
                    .iter()
                    .map(|((kind, _), _)| self.policy.gap(*kind))
            })
            .max()
            .unwrap_or(Span::ZERO);
        let silence = match self.is_case(group) {
            true => reach.max(self.policy.auto_close_after),
            false => reach,
        };
        last.plus(silence)
            .plus(self.policy.lateness)
            .plus(Span::MINUTE.times(5))
            .plus(Span(1))
    }

    fn is_case(&self, group: &[usize]) -> bool {
        let critical =
            |at: &usize| self.activities[*at].severity >= 80 && !self.activities[*at].assumed;
        group.iter().any(critical) || self.risk(group) >= self.policy.promotion_risk
    }

    fn risk(&self, group: &[usize]) -> f64 {
        let mut worst: BTreeMap<_, u8> = BTreeMap::new();
        let mut tactics = BTreeSet::new();
        for activity in group.iter().map(|at| &self.activities[*at]) {
            let severity = worst
                .entry((&activity.key.1, &activity.key.2, &activity.subject))
                .or_default();
            *severity = activity.severity.max(*severity);
            tactics.extend(activity.attack.iter().filter(|id| id.starts_with("TA")));
        }
        let sum: f64 = worst.values().map(|severity| f64::from(*severity)).sum();
        let beyond_first = tactics.len().saturating_sub(1);
        (sum * (1.0 + 0.25 * beyond_first as f64)).min(1000.0)
    }

    /// The activities connected with this one, itself included.
    fn component(&self, at: usize) -> Vec<usize> {
        let mut group = vec![at];
        let mut next = 0;
        while next < group.len() {
            let here = group[next];
            let linked = (0..self.activities.len()).filter(|other| self.link(here, *other));
            let new: Vec<_> = linked.filter(|other| !group.contains(other)).collect();
            group.extend(new);
            next += 1;
        }
        group.sort_unstable();
        group
    }

    /// Two activities are linked when they share an entity and lie within the gap of its kind.
    fn link(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.activities[a], &self.activities[b]);
        let apart = a.first.since(b.last).max(b.first.since(a.last));
        let shares = |(value, _): &(Value, u8)| {
            apart <= self.policy.gap(value.0) && b.key.3.iter().any(|(other, _)| other == value)
        };
        a.key.0 == b.key.0 && a.key.3.iter().any(shares)
    }

    fn groups(&self) -> Vec<Sums> {
        let mut components: Vec<_> = (0..self.activities.len())
            .map(|at| self.component(at))
            .collect();
        components.sort();
        components.dedup();
        components.iter().map(|group| self.sums(group)).collect()
    }

    fn sums(&self, group: &[usize]) -> Sums {
        let members: Vec<_> = group.iter().map(|at| &self.activities[*at]).collect();
        let values: BTreeSet<_> = members
            .iter()
            .flat_map(|a| a.key.3.iter().map(|(value, _)| value))
            .collect();
        let disposition = match (self.is_case(group), self.has_ended(group[0])) {
            (true, _) => Disposition::Case,
            (false, true) => Disposition::Expired,
            (false, false) => Disposition::Candidate,
        };
        Sums {
            alerts: members
                .iter()
                .flat_map(|a| a.alerts.iter().copied())
                .collect(),
            disposition,
            activities: members.len() as u64,
            entities: values.len() as u64,
            risk: self.risk(group),
            severity: members.iter().map(|a| a.severity).max().unwrap(),
            first: members.iter().map(|a| a.first).min().unwrap(),
            last: members.iter().map(|a| a.last).max().unwrap(),
        }
    }
}

/// The same from the real one: its groups, and what became of the alerts that count on no activity.
fn real(policy: &Policy, alerts: &[Alert]) -> (Vec<Sums>, BTreeMap<usize, Disposition>) {
    let mut correlator = Correlator::new(policy.clone(), common::SEED);
    let (mut decision, mut shelf) = (Decision::default(), Shelf::default());
    let mut now = common::BEGIN;
    for alert in alerts {
        now = now.max(alert.time);
        correlator.on_alert(now, alert, &mut decision);
    }
    correlator.seal(&mut decision);
    decision.records.iter().for_each(|record| shelf.put(record));
    let outcomes: Vec<_> = decision
        .outcomes
        .iter()
        .map(|decided| decided.outcome)
        .collect();
    let uncounted = outcomes.iter().enumerate();
    let uncounted =
        uncounted.filter_map(|(place, outcome)| Some((place, outcome.fixed_disposition()?)));
    let mut groups: Vec<_> = Vec::new();
    for group in shelf.groups.values() {
        let Some(disposition) = group.stage.disposition() else {
            continue;
        };
        let stands_here = |at: &usize| {
            let activity = outcomes[*at]
                .activity()
                .map(|id| shelf.activities[&id].group);
            activity.is_some_and(|home| group.parts.contains(&home))
        };
        groups.push(Sums {
            alerts: (0..outcomes.len()).filter(stands_here).collect(),
            disposition,
            activities: group.activities,
            entities: group.entities,
            risk: group.risk,
            severity: group.severity.score,
            first: group.first,
            last: group.last,
        });
    }
    (groups, uncounted.collect())
}

/// Policies without caps, whose gaps are 0 or at least as long as the dedup window.
fn policies() -> impl Strategy<Value = Policy> {
    let hours =
        |choice: &'static [i64]| prop::sample::select(choice).prop_map(|h| Span::HOUR.times(h));
    let gaps = (hours(&[0, 1, 4]), hours(&[1, 4, 6]), hours(&[0, 4, 24]));
    let minutes = prop::sample::select(&[10i64, 60][..]).prop_map(|m| Span::MINUTE.times(m));
    let rest = (
        minutes,
        hours(&[1, 24]),
        hours(&[1, 3]),
        prop::sample::select(&[40.0, 100.0][..]),
    );
    (gaps, rest).prop_map(
        |((host, user, hash), (window, auto_close_after, lateness, promotion_risk))| {
            let mut policy = Policy {
                auto_close_after,
                lateness,
                promotion_risk,
                ..Policy::default()
            };
            policy.dedup.window = window;
            // Nothing returns to a case in it: `closure.rs` knows that.
            policy.reopen.within = Span::ZERO;
            // The model knows entities that are enough alone, and nothing is noise in it.
            policy.recurrence.hours = 1_000;
            policy.recurrence.horizon = Span::DAY.times(30);
            policy.recurrence.run_gap = Span::ZERO;
            policy.evidence.together.clear();
            policy.evidence.baseline = Span::DAY.times(365);
            for (kind, gap) in [
                (EntityKind::Host, host),
                (EntityKind::User, user),
                (EntityKind::Hash, hash),
            ] {
                policy.gaps[kind as usize] = gap;
            }
            (policy.caps.activities, policy.caps.entities) = (usize::MAX, usize::MAX);
            (policy.caps.age, policy.caps.idle) = (Span(i64::MAX), Span(i64::MAX));
            policy
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_correlator_decides_as_its_model(
        policy in policies(),
        alerts in World { late_s: 3_600, jump_s: 40_000, ..World::of(60) }.strategy(),
    ) {
        policy.check().unwrap();
        let mut model = Model {
            policy: policy.clone(),
            activities: Vec::new(),
            met: Vec::new(),
            times: BTreeMap::new(),
            uncounted: BTreeMap::new(),
        };
        alerts.iter().enumerate().for_each(|(place, alert)| model.decide(place, alert));
        let (mut groups, uncounted) = real(&policy, &alerts);
        groups.sort_by(|a, b| a.alerts.cmp(&b.alerts));
        let mut expected = model.groups();
        expected.sort_by(|a, b| a.alerts.cmp(&b.alerts));
        prop_assert_eq!(uncounted, model.uncounted);
        prop_assert_eq!(groups, expected);
    }
}
