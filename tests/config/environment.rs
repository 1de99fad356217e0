//! Variables override the file.

use caseloom::config::Start;

use super::{parse, refusal};

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
