//! Behaviour: Suricata's EVE alerts, with the sides of the connection told apart.

mod parsing;

use caseloom_engine::accounting::MessageOutcome;
use parsing::{alert, parse, story};

#[test]
fn fixtures() {
    for (name, text) in parsing::fixtures("suricata") {
        insta::assert_snapshot!(format!("suricata__{name}"), story(&text));
    }
}

#[test]
fn other_events_are_no_alerts() {
    let (parsed, alerts) =
        parse(r#"{"timestamp":"2026-03-01T09:14:10Z","flow_id":1,"event_type":"dns","dns":{}}"#);
    assert_eq!(
        parsed.map(|parsed| (parsed.outcome(), parsed.not_alerts)),
        Ok((MessageOutcome::Empty, 1))
    );
    assert!(alerts.is_empty());
}

#[test]
fn severities() {
    let score = |severity: &str, metadata: &str| {
        let text = format!(
            r#"{{"timestamp":"2026-03-01T09:14:10Z","event_type":"alert","alert":{{"signature_id":1,"severity":{severity},"metadata":{metadata}}}}}"#
        );
        let severity = alert(&text).severity;
        (severity.score, severity.assumed)
    };
    assert_eq!(score("1", "{}"), (70, false));
    assert_eq!(score("2", "null"), (50, false));
    assert_eq!(score("3", "{}"), (30, false));
    assert_eq!(score("4", "{}"), (10, false));
    assert_eq!(score("255", "{}"), (10, false));
    assert_eq!(score("0", "{}"), (50, true));
    assert_eq!(score("null", "{}"), (50, true));
    assert_eq!(
        score("3", r#"{"signature_severity":["Critical"]}"#),
        (90, false)
    );
    assert_eq!(
        score("1", r#"{"signature_severity":["Informational"]}"#),
        (10, false)
    );
    assert_eq!(
        score("1", r#"{"signature_severity":["Whatever"]}"#),
        (70, false)
    );
}
