//! `caseloom diff` on outputs written by hand.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Rows as `id case`, or `id DISPOSITION`, one a line. A case's scope is the word before its `-`; it opened on the day
/// that the digit after it says.
fn write(directory: &Path, name: &str, rows: &str) {
    let directory = directory.join(name);
    std::fs::create_dir_all(&directory).unwrap();
    let (mut csv, mut cases, mut met) = (
        String::from("alert_id,case_id,disposition\n"),
        String::new(),
        Vec::new(),
    );
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (id, word) = row.split_once(' ').unwrap();
        let Some((scope, number)) = word.split_once('-') else {
            writeln!(csv, "{id},,{word}").unwrap();
            continue;
        };
        writeln!(csv, "{id},{word},case").unwrap();
        if !met.contains(&word) {
            met.push(word);
            let day = number[..1].parse::<i64>().unwrap();
            let own = json!({"case_id": word, "scope": scope, "opened_time": day * 86_400_000 + 1});
            let finding =
                json!({"message": format!("title of {word}"), "unmapped": {"caseloom": own}});
            writeln!(cases, "{finding}").unwrap();
        }
    }
    let messages = csv.lines().count() - 1;
    let summary =
        json!({"messages": messages, "alerts": messages, "policy": name, "state_hash": "00"});
    std::fs::write(directory.join("assignments.csv"), csv).unwrap();
    std::fs::write(directory.join("cases.jsonl"), cases).unwrap();
    std::fs::write(directory.join("summary.json"), summary.to_string()).unwrap();
}

fn run(directory: &TempDir, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .arg("diff")
        .args(flags)
        .args([directory.path().join("a"), directory.path().join("b")])
        .output()
        .unwrap()
}

/// The report and the table.
fn diff(a: &str, b: &str) -> (Value, String) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", a);
    write(directory.path(), "b", b);
    let [json, table] = [&["--json"][..], &[]].map(|flags| {
        let output = run(&directory, flags);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    });
    (serde_json::from_str(&json).unwrap(), table)
}

/// The fates that are met, by name.
fn fates(report: &Value) -> String {
    let fates = report["fates"].as_object().unwrap().iter();
    let met: Vec<_> = fates
        .filter(|(_, count)| **count != 0)
        .map(|(fate, count)| format!("{count} {fate}"))
        .collect();
    met.join(", ")
}

#[test]
fn the_same_output_twice_differs_in_nothing() {
    let rows = "1 t-0a\n2 t-0a\n3 candidate";
    let (report, table) = diff(rows, rows);
    assert_eq!(report["identical"], true);
    assert_eq!(fates(&report), "1 same");
    assert!(table.ends_with("nothing differs\n"), "{table}");
}

#[test]
fn other_names_for_the_same_cases_are_no_difference() {
    let (report, _) = diff("1 t-0a\n2 t-0b\n3 t-0b", "1 t-0x\n2 t-0y\n3 t-0y");
    assert_eq!(report["identical"], true);
    assert_eq!(
        report["workload"][0]["by_day"],
        json!([{"day": "1970-01-01", "a": 2, "b": 2}])
    );
}

#[test]
fn every_case_has_one_fate() {
    // Split in two: s. Merged from two: m, n. Appeared, vanished, grew, shrank, exchanged, same.
    let a =
        "1 t-0s\n2 t-0s\n3 t-0s\n4 t-0m\n5 t-0n\n6 t-0n\n7 candidate\n8 t-0v\n9 t-0g\n10 candidate
        11 t-0k\n12 t-0k\n13 t-0e\n14 t-0e\n15 candidate\n16 t-0i";
    let b =
        "1 t-0p\n2 t-0p\n3 t-0q\n4 t-0o\n5 t-0o\n6 t-0o\n7 t-0new\n8 background\n9 t-0g\n10 t-0g
        11 t-0k\n12 expired\n13 t-0e\n14 candidate\n15 t-0e\n16 t-0i";
    let (report, table) = diff(a, b);
    assert_eq!(
        fates(&report),
        "1 appeared, 1 exchanged, 1 grew, 1 merged, 2 merged_away, 2 part, 1 same, 1 shrank, 1 split, 1 vanished"
    );
    let case = |id: &str, alerts: u64| json!({"id": id, "scope": "t", "title": format!("title of {id}"), "alerts": alerts});
    let part = |id: &str, alerts: u64, shared: u64| {
        let mut part = case(id, alerts);
        part["shared"] = shared.into();
        part
    };
    let mut split = case("t-0s", 3);
    split["parts"] = json!([part("t-0p", 2, 2), part("t-0q", 1, 1)]);
    split["rest"] = 0.into();
    assert_eq!(report["split"], json!([split]));
    let mut merged = case("t-0o", 3);
    merged["parts"] = json!([part("t-0n", 2, 2), part("t-0m", 1, 1)]);
    merged["rest"] = 0.into();
    assert_eq!(report["merged"], json!([merged]));
    assert_eq!(report["appeared"], json!([case("t-0new", 1)]));
    assert_eq!(report["vanished"], json!([case("t-0v", 1)]));
    let changed = report["changed"].as_array().unwrap();
    let told: Vec<_> = changed
        .iter()
        .map(|c| (c["b"]["id"].as_str().unwrap(), &c["gained"], &c["lost"]))
        .collect();
    assert_eq!(
        told,
        [
            ("t-0e", &json!(1), &json!(1)),
            ("t-0g", &json!(1), &json!(0)),
            ("t-0k", &json!(0), &json!(1))
        ]
    );
    // 3 is not with its heir p, 4 not with n's heir o.
    assert_eq!(report["alerts"]["case"], 2);
    assert_eq!(report["alerts"]["disposition"], 6);
    assert!(
        table.contains("alerts  2 in another case, 6 of another disposition"),
        "{table}"
    );
    assert!(
        table.contains("    into t-0q  1 of its 1 alerts"),
        "{table}"
    );
    assert!(!table.contains("WARNING"), "{table}");
}

#[test]
fn a_heir_is_taken_once_and_by_the_largest_overlap() {
    // x is the best of both a and b, but a shares more; b gets y.
    let a = "1 t-0a\n2 t-0a\n3 t-0a\n4 t-0b\n5 t-0b\n6 t-0b";
    let b = "1 t-0x\n2 t-0x\n3 t-0x\n4 t-0x\n5 t-0x\n6 t-0y";
    let (report, _) = diff(a, b);
    assert_eq!(report["alerts"]["case"], 2, "4 and 5");
    assert_eq!(fates(&report), "1 merged, 1 merged_away, 1 part, 1 split");
}

#[test]
fn rows_that_only_one_has_are_said_loudly() {
    let (report, table) = diff(
        "1 t-0a\n2 t-0a\n3 t-0b",
        "2 t-0a\n3 t-0b\n4 t-0b\n5 candidate",
    );
    assert_eq!(report["same_input"], false);
    assert_eq!(report["rows"], json!({"both": 2, "only_a": 1, "only_b": 2}));
    assert!(table.starts_with(
        "WARNING: A and B are not of the same input: 2 rows are in both, 1 only in A, 2 only in B"
    ));
    // The cases are told all the same.
    assert_eq!(fates(&report), "1 grew, 1 shrank");
}

#[test]
fn another_order_of_the_rows_is_the_same_input() {
    let a: String = (0..500).map(|n| format!("{n} t-0c{}\n", n % 7)).collect();
    let b: String = (0..500)
        .rev()
        .map(|n| format!("{n} t-0c{}\n", n % 7))
        .collect();
    let (report, _) = diff(&a, &b);
    assert_eq!(
        (&report["identical"], &report["rows"]["both"]),
        (&json!(true), &json!(500))
    );
}

#[test]
fn workload_is_told_by_day_and_scope() {
    let a = "1 t-0a\n2 t-0b\n3 t-2c\n4 u-1d";
    let b = "1 t-0a\n2 t-0a\n3 t-2c\n4 u-1d";
    let (report, table) = diff(a, b);
    let t = &report["workload"][0];
    assert_eq!(
        (&t["scope"], &t["days"], &t["a"], &t["b"]),
        (&json!("t"), &json!(3), &json!(3), &json!(2))
    );
    assert_eq!(
        t["by_day"],
        json!([{"day": "1970-01-01", "a": 2, "b": 1}, {"day": "1970-01-03", "a": 1, "b": 1}])
    );
    assert!(
        table.contains("  t  1 -> 0.67 (-0.33) over 3 days"),
        "{table}"
    );
}

#[test]
fn quoted_ids_and_redeliveries_are_rows_as_all_others() {
    let directory = tempfile::tempdir().unwrap();
    for (name, word) in [("a", "case"), ("b", "candidate")] {
        write(directory.path(), name, "");
        let case = if word == "case" { "t-0a" } else { "" };
        let csv = format!(
            "alert_id,case_id,disposition\n\"x,\"\"\ny\",{case},{word}\n\"f,1:2#0\",{case},duplicate\n"
        );
        std::fs::write(directory.path().join(name).join("assignments.csv"), csv).unwrap();
    }
    let report: Value = serde_json::from_slice(&run(&directory, &["--json"]).stdout).unwrap();
    assert_eq!(report["rows"]["both"], 2);
    assert_eq!(
        report["vanished"][0]["alerts"], 1,
        "a redelivery is not held twice"
    );
}

#[test]
fn what_is_no_output_of_a_replay_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", "1 t-0a");
    assert_eq!(
        run(&directory, &[]).status.code(),
        Some(1),
        "B is not there"
    );
    write(directory.path(), "b", "1 t-0a");
    std::fs::write(directory.path().join("b/assignments.csv"), "id,case\n1,2\n").unwrap();
    let output = run(&directory, &[]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("assignments.csv:1: expected alert_id,case_id,disposition"),
        "{message}"
    );
}
