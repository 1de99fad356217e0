//! `/api/v1/background`, `/api/v1/hubs`, `/api/v1/policy`: what is remembered, as the store has it.

use caseloom::http::HttpOptions;
use caseloom_engine::busy::Busy;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::hours::Hours;
use caseloom_engine::ids::ScopeId;
use caseloom_engine::policy::{Pin, Policy};
use caseloom_engine::record::{BusyRecord, PairNames, PolicyRecord, Record, ScopeRecord};
use caseloom_engine::recurrence::PairRecord;
use caseloom_engine::time::{Span, Timestamp};

use crate::fixture::{Fixture, NOW};

/// A pair of `rule` on `host` that fired in every fourth of the last hours, so often.
fn pair(key: u64, scope: u32, rule: &str, host: &str, times: u32) -> [Record; 2] {
    let hour = i32::try_from(NOW.0 / Span::HOUR.0).unwrap();
    let bits = (0..times).fold(0, |bits, n| bits | 1 << (4 * n));
    let names = PairNames {
        key,
        scope: ScopeId(scope),
        source: "ids".into(),
        rule_id: rule.into(),
        rule_name: format!("Rule {rule}").into(),
        subject: (EntityKind::Host, host.into()),
        since: NOW.minus(Span::DAY),
    };
    let record = PairRecord {
        key,
        scope: ScopeId(scope),
        hours: Hours {
            newest: hour - 4,
            bits: [bits, 0, 0],
        },
        oldest: hour - 4 * times as i32,
        bins: None,
        named: true,
    };
    [
        Record::PairNames(Box::new(names)),
        Record::Pair(Box::new(record)),
    ]
}

fn scope(id: u32, name: &str) -> Record {
    Record::Scope(ScopeRecord {
        id: ScopeId(id),
        name: name.into(),
        time: NOW,
        heard: NOW,
        heard_time: NOW,
        since: NOW.minus(Span::DAY),
    })
}

/// An entity that was busy in the `hours` before the last three.
fn busy(value: &str, hours: u32) -> Record {
    Record::Busy(Box::new(BusyRecord {
        scope: ScopeId(0),
        kind: EntityKind::Ip,
        value: value.into(),
        busy: Busy {
            newest: i32::try_from(NOW.0 / Span::HOUR.0).unwrap(),
            counts: [0; 4],
            peers: [0; 4],
            bits: (1 << hours) - 1,
        },
    }))
}

fn policy(since: Timestamp, version: &str, pins: Vec<Pin>) -> Record {
    let mut policy = Policy {
        version: version.into(),
        ignored_entities: vec![(EntityKind::Host, "scan-01".into())],
        ..Policy::default()
    };
    policy.recurrence.pins = pins;
    Record::Policy(Box::new(PolicyRecord { since, policy }))
}

fn fixture() -> Fixture {
    let pin = |rule: &str, is_background| Pin {
        source: "ids".into(),
        rule_id: rule.into(),
        subject: None,
        is_background,
    };
    let mut records = vec![
        scope(0, "default"),
        scope(1, "acme"),
        policy(NOW.minus(Span::DAY), "first", Vec::new()),
        policy(NOW, "second", vec![pin("9", true), pin("4", false)]),
        busy("192.0.2.1", 5),
        busy("192.0.2.2", 2),
        busy("192.0.2.3", 1),
    ];
    records.extend(pair(1, 0, "1", "web-01", 12));
    records.extend(pair(2, 0, "2", "web-02", 3));
    records.extend(pair(3, 1, "1", "web-01", 7));
    records.extend(pair(4, 0, "4", "web-04", 12));
    Fixture::with(HttpOptions::default(), &records)
}

fn said(answer: &serde_json::Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
            let subject = item["subject"]["value"].as_str().unwrap_or("-");
            let words = ["scope", "rule_id", "standing", "why"].map(text);
            format!("{} {subject} {}", words.join(" "), item["hours_seen"])
        })
        .collect()
}

#[test]
fn background_says_which_since_when_and_why() {
    let fixture = fixture();
    let all = fixture.json("/api/v1/background");
    assert_eq!(
        said(&all),
        [
            "- 9 background pinned - null",
            "default 1 background recurs web-01 12",
            "acme 1 background recurs web-01 7",
        ]
    );
    assert_eq!(all["items"][1]["since"], "2026-01-30T08:00:00.000Z");
    assert_eq!(all["items"][1]["hours_needed"], 6);
    assert_eq!(all["items"][1]["bursts_above"], 9.0);
    let any = fixture.json("/api/v1/background?standing=any&scope=default&source=ids");
    assert_eq!(
        said(&any)[1..],
        [
            "default 1 background recurs web-01 12",
            "default 2 news not_now web-02 3",
            "default 4 news pinned web-04 12",
        ]
    );
    let one = fixture.json("/api/v1/background?rule=Rule%201&subject=web-01&scope=acme");
    assert_eq!(said(&one), ["acme 1 background recurs web-01 7"]);
}

#[test]
fn pages_of_background_go_on_where_the_last_ended() {
    let fixture = fixture();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..9 {
        let path = format!("/api/v1/background?standing=any&rule=Rule%201&limit=1{cursor}");
        let page = fixture.json(&path);
        seen.extend(said(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        seen,
        [
            "default 1 background recurs web-01 12",
            "acme 1 background recurs web-01 7",
        ]
    );
    assert_eq!(fixture.get("/api/v1/background?cursor=0g").status, 400);
    assert_eq!(fixture.get("/api/v1/background?standing=odd").status, 400);
}

#[test]
fn hubs_say_until_when() {
    let fixture = fixture();
    let hubs = fixture.json("/api/v1/hubs");
    let items = hubs["items"].as_array().unwrap();
    let of = |item: &serde_json::Value| {
        let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
        let hours = item["busy_hours"].as_array().unwrap().len();
        format!(
            "{} {hours}",
            ["value", "standing", "origin"].map(text).join(" ")
        )
    };
    let mut found: Vec<String> = items.iter().map(of).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "192.0.2.1 hub measured 5",
            "192.0.2.2 common measured 2",
            "scan-01 ignored policy 0",
        ]
    );
    let one = fixture.json("/api/v1/hubs?entity=192.0.2.1&kind=ip&scope=default");
    // Busy from 00:00 to 05:00: the second of the five hours is a day old at 01:00, then three are left.
    assert_eq!(one["items"][0]["busy_hours"][0], "2026-01-31T00:00:00.000Z");
    assert_eq!(one["items"][0]["since"], "2026-01-31T05:00:00.000Z");
    assert_eq!(one["items"][0]["ends"], "2026-02-01T02:00:00.000Z");
    assert_eq!(fixture.get("/api/v1/hubs?kind=color").status, 400);
}

#[test]
fn the_policy_in_force_is_shown_with_the_former_ones() {
    let fixture = fixture();
    let policy = fixture.json("/api/v1/policy");
    assert_eq!(policy["version"], "second");
    assert_eq!(policy["since"], "2026-01-31T08:00:00.000Z");
    assert_eq!(policy["keys"]["gaps.ip"], "4h");
    assert_eq!(policy["keys"]["recurrence.pins.ids 9"], "background");
    assert_eq!(policy["former"][0]["version"], "first");
}
