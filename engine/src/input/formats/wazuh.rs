//! Wazuh 4: alerts of `alerts.json`, also as its integrations wrap them (`all_fields`). Archived events, which have no
//! rule, are no alerts.
//!
//! The agent is the affected machine where it watches itself, and only the observer where it collects for others: cloud
//! and SaaS logs, a network sensor, a device that sends syslog to the manager (agent `000`, with the device's address as
//! its `location`). What the decoders found is in `data`: flat fields, Windows events, cloud logs, or a whole Suricata
//! event, whose rule is then named as Suricata itself names it, so that both feeds agree.
//!
//! What the manager sends on by syslog (`syslog_output`) is the same in fewer words: see `forwarded`.
//!
//! An alert's id is unique for one manager only, so the manager's name stands before it. Fields:
//! <https://documentation.wazuh.com/current/user-manual/manager/event-logging.html> and
//! <https://documentation.wazuh.com/current/user-manual/capabilities/index.html>.

mod data;
mod forwarded;

use compact_str::CompactString;

use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading, first_text, thing};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::{Json, Room, Texts};

pub(super) const ROOM: Room = Room {
    name: "wazuh",
    json: Some(Json {
        signatures: SIGNATURES,
        read,
    }),
    text: Some(Texts {
        tells: forwarded::tells,
        read: forwarded::read_text,
    }),
    is_general: false,
};

const SIGNATURES: &[&[Need]] = &[
    &[
        Need::present("rule"),
        Need::present("agent"),
        Need::present("manager"),
    ],
    &[
        Need::present("rule"),
        Need::present("agent"),
        Need::present("decoder"),
        Need::present("location"),
    ],
    &[
        Need::present("manager"),
        Need::present("decoder"),
        Need::present("location"),
    ],
    &[
        Need::present("all_fields"),
        Need::equal("pretext", "WAZUH Alert"),
    ],
    // What an active response gets.
    &[
        Need::present("command"),
        Need::present("parameters"),
        Need::present("parameters.alert.rule"),
    ],
    // What the manager sends on as JSON, and OSSEC.
    &[Need::present("crit"), Need::present("component")],
];

const PATHS: Paths<'static> = Paths {
    time: "timestamp",
    rule: "rule.id",
};

/// The parts of an alert.
#[derive(Default)]
struct Event<'a> {
    id: Option<Value<'a>>,
    timestamp: Option<Value<'a>>,
    rule: Option<Value<'a>>,
    agent: Agent<'a>,
    manager: Option<&'a str>,
    hostname: Option<&'a str>,
    location: Option<&'a str>,
    data: Option<Value<'a>>,
    syscheck: Option<Value<'a>>,
}

#[derive(Default)]
struct Agent<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    ip: Option<&'a str>,
}

/// Reads `record`, which is an alert, an archived event, or an integration's message with an alert in it.
fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    if record.get("component").is_some() {
        return forwarded::read(record, desk);
    }
    let wrapped = record
        .get("all_fields")
        .or_else(|| record.get("parameters")?.get("alert"));
    let record = wrapped.unwrap_or(record);
    let event = Event::of(record);
    let Some(rule) = event.rule else {
        return Ok(Reading::NotAnAlert);
    };
    let mut draft = desk.draft(ROOM.name);
    if let Some(timestamp) = event.timestamp.and_then(Value::scalar) {
        draft.time(timestamp, Unit::Auto, PATHS.time)?;
    }
    event.read_id(&mut draft)?;
    read_rule(rule, &mut draft)?;
    let data = event.data.map(data::Data::of);
    event.read_machines(data.as_ref(), &mut draft);
    if let Some(data) = data {
        data.tell(&mut draft)?;
        // A wrapped event brings a severity of its own; the manager has judged it anew.
        if let Some(level) = rule.get("level") {
            draft.severity_read(severity::wazuh(level.scalar_or_null()));
        }
    }
    if let Some(syscheck) = event.syscheck {
        read_syscheck(syscheck, &mut draft);
    }
    if let Some(manager) = event.manager {
        draft.entity(EntityKind::Host, Role::Observer, manager, thing::OBSERVER);
    }
    draft.finish(PATHS)
}

fn read_rule(rule: Value<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    for (key, value) in rule.keys_and_values() {
        match key {
            "id" => draft.rule_id(value.scalar_or_null(), PATHS.rule)?,
            "description" => draft.rule_name(value.scalar_or_null()),
            "level" => draft.severity_read(severity::wazuh(value.scalar_or_null())),
            "mitre" => {
                for (key, value) in value.keys_and_values() {
                    if matches!(key, "id" | "tactic") {
                        draft.attacks(value);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A file that changed, and who changed it where the audit log tells.
fn read_syscheck(syscheck: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in syscheck.keys_and_values() {
        match key {
            "path" => {
                // The registry is watched in the same way.
                let path = value.as_str().unwrap_or_default();
                if !path.starts_with("HKEY_") {
                    draft.entity(EntityKind::File, Role::Target, path, thing::FILE);
                }
            }
            "md5_after" | "sha1_after" | "sha256_after" => {
                draft.hashes(Role::Target, value, thing::FILE);
            }
            "md5_before" | "sha1_before" | "sha256_before" => {
                draft.hashes(Role::Target, value, thing::OWN);
            }
            "audit" => read_audit(value, draft),
            _ => {}
        }
    }
}

fn read_audit(audit: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in audit.keys_and_values() {
        let name = value.get("name").unwrap_or(value);
        match key {
            "user" | "login_user" | "effective_user" => {
                let name = first_text(name).unwrap_or_default();
                draft.user(None, name, Role::Actor, thing::USER);
            }
            "process" => draft.entities(EntityKind::Process, Role::Actor, name, thing::PROCESS),
            _ => {}
        }
    }
}

impl<'a> Event<'a> {
    fn of(record: Value<'a>) -> Self {
        let mut event = Self::default();
        for (key, value) in record.keys_and_values() {
            match key {
                "id" => event.id = Some(value),
                "timestamp" => event.timestamp = Some(value),
                "@timestamp" => event.timestamp = event.timestamp.or(Some(value)),
                "rule" => event.rule = Some(value).filter(|rule| rule.len() > 0),
                "agent" => event.agent = Agent::of(value),
                "manager" => event.manager = value.get("name").and_then(Value::as_str),
                "predecoder" => event.hostname = value.get("hostname").and_then(Value::as_str),
                "location" => event.location = value.as_str(),
                "data" => event.data = Some(value),
                "syscheck" => event.syscheck = Some(value),
                _ => {}
            }
        }
        event
    }

    fn read_id(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let Some(id) = self.id.and_then(|id| id.scalar()?.text()) else {
            return Ok(());
        };
        let mut whole = CompactString::default();
        if let Some(manager) = self.manager {
            whole.push_str(manager);
            whole.push('/');
        }
        whole.push_str(&id);
        draft.id(Scalar::Text(&whole), "id")
    }

    /// The agent, and the machine that a log line names.
    fn read_machines(&self, data: Option<&data::Data<'_>>, draft: &mut Draft<'_>) {
        let is_manager = self.agent.id == Some("000");
        let sender = self
            .location
            .filter(|location| is_manager && location.parse::<std::net::IpAddr>().is_ok());
        if let Some(sender) = sender {
            let (role, number) = match data.is_some_and(data::Data::is_between) {
                true => (Role::Observer, thing::OBSERVER),
                false => (Role::Affected, thing::HOST),
            };
            draft.entity(EntityKind::Ip, role, sender, number);
        }
        let is_collector = sender.is_some() || data.is_some_and(data::Data::is_of_elsewhere);
        let (role, number) = match is_collector {
            true => (Role::Observer, thing::OBSERVER),
            false => (Role::Affected, thing::HOST),
        };
        if let Some(name) = self.agent.name {
            draft.entity(EntityKind::Host, role, name, number);
        }
        if let Some(ip) = self.agent.ip.filter(|ip| *ip != "any") {
            draft.entity(EntityKind::Ip, role, ip, number);
        }
        if let Some(hostname) = self.hostname.filter(|name| !draft.is_named(name)) {
            draft.entity(EntityKind::Host, Role::Affected, hostname, thing::HOST);
        }
    }
}

impl<'a> Agent<'a> {
    fn of(agent: Value<'a>) -> Self {
        let text = |key| agent.get(key).and_then(Value::as_str);
        Self {
            id: text("id"),
            name: text("name"),
            ip: text("ip"),
        }
    }
}
