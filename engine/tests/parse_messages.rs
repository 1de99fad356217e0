//! Behaviour: what may stand in one message, where its alerts stand, and whose they are.

mod parsing;

use caseloom_engine::accounting::MessageOutcome;
use caseloom_engine::input::{Format, Message, Scope};
use caseloom_engine::time::Timestamp;
use parsing::{message, parse, parser, reason};

const ONE: &str = r#"{"time":"2026-03-01T08:00:00Z","rule":"r","title":"t"}"#;

#[test]
fn messages_without_alerts_are_empty() {
    for text in ["", " \n", "null", "[]", "[null]\n", "\u{feff}"] {
        let (parsed, alerts) = parse(text);
        let outcome = parsed.map(|parsed| parsed.outcome());
        let wanted = if text.contains("[null]") {
            Err("not_an_object")
        } else {
            Ok(MessageOutcome::Empty)
        };
        assert_eq!(
            outcome.map_err(|reject| reject.reason()),
            wanted,
            "{text:?}"
        );
        assert!(alerts.is_empty());
    }
}

#[test]
fn a_bad_alert_is_rejected_alone() {
    let list = format!("[{ONE},7,{{\"a\":1}},{ONE}]");
    let lines = format!("{ONE}\r\n{{\"time\":7\n\n{{\"a\":1}}\n{ONE}\n");
    for (text, reasons) in [
        (list, [(1, "not_an_object"), (2, "unknown_format")]),
        (lines, [(1, "invalid_json"), (2, "unknown_format")]),
    ] {
        let (parsed, alerts) = parse(&text);
        let parsed = parsed.unwrap();
        assert_eq!(parsed.outcome(), MessageOutcome::WithAlerts);
        let rejects: Vec<_> = parsed
            .rejects
            .iter()
            .map(|(index, reject)| (*index, reject.reason()))
            .collect();
        assert_eq!(rejects, reasons);
        let positions: Vec<_> = alerts
            .iter()
            .map(|alert| (alert.position.offset, alert.position.index))
            .collect();
        assert_eq!(positions, [(7, 0), (7, 3)]);
    }
}

#[test]
fn a_message_of_bad_alerts_only_is_rejected() {
    let (parsed, alerts) = parse("[7,8]");
    assert_eq!(
        parsed.map(|parsed| parsed.outcome()),
        Ok(MessageOutcome::Rejected)
    );
    assert!(alerts.is_empty());
    assert_eq!(reason("[7]"), "not_an_object");
    assert_eq!(reason("7"), "not_an_object");
}

#[test]
fn a_reject_leaves_the_alerts_of_former_messages() {
    let mut parser = parser();
    let mut alerts = Vec::new();
    parser.parse(&message(ONE.as_bytes()), &mut alerts).unwrap();
    for bad in [
        r#"{"time":1772352000,"rule":"r","title":"t","scope":"!"}"#,
        "[",
        "{\"a\":1}",
    ] {
        assert!(parser.parse(&message(bad.as_bytes()), &mut alerts).is_err());
        assert_eq!(alerts.len(), 1, "{bad}");
    }
}

#[test]
fn sizes_end_at_the_limits() {
    assert_eq!(reason(&" ".repeat(2 << 20)), "accepted");
    assert_eq!(reason(&format!("[{}]", "1,".repeat(1 << 20))), "too_large");
    assert_eq!(reason(&"[".repeat(200 * 1024)), "too_deep");
    assert_eq!(
        reason(&format!("[{}{{}}]", "{},".repeat(10_000))),
        "too_many_alerts"
    );
    assert_eq!(reason(&"{}\n".repeat(10_001)), "too_many_alerts");
}

#[test]
fn the_scope_is_the_alerts_or_the_topics() {
    let scoped = r#"{"time":"2026-03-01T08:00:00Z","rule":"r","title":"t","scope":"theirs"}"#;
    let mut parser = parser();
    let mut scope = |text: &str, scope| {
        let mut alerts = Vec::new();
        let parsed = parser
            .parse(
                &Message {
                    scope,
                    ..message(text.as_bytes())
                },
                &mut alerts,
            )
            .unwrap();
        (alerts[0].scope.to_string(), parsed.notes.scope_overruled)
    };
    assert_eq!(scope(ONE, Scope::Default("ours")), ("ours".to_owned(), 0));
    assert_eq!(
        scope(scoped, Scope::Default("ours")),
        ("theirs".to_owned(), 0)
    );
    assert_eq!(scope(ONE, Scope::Fixed("ours")), ("ours".to_owned(), 0));
    assert_eq!(scope(scoped, Scope::Fixed("ours")), ("ours".to_owned(), 1));
}

#[test]
fn an_attackers_clock_ends_at_the_brokers() {
    let mut parser = parser();
    let mut time = |broker_ms| {
        let mut alerts = Vec::new();
        let broker_time = Some(Timestamp(broker_ms));
        let parsed = parser
            .parse(
                &Message {
                    broker_time,
                    ..message(ONE.as_bytes())
                },
                &mut alerts,
            )
            .unwrap();
        (alerts[0].time.0, parsed.notes.time_clamped)
    };
    let event = 1_772_352_000_000;
    assert_eq!(time(event), (event, 0));
    assert_eq!(time(event - 300_000), (event, 0));
    assert_eq!(time(event - 300_001), (event - 1, 1));
    assert_eq!(time(event + 86_400_000), (event, 0));
}

#[test]
fn a_fixed_format_is_not_detected() {
    let mut parser = parser();
    let mut alerts = Vec::new();
    let bytes = br#"{"time":"2026-03-01T08:00:00Z","rule":"r","entities":[{"kind":"host","value":"h"}],"event_type":"alert","alert":{}}"#;
    let auto = parser.parse(&message(bytes), &mut alerts);
    assert_eq!(
        auto.map_err(|reject| reject.reason()),
        Err("missing_time"),
        "suricata"
    );
    let native = parser
        .parse(
            &Message {
                format: Format::built_in("native").unwrap(),
                ..message(bytes)
            },
            &mut alerts,
        )
        .unwrap();
    assert_eq!(native.format, Format::built_in("native"));
    let unknown = parser.parse(
        &Message {
            format: Format::Mapping(9),
            ..message(bytes)
        },
        &mut alerts,
    );
    assert_eq!(
        unknown.map_err(|reject| reject.reason()),
        Err("unknown_format")
    );
}

#[test]
fn a_rejects_text_shows_no_control_of_the_message() {
    for text in [
        r#"{"a\u001b[2J":1}"#,
        r#"{"time":"\u0000","rule":"r","title":"t"}"#,
        r#"{"\u001b":1,"\u001b":1}"#,
    ] {
        let reject = parse(text).0.unwrap_err();
        assert!(!reject.to_string().contains(char::is_control), "{reject:?}");
    }
}
