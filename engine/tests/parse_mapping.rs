//! Behaviour: a mapping file turns a JSON source of one's own into alerts.

use caseloom_engine::alert::Position;
use caseloom_engine::entity::{EntityKind, Role};
use caseloom_engine::input::{Format, Limits, Mapping, Message, Parser, Scope};

const AIT_ADS: &str = include_str!("../../config/mappings/ait-ads.toml");

fn message(text: &str) -> Message<'_> {
    Message {
        bytes: text.as_bytes(),
        format: Format::Auto,
        scope: Scope::Default("default"),
        position: Position::default(),
        broker_time: None,
    }
}

#[test]
fn ait_ads_reads_an_alert() {
    let mapping = Mapping::from_toml(AIT_ADS, "ait-ads.toml").unwrap();
    let mut parser = Parser::new(vec![mapping], Limits::default());
    let line = r#"{"id":"t-1","@timestamp":"2022-01-25T00:00:01Z","tenant":"t","sensor":"aminer","signature":"New event type.","signature_id":"A-All-Evt","asset":{"ip":"10.38.242.230","hostname":"Cloud_Share"}}"#;
    let mut alerts = Vec::new();
    let parsed = parser.parse(&message(line), &mut alerts).unwrap();
    assert_eq!(parsed.alerts, 1);
    assert_eq!(
        parsed.format.map(|format| parser.format_name(format)),
        Some("ait-ads")
    );
    let alert = &alerts[0];
    assert_eq!(alert.id.as_deref(), Some("t-1"));
    assert_eq!(alert.time.to_rfc3339(), "2022-01-25T00:00:01.000Z");
    assert_eq!((&*alert.scope, &*alert.source), ("t", "aminer"));
    assert_eq!(
        (&*alert.rule_id, &*alert.rule_name),
        ("aminer: New event type.", "New event type.")
    );
    let entities: Vec<_> = alert
        .entities
        .iter()
        .map(|entity| (entity.kind, entity.role, &*entity.value, entity.thing))
        .collect();
    assert_eq!(
        entities,
        [
            (EntityKind::Host, Role::Affected, "cloud_share", 1),
            (EntityKind::Ip, Role::Affected, "10.38.242.230", 1)
        ]
    );
}

#[test]
fn native_reads_an_alert() {
    let mut parser = Parser::new(Vec::new(), Limits::default());
    let line = r#"{"id":7,"time":"2026-03-01T08:00:00+01:00","rule":{"id":"R1","name":"Dump"},"severity":"high",
        "entities":[{"kind":"user","value":"CORP\\Alice","role":"actor"}],"attack":["t1003.001"]}"#;
    let mut alerts = Vec::new();
    parser.parse(&message(line), &mut alerts).unwrap();
    assert_eq!(alerts[0].id.as_deref(), Some("7"));
    assert_eq!(alerts[0].severity.score, 70);
    assert_eq!(alerts[0].entities[0].value, "corp\\alice");
    assert_eq!(alerts[0].attack[0], "T1003.001");
}
