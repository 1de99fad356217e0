//! Behaviour: a mapping file turns a JSON source of one's own into alerts, and a bad file names its line.

mod parsing;

use caseloom_engine::alert::{Alert, Lifecycle};
use caseloom_engine::input::{Format, Limits, Mapping, Message, Parser};
use parsing::{message, story};

#[test]
fn fixtures() {
    for (name, text) in parsing::fixtures("ait-ads") {
        insta::assert_snapshot!(format!("ait_ads__{name}"), story(&text));
    }
}

const EVERYTHING: &str = r#"
name = "everything"

[detect]
present = ["detection.id"]
equal = { kind = "detection", version = 2 }

[alert]
id = "detection.id"
time = { path = "ts", format = "epoch_ms" }
updated = { path = "changed", format = "filetime" }
source = { const = "my-edr" }
scope = { paths = ["tenant", "org.name"], default = "nobody" }
rule_id = { join = ["engine", "rule.id"], with = "/" }
rule_name = "rule.name"
title = { paths = ["summary", "rule.name"] }
severity = { path = "level", values = { bad = 70, "Very Bad" = 90, "3" = "low" }, default = 40 }
attack = ["techniques[].id", "tactic"]
count = "times"
lifecycle = { path = "state", values = { shut = "archived", open = "active" } }

[[entity]]
kind = "host_or_ip"
role = "affected"
path = "devices[].name"
thing = 1

[[entity]]
kind = "ip"
role = "affected"
path = "devices[].addresses[]"
thing = 1

[[entity]]
kind = "user"
role = "actor"
path = "who"
"#;

fn everything(text: &str) -> Alert {
    let mapping = Mapping::from_toml(EVERYTHING, "everything.toml").expect("it compiles");
    let mut parser = Parser::new(vec![mapping], Limits::default());
    let mut alerts = Vec::new();
    parser
        .parse(&message(text.as_bytes()), &mut alerts)
        .expect("it is read");
    alerts.remove(0)
}

const FULL: &str = r#"{"kind":"detection","version":2,"detection":{"id":"d-1"},"ts":1772352000123,"changed":134168256001230000,
    "org":{"name":"acme"},"engine":"ml","rule.id":17,"rule":{"name":"Odd"},"level":"VERY BAD","times":"4","state":"shut",
    "techniques":[{"id":"T1059"},{"id":"T1003.001, T1059"}],"tactic":"TA0002",
    "devices":[{"name":"ws-1","addresses":["10.0.0.1","10.0.0.2"]},{"name":"10.0.0.3","addresses":"10.0.0.4"}],"who":["alice","root"]}"#;

#[test]
fn every_key_of_a_mapping() {
    let alert = everything(FULL);
    assert_eq!(alert.id.as_deref(), Some("d-1"));
    assert_eq!(alert.time.to_rfc3339(), "2026-03-01T08:00:00.123Z");
    assert_eq!(
        alert.updated.map(|time| time.to_rfc3339()).as_deref(),
        Some("2026-03-01T08:00:00.123Z")
    );
    assert_eq!((&*alert.scope, &*alert.source), ("acme", "my-edr"));
    assert_eq!(
        (&*alert.rule_id, &*alert.rule_name, &*alert.title),
        ("ml/17", "Odd", "Odd")
    );
    assert_eq!(
        (alert.severity.score, alert.count, alert.lifecycle),
        (90, 4, Lifecycle::Archived)
    );
    assert_eq!(alert.attack.to_vec(), ["T1059", "T1003.001", "TA0002"]);
    let entities: Vec<(&str, &str, u8)> = alert
        .entities
        .iter()
        .map(|entity| (entity.kind.as_str(), &*entity.value, entity.thing))
        .collect();
    assert_eq!(
        entities,
        [
            ("host", "ws-1", 1),
            ("ip", "10.0.0.3", 2),
            ("ip", "10.0.0.1", 1),
            ("ip", "10.0.0.2", 1),
            ("ip", "10.0.0.4", 2),
            ("user", "alice", 0)
        ]
    );
}

#[test]
fn defaults_and_tables_of_values() {
    let with = |level: &str| {
        let text = format!(
            r#"{{"kind":"detection","version":"2","detection":{{"id":"d"}},"ts":1772352000123,"rule":{{"name":"Odd"}}{level}}}"#
        );
        let alert = everything(&text);
        (
            alert.severity.score,
            alert.scope.to_string(),
            alert.rule_id.to_string(),
        )
    };
    let nobody = |score, rule: &str| (score, "nobody".to_owned(), rule.to_owned());
    assert_eq!(with(""), nobody(40, "Odd"));
    assert_eq!(with(r#","level":"who knows""#), nobody(40, "Odd"));
    assert_eq!(with(r#","level":3,"engine":"ml""#), nobody(30, "ml"));
    assert_eq!(
        with(r#","level":"bad","tenant":"","org":{"name":null}"#),
        nobody(70, "Odd")
    );
}

#[test]
fn a_mapping_takes_over_what_a_built_in_format_would_read() {
    let mapping = r#"
        name = "mine"
        [detect]
        equal = { source = "mine" }
        [alert]
        time = "time"
        rule_name = "rule"
        source = { const = "taken-over" }
    "#;
    let mut parser = Parser::new(
        vec![Mapping::from_toml(mapping, "mine.toml").unwrap()],
        Limits::default(),
    );
    let text = |source: &str| {
        format!(r#"{{"time":1772352000,"rule":"r","title":"t","source":"{source}"}}"#)
    };
    let mut alerts = Vec::new();
    for source in ["mine", "other"] {
        parser
            .parse(&message(text(source).as_bytes()), &mut alerts)
            .unwrap();
    }
    assert_eq!(
        alerts
            .iter()
            .map(|alert| &*alert.source)
            .collect::<Vec<_>>(),
        ["taken-over", "other"]
    );
    assert_eq!(parser.format("mine"), Some(Format::Mapping(0)));
    assert_eq!(parser.format("suricata"), Format::built_in("suricata"));
    assert_eq!(parser.format("theirs"), None);
}

#[test]
fn a_mapping_without_detect_is_used_by_name_only() {
    let mapping = "name = \"mine\"\n[alert]\ntime = \"t\"\nrule_name = \"r\"\n";
    let mut parser = Parser::new(
        vec![Mapping::from_toml(mapping, "mine.toml").unwrap()],
        Limits::default(),
    );
    let text = br#"{"t":1772352000,"r":"x"}"#;
    let mut alerts = Vec::new();
    let auto = parser.parse(&message(text), &mut alerts);
    assert_eq!(
        auto.map_err(|reject| reject.reason()),
        Err("unknown_format")
    );
    let format = parser.format("mine").unwrap();
    parser
        .parse(
            &Message {
                format,
                ..message(text)
            },
            &mut alerts,
        )
        .unwrap();
    assert_eq!(alerts[0].rule_id, "x");
}

#[test]
fn a_bad_file_names_line_and_key() {
    let good = "name = \"m\"\n[alert]\ntime = \"t\"\nrule_name = \"r\"\n";
    assert!(Mapping::from_toml(good, "m.toml").is_ok());
    for (text, wanted) in [
        (
            "name = \"m\"\n[alert]\ntime = \"t\"\nrule_name = \"r\"\nseverty = \"s\"\n",
            "m.toml:5: severty: unknown field `severty`",
        ),
        (
            "name = \"m\"\n[alert]\ntime = \"t\"\nrule_name = 7\n",
            "m.toml:4: rule_name: invalid type: integer `7`",
        ),
        (
            "name = \"m\"\n[alert]\ntime = \"t..x\"\nrule_name = \"r\"\n",
            "m.toml:3: time: path \"t..x\" has an empty segment",
        ),
        (
            "name = \"m\"\n[alert]\ntime = { path = \"t\", const = 7 }\nrule_name = \"r\"\n",
            "m.toml:3: time: give exactly one of",
        ),
        (
            "name = \"m\"\n[alert]\ntime = { path = \"t\", fromat = \"auto\" }\nrule_name = \"r\"\n",
            "m.toml:3: time: unknown field `fromat`",
        ),
        (
            "name = \"m\"\n[alert]\nrule_name = \"r\"\n",
            "m.toml:2: [alert]: missing field `time`",
        ),
        (
            "name = \"m\"\n[alert]\ntime = \"t\"\n",
            "m.toml:2: alert: one of rule_id and rule_name is required",
        ),
        (
            "name = \"a b\"\n[alert]\ntime = \"t\"\nrule_name = \"r\"\n",
            "m.toml:1: name: a name has 1 to 128",
        ),
        (
            "name = \"suricata\"\n[alert]\ntime = \"t\"\nrule_name = \"r\"\n",
            "m.toml:1: name: this is a built-in format's name",
        ),
        (
            &format!("{good}[[entity]]\nkind = \"hots\"\nrole = \"actor\"\npath = \"h\"\n"),
            "m.toml:6: kind: no kind \"hots\"",
        ),
        (
            &format!("{good}[[entity]]\nkind = \"host\"\nrole = \"doer\"\npath = \"h\"\n"),
            "m.toml:7: role: unknown variant `doer`",
        ),
        ("name = \"m\"\n[alert\n", "m.toml:2: [alert: "),
        ("", "m.toml:1: : missing field `name`"),
    ] {
        let error = Mapping::from_toml(text, "m.toml").unwrap_err().to_string();
        assert!(
            error.starts_with(wanted),
            "wanted {wanted:?}\n   got {error:?}"
        );
    }
}

#[test]
fn examples_say_which_paths_lead_nowhere() {
    let text = r#"name = "m"
[alert]
time = "t"
rule_name = "rule.name"
title = { paths = ["summary", "text"] }
[[entity]]
kind = "host"
role = "affected"
path = "hosts[].name"
[[example]]
message = '{"t":1772352000,"rule":{"name":"r"},"hosts":[{"nmae":"h"}]}'
[[example]]
message = """
{"t":1772352000,"rule.name":"r","text":"x"}"""
"#;
    let mapping = Mapping::from_toml(text, "m.toml").unwrap();
    assert_eq!(mapping.file_name(), "m.toml");
    assert!(!mapping.is_told());
    let lines: Vec<usize> = mapping.examples().iter().map(|e| e.line).collect();
    assert_eq!(lines, [11, 13]);
    let messages: Vec<&str> = mapping.examples().iter().map(|e| &*e.message).collect();
    let without = |messages: &[&str]| mapping.paths_without_value(messages, &Limits::default());
    assert_eq!(without(&messages), ["summary", "hosts[].name"]);
    assert_eq!(without(&messages[..1]), ["summary", "text", "hosts[].name"]);
    let all = ["summary", "text", "rule.name", "t", "hosts[].name"];
    let mut told = without(&["[", "x", "{\"a\":"]);
    told.sort_by_key(|path| all.iter().position(|known| known == path));
    assert_eq!(told, all);
}
