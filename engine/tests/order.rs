//! The law of order: alerts that arrive in another order, but none later than the lateness, stand in the same groups.
//! Ties in time, redelivered alerts and the default caps included; which activity counts a repeat may differ.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::Alert;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{Decision, Outcome};
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{Link, LinkKind, Stage};
use caseloom_engine::recurrence::Standing;
use common::arrival::{arriving, delays, groups};
use common::days::{days, eager};
use common::shelf::Shelf;
use common::worlds::World;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

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
        "reopened",
        "reached for longer",
    ] {
        let worlds = seen.get(what).copied().unwrap_or_default();
        assert!(worlds >= 5, "{what}: in {worlds} of 400 worlds; {seen:?}");
    }
}

/// Whether a case was reached over more than the gap of what is shared.
fn is_longer(policy: &Policy, link: &Link) -> bool {
    let kinds = link.entities.iter().map(|(kind, _)| *kind);
    link.entities.len() == 1 && kinds.into_iter().all(|kind| link.gap > policy.gap(kind))
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
        if decision.tally.cases_reopened > 0 {
            seen.insert("reopened");
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
                LinkKind::SharedEntity if is_longer(policy, link) => "reached for longer",
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
