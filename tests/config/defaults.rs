//! The shipped files say what holds without them, and say it completely.

use std::path::Path;

use caseloom::config::Config;

use super::{SHIPPED, refusal};

#[test]
fn the_shipped_file_says_the_defaults() {
    let shipped_file = Path::new(SHIPPED);
    let mut shipped = Config::load(Some(shipped_file), std::iter::empty()).unwrap();
    // The differences: where it stands, and that it names the files beside it.
    assert_eq!(shipped.store.path, shipped_file.with_file_name("data"));
    shipped.store.path = "data".into();
    assert_eq!(
        shipped.policy.file.take(),
        Some(shipped_file.with_file_name("policy.toml"))
    );
    assert!(!shipped.mappings.is_empty());
    shipped.mappings.clear();
    // As text, because mappings can't be compared; it also shows where they differ.
    assert_eq!(format!("{shipped:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn the_shipped_file_holds_every_key() {
    let text = std::fs::read_to_string(SHIPPED).unwrap();
    let line = |key: &str| {
        text.lines().any(|line| {
            line.trim_start_matches("# ")
                .starts_with(&format!("{key} ="))
        })
    };
    for section in [
        "kafka", "input", "output", "outputs", "store", "http", "policy", "mappings", "pipeline",
        "limits", "log",
    ] {
        // An unknown key that is near none makes the refusal list all that are known.
        let header = match section {
            "input" => "[[input]]\ntopic = \"a\"".into(),
            "outputs" => "[[outputs]]\nname = \"a\"".into(),
            section => format!("[{section}]"),
        };
        let refused = refusal(
            &format!("{header}\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq = 1"),
            &[],
        );
        let (_, known) = refused
            .split_once("known are ")
            .unwrap_or_else(|| panic!("{refused}"));
        for key in known.split(", ") {
            assert!(
                line(key) || text.contains(&format!("[{section}.{key}]")),
                "{section}.{key} is not in the file"
            );
        }
    }
}

#[test]
fn the_shipped_policy_says_the_defaults() {
    let config = Config::load(Some(Path::new(SHIPPED)), std::iter::empty()).unwrap();
    let shipped = config.load_policy(None).unwrap();
    let built_in = Config::default().load_policy(None).unwrap();
    assert_eq!(shipped, built_in);
    assert_eq!(shipped.version.len(), 16);
}
