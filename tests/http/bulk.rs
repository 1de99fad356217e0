//! One wish for many cases: each has its own answer.

use caseloom::access::{Role, Tokens};
use caseloom::http::Access;
use serde_json::{Value, json};

use crate::office::{Head, Office, anonymous};

fn ask(cases: &[(&str, u64)], wish: (&str, Value)) -> String {
    let cases: Vec<_> = cases
        .iter()
        .map(|(id, revision)| json!({"id": id, "revision": revision}))
        .collect();
    let mut body = json!({"cases": cases});
    body[wish.0] = wish.1;
    body.to_string()
}

#[test]
fn each_case_has_its_own_answer_and_audit_record() {
    let office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    let take = || ("change", json!({"owner": "ana"}));
    let keyed = Head {
        key: Some("morning"),
        ..Head::default()
    };
    let unknown = "0000000000000";
    let body = ask(&[(&id, 1), (unknown, 1), ("nonsense", 1)], take());
    let answer = people.post("/api/v1/bulk", &keyed, &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(
        (&answer["done"], &answer["refused"]),
        (&json!(1), &json!(2))
    );
    let items = &answer["items"];
    assert_eq!(
        items[0],
        json!({"id": id, "status": 200, "revision": 2, "audit_seq": 1, "number": null, "repeated": false})
            .as_object()
            .map(|item| item.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect::<Value>())
            .unwrap()
    );
    assert_eq!(items[1]["status"], 404);
    assert_eq!(
        items[1]["problem"]["type"],
        "urn:caseloom:problem:no_such_case"
    );
    assert_eq!(items[2]["status"], 400);

    let again = people.post("/api/v1/bulk", &keyed, &body).json();
    assert_eq!(again["items"][0]["repeated"], true);
    let stale = people.post(
        "/api/v1/bulk",
        &Head::default(),
        &ask(&[(&id, 1)], ("note", json!({"text": "x"}))),
    );
    assert_eq!(stale.json()["items"][0]["status"], 412);
    assert_eq!(stale.json()["items"][0]["revision"], 2);
    let audit = people.json(&format!("/api/v1/cases/{id}/audit"));
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_request_names_few_cases_once_and_one_wish() {
    let office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    let many: Vec<(&str, u64)> = vec![(&id, 1); 101];
    let note = || ("note", json!({"text": "x"}));
    for body in [
        ask(&[], note()),
        ask(&many, note()),
        ask(&many[..2], note()),
        ask(&many[..1], ("notes", json!({"text": "x"}))),
        json!({"cases": [{"id": id, "revision": 1}]}).to_string(),
        json!({"cases": [{"id": id, "revision": 1}], "note": {"text": "x"}, "change": {"owner": "ana"}}).to_string(),
    ] {
        let answer = people.post("/api/v1/bulk", &Head::default(), &body);
        assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid_body"), "{body}");
    }
}

#[test]
fn nobody_writes_in_bulk_what_they_may_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let new = |name: &str, role, scope: &str| {
        Tokens::add(&path, name, role, &[scope.to_owned()]).unwrap()
    };
    let elsewhere = new("bo", Role::Analyst, "acme");
    let viewer = new("vi", Role::Viewer, "*");
    let office = Office::new(Access {
        tokens: Tokens::load(&path).unwrap(),
        ..Access::read_only()
    });
    let people = office.people();
    let body = ask(&[(&people.case(), 1)], ("note", json!({"text": "x"})));
    let as_token = |token| Head {
        token,
        ..Head::default()
    };
    assert_eq!(
        people.post("/api/v1/bulk", &as_token(None), &body).status,
        401
    );
    assert_eq!(
        people
            .post("/api/v1/bulk", &as_token(Some(&viewer)), &body)
            .status,
        403
    );
    let answer = people.post("/api/v1/bulk", &as_token(Some(&elsewhere)), &body);
    assert_eq!(answer.json()["items"][0]["status"], 404, "{}", answer.text);
}
