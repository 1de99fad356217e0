//! Alerts that arrive late, and the partition that an engine makes of them.

use std::collections::BTreeMap;

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::Alert;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::Decision;
use caseloom_engine::ids::GroupId;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::{Span, Timestamp};
use proptest::prelude::*;

use super::shelf::Shelf;
use super::worlds::Alerts;

/// How late one alert arrives, as a part of the lateness, and how late a second delivery of it, if there is one.
pub type Delays = (f64, Option<f64>);

pub fn delays() -> impl Strategy<Value = Delays> {
    let late = || prop_oneof![2 => Just(0.0), 1 => Just(1.0), 7 => 0.0..1.0];
    (late(), prop::option::weighted(0.05, late()))
}

/// The alerts by the time of their arrival.
pub fn arriving(world: &Alerts, delays: &[Delays], lateness: Span) -> Alerts {
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

/// A group as who stands in it, what it is, and its risk; background on its own stands alone.
pub type Stands = (Vec<String>, Disposition, u64);

/// The groups at the end, whatever they are called. Attached background is marked, what lasts too.
pub fn groups(policy: &Policy, alerts: &[Alert]) -> Vec<Stands> {
    let mut correlator = Correlator::new(policy.clone(), super::SEED);
    let (mut decision, mut shelf) = (Decision::default(), Shelf::default());
    let mut now = super::BEGIN;
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
