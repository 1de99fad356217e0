//! caseloom's own simple JSON, with the sources `edr`, `siem`, `idp`, `mail` and, without Suricata, `ids`.
//!
//! The sources differ as products do: EDR and identity provider say severities in words, EDR shouts host names.

use super::json::{push_key, push_list, push_number, push_text};
use super::pick::subject;
use crate::generate::alert::{Alert, Role, Thing};
use crate::generate::catalog::Sensor;
use crate::generate::civil::push_time;
use crate::generate::hostile;
use crate::generate::world::World;

pub(super) fn write(alert: &Alert, id: &str, world: &World, line: &mut String) {
    let rule = alert.rule;
    line.push('{');
    push_text(line, "id", id);
    push_key(line, "time");
    line.push('"');
    push_time(line, alert.event_ms);
    line.push_str("Z\"");
    if world.scope != "default" {
        push_text(line, "scope", world.scope);
    }
    push_text(line, "source", rule.sensor.source());
    push_key(line, "rule");
    line.push('{');
    push_text(line, "id", rule.id);
    push_text(line, "name", rule.name);
    line.push('}');
    push_severity(line, rule.sensor, rule.severity);
    push_title(line, alert, world);
    push_entities(line, alert, world);
    if !rule.attack.is_empty() {
        push_list(line, "attack", rule.attack);
    }
    line.push('}');
}

fn push_severity(line: &mut String, sensor: Sensor, severity: u8) {
    let word = match severity {
        0..20 => "informational",
        20..40 => "low",
        40..60 => "medium",
        60..80 => "high",
        _ => "critical",
    };
    match sensor {
        Sensor::Edr | Sensor::Idp => push_text(line, "severity", word),
        _ => push_number(line, "severity", u64::from(severity)),
    }
}

fn push_title(line: &mut String, alert: &Alert, world: &World) {
    push_key(line, "title");
    line.push('"');
    line.push_str(alert.rule.name);
    if let Some(text) = hostile::for_title(alert) {
        line.push_str(": ");
        line.push_str(text);
    } else if let Some(thing) = subject(alert) {
        line.push_str(if thing.kind() == "user" {
            " for "
        } else {
            " on "
        });
        world.write(thing, line);
    }
    line.push('"');
}

fn push_entities(line: &mut String, alert: &Alert, world: &World) {
    let sensor = alert.rule.sensor;
    push_key(line, "entities");
    line.push('[');
    for (thing, role) in alert.entities.iter() {
        push_entity(line, thing, role, sensor, world);
        line.push(',');
    }
    push_entity(line, Thing::Observer(sensor), Role::Observer, sensor, world);
    line.push(']');
}

fn push_entity(line: &mut String, thing: Thing, role: Role, sensor: Sensor, world: &World) {
    line.push('{');
    push_text(line, "kind", thing.kind());
    push_key(line, "value");
    line.push('"');
    let value_at = line.len();
    world.write(thing, line);
    if sensor == Sensor::Edr && matches!(thing, Thing::Host(_)) {
        let value = line.split_off(value_at);
        line.push_str(&value.to_ascii_uppercase());
    }
    line.push('"');
    push_text(line, "role", role.word());
    line.push('}');
}
