use caseloom::http::{Check, HttpOptions};
use serde_json::json;

use crate::fixture::{Fixture, accounting};

#[test]
fn readiness_names_what_is_missing() {
    let fixture = Fixture::with(HttpOptions::default(), &[]);
    assert_eq!(fixture.json("/livez"), json!({"status": "live"}));
    assert_eq!(fixture.get("/readyz").status, 503);
    for check in Check::ALL {
        fixture.readiness.pass(check);
    }
    assert_eq!(fixture.json("/readyz")["status"], "ready");

    fixture
        .readiness
        .fail(Check::Publisher, "no broker answers");
    let answer = fixture.get("/readyz");
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json(),
        json!({"status": "not_ready", "checks": [
            {"name": "state_restored", "status": "pass"},
            {"name": "topics_assigned", "status": "pass"},
            {"name": "publisher", "status": "fail", "reason": "no broker answers"},
            {"name": "store", "status": "pass"},
        ]})
    );
}

/// Name with labels, and value.
fn series(text: &str) -> impl Iterator<Item = (&str, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name, value.parse().unwrap())
    })
}

fn sum(text: &str, name: &str) -> f64 {
    let with_labels = format!("{name}{{");
    let all =
        series(text).filter(|(series, _)| *series == name || series.starts_with(&with_labels));
    all.map(|(_, value)| value).sum()
}

#[test]
fn metrics_can_be_read_and_their_sums_agree() {
    let fixture = Fixture::new();
    fixture
        .metrics
        .set_accounting(&accounting(), &[("native", 1)]);
    let answer = fixture.get("/metrics");
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.text;
    assert_eq!(sum(&text, "caseloom_alerts_total"), 2.0);
    assert_eq!(sum(&text, "caseloom_alerts_received_total"), 2.0);
    assert_eq!(
        sum(&text, "caseloom_messages_total"),
        sum(&text, "caseloom_messages_received_total")
    );
    assert_eq!(sum(&text, "caseloom_accounting_imbalance"), 0.0);
    assert_eq!(sum(&text, "caseloom_ready"), 1.0);
    assert!(sum(&text, "process_resident_memory_bytes") > 1e6);
    assert!(text.contains("caseloom_build_info{version=\""));
    fixture.readiness.fail(Check::Store, "a write failed");
    assert_eq!(sum(&fixture.get("/metrics").text, "caseloom_ready"), 0.0);
}
