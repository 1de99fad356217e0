//! Why two cases are not one, and what a case would fall into without an entity: over HTTP and on the command line.

use std::process::Command;

use caseloom::http::HttpOptions;
use caseloom_engine::alert::{Position, Severity};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, GroupId, ScopeId};
use caseloom_engine::record::{
    ActivityRecord, GroundsRecord, GroupRecord, Link, LinkKind, Record, Relation, TallyRecord,
};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::Span;

use crate::fixture::{Fixture, NOW, group, id};

/// An activity of a case, so many hours ago, that names these entities, each enough alone unless it begins with `-`; with
/// links by an entity to earlier ones.
fn activity(
    number: u64,
    case: u64,
    hours: i64,
    standing: Standing,
    names: &[&str],
    links: &[(u64, usize)],
) -> [Record; 2] {
    let at = NOW.minus(Span::HOUR.times(hours));
    let entities: Vec<Entity> = names
        .iter()
        .map(|name| {
            let name = name.trim_start_matches('-');
            let (kind, value) = name.split_once(':').unwrap();
            let kind = EntityKind::ALL.into_iter().find(|k| k.as_str() == kind);
            Entity::new(kind.unwrap(), Role::Affected, value).unwrap()
        })
        .collect();
    let alone = (0..).zip(names).filter(|(_, name)| !name.starts_with('-'));
    let link = |(other, at): &(u64, usize)| Link {
        kind: LinkKind::SharedEntity,
        entities: vec![(entities[*at].kind, entities[*at].value.clone())],
        other: ActivityId(*other),
        gap: Span::MINUTE,
        policy: "default".into(),
    };
    let record = ActivityRecord {
        id: ActivityId(number),
        group: GroupId(case),
        scope: ScopeId(0),
        day: at.day(),
        window_begin: at,
        window_end: at.plus(Span::HOUR),
        source: "edr".into(),
        rule_id: format!("R-{number}").into(),
        rule_name: format!("Rule {number}").into(),
        title: "".into(),
        alert_id: format!("alert-{number}").into(),
        position: Position::default(),
        attack: Vec::new(),
        subject: Some(0),
        links: links.iter().map(link).collect(),
        grounds: GroundsRecord {
            alone: alone.map(|(at, _)| at).collect(),
            ..GroundsRecord::default()
        },
        policy: "default".into(),
        entities,
    };
    let tally = TallyRecord {
        id: record.id,
        group: record.group,
        first: at,
        last: at,
        count: 2,
        severity: Severity::of(50),
        standing,
        minutes: 1,
        hour: 0,
        base: standing,
        is_counted: false,
        busy_hours: 1,
    };
    [Record::Activity(Box::new(record)), Record::Tally(tally)]
}

fn fixture() -> Fixture {
    let news = Standing::News;
    let mut records: Vec<Record> = (1..=7)
        .map(|number| GroupRecord {
            activities: if number == 7 { 4 } else { 1 },
            related: match number {
                5 => vec![(Relation::Related, caseloom_engine::ids::CaseId(1))],
                _ => Vec::new(),
            },
            scope: ScopeId(u32::from(number == 6)),
            scope_name: if number == 6 { "acme" } else { "default" }.into(),
            ..group(number)
        })
        .map(|group| Record::Group(Box::new(group)))
        .collect();
    records.extend(activity(
        1,
        1,
        1,
        news,
        &["host:web-01", "-process:a.exe"],
        &[],
    ));
    records.extend(activity(2, 2, 8, news, &["host:web-01"], &[]));
    records.extend(activity(
        3,
        3,
        1,
        Standing::Background,
        &["host:web-01"],
        &[],
    ));
    records.extend(activity(
        4,
        4,
        1,
        news,
        &["host:db-01", "-process:a.exe"],
        &[],
    ));
    records.extend(activity(5, 5, 1, news, &["host:other"], &[]));
    records.extend(activity(6, 6, 1, news, &["host:web-01"], &[]));
    // 70 and 71 by web-01, 72 with 71 by ana, 73 with 72 by both.
    records.extend(activity(70, 7, 4, news, &["host:web-01"], &[]));
    records.extend(activity(
        71,
        7,
        3,
        news,
        &["host:web-01", "user:ana"],
        &[(70, 0)],
    ));
    records.extend(activity(
        72,
        7,
        2,
        news,
        &["user:ana", "host:db-01"],
        &[(71, 0)],
    ));
    records.extend(activity(
        73,
        7,
        1,
        news,
        &["user:ana", "host:db-01"],
        &[(72, 0), (72, 1)],
    ));
    Fixture::with(HttpOptions::default(), &records)
}

fn reasons(fixture: &Fixture, b: u64) -> Vec<(String, String)> {
    let path = format!("/api/v1/explain?a={}&b={}", id(1), id(b));
    let answer = fixture.json(&path);
    assert_eq!(answer["together"], false);
    let reasons = answer["reasons"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    reasons
        .iter()
        .map(|reason| (text(&reason["obstacle"]), text(&reason["sentence"])))
        .collect()
}

#[test]
fn what_was_missing_is_said() {
    let fixture = fixture();
    let expected = [
        (
            2,
            "gap",
            "both name host web-01, 7 h apart: that is 3 h more than the gap of its kind",
        ),
        (
            3,
            "background",
            "both name host web-01, but activity 3 is usual on its subject: background links nothing",
        ),
        (
            4,
            "weight",
            "both name process a.exe, which is worth 30 of the 70 that connect",
        ),
        (
            5,
            "cap",
            "they are connected, and kept apart because together they would be over a cap",
        ),
        (
            6,
            "scope",
            "scopes are walls: one is of default, the other of acme",
        ),
    ];
    for (other, obstacle, sentence) in expected {
        let first = reasons(&fixture, other).remove(0);
        assert_eq!(first, (obstacle.to_owned(), sentence.to_owned()));
    }
    let nothing = fixture.json(&format!("/api/v1/explain?a={}&b={}", id(2), id(4)));
    assert_eq!(nothing["reasons"][0]["obstacle"], "nothing_shared");
}

#[test]
fn alerts_of_one_case_are_together_by_their_chain() {
    let fixture = fixture();
    let path = format!("/api/v1/explain?a={}:alert-70&b={}:72", id(7), id(7));
    let answer = fixture.json(&path);
    assert_eq!(answer["together"], true);
    assert_eq!(answer["chain"].as_array().unwrap().len(), 2);
    assert_eq!(fixture.get("/api/v1/explain?a=odd&b=odd").status, 400);
    let unknown = format!("/api/v1/explain?a={}&b={}", id(1), id(99));
    assert_eq!(fixture.get(&unknown).status, 404);
}

#[test]
fn without_an_entity_a_case_falls_into_parts() {
    let fixture = fixture();
    let parts = |entity: &str| {
        let path = format!("/api/v1/cases/{}/explain?without={entity}", id(7));
        let answer = fixture.json(&path);
        let parts = answer["parts"].as_array().unwrap().clone();
        let of = |part: &serde_json::Value| part["activities"].to_string();
        parts.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(parts("host:WEB-01"), ["[71,72,73]", "[70]"]);
    assert_eq!(parts("user:ana"), ["[70,71]", "[72,73]"]);
    assert_eq!(parts("host:db-01"), ["[70,71,72,73]"]);
    let odd = format!("/api/v1/cases/{}/explain?without=color:red", id(7));
    assert_eq!(fixture.get(&odd).status, 400);
}

#[test]
fn the_command_line_says_it_too() {
    let fixture = fixture();
    let say = |args: &[&str]| {
        let ended = Command::new(env!("CARGO_BIN_EXE_caseloom"))
            .args(["explain", "--url", &fixture.base])
            .args(args)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
        String::from_utf8(ended.stdout).unwrap()
    };
    let told = say(&[&id(1), &id(2)]);
    assert!(told.contains("are apart"), "{told}");
    assert!(told.contains("3 h more than the gap"), "{told}");
    let told = say(&[&id(7), "--without", "user:ana"]);
    assert!(told.contains("would fall into 2 parts"), "{told}");
    let told = say(&[&id(7), "--without", "host:db-01"]);
    assert!(told.contains("would stay whole"), "{told}");
}
