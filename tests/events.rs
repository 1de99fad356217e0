//! What every event promises, whatever the case: valid JSON in bounds, without nulls or empty lists, the same bytes for the
//! same case, and the headers by which consumers route it.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

#[path = "common/cases.rs"]
mod cases;

use caseloom::events::{EVENT_BYTES_MAX, RenderOptions, Rendered, Renderer, event_id};
use caseloom::ports::Destination;
use caseloom_engine::decision::{CaseEvent, CaseSnapshot, EventType};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{Stage, Status};
use caseloom_engine::time::Timestamp;
use cases::{LOSER, case, event, worst};
use proptest::prelude::*;
use serde_json::{Value, json};

fn renderer() -> Renderer {
    Renderer::new(RenderOptions::default())
}

fn body(event: &CaseEvent) -> Value {
    serde_json::from_slice(&renderer().incident_json(event)).unwrap()
}

fn header<'a>(rendered: &'a Rendered, name: &str) -> &'a str {
    let headers = &rendered.records[0].headers;
    let (_, value) = headers.iter().find(|(known, _)| known == name).unwrap();
    std::str::from_utf8(value).unwrap()
}

/// The first null or empty list, by its path.
fn hollow(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::Null => Some(path.to_owned()),
        Value::Array(items) if items.is_empty() => Some(path.to_owned()),
        Value::Array(items) => items.iter().find_map(|item| hollow(item, path)),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, field)| hollow(field, &format!("{path}.{name}"))),
        _ => None,
    }
}

#[test]
fn an_opened_case_says_it_all() {
    let body = body(&event(EventType::Opened, case(2)));
    let own = &body["unmapped"]["caseloom"];
    for (path, expected) in [
        (&body["type_uid"], json!(200_501)),
        (&body["status"], json!("New")),
        (&body["severity"], json!("High")),
        (&body["risk_score"], json!(140)),
        (&body["risk_level"], json!("Medium")),
        (&body["is_alert"], json!(true)),
        (&body["assignee_group"], json!({"name": "unassigned"})),
        (&body["message"], json!("Scanning of 10.0.99.16")),
        (
            &body["desc"],
            json!("6 alerts in 2 activities on 11 entities"),
        ),
        (&body["metadata"]["correlation_uid"], json!("000000000001a")),
        (&body["metadata"]["sequence"], json!(3)),
        (&body["finding_info_list"][1]["uid"], json!("2")),
        (
            &body["finding_info_list"][1]["analytic"]["uid"],
            json!("2002902"),
        ),
        (
            &body["attacks"][2]["sub_technique"]["uid"],
            json!("T1059.001"),
        ),
        (&body["attacks"][2]["technique"]["uid"], json!("T1059")),
        (&body["attacks"][3]["technique"]["uid"], json!("AML.T0051")),
        (&body["observables"][8]["type"], json!("File Path")),
        (&own["reason"], json!("promoted")),
        (&own["links"][0]["gap_seconds"], json!(90.5)),
        (
            &own["links"][0]["entities"][0]["value"],
            json!("10.0.99.16"),
        ),
        (&own["related"][0]["relation"], json!("continuation_of")),
        (&own["truncated"], json!(false)),
    ] {
        assert_eq!(path, &expected);
    }
    assert!(body.get("assignee").is_none() && body.get("verdict_id").is_none());
}

#[test]
fn status_and_owner_follow_the_case() {
    let mut contained = case(1);
    contained.group.status = Status::Contained;
    contained.group.owner = Some("dana".into());
    let body = body(&event(EventType::Assigned, contained));
    assert_eq!(
        (&body["activity_id"], &body["status_id"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(body["status"], "Contained");
    assert_eq!(body["assignee"], json!({"name": "dana"}));
    assert!(body.get("assignee_group").is_none());
}

#[test]
fn the_loser_of_a_merge_is_a_closed_duplicate() {
    let mut loser = case(2);
    loser.group.stage = LOSER;
    loser.activities.clear();
    let body = body(&event(EventType::Merged, loser));
    let own = &body["unmapped"]["caseloom"];
    assert_eq!(
        (&body["activity_id"], &body["status_id"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(
        (&body["verdict_id"], &body["verdict"]),
        (&json!(10), &json!("Duplicate"))
    );
    assert_eq!(own["merged_into"], CaseId(77).to_string());
    assert_eq!(own["omitted"]["activities"], 2);
    assert_eq!(
        body["finding_info_list"][0]["title"],
        "Scanning of 10.0.99.16"
    );
}

#[test]
fn an_event_and_the_state_carry_the_same_value() {
    let event = event(EventType::Updated, case(2));
    let rendered = renderer().render(&event);
    let [first, second] = &rendered.records;
    assert_eq!(
        (first.destination, second.destination),
        (Destination::Events, Destination::State)
    );
    assert_eq!(first.key, b"acme|000000000001a");
    assert_eq!((&first.key, &first.value), (&second.key, &second.value));
    assert_eq!(
        first.value.as_deref(),
        Some(&renderer().incident_json(&event)[..])
    );

    let body: Value = serde_json::from_slice(first.value.as_deref().unwrap()).unwrap();
    assert_eq!(body["metadata"]["uid"], header(&rendered, "ce_id"));
    for (name, expected) in [
        ("ce_specversion", "1.0"),
        ("ce_source", "caseloom"),
        ("ce_type", "io.caseloom.case.updated.v1"),
        ("ce_subject", "000000000001a"),
        ("ce_time", "2022-01-25T00:00:01.000Z"),
        ("ce_partitionkey", "acme|000000000001a"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(header(&rendered, name), expected);
    }
}

#[test]
fn a_purged_case_leaves_a_tombstone() {
    let tombstone = renderer().tombstone("acme", CaseId(42), cases::TIME);
    assert_eq!(tombstone.destination, Destination::State);
    assert_eq!(
        (tombstone.key.as_slice(), tombstone.value),
        (&b"acme|000000000001a"[..], None)
    );
}

#[test]
fn a_snapshot_alone_speaks_for_its_stage() {
    let said = |stage, event_seq| {
        let mut case = case(1);
        case.group.stage = stage;
        case.group.event_seq = event_seq;
        let body: Value = serde_json::from_slice(&renderer().snapshot_json(&case)).unwrap();
        body["activity_id"].as_u64().unwrap()
    };
    assert_eq!([said(Stage::Open, 1), said(Stage::Open, 2)], [1, 2]);
    assert_eq!([said(Stage::Closed, 5), said(LOSER, 5)], [3, 3]);
}

/// Known by heart, because consumers store them: a change of the formula is a breaking change.
#[test]
fn event_ids_never_change() {
    assert_eq!(
        event_id("acme", CaseId(42), 3),
        "f41b7c5111b1bd1b8599be3dfba94b9d"
    );
    let ids = [
        ("acme", 42, 3),
        ("acme", 42, 4),
        ("acme", 43, 3),
        ("acm", 42, 3),
    ];
    let ids: std::collections::BTreeSet<_> = ids
        .into_iter()
        .map(|(scope, case, seq)| event_id(scope, CaseId(case), seq))
        .collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn hostile_text_does_nothing_to_a_screen() {
    let mut case = case(1);
    case.group.title = "\x1b[2Jinvoice\u{202e}fdp.exe".into();
    case.entities[0].entity.value = "evil\u{202e}host".into();
    let event = event(EventType::Opened, case);
    let bytes = renderer().incident_json(&event);
    let raw = std::str::from_utf8(&bytes).unwrap();
    assert!(!raw.contains(['\x1b', '\u{202e}']));
    let body = body(&event);
    assert_eq!(body["message"], "␛[2Jinvoice\u{fffd}fdp.exe");
    assert_eq!(body["observables"][0]["value"], "evil\u{202e}host");
}

#[test]
fn the_largest_snapshots_fit_and_say_what_is_missing() {
    for unit in ["a", "\"", "\x01", "\u{9b}", "窓", "\u{e0041}"] {
        let text = unit.repeat(64 * 1024 / unit.len());
        let event = event(EventType::Updated, worst(&text));
        let rendered = renderer().render(&event);
        let bytes = rendered.records[0].value.as_deref().unwrap();
        assert!(bytes.len() <= EVENT_BYTES_MAX, "{unit:?}: {}", bytes.len());
        let body = body(&event);
        let findings = body["finding_info_list"].as_array().unwrap();
        let own = &body["unmapped"]["caseloom"];
        assert!(findings.len() >= 20, "{unit:?}: {}", findings.len());
        assert_eq!(own["omitted"]["activities"], 50 - findings.len());
        assert_eq!(
            (&own["truncated"], &body["metadata"]["is_truncated"]),
            (&json!(true), &json!(true))
        );
        let numbers = findings.iter().enumerate();
        numbers.for_each(|(at, finding)| assert_eq!(finding["uid"], (at + 1).to_string()));
        println!(
            "{unit:?}: {} findings, {} bytes",
            findings.len(),
            bytes.len()
        );
    }
}

#[test]
fn real_texts_are_never_cut() {
    let mut case = worst(&"x".repeat(100));
    case.group.attack.truncate(10);
    case.group.related.truncate(10);
    case.group
        .attack
        .iter_mut()
        .for_each(|id| *id = "T1059".into());
    for activity in &mut case.activities {
        activity
            .links
            .iter_mut()
            .for_each(|link| link.entities.truncate(2));
    }
    case.group.entities = 100;
    if let Some(known) = &mut case.facts {
        known.facts.truncate(32);
        known
            .facts
            .iter_mut()
            .for_each(|fact| fact.fields.truncate(4));
    }
    let body = body(&event(EventType::Updated, case));
    let own = &body["unmapped"]["caseloom"];
    assert_eq!(own["truncated"], false);
    assert_eq!(
        own["omitted"],
        json!({"activities": 0, "entities": 0, "links": 50})
    );
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "\\PC{0,40}",
        2 => proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        1 => (any::<char>(), 0..3_000_usize).prop_map(|(c, count)| c.to_string().repeat(count)),
    ]
}

fn any_case() -> impl Strategy<Value = CaseSnapshot> {
    let texts = proptest::collection::vec(any_text(), 8);
    let numbers = (any::<i64>(), any::<u64>(), any::<f64>(), 0..=200_u8);
    (0..=50_u64, 0..=100_usize, texts, numbers).prop_map(
        |(activities, entities, texts, numbers)| {
            let (time, count, risk, score) = numbers;
            let mut case = worst(&texts[0]);
            case.activities
                .truncate(usize::try_from(activities).unwrap());
            case.entities.truncate(entities);
            for activity in &mut case.activities {
                activity.rule_name = texts[1].as_str().into();
                activity.source = texts[2].as_str().into();
                activity.last = Timestamp(time);
                activity.count = count;
            }
            case.group.title = texts[3].as_str().into();
            case.group.scope_name = texts[4].as_str().into();
            case.group.owner = Some(texts[5].as_str().into());
            case.group.attack = vec![texts[6].as_str().into(), texts[7].as_str().into()];
            case.group.risk = risk;
            case.group.severity.score = score;
            (case.group.first, case.group.alerts) = (Timestamp(time), count);
            case
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_is_sound(case in any_case(), kind in 0..7_usize, stage in 0..3_usize, seq in any::<u64>(), time in any::<i64>()) {
        let mut event = event(cases::EVENT_TYPES[kind], case);
        event.case.group.stage = [Stage::Open, Stage::Closed, LOSER][stage];
        (event.seq, event.time) = (seq, Timestamp(time));
        let rendered = renderer().render(&event);
        let bytes = rendered.records[0].value.as_deref().unwrap();
        prop_assert!(bytes.len() <= EVENT_BYTES_MAX);
        let body: Value = serde_json::from_slice(bytes).unwrap();
        prop_assert_eq!(hollow(&body, "$"), None);
        prop_assert!(!body["finding_info_list"][0]["title"].as_str().unwrap().is_empty());
        prop_assert_eq!(rendered, renderer().render(&event));
    }
}
