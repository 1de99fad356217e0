//! Writes: what they need, what refuses them, that they are durable, and that nobody writes what they may not.

use caseloom::access::{Role, Tokens};
use caseloom::http::Access;
use caseloom_engine::command::ChainCheck;
use caseloom_engine::ids::ScopeId;
use serde_json::{Value, json};

use crate::office::{Head, Office, Open, anonymous, at};

#[test]
fn a_case_is_worked_from_new_to_closed_and_survives_a_restart() {
    let mut office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    let case = format!("/api/v1/cases/{id}");
    let first = people.get(&case);
    assert_eq!(first.header("etag"), "\"1\"");

    let body = r#"{"owner": "ana", "status": "investigating", "tags": ["phishing", "vip"], "note": "taking it"}"#;
    let taken = people.patch(&case, &at(1), body);
    assert_eq!(
        (taken.status, taken.header("etag")),
        (200, "\"2\""),
        "{}",
        taken.text
    );
    assert_eq!(taken.json()["case"]["owner"], "ana");

    let noted = people.post(
        &format!("{case}/notes"),
        &at(2),
        r#"{"text": "mimikatz in the log"}"#,
    );
    assert_eq!(noted.status, 201, "{}", noted.text);
    let no = noted.json()["number"].as_u64().unwrap();
    let edited = people.patch(
        &format!("{case}/notes/{no}"),
        &at(3),
        r#"{"text": "mimikatz in the memory"}"#,
    );
    assert_eq!(edited.status, 200, "{}", edited.text);
    let task = r#"{"title": "isolate web-01", "due": "2026-02-01T00:00:00Z"}"#;
    let task = people.post(&format!("{case}/tasks"), &at(4), task);
    let task = task.json()["number"].as_u64().unwrap();
    let done = people.patch(
        &format!("{case}/tasks/{task}"),
        &at(5),
        r#"{"state": "done"}"#,
    );
    assert_eq!(done.status, 200, "{}", done.text);

    let early = people.patch(&case, &at(6), r#"{"status": "closed"}"#);
    assert_eq!(
        (early.status, early.problem().as_str()),
        (409, "needs_verdict")
    );
    let body = r#"{"status": "closed", "verdict": "true_positive", "resolution": "reinstalled"}"#;
    assert_eq!(people.patch(&case, &at(6), body).status, 200);

    office.reopen(anonymous());
    let people = office.people();
    let closed = people.json(&case);
    assert_eq!(closed["status"], "closed");
    assert_eq!(closed["stage"], "closed");
    assert_eq!(closed["work"]["verdict"], "true_positive");
    assert_eq!(closed["work"]["tags"], json!(["phishing", "vip"]));
    let notes = people.json(&format!("{case}/notes"));
    assert_eq!(notes["items"][0]["text"], "mimikatz in the memory");
    assert_eq!(
        notes["items"][0]["former"][0]["text"],
        "mimikatz in the log"
    );
    assert_eq!(
        people.json(&format!("{case}/tasks"))["items"][0]["state"],
        "done"
    );

    // What has left the engine's memory can be worked on like all others.
    let again = people.patch(&case, &at(7), r#"{"status": "investigating"}"#);
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(
        people.json("/api/v1/cases?status=investigating")["items"][0]["id"],
        id.as_str()
    );
    let moments = people.json(&format!("{case}/timeline"));
    let kinds: Vec<&str> = moments["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "action").count(), 7);
    assert_eq!((kinds[0], kinds.len()), ("activity", 9));
    check_audit(&office, 7);

    let kpis = people.json("/api/v1/kpis?by=verdict");
    assert_eq!(kpis["items"][0]["key"], "true_positive");
    assert_eq!(
        kpis["items"][0]["mtta"]["p50"], 0.0,
        "the clock of this office stands still"
    );
    assert_eq!(
        kpis["items"][0]["mttr"]["p50"],
        Value::Null,
        "it is open again"
    );
    assert_eq!(kpis["items"][0]["reopened"], 1);
    let rules = people.json("/api/v1/kpis?by=rule");
    assert_eq!(rules["items"][0]["key"], "edr R1");
    assert_eq!(people.get("/api/v1/kpis?by=mood").status, 400);
    let page = people.get(&format!("/cases/{id}"));
    assert!(
        page.text.contains("took") || page.text.contains("wrote note"),
        "{}",
        page.text
    );
    assert!(page.text.contains("anonymous") && page.text.contains("unproven"));
}

fn check_audit(office: &Office, records: u64) {
    let reader = &office.people().reader;
    let mut check = ChainCheck::default();
    for record in reader.audit(ScopeId(0), 0, 1_000).unwrap() {
        check.take(record.seq, &record.text, &record.hash).unwrap();
    }
    let head = reader.audit_head(ScopeId(0)).unwrap().unwrap();
    assert_eq!(check.end(), (head.seq, head.hash));
    assert_eq!(head.seq, records);
    let heads = office.people().json("/api/v1/audit/heads");
    assert_eq!(heads["items"][0]["seq"], records);
    let page = office.people().json("/api/v1/audit?limit=1");
    assert_eq!(page["items"][0]["record"]["seq"], 1);
    assert_eq!(page["next_cursor"], "1");
}

#[test]
fn of_two_at_once_one_is_told_to_look_again() {
    let office = Office::new(anonymous());
    let people = office.people();
    let case = format!("/api/v1/cases/{}", people.case());
    let write = |owner: &str| people.patch(&case, &at(1), &format!(r#"{{"owner": "{owner}"}}"#));
    let replies = std::thread::scope(|scope| {
        let both = ["ana", "bo"].map(|owner| scope.spawn(move || write(owner)));
        both.map(|reply| reply.join().unwrap())
    });
    let mut status = replies.each_ref().map(|reply| reply.status);
    status.sort_unstable();
    assert_eq!(status, [200, 412]);
    let late = replies.iter().find(|reply| reply.status == 412).unwrap();
    assert_eq!(late.header("etag"), "\"2\"", "it says what to look at");
    check_audit(&office, 1);
}

#[test]
fn what_a_write_lacks_is_said() {
    let office = Office::new(anonymous());
    let people = office.people();
    let case = format!("/api/v1/cases/{}", people.case());
    let refused = |head: &Head<'_>, body: &str| {
        let reply = people.patch(&case, head, body);
        (reply.status, reply.problem())
    };
    let is = |status: u16, kind: &str| (status, kind.to_owned());
    let none = Head::default();
    assert_eq!(refused(&none, "{}"), is(428, "precondition_required"));
    assert_eq!(refused(&at(9), r#"{"owner": "x"}"#), is(412, "stale"));
    assert_eq!(refused(&at(1), "{"), is(400, "invalid_body"));
    assert_eq!(
        refused(&at(1), r#"{"onwer": "x"}"#),
        is(400, "invalid_body")
    );
    assert_eq!(
        refused(&at(1), r#"{"status": "closed"}"#),
        is(409, "needs_verdict")
    );
    let long = format!(r#"{{"owner": "{}"}}"#, "x".repeat(129));
    assert_eq!(refused(&at(1), &long), is(422, "too_long"));
    let huge = format!(r#"{{"resolution": "{}"}}"#, "x".repeat(300 << 10));
    assert_eq!(refused(&at(1), &huge), is(413, "too_large"));
    let weak = [("if-match", "W/\"1\"")];
    let weak = Head {
        more: &weak,
        ..Head::default()
    };
    assert_eq!(refused(&weak, "{}"), is(400, "invalid_parameter"));
    let missing = people.patch("/api/v1/cases/0000000000000", &at(1), "{}");
    assert_eq!(
        (missing.status, missing.problem().as_str()),
        (404, "no_such_case")
    );
    let dismissed = format!("/api/v1/candidates/{}/dismiss", people.case());
    let dismissed = people.post(&dismissed, &at(1), r#"{"reason": "no"}"#);
    assert_eq!(
        (dismissed.status, dismissed.problem().as_str()),
        (409, "not_a_candidate")
    );
    let same = people.patch(&case, &at(1), "{}");
    assert_eq!(
        (same.status, same.header("etag")),
        (200, "\"1\""),
        "nothing to do is no error"
    );
    assert!(
        office
            .people()
            .reader
            .audit_head(ScopeId(0))
            .unwrap()
            .is_none()
    );
}

#[test]
fn the_same_key_does_it_once() {
    let mut office = Office::new(anonymous());
    let id = office.people().case();
    let notes = format!("/api/v1/cases/{id}/notes");
    let head = |revision| Head {
        key: Some("k-1"),
        ..at(revision)
    };
    let first = office
        .people()
        .post(&notes, &head(1), r#"{"text": "once"}"#);
    assert_eq!(first.status, 201);
    office.reopen(anonymous());
    let again = office
        .people()
        .post(&notes, &head(1), r#"{"text": "once"}"#);
    assert_eq!(again.status, 200, "{}", again.text);
    let number = |reply: &crate::office::Reply| reply.json()["number"].clone();
    assert_eq!(
        (number(&again), again.json()["repeated"].clone()),
        (number(&first), Value::Bool(true))
    );
    let other = office
        .people()
        .post(&notes, &head(2), r#"{"text": "another"}"#);
    assert_eq!(
        (other.status, other.problem().as_str()),
        (422, "key_reused")
    );
    check_audit(&office, 1);
}

#[test]
fn nobody_writes_without_a_token_that_may() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let everywhere = ["*".to_owned()];
    let ana = Tokens::add(&file, "ana", Role::Analyst, &everywhere).unwrap();
    let eve = Tokens::add(&file, "eve", Role::Viewer, &everywhere).unwrap();
    let bo = Tokens::add(&file, "bo", Role::Analyst, &["other".to_owned()]).unwrap();
    let access = |anonymous_reads| Access {
        tokens: Tokens::load(&file).unwrap(),
        anonymous_reads,
        anonymous_writes: false,
    };
    let mut office = Office::new(access(true));
    let people = office.people();
    let case = format!("/api/v1/cases/{}", people.case());
    let write = |token: Option<&str>, more: &[(&str, &str)]| {
        let head = Head {
            token,
            more,
            ..at(1)
        };
        people.patch(&case, &head, r#"{"owner": "me"}"#)
    };
    let nobody = write(None, &[]);
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (401, "unauthorized")
    );
    assert!(nobody.header("www-authenticate").starts_with("Basic"));
    assert_eq!(write(Some("clt_wrong"), &[]).status, 401);
    assert_eq!(write(Some(&eve), &[]).status, 403);
    assert_eq!(
        write(Some(&bo), &[]).status,
        404,
        "another scope's case is not there"
    );
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(
        write(Some(&ana), &foreign).status,
        403,
        "another site's page"
    );
    assert_eq!(
        write(Some(&ana), &[("sec-fetch-site", "cross-site")]).status,
        403
    );
    assert_eq!(
        write(Some(&ana), &[("content-type", "text/plain")]).status,
        415
    );
    assert_eq!(write(Some(&ana), &[]).status, 200);
    let audit = people.json(&format!("{case}/audit"));
    assert_eq!(audit["items"][0]["record"]["actor"], "ana");
    assert_eq!(audit["items"][0]["record"]["proof"], "token");

    office.reopen(access(false));
    let people = office.people();
    assert_eq!(people.get("/api/v1/cases").status, 401, "deny by default");
    assert_eq!(people.get("/").status, 401);
    assert_eq!(people.get("/metrics").status, 401);
    assert_eq!(people.get("/livez").status, 200);
    let listed = |token: &str| {
        people.get_as("/api/v1/cases", Some(token)).json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((listed(&eve), listed(&bo)), (1, 0));
    assert_eq!(people.get_as(&case, Some(&bo)).status, 404);
    assert_eq!(people.get_as("/", Some(&bo)).status, 403);
    assert_eq!(people.get_as("/api/v1/audit", Some(&ana)).status, 403);
}

#[test]
fn evidence_is_kept_hashed_and_comes_back_as_an_attachment() {
    let office = Office::new(anonymous());
    let people = office.people();
    let evidence = format!("/api/v1/cases/{}/evidence", people.case());
    let html = [("content-type", "text/html")];
    let head = Head {
        more: &html,
        ..at(1)
    };
    let path = format!("{evidence}?name=C:%5Ctemp%5Ca%22b.html&text=dropper");
    let added = people.post(&path, &head, "<script>alert(1)</script>");
    assert_eq!(added.status, 201, "{}", added.text);
    let no = added.json()["number"].as_u64().unwrap();
    let taken = people.get(&format!("{evidence}/{no}"));
    assert_eq!(
        (taken.status, taken.text.as_str()),
        (200, "<script>alert(1)</script>")
    );
    assert_eq!(
        taken.header("content-disposition"),
        "attachment; filename=\"a_b.html\""
    );
    assert_eq!(taken.header("content-type"), "application/octet-stream");
    assert_eq!(taken.header("x-content-type-options"), "nosniff");
    let list = people.json(&evidence);
    let piece = &list["items"][0];
    assert_eq!(piece["sha256"].as_str().unwrap().len(), 64);
    let custody: Vec<&str> = piece["custody"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| act["verb"].as_str().unwrap())
        .collect();
    assert_eq!(custody, ["evidence_added", "evidence_taken"]);
    assert_eq!(people.get(&format!("{evidence}/99")).status, 404);
}

#[test]
fn lists_about_a_case_go_on_to_their_end() {
    let office = Office::new(anonymous());
    let people = office.people();
    let case = format!("/api/v1/cases/{}", people.case());
    for revision in 1..=5 {
        let body = format!(r#"{{"text": "note {revision}"}}"#);
        let noted = people.post(&format!("{case}/notes"), &at(revision), &body);
        assert_eq!(noted.status, 201, "{}", noted.text);
    }
    let first = people.json(&format!("{case}/notes?limit=1"))["items"][0]["number"].clone();
    let edited = people.patch(
        &format!("{case}/notes/{first}"),
        &at(6),
        r#"{"text": "note 1, again"}"#,
    );
    assert_eq!(edited.status, 200, "{}", edited.text);
    for (what, lines) in [
        ("notes", 5),
        ("timeline", 8),
        ("timeline?kind=action", 6),
        ("audit", 6),
    ] {
        let path = format!("{case}/{what}");
        let whole = people.json(&path);
        assert_eq!(whole["next_cursor"], Value::Null, "{what}");
        assert_eq!(whole["items"].as_array().unwrap().len(), lines, "{what}");
        for limit in [1, 2, lines] {
            assert_eq!(
                walk(people, &path, limit),
                whole["items"],
                "{what} by {limit}"
            );
        }
    }
    assert_eq!(people.get(&format!("{case}/notes?cursor=x")).status, 400);
    assert_eq!(
        people.get(&format!("{case}/timeline?cursor=1_2")).status,
        400
    );
    let found = people.json("/api/v1/cases?q=host%3Aweb-01%20activities%3A1");
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

/// All pages of a list.
fn walk(people: &Open, path: &str, limit: usize) -> Value {
    let sign = if path.contains('?') { '&' } else { '?' };
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = people.json(&format!("{path}{sign}limit={limit}{cursor}"));
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Value::Array(items),
        }
    }
}
