//! A mistake in an output's settings names its key, and never shows a secret.

use std::path::Path;

use caseloom::config::{Config, ToolKind};

const HIVE: &str = "[[outputs]]\nname = \"hive\"\nkind = \"thehive\"\nurl = \"https://hive.example.com/\"\ntoken = \"env:SECRET\"\n";

fn parse(text: &str) -> Result<Config, String> {
    let secrets = [
        ("SECRET", "s3cret"),
        ("HOOK", "https://hooks.example.com/T0/hush"),
        ("BAD", "hush"),
    ];
    let env = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::parse(text, "c.toml", Path::new(""), env.into_iter())
        .map_err(|error| format!("{error:?} {error}"))
}

#[test]
fn settings_are_read_and_secrets_are_hidden() {
    let hook = "[[outputs]]\nname = \"chat\"\nkind = \"slack\"\nurl = \"env:HOOK\"\n";
    let config = parse(&format!("{HIVE}{hook}")).unwrap();
    assert_eq!(config.outputs[0].kind, ToolKind::TheHive);
    assert_eq!(config.outputs[0].url.value(), "https://hive.example.com");
    assert_eq!(
        config.outputs[1].url.value(),
        "https://hooks.example.com/T0/hush"
    );
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("s3cret") && !shown.contains("hush"),
        "{shown}"
    );
}

#[test]
fn mistakes_name_their_key() {
    let replaced = |from: &str, to: &str| HIVE.replace(from, to);
    let base = "[[outputs]]\nname = \"x\"\nurl = \"https://x.example.com\"\n";
    for (text, said) in [
        (
            format!("{HIVE}{HIVE}"),
            "outputs[1].name: hive is the name of another output",
        ),
        (
            replaced("https", "http"),
            "outputs[0].url: http:// shows tokens and cases to the network",
        ),
        (
            replaced("https://hive.example.com/", "hive"),
            "outputs[0].url: must be an address",
        ),
        (
            replaced("env:SECRET", "s3cret"),
            "outputs[0].token: write a reference",
        ),
        (
            replaced("token", "# token"),
            "outputs[0].token: thehive needs token",
        ),
        (
            format!("{HIVE}events = [\"opend\"]"),
            "outputs[0].events: unknown event \"opend\"; did you mean opened?",
        ),
        (
            format!("{HIVE}severity_min = \"hig\""),
            "outputs[0].severity_min: unknown value \"hig\"; did you mean high?",
        ),
        (
            format!("{HIVE}scopes = [\"a b\"]"),
            "outputs[0].scopes: \"a b\" is no scope",
        ),
        (
            format!("{HIVE}ca_file = \"/nowhere.pem\""),
            "outputs[0].ca_file: cannot read /nowhere.pem",
        ),
        (
            format!("{HIVE}lable = \"x\""),
            "outputs[0].lable: unknown key; did you mean label?",
        ),
        (
            format!("{base}kind = \"iris\"\ntoken = \"env:SECRET\""),
            "outputs[0].customer: DFIR-IRIS needs",
        ),
        (
            format!("{base}kind = \"jira\"\ntoken = \"env:SECRET\""),
            "outputs[0].project: Jira needs",
        ),
        (
            format!("{base}kind = \"jira\"\nuser = \"a\"\nproject = \"A\""),
            "outputs[0].token: write either token",
        ),
        (
            format!("{base}kind = \"iris\"\ncustomer = 1\nuser = \"a\"\npassword = \"env:SECRET\""),
            "outputs[0].user: iris knows tokens alone",
        ),
        (
            format!("{base}kind = \"slack\""),
            "outputs[0].url: who knows the address may write",
        ),
        (
            base.replace("https://x.example.com", "env:BAD") + "kind = \"slack\"",
            "outputs[0].url: must be an address",
        ),
    ] {
        let found = parse(&text).unwrap_err();
        assert!(found.contains(said), "{text}\n{found}");
        assert!(!found.contains("hush"), "{found}");
    }
    assert!(parse(&(replaced("https", "http") + "plain_http = true")).is_ok());
    assert!(
        parse(&replaced(
            "https://hive.example.com",
            "http://127.0.0.1:9000"
        ))
        .is_ok()
    );
}
