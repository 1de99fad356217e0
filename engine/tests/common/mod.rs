//! What the engine's tests share: alerts from one line of text, and a policy from `key=value`; in `worlds` random
//! alerts, in `shelf` a store.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a wrong test file should stop the test"
)]

pub mod acts;
pub mod arrival;
pub mod days;
pub mod lists;
pub mod shelf;
pub mod worlds;

use caseloom_engine::alert::{Alert, Lifecycle, Position, Severity, TopicId};
use caseloom_engine::command::{Assignment, Pick, Playbook, PlaybookTask, When};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::policy::{EvidencePolicy, HubPolicy, Pin, Policy, RecurrencePolicy};
use caseloom_engine::time::{Span, Timestamp};

/// Midnight of the day on which all stories begin: 2026-01-05, a Monday.
pub const BEGIN: Timestamp = Timestamp(1_767_571_200_000);

/// Any fixed seed.
pub const SEED: [u8; 16] = *b"sixteen byte key";

/// A time as written in a scenario: `[DAY+]HH:MM[:SS]`.
pub fn time(text: &str) -> Timestamp {
    let (days, clock) = text.split_once('+').unwrap_or(("0", text));
    let mut parts = clock
        .split(':')
        .map(|part| part.parse::<i64>().expect("a number in a time"));
    let mut next = || parts.next().unwrap_or(0);
    let seconds = next() * 3_600 + next() * 60 + next();
    BEGIN
        .plus(Span::DAY.times(days.parse().expect("a number of days")))
        .plus(Span::SECOND.times(seconds))
}

/// A length of time: a number and one of `s m h d`.
pub fn span(text: &str) -> Span {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => Span::SECOND,
        "m" => Span::MINUTE,
        "h" => Span::HOUR,
        "d" => Span::DAY,
        other => panic!("unknown unit {other} in {text}"),
    };
    unit.times(number.parse().expect("a number before the unit"))
}

/// An alert from `ID TIME RULE SEVERITY WORD...`; a word is `kind:value[/role]` or `key=value`.
/// ID `-` means none; SEVERITY `-` means the alert brings none.
pub fn alert(line: &str, offset: i64) -> Alert {
    let mut words = line.split_whitespace();
    let mut next = || words.next().expect("ID TIME RULE SEVERITY");
    let (id, at, rule, severity) = (next(), next(), next(), next());
    let mut alert = Alert {
        id: (id != "-").then(|| id.into()),
        position: Position {
            topic: TopicId(0),
            partition: 0,
            offset,
            index: 0,
        },
        time: time(at),
        scope: "acme".into(),
        source: "ids".into(),
        rule_id: rule.into(),
        rule_name: rule.into(),
        title: "".into(),
        severity: if severity == "-" {
            Severity::ASSUMED
        } else {
            Severity::of(severity.parse().unwrap())
        },
        attack: Default::default(),
        entities: Default::default(),
        lifecycle: Lifecycle::Active,
        count: 1,
        updated: None,
    };
    for word in words {
        add_word(&mut alert, word);
    }
    alert
}

/// The alerts of `LENGTH x COUNT alert LINE`: the first as written, the others each so much later; where the id is
/// not `-`, its number follows it.
pub fn repeated(text: &str, offset: i64) -> Vec<Alert> {
    let (length, rest) = text.split_once(" x ").expect("LENGTH x COUNT alert");
    let (count, line) = rest.split_once(" alert ").expect("LENGTH x COUNT alert");
    let count: i64 = count.parse().expect("a number of alerts");
    let of = |n: i64| {
        let mut alert = alert(line, offset + n);
        alert.time = alert.time.plus(span(length).times(n));
        alert.id = alert.id.map(|id| format!("{id}{}", n + 1).into());
        alert
    };
    (0..count).map(of).collect()
}

fn add_word(alert: &mut Alert, word: &str) {
    if let Some((key, value)) = word.split_once('=') {
        match key {
            "scope" => alert.scope = value.into(),
            "source" => alert.source = value.into(),
            "count" => alert.count = value.parse().unwrap(),
            "attack" => alert.attack.push(value.into()),
            "updated" => alert.updated = Some(time(value)),
            "status" if value == "sample" => alert.lifecycle = Lifecycle::Sample,
            "status" if value == "archived" => alert.lifecycle = Lifecycle::Archived,
            other => panic!("unknown key {other}"),
        }
        return;
    }
    alert.entities.push(entity(word));
}

/// An entity from `kind:value[/role][#thing]`; affected where no role is named.
pub fn entity(word: &str) -> Entity {
    let (word, thing) = word.split_once('#').unwrap_or((word, "0"));
    let (kind, rest) = word.split_once(':').expect("kind:value");
    let (value, role) = rest.split_once('/').unwrap_or((rest, "affected"));
    let kind = EntityKind::from_word(kind).expect("a kind");
    let role = Role::from_word(role).expect("a role");
    let entity = Entity::new(kind, role, value).expect("a meaningful value");
    entity.naming(thing.parse().expect("the number of a thing"))
}

/// Sets one key of a policy.
pub fn set(policy: &mut Policy, assignment: &str) {
    let (key, value) = assignment.split_once('=').expect("key=value");
    match key {
        "caps.activities" => policy.caps.activities = value.parse().unwrap(),
        "caps.entities" => policy.caps.entities = value.parse().unwrap(),
        "caps.age" => policy.caps.age = span(value),
        "caps.idle" => policy.caps.idle = span(value),
        "raise.max" => policy.raise.max = value.parse().unwrap(),
        "raise.vip" => policy.raise.vip = value.parse().unwrap(),
        "promotion" => policy.promotion_risk = value.parse().unwrap(),
        "lateness" => policy.lateness = span(value),
        "auto_close_after" => policy.auto_close_after = span(value),
        "dedup.window" => policy.dedup.window = span(value),
        "dedup.ids_max" => policy.dedup.ids_max = value.parse().unwrap(),
        "dedup.ids_kept" => policy.dedup.ids_kept = span(value),
        "ignore" => {
            let ignored = entity(value);
            policy.ignored_entities.push((ignored.kind, ignored.value));
            policy.ignored_entities.sort();
        }
        "reopen.within" => policy.reopen.within = span(value),
        "reopen.remembered" => policy.reopen.remembered = span(value),
        "reopen.entities_max" => policy.reopen.entities_max = value.parse().unwrap(),
        "memory.activities_max" => policy.memory.activities_max = value.parse().unwrap(),
        "memory.entities_max" => policy.memory.entities_max = value.parse().unwrap(),
        "gather" => policy.gather = span(value),
        // NAME,PICK,MEMBER...: all cases of at least severity 50.
        "assign" => {
            let parts: Vec<&str> = value.split(',').collect();
            policy.duty.assignments.push(Assignment {
                name: parts[0].into(),
                when: When {
                    severity: 50,
                    ..When::default()
                },
                team: "soc".into(),
                members: parts[2..].iter().map(|name| (*name).into()).collect(),
                pick: match parts[1] {
                    "turn" => Pick::RoundRobin,
                    "load" => Pick::LeastLoaded,
                    _ => Pick::First,
                },
            });
        }
        // NAME,TASK...: each after the one before.
        "playbook" => {
            let parts: Vec<&str> = value.split(',').collect();
            let task = |(place, title): (usize, &&str)| PlaybookTask {
                title: (*title).into(),
                text: "".into(),
                assignee: "".into(),
                due: Some(Span::HOUR),
                after: (place > 0).then_some(place).into_iter().collect(),
            };
            policy.duty.playbooks.push(Playbook {
                name: parts[0].into(),
                when: When::default(),
                tasks: parts[1..].iter().enumerate().map(task).collect(),
            });
        }
        other => {
            let (table, key) = other.split_once('.').expect("a known policy key");
            match table {
                "recurrence" => set_recurrence(&mut policy.recurrence, key, value),
                "evidence" => set_evidence(&mut policy.evidence, key, value),
                "hubs" => set_hubs(&mut policy.hubs, key, value),
                "gap" => policy.gaps[kind(key) as usize] = span(value),
                "weight" => policy.evidence.weights[kind(key) as usize] = value.parse().unwrap(),
                other => panic!("unknown policy table {other}"),
            }
        }
    }
}

fn kind(word: &str) -> EntityKind {
    EntityKind::from_word(word).expect("a kind")
}

fn set_recurrence(policy: &mut RecurrencePolicy, key: &str, value: &str) {
    match key {
        "hours" => policy.hours = value.parse().unwrap(),
        "horizon" => policy.horizon = span(value),
        "settle" => policy.settle = span(value),
        "run_gap" => policy.run_gap = span(value),
        "burst" => policy.burst = value.parse().unwrap(),
        "never_background" => policy.never_background = value.parse().unwrap(),
        "attach" => policy.attach = value.parse().unwrap(),
        "pairs_max" => policy.pairs_max = value.parse().unwrap(),
        // RULE[@KIND:VALUE], of the source `ids`.
        "background" | "news" => {
            let (rule, on) = value.split_once('@').unwrap_or((value, ""));
            let on = (!on.is_empty()).then(|| entity(on));
            policy.pins.push(Pin {
                source: "ids".into(),
                rule_id: rule.into(),
                subject: on.map(|entity| (entity.kind, entity.value)),
                is_background: key == "background",
            });
            policy.pins.sort();
        }
        other => panic!("unknown policy key recurrence.{other}"),
    }
}

fn set_evidence(policy: &mut EvidencePolicy, key: &str, value: &str) {
    match key {
        "join" => policy.join = value.parse().unwrap(),
        // KIND+KIND+GAP, or nothing.
        "together" if value == "none" => policy.together.clear(),
        "together" => {
            let parts: Vec<&str> = value.split('+').collect();
            let together = (kind(parts[0]), kind(parts[1]), span(parts[2]));
            policy.together.push(together);
        }
        "rule_gap" => policy.rule_gap = span(value),
        "rule_hours" => policy.rule_hours = value.parse().unwrap(),
        "hot_gap" => policy.hot_gap = span(value),
        "hot_rules" => policy.hot_rules = value.parse().unwrap(),
        "baseline" => policy.baseline = span(value),
        other => panic!("unknown policy key evidence.{other}"),
    }
}

fn set_hubs(policy: &mut HubPolicy, key: &str, value: &str) {
    match key {
        "per_hour" => policy.per_hour = value.parse().unwrap(),
        "peers" => policy.peers = value.parse().unwrap(),
        "common_hours" => policy.common_hours = value.parse().unwrap(),
        "hub_hours" => policy.hub_hours = value.parse().unwrap(),
        other => panic!("unknown policy key hubs.{other}"),
    }
}
