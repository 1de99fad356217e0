//! Laws of a policy and of lists that change in the midst of the stream: where batches end and where a restart falls changes
//! nothing, nothing is lost, and a policy that can't be had changes nothing either.
#![expect(clippy::unwrap_used, reason = "a wrong policy should stop the test")]

mod common;

use std::sync::Arc;

use caseloom_engine::alert::Alert;
use caseloom_engine::context::{Context, ContextRefused};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{Decision, Outcome};
use caseloom_engine::entity::EntityKind;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::Record;
use caseloom_engine::time::{Span, Timestamp};
use common::days::{days, eager};
use common::shelf::Shelf;
use proptest::prelude::*;

/// What happens.
#[derive(Clone)]
enum Input {
    Alert(Box<Alert>),
    Policy(Box<Policy>),
    /// Other lists, by number.
    Lists(u8),
}

impl std::fmt::Debug for Input {
    /// A line that a person can read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let alert = match self {
            Self::Lists(number) => return write!(f, "lists {number}"),
            Self::Policy(policy) => return write!(f, "policy {}", policy.version),
            Self::Alert(alert) => alert,
        };
        let after = alert.time.since(common::BEGIN).0 / 1_000;
        let (id, rule, score) = (&alert.id, &alert.rule_id, alert.severity.score);
        write!(f, "alert {id:?} {after}s {rule} {score} {}", alert.scope)?;
        for entity in &alert.entities {
            write!(f, " {:?}:{}/{:?}", entity.kind, entity.value, entity.role)?;
        }
        Ok(())
    }
}

/// What a run leaves.
#[derive(Debug, Default)]
struct Trace {
    outcomes: Vec<Outcome>,
    moves: Vec<String>,
    links: Vec<String>,
    shelf: Shelf,
}

/// Another policy than `base`: one thing differs, by number.
fn changed(base: &Policy, change: u8, at: usize) -> Policy {
    let mut policy = base.clone();
    match change {
        0 => policy.gaps = policy.gaps.map(|gap| Span(gap.0 / 4)),
        1 => policy.gaps = policy.gaps.map(|gap| Span(gap.0 * 3)),
        2 => policy.recurrence.hours = 1,
        3 => policy.recurrence.hours = 169,
        4 => policy.recurrence.attach = !policy.recurrence.attach,
        5 => policy.recurrence.run_gap = Span::ZERO,
        6 => policy.evidence.hot_gap = Span::ZERO,
        7 => policy.evidence.hot_rules = 2,
        8 => policy.evidence.rule_gap = Span::MINUTE.times(5),
        9 => (policy.hubs.per_hour, policy.hubs.peers) = (2, 3),
        10 => policy.auto_close_after = Span::HOUR.times(2),
        11 => policy.ignored_entities = vec![(EntityKind::Host, "h1".into())],
        12 => policy.ignored_entities = Vec::new(),
        13 => policy.dedup.window = Span::HOUR.times(3),
        14 => policy.dedup.window = Span::MINUTE.times(10),
        15 => policy.caps.activities = 3,
        16 => policy.raise.max = 1.0,
        17 => (policy.raise.vip, policy.raise.assets) = (2.0, [0.1, 0.2, 0.3, 0.4]),
        _ => policy.promotion_risk = 20.0,
    }
    policy.version = format!("{change}.{at}").into();
    policy
}

/// Days with changes of the policy among the alerts.
fn story() -> impl Strategy<Value = (Policy, Vec<Input>)> {
    let changes = prop::collection::vec((0u8..19, 0.0..1.0), 0..4);
    let lists = prop::collection::vec((0u8..7, 0.0..1.0), 0..6);
    (eager(), days(14), changes, lists).prop_map(|(policy, alerts, changes, lists)| {
        let alerts = alerts.iter().cloned().map(Box::new).map(Input::Alert);
        let mut inputs: Vec<Input> = alerts.collect();
        for (change, place) in changes {
            let at = (place * inputs.len() as f64) as usize;
            let other = Box::new(changed(&policy, change, at));
            inputs.insert(at, Input::Policy(other));
        }
        for (number, place) in lists {
            let at = (place * inputs.len() as f64) as usize;
            inputs.insert(at, Input::Lists(number));
        }
        (policy, inputs)
    })
}

/// The same without changes of what a hub is: hours that were not busy are not written, and after a restart those that
/// are still counted are held against the measure of the day.
fn story_of_steady_hubs() -> impl Strategy<Value = (Policy, Vec<Input>)> {
    let is_of_hubs =
        |input: &Input| matches!(input, Input::Policy(policy) if policy.version.starts_with("9."));
    story().prop_map(move |(policy, mut inputs)| {
        inputs.retain(|input| !is_of_hubs(input));
        (policy, inputs)
    })
}

fn run(policy: &Policy, inputs: &[Input], batch: usize, restart: Option<usize>) -> Trace {
    let mut policy = policy.clone();
    let mut correlator = Correlator::new(policy.clone(), common::SEED);
    let (mut trace, mut decision) = (Trace::default(), Decision::default());
    let (mut now, mut lists) = (common::BEGIN, Arc::default());
    for (index, input) in inputs.iter().enumerate() {
        if restart == Some(index) {
            correlator = trace.shelf.wake(&policy, common::SEED, now);
            let before = trace.shelf.clone();
            let context = Context::Knowledge(Arc::clone(&lists));
            correlator.on_context(now, context, &mut decision).unwrap();
            trace.take(&mut correlator, &mut decision);
            assert_eq!(
                before.facts, trace.shelf.facts,
                "lists that are the same say the same"
            );
        }
        match input {
            Input::Alert(alert) => {
                now = now.max(alert.time);
                correlator.on_alert(now, alert, &mut decision);
            }
            Input::Lists(number) => {
                lists = common::lists::some(*number, now);
                let context = Context::Knowledge(Arc::clone(&lists));
                correlator.on_context(now, context, &mut decision).unwrap();
            }
            Input::Policy(other) => {
                policy = (**other).clone();
                let context = Context::Policy(other.clone());
                correlator.on_context(now, context, &mut decision).unwrap();
            }
        }
        if index % batch == batch - 1 {
            trace.take(&mut correlator, &mut decision);
        }
    }
    correlator.finish(now, &mut decision);
    trace.take(&mut correlator, &mut decision);
    trace
}

impl Trace {
    fn take(&mut self, correlator: &mut Correlator, decision: &mut Decision) {
        correlator.seal(decision);
        let outcomes = decision.outcomes.iter().map(|decided| decided.outcome);
        self.outcomes.extend(outcomes);
        let moves = decision.moves.iter().map(|moved| format!("{moved:?}"));
        self.moves.extend(moves);
        for event in &decision.events {
            let links = event.case.activities.iter().flat_map(|a| &a.links);
            self.links.extend(links.map(|link| format!("{link:?}")));
        }
        decision.records.iter().for_each(|r| self.shelf.put(r));
        decision.clear();
        assert!(correlator.accounting().is_balanced());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_batch_split_decides_the_same((policy, inputs) in story(), batch in 1usize..40) {
        let one = run(&policy, &inputs, usize::MAX, None);
        let other = run(&policy, &inputs, batch, None);
        prop_assert_eq!(one.outcomes, other.outcomes);
        prop_assert_eq!(one.moves, other.moves);
        prop_assert_eq!(one.links, other.links);
        prop_assert_eq!(one.shelf.groups, other.shelf.groups);
        prop_assert_eq!(one.shelf.activities, other.shelf.activities);
        prop_assert_eq!(&one.shelf.facts, &other.shelf.facts);
    }

    #[test]
    fn a_restart_changes_no_grouping((policy, inputs) in story_of_steady_hubs(), at in 0.0..1.0) {
        let at = (at * inputs.len() as f64) as usize;
        let mut whole = run(&policy, &inputs, 1, None);
        let mut other = run(&policy, &inputs, 1, Some(at));
        prop_assert_eq!(&whole.outcomes, &other.outcomes);
        // What falls due within one alert may end in another order.
        whole.moves.sort_unstable();
        other.moves.sort_unstable();
        prop_assert_eq!(&whole.moves, &other.moves);
        prop_assert_eq!(whole.shelf.grouping(), other.shelf.grouping());
        prop_assert_eq!(whole.shelf.tallies, other.shelf.tallies);
        prop_assert_eq!(&whole.shelf.facts, &other.shelf.facts);
        for (id, activity) in &whole.shelf.activities {
            prop_assert_eq!(Some(activity), other.shelf.activities.get(id));
        }
        prop_assert_eq!(whole.shelf.pairs, other.shelf.pairs);
    }
}

fn alert(line: &str) -> Alert {
    common::alert(line, 0)
}

#[test]
fn a_policy_that_can_not_be_had_changes_nothing() {
    let mut correlator = Correlator::new(Policy::default(), common::SEED);
    let mut decision = Decision::default();
    correlator.on_alert(
        common::BEGIN,
        &alert("a1 00:00 r1 30 host:h1"),
        &mut decision,
    );
    let before = correlator.state_hash();
    let mut tell = |policy: Policy| {
        let context = Context::Policy(Box::new(policy));
        correlator.on_context(common::BEGIN, context, &mut decision)
    };
    let of = |change: fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        policy
    };
    let invalid = tell(of(|policy| policy.caps.activities = 0)).unwrap_err();
    assert_eq!(invalid.to_string(), "caps.activities must be at least 1");
    let fixed = tell(of(|policy| policy.lateness = Span::MINUTE));
    assert_eq!(fixed, Err(ContextRefused::Fixed { key: "lateness" }));
    assert_eq!(correlator.policy(), &Policy::default());
    assert_eq!(correlator.state_hash(), before);
}

#[test]
fn links_and_events_name_the_policy_that_made_them() {
    let mut correlator = Correlator::new(Policy::default(), common::SEED);
    let mut decision = Decision::default();
    let mut arrive = |correlator: &mut Correlator, line| {
        let alert = alert(line);
        correlator.on_alert(alert.time, &alert, &mut decision);
    };
    arrive(&mut correlator, "a1 00:00 r1 50 host:h1");
    arrive(&mut correlator, "a2 00:10 r2 50 host:h1");
    let other = Policy {
        version: "other".into(),
        ..Policy::default()
    };
    let now = common::time("00:20");
    let mut told = Decision::default();
    correlator
        .on_context(now, Context::Policy(Box::new(other)), &mut told)
        .unwrap();
    correlator.seal(&mut told);
    let in_force = told.records.iter().find_map(|record| match record {
        Record::Policy(policy) => Some((policy.since, policy.policy.version.clone())),
        _ => None,
    });
    assert_eq!(in_force, Some((now, "other".into())));
    let mut decision = Decision::default();
    let alert = alert("a3 00:30 r3 50 host:h1");
    correlator.on_alert(alert.time, &alert, &mut decision);
    correlator.finish(Timestamp(alert.time.0), &mut decision);
    let event = decision.events.last().unwrap();
    assert_eq!(event.policy, "other");
    let mut links: Vec<_> = event.case.activities.iter().collect();
    links.sort_by_key(|activity| activity.id);
    let policies: Vec<_> = links
        .iter()
        .flat_map(|activity| &activity.links)
        .map(|link| link.policy.as_str())
        .collect();
    assert_eq!(policies, ["default", "other"]);
}
