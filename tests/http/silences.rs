//! Silences over HTTP: made, tried, prolonged and ended; what they keep out, across a restart.

use caseloom::access::{Role, Tokens};
use caseloom::http::Access;
use serde_json::{Value, json};

use crate::office::{Head, Office, anonymous, at};

const PATH: &str = "/api/v1/silences";

fn alert(id: &str, minute: u32, rule: &str, host: &str) -> String {
    json!({
        "id": id, "time": format!("2026-01-31T07:{minute:02}:00Z"), "source": "edr",
        "rule": {"id": rule, "name": format!("Rule {rule}")}, "severity": 95, "title": format!("{rule} on {host}"),
        "entities": [{"kind": "host", "value": host, "role": "affected"}],
    })
    .to_string()
}

fn wish(rule: &str) -> Value {
    json!({
        "scope": "default", "matcher": {"rule": rule}, "owner": "ana", "reason": "patching until noon",
        "expires": "2026-01-31T12:00:00Z",
    })
}

#[test]
fn a_silence_keeps_out_and_is_seen() {
    let mut alerts = vec![alert("a1", 1, "R1", "web-01")];
    let mut office = Office::with(anonymous(), &[]);
    office.hear(anonymous(), &alerts);
    let people = office.people();
    let made = people.post(PATH, &Head::default(), &wish("Rule R?").to_string());
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.json();
    assert_eq!(made["state"], "active");
    assert_eq!(made["created_by"], "anonymous");
    assert_eq!(made["alerts"], 0);
    let audit = people.json("/api/v1/audit");
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
    assert!(
        audit["items"][0]
            .to_string()
            .contains("patching until noon")
    );

    alerts.push(alert("a2", 2, "R2", "web-02"));
    alerts.push(alert("a3", 3, "R2", "web-02"));
    alerts.push(alert("a4", 4, "OTHER", "web-03"));
    office.hear(anonymous(), &alerts);
    let people = office.people();
    let cases = people.json("/api/v1/cases");
    assert_eq!(cases["items"].as_array().unwrap().len(), 2, "{cases}");
    let silence = people.json(&format!("{PATH}/1"));
    assert_eq!(silence["alerts"], 2);
    assert_eq!(silence["revision"], 1, "matches are no change");

    let kept = people.json("/api/v1/suppressed?rule=R2&kind=host&entity=web-02&silence=1");
    let first = &kept["items"][0];
    assert_eq!((&first["count"], &first["silence"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&first["disposition"], &first["reason"]),
        (&json!("suppressed"), &json!("silence"))
    );
    assert_eq!(first["alert_id"], "a2");
    assert_eq!(kept["items"].as_array().unwrap().len(), 1);
    for other in [
        "rule=R1",
        "entity=web-03",
        "silence=2",
        "until=2026-01-31T07:02:00Z",
        "since=2026-01-31T07:04:00Z",
    ] {
        let none = people.json(&format!("/api/v1/suppressed?{other}"));
        assert_eq!(none["items"], json!([]), "{other}");
    }
    let page = people.get("/silences");
    assert!(page.text.contains("patching until noon"), "{}", page.text);
    let mut findings = caseloom::verify::Findings::default();
    let sums = caseloom::verify::check_rows(&people.reader, &mut findings).unwrap();
    assert!(sums.terms.contains(&("suppressed", 2)), "{sums:?}");
    assert_eq!(findings.total, 0, "{findings:?}");

    // A restart forgets no silence: the next alert of the kind is counted on the same record.
    alerts.push(alert("a5", 5, "R2", "web-02"));
    office.hear(anonymous(), &alerts);
    let people = office.people();
    assert_eq!(people.json(&format!("{PATH}/1"))["alerts"], 3);

    let stale = people.delete(&format!("{PATH}/1"), &at(7));
    assert_eq!((stale.status, stale.problem().as_str()), (412, "stale"));
    let missing = people.delete(&format!("{PATH}/1"), &Head::default());
    assert_eq!(missing.status, 428);
    let ended = people.delete(&format!("{PATH}/1"), &at(1));
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert_eq!(ended.json()["state"], "ended");
    let again = people.delete(&format!("{PATH}/1"), &at(2));
    assert_eq!(again.status, 409);
    assert_eq!(again.problem(), "no_such_silence");

    alerts.push(alert("a6", 6, "R2", "web-02"));
    office.hear(anonymous(), &alerts);
    let people = office.people();
    let cases = people.json("/api/v1/cases");
    assert_eq!(cases["items"].as_array().unwrap().len(), 3);
    let list = people.json(&format!("{PATH}?state=ended&scope=default"));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        people.json(&format!("{PATH}?state=active"))["items"],
        json!([])
    );
    assert_eq!(people.get(&format!("{PATH}?state=odd")).status, 400);
    assert_eq!(
        people.get(&format!("{PATH}/9")).problem(),
        "no_such_silence"
    );
}

#[test]
fn what_says_too_much_or_too_little_is_refused() {
    let office = Office::new(anonymous());
    let people = office.people();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut body = wish("R1");
        change(&mut body);
        let reply = people.post(PATH, &Head::default(), &body.to_string());
        (reply.status, reply.problem())
    };
    let is = |status: u16, problem: &str| (status, problem.to_owned());
    assert_eq!(
        refused(&|b| b["matcher"] = json!({})),
        is(422, "invalid_matcher")
    );
    assert_eq!(
        refused(&|b| b["matcher"] = json!({"rule": "*"})),
        is(422, "invalid_matcher")
    );
    assert_eq!(
        refused(&|b| b["matcher"] = json!({"ruel": "R1"})),
        is(400, "invalid_body")
    );
    assert_eq!(refused(&|b| b["reason"] = json!(" ")), is(422, "empty"));
    assert_eq!(refused(&|b| b["owner"] = json!("")), is(422, "empty"));
    assert_eq!(
        refused(&|b| b["expires"] = json!("2026-01-31T07:00:00Z")),
        is(422, "invalid_times")
    );
    assert_eq!(
        refused(&|b| b["expires"] = json!("2026-05-31T07:00:00Z")),
        is(422, "holds_too_long")
    );
    assert_eq!(
        refused(&|b| b["expires"] = json!("tomorrow")),
        is(400, "invalid_body")
    );
    assert_eq!(
        refused(&|b| b["scope"] = json!("nowhere")),
        is(400, "invalid_body")
    );
    let repeat = json!({"days": ["sun"], "from": "02:00", "to": "04:00", "zone": "Mars"});
    assert_eq!(
        refused(&|b| b["repeat"] = repeat.clone()),
        is(400, "invalid_body")
    );
    assert_eq!(
        people.json("/api/v1/audit")["items"],
        json!([]),
        "nothing was done"
    );
}

#[test]
fn a_window_comes_again_and_is_prolonged() {
    let office = Office::new(anonymous());
    let people = office.people();
    let mut body = wish("R1");
    body["expires"] = json!("2026-03-01T00:00:00Z");
    body["repeat"] =
        json!({"days": ["sun"], "from": "02:00", "to": "04:00", "zone": "Europe/Berlin"});
    let keyed = Head {
        key: Some("sundays"),
        ..Head::default()
    };
    let made = people.post(PATH, &keyed, &body.to_string());
    assert_eq!(made.status, 201, "{}", made.text);
    let again = people.post(PATH, &keyed, &body.to_string());
    assert_eq!(
        (again.status, again.json()["id"].clone()),
        (200, made.json()["id"].clone())
    );
    let made = made.json();
    assert_eq!(made["state"], "waiting", "it is a Saturday");
    assert_eq!(made["repeat"], "sun 02:00-04:00 Europe/Berlin");
    assert_eq!(made["times_left"], 4);
    let path = format!("{PATH}/{}", made["id"]);
    let longer = people.patch(
        &path,
        &at(1),
        &json!({"expires": "2026-03-15T00:00:00Z", "owner": "bo"}).to_string(),
    );
    assert_eq!(longer.status, 200, "{}", longer.text);
    let longer = longer.json();
    assert_eq!(
        (&longer["times_left"], &longer["owner"]),
        (&json!(6), &json!("bo"))
    );
    assert_eq!(longer["revision"], 2);
}

#[test]
fn a_preview_tells_what_would_have_been_kept_out() {
    let mut alerts = vec![alert("a1", 1, "R1", "web-01")];
    alerts.push(alert("a2", 2, "R1", "web-01"));
    alerts.push(alert("a3", 3, "R2", "web-01"));
    alerts.push(alert("a4", 4, "R1", "db-01"));
    let mut office = Office::with(anonymous(), &[]);
    office.hear(anonymous(), &alerts);
    let people = office.people();
    let ask = |matcher: Value| {
        let body = json!({"scope": "default", "matcher": matcher, "hours": 2});
        let reply = people.post(
            &format!("{PATH}/preview"),
            &Head::default(),
            &body.to_string(),
        );
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    };
    let told = ask(json!({"rule": "R1"}));
    assert_eq!(told["alerts"], 3);
    assert_eq!(
        (&told["cases"], &told["cases_not_opened"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(told["rules"][0]["alerts"], 3);
    assert_eq!(
        told["subjects"][0],
        json!({"kind": "host", "value": "web-01", "alerts": 2})
    );
    assert_eq!(told["samples"].as_array().unwrap().len(), 2);
    assert_eq!(told["truncated"], false);
    let none = ask(json!({"rule": "R1", "severity_max": 50}));
    assert_eq!(none["alerts"], 0, "it is worse than that");
    let body = json!({"scope": "default", "matcher": {}}).to_string();
    let empty = people.post(&format!("{PATH}/preview"), &Head::default(), &body);
    assert_eq!(empty.problem(), "invalid_matcher");
}

#[test]
fn who_may_not_see_a_scope_silences_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let token = |name: &str, role, scope: &str| {
        Tokens::add(&path, name, role, &[scope.to_owned()]).unwrap()
    };
    let ana = token("ana", Role::Analyst, "default");
    let viewer = token("eve", Role::Viewer, "default");
    let other = token("bo", Role::Analyst, "acme");
    let access = || Access {
        tokens: Tokens::load(&path).unwrap(),
        ..Access::default()
    };
    let office = Office::new(access());
    let people = office.people();
    let ask = |token: &str| {
        let head = Head {
            token: Some(token),
            ..Head::default()
        };
        people.post(PATH, &head, &wish("R1").to_string()).status
    };
    assert_eq!(ask(&viewer), 403);
    assert_eq!(ask(&other), 403);
    assert_eq!(ask(&ana), 201);
    assert_eq!(
        people.get_as(&format!("{PATH}/1"), Some(&viewer)).status,
        200
    );
    assert_eq!(
        people.get_as(&format!("{PATH}/1"), Some(&other)).status,
        404
    );
    let list = people.get_as(PATH, Some(&other)).json();
    assert_eq!(list["items"], json!([]));
    let head = Head {
        token: Some(&other),
        revision: Some(1),
        ..Head::default()
    };
    assert_eq!(people.delete(&format!("{PATH}/1"), &head).status, 404);
    assert_eq!(people.get(PATH).status, 401);
}
