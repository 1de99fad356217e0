//! `caseloom test`: the shipped scenarios, and what it says of others.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

use std::path::Path;
use std::process::{Command, Output};

fn run(args: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .arg("test")
        .args(args)
        .current_dir(directory)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Plays `story` from a file of its own; gives the exit code and what it says.
fn play(story: &str, flags: &[&str]) -> (Option<i32>, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("story.txt");
    std::fs::write(&file, story).unwrap();
    let output = run(&[flags, &["story.txt"]].concat(), directory.path());
    let after = std::fs::read_to_string(&file).unwrap();
    (output.status.code(), text(&output.stdout), after)
}

const STORY: &str = "alert a1 08:00 dump 70 host:ws-1\nalert a2 08:20 beacon 60 host:ws-1\nalert b1 08:21 scan 20 host:db-1\n";

#[test]
fn the_shipped_scenarios_hold() {
    let root = Path::new(".");
    let output = run(
        &["--config", "config/caseloom.toml", "config/scenarios"],
        root,
    );
    let told = text(&output.stdout);
    // After a change that is meant: caseloom test --config config/caseloom.toml --update config/scenarios
    assert!(output.status.success(), "{told}");
    let files = std::fs::read_dir(root.join("config/scenarios"))
        .unwrap()
        .count();
    assert!(
        files >= 7 && told.ends_with(&format!("{files} passed, 0 failed\n")),
        "{told}"
    );
}

#[test]
fn a_scenario_that_holds_says_so() {
    let story = format!("{STORY}---- cases\n# together\ng1 case: a1 a2\n\ng2 candidate: b1\n");
    let (code, told, _) = play(&story, &[]);
    assert_eq!(
        (code, told.as_str()),
        (Some(0), "ok       story.txt\n1 passed, 0 failed\n")
    );
}

#[test]
fn a_difference_is_told_line_by_line() {
    let story = format!("{STORY}---- cases\ng1 case: a1 a2 b1\ng2 candidate: b1\n");
    let (code, told, after) = play(&story, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(
        told,
        "FAILED   story.txt\n    ---- cases\n    - g1 case: a1 a2 b1\n    + g1 case: a1 a2\n      g2 candidate: b1\n0 passed, 1 failed\n"
    );
    assert_eq!(after, story, "nothing is written without --update");
}

#[test]
fn update_fills_the_sections_that_are_there() {
    let (code, told, after) = play(STORY, &["--update"]);
    assert_eq!(
        (code, told.as_str()),
        (Some(0), "updated  story.txt\n1 passed, 0 failed\n")
    );
    assert_eq!(
        after,
        format!("{STORY}---- cases\ng1 case: a1 a2\ng2 candidate: b1\n")
    );
    let (_, _, after) = play(
        &format!("{STORY}---- links\n---- events\nnonsense\n"),
        &["--update"],
    );
    assert_eq!(
        after,
        format!(
            "{STORY}---- links\na2: shares host ws-1 with a1, 20 min apart\n---- events\n08:20 g1 opened (risk)\n"
        )
    );
}

#[test]
fn a_story_sets_its_policy() {
    for policy in [
        "policy promotion.risk = 1000\n",
        "policy file trial.toml\n",
        "policy gaps.host = 10m\npolicy promotion.risk=1000\n",
    ] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("trial.toml"),
            "[promotion]\nrisk = 1000\n",
        )
        .unwrap();
        std::fs::write(
            directory.path().join("s.txt"),
            format!("{policy}{STORY}---- cases\n"),
        )
        .unwrap();
        let output = run(&["--update", "."], directory.path());
        assert!(output.status.success(), "{}", text(&output.stdout));
        let after = std::fs::read_to_string(directory.path().join("s.txt")).unwrap();
        assert!(after.contains("g1 candidate: a1"), "{after}");
        assert_eq!(
            after.contains("g1 candidate: a1 a2"),
            !policy.contains("gaps"),
            "{after}"
        );
    }
}

#[test]
fn a_policy_of_the_command_line_goes_for_stories_without_one() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("trial.toml"),
        "[promotion]\nrisk = 1000\n",
    )
    .unwrap();
    let expected = "---- cases\ng1 candidate: a1 a2\ng2 candidate: b1\n";
    std::fs::write(directory.path().join("s.txt"), format!("{STORY}{expected}")).unwrap();
    let with = run(&["--policy", "trial.toml", "s.txt"], directory.path());
    assert!(with.status.success(), "{}", text(&with.stdout));
    let without = run(&["s.txt"], directory.path());
    assert_eq!(without.status.code(), Some(1));
}

#[test]
fn what_cannot_be_told_names_its_line() {
    for (story, problem) in [
        (
            "# c\nalert a1 8 r 10 host:a\n---- cases\n",
            "line 2: \"8\" is no time such as",
        ),
        (
            "alert a1 08:00 r 101 host:a\n---- cases\n",
            "line 1: the severity must be 0 to 100",
        ),
        (
            "alert a1 08:00 r 10 robot:a\n---- cases\n",
            "line 1: unknown kind \"robot\"",
        ),
        (
            "alert a1 08:00 r 10 host:localhost\n---- cases\n",
            "line 1: \"localhost\" means nothing as host",
        ),
        (
            "alert a1 08:00 r 10 colour=red\n---- cases\n",
            "line 1: unknown key \"colour\"",
        ),
        (
            "alert a1 08:00 r 10\npolicy promotion.risk = 1\n---- cases\n",
            "line 2: the policy stands before",
        ),
        (
            "policy promotion.rsk = 1\nalert a1 08:00 r 10\n---- cases\n",
            "promotion.rsk: unknown key; did you mean risk?",
        ),
        (
            "policy promotion.risk = -1\nalert a1 08:00 r 10\n---- cases\n",
            "promotion.risk: must be from 0 to 1000",
        ),
        ("jump\n---- cases\n", "line 1: unknown word \"jump\""),
        ("message {\n---- cases\n", "line 1: the message is rejected"),
        (
            "repeat many every 1h alert a 08:00 r 10\n---- cases\n",
            "line 1: expected repeat N every SPAN alert",
        ),
        (
            "alert a1 08:00 r 10\n---- casses\n",
            "line 2: unknown section \"casses\"",
        ),
        ("alert a1 08:00 r 10\n", "it expects nothing"),
    ] {
        let (code, told, _) = play(story, &[]);
        assert_eq!(code, Some(1), "{story}{told}");
        assert!(
            told.starts_with("BROKEN   story.txt: ") && told.contains(problem),
            "{story}{told}"
        );
    }
}

#[test]
fn no_scenario_is_no_success() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(run(&["."], directory.path()).status.code(), Some(1));
    assert_eq!(
        run(&[], directory.path()).status.code(),
        Some(1),
        "no directory scenarios"
    );
}

#[test]
fn repeats_are_shortened_and_days_counted() {
    let story = "repeat 3 every 1d alert n 08:00 r 10 host:a\nalert n.9 3+08:00 r 10 host:a\nalert n.9 3+08:00 r 10 host:a\n---- cases\n";
    let (_, told, after) = play(story, &["--update"]);
    assert!(
        after.contains("g1 expired: n.1\n") && after.contains("duplicate: n.9#2\n"),
        "{told}{after}"
    );
    let story = "repeat 3 every 1m alert n 2+08:00 r 95 host:a\n---- cases\n---- events\n";
    let (_, _, after) = play(story, &["--update"]);
    assert!(
        after.contains("g1 case: n.1..n.3\n") && after.contains("2+08:00 g1 opened (critical)\n"),
        "{after}"
    );
}
