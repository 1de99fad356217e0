//! What the file refers to: other files and secrets.

use std::path::Path;

use caseloom::config::{Config, Property};

use super::parse;

#[test]
fn relative_paths_start_at_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    std::fs::write(dir.path().join("pw"), "hunter2\n").unwrap();
    std::fs::write(&file, "[store]\npath = \"d\"\n[policy]\nfile = \"/p.toml\"\n[kafka.properties]\n\"ssl.key.password\" = \"file:pw\"").unwrap();
    let config = Config::load(Some(&file), std::iter::empty()).unwrap();
    assert_eq!(config.store.path, dir.path().join("d"));
    assert_eq!(config.policy.file.as_deref(), Some(Path::new("/p.toml")));
    assert_eq!(
        config.kafka.properties["ssl.key.password"].value(),
        "hunter2"
    );
}

#[test]
fn debug_shows_where_a_secret_comes_from_and_not_what_it_is() {
    let text = "[kafka.properties]\n\"sasl.password\" = \"env:KAFKA_PASSWORD\"";
    let config = parse(text, &[("KAFKA_PASSWORD", "hunter2")]).unwrap();
    assert!(matches!(
        config.kafka.properties["sasl.password"],
        Property::Secret(_)
    ));
    let shown = format!("{config:?} {config:#?}");
    assert!(shown.contains("env:KAFKA_PASSWORD"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
