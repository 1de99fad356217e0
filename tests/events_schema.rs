//! Two opinions on whether events are OCSF: the compiled JSON Schema of the Incident Finding from the evaluation
//! data, and `tests/ocsf/validate.py`, which takes the schema from a package and judges by declared profiles.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

#[path = "common/cases.rs"]
mod cases;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use caseloom::events::{RenderOptions, Renderer};
use caseloom_engine::alert::Severity;
use caseloom_engine::decision::CaseSnapshot;
use caseloom_engine::record::{CapReason, Stage};
use cases::{EVENT_TYPES, LOSER, STATUSES, case, event, facts, worst};
use serde_json::Value;

/// Every event type with every stage, status, owner and severity, and the odd cases.
fn events() -> Vec<Vec<u8>> {
    let renderer = Renderer::new(RenderOptions::default());
    let mut events = Vec::new();
    for kind in EVENT_TYPES {
        for case in stages().into_iter().chain(odd_cases()) {
            events.push(renderer.incident_json(&event(kind, case)));
        }
    }
    events
}

fn stages() -> Vec<CaseSnapshot> {
    let mut cases = Vec::new();
    for stage in [
        Stage::Candidate,
        Stage::Open,
        Stage::Closed,
        Stage::Dormant,
        Stage::Expired,
        LOSER,
    ] {
        for status in STATUSES {
            for owner in [None, Some("dana".into()), Some("".into())] {
                let mut case = case(3);
                case.group.stage = stage;
                case.group.status = status;
                case.group.owner = owner;
                cases.push(case);
            }
        }
    }
    cases
}

fn odd_cases() -> Vec<CaseSnapshot> {
    let mut cases: Vec<_> = [0, 1, 20, 40, 60, 80, 100]
        .map(Severity::of)
        .map(with_severity)
        .into();
    cases.push(with_severity(Severity::ASSUMED));
    let mut capped = case(1);
    capped.group.capped = Some(CapReason::Idle);
    capped.truncated = true;
    let mut empty = worst("");
    empty.group.attack.clear();
    empty.group.related.clear();
    let mut known = case(2);
    known.facts = Some(Box::new(facts("203.0.113.9", 4)));
    let mut hollow = case(0);
    hollow.entities.clear();
    cases.extend([
        capped,
        empty,
        hollow,
        known,
        worst("\u{202e}\x1b"),
        worst(&"\"".repeat(64 * 1024)),
    ]);
    cases
}

fn with_severity(severity: Severity) -> CaseSnapshot {
    let mut case = case(1);
    case.group.severity = severity;
    case.group.risk = f64::from(severity.score) * 10.0;
    case
}

fn schema() -> Value {
    let root = std::env::var_os("CASELOOM_EVAL_DATA")
        .expect("CASELOOM_EVAL_DATA names a folder that holds data/");
    let path = PathBuf::from(root).join("data/ocsf/ocsf-1.8.0-incident_finding.schema.json");
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
#[ignore = "needs CASELOOM_EVAL_DATA: the OCSF schemas"]
fn every_event_fits_the_compiled_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let events = events();
    for bytes in &events {
        let body: Value = serde_json::from_slice(bytes).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{body:#}");
    }
    println!("{} events fit", events.len());
}

#[test]
#[ignore = "needs CASELOOM_EVAL_DATA: the OCSF schemas"]
fn the_compiled_schema_can_say_no() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let good: Value = serde_json::from_slice(&events()[0]).unwrap();
    assert!(validator.is_valid(&good));
    for name in [
        "assignee_group",
        "status_id",
        "finding_info_list",
        "metadata",
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(name);
        assert!(
            !validator.is_valid(&bad),
            "it takes an event without {name}"
        );
    }
}

/// What `validate.py` exits with: 0 all valid, 1 one is not, 3 a package is missing.
fn second_opinion(events: &[Vec<u8>]) -> Option<i32> {
    let python = std::env::var("CASELOOM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(&python)
        .arg("tests/ocsf/validate.py")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("cannot start {python}: {error}; CASELOOM_PYTHON may name another")
        });
    let mut input = child.stdin.take().unwrap();
    // A child that gave up closes the pipe; why, its exit code tells.
    let sent = input.write_all(&events.join(&b'\n'));
    drop(input);
    let code = child.wait().unwrap().code();
    assert_ne!(
        code,
        Some(3),
        "{python} lacks a package of tests/ocsf/requirements.txt"
    );
    sent.unwrap();
    code
}

/// Run as `CASELOOM_PYTHON=.venv/bin/python cargo test --release --test events_schema -- --ignored`.
#[test]
#[ignore = "needs python3 with the packages of tests/ocsf/requirements.txt"]
fn a_second_validator_agrees() {
    assert_eq!(second_opinion(&events()), Some(0));
}

#[test]
#[ignore = "needs python3 with the packages of tests/ocsf/requirements.txt"]
fn the_second_validator_can_say_no() {
    let mut bad: Value = serde_json::from_slice(&events()[0]).unwrap();
    bad["severity"] = Value::from("Fatal");
    assert_eq!(second_opinion(&[bad.to_string().into_bytes()]), Some(1));
}
