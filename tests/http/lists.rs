use std::collections::BTreeSet;

use caseloom::http::HttpOptions;
use caseloom_engine::record::{GroupRecord, Record, Stage};
use caseloom_engine::time::Timestamp;

use crate::fixture::{Fixture, HOSTILE, group, ids};

#[test]
fn a_case_in_a_list_has_its_fields() {
    let fixture = Fixture::new();
    let list = fixture.json("/api/v1/cases?owner=ana");
    assert_eq!(
        list,
        serde_json::json!({
            "items": [{
                "id": "0000000000001", "scope": "default", "title": "Credential dumping on web-01",
                "stage": "open", "status": "investigating", "owner": "ana",
                "severity": "high", "severity_id": 4, "severity_score": 70, "severity_assumed": false,
                "risk": 412.5, "alerts": 6, "activities": 3, "entities": 3, "attack": ["T1003", "T1059.001"],
                "first": "2026-01-31T07:00:00.000Z", "last": "2026-01-31T07:59:00.000Z",
                "opened": "2026-01-31T07:00:00.000Z", "updated": "2026-01-31T08:00:00.000Z", "closed": null,
                "revision": 4, "event_seq": 9,
                "related": [{"relation": "related", "id": "0000000000003"}], "capped": null,
            }],
            "next_cursor": null,
        })
    );
}

#[test]
fn merged_cases_and_candidates_are_not_among_the_cases() {
    let fixture = Fixture::new();
    assert_eq!(fixture.ids("/api/v1/cases"), [1, 5, 3]);
    assert_eq!(fixture.ids("/api/v1/candidates"), [4]);
}

#[test]
fn filters_narrow_the_list() {
    let fixture = Fixture::new();
    for (query, expected) in [
        ("status=new", vec![5]),
        ("status=new,closed", vec![5, 3]),
        ("owner=none", vec![5, 3]),
        ("scope=acme", vec![5]),
        ("severity=high", vec![1]),
        ("severity=%3E%3Dhigh", vec![1, 5]),
        ("severity=low%2B&status=closed", vec![3]),
        ("severity=high+", vec![1, 5]),
        ("q=CREDENTIAL", vec![1]),
        ("q=t1059", vec![1]),
        ("q=acme", vec![5]),
        ("q=0000000000003", vec![3]),
        ("q=nothing", vec![]),
        ("updated_since=2026-01-31T08:00:00Z", vec![1]),
        (
            "updated_since=2026-01-31T08:59:00%2B01:00&owner=",
            vec![1, 5, 3],
        ),
    ] {
        assert_eq!(
            fixture.ids(&format!("/api/v1/cases?{query}")),
            expected,
            "{query}"
        );
    }
}

#[test]
fn sorts_go_both_ways() {
    let fixture = Fixture::new();
    for (sort, expected) in [
        ("risk", [3, 1, 5]),
        ("-risk", [5, 1, 3]),
        ("severity", [3, 1, 5]),
        ("-severity", [5, 1, 3]),
        ("-updated", [1, 5, 3]),
        ("updated", [3, 5, 1]),
    ] {
        assert_eq!(
            fixture.ids(&format!("/api/v1/cases?sort={sort}")),
            expected,
            "{sort}"
        );
    }
}

#[test]
fn hostile_text_is_text() {
    let fixture = Fixture::new();
    let list = fixture.json("/api/v1/cases?scope=acme");
    assert_eq!(list["items"][0]["title"], HOSTILE);
}

#[test]
fn other_parameters_are_refused_by_name() {
    let fixture = Fixture::new();
    for (query, parameter) in [
        ("stauts=new", "stauts"),
        ("status=gone", "status"),
        ("status=new&status=closed", "status"),
        ("severity=worst", "severity"),
        ("severity=%3Ehigh", "severity"),
        ("sort=title", "sort"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("updated_since=yesterday", "updated_since"),
        ("cursor=x", "cursor"),
    ] {
        let answer = fixture.get(&format!("/api/v1/cases?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:caseloom:problem:invalid_parameter");
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["parameter"], parameter);
        assert!(problem["detail"].as_str().unwrap().contains("must") || parameter == "stauts");
    }
}

/// Ten cases, the later number changed later.
fn ten() -> Vec<Record> {
    let make = |number: u64| GroupRecord {
        updated: Timestamp(i64::try_from(number).unwrap()),
        ..group(number)
    };
    (1..=10)
        .map(make)
        .map(Box::new)
        .map(Record::Group)
        .collect()
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let fixture = Fixture::with(HttpOptions::default(), &ten());
    let mut met = Vec::new();
    let mut address = "/api/v1/cases?limit=4&sort=updated".to_owned();
    loop {
        let list = fixture.json(&address);
        met.extend(ids(&list));
        let Some(cursor) = list["next_cursor"].as_str() else {
            break;
        };
        address = format!("/api/v1/cases?limit=4&sort=updated&cursor={cursor}");
    }
    assert_eq!(met, (1..=10).collect::<Vec<_>>());
    let cursor = address.rsplit('=').next().unwrap();
    let other_order = fixture.get(&format!("/api/v1/cases?sort=risk&cursor={cursor}"));
    assert_eq!(other_order.json()["parameter"], "cursor");
}

#[test]
fn a_cursor_outlives_the_case_it_was_made_at() {
    let fixture = Fixture::with(HttpOptions::default(), &ten());
    let first = fixture.json("/api/v1/cases?limit=3");
    assert_eq!(ids(&first), [10, 9, 8]);
    let gone = GroupRecord {
        stage: Stage::Expired,
        ..group(8)
    };
    let changed = GroupRecord {
        updated: Timestamp(99),
        ..group(9)
    };
    let opened = GroupRecord {
        updated: Timestamp(98),
        ..group(11)
    };
    let batch = [gone, changed, opened].map(Box::new).map(Record::Group);
    fixture.view.apply(&batch);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = fixture.ids(&format!("/api/v1/cases?limit=50&cursor={cursor}"));
    assert_eq!(rest, [7, 6, 5, 4, 3, 2, 1]);
    let all: BTreeSet<_> = fixture.ids("/api/v1/cases").into_iter().collect();
    assert_eq!(all, (1..=11).filter(|number| *number != 8).collect());
}

#[test]
fn cases_are_found_by_what_is_in_them() {
    let fixture = Fixture::new();
    for (search, expected) in [
        ("host:WEB-01", vec![1]),
        ("host:web-01 rule:R-12", vec![1]),
        ("user:bo -severity:high", vec![]),
        ("-host:web-01", vec![5, 3]),
        ("rule:\"rule 13\" status:investigating owner:ana", vec![1]),
        ("opened:>now-2h scope:acme", vec![5]),
        ("opened:<now-2h", vec![]),
    ] {
        let path = format!("/api/v1/cases?q={}", encoded(search));
        assert_eq!(fixture.ids(&path), expected, "{search}");
    }
}

#[test]
fn a_search_that_is_not_understood_says_where_and_what_instead() {
    let fixture = Fixture::new();
    let answer = fixture.get(&format!("/api/v1/cases?q={}", encoded("web hots:web-01")));
    assert_eq!(answer.status, 400);
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:caseloom:problem:invalid_search");
    assert_eq!(
        (&problem["parameter"], &problem["position"]),
        (&"q".into(), &5.into())
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("hots is no field") && detail.contains("host, "),
        "{detail}"
    );
    assert_eq!(fixture.get("/?q=host%3A").status, 400);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
