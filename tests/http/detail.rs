use serde_json::{Value, json};

use crate::fixture::{Fixture, id};

#[test]
fn a_case_tells_why_each_activity_stands_in_it() {
    let fixture = Fixture::new();
    let case = fixture.json(&format!("/api/v1/cases/{}", id(1)));
    assert_eq!(case["alerts"], 6);
    assert_eq!(case["truncated"], false);
    let activities = case["activity_list"].as_array().unwrap();
    let of = |key: &str| {
        activities
            .iter()
            .map(|a| a[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("id"), [11, 12, 13]);
    assert_eq!(
        of("reason"),
        [
            "opened the case",
            "opened a group that was merged into this case",
            "shares host web-01 with activity 11, 3 min apart",
        ]
    );
    let last = &activities[2];
    assert_eq!(last["rule"], json!({"id": "R-13", "name": "Rule 13"}));
    assert_eq!(
        last["subject"],
        json!({"kind": "host", "role": "affected", "value": "web-01"})
    );
    assert_eq!(
        (&last["count"], &last["severity"]),
        (&json!(2), &json!("high"))
    );
    assert_eq!(
        last["links"][1],
        json!({
            "kind": "shared_entity", "other": 12, "entities": [{"kind": "host", "value": "web-01"}],
            "gap_seconds": 0.0, "policy": "default",
            "reason": "shares host web-01 with activity 12, at the same time",
        })
    );
}

#[test]
fn entities_are_counted_over_the_activities() {
    let fixture = Fixture::new();
    let case = fixture.json(&format!("/api/v1/cases/{}", id(1)));
    assert_eq!(
        case["entity_list"],
        json!([
            {"kind": "host", "value": "web-01", "roles": ["affected"], "activities": 3},
            {"kind": "user", "value": "bo", "roles": ["actor"], "activities": 3},
        ])
    );
}

#[test]
fn the_revision_is_the_entity_tag() {
    let fixture = Fixture::new();
    let answer = fixture.get(&format!("/api/v1/cases/{}", id(1)));
    assert_eq!(answer.header("etag"), "\"4\"");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn a_merged_case_leads_to_its_survivor() {
    let fixture = Fixture::new();
    for (path, to) in [
        (
            format!("/api/v1/cases/{}", id(2)),
            format!("/api/v1/cases/{}", id(1)),
        ),
        (
            format!("/api/v1/cases/{}/alerts", id(2)),
            format!("/api/v1/cases/{}/alerts", id(1)),
        ),
    ] {
        let answer = fixture.get(&path);
        assert_eq!(
            (answer.status, answer.header("location")),
            (308, to.as_str())
        );
        let body = answer.json();
        assert_eq!(body["id"], id(2));
        assert_eq!(body["merged_into"], id(1));
    }
}

#[test]
fn candidates_are_found_by_their_id_too() {
    let fixture = Fixture::new();
    let candidate = fixture.json(&format!("/api/v1/cases/{}", id(4)));
    assert_eq!(candidate["stage"], "candidate");
    assert_eq!(candidate["opened"], Value::Null);
}

#[test]
fn alerts_come_in_pages() {
    let fixture = Fixture::new();
    let path = format!("/api/v1/cases/{}/alerts", id(1));
    let mut offsets = Vec::new();
    let mut address = format!("{path}?limit=4");
    loop {
        let list = fixture.json(&address);
        let items = list["items"].as_array().unwrap();
        offsets.extend(
            items
                .iter()
                .map(|alert| alert["position"]["offset"].as_u64().unwrap()),
        );
        let Some(cursor) = list["next_cursor"].as_str() else {
            break;
        };
        address = format!("{path}?limit=4&cursor={cursor}");
    }
    offsets.sort_unstable();
    assert_eq!(offsets, [22, 23, 24, 25, 26, 27]);
    let first = &fixture.json(&format!("{path}?limit=1"))["items"][0];
    assert_eq!(
        first,
        &json!({
            "id": "native-id", "time": "2026-01-31T07:11:00.000Z", "activity": 11, "disposition": "case",
            "position": {"topic": "edr.alerts", "partition": 3, "offset": 22, "index": 0},
        })
    );
    for bad in ["cursor=AAAA", "cursor=%", "limit=x", "status=new"] {
        assert_eq!(fixture.get(&format!("{path}?{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn an_unknown_case_is_a_problem() {
    let fixture = Fixture::new();
    for (path, status, kind) in [
        (format!("/api/v1/cases/{}", id(99)), 404, "no_such_case"),
        (
            format!("/api/v1/cases/{}/alerts", id(99)),
            404,
            "no_such_case",
        ),
        (
            "/api/v1/cases/nonsense".to_owned(),
            400,
            "invalid_parameter",
        ),
        ("/api/v1/nothing".to_owned(), 404, "not_found"),
        ("/nothing".to_owned(), 404, "not_found"),
    ] {
        let answer = fixture.get(&path);
        assert_eq!(answer.status, status, "{path}");
        let problem = answer.json();
        assert_eq!(problem["type"], format!("urn:caseloom:problem:{kind}"));
        assert_eq!(problem["status"], status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[test]
fn what_is_known_stands_on_the_case_with_its_source_and_in_the_risk() {
    let fixture = Fixture::new();
    let case = fixture.json(&format!("/api/v1/cases/{}", id(1)));
    assert_eq!(
        case["enrichment"][0],
        json!({
            "entity": {"kind": "host", "value": "web-01"}, "kind": "asset",
            "fields": {"criticality": "critical", "note": crate::fixture::HOSTILE},
            "source": "machines", "as_of": "2026-01-30T08:00:00.000Z", "since": "2026-01-31T07:59:00.000Z", "stale": false,
        })
    );
    assert_eq!(case["enrichment"][1]["stale"], true);
    let parts = case["risk_parts"].as_array().unwrap();
    let of = |part: &Value| {
        (
            part["part"].as_str().unwrap().to_owned(),
            part["value"].as_f64().unwrap(),
        )
    };
    assert_eq!(
        parts.iter().map(of).collect::<Vec<_>>()[1..],
        [("asset".into(), 1.5), ("intel".into(), 1.6)]
    );
    let none = fixture.json(&format!("/api/v1/cases/{}", id(3)));
    assert_eq!(none["enrichment"], json!([]));

    let page = fixture.get(&format!("/cases/{}", id(1))).text;
    assert!(
        page.contains("criticality") && page.contains("(stale)") && !page.contains("<script>alert")
    );
    let report = fixture
        .get(&format!("/api/v1/cases/{}/report?format=markdown", id(1)))
        .text;
    assert!(
        report.contains("Known of its entities") && report.contains("machines"),
        "{report}"
    );
    let timeline = fixture.json(&format!("/api/v1/cases/{}/timeline?kind=automatic", id(1)));
    let said: Vec<&str> = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["text"].as_str())
        .collect();
    assert!(
        said.contains(&"enriched: host web-01 is an asset of critical criticality, says machines"),
        "{said:?}"
    );
}
