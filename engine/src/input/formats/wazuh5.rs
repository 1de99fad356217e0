//! Wazuh 5: findings, which are ECS documents with the rule under `wazuh.rule`.
//!
//! The agent is the affected machine unless the event names one of its own or comes out of a cloud or an identity
//! provider: then the agent only fetched it. Several rules may find something in one event, so an id is made of the
//! event's and the rule's. Fields: <https://documentation.wazuh.com/5.0/> and
//! <https://github.com/wazuh/wazuh-indexer-plugins/tree/main/ecs>.

use compact_str::CompactString;

use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::dotted;
use super::super::draft::{Desk, Draft, Paths, Reading, first_text, thing};
use super::super::ecs::{self, Ecs, Machine};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "wazuh5",
    &[
        &[Need::present("wazuh"), Need::present("wazuh.rule.id")],
        &[Need::present("wazuh"), Need::present("wazuh.rule.title")],
        &[Need::Test(has_flat_rule)],
        // Events that no rule found.
        &[
            Need::present("wazuh"),
            Need::present("wazuh.agent.id"),
            Need::present("event"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "@timestamp",
    rule: "wazuh.rule.id",
};

fn has_flat_rule(record: Value<'_>) -> bool {
    record.keys().any(|key| key.starts_with("wazuh.rule."))
}

/// `wazuh.*`.
#[derive(Default)]
struct Wazuh<'a> {
    rule_id: Option<Value<'a>>,
    title: Option<Value<'a>>,
    level: Option<Value<'a>>,
    mitre: [Option<Value<'a>>; 3],
    tags: Option<Value<'a>>,
    agent: Machine<'a>,
    agent_name: Option<Value<'a>>,
    category: Option<&'a str>,
    document: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut wazuh = Wazuh::default();
    let mut ecs = Ecs::default();
    let is_wanted = |path: &str| path.starts_with("wazuh") || ecs::is_wanted(path);
    dotted::leaves_of(record, &is_wanted, |path, value| {
        match path.strip_prefix("wazuh.") {
            Some(path) => wazuh.set(path, value),
            None if path == "event.doc_id" => wazuh.document = Some(value),
            None => {
                ecs.set(path, value);
            }
        }
    });
    if wazuh.rule_id.is_none() && wazuh.title.is_none() {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    if let Some(time) = ecs.time.and_then(Value::scalar) {
        draft.time(time, Unit::Auto, PATHS.time)?;
    }
    wazuh.read_id(ecs.event.id, &mut draft)?;
    draft.rule_id(scalar(wazuh.rule_id), PATHS.rule)?;
    draft.rule_name(scalar(wazuh.title));
    draft.severity(scalar(wazuh.level));
    wazuh.tell_attack(&mut draft);
    let is_elsewhere = wazuh.is_of_elsewhere(&ecs);
    if !is_elsewhere {
        wazuh.tell_agent(Role::Affected, thing::HOST, &mut draft);
    }
    ecs.tell(&mut draft);
    if is_elsewhere {
        wazuh.tell_agent(Role::Observer, thing::OBSERVER, &mut draft);
    }
    draft.finish(PATHS)
}

impl<'a> Wazuh<'a> {
    fn set(&mut self, path: &str, value: Value<'a>) {
        let slot = match path {
            "rule.id" => &mut self.rule_id,
            "rule.title" => &mut self.title,
            "rule.level" => &mut self.level,
            "rule.mitre.tactic.id" | "rule.mitre.tactic" => &mut self.mitre[0],
            "rule.mitre.technique.id" | "rule.mitre.technique" => &mut self.mitre[1],
            "rule.mitre.subtechnique.id" | "rule.mitre.subtechnique" => &mut self.mitre[2],
            "rule.tags" => &mut self.tags,
            "agent.name" => &mut self.agent_name,
            "integration.category" => {
                self.category = value.as_str();
                return;
            }
            _ => {
                if let Some(field) = path.strip_prefix("agent.host.") {
                    self.agent.set(field, value);
                }
                return;
            }
        };
        *slot = Some(value);
    }

    fn read_id(&self, event: Option<Value<'_>>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let text = |value: Option<Value<'_>>| {
            let text = value?.scalar()?.text()?;
            Some(CompactString::new(&*text))
        };
        let (Some(event), Some(rule)) = (
            text(self.document).or_else(|| text(event)),
            text(self.rule_id.or(self.title)),
        ) else {
            return Ok(());
        };
        let mut id = event;
        id.push('/');
        id.push_str(&rule);
        draft.id(Scalar::Text(&id), "event.id")
    }

    /// Ids in lists of their own, or objects with an id each; a rule's tags may have them too, as Sigma writes them.
    fn tell_attack(&self, draft: &mut Draft<'_>) {
        for told in self.mitre.into_iter().flatten() {
            told.each(|told| draft.attacks(told.get("id").unwrap_or(told)));
        }
        if let Some(tags) = self.tags {
            tags.each(|tag| draft.attack_if_known(tag.as_str().unwrap_or_default()));
        }
    }

    /// Whether the event is of another machine than the agent's, or of none.
    fn is_of_elsewhere(&self, ecs: &Ecs<'_>) -> bool {
        let host = ecs.host.names().next().or(ecs.host.id).and_then(first_text);
        let sensor = ecs.observer.names().next().and_then(first_text);
        let names = [self.agent_name, self.agent.hostname, self.agent.name];
        let is_own = |host: &str| {
            names
                .into_iter()
                .flatten()
                .filter_map(first_text)
                .any(|name| name.eq_ignore_ascii_case(host))
        };
        // A sensor's agent tells what the sensor saw of others.
        let is_far = matches!(self.category, Some("Cloud Services" | "Access Management"))
            || sensor.is_some_and(is_own);
        host.map_or(is_far, |host| !is_own(host))
    }

    fn tell_agent(&self, role: Role, number: u8, draft: &mut Draft<'_>) {
        if let Some(name) = self.agent_name {
            draft.entities(EntityKind::Host, role, name, number);
        }
        self.agent.tell(role, number, draft);
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}
