//! A policy as its file would say it: one text for each key, so that two can be compared and one can be shown.

use std::collections::BTreeMap;

use caseloom_engine::entity::EntityKind;
use caseloom_engine::knowledge::Criticality;
use caseloom_engine::policy::{Pin, Policy};
use caseloom_engine::record::Status;
use caseloom_engine::time::Span;

/// Every status, in stored order.
const STATUS_ALL: [Status; 5] = [
    Status::New,
    Status::Investigating,
    Status::Contained,
    Status::OnHold,
    Status::Closed,
];

/// A key whose value is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key as written in policy.toml.
    pub key: String,
    /// What it was; empty: it was not there.
    pub from: String,
    /// What it is; empty: it is not there any more.
    pub to: String,
}

/// The keys that differ between two policies, in the order of their names.
#[must_use]
pub fn changes(from: &Policy, to: &Policy) -> Vec<Change> {
    let (before, after) = (written(from), written(to));
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text =
        |policy: &BTreeMap<String, String>, key| policy.get(key).cloned().unwrap_or_default();
    keys.into_iter()
        .map(|key| Change {
            key: key.clone(),
            from: text(&before, key),
            to: text(&after, key),
        })
        .filter(|change| change.from != change.to)
        .collect()
}

/// Every key of a policy with its value as the file would say it.
#[must_use]
pub fn written(policy: &Policy) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut say = |key: &str, value: String| drop(keys.insert(key.to_owned(), value));
    say("lateness", length(policy.lateness));
    say("auto_close_after", length(policy.auto_close_after));
    let memory = &policy.memory;
    say("memory.activities_max", memory.activities_max.to_string());
    say("memory.entities_max", memory.entities_max.to_string());
    let reopen = &policy.reopen;
    say("reopen.within", length(reopen.within));
    say("reopen.remembered", length(reopen.remembered));
    say("reopen.entities_max", reopen.entities_max.to_string());
    say("promotion.risk", policy.promotion_risk.to_string());
    say("enrichment.vip", policy.raise.vip.to_string());
    for (criticality, bonus) in Criticality::ALL.into_iter().zip(policy.raise.assets) {
        let key = format!("enrichment.assets.{}", criticality.as_str());
        say(&key, bonus.to_string());
    }
    say("enrichment.intel", policy.raise.intel.to_string());
    say("enrichment.max", policy.raise.max.to_string());
    let status = &policy.status;
    for (from, next) in STATUS_ALL.into_iter().zip(&status.next) {
        let next: Vec<&str> = next.iter().map(|to| to.as_str()).collect();
        say(&format!("status.next.{}", from.as_str()), next.join(", "));
    }
    let (verdict, resolution) = (status.needs_verdict, status.needs_resolution);
    say("status.needs_verdict", verdict.to_string());
    say("status.needs_resolution", resolution.to_string());
    say("events.gather", length(policy.gather));
    say("silences.hold_max", length(policy.silences.hold_max));
    say("silences.ahead_max", length(policy.silences.ahead_max));
    let dedup = &policy.dedup;
    say("dedup.window", length(dedup.window));
    say("dedup.ids_kept", length(dedup.ids_kept));
    say("dedup.ids_max", dedup.ids_max.to_string());
    for (source, window) in &dedup.window_by_source {
        say(&format!("dedup.window_by_source.{source}"), length(*window));
    }
    let recurrence = &policy.recurrence;
    say("recurrence.hours", recurrence.hours.to_string());
    say("recurrence.horizon", length(recurrence.horizon));
    say("recurrence.settle", length(recurrence.settle));
    say("recurrence.run_gap", length(recurrence.run_gap));
    say("recurrence.burst", recurrence.burst.to_string());
    let never = recurrence.never_background.to_string();
    say("recurrence.never_background", never);
    say("recurrence.attach", recurrence.attach.to_string());
    say("recurrence.pairs_max", recurrence.pairs_max.to_string());
    for pin in &recurrence.pins {
        let (key, value) = pinned(pin);
        say(&key, value);
    }
    let evidence = &policy.evidence;
    say("evidence.join", evidence.join.to_string());
    say("evidence.rule_gap", length(evidence.rule_gap));
    say("evidence.rule_hours", evidence.rule_hours.to_string());
    say("evidence.hot_gap", length(evidence.hot_gap));
    say("evidence.hot_rules", evidence.hot_rules.to_string());
    say("evidence.baseline", length(evidence.baseline));
    for (a, b, gap) in &evidence.together {
        let key = format!("evidence.together.{}+{}", a.as_str(), b.as_str());
        say(&key, length(*gap));
    }
    for kind in EntityKind::ALL {
        let (name, at) = (kind.as_str(), kind as usize);
        say(&format!("gaps.{name}"), length(policy.gaps[at]));
        let weight = evidence.weights[at].to_string();
        say(&format!("evidence.weights.{name}"), weight);
    }
    say("hubs.per_hour", policy.hubs.per_hour.to_string());
    say("hubs.peers", policy.hubs.peers.to_string());
    say("hubs.common_hours", policy.hubs.common_hours.to_string());
    say("hubs.hub_hours", policy.hubs.hub_hours.to_string());
    say("caps.activities", policy.caps.activities.to_string());
    say("caps.entities", policy.caps.entities.to_string());
    say("caps.age", length(policy.caps.age));
    say("caps.idle", length(policy.caps.idle));
    for (kind, value) in &policy.ignored_entities {
        let key = format!("ignored_entities.{}.{value}", kind.as_str());
        say(&key, "ignored".to_owned());
    }
    keys
}

fn pinned(pin: &Pin) -> (String, String) {
    let Pin {
        source, rule_id, ..
    } = pin;
    let subject = pin.subject.as_ref().map_or(String::new(), |(kind, value)| {
        format!(" on {} {value}", kind.as_str())
    });
    let value = if pin.is_background {
        "background"
    } else {
        "never background"
    };
    (
        format!("recurrence.pins.{source} {rule_id}{subject}"),
        value.to_owned(),
    )
}

/// A length of time in the largest unit that says it whole.
fn length(span: Span) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let fits = units
        .into_iter()
        .find(|(unit, _)| span.0 != 0 && span.0 % unit == 0);
    match fits {
        Some((unit, word)) => format!("{}{word}", span.0 / unit),
        None if span.0 == 0 => "0s".to_owned(),
        None => format!("{}ms", span.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_policy;

    #[test]
    fn what_changed_is_named_as_in_the_file() {
        let policy = |text: &str| parse_policy(text, "p.toml").unwrap();
        let text = "[gaps]\nip = \"90m\"\n[hubs]\nper_hour = 9\n[ignored_entities]\nhost = [\"scan01\"]\n\
            [[recurrence.pins]]\nsource = \"ids\"\nrule = \"7\"\nbackground = true";
        let changes = changes(&policy(""), &policy(text));
        let said: Vec<String> = changes
            .iter()
            .map(|c| format!("{}: {} -> {}", c.key, c.from, c.to))
            .collect();
        assert_eq!(
            said,
            [
                "gaps.ip: 4h -> 90m",
                "hubs.per_hour: 30 -> 9",
                "ignored_entities.host.scan01:  -> ignored",
                "recurrence.pins.ids 7:  -> background",
            ]
        );
    }

    /// A key that is added to the policy is not forgotten here: each value of the serialised policy counts once.
    #[test]
    fn every_key_is_written() {
        let policy = Policy::default();
        let serde_json::Value::Object(all) = serde_json::to_value(&policy).unwrap() else {
            panic!("a policy is an object");
        };
        let leaves = |value: &serde_json::Value| match value {
            serde_json::Value::Object(map) => map
                .values()
                .map(|v| match v {
                    serde_json::Value::Array(a) => a.len(),
                    serde_json::Value::Object(o) => {
                        o.values().map(|v| v.as_array().map_or(1, Vec::len)).sum()
                    }
                    _ => 1,
                })
                .sum(),
            serde_json::Value::Array(list) => list.len(),
            _ => 1,
        };
        let count: usize = all
            .iter()
            .filter(|(key, _)| *key != "version")
            .map(|(_, v)| leaves(v))
            .sum();
        assert_eq!(written(&policy).len(), count);
    }
}
