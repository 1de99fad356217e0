//! A mistake names its file, line and column, its key, and what was probably meant.

use super::refusal;

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
        "[output]\ndelivery = \"at_most_once\"",
        "c.toml:2:1: output.delivery: expected exactly_once or at_least_once, found string \"at_most_once\"",
    ),
    (
        "[http]\nlisten = \"localhost\"",
        "c.toml:2:1: http.listen: expected an IP address and a port such as 127.0.0.1:8080, found string \"localhost\"",
    ),
    (
        "[http]\nlisten = \"0.0.0.0:8080\"",
        "c.toml:2:1: http.listen: 0.0.0.0:8080 can be reached from other machines; listen on 127.0.0.1, or name a file of tokens and write tls_at_proxy = true where a proxy speaks TLS for it, or insecure_listen = true where a proxy or a firewall guards it altogether",
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
        "[limits]\ndepth_max = 65",
        "c.toml:2:1: limits.depth_max: expected a whole number from 1 to 64, found 65",
    ),
    (
        "[[input]]\ntopic = \"a\"\nformat = \"suricta\"",
        "c.toml:3:1: input[0].format: unknown format \"suricta\"; did you mean suricata?",
    ),
    (
        "[mappings]\ndir = \"absent-directory\"",
        "c.toml:2:1: mappings.dir: cannot read the directory absent-directory: No such file or directory (os error 2)",
    ),
    (
        "[log]\nformat = \"jsn\"",
        "c.toml:2:1: log.format: unknown value \"jsn\"; did you mean json?",
    ),
    (
        "[kafka.properties]\n\"acks\" = 1",
        "c.toml:2:1: kafka.properties.acks: caseloom's promises rest on its own value; leave it out",
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
