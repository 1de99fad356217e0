//! Plays a story: every message through parser and engine, as `run` and `replay` do, and remembers what came of it.

use std::collections::BTreeMap;

use caseloom_engine::accounting::MessageOutcome;
use caseloom_engine::alert::{Alert, Position, TopicId};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::{CaseEvent, Decision};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId};
use caseloom_engine::input::{Format, Message, Parser, Scope};
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{GroupRecord, Link, Record, Stage};
use caseloom_engine::time::Timestamp;

use super::Trouble;
use super::story::{Step, Story, What};
use crate::replay::ledger::Ledger;

/// What came of a story.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// In the order of the story.
    pub(super) alerts: Vec<Told>,
    /// The final value of each group.
    pub(super) groups: BTreeMap<GroupId, GroupRecord>,
    /// In the order of their happening.
    pub(super) events: Vec<Event>,
    /// The links of each activity.
    pub(super) links: BTreeMap<ActivityId, Vec<Link>>,
    /// What each activity is called: as its first alert.
    pub(super) names: BTreeMap<ActivityId, String>,
    cases: BTreeMap<CaseId, GroupId>,
}

/// An alert and where it ended.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) name: String,
    /// The word of its disposition.
    pub(super) disposition: &'static str,
    /// The group it counts in, after merges.
    pub(super) group: Option<GroupId>,
}

/// An event about a case.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) group: GroupId,
    pub(super) word: &'static str,
    pub(super) reason: String,
    pub(super) other: Option<GroupId>,
}

/// A story under way.
struct Play<'a> {
    parser: &'a mut Parser,
    correlator: Correlator,
    decision: Decision,
    ledger: Ledger,
    played: Played,
    /// Of each activity the group in which it opened.
    homes: BTreeMap<ActivityId, GroupId>,
    /// Of each alert its activity.
    activities: Vec<Option<ActivityId>>,
    now: Timestamp,
    messages: i64,
}

/// Plays `story` under `policy`.
pub(super) fn play(story: &Story, policy: Policy, parser: &mut Parser) -> Result<Played, Trouble> {
    let mut play = Play {
        parser,
        correlator: Correlator::new(policy, *b"caseloom a story"),
        decision: Decision::default(),
        ledger: Ledger::default(),
        played: Played::default(),
        homes: BTreeMap::new(),
        activities: Vec::new(),
        now: Timestamp::MIN,
        messages: 0,
    };
    for step in &story.steps {
        play.happen(step).map_err(|problem| Trouble {
            line: step.line,
            problem,
        })?;
    }
    Ok(play.end())
}

impl Play<'_> {
    fn happen(&mut self, step: &Step) -> Result<(), String> {
        match &step.what {
            What::Message { name, scope, json } => {
                let alerts = self.parse(scope, json)?;
                for (index, alert) in alerts.iter().enumerate() {
                    let own = || alert.id.as_ref().map(ToString::to_string);
                    let place = || match index {
                        0 => format!("line{}", step.line),
                        _ => format!("line{}.{}", step.line, index + 1),
                    };
                    let name = name.clone().or_else(own).unwrap_or_else(place);
                    self.on_alert(name, alert);
                }
            }
            What::Time { at, caught_up } => {
                self.now = self.now.max(*at);
                self.correlator
                    .on_time(self.now, *caught_up, &mut self.decision);
                self.drain();
            }
        }
        Ok(())
    }

    fn parse(&mut self, scope: &str, json: &str) -> Result<Vec<Alert>, String> {
        self.messages += 1;
        let message = Message {
            bytes: json.as_bytes(),
            format: Format::Auto,
            scope: Scope::Default(scope),
            position: Position {
                topic: TopicId(0),
                partition: 0,
                offset: self.messages,
                index: 0,
            },
            broker_time: None,
            headers: &[],
        };
        let mut alerts = Vec::new();
        let parsed = self.parser.parse(&message, &mut alerts);
        let parsed = parsed.map_err(|reject| format!("the message is rejected: {reject}"))?;
        if let Some((_, reject)) = parsed.rejects.first() {
            return Err(format!("a part of the message is rejected: {reject}"));
        }
        if alerts.is_empty() {
            return Err("the message holds no alert".into());
        }
        self.correlator.on_message(MessageOutcome::WithAlerts);
        Ok(alerts)
    }

    fn on_alert(&mut self, name: String, alert: &Alert) {
        self.now = self.now.max(alert.time);
        self.correlator
            .on_alert(self.now, alert, &mut self.decision);
        let outcome = self.decision.outcomes[self.decision.outcomes.len() - 1].outcome;
        self.ledger.add(alert, outcome);
        let activity = outcome.activity();
        if let Some(activity) = activity {
            self.played
                .names
                .entry(activity)
                .or_insert_with(|| name.clone());
        }
        self.activities.push(activity);
        self.played.alerts.push(Told {
            name,
            disposition: "",
            group: None,
        });
        self.drain();
    }

    /// Takes over what was decided.
    fn drain(&mut self) {
        self.correlator.seal(&mut self.decision);
        assert!(
            self.correlator.accounting().is_balanced(),
            "the accounting balances after every step"
        );
        for record in &self.decision.records {
            self.ledger.learn(record);
            if let Record::Group(group) = record {
                self.played.cases.insert(group.case, group.id);
                self.played.groups.insert(group.id, (**group).clone());
            } else if let Record::Activity(activity) = record {
                self.homes.insert(activity.id, activity.group);
                self.played
                    .links
                    .insert(activity.id, activity.links.clone());
            }
        }
        let events = self.decision.events.iter();
        let events = events.map(|event| Event::new(event, &self.played.cases));
        self.played.events.extend(events);
        self.decision.clear();
    }

    fn end(mut self) -> Played {
        self.correlator.finish(self.now, &mut self.decision);
        self.drain();
        let rows = self.ledger.assignments().map(|row| row.disposition);
        for ((told, disposition), activity) in self
            .played
            .alerts
            .iter_mut()
            .zip(rows)
            .zip(&self.activities)
        {
            told.disposition = disposition;
            let mut group = activity.and_then(|activity| self.homes.get(&activity).copied());
            while let Some(Stage::Merged { into, .. }) = group
                .and_then(|group| self.played.groups.get(&group))
                .map(|group| group.stage)
            {
                group = Some(into);
            }
            told.group = group;
        }
        self.played
    }
}

impl Event {
    fn new(event: &CaseEvent, cases: &BTreeMap<CaseId, GroupId>) -> Self {
        Self {
            at: event.time,
            group: event.case.group.id,
            word: event.event.as_str(),
            reason: event.reason.to_string(),
            other: event.other.and_then(|case| cases.get(&case).copied()),
        }
    }
}
