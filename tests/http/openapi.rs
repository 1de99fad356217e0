//! The API's document and what is served say the same.

use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::office::{Head, Office, anonymous, at};

const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

/// A path that names something.
fn filled(path: &str, id: &str) -> String {
    path.replace("{id}", id)
        .replace("{no}", "1")
        .replace("{silence}", "1")
}

fn send(base: &str, method: &str, path: &str) -> (u16, Value) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .build()
        .new_agent();
    let request = ureq::http::Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(format!("{base}{path}"));
    let mut response = agent.run(request.body(()).unwrap()).unwrap();
    let status = response.status().as_u16();
    let text = match path.ends_with("/stream") && status == 200 {
        true => String::new(),
        false => response.body_mut().read_to_string().unwrap(),
    };
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[test]
fn every_documented_method_is_served_and_no_other() {
    let office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    let document = people.json("/api/v1/openapi.json");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20, "{}", paths.len());
    for (path, operations) in paths {
        for method in METHODS {
            let (status, answer) = send(&people.base, method, &filled(path, &id));
            let is_documented = operations.get(method).is_some();
            assert_eq!(is_documented, status != 405, "{method} {path}: {status}");
            assert_ne!(
                answer["type"], "urn:caseloom:problem:not_found",
                "{method} {path}"
            );
            if let Some(operation) = operations.get(method) {
                let responses = &operation["responses"];
                assert!(
                    responses.get(status.to_string()).is_some(),
                    "{method} {path}: {status}"
                );
            }
        }
    }
    let (status, _) = send(&people.base, "get", "/api/v1/nothing");
    assert_eq!(status, 404);
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_its_own_name() {
    let document = Fixture::new().json("/api/v1/openapi.json");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let operations = document["paths"].as_object().unwrap().values();
    let mut names: Vec<_> = operations
        .flat_map(|methods| methods.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field.as_str()) {
                    ("$ref", Some(reference)) => references.push(reference.to_owned()),
                    _ => collect(field, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// Checks an answer against what the document says of it, and that it has no field of which the document says nothing.
fn check(document: &Value, method: &str, path: &str, status: u16, answer: &Value) {
    let content = &document["paths"][path][method]["responses"][status.to_string()]["content"];
    let schema = ["application/json", "application/problem+json"]
        .iter()
        .find_map(|kind| content.get(kind))
        .unwrap_or_else(|| panic!("{method} {path} {status}: {content}"));
    let mut schema = schema["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{method} {path} {status}: {errors:#?}\n{answer:#}"
    );
}

#[test]
fn answers_are_as_documented() {
    let fixture = Fixture::new();
    let document = fixture.json("/api/v1/openapi.json");
    for (path, query) in [
        ("/livez", ""),
        ("/readyz", ""),
        ("/api/v1/cases", ""),
        ("/api/v1/candidates", ""),
        ("/api/v1/cases/{id}", ""),
        ("/api/v1/cases/{id}/alerts", "?limit=2"),
        ("/api/v1/cases/{id}/explain", "?alert=13"),
        ("/api/v1/cases/{id}/explain", "?without=host:web-01"),
        ("/api/v1/cases/{id}/timeline", ""),
        ("/api/v1/cases/{id}/report", ""),
        ("/api/v1/kpis", "?by=rule"),
        ("/api/v1/policy", ""),
        ("/api/v1/hubs", ""),
        ("/api/v1/background", ""),
        ("/api/v1/explain", "?a=0000000000001&b=0000000000003"),
        ("/api/v1/audit/heads", ""),
        ("/api/v1/cases", "?q=hots:x"),
        ("/api/v1/cases/{id}/notes", "?cursor=x"),
    ] {
        let answer = fixture.get(&format!("{}{query}", filled(path, "0000000000001")));
        check(&document, "get", path, answer.status, &answer.json());
    }
    for id in ["0000000000002", "0000000000009", "nonsense"] {
        let answer = fixture.get(&format!("/api/v1/cases/{id}"));
        check(
            &document,
            "get",
            "/api/v1/cases/{id}",
            answer.status,
            &answer.json(),
        );
    }
}

#[test]
fn answers_to_writes_are_as_documented() {
    let office = Office::new(anonymous());
    let people = office.people();
    let document = people.json("/api/v1/openapi.json");
    let id = people.case();
    let mut revision = 0;
    let mut write = |method: &str, path: &str, body: Value| {
        revision += 1;
        let (address, head, body) = (filled(path, &id), at(revision), body.to_string());
        let reply = match method {
            "patch" => people.patch(&address, &head, &body),
            _ => people.post(&address, &head, &body),
        };
        assert!(matches!(reply.status, 200 | 201), "{path}: {}", reply.text);
        let path = path.split('?').next().unwrap();
        check(&document, method, path, reply.status, &reply.json());
        reply.json()["number"].as_u64()
    };
    let case = "/api/v1/cases/{id}";
    write(
        "patch",
        case,
        json!({"owner": "ana", "tags": ["vip"], "fields": {"ticket": "T-1"}, "status": "investigating"}),
    );
    let note = write("post", "/api/v1/cases/{id}/notes", json!({"text": "one"}));
    assert_eq!(note, Some(1));
    write(
        "patch",
        "/api/v1/cases/{id}/notes/{no}",
        json!({"text": "two"}),
    );
    write(
        "post",
        "/api/v1/cases/{id}/tasks",
        json!({"title": "isolate it", "due": "2026-02-01T00:00:00Z"}),
    );
    write("post", "/api/v1/cases/{id}/evidence?name=a.txt", json!({}));
    for what in [
        "",
        "/notes",
        "/tasks",
        "/evidence",
        "/audit",
        "/timeline",
        "/report",
    ] {
        let path = format!("{case}{what}");
        let reply = people.get(&filled(&path, &id));
        check(&document, "get", &path, reply.status, &reply.json());
    }
    let bulk = json!({"cases": [{"id": id, "revision": 1}, {"id": "x", "revision": 0}], "note": {"text": "x"}});
    let reply = people.post("/api/v1/bulk", &Head::default(), &bulk.to_string());
    check(
        &document,
        "post",
        "/api/v1/bulk",
        reply.status,
        &reply.json(),
    );
    for (head, body) in [
        (at(1), "{}"),
        (Head::default(), "{}"),
        (at(6), "{\"x\": 1}"),
        (at(6), "{"),
    ] {
        let reply = people.patch(&filled(case, &id), &head, body);
        check(&document, "patch", case, reply.status, &reply.json());
    }
    let page = people.json("/api/v1/audit?limit=1");
    check(&document, "get", "/api/v1/audit", 200, &page);
}
