//! The law of order: alerts that arrive in another order, but none later than the lateness, stand in the same groups.
//! Ties in time, redelivered alerts and the default caps included; which activity counts a repeat may differ.
#![expect(clippy::unwrap_used, reason = "a broken law should stop the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::Alert;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{Decision, Outcome};
use caseloom_engine::ids::GroupId;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{GroupRecord, LinkKind, Stage};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::{Span, Timestamp};
use common::days::{days, eager};
use common::shelf::Shelf;
use common::worlds::{Alerts, World};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// How late one alert arrives, as a part of the lateness, and how late a second delivery of it, if there is one.
type Delays = (f64, Option<f64>);

fn delays() -> impl Strategy<Value = Delays> {
    let late = || prop_oneof![2 => Just(0.0), 1 => Just(1.0), 7 => 0.0..1.0];
    (late(), prop::option::weighted(0.05, late()))
}

/// A group as who stands in it, what it is, and its risk; background on its own stands alone.
type Stands = (Vec<String>, Disposition, u64);

/// The groups at the end, whatever they are called. Attached background is marked, what lasts too.
fn groups(policy: &Policy, alerts: &[Alert]) -> Vec<Stands> {
    let mut correlator = Correlator::new(policy.clone(), common::SEED);
    let (mut decision, mut shelf) = (Decision::default(), Shelf::default());
    let mut now = common::BEGIN;
    for alert in alerts {
        now = now.max(alert.time);
        correlator.on_alert(now, alert, &mut decision);
    }
    correlator.seal(&mut decision);
    decision.records.iter().for_each(|record| shelf.put(record));
    let mut together: BTreeMap<GroupId, Vec<String>> = BTreeMap::new();
    let mut groups: Vec<Stands> = Vec::new();
    for (alert, decided) in alerts.iter().zip(&decision.outcomes) {
        let Some(activity) = decided.outcome.activity() else {
            continue;
        };
        let home = shelf.activities[&activity].group;
        let id = alert.id.clone().unwrap();
        let standing = shelf.tallies[&activity].standing;
        let named = format!("{id} {}", standing.as_str());
        match shelf
            .groups
            .values()
            .find(|group| survives_with(group, home))
        {
            Some(group) => together.entry(group.id).or_default().push(named),
            None => groups.push((vec![named], Disposition::Background, 0)),
        }
    }
    let named = |(id, mut alerts): (GroupId, Vec<String>)| {
        alerts.sort();
        let group = &shelf.groups[&id];
        (
            alerts,
            group.stage.disposition().unwrap(),
            group.risk.to_bits(),
        )
    };
    groups.extend(together.into_iter().map(named));
    groups.sort();
    groups
}

fn survives_with(group: &GroupRecord, home: GroupId) -> bool {
    group.stage.disposition().is_some() && group.parts.contains(&home)
}

/// The alerts by the time of their arrival.
fn arriving(world: &Alerts, delays: &[Delays], lateness: Span) -> Alerts {
    let mut arrivals: Vec<(Timestamp, Alert)> = Vec::new();
    for (alert, (late, again)) in world.iter().zip(delays.iter().cycle()) {
        for late in [Some(*late), *again].into_iter().flatten() {
            let late = Span((late * lateness.0 as f64) as i64);
            arrivals.push((alert.time.plus(late), alert.clone()));
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    Alerts(arrivals.into_iter().map(|(_, alert)| alert).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_within_the_lateness_decides_no_grouping(
        world in World { late_s: 20_000, jump_s: 40_000, ..World::of(80) }.strategy(),
        delays in prop::collection::vec(delays(), 80),
    ) {
        let mut world = world;
        for (index, alert) in world.0.iter_mut().enumerate() {
            alert.id = Some(format!("a{index}").into());
        }
        world.0.sort_by_key(|alert| alert.time);
        let policy = Policy::default();
        let late = arriving(&world, &delays, policy.lateness);
        prop_assert_eq!(groups(&policy, &world), groups(&policy, &late), "arriving: {:?}", late);
    }

    #[test]
    fn nor_does_it_where_much_recurs(
        policy in eager(),
        world in days(14),
        delays in prop::collection::vec(delays(), 60),
    ) {
        policy.check().unwrap();
        let late = arriving(&world, &delays, policy.lateness);
        prop_assert_eq!(groups(&policy, &world), groups(&policy, &late), "arriving: {:?}", late);
    }
}

/// What the worlds of the law are there for; a law over worlds in which nothing of it happens says nothing.
#[test]
fn everything_happens_in_some_world() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..400 {
        let drawn = (eager(), days(14), prop::collection::vec(delays(), 60));
        let (policy, world, delays) = drawn.new_tree(&mut runner).unwrap().current();
        let world = arriving(&world, &delays, policy.lateness);
        for what in happenings(&policy, &world) {
            *seen.entry(what).or_default() += 1;
        }
    }
    for what in [
        "shared entity",
        "two entities together",
        "same run",
        "rare rule",
        "hot subject",
        "attached",
        "attached and promoted",
        "background",
        "lasting",
        "burst",
        "attached, then a burst",
        "hub",
        "redelivered",
        "merged",
    ] {
        let worlds = seen.get(what).copied().unwrap_or_default();
        assert!(worlds >= 5, "{what}: in {worlds} of 400 worlds; {seen:?}");
    }
}

fn happenings(policy: &Policy, alerts: &[Alert]) -> BTreeSet<&'static str> {
    let mut correlator = Correlator::new(policy.clone(), common::SEED);
    let (mut decision, mut shelf) = (Decision::default(), Shelf::default());
    let (mut now, mut seen) = (common::BEGIN, BTreeSet::new());
    let mut attached = BTreeSet::new();
    for alert in alerts {
        now = now.max(alert.time);
        correlator.on_alert(now, alert, &mut decision);
        correlator.seal(&mut decision);
        decision.records.iter().for_each(|record| shelf.put(record));
        for moved in &decision.moves {
            if moved.from == Disposition::Background {
                seen.insert(match moved.to {
                    Disposition::Case => "attached and promoted",
                    _ => "burst",
                });
            }
        }
        let outcomes = &decision.outcomes;
        if outcomes
            .iter()
            .any(|decided| matches!(decided.outcome, Outcome::Redelivered { .. }))
        {
            seen.insert("redelivered");
        }
        if !correlator.hubs().is_empty() {
            seen.insert("hub");
        }
        decision.clear();
        for (id, activity) in &shelf.activities {
            let standing = shelf.tallies[id].standing;
            let is_attached = activity
                .links
                .iter()
                .any(|link| link.kind == LinkKind::Attached);
            if is_attached && standing == Standing::Background {
                attached.insert(*id);
            } else if standing == Standing::News && attached.contains(id) {
                seen.insert("attached, then a burst");
            }
        }
    }
    for (id, activity) in &shelf.activities {
        match shelf.tallies[id].standing {
            Standing::Background => seen.insert("background"),
            Standing::Lasting => seen.insert("lasting"),
            Standing::News => false,
        };
        for link in &activity.links {
            seen.insert(match link.kind {
                LinkKind::SharedEntity if link.entities.len() > 1 => "two entities together",
                LinkKind::SharedEntity => "shared entity",
                LinkKind::SameRule => "rare rule",
                LinkKind::SameRun => "same run",
                LinkKind::HotSubject => "hot subject",
                LinkKind::Attached => "attached",
            });
        }
    }
    if shelf
        .groups
        .values()
        .any(|group| matches!(group.stage, Stage::Merged { case, .. } if case.0 != 0))
    {
        seen.insert("merged");
    }
    seen
}
