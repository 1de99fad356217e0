//! Stories as text: each file in `scenarios/` holds what happens and, after `----`, what the engine makes of it.
//!
//! Lines before `----`: `# comment`, `policy KEY=VALUE` (among alerts: a new policy), `alert ID TIME RULE SEVERITY ENTITY... KEY=VALUE...`,
//! `every LENGTH x COUNT alert ...` (the same so often, so much later each time), `time TIME` (time passed, all input read), `backlog TIME` (time passed, input waiting), `knows LISTS` (see `common::lists`), `finish`, `restart`, `do ACTOR gN ...` (a command, see `common::acts`).
//! Wall time is the highest time met so far. Groups are named g1, g2 ... in the order of their opening.
//! `UPDATE_SCENARIOS=1 cargo test -p caseloom-engine --test scenarios` writes what the engine makes of them: read
//! the difference before you keep it.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "reads scenario files; a wrong one should stop the test"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use caseloom_engine::alert::Alert;
use caseloom_engine::command::Answer;
use caseloom_engine::context::Context;
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{Decision, Outcome};
use caseloom_engine::ids::{CaseId, GroupId};
use caseloom_engine::knowledge::Knowledge;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{Record, Stage};
use caseloom_engine::time::Timestamp;
use common::shelf::Shelf;

/// A running story.
struct Story {
    policy: Policy,
    lists: Arc<Knowledge>,
    correlator: Correlator,
    decision: Decision,
    shelf: Shelf,
    names: BTreeMap<CaseId, GroupId>,
    now: Timestamp,
    offset: i64,
    told: String,
}

#[test]
fn every_story_ends_as_written() {
    let folder = Path::new("tests/scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 10, "the stories are there");
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let (story, expected) = text.split_once("----\n").unwrap_or((&text, ""));
        let told = tell(story);
        if std::env::var_os("UPDATE_SCENARIOS").is_some() {
            std::fs::write(&path, format!("{}\n----\n{told}", story.trim_end())).unwrap();
        } else if told != expected {
            wrong.push(format!(
                "{}\nexpected:\n{expected}\ngot:\n{told}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn tell(text: &str) -> String {
    let mut policy = Policy::default();
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    while let Some(assignment) = lines.peek().and_then(|line| line.strip_prefix("policy ")) {
        common::set(&mut policy, assignment);
        lines.next();
    }
    policy.check().unwrap();
    let mut story = Story {
        correlator: Correlator::new(policy.clone(), common::SEED),
        policy,
        lists: Arc::default(),
        decision: Decision::default(),
        shelf: Shelf::default(),
        names: BTreeMap::new(),
        now: common::BEGIN,
        offset: 0,
        told: String::new(),
    };
    for line in lines {
        story.happen(line);
    }
    story.end()
}

impl Story {
    fn happen(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "alert" => self.arrive(common::alert(rest, self.offset)),
            "every" => {
                for alert in common::repeated(rest, self.offset) {
                    self.arrive(alert);
                    self.drain();
                }
            }
            "time" | "backlog" => {
                self.now = self.now.max(common::time(rest));
                self.correlator
                    .on_time(self.now, verb == "time", &mut self.decision);
            }
            "policy" => self.obey(rest),
            "finish" => self.correlator.finish(self.now, &mut self.decision),
            "do" => self.act(rest),
            "knows" => {
                self.lists = common::lists::knowledge(rest, self.now);
                self.tell_lists();
            }
            "restart" => {
                self.correlator = self.shelf.wake(&self.policy, common::SEED, self.now);
                self.tell_lists();
            }
            other => panic!("unknown verb {other}"),
        }
        self.drain();
    }

    fn obey(&mut self, assignment: &str) {
        common::set(&mut self.policy, assignment);
        self.policy.version = assignment.into();
        let context = Context::Policy(Box::new(self.policy.clone()));
        self.correlator
            .on_context(self.now, context, &mut self.decision)
            .unwrap();
    }

    fn tell_lists(&mut self) {
        let context = Context::Knowledge(Arc::clone(&self.lists));
        self.correlator
            .on_context(self.now, context, &mut self.decision)
            .unwrap();
    }

    fn arrive(&mut self, alert: Alert) {
        self.offset += 1;
        self.now = self.now.max(alert.time);
        self.correlator
            .on_alert(self.now, &alert, &mut self.decision);
        let outcome = self.decision.outcomes[0].outcome;
        let id = alert.id.as_deref().unwrap_or("-");
        writeln!(self.told, "{id}: {}", say(outcome)).unwrap();
    }

    fn act(&mut self, line: &str) {
        self.drain();
        let command = common::acts::command(line, &self.shelf);
        common::acts::prepare(&mut self.correlator, &command, &self.shelf);
        self.correlator
            .on_command(self.now, &command, &mut self.decision);
        let answer = match &self.decision.answers[0] {
            Answer::Done(done) => format!("done, revision {}, audit {}", done.revision, done.seq),
            Answer::Repeated(done) => format!("was done, revision {}", done.revision),
            Answer::Same { revision } => format!("is so already, revision {revision}"),
            Answer::Stale { revision } => format!("stale, revision {revision}"),
            Answer::Unknown => "unknown".to_owned(),
            Answer::Merged { into } => format!("merged into g{}", self.names[into].0),
            Answer::Illegal(illegal) => format!("illegal: {illegal}"),
        };
        writeln!(self.told, "{line}: {answer}").unwrap();
    }

    fn drain(&mut self) {
        self.correlator.seal(&mut self.decision);
        for record in &self.decision.records {
            if let Record::Group(group) = record {
                let former = self.names.insert(group.case, group.id);
                assert!(
                    former.is_none_or(|id| id == group.id),
                    "two cases have one public id"
                );
            }
            self.shelf.put(record);
        }
        for event in &self.decision.events {
            let group = event.case.group.id.0;
            let other = event.other.map_or(String::new(), |case| {
                format!(" with g{}", self.names[&case].0)
            });
            let (word, reason, seq) = (event.event.as_str(), event.reason, event.seq);
            let by = event
                .act
                .as_ref()
                .map_or(String::new(), |act| format!(" by {}", act.actor.name));
            writeln!(
                self.told,
                "  event g{group} {word}{other} ({reason}){by}, number {seq}"
            )
            .unwrap();
        }
        for moved in &self.decision.moves {
            let (from, to) = (moved.from.as_str(), moved.to.as_str());
            writeln!(self.told, "  {} moved from {from} to {to}", moved.alerts).unwrap();
        }
        self.decision.clear();
        assert!(
            self.correlator.accounting().is_balanced(),
            "accounting balances after every step"
        );
    }

    fn end(mut self) -> String {
        for group in self.shelf.groups.values() {
            let stage = match group.stage {
                Stage::Merged { into, .. } => format!("merged into g{}", into.0),
                stage => format!("{stage:?}").to_lowercase(),
            };
            let related: String = group
                .related
                .iter()
                .map(|(how, case)| format!(", {how:?} g{}", self.names[case].0))
                .collect();
            writeln!(
                self.told,
                "g{} {stage}: {} alerts in {} activities, {} entities, risk {}, {}, \"{}\"{related}",
                group.id.0, group.alerts, group.activities, group.entities, group.risk, group.severity.as_str(), group.title,
            )
            .unwrap();
        }
        for known in self.shelf.facts.values() {
            for fact in &known.facts {
                let entity = (fact.entity.as_str(), &fact.value);
                let said = (&fact.source, fact.mark, known.group.0);
                writeln!(
                    self.told,
                    "g{} {} {}: {} says {:?}",
                    said.2, entity.0, entity.1, said.0, said.1
                )
                .unwrap();
            }
        }
        self.tell_work();
        let terms = caseloom_engine::accounting::Disposition::ALL.iter();
        let accounting = self.correlator.accounting();
        let sums: Vec<_> = terms
            .filter(|term| accounting.term(**term) > 0)
            .map(|term| format!("{} {}", accounting.term(*term), term.as_str()))
            .collect();
        writeln!(self.told, "alerts: {}", sums.join(", ")).unwrap();
        self.told
    }
}

impl Story {
    /// What people did, where they did anything; and that the audit holds.
    fn tell_work(&mut self) {
        for work in self.shelf.works.values() {
            let group = &self.shelf.groups[&work.group];
            let verdict = work.verdict.map_or("none", |verdict| verdict.as_str());
            let owner = group.owner.as_deref().unwrap_or("nobody");
            let parts = [
                format!("g{} is {}", group.id.0, group.status.as_str()),
                format!("{owner}'s"),
                format!("verdict {verdict}"),
                format!("{} notes", work.notes.len()),
                format!("{} tasks", work.tasks.len()),
                format!("revision {}", group.revision),
            ];
            writeln!(self.told, "{}", parts.join(", ")).unwrap();
        }
        for silence in self.shelf.silences.values() {
            let (id, alerts) = (silence.id.0, silence.alerts);
            let state = silence.state(self.now).as_str();
            writeln!(self.told, "silence {id} is {state}: {alerts} alerts").unwrap();
        }
        common::acts::check_audit(&self.shelf);
    }
}

fn say(outcome: Outcome) -> String {
    match outcome {
        Outcome::Opened { activity, grouping } => {
            format!("activity {} {grouping:?}", activity.0).to_lowercase()
        }
        Outcome::Counted(activity) => format!("counted on activity {}", activity.0),
        Outcome::Redelivered { original } => format!("redelivered, is on activity {}", original.0),
        Outcome::Updated { original } => format!("updated, is on activity {}", original.0),
        Outcome::Suppressed {
            silence, activity, ..
        } => format!("suppressed by silence {} as {}", silence.0, activity.0),
        Outcome::Ignored(why) => format!("ignored, {why:?}").to_lowercase(),
    }
}
