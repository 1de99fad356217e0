//! What a manager of Wazuh or OSSEC sends on by syslog, in each form of `syslog_output`:
//!
//! - default: `ossec: Alert Level: 10; Rule: 5712 - Text.; Location: (web1) 10.0.0.5->/var/log/auth.log; srcip: 192.0.2.7;`
//! - `splunk`: `ossec: crit=10 id=5712 description="Text." component="(web1) 10.0.0.5->/var/log/auth.log", src_ip=..`
//! - `json`: `{"crit":10,"id":5712,"description":"Text.","component":"..","srcip":".."}`, and OSSEC's own `alerts.json`, in
//!   which the rule is an object.
//!
//! There is no id and, but in OSSEC's file, no time beside the header's. The agent stands in the location; a location
//! without one is the manager's own. Source:
//! <https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/syslog-output.html> and `os_csyslogd/alert.c`.

use crate::entity::{Entity, EntityKind, Role};

use super::super::super::draft::{Desk, Draft, Reading, thing};
use super::super::super::json::{Scalar, Value};
use super::super::super::line::Line;
use super::super::super::reject::Reject;
use super::super::super::severity;
use super::super::super::timestamp::Unit;
use super::{PATHS, ROOM};

/// What an alert says in each form.
#[derive(Default)]
struct Event<'a> {
    level: Option<Scalar<'a>>,
    rule_id: Option<Scalar<'a>>,
    rule: Option<&'a str>,
    time: Option<Scalar<'a>>,
    location: Option<&'a str>,
    hostname: Option<&'a str>,
    source: Option<&'a str>,
    target: Option<&'a str>,
    user: Option<&'a str>,
    target_user: Option<&'a str>,
}

pub(super) fn tells(line: &Line<'_>) -> bool {
    let text = line.text;
    text.starts_with("Alert Level: ") && text.contains("; Rule: ")
        || text.starts_with("crit=") && text.contains(" component=\"")
}

pub(super) fn read_text(line: &Line<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut event = Event::default();
    if line.text.starts_with("crit=") {
        event.take_pairs(line.text);
    } else {
        event.take_parts(line.text);
    }
    event.tell(desk)
}

pub(super) fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut event = Event::default();
    for (key, value) in record.keys_and_values() {
        event.set(key, value.scalar_or_null());
    }
    if let Some(rule) = record.get("rule") {
        for (key, value) in rule.keys_and_values() {
            match key {
                "level" => event.level = value.scalar(),
                "sidid" => event.rule_id = value.scalar(),
                "comment" => event.rule = value.as_str(),
                _ => {}
            }
        }
    }
    event.tell(desk)
}

impl<'a> Event<'a> {
    fn set(&mut self, key: &str, value: Scalar<'a>) {
        let text = match value {
            Scalar::Text(text) => Some(text),
            _ => None,
        };
        match key {
            "crit" => self.level = Some(value),
            "id" => self.rule_id = Some(value),
            "description" => self.rule = text,
            "TimeStamp" | "timestamp" => self.time = Some(value),
            "component" => self.location = text,
            "hostname" => self.hostname = text,
            "srcip" | "src_ip" => self.source = text,
            "dstip" | "dst_ip" => self.target = text,
            "user" | "srcuser" | "acct" => self.user = text,
            "dstuser" => self.target_user = text,
            _ => {}
        }
    }

    /// `Alert Level: 10; Rule: 5712 - Text.; Location: ..; srcip: ..; log line`
    fn take_parts(&mut self, text: &'a str) {
        for part in text.split("; ") {
            let Some((key, value)) = part.split_once(": ") else {
                continue;
            };
            let value = value.trim_ascii();
            match key.trim_ascii() {
                "Alert Level" => self.level = Some(Scalar::Text(value)),
                "Rule" if self.rule.is_none() => {
                    let (id, name) = value.split_once(" - ").unwrap_or((value, value));
                    self.rule_id = Some(Scalar::Text(id));
                    self.rule = Some(name);
                }
                "Location" if self.location.is_none() => self.location = Some(value),
                key @ ("srcip" | "dstip" | "user" | "srcuser" | "dstuser") => {
                    self.set(key, Scalar::Text(value));
                }
                _ => {}
            }
        }
    }

    /// `crit=10 id=5712 description="Text." component="..", classification=".."`
    fn take_pairs(&mut self, text: &'a str) {
        let mut rest = text;
        while let Some((key, behind)) = rest.split_once('=') {
            let (value, behind) = match behind.strip_prefix('"') {
                Some(behind) => behind.split_once('"').unwrap_or((behind, "")),
                None => behind.split_once([' ', ',']).unwrap_or((behind, "")),
            };
            self.set(key, Scalar::Text(value));
            rest = behind.trim_start_matches([' ', ',']);
            // The log line that follows is the attacker's.
            if key == "message" {
                break;
            }
        }
    }

    fn tell(&self, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
        let mut draft = desk.draft(ROOM.name);
        if let Some(time) = self.time {
            draft.time(time, Unit::Auto, PATHS.time)?;
        }
        draft.rule_id(self.rule_id.unwrap_or(Scalar::Null), PATHS.rule)?;
        draft.rule_name(self.rule.map_or(Scalar::Null, Scalar::Text));
        if let Some(level) = self.level {
            draft.severity_read(severity::wazuh(level));
        }
        self.tell_machine(&mut draft);
        let mut say = |kind, role, value: Option<&str>, thing| {
            if let Some(value) = value {
                draft.entity(kind, role, value, thing);
            }
        };
        say(EntityKind::Ip, Role::Source, self.source, thing::SOURCE);
        say(EntityKind::Ip, Role::Target, self.target, thing::TARGET);
        if let Some(user) = self.user {
            draft.user(None, user, Role::Actor, thing::USER);
        }
        if let Some(user) = self.target_user {
            draft.user(None, user, Role::Target, thing::TARGET_USER);
        }
        draft.finish(PATHS)
    }

    /// `(agent) address->log` of an agent, `manager->log` of the manager itself.
    fn tell_machine(&self, draft: &mut Draft<'_>) {
        let machine = self
            .location
            .and_then(|location| location.split("->").next());
        let machine = machine.unwrap_or_default().trim_ascii();
        match machine
            .strip_prefix('(')
            .and_then(|agent| agent.split_once(')'))
        {
            Some((name, address)) => {
                draft.entity(EntityKind::Host, Role::Affected, name, thing::HOST);
                let address = address.trim_ascii();
                if !matches!(address, "" | "any") {
                    draft.entity(EntityKind::Ip, Role::Affected, address, thing::HOST);
                }
            }
            None if !machine.is_empty() => {
                draft.push(Entity::host_or_ip(Role::Affected, machine), thing::HOST)
            }
            None => {}
        }
        if let Some(name) = self.hostname.filter(|name| !draft.is_named(name)) {
            draft.entity(EntityKind::Host, Role::Affected, name, thing::HOST);
        }
    }
}
