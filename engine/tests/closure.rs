//! The whole policy as a slow, obvious closure: each alert is judged by loops over all alerts, two alerts are linked or
//! not, and groups are what the links connect. Written from `config/policy.toml`, not from the engine. Without caps and
//! with alerts no later than the lateness, the real one must agree: who stands with whom and how, what became of each
//! alert, and the risk.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::Alert;
use caseloom_engine::busy::class_of;
use caseloom_engine::entity::{Entity, EntityKind};
use caseloom_engine::policy::Policy;
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::{Span, Timestamp};
use common::arrival::{Stands, arriving, delays, groups};
use common::days::{days, eager};
use proptest::prelude::*;

type Value = (EntityKind, String);

/// What one alert links by.
#[derive(Debug, Default)]
struct Grounds {
    alone: Vec<Value>,
    both: Vec<(Value, Value, Span)>,
    is_run: bool,
    is_rare: bool,
    is_novel: bool,
}

struct World<'a> {
    policy: &'a Policy,
    alerts: &'a [Alert],
    standings: Vec<Standing>,
    grounds: Vec<Grounds>,
    /// The number of the group in which an alert stands.
    group: Vec<usize>,
}

fn hour(time: Timestamp) -> i64 {
    time.0.div_euclid(3_600_000)
}

fn minute(time: Timestamp) -> i64 {
    time.0.div_euclid(60_000)
}

/// Bins of five minutes.
fn bin(time: Timestamp) -> i64 {
    time.0.div_euclid(300_000)
}

fn hours(span: Span) -> i64 {
    (span.0 + 3_599_999).div_euclid(3_600_000)
}

fn value(entity: &Entity) -> Value {
    (entity.kind, entity.value.to_string())
}

fn subject(alert: &Alert) -> Value {
    value(alert.subject().expect("all alerts of the days have one"))
}

fn pair(alert: &Alert) -> (String, Value) {
    (alert.rule_id.to_string(), subject(alert))
}

impl<'a> World<'a> {
    fn of(policy: &'a Policy, alerts: &'a [Alert]) -> Self {
        let mut world = Self {
            policy,
            alerts,
            standings: Vec::new(),
            grounds: Vec::new(),
            group: (0..alerts.len()).collect(),
        };
        world.standings = alerts.iter().map(|alert| world.standing(alert)).collect();
        let grounds = alerts.iter().zip(&world.standings);
        world.grounds = grounds
            .map(|(alert, standing)| world.ground(alert, *standing))
            .collect();
        world.connect();
        world
    }

    /// The last hour that is settled for an alert of `hour`.
    fn closed(&self, hour: i64) -> i64 {
        hour - 1 - hours(self.policy.lateness)
    }

    fn hours_of_pair(&self, alert: &Alert) -> BTreeSet<i64> {
        let same = self
            .alerts
            .iter()
            .filter(|other| pair(other) == pair(alert));
        same.map(|other| hour(other.time)).collect()
    }

    fn usual_standing(&self, alert: &Alert) -> Standing {
        let (now, fired) = (hour(alert.time), self.hours_of_pair(alert));
        let closed = self.closed(now);
        let mut begin = now;
        let mut at = closed;
        while fired.contains(&at) || fired.contains(&(at - 1)) {
            if fired.contains(&at) {
                begin = at;
            }
            at -= 1;
        }
        let first = self.alerts.iter().map(|alert| hour(alert.time)).min();
        let settle = self.policy.recurrence.settle.0 / 3_600_000;
        let is_brought_along = begin - first.unwrap_or(now) < settle;
        let before = (if is_brought_along { now } else { begin } - 1).min(closed);
        let past = fired.range(..=before).filter(|past| **past >= now - 168);
        if past.count() >= self.policy.recurrence.hours as usize {
            Standing::Background
        } else if now - begin > self.policy.recurrence.horizon.0 / 3_600_000 {
            Standing::Lasting
        } else {
            Standing::News
        }
    }

    fn standing(&self, alert: &Alert) -> Standing {
        let usual = self.usual_standing(alert);
        let pins = self.policy.recurrence.pins.iter();
        let pins = pins.filter(|pin| {
            let of_subject = pin.subject.as_ref();
            let is_it = of_subject.is_none_or(|(k, v)| subject(alert) == (*k, v.to_string()));
            pin.rule_id == alert.rule_id && is_it
        });
        let pin = pins.max_by_key(|pin| pin.subject.is_some());
        if let Some(pin) = pin {
            return match (pin.is_background, usual) {
                (true, _) => Standing::Background,
                (false, Standing::Background) => Standing::News,
                (false, usual) => usual,
            };
        }
        let is_high = alert.severity.score >= self.policy.recurrence.never_background;
        match usual {
            Standing::Background if is_high || self.bursts(alert) => Standing::News,
            usual => usual,
        }
    }

    /// Whether the pair has a settled hour: only then its bins are counted.
    fn is_counted(&self, alert: &Alert) -> bool {
        let closed = self.closed(hour(alert.time));
        self.hours_of_pair(alert).first() <= Some(&closed)
    }

    fn bursts(&self, alert: &Alert) -> bool {
        let mut bins: BTreeMap<i64, u32> = BTreeMap::new();
        for other in self.alerts {
            if pair(other) == pair(alert) && self.is_counted(other) {
                *bins.entry(bin(other.time)).or_default() += 1;
            }
        }
        let here = bin(alert.time);
        let settled = Timestamp(here * 300_000).minus(self.policy.lateness);
        let usual = bins.range(..bin(settled)).map(|(_, count)| *count).max();
        let usual = usual.unwrap_or(0).max(3);
        let count = bins.get(&here).copied().unwrap_or(0);
        f64::from(count) > self.policy.recurrence.burst * f64::from(usual)
    }

    /// The entities that may connect, with the number of the thing that they name.
    fn linkable(&self, alert: &Alert) -> BTreeMap<Value, u8> {
        let ignored = &self.policy.ignored_entities;
        let links = alert.entities.iter().filter(|entity| {
            entity.is_linkable()
                && self.policy.gap(entity.kind) > Span::ZERO
                && !ignored.contains(&(entity.kind, entity.value.clone()))
        });
        links.map(|entity| (value(entity), entity.thing)).collect()
    }

    /// Rule, subject, and each linkable entity with its role: what is one happening.
    fn happening(&self, alert: &Alert) -> (String, Value, BTreeSet<(Value, u8)>) {
        let links = self.linkable(alert);
        let named = alert
            .entities
            .iter()
            .filter(|entity| links.contains_key(&value(entity)));
        let named = named.map(|entity| (value(entity), entity.role as u8));
        (alert.rule_id.to_string(), subject(alert), named.collect())
    }

    fn is_busy(&self, entity: &Value, hour_of: i64) -> bool {
        let here = self
            .alerts
            .iter()
            .zip(&self.standings)
            .filter(|(other, standing)| {
                **standing != Standing::Background
                    && hour(other.time) == hour_of
                    && self.linkable(other).contains_key(entity)
            });
        let here: Vec<_> = here.map(|(other, _)| other).collect();
        let happenings: BTreeSet<_> = here.iter().map(|other| self.happening(other)).collect();
        let peers = here.iter().flat_map(|other| self.linkable(other));
        let classes: BTreeSet<_> = peers
            .filter(|(peer, _)| peer != entity)
            .map(|((kind, value), _)| class_of(kind, &value))
            .collect();
        happenings.len() >= usize::from(self.policy.hubs.per_hour)
            || classes.len() >= usize::from(self.policy.hubs.peers)
    }

    fn weight(&self, entity: &Value, now: i64) -> u32 {
        let weight = u32::from(self.policy.evidence.weights[entity.0 as usize]);
        let busy = (now - 24..=self.closed(now)).filter(|at| self.is_busy(entity, *at));
        match busy.count() as u32 {
            busy if busy >= self.policy.hubs.hub_hours => 0,
            busy if busy >= self.policy.hubs.common_hours => weight / 2,
            _ => weight,
        }
    }

    fn ground(&self, alert: &Alert, standing: Standing) -> Grounds {
        let (now, evidence) = (hour(alert.time), &self.policy.evidence);
        let join = u32::from(evidence.join);
        let mut grounds = Grounds::default();
        if standing == Standing::Lasting {
            grounds.is_run = true;
            return grounds;
        }
        let entities = self.linkable(alert);
        let weights: Vec<_> = entities
            .iter()
            .map(|(e, thing)| (e, *thing, self.weight(e, now)))
            .collect();
        for (at, (a, thing_a, weight_a)) in weights.iter().enumerate() {
            if *weight_a >= join {
                grounds.alone.push((*a).clone());
            }
            for (b, thing_b, weight_b) in &weights[at + 1..] {
                let same_thing = *thing_a != 0 && thing_a == thing_b;
                if *weight_a == 0 || *weight_b == 0 || same_thing || weight_a + weight_b < join {
                    continue;
                }
                let together = self.policy.together(a.0, b.0);
                let gap = match together {
                    Some(gap) => gap,
                    None if *weight_a.max(weight_b) >= join => continue,
                    None => self.policy.gap(a.0).min(self.policy.gap(b.0)),
                };
                grounds.both.push(((*a).clone(), (*b).clone(), gap));
            }
        }
        let is_alone = grounds.alone.contains(&subject(alert));
        let recurrence = &self.policy.recurrence;
        // A pair that is new on a subject which is enough alone needs no run.
        let lasts_late = recurrence.horizon.0 / 3_600_000
            >= hours(recurrence.run_gap) + hours(self.policy.lateness);
        grounds.is_run = self.is_counted(alert) || !is_alone || !lasts_late;
        let since = self
            .alerts
            .iter()
            .map(|other| other.time)
            .min()
            .unwrap_or(alert.time);
        let settled = Timestamp(now * 3_600_000).minus(self.policy.lateness);
        if settled.since(since) >= evidence.baseline {
            let fired = self
                .alerts
                .iter()
                .filter(|other| other.rule_id == alert.rule_id);
            let fired: BTreeSet<i64> = fired.map(|other| hour(other.time)).collect();
            let seen = fired.range(now - 168..=self.closed(now)).count();
            grounds.is_rare = seen < evidence.rule_hours as usize && evidence.rule_gap > Span::ZERO;
            grounds.is_novel = seen == 0 && entities.contains_key(&subject(alert));
        }
        grounds
    }

    fn apart(&self, a: usize, b: usize) -> Span {
        let (a, b) = (self.alerts[a].time, self.alerts[b].time);
        a.since(b).max(b.since(a))
    }

    fn is_linked(&self, at: usize, other: usize) -> bool {
        let (a, b) = (&self.grounds[at], &self.grounds[other]);
        let (alert_a, alert_b) = (&self.alerts[at], &self.alerts[other]);
        let apart = self.apart(at, other);
        let alone = |value: &Value| b.alone.contains(value) && apart <= self.policy.gap(value.0);
        let both = |shared: &(Value, Value, Span)| b.both.contains(shared) && apart <= shared.2;
        let minutes = (minute(alert_a.time) - minute(alert_b.time)).abs();
        a.alone.iter().any(alone)
            || a.both.iter().any(both)
            || (a.is_run
                && b.is_run
                && pair(alert_a) == pair(alert_b)
                && apart <= self.policy.recurrence.run_gap)
            || (a.is_rare
                && b.is_rare
                && alert_a.rule_id == alert_b.rule_id
                && Span::MINUTE.times(minutes) <= self.policy.evidence.rule_gap)
    }

    fn unite(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.group[a], self.group[b]);
        for group in &mut self.group {
            if *group == a {
                *group = b;
            }
        }
        a != b
    }

    fn is_news(&self, at: usize) -> bool {
        self.standings[at] != Standing::Background
    }

    fn connect(&mut self) {
        let news: Vec<usize> = (0..self.alerts.len())
            .filter(|at| self.is_news(*at))
            .collect();
        for a in &news {
            for b in &news {
                if a < b && self.is_linked(*a, *b) {
                    self.unite(*a, *b);
                }
            }
        }
        while self.warm(&news) || self.return_to_cases(&news) {}
        self.attach();
    }

    /// Rules on a subject in a group that the scope had never seen.
    fn novel_rules(&self, group: usize, on: &Value) -> usize {
        let here = (0..self.alerts.len()).filter(|at| {
            self.group[*at] == group
                && self.is_news(*at)
                && self.grounds[*at].is_novel
                && subject(&self.alerts[*at]) == *on
        });
        here.map(|at| &self.alerts[at].rule_id)
            .collect::<BTreeSet<_>>()
            .len()
    }

    fn is_near_on_hot(&self, a: usize, b: usize) -> bool {
        self.grounds[a].is_novel
            && self.grounds[b].is_novel
            && self.is_news(a)
            && self.is_news(b)
            && subject(&self.alerts[a]) == subject(&self.alerts[b])
            && self.apart(a, b) <= self.policy.evidence.hot_gap
    }

    /// Over which time a case is reached by what connects over `gap`.
    fn reach_of_case(&self, gap: Span) -> Span {
        let longer = Span(gap.0 + self.policy.reopen.within.0);
        match gap > Span::ZERO && longer > self.policy.auto_close_after {
            true => longer,
            false => gap,
        }
    }

    /// Whether an alert would return to the earlier `at`, if that stood in a case.
    fn could_return(&self, at: usize, other: usize) -> bool {
        let (a, b) = (&self.grounds[at], &self.grounds[other]);
        let (alert_a, alert_b) = (&self.alerts[at], &self.alerts[other]);
        let apart = alert_b.time.since(alert_a.time);
        let reaches = |gap: Span| apart <= self.reach_of_case(gap);
        let alone = |value: &Value| b.alone.contains(value) && reaches(self.policy.gap(value.0));
        alert_a.time < alert_b.time
            && (a.alone.iter().any(alone)
                || (a.is_run
                    && b.is_run
                    && pair(alert_a) == pair(alert_b)
                    && reaches(self.policy.recurrence.run_gap)))
    }

    fn return_to_cases(&mut self, news: &[usize]) -> bool {
        for &a in news {
            let is_case = self.is_case(&self.news_of(self.group[a]));
            let returns = |b: &&usize| {
                is_case && self.group[a] != self.group[**b] && self.could_return(a, **b)
            };
            if let Some(b) = news.iter().find(returns) {
                return self.unite(a, *b);
            }
        }
        false
    }

    fn warm(&mut self, news: &[usize]) -> bool {
        let enough = self.policy.evidence.hot_rules as usize;
        for &a in news {
            for &b in news {
                let on = subject(&self.alerts[a]);
                if self.is_near_on_hot(a, b)
                    && self.novel_rules(self.group[a], &on) >= enough
                    && self.unite(a, b)
                {
                    return true;
                }
            }
        }
        false
    }

    fn attach(&mut self) {
        if !self.policy.recurrence.attach {
            return;
        }
        let background: Vec<usize> = (0..self.alerts.len())
            .filter(|at| !self.is_news(*at))
            .collect();
        let mut attached = Vec::new();
        for &at in &background {
            let on = subject(&self.alerts[at]);
            let same_bin = |other: &&usize| {
                let (a, b) = (&self.alerts[at], &self.alerts[**other]);
                self.happening(a) == self.happening(b) && bin(a.time) == bin(b.time)
            };
            let minutes: Vec<i64> = background
                .iter()
                .filter(same_bin)
                .map(|other| minute(self.alerts[*other].time))
                .collect();
            let mut rules: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
            for near in 0..self.alerts.len() {
                let alert = &self.alerts[near];
                let is_near = minutes
                    .iter()
                    .any(|of| (of - minute(alert.time)).abs() <= 1);
                if is_near
                    && self.standings[near] == Standing::News
                    && subject(alert) == on
                    && self.grounds[near].alone.contains(&on)
                    && self.grounds[at].alone.contains(&on)
                {
                    rules
                        .entry(self.group[near])
                        .or_default()
                        .insert(&alert.rule_id);
                }
            }
            let group = rules.iter().find(|(_, rules)| rules.len() >= 2);
            attached.extend(group.map(|(group, _)| (at, *group)));
        }
        for (at, group) in attached {
            self.group[at] = group;
        }
    }

    fn groups(&self) -> Vec<Stands> {
        let numbers: BTreeSet<usize> = self.group.iter().copied().collect();
        let mut groups: Vec<Stands> = numbers.iter().map(|group| self.sums(*group)).collect();
        groups.sort();
        groups
    }

    fn sums(&self, group: usize) -> Stands {
        let members: Vec<usize> = (0..self.alerts.len())
            .filter(|at| self.group[*at] == group)
            .collect();
        let named = |at: &usize| {
            format!(
                "{} {}",
                self.alerts[*at].id.as_deref().unwrap_or(""),
                self.standings[*at].as_str()
            )
        };
        let mut names: Vec<String> = members.iter().map(named).collect();
        names.sort();
        let news: Vec<usize> = members.into_iter().filter(|at| self.is_news(*at)).collect();
        if news.is_empty() {
            return (names, Disposition::Background, 0);
        }
        let risk = self.risk(&news);
        let end = self.end(group);
        let now = self.alerts.iter().map(|alert| alert.time).max();
        let disposition = if self.is_case(&news) {
            Disposition::Case
        } else if Some(end) <= now {
            Disposition::Expired
        } else {
            Disposition::Candidate
        };
        (names, disposition, risk.to_bits())
    }

    fn news_of(&self, group: usize) -> Vec<usize> {
        let all = 0..self.alerts.len();
        all.filter(|at| self.group[*at] == group && self.is_news(*at))
            .collect()
    }

    fn is_case(&self, news: &[usize]) -> bool {
        let critical = news.iter().any(|at| self.alerts[*at].severity.score >= 80);
        critical || self.risk(news) >= self.policy.promotion_risk
    }

    /// When nothing can join a group any more: the groups that would be one with it if their subject got hot, or if they
    /// became cases, included.
    fn end(&self, group: usize) -> Timestamp {
        let mut pending = vec![group];
        let mut at = 0;
        while let Some(here) = pending.get(at).copied() {
            at += 1;
            for a in self.news_of(here) {
                let pends = |b: &usize| {
                    self.is_near_on_hot(a, *b) || (self.is_news(*b) && self.could_return(*b, a))
                };
                for b in (0..self.alerts.len()).filter(pends) {
                    if !pending.contains(&self.group[b]) {
                        pending.push(self.group[b]);
                    }
                }
            }
        }
        let ends = pending.iter().map(|group| self.end_alone(*group));
        ends.max().unwrap_or(Timestamp::MIN)
    }

    fn end_alone(&self, group: usize) -> Timestamp {
        let news = self.news_of(group);
        let last = news.iter().map(|at| self.alerts[*at].time).max();
        let reach = news.iter().map(|at| self.reach(*at)).max();
        let mut silence = reach.unwrap_or(Span::ZERO);
        if self.is_case(&news) {
            silence = silence.max(self.policy.auto_close_after);
        }
        let last = last.unwrap_or(Timestamp::MIN);
        last.plus(silence)
            .plus(self.policy.lateness)
            .plus(Span::MINUTE.times(5))
            .plus(Span(1))
    }

    /// Each rule counts once for each subject, at its worst.
    fn risk(&self, news: &[usize]) -> f64 {
        let mut worst: BTreeMap<_, u8> = BTreeMap::new();
        let mut tactics = BTreeSet::new();
        for at in news {
            let alert = &self.alerts[*at];
            tactics.extend(alert.attack.iter().filter(|id| id.starts_with("TA")));
            if self.standings[*at] == Standing::News {
                let severity = worst.entry(pair(alert)).or_default();
                *severity = alert.severity.score.max(*severity);
            }
        }
        let sum: u32 = worst.values().map(|severity| u32::from(*severity)).sum();
        (f64::from(sum) * (1.0 + 0.25 * tactics.len().saturating_sub(1) as f64)).min(1000.0)
    }

    /// The longest time over which an alert links.
    fn reach(&self, at: usize) -> Span {
        let (grounds, policy) = (&self.grounds[at], self.policy);
        let alone = grounds.alone.iter().map(|value| policy.gap(value.0));
        let both = grounds.both.iter().map(|(.., gap)| *gap);
        let others = [
            (grounds.is_run, policy.recurrence.run_gap),
            (grounds.is_rare, Span(policy.evidence.rule_gap.0 + 60_000)),
            (grounds.is_novel, policy.evidence.hot_gap),
        ];
        let others = others
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, gap)| gap);
        alone.chain(both).chain(others).max().unwrap_or(Span::ZERO)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_correlator_groups_as_the_closure_says(
        policy in eager(),
        world in days(8),
        delays in prop::collection::vec(delays(), 60),
    ) {
        let late = arriving(&world, &delays, policy.lateness);
        prop_assert_eq!(World::of(&policy, &world).groups(), groups(&policy, &late), "arriving: {:?}", late);
    }
}
