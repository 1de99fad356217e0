//! Merging, taking out, splitting and moving over the API: what comes of it, also after a restart, and what is refused.

use caseloom_engine::ids::ScopeId;
use serde_json::{Value, json};

use crate::office::{Office, Open, anonymous, at};

/// The ids of the open cases on these hosts.
fn cases(people: &Open, hosts: &[&str]) -> Vec<String> {
    let all = people.json("/api/v1/cases?limit=100");
    let all = all["items"].as_array().unwrap();
    let on = |host: &str| {
        let suffix = format!(" on {host}");
        let found = all
            .iter()
            .find(|case| case["title"].as_str().unwrap().ends_with(&suffix));
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    hosts.iter().map(|host| on(host)).collect()
}

fn activities(people: &Open, id: &str) -> Vec<u64> {
    let case = people.json(&format!("/api/v1/cases/{id}"));
    let list = case["activity_list"].as_array().unwrap();
    list.iter().map(|a| a["id"].as_u64().unwrap()).collect()
}

#[test]
fn two_cases_are_made_one_and_two_again() {
    let mut office = Office::with(anonymous(), &[("a1", "web-01"), ("b1", "db-07")]);
    let people = office.people();
    let ids = cases(people, &["web-01", "db-07"]);
    let path = |id: &str, what: &str| format!("/api/v1/cases/{id}/{what}");
    let note = r#"{"text": "mine"}"#;
    assert_eq!(
        people.post(&path(&ids[1], "notes"), &at(1), note).status,
        201
    );

    // Named from the younger's side: the older survives all the same.
    let body = json!({"other": ids[0], "note": "one intruder"}).to_string();
    let stale = people.post(&path(&ids[1], "merge"), &at(1), &body);
    assert_eq!((stale.status, stale.header("etag")), (412, "\"2\""));
    let merged = people.post(&path(&ids[1], "merge"), &at(2), &body);
    assert_eq!(merged.status, 200, "{}", merged.text);
    let gone = people.get(&format!("/api/v1/cases/{}", ids[1]));
    assert_eq!(gone.status, 308);
    assert_eq!(gone.json()["merged_into"], ids[0].as_str());
    let whole = people.json(&format!("/api/v1/cases/{}", ids[0]));
    assert_eq!(
        (&whole["alerts"], &whole["work"]["notes"]),
        (&json!(2), &json!(1))
    );
    let closing = people.patch(
        &format!("/api/v1/cases/{}", ids[1]),
        &at(3),
        r#"{"owner": "x"}"#,
    );
    assert_eq!(
        (closing.status, closing.problem().as_str()),
        (409, "merged")
    );

    office.reopen(anonymous());
    let people = office.people();
    let body = json!({"other": ids[1]}).to_string();
    let revision = whole["revision"].as_u64().unwrap();
    let apart = people.post(&path(&ids[0], "unmerge"), &at(revision), &body);
    assert_eq!(apart.status, 200, "{}", apart.text);
    let again = people.post(&path(&ids[0], "unmerge"), &at(revision + 1), &body);
    assert_eq!(
        (again.status, again.problem().as_str()),
        (409, "not_merged_here")
    );

    office.reopen(anonymous());
    let people = office.people();
    for (own, other) in [(0, 1), (1, 0)] {
        let case = people.json(&format!("/api/v1/cases/{}", ids[own]));
        assert_eq!(
            (&case["alerts"], &case["stage"]),
            (&json!(1), &json!("open")),
            "{case}"
        );
        assert!(case["related"].to_string().contains(&ids[other]), "{case}");
        assert!(case["related"].to_string().contains("apart"), "{case}");
    }
    let notes = people.json(&path(&ids[1], "notes"));
    assert_eq!(notes["items"][0]["text"], "mine");
    let why = people.json(&format!("/api/v1/explain?a={}&b={}", ids[0], ids[1]));
    assert_eq!(why["reasons"][0]["obstacle"], "pin");
    let reader = &people.reader;
    assert_eq!(reader.audit_head(ScopeId(0)).unwrap().unwrap().seq, 3);
}

#[test]
fn activities_are_split_off_and_moved_back() {
    let alerts = [("a1", "web-01"), ("a2", "web-01"), ("b1", "db-07")];
    let mut office = Office::with(anonymous(), &alerts);
    let people = office.people();
    let ids = cases(people, &["web-01", "db-07"]);
    let path = |id: &str, what: &str| format!("/api/v1/cases/{id}/{what}");
    let of = |revision: u64, id: &str, what: &str, body: Value| {
        let reply = office
            .people()
            .post(&path(id, what), &at(revision), &body.to_string());
        (reply.status, reply.text)
    };
    let (status, text) = of(1, &ids[0], "merge", json!({"other": ids[1]}));
    assert_eq!(status, 200, "{text}");
    let all = activities(people, &ids[0]);
    assert_eq!(
        all.len(),
        2,
        "two alerts of one rule on one host are one activity"
    );

    let unknown = of(2, &ids[0], "split", json!({"activities": [all[0], 999]}));
    assert!(
        unknown.0 == 409 && unknown.1.contains("no activity 999"),
        "{unknown:?}"
    );
    let nothing = of(2, &ids[0], "split", json!({"activities": all}));
    assert!(
        nothing.0 == 409 && nothing.1.contains("nothing_left"),
        "{nothing:?}"
    );
    let (status, text) = of(2, &ids[0], "split", json!({"activities": [all[1]]}));
    assert_eq!(status, 200, "{text}");
    let listed = people.json("/api/v1/cases?limit=100");
    let listed = listed["items"].as_array().unwrap();
    let new = listed
        .iter()
        .find(|case| case["id"] != ids[0].as_str())
        .unwrap();
    assert_eq!((listed.len(), &new["alerts"]), (2, &json!(1)), "{new}");
    let new = new["id"].as_str().unwrap().to_owned();
    assert_eq!(activities(people, &new), [all[1]]);

    office.reopen(anonymous());
    let of = |revision: u64, id: &str, what: &str, body: Value| {
        let reply = office
            .people()
            .post(&path(id, what), &at(revision), &body.to_string());
        (reply.status, reply.text)
    };
    let people = office.people();
    assert_eq!(activities(people, &ids[0]), [all[0]]);
    assert_eq!(activities(people, &new), [all[1]]);
    let alerts = people.json(&path(&new, "alerts"));
    assert_eq!(
        alerts["items"].as_array().unwrap().len(),
        1,
        "its alerts went along"
    );
    let (status, text) = of(1, &new, "pin", json!({"other": ids[0], "apart": false}));
    assert_eq!(status, 200, "{text}");
    let same = of(2, &new, "pin", json!({"other": ids[0], "apart": false}));
    assert_eq!(same.0, 200, "{}", same.1);
    let missing = of(2, &new, "merge", json!({"other": "0000000000001"}));
    assert!(
        missing.0 == 404 && missing.1.contains("no_such_case"),
        "{missing:?}"
    );
    let bad = of(2, &new, "merge", json!({"other": "x"}));
    assert_eq!(bad.0, 400, "{}", bad.1);
}
