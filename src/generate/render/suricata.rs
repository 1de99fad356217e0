//! Suricata's EVE JSON, `event_type` alert: no id of its own, and a time whose zone has no colon.

use super::json::{push_key, push_list, push_number, push_text, push_thing};
use super::pick::{is_domain, is_ip};
use crate::generate::alert::{Alert, Role, Thing};
use crate::generate::catalog::{App, Rule};
use crate::generate::civil::{push_padded, push_time};
use crate::generate::rng::Mix;
use crate::generate::world::World;

/// What a scanner tries.
const PROBED_PORTS: [u16; 12] = [21, 22, 23, 25, 80, 135, 443, 445, 1433, 3306, 5900, 8080];

pub(super) fn write(alert: &Alert, world: &World, line: &mut String) {
    let mut mix = Mix(alert.seed);
    let rule = alert.rule;
    line.push_str("{\"timestamp\":\"");
    push_time(line, alert.event_ms);
    push_padded(line, u64::from(mix.below(1000)), 3);
    line.push_str("+0000\"");
    push_number(line, "flow_id", mix.next() >> 13);
    push_text(line, "in_iface", "eth1");
    push_text(line, "event_type", "alert");
    push_addresses(line, alert, world, &mut mix);
    push_text(
        line,
        "proto",
        if rule.app == App::Dns { "UDP" } else { "TCP" },
    );
    push_alert(line, rule);
    push_text(line, "app_proto", rule.app.name());
    push_text(line, "direction", "to_server");
    push_protocol(line, alert, world, &mut mix);
    push_flow(line, alert, &mut mix);
    push_text(line, "host", "ids-sensor-01");
    line.push('}');
}

fn push_addresses(line: &mut String, alert: &Alert, world: &World, mix: &mut Mix) {
    let sides = [
        ("src_ip", "src_port", Role::Source),
        ("dest_ip", "dest_port", Role::Target),
    ];
    for (ip, port, role) in sides {
        if let Some(address) = alert.entities.find(role, is_ip) {
            push_thing(line, ip, address, world);
            let number = match (role, alert.rule.app.port()) {
                (Role::Target, Some(port)) => port,
                (Role::Target, None) => PROBED_PORTS[mix.below(12) as usize],
                _ => 32_768 + mix.below(28_000) as u16,
            };
            push_number(line, port, u64::from(number));
        }
    }
}

fn push_alert(line: &mut String, rule: &Rule) {
    let (level, category, word) = match rule.severity {
        85.. => (1, "A Network Trojan was detected", "Critical"),
        60..85 => (1, "A Network Trojan was detected", "Major"),
        40..60 => (2, "Potentially Bad Traffic", "Minor"),
        _ => (3, "Misc activity", "Informational"),
    };
    push_key(line, "alert");
    line.push_str("{\"action\":\"allowed\",\"gid\":1,\"signature_id\":");
    line.push_str(rule.id);
    push_number(line, "rev", 3);
    push_text(line, "signature", rule.name);
    push_text(line, "category", category);
    push_number(line, "severity", level);
    if !rule.attack.is_empty() {
        push_key(line, "metadata");
        line.push('{');
        push_list(line, "mitre_technique_id", rule.attack);
        push_list(line, "signature_severity", &[word]);
        line.push('}');
    }
    line.push('}');
}

/// The part that the protocol adds; nothing without a name to show.
fn push_protocol(line: &mut String, alert: &Alert, world: &World, mix: &mut Mix) {
    let domain = alert.entities.any(is_domain);
    match (alert.rule.app, domain) {
        (App::Dns, Some(domain)) => {
            line.push_str(",\"dns\":{\"query\":[{\"type\":\"query\"");
            push_number(line, "id", u64::from(mix.below(65_536)));
            push_thing(line, "rrname", domain, world);
            line.push_str(",\"rrtype\":\"A\"}]}");
        }
        (App::Tls, Some(domain)) => {
            line.push_str(",\"tls\":{");
            push_thing(line, "sni", domain, world);
            line.push_str(",\"version\":\"TLS 1.3\"}");
        }
        (App::Http, _) => push_http(line, domain, world, mix),
        _ => {}
    }
}

fn push_http(line: &mut String, domain: Option<Thing>, world: &World, mix: &mut Mix) {
    line.push_str(",\"http\":{");
    match domain {
        Some(domain) => push_thing(line, "hostname", domain, world),
        None => {
            line.push_str("\"hostname\":\"www.");
            world.write_domain(line);
            line.push('"');
        }
    }
    line.push_str(",\"url\":\"/app/");
    push_padded(line, u64::from(mix.below(5_000)), 1);
    line.push_str("?q=%27%22\",\"http_method\":\"GET\",\"protocol\":\"HTTP/1.1\"");
    push_number(line, "status", if mix.below(4) == 0 { 200 } else { 404 });
    push_number(line, "length", u64::from(mix.below(20_000)));
    line.push('}');
}

fn push_flow(line: &mut String, alert: &Alert, mix: &mut Mix) {
    let packets = 1 + u64::from(mix.below(12));
    push_key(line, "flow");
    line.push('{');
    push_number(line, "pkts_toserver", packets);
    push_number(line, "pkts_toclient", packets / 2);
    push_number(
        line,
        "bytes_toserver",
        packets * (60 + u64::from(mix.below(900))),
    );
    push_number(
        line,
        "bytes_toclient",
        packets * u64::from(mix.below(1_400)),
    );
    line.push_str(",\"start\":\"");
    push_time(line, alert.event_ms - i64::from(mix.below(900)));
    line.push_str("000+0000\"}");
}
