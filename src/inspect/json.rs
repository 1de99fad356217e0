//! One line of JSON per message. Its alerts are in the native format, so that they can be read again.

use caseloom_engine::alert::{Alert, Lifecycle};
use serde_json::{Value, json};

use super::Inspected;

/// `{"message", "envelopes", "format", "alerts", "reject"}`; the reject is null where there is none.
#[must_use]
pub fn to_json(inspected: &Inspected) -> Value {
    let alerts: Vec<Value> = inspected.alerts.iter().map(alert).collect();
    let reject = inspected.first_reject().map(|(index, reject)| {
        json!({"reason": reject.reason(), "detail": reject.to_string(), "index": index})
    });
    json!({
        "message": inspected.message,
        "envelopes": inspected.envelopes,
        "format": inspected.format,
        "alerts": alerts,
        "reject": reject,
    })
}

/// An alert in the native format.
fn alert(alert: &Alert) -> Value {
    let entities: Vec<Value> = alert
        .entities
        .iter()
        .map(|entity| {
            json!({
                "kind": entity.kind.as_str(),
                "value": &*entity.value,
                "role": entity.role.as_str(),
                "thing": entity.thing,
            })
        })
        .collect();
    let mut native = json!({
        "time": alert.time.to_rfc3339(),
        "scope": &*alert.scope,
        "source": &*alert.source,
        "rule": {"id": &*alert.rule_id, "name": &*alert.rule_name},
        "severity": alert.severity.score,
        "title": alert.headline(),
        "entities": entities,
        "attack": alert.attack.iter().map(|id| &**id).collect::<Vec<&str>>(),
        "count": alert.count,
        "lifecycle": lifecycle(alert.lifecycle),
    });
    if let Some(id) = &alert.id {
        native["id"] = json!(&**id);
    }
    if let Some(updated) = alert.updated {
        native["updated"] = json!(updated.to_rfc3339());
    }
    if alert.severity.assumed {
        native["severity_assumed"] = json!(true);
    }
    if alert.position.index > 0 {
        native["index"] = json!(alert.position.index);
    }
    native
}

/// The word for it in the native format.
pub(super) fn lifecycle(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Active => "active",
        Lifecycle::Archived => "archived",
        Lifecycle::Inactive => "inactive",
        Lifecycle::Sample => "sample",
    }
}

#[cfg(test)]
mod tests {
    use caseloom_engine::input::{Format, Limits, Parser};

    use super::super::Inspector;
    use super::*;

    fn inspect(text: &str) -> Value {
        let parser = Parser::new(Vec::new(), Limits::default());
        to_json(&Inspector::new(parser).inspect(3, text.as_bytes(), Format::Auto))
    }

    #[test]
    fn alerts_can_be_read_again() {
        let native = r#"{"id":"a-1","time":"2026-03-01T08:00:00Z","rule":{"id":"R1","name":"Dump"},"severity":70,"title":"t","entities":[{"kind":"host","value":"ws1","role":"affected","thing":1}],"attack":["T1003"],"count":2,"updated":"2026-03-01T08:00:05Z","lifecycle":"sample"}"#;
        let first = inspect(native);
        assert_eq!(first["message"], 3);
        assert_eq!(first["format"], "native");
        assert_eq!(first["reject"], Value::Null);
        let again = inspect(&first["alerts"][0].to_string());
        assert_eq!(again, first);
    }

    #[test]
    fn a_reject_says_why_and_what_the_message_seemed_to_be() {
        let rejected = inspect(
            r#"{"log":"{\"event_type\":\"alert\",\"timestamp\":1772352000,\"alert\":{\"severity\":1}}"}"#,
        );
        assert_eq!(rejected["alerts"], json!([]));
        assert_eq!(rejected["envelopes"], json!(["fluent_bit"]));
        assert_eq!(rejected["format"], "suricata");
        assert_eq!(rejected["reject"]["reason"], "missing_rule");
        let one = inspect(r#"[{"time":1772352000,"rule":"r","title":"t"},7]"#);
        assert_eq!(one["alerts"].as_array().map(Vec::len), Some(1));
        assert_eq!(one["reject"]["index"], 1);
    }
}
