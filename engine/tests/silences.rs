//! Laws of silences: what they keep out decides as what was never work; of many the first holds, however they are looked
//! up; and a silence does what its matcher says. That batches, seeds and restarts change nothing is in `commands.rs`.

mod common;

use caseloom_engine::alert::{Alert, Lifecycle};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{Decision, Outcome};
use caseloom_engine::ids::SilenceId;
use caseloom_engine::silence::{Silence, SilenceState, Witness};
use caseloom_engine::time::Timestamp;
use common::acts;
use common::shelf::Shelf;
use common::worlds::{World, tight_policy};
use proptest::prelude::*;

struct Run {
    correlator: Correlator,
    shelf: Shelf,
    now: Timestamp,
    outcomes: Vec<Outcome>,
}

impl Run {
    fn new() -> Self {
        let mut policy = tight_policy();
        policy.promotion_risk = 60.0;
        Self {
            correlator: Correlator::new(policy, common::SEED),
            shelf: Shelf::default(),
            now: common::BEGIN,
            outcomes: Vec::new(),
        }
    }

    fn hear(&mut self, alert: &Alert) {
        let mut decision = Decision::default();
        self.now = self.now.max(alert.time);
        self.correlator.on_alert(self.now, alert, &mut decision);
        self.seal(&mut decision);
    }

    fn act(&mut self, line: &str) {
        let mut decision = Decision::default();
        let command = acts::command(line, &self.shelf);
        self.correlator
            .on_command(self.now, &command, &mut decision);
        self.seal(&mut decision);
    }

    fn seal(&mut self, decision: &mut Decision) {
        self.correlator.seal(decision);
        for record in &decision.records {
            self.shelf.put(record);
        }
        let outcomes = decision.outcomes.iter();
        self.outcomes
            .extend(outcomes.map(|decided| decided.outcome));
        assert!(self.correlator.accounting().is_balanced());
    }
}

/// Alerts with no id: what an id was met as before is another law.
fn worlds() -> impl Strategy<Value = Vec<Alert>> {
    World::of(80).strategy().prop_map(|alerts| {
        let alerts = alerts.0.into_iter();
        alerts.map(|alert| Alert { id: None, ..alert }).collect()
    })
}

fn witness(alert: &Alert) -> Witness<'_> {
    Witness {
        source: &alert.source,
        rule_id: &alert.rule_id,
        rule_name: &alert.rule_name,
        entities: &alert.entities,
        severity: alert.severity.score,
    }
}

/// Which silence should hold, looked at one by one.
fn first(silences: &[Silence], now: Timestamp, alert: &Alert) -> Option<SilenceId> {
    let holds = |silence: &&Silence| {
        silence.scope_name == alert.scope
            && silence.state(now) == SilenceState::Active
            && silence.matcher.holds(&witness(alert))
    };
    silences.iter().find(holds).map(|silence| silence.id)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_out_decides_as_what_was_never_work(
        alerts in worlds(),
        deeds in prop::collection::vec((any::<prop::sample::Index>(), acts::silencing()), 1..20),
    ) {
        let mut real = Run::new();
        for (at, alert) in alerts.iter().enumerate() {
            real.hear(alert);
            let now = deeds.iter().filter(|(place, _)| place.index(alerts.len()) == at);
            now.for_each(|(_, deed)| real.act(&deed.line));
        }
        let mut without = Run::new();
        for (alert, outcome) in alerts.iter().zip(&real.outcomes) {
            let kept_out = matches!(outcome, Outcome::Suppressed { .. });
            let lifecycle = if kept_out { Lifecycle::Archived } else { alert.lifecycle };
            without.hear(&Alert { lifecycle, ..alert.clone() });
        }
        prop_assert_eq!(real.shelf.grouping(), without.shelf.grouping());
        prop_assert_eq!(real.shelf.pairs, without.shelf.pairs);
        prop_assert_eq!(real.shelf.busy, without.shelf.busy);
        let folded: u64 = real.shelf.suppressed.values().map(|kept| kept.count).sum();
        let counted: u64 = real.shelf.silences.values().map(|silence| silence.alerts).sum();
        prop_assert_eq!(folded, counted);
        let told = real.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Suppressed { .. }));
        prop_assert_eq!(counted, told.count() as u64);
    }

    #[test]
    fn the_first_that_holds_is_found(
        alerts in worlds(),
        deeds in prop::collection::vec((any::<prop::sample::Index>(), acts::silencing()), 1..30),
    ) {
        let mut run = Run::new();
        for (at, alert) in alerts.iter().enumerate() {
            let before = run.outcomes.len();
            let now = run.now.max(alert.time);
            let known: Vec<Silence> = run.shelf.silences.values().cloned().collect();
            let expected = first(&known, now, alert).filter(|_| alert.lifecycle == Lifecycle::Active);
            run.hear(alert);
            let found = match run.outcomes[before] {
                Outcome::Suppressed { silence, .. } => Some(silence),
                _ => None,
            };
            prop_assert_eq!(found, expected);
            let here = deeds.iter().filter(|(place, _)| place.index(alerts.len()) == at);
            here.for_each(|(_, deed)| run.act(&deed.line));
        }
    }
}
