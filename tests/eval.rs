//! Replays of real alerts: `CASELOOM_EVAL_DATA` names a folder that holds `data/` and `eval/`.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The terms of the accounting in a summary.
const TERMS: [&str; 9] = [
    "redelivered",
    "updated",
    "ignored",
    "background",
    "suppressed",
    "candidate",
    "expired",
    "case",
    "purged",
];

#[test]
#[ignore = "needs CASELOOM_EVAL_DATA"]
fn an_ait_network_has_a_row_for_each_alert_and_the_same_end_twice() {
    let input = data("ait/shaw.jsonl.gz");
    let summary = replay_twice(&input);
    let alerts = number(&summary, "alerts");
    assert_eq!(alerts, lines(&input), "one alert a line");
    assert_eq!(number(&summary, "rejected"), 0);
}

#[test]
#[ignore = "needs CASELOOM_EVAL_DATA"]
fn a_competition_team_has_a_row_for_each_alert_and_the_same_end_twice() {
    let input = data("cptc/team01.eve.jsonl.gz");
    let summary = replay_twice(&input);
    assert_eq!(number(&summary, "messages"), lines(&input));
}

fn data(name: &str) -> PathBuf {
    let root = std::env::var_os("CASELOOM_EVAL_DATA")
        .expect("CASELOOM_EVAL_DATA names a folder that holds data/ and eval/");
    let path = Path::new(&root).join("data").join(name);
    assert!(path.is_file(), "{} is not there", path.display());
    path
}

fn lines(path: &Path) -> u64 {
    let file = std::fs::File::open(path).unwrap();
    let text = BufReader::new(flate2::read::MultiGzDecoder::new(file));
    text.split(b'\n').map(Result::unwrap).count() as u64
}

/// Replays it two times, checks all four files, and returns the summary.
fn replay_twice(input: &Path) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let [first, second] =
        ["first", "second"].map(|name| replay(input, &directory.path().join(name)));
    assert_eq!(first["state_hash"], second["state_hash"]);
    for name in ["assignments.csv", "cases.jsonl", "rejects.jsonl"] {
        let read = |run: &str| std::fs::read(directory.path().join(run).join(name)).unwrap();
        assert!(read("first") == read("second"), "{name} differs");
    }
    check(&directory.path().join("first"), &first);
    first
}

fn replay(input: &Path, out: &Path) -> Value {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config/caseloom.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .args(["replay", "--config", config, "--out"])
        .args([out, input])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap()
}

fn check(out: &Path, summary: &Value) {
    let terms: u64 = TERMS.map(|term| number(summary, term)).iter().sum();
    assert_eq!(terms, number(summary, "alerts"), "{summary:#}");
    let rows = file_lines(&out.join("assignments.csv")).len() as u64 - 1;
    let rejects = file_lines(&out.join("rejects.jsonl")).len() as u64;
    assert_eq!(rows, number(summary, "alerts") + rejects);
    assert_eq!(rejects, number(summary, "rejected"));
    let cases = file_lines(&out.join("cases.jsonl"));
    assert_eq!(cases.len() as u64, number(summary, "cases"));
    assert!(!cases.is_empty());
    assert_ocsf(&cases);
}

fn assert_ocsf(cases: &[String]) {
    let schema = std::fs::read(data("ocsf/ocsf-1.8.0-incident_finding.schema.json")).unwrap();
    let schema = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for line in cases {
        let case: Value = serde_json::from_str(line).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&case)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{case:#}");
    }
}

fn file_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}

fn number(summary: &Value, name: &str) -> u64 {
    summary[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name} in {summary:#}"))
}
