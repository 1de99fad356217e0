//! The configuration: the shipped files say the defaults, mistakes name themselves, the environment overrides.

use std::path::Path;
use std::process::{Command, Output};

use caseloom::config::{Config, Property, Start};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/caseloom.toml");

fn parse(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let env = env
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    Config::parse(text, "c.toml", Path::new(""), env).map_err(|error| error.to_string())
}

fn refusal(text: &str, env: &[(&str, &str)]) -> String {
    parse(text, env).expect_err(text)
}

#[test]
fn the_shipped_file_says_the_defaults() {
    let text = std::fs::read_to_string(SHIPPED).unwrap();
    let mut shipped = parse(&text, &[]).unwrap();
    // The one difference: it names the files beside it.
    assert_eq!(
        shipped.policy.file.take().as_deref(),
        Some(Path::new("policy.toml"))
    );
    assert_eq!(
        shipped.mappings.dir.take().as_deref(),
        Some(Path::new("mappings"))
    );
    assert_eq!(shipped, Config::default());
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
        "kafka", "input", "output", "store", "http", "policy", "mappings", "pipeline", "limits",
        "log",
    ] {
        // An unknown key that is near none makes the refusal list all that are known.
        let header = if section == "input" {
            "[[input]]\ntopic = \"a\"".into()
        } else {
            format!("[{section}]")
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

/// What is written, and what is said about it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "[kafka]\nbrokrs = \"a:1\"",
        "c.toml:2:1: kafka.brokrs: unknown key; did you mean brokers?",
    ),
    (
        "[kafak]",
        "c.toml:1:2: kafak: unknown key; did you mean kafka?",
    ),
    (
        "[http]\n  lisen = 1",
        "c.toml:2:3: http.lisen: unknown key; did you mean listen?",
    ),
    (
        "[log]\nx = 1",
        "c.toml:2:1: log.x: unknown key; known are format, level",
    ),
    (
        "[kafka]\ncreate_topics = \"yes\"",
        "c.toml:2:1: kafka.create_topics: expected a boolean, found string \"yes\"",
    ),
    (
        "[kafka]\nclient_id = 5",
        "c.toml:2:1: kafka.client_id: expected a string, found integer `5`",
    ),
    (
        "[kafka]\nbrokers = []",
        "c.toml:2:1: kafka.brokers: expected addresses such as [\"kafka-1:9092\", \"kafka-2:9092\"], found string \"\"",
    ),
    (
        "kafka = 5",
        "c.toml:1:1: kafka: expected a table, found integer `5`",
    ),
    (
        "[[input]]\nformat = \"auto\"",
        "c.toml:1:1: input[0]: the key topic is missing",
    ),
    (
        "input = []",
        "c.toml:1:1: input: at least one topic to read is needed",
    ),
    (
        "[[input]]\ntopic = \"a b\"",
        "c.toml:2:1: input[0].topic: expected a topic: 1 to 249 of A-Z a-z 0-9 . _ -, found string \"a b\"",
    ),
    (
        "[[input]]\ntopic = \"a\"\nstart = \"yesterday\"",
        "c.toml:3:1: input[0].start: expected earliest, latest or a time such as 2026-01-31T00:00:00Z, found string \"yesterday\"",
    ),
    (
        "[[input]]\ntopic = \"a\"\nmessage_bytes_max = \"1 MB\"",
        "c.toml:3:1: input[0].message_bytes_max: expected a size above 0 such as 512 B, 64 KiB, 1 MiB or 2 GiB, found string \"1 MB\"",
    ),
    (
        "[[input]]\ntopic = \"a\"\nstore_raw = \"firts\"",
        "c.toml:3:1: input[0].store_raw: unknown value \"firts\"; did you mean first?",
    ),
    (
        "[[input]]\ntopic = \"a\"\n[[input]]\ntopic = \"a\"",
        "c.toml:4:1: input[1].topic: a is read by another input already",
    ),
    (
        "[output]\ndlq_topic = \"alerts\"",
        "c.toml:2:1: output.dlq_topic: alerts is an input already",
    ),
    (
        "[output]\ndelivery = \"exactly_once\"",
        "c.toml:2:1: output.delivery: exactly_once is not available yet; write at_least_once, whose repeats carry the same event id",
    ),
    (
        "[http]\nlisten = \"localhost\"",
        "c.toml:2:1: http.listen: expected an IP address and a port such as 127.0.0.1:8080, found string \"localhost\"",
    ),
    (
        "[http]\nlisten = \"0.0.0.0:8080\"",
        "c.toml:2:1: http.listen: 0.0.0.0:8080 can be reached from other machines, and nobody has to prove who they are; \
         listen on 127.0.0.1, or write insecure_listen = true where a proxy or a firewall guards it",
    ),
    (
        "[pipeline]\nbatch_age_max = 20",
        "c.toml:2:1: pipeline.batch_age_max: expected a string, found integer `20`",
    ),
    (
        "[pipeline]\nbatch_age_max = \"20\"",
        "c.toml:2:1: pipeline.batch_age_max: expected a duration such as 250ms, 5s, 10m, 1h or 30d, found string \"20\"",
    ),
    (
        "[pipeline]\nbatch_alerts_max = 0",
        "c.toml:2:1: pipeline.batch_alerts_max: expected a whole number, 1 or more, found integer `0`",
    ),
    (
        "[store]\noutbox_records_max = -1",
        "c.toml:2:1: store.outbox_records_max: expected a whole number, 0 or more, found integer `-1`",
    ),
    (
        "[limits]\ndepth_max = 99999999999999999999",
        "c.toml:2:1: the number is too large",
    ),
    (
        "[log]\nformat = \"jsn\"",
        "c.toml:2:1: log.format: unknown value \"jsn\"; did you mean json?",
    ),
    (
        "[kafka.properties]\n\"acks\" = 1",
        "c.toml:2:1: kafka.properties.acks: caseloom decides this itself; leave it out",
    ),
    (
        "[kafka.properties]\n\"bootstrap.servers\" = \"a\"",
        "c.toml:2:1: kafka.properties.bootstrap.servers: write kafka.brokers instead",
    ),
    (
        "[kafka.properties]\n\"sasl.password\" = \"hunter2\"",
        "c.toml:2:1: kafka.properties.sasl.password: write a reference, file:PATH or env:NAME, not the secret itself",
    ),
    (
        "[kafka.properties]\n\"sasl.password\" = \"env:ABSENT\"",
        "c.toml:2:1: kafka.properties.sasl.password: the environment variable ABSENT is not set",
    ),
];

#[test]
fn each_mistake_names_its_place_and_key() {
    for (text, expected) in MISTAKES {
        assert_eq!(refusal(text, &[]), *expected, "{text}");
    }
}

#[test]
fn all_mistakes_are_reported_in_reading_order() {
    let refused = refusal(
        "[log]\nformat = 1\n[http]\nlisten = \"x\"\nlisten_on = \"y\"\n[[input]]\nformat = \"auto\"\n[[input]]\ntopic = 1",
        &[("CASELOOM__LOG__LEVEL", "loud")],
    );
    let keys: Vec<&str> = refused
        .lines()
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    assert_eq!(
        keys,
        [
            "log.format",
            "http.listen",
            "http.listen_on",
            "input[0]",
            "input[1].topic",
            "log.level"
        ],
        "{refused}"
    );
}

#[test]
fn a_syntax_error_names_its_line() {
    let refused = refusal("[kafka]\nbrokers = \n", &[]);
    assert!(refused.starts_with("c.toml:2:"), "{refused}");
}

#[test]
fn variables_override_the_file_with_the_type_of_their_key() {
    let config = parse(
        "[[input]]\ntopic = \"a\"\n[kafka]\nbrokers = \"file:1\"\n[kafka.properties]\nsasl.username = \"bob\"",
        &[
            ("CASELOOM__KAFKA__BROKERS", "one:1, two:2"),
            ("CASELOOM__KAFKA__CLIENT_ID", "42"),
            ("CASELOOM__KAFKA__CREATE_TOPICS", "false"),
            ("CASELOOM__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_SSL"),
            ("CASELOOM__KAFKA__PROPERTIES__SASL_PASSWORD", "env:KAFKA_PASSWORD"),
            ("KAFKA_PASSWORD", "hunter2"),
            ("CASELOOM__INPUT__0__START", "2026-01-31T00:00:00Z"),
            ("CASELOOM__INPUT__1__TOPIC", "b"),
            ("CASELOOM__INPUT__1__SCOPE", "fox"),
            ("CASELOOM__PIPELINE__BATCH_ALERTS_MAX", "100"),
            ("CASELOOM__HTTP__LISTEN", "[::1]:0"),
            ("CASELOOM_CONFIG", "a flag's variable is none of ours"),
        ],
    )
    .unwrap();
    assert_eq!(config.kafka.brokers, "one:1,two:2");
    assert_eq!(config.kafka.client_id, "42");
    assert!(!config.kafka.create_topics);
    let properties: Vec<(&str, &str)> = config
        .kafka
        .properties
        .iter()
        .map(|(name, property)| (name.as_str(), property.value()))
        .collect();
    assert_eq!(
        properties,
        [
            ("sasl.password", "hunter2"),
            ("sasl.username", "bob"),
            ("security.protocol", "SASL_SSL")
        ]
    );
    assert_eq!(
        config.inputs[0].start.to_string(),
        "2026-01-31T00:00:00.000Z"
    );
    assert_eq!(
        (
            config.inputs[1].topic.as_str(),
            config.inputs[1].scope.as_deref()
        ),
        ("b", Some("fox"))
    );
    assert_eq!(config.inputs[1].start, Start::Earliest);
    assert_eq!(config.pipeline.batch_alerts_max, 100);
    assert_eq!(config.http.listen.to_string(), "[::1]:0");
}

#[test]
fn inputs_can_come_from_the_environment_alone() {
    let config = parse("", &[("CASELOOM__INPUT__0__TOPIC", "x")]).unwrap();
    assert_eq!(config.inputs.len(), 1);
    assert_eq!(config.inputs[0].topic, "x");
}

#[test]
fn a_wrong_variable_is_named() {
    for (name, value, expected) in [
        (
            "CASELOOM__KAFKA__BROKRS",
            "x",
            "CASELOOM__KAFKA__BROKRS: kafka.brokrs: unknown key; did you mean brokers?",
        ),
        (
            "CASELOOM__KAFKA__CREATE_TOPICS",
            "yes",
            "CASELOOM__KAFKA__CREATE_TOPICS: kafka.create_topics: expected a boolean, found string \"yes\"",
        ),
        (
            "CASELOOM__LIMITS__DEPTH_MAX",
            "deep",
            "CASELOOM__LIMITS__DEPTH_MAX: limits.depth_max: expected a whole number, 0 or more, found string \"deep\"",
        ),
        (
            "CASELOOM__INPUT__1__TOPIC",
            "x",
            "CASELOOM__INPUT__1__TOPIC: input.1.topic: 1 is not an index from 0 to 0",
        ),
        (
            "CASELOOM__INPUT",
            "x",
            "CASELOOM__INPUT: input: expected a table, found string \"x\"",
        ),
        (
            "CASELOOM__KAFKA____X",
            "x",
            "CASELOOM__KAFKA____X: kafka..x: a name is missing between the underscores",
        ),
    ] {
        assert_eq!(refusal("", &[(name, value)]), expected, "{name}");
    }
}

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
    let dir = tempfile::tempdir().unwrap();
    for file in ["caseloom.toml", "policy.toml"] {
        std::fs::copy(
            Path::new(SHIPPED).with_file_name(file),
            dir.path().join(file),
        )
        .unwrap();
    }
    std::fs::create_dir(dir.path().join("mappings")).unwrap();
    let output = check(&dir.path().join("caseloom.toml"));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        stdout.starts_with("ok: inputs 1, mappings 0, policy "),
        "{stdout}"
    );
}

#[test]
fn check_ends_with_78_and_the_place_of_each_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let config = file(
        "c.toml",
        "[policy]\nfile = \"p.toml\"\n[mappings]\ndir = \".\"",
    );
    file(
        "p.toml",
        "latness = \"1h\"\n[dedup]\nwindow = \"0s\"\n[gaps]\nhots = \"1h\"\n[ignored_entities]\nip = [\"-\"]",
    );
    let output = check(&config);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{stderr}");
    for expected in [
        "p.toml:1:1: latness: unknown key; did you mean lateness?",
        "p.toml:3:1: dedup.window: must be above 0 and at most 24 h",
        "p.toml:5:1: gaps.hots: unknown value \"hots\"; did you mean host?",
        "p.toml:7:7: ignored_entities.ip[0]: \"-\" means nothing as ip, so it never links anyway",
    ] {
        assert!(stderr.contains(expected), "{expected}\n{stderr}");
    }
    assert_eq!(
        check(&dir.path().join("absent.toml")).status.code(),
        Some(78)
    );
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
