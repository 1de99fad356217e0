//! Behaviour: products that name one machine or one person in different ways meet by aliases, and nobody else does.

mod parsing;

use caseloom_engine::alert::Alert;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::time::Timestamp;
use parsing::{alert, message, parser};

/// An alert of no product on these machines and users.
fn on(host: &str, user: &str) -> Alert {
    let alert_of = serde_json::json!({
        "timestamp": "2026-03-01T08:00:00Z", "rule": "r", "severity": "low", "hostname": host, "user": user,
    });
    alert(&alert_of.to_string())
}

fn values(alert: &Alert, kind: EntityKind) -> Vec<&str> {
    let entities = alert.entities.iter().filter(|entity| entity.kind == kind);
    entities.map(|entity| &*entity.value).collect()
}

#[test]
fn what_one_product_writes_short_another_writes_in_full() {
    let full = on("WS-7.corp.example", r"CORP\alice");
    let upn = on("ws-7.CORP.example", "alice@corp.example");
    let short = on("WS-7", "Alice");
    for alert in [&full, &upn, &short] {
        assert!(values(alert, EntityKind::Host).contains(&"ws-7"));
        assert!(values(alert, EntityKind::User).contains(&"alice"));
    }
    assert_eq!(values(&short, EntityKind::Host).len(), 1);
}

#[test]
fn an_alias_is_the_same_thing_and_stands_last() {
    let alert = on("ws-7.corp.example", r"CORP\alice");
    let order: Vec<&str> = alert.entities.iter().map(|entity| &*entity.value).collect();
    assert_eq!(order, ["ws-7.corp.example", r"corp\alice", "ws-7", "alice"]);
    let number = |at: usize| alert.entities[at].thing;
    assert_ne!(number(0), 0);
    assert_eq!((number(0), number(1)), (number(2), number(3)));
    assert_ne!(number(0), number(1));
}

#[test]
fn who_may_be_somebody_else_has_no_alias() {
    for (host, user) in [
        ("www.example.com", "admin@corp.example"),
        ("ip-10-0-0-5.ec2.internal", "alice@gmail.com"),
        ("10.0.0.5", r"WS-7\Administrator"),
    ] {
        let alert = on(host, user);
        assert_eq!(alert.entities.len(), 2, "{:?}", alert.entities);
    }
    // Two machines of one alert that would share a short name.
    let text = r#"{"timestamp":"2026-03-01T08:00:00Z","rule":"r","severity":"low","hosts":["ws7.a.example","ws7.b.example"]}"#;
    assert_eq!(values(&alert(text), EntityKind::Host).len(), 2);
}

#[test]
fn aliases_take_no_room_from_what_was_said() {
    let users: Vec<String> = (0..64).map(|n| format!("CORP\\\\user-{n}-x")).collect();
    let text = format!(
        r#"{{"timestamp":"2026-03-01T08:00:00Z","rule":"r","severity":"low","users":["{}"]}}"#,
        users.join("\",\"")
    );
    let alert = alert(&text);
    assert_eq!(alert.entities.len(), 64);
    assert!(
        alert
            .entities
            .iter()
            .all(|entity| entity.value.starts_with("corp\\"))
    );
}

#[test]
fn without_a_time_of_its_own_an_alert_has_the_brokers() {
    let near = Timestamp(1_772_352_000_000); // 2026-03-01T08:00:00Z
    let time = |text: &str| {
        let mut message = message(text.as_bytes());
        message.broker_time = Some(near);
        let mut alerts = Vec::new();
        parser().parse(&message, &mut alerts).unwrap();
        alerts[0].time.to_rfc3339()
    };
    assert_eq!(time(r#"{"rule":"r","host":"ws1"}"#), near.to_rfc3339());
    assert_eq!(
        time(r#"{"rule":"r","host":"ws1","timestamp":"soon"}"#),
        near.to_rfc3339()
    );
    // A date without a year is of the past.
    assert_eq!(
        time("<13>Nov 23 08:00:00 h1 src=192.0.2.7 rule=r severity=high"),
        "2025-11-23T08:00:00.000Z"
    );
    assert_eq!(
        time("<13>Mar  2 08:00:00 h1 src=192.0.2.7 rule=r severity=high"),
        "2026-03-01T08:05:00.000Z"
    );
}
