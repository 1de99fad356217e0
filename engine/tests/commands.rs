//! Laws with people among the alerts: how calls are split and where a restart falls changes nothing, each chain of the
//! audit holds, events have no gap, the accounting balances, and commands group nothing and part nothing but what
//! they close.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use caseloom_engine::alert::Alert;
use caseloom_engine::command::{Answer, EntryRecord};
use caseloom_engine::context::Context;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{CaseEvent, Decision};
use caseloom_engine::ids::GroupId;
use caseloom_engine::knowledge::Knowledge;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::Stage;
use caseloom_engine::time::Timestamp;
use common::acts::{self, Deed};
use common::shelf::Shelf;
use common::worlds::{Alerts, World, tight_policy};
use proptest::prelude::*;

/// What happens, in order.
#[derive(Clone)]
enum Step {
    Alert(Box<Alert>),
    Deed(Deed),
    /// Other lists, by number.
    Lists(u8),
}

impl std::fmt::Debug for Step {
    /// A line that a person can read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let alert = match self {
            Self::Lists(number) => return write!(f, "lists {number}"),
            Self::Deed(deed) => return write!(f, "do {}", deed.line),
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

/// A small world with people in it.
fn worlds() -> impl Strategy<Value = Vec<Step>> {
    let deed = prop_oneof![4 => acts::deed(), 1 => acts::silencing()];
    let deeds = prop::collection::vec((any::<prop::sample::Index>(), deed), 1..40);
    let lists = prop::collection::vec((any::<prop::sample::Index>(), 0u8..7), 0..4);
    (World::of(80).strategy(), deeds, lists).prop_map(|(Alerts(alerts), deeds, lists)| {
        let mut steps: Vec<Step> = alerts.into_iter().map(Box::new).map(Step::Alert).collect();
        for (place, deed) in deeds {
            steps.insert(place.index(steps.len()) + 1, Step::Deed(deed));
        }
        for (place, number) in lists {
            steps.insert(place.index(steps.len()) + 1, Step::Lists(number));
        }
        steps
    })
}

/// A process with its store.
struct Run {
    policy: Policy,
    lists: Arc<Knowledge>,
    correlator: Correlator,
    decision: Decision,
    shelf: Shelf,
    now: Timestamp,
    trace: Vec<String>,
    seqs: BTreeMap<u64, u64>,
}

impl Run {
    fn new(seed: [u8; 16]) -> Self {
        let mut policy = tight_policy();
        policy.promotion_risk = 60.0;
        common::set(&mut policy, "assign=duty,turn,ana,bo,cy");
        common::set(&mut policy, "playbook=triage,look,ask");
        Self {
            correlator: Correlator::new(policy.clone(), seed),
            policy,
            lists: Arc::default(),
            decision: Decision::default(),
            shelf: Shelf::default(),
            now: common::BEGIN,
            trace: Vec::new(),
            seqs: BTreeMap::new(),
        }
    }

    /// A batch ends after `batch` steps, and before each command, as the shell does it.
    fn all(mut self, steps: &[Step], batch: usize) -> Self {
        for (index, step) in steps.iter().enumerate() {
            self.take(step);
            if index % batch == batch - 1 {
                self.seal();
            }
        }
        self.correlator.finish(self.now, &mut self.decision);
        self.seal();
        self
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Alert(alert) => {
                self.now = self.now.max(alert.time);
                self.correlator
                    .on_alert(self.now, alert, &mut self.decision);
            }
            Step::Lists(number) => {
                self.lists = common::lists::some(*number, self.now);
                self.tell_lists();
            }
            Step::Deed(deed) => {
                self.seal();
                let command = acts::command(&deed.line, &self.shelf);
                acts::prepare(&mut self.correlator, &command, &self.shelf);
                self.correlator
                    .on_command(self.now, &command, &mut self.decision);
            }
        }
    }

    fn seal(&mut self) {
        self.correlator.seal(&mut self.decision);
        let decision = &self.decision;
        let say = |what: &dyn std::fmt::Debug| format!("{what:?}");
        self.trace
            .extend(decision.answers.iter().map(|answer| say(answer)));
        self.trace
            .extend(decision.events.iter().map(|event| say(event)));
        for event in &decision.events {
            let last = self.seqs.entry(event.case.group.case.0).or_default();
            *last += 1;
            assert_eq!(event.seq, *last, "events have no gap");
            assert_eq!(event.case.group.event_seq, event.seq);
        }
        for record in &decision.records {
            self.shelf.put(record);
        }
        self.decision.clear();
        assert!(self.correlator.accounting().is_balanced());
    }

    fn restart(&mut self) {
        self.correlator = self.shelf.wake(&self.policy, common::SEED, self.now);
        let before = self.shelf.clone();
        self.tell_lists();
        self.seal();
        assert_eq!(
            before.facts, self.shelf.facts,
            "lists that are the same say the same"
        );
    }

    fn tell_lists(&mut self) {
        let context = Context::Knowledge(Arc::clone(&self.lists));
        let told = self
            .correlator
            .on_context(self.now, context, &mut self.decision);
        assert_eq!(told, Ok(()));
    }
}

/// Whether the engine did it by itself.
fn is_duty(entry: &EntryRecord) -> bool {
    ["duty", "triage", "reopen", "recurrence"].contains(&entry.actor.name.as_str())
}

/// What people did, without what depends on when gathered events went out.
fn work(shelf: &Shelf) -> impl PartialEq + std::fmt::Debug {
    let groups = shelf.groups.values();
    let standing = |g: &caseloom_engine::record::GroupRecord| {
        (g.id, g.stage, g.status, g.owner.clone(), g.revision)
    };
    let standing: Vec<_> = groups.map(standing).collect();
    let shelf = shelf.clone();
    (
        standing,
        shelf.works,
        shelf.entries,
        shelf.audit,
        shelf.heads,
        shelf.keys,
        shelf.turns,
        shelf.silences,
        shelf.suppressed,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_batch_split_and_seed_decide_the_same(steps in worlds(), batch in 1usize..20, seed in any::<[u8; 16]>()) {
        let one = Run::new(common::SEED).all(&steps, usize::MAX);
        let other = Run::new(seed).all(&steps, batch);
        prop_assert_eq!(one.trace, other.trace);
        prop_assert_eq!(work(&one.shelf), work(&other.shelf));
        prop_assert_eq!(one.shelf.grouping(), other.shelf.grouping());
        prop_assert_eq!(&one.shelf.facts, &other.shelf.facts);
        prop_assert_eq!(one.correlator.state_hash(), other.correlator.state_hash());
        acts::check_audit(&one.shelf);
    }

    #[test]
    fn a_restart_changes_nothing(steps in worlds(), at in 0.0..1.0) {
        let at = (at * steps.len() as f64) as usize;
        let whole = Run::new(common::SEED).all(&steps, 1);
        let mut broken = Run::new(common::SEED);
        for (index, step) in steps.iter().enumerate() {
            if index == at {
                broken.seal();
                broken.restart();
            }
            broken.take(step);
        }
        broken.correlator.finish(broken.now, &mut broken.decision);
        broken.seal();
        prop_assert_eq!(work(&whole.shelf), work(&broken.shelf));
        prop_assert_eq!(whole.shelf.grouping(), broken.shelf.grouping());
        prop_assert_eq!(&whole.shelf.facts, &broken.shelf.facts);
        acts::check_audit(&broken.shelf);
    }

    #[test]
    fn what_is_refused_leaves_nothing(steps in worlds()) {
        let mut run = Run::new(common::SEED);
        for step in &steps {
            if let Step::Deed(_) = step {
                run.seal();
                let before = run.shelf.clone();
                run.take(step);
                let is_done = matches!(run.decision.answers[0], Answer::Done(_));
                let by_people = |event: &&CaseEvent| event.act.as_ref().is_some_and(|act| !is_duty(act));
                let events = run.decision.events.iter().filter(by_people).count();
                run.seal();
                if is_done {
                    let of_people = |shelf: &Shelf| {
                        let entries = shelf.entries.values();
                        let silencing = shelf.audit.len() - shelf.entries.len();
                        entries.filter(|entry| !is_duty(entry)).count() + silencing
                    };
                    prop_assert_eq!(of_people(&run.shelf), of_people(&before) + 1);
                    prop_assert!(events <= 1);
                } else {
                    prop_assert_eq!(work(&run.shelf), work(&before));
                    prop_assert_eq!(events, 0);
                }
            } else {
                run.take(step);
            }
        }
    }

    #[test]
    fn an_unmerge_gives_both_back(steps in worlds(), first in any::<prop::sample::Index>()) {
        // What comes back is judged by the lists of the day, so here they stay as they are.
        let is_lists = |step: &Step| matches!(step, Step::Lists(_));
        let mut steps = steps;
        steps.sort_by_key(|step| !is_lists(step));
        steps.dedup_by(|a, b| is_lists(a) && is_lists(b));
        let mut run = Run::new(common::SEED).all(&steps, 5);
        let groups = run.shelf.groups.values();
        let open = groups.filter(|group| group.stage.is_open());
        let open: Vec<_> = open.map(|group| (group.scope, group.id)).collect();
        let mut pairs = Vec::new();
        for (at, (scope, a)) in open.iter().enumerate() {
            let others = open[at + 1..].iter().filter(|(other, _)| other == scope);
            pairs.extend(others.flat_map(|(_, b)| [(*a, *b), (*b, *a)]));
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let (a, b) = pairs[first.index(pairs.len())];
        let before = run.shelf.clone();
        run.take(&Step::Deed(Deed { group: 0, line: format!("ana g{} merge g{}", a.0, b.0) }));
        if !matches!(run.decision.answers[0], Answer::Done(_)) {
            return Ok(());
        }
        run.seal();
        let (senior, junior) = match run.shelf.groups[&a].stage {
            Stage::Merged { .. } => (b, a),
            _ => (a, b),
        };
        let case = run.shelf.groups[&senior].case;
        prop_assert_eq!(run.shelf.groups[&junior].stage, Stage::Merged { into: senior, case });
        run.restart();
        run.take(&Step::Deed(Deed { group: 0, line: format!("ana g{} unmerge g{}", senior.0, junior.0) }));
        prop_assert!(matches!(run.decision.answers[0], Answer::Done(_)));
        run.seal();
        for id in [a, b] {
            prop_assert_eq!(stands(&before, id), stands(&run.shelf, id));
        }
        prop_assert_eq!(before.accounting.terms, run.shelf.accounting.terms);
        run.restart();
        run.seal();
        acts::check_audit(&run.shelf);
    }
}

/// How a case stands, without when and how often people acted.
fn stands(shelf: &Shelf, id: GroupId) -> impl PartialEq + std::fmt::Debug + use<> {
    let group = &shelf.groups[&id];
    let sums = (
        group.alerts,
        group.attached,
        group.activities,
        group.entities,
        group.risk.to_bits(),
    );
    let shown = (
        group.severity.score,
        group.first,
        group.last,
        group.status,
        group.owner.clone(),
    );
    let work = shelf.works.get(&id).cloned().unwrap_or_default();
    let done = (
        work.verdict,
        work.tags,
        work.fields,
        work.notes,
        work.tasks,
        work.evidence,
        work.resolution,
    );
    (sums, shown, done)
}
