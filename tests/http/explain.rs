use std::process::{Command, Output};

use serde_json::json;

use crate::fixture::{Fixture, id};

fn explain(fixture: &Fixture, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .args(["explain", "--url", &fixture.base])
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn two_alerts_are_explained_by_the_shortest_chain() {
    let fixture = Fixture::new();
    let path = |query: &str| format!("/api/v1/cases/{}/explain?{query}", id(1));
    let answer = fixture.json(&path("alert=alert-12&other=alert-11"));
    assert_eq!(answer["connected"], true);
    assert_eq!(answer["alert"]["activity"], 12);
    assert_eq!(
        answer["other"],
        json!({"activity": 11, "rule": "Rule 11", "title": "Rule 11 fired"})
    );
    let chain = answer["chain"].as_array().unwrap();
    let told: Vec<_> = chain
        .iter()
        .map(|link| {
            (
                &link["from"],
                &link["to"],
                link["sentence"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                &json!(12),
                &json!(13),
                "activity 13 shares host web-01 with activity 12, at the same time"
            ),
            (
                &json!(13),
                &json!(11),
                "activity 13 shares host web-01 with activity 11, 3 min apart"
            ),
        ]
    );
    assert_eq!(chain[0]["link"]["kind"], "shared_entity");
    // Without another one it is the alert that opened the case; an activity may be named by its number.
    assert_eq!(fixture.json(&path("alert=12")), answer);
    // An alert that is not the first of its activity is found too.
    assert_eq!(fixture.json(&path("alert=native-id"))["chain"], json!([]));
}

#[test]
fn what_is_not_there_is_refused() {
    let fixture = Fixture::new();
    let path = |case: u64, query: &str| format!("/api/v1/cases/{}/explain{query}", id(case));
    for (path, status, kind) in [
        (path(1, "?alert=nobody"), 404, "no_such_alert"),
        (path(1, "?alert=11&other=99"), 404, "no_such_alert"),
        (path(9, "?alert=11"), 404, "no_such_case"),
        (path(1, ""), 400, "invalid_parameter"),
        (path(1, "?alert=11&otter=12"), 400, "invalid_parameter"),
    ] {
        let answer = fixture.get(&path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.json()["type"],
            format!("urn:caseloom:problem:{kind}"),
            "{path}"
        );
    }
    let merged = fixture.get(&path(2, "?alert=11"));
    assert_eq!(
        (merged.status, merged.header("location")),
        (308, &*path(1, "?alert=11"))
    );
}

#[test]
fn the_command_line_asks_and_shows() {
    let fixture = Fixture::new();
    let case = id(1);
    let output = explain(&fixture, &[&case, "alert-12"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "activity 12 (Rule 12 fired) and activity 11 (Rule 11 fired) are connected by 2 links:\n\
         \u{20} 1. activity 13 shares host web-01 with activity 12, at the same time\n\
         \u{20} 2. activity 13 shares host web-01 with activity 11, 3 min apart\n"
    );
    let whole = explain(&fixture, &[&case]);
    let text = String::from_utf8_lossy(&whole.stdout).into_owned();
    assert!(
        text.starts_with(&format!("case {case}  Credential dumping on web-01\n")),
        "{text}"
    );
    assert!(
        text.contains("activity 11, 2 alerts: Rule 11 fired\n    opened the case\n"),
        "{text}"
    );
    let refused = explain(&fixture, &[&case, "nobody"]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        message.contains("there is no alert or activity \"nobody\""),
        "{message}"
    );
}

#[test]
fn no_answer_is_worth_another_try() {
    let mut fixture = Fixture::new();
    fixture.stop();
    let output = explain(&fixture, &[&id(1)]);
    assert_eq!(
        output.status.code(),
        Some(75),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
