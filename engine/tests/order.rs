//! The law of order: alerts that arrive in another order, but none later than the lateness, stand in the same groups.
//! Ties in time, redelivered alerts and the default caps included; which activity counts a repeat may differ.
#![expect(clippy::unwrap_used, reason = "a broken law should stop the test")]

mod common;

use std::collections::BTreeMap;

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::Alert;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::Decision;
use caseloom_engine::ids::GroupId;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::{Span, Timestamp};
use common::shelf::Shelf;
use common::worlds::{Alerts, World};
use proptest::prelude::*;

/// How late one alert arrives, in milliseconds, and how late a second delivery of it, if there is one.
type Delays = (i64, Option<i64>);

fn delays() -> impl Strategy<Value = Delays> {
    let late = || prop_oneof![2 => Just(0), 1 => Just(3_600_000), 7 => 0i64..=3_600_000];
    (late(), prop::option::weighted(0.05, late()))
}

/// A group as who stands in it, what it is, and its risk.
type Stands = (Vec<String>, Disposition, u64);

/// The groups at the end, whatever they are called.
fn groups(alerts: &[Alert]) -> Vec<Stands> {
    let mut correlator = Correlator::new(Policy::default(), common::SEED);
    let (mut decision, mut shelf) = (Decision::default(), Shelf::default());
    let mut now = common::BEGIN;
    for alert in alerts {
        now = now.max(alert.time);
        correlator.on_alert(now, alert, &mut decision);
    }
    correlator.seal(&mut decision);
    decision.records.iter().for_each(|record| shelf.put(record));
    let mut together: BTreeMap<GroupId, Vec<String>> = BTreeMap::new();
    for (alert, decided) in alerts.iter().zip(&decision.outcomes) {
        if let Some(activity) = decided.outcome.activity() {
            let home = shelf.activities[&activity].group;
            let in_it = |group: &&_| survives_with(group, home);
            let group = shelf.groups.values().find(in_it).unwrap();
            together
                .entry(group.id)
                .or_default()
                .push(alert.id.clone().unwrap().into());
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
    let mut groups: Vec<_> = together.into_iter().map(named).collect();
    groups.sort();
    groups
}

fn survives_with(group: &GroupRecord, home: GroupId) -> bool {
    group.stage.disposition().is_some() && group.parts.contains(&home)
}

/// The alerts by the time of their arrival.
fn arriving(world: &Alerts, delays: &[Delays]) -> Alerts {
    let mut arrivals: Vec<(Timestamp, Alert)> = Vec::new();
    for (alert, (late, again)) in world.iter().zip(delays) {
        for late in [Some(*late), *again].into_iter().flatten() {
            arrivals.push((alert.time.plus(Span(late)), alert.clone()));
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
        let late = arriving(&world, &delays);
        prop_assert_eq!(groups(&world), groups(&late), "arriving: {:?}", late);
    }
}
