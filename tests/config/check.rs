//! `caseloom check` ends with 78 on anything that `run` would stumble over.

use std::path::Path;
use std::process::{Command, Output};

use super::SHIPPED;

fn check(config: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caseloom"));
    command
        .env_clear()
        .args(["check", "--config"])
        .arg(config)
        .output()
        .unwrap()
}

#[test]
fn check_accepts_the_shipped_files() {
    let output = check(Path::new(SHIPPED));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        stdout.starts_with("ok: inputs 1, mappings 1, lists 0, policy "),
        "{stdout}"
    );
}

/// Checks a configuration among files with these names and texts.
fn check_files(files: &[(&str, &str)]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    check(&dir.path().join("c.toml"))
}

fn assert_refused(output: &Output, expected: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{stderr}");
    for expected in expected {
        assert!(stderr.contains(expected), "{expected}\n{stderr}");
    }
}

#[test]
fn a_wrong_configuration_ends_with_78() {
    assert_refused(
        &check_files(&[]),
        &["c.toml: cannot read the file: No such file"],
    );
    let output = check_files(&[("c.toml", "[kafka]\nbrokrs = 1")]);
    assert_refused(
        &output,
        &["c.toml:2:1: kafka.brokrs: unknown key; did you mean brokers?"],
    );
}

#[test]
fn a_wrong_policy_ends_with_78_and_every_mistake() {
    let policy = "latness = \"1h\"\n[dedup]\nwindow = \"0s\"\n[gaps]\nhots = \"1h\"\n[ignored_entities]\nip = [\"-\"]";
    let output = check_files(&[
        ("c.toml", "[policy]\nfile = \"p.toml\""),
        ("p.toml", policy),
    ]);
    assert_refused(
        &output,
        &[
            "p.toml:1:1: latness: unknown key; did you mean lateness?",
            "p.toml:3:1: dedup.window: must be above 0 and at most 24 h",
            "p.toml:5:1: gaps.hots: unknown value \"hots\"; did you mean host?",
            "p.toml:7:7: ignored_entities.ip[0]: \"-\" means nothing as ip, so it never links anyway",
        ],
    );
    let output = check_files(&[("c.toml", "[policy]\nfile = \"absent.toml\"")]);
    assert_refused(
        &output,
        &["absent.toml: cannot read the file: No such file"],
    );
}

#[test]
fn a_wrong_mapping_ends_with_78_and_names_its_line() {
    let right = "name = \"right\"\n[alert]\ntime = \"t\"\nrule_name = \"r\"";
    let output = check_files(&[
        ("c.toml", "[mappings]\ndir = \"m\""),
        (
            "m/a.toml",
            "name = \"a\"\n[alert]\ntime = \"t\"\nrule_nam = \"r\"",
        ),
        ("m/b.toml", right),
        ("m/c.toml", right),
        ("m/readme.txt", "is left alone"),
    ]);
    assert_refused(
        &output,
        &[
            "m/a.toml:4:1: rule_nam: unknown field",
            "m/c.toml: the name \"right\" is another mapping's already",
        ],
    );
}

#[test]
fn mappings_are_tried_on_their_examples() {
    let mapping = |name: &str, message: &str| {
        format!(
            "name = \"{name}\"\n[detect]\npresent = [\"weird\"]\n[alert]\ntime = \"t\"\nrule_name = \"r\"\ntitle = \"titel\"\n\
             [[example]]\nmessage = '{message}'"
        )
    };
    let check = |a: &str, b: &str| {
        check_files(&[
            ("c.toml", "[mappings]\ndir = \"m\""),
            ("m/a.toml", &mapping("a", a)),
            ("m/b.toml", &mapping("b", b)),
        ])
    };
    let right = r#"{"weird":1,"t":1772352000,"r":"A rule","host":"ws-7"}"#;
    let output = check(right, r#"{"weird":1,"t":1772352000}"#);
    assert_refused(
        &output,
        &["m/b.toml:9:1: example[0].message: rejected as missing_rule: no rule at rule_id"],
    );
    let output = check(right, right);
    assert_refused(
        &output,
        &["m/b.toml:9:1: example[0].message: it is read as a, which is tried before"],
    );
    let output = check_files(&[
        ("c.toml", "[mappings]\ndir = \"m\""),
        ("m/a.toml", &mapping("a", right)),
    ]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "ok: inputs 1, mappings 1",
        "m/a.toml: examples 1\nmessage 1: a",
        "A rule",
        "host: ws-7",
        "in no example: titel",
    ] {
        assert!(stdout.contains(expected), "{expected}\n{stdout}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let status = Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .env_clear()
        .arg("chekc")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(2));
}
