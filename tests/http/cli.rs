//! The command line against a running server: what an analyst types, and what comes of it.

use std::process::{Command, Output};

use caseloom::access::{Role, Tokens};
use caseloom::http::Access;
use serde_json::Value;

use crate::office::{Office, Open, anonymous};

fn run(people: &Open, args: &[&str]) -> Output {
    run_as(people, None, args)
}

fn run_as(people: &Open, token: Option<&str>, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caseloom"));
    command.args(args).env("CASELOOM_URL", &people.base);
    if let Some(token) = token {
        command.env("CASELOOM_TOKEN", token);
    }
    command.output().unwrap()
}

/// What it printed; it must have ended well.
fn said(people: &Open, args: &[&str]) -> String {
    let output = run(people, args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(people: &Open, args: &[&str]) -> Value {
    serde_json::from_str(&said(people, args)).unwrap()
}

#[test]
fn a_case_is_worked_from_a_terminal() {
    let office = Office::new(anonymous());
    let people = office.people();
    let list = json(people, &["case", "list", "--q", "host:web-01 status:new"]);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let id = id.as_str();

    let assigned = json(people, &["case", "assign", id, "ana", "--note", "yours"]);
    assert_eq!(
        (&assigned["case"]["owner"], &assigned["revision"]),
        (&"ana".into(), &2.into())
    );
    json(people, &["case", "status", id, "investigating"]);
    json(people, &["case", "note", id, "mimikatz in the log"]);
    let task = json(
        people,
        &["case", "task", id, "isolate it", "--assignee", "bo"],
    );
    let number = task["number"].to_string();
    json(people, &["case", "done", id, &number, "--note", "done"]);
    json(people, &["case", "tag", id, "vip", "phishing"]);
    let stale = run(people, &["case", "note", id, "late", "--revision", "1"]);
    let error = String::from_utf8(stale.stderr).unwrap();
    assert_eq!(stale.status.code(), Some(1));
    assert!(
        error.contains("412") && error.contains("revision 7"),
        "{error}"
    );
    let early = run(people, &["case", "status", id, "closed"]);
    assert_eq!(early.status.code(), Some(1));
    json(
        people,
        &[
            "case",
            "close",
            id,
            "--verdict",
            "benign",
            "--resolution",
            "a drill",
        ],
    );
    json(people, &["case", "reopen", id, "--note", "not all of it"]);

    let shown = json(people, &["case", "show", id]);
    assert_eq!(shown["status"], "investigating");
    assert_eq!(
        shown["work"]["tags"],
        serde_json::json!(["phishing", "vip"])
    );
    assert_eq!(shown["timeline"].as_array().unwrap().len(), 10);
    assert_eq!(
        json(people, &["case", "candidates"])["items"],
        serde_json::json!([])
    );
    assert_eq!(
        run(people, &["case", "show", "../audit"]).status.code(),
        Some(2)
    );

    let report = said(people, &["case", "report", id]);
    assert!(
        report.starts_with("# Case ") && report.contains("> mimikatz in the log"),
        "{report}"
    );
    assert!(
        said(people, &["case", "report", id, "--format", "html"]).starts_with("<!DOCTYPE html>")
    );
    let report: Value = json(people, &["case", "report", id, "--format", "json"]);
    assert_eq!(report["case"]["work"]["times"]["reopened"], 1);

    let figures = json(people, &["report", "--json"]);
    assert_eq!(figures["by"]["all"][0]["cases"], 1);
    assert_eq!(figures["truncated"], false);
    assert!(said(people, &["report"]).contains("| all | 1 | 1 |"));
}

#[test]
fn the_audit_is_exported_and_checked_and_a_change_shows() {
    let office = Office::new(anonymous());
    let people = office.people();
    let id = people.case();
    for text in ["one", "two", "three"] {
        json(people, &["case", "note", &id, text]);
    }
    assert!(said(people, &["audit", "verify"]).starts_with("ok: 3 records"));
    let export = said(people, &["audit", "export"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.txt");
    let file = path.to_str().unwrap();
    std::fs::write(&path, &export).unwrap();
    assert!(said(people, &["audit", "verify", file]).starts_with("ok: 3 records"));
    std::fs::write(&path, export.replace("two", "too")).unwrap();
    let broken = run(people, &["audit", "verify", file]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8(broken.stderr).unwrap().contains("broken"));
}

#[test]
fn a_token_opens_what_it_should_and_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let file = path.to_str().unwrap();
    let new = |name: &str, role: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_caseloom"))
            .args([
                "token", "new", "--name", name, "--role", role, "--scope", "default", "--file",
                file,
            ])
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let (ana, vi) = (new("ana", "analyst"), new("vi", "viewer"));
    let tokens = Tokens::load(&path).unwrap();
    assert_eq!(tokens.find(&ana).unwrap().role, Role::Analyst);
    let office = Office::new(Access {
        tokens,
        ..Access::default()
    });
    let people = office.people();
    assert_eq!(run(people, &["case", "list"]).status.code(), Some(1));
    let list = run_as(people, Some(&vi), &["case", "list"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let id = list["items"][0]["id"].as_str().unwrap();
    let refused = run_as(people, Some(&vi), &["case", "note", id, "x"]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("403"));
    let noted = run_as(people, Some(&ana), &["case", "note", id, "x"]);
    assert!(noted.status.success());
    let again = Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .args([
            "token", "new", "--name", "ana", "--role", "admin", "--scope", "*", "--file", file,
        ])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(env!("CARGO_BIN_EXE_caseloom"))
            .args(["completions", shell])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && text.contains("candidates"),
            "{shell}"
        );
    }
}

#[test]
fn a_silence_is_made_from_a_terminal() {
    let office = Office::new(anonymous());
    let people = office.people();
    let told = json(
        people,
        &[
            "silence",
            "preview",
            "--rule",
            "R?",
            "--entity",
            "host:web-*",
        ],
    );
    assert_eq!(
        (&told["alerts"], &told["cases_not_opened"]),
        (&1.into(), &1.into())
    );
    let owner = ["--owner", "ana", "--reason", "patches"];
    let window = [
        "--starts",
        "2026-01-31T09:00:00Z",
        "--until",
        "2026-02-09T00:00:00Z",
        "--repeat",
        "sun 02:00-04:00 UTC",
    ];
    let made = json(
        people,
        &[
            &["silence", "add", "--rule", "R1", "--severity-max", "90"],
            &owner[..],
            &window[..],
        ]
        .concat(),
    );
    assert_eq!((&made["id"], &made["times_left"]), (&1.into(), &2.into()));
    assert_eq!(made["matcher"]["severity_max"], 90);
    let longer = json(
        people,
        &["silence", "prolong", "1", "--until", "2026-02-16T00:00:00Z"],
    );
    assert_eq!(longer["times_left"], 3);
    let list = json(people, &["silence", "list", "--state", "waiting"]);
    assert_eq!(list["items"][0]["owner"], "ana");
    assert_eq!(json(people, &["silence", "end", "1"])["state"], "ended");
    assert_eq!(
        json(people, &["silence", "suppressed"])["items"],
        serde_json::json!([])
    );
    let twice = run(people, &["silence", "end", "1"]);
    assert_eq!(twice.status.code(), Some(1));
    let odd = run(people, &["silence", "preview", "--entity", "web-01"]);
    assert_eq!(odd.status.code(), Some(2));
}
