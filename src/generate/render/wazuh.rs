//! Wazuh 4's `alerts.json`: level 0 to 16, an agent, a manager, and what the decoder found under `data`.

use super::json::{push_key, push_list, push_number, push_text, push_thing};
use super::pick::{is_host, is_ip, is_user, subject};
use crate::generate::alert::{Alert, Role, Thing};
use crate::generate::civil::{push_padded, push_time};
use crate::generate::world::World;

pub(super) fn write(alert: &Alert, id: &str, world: &World, line: &mut String) {
    line.push_str("{\"timestamp\":\"");
    push_time(line, alert.event_ms);
    line.push_str("+0000\"");
    push_rule(line, alert);
    push_agent(line, alert, world);
    line.push_str(",\"manager\":{\"name\":\"siem-sensor-01\"}");
    push_text(line, "id", id);
    push_full_log(line, alert, world);
    line.push_str(",\"decoder\":{\"name\":\"json\"}");
    push_data(line, alert, world);
    push_text(line, "location", "/var/log/secure");
    line.push('}');
}

fn push_rule(line: &mut String, alert: &Alert) {
    let rule = alert.rule;
    let level = match rule.severity {
        0..20 => 3,
        20..40 => 5,
        40..60 => 8,
        60..80 => 12,
        _ => 15,
    };
    push_key(line, "rule");
    line.push('{');
    push_number(line, "level", level);
    push_text(line, "description", rule.name);
    push_text(line, "id", rule.id);
    if !rule.attack.is_empty() {
        line.push_str(",\"mitre\":{");
        push_list(line, "id", rule.attack);
        line.push('}');
    }
    push_number(line, "firedtimes", 1 + (alert.seed & 63));
    line.push_str(",\"mail\":false,\"groups\":[\"local\",\"syslog\"]}");
}

/// The host that reports about itself; without one the manager does.
fn push_agent(line: &mut String, alert: &Alert, world: &World) {
    let entities = &alert.entities;
    let own = [Role::Affected, Role::Target]
        .into_iter()
        .find(|&role| entities.find(role, is_host).is_some());
    let host = own.and_then(|role| entities.find(role, is_host));
    let Some(host) = host else {
        line.push_str(",\"agent\":{\"id\":\"000\",\"name\":\"siem-sensor-01\"}");
        return;
    };
    let number = if let Thing::Host(n) = host {
        u64::from(n)
    } else {
        0
    };
    push_key(line, "agent");
    line.push_str("{\"id\":\"");
    push_padded(line, number + 1, 3);
    line.push('"');
    push_thing(line, "name", host, world);
    if let Some(ip) = own.and_then(|role| entities.find(role, is_ip)) {
        push_thing(line, "ip", ip, world);
    }
    line.push('}');
}

fn push_full_log(line: &mut String, alert: &Alert, world: &World) {
    push_key(line, "full_log");
    line.push('"');
    line.push_str(alert.rule.name);
    if let Some(thing) = subject(alert) {
        line.push_str(": ");
        world.write(thing, line);
    }
    line.push('"');
}

fn push_data(line: &mut String, alert: &Alert, world: &World) {
    let entities = &alert.entities;
    let found = [
        ("srcip", entities.find(Role::Source, is_ip)),
        ("dstip", entities.find(Role::Target, is_ip)),
        ("srcuser", entities.find(Role::Actor, is_user)),
        ("dstuser", entities.find(Role::Target, is_user)),
        ("url", entities.any(|thing| thing.kind() == "url")),
        ("hostname", entities.any(|thing| thing.kind() == "domain")),
        ("sha256", entities.any(|thing| thing.kind() == "hash")),
    ];
    push_key(line, "data");
    line.push('{');
    for (key, thing) in found {
        if let Some(thing) = thing {
            push_thing(line, key, thing, world);
        }
    }
    line.push('}');
}
