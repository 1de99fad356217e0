//! Laws of parsing: no input panics, the same input gives the same alerts, and nobody reads JSON differently.

mod parsing;

use caseloom_engine::alert::Alert;
use caseloom_engine::input::{BuiltIn, Format, Message, Parsed, Parser, Reject};
use parsing::{fixtures, message, parser};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

fn read(parser: &mut Parser, bytes: &[u8]) -> (Result<Parsed, Reject>, Vec<Alert>) {
    let mut alerts = Vec::new();
    let result = parser.parse(&message(bytes), &mut alerts);
    (result, alerts)
}

fn every_fixture() -> Vec<String> {
    ["native", "suricata", "ait-ads"]
        .iter()
        .flat_map(|format| fixtures(format))
        .map(|(_, text)| text)
        .collect()
}

/// A fixture with some of its bytes changed, cut out or written twice.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let splinter = select(vec![
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\\",
        "\\u0000",
        "\\ud800",
        "null",
        "1e999",
        "99999999999999999999",
        "-0",
        "\0",
        "\n",
        "\u{feff}",
        "é",
        "\"a\":1,",
        "{}",
        "[[[[[[",
        "0.1e-7",
    ]);
    let change = (
        any::<Index>(),
        prop_oneof![
            splinter.prop_map(|text| text.as_bytes().to_vec()),
            vec(any::<u8>(), 0..3)
        ],
        0..12_usize,
    );
    (select(every_fixture()), vec(change, 0..6)).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (at, splinter, cut) in changes {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, splinter);
        }
        bytes
    })
}

/// JSON objects with the keys that formats look for, in any shape.
fn shaped() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        select(vec![
            "alert",
            "2026-03-01T08:00:00Z",
            "1772352000",
            "high",
            "T1059",
            "10.0.0.1",
            "ws-1",
            "CORP\\a",
            "host",
            "ip",
            "actor",
            "to_client",
            "a@b.example",
            "http://x.example/y",
            "d41d8cd98f00b204e9800998ecf8427e",
            "-",
            "",
            "\u{202e}\u{0}x"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from(1_772_352_000)),
        text.prop_map(Value::from),
    ];
    let key = select(vec![
        "id",
        "time",
        "timestamp",
        "@timestamp",
        "rule",
        "name",
        "title",
        "entities",
        "kind",
        "value",
        "role",
        "thing",
        "severity",
        "attack",
        "scope",
        "source",
        "event_type",
        "flow_id",
        "alert",
        "gid",
        "signature_id",
        "signature",
        "metadata",
        "signature_severity",
        "mitre_technique_id",
        "src_ip",
        "dest_ip",
        "direction",
        "dns",
        "queries",
        "rrname",
        "tls",
        "sni",
        "http",
        "hostname",
        "url",
        "files",
        "sha256",
        "smtp",
        "rcpt_to",
        "tenant",
        "sensor",
        "asset",
        "ip",
        "asset.ip",
        "count",
        "updated",
    ]);
    leaf.prop_recursive(4, 48, 8, move |inner| {
        let object = vec((key.clone(), inner.clone()), 0..12).prop_map(|fields| {
            fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<Value>()
        });
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            object.clone(),
            object
        ]
    })
}

/// Keys without which few random objects would be read at all.
fn with_base(value: Value, base: usize) -> Value {
    let bases = [
        serde_json::json!({"time": 1_772_352_000, "rule": "r", "title": "t"}),
        serde_json::json!({"timestamp": 1_772_352_000, "event_type": "alert", "alert": {"signature_id": 1}}),
        serde_json::json!({"@timestamp": 1_772_352_000, "tenant": "t", "sensor": "s", "signature": "x", "asset": {"ip": "10.0.0.1"}}),
        serde_json::json!({}),
    ];
    match (value, &bases[base % bases.len()]) {
        (Value::Object(mut fields), Value::Object(base)) => {
            for (key, value) in base {
                fields.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Value::Object(fields)
        }
        (other, _) => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        drop(read(&mut parser(), &bytes));
    }

    #[test]
    fn mutated_messages_never_panic_and_read_the_same_twice(bytes in mutated()) {
        let mut parser = parser();
        let first = read(&mut parser, &bytes);
        let second = read(&mut parser, &bytes);
        prop_assert_eq!(&first, &second);
        let (result, alerts) = first;
        match result {
            Ok(parsed) => prop_assert_eq!(parsed.alerts as usize, alerts.len()),
            Err(reject) => {
                prop_assert!(alerts.is_empty());
                prop_assert!(Reject::ALL_REASONS.contains(&reject.reason()));
                prop_assert!(!reject.to_string().chars().any(char::is_control));
            }
        }
        let built_in = BuiltIn::all().map(Format::BuiltIn);
        for format in built_in.chain([Format::Mapping(0)]) {
            drop(parser.parse(&Message { format, ..message(&bytes) }, &mut Vec::new()));
        }
    }

    /// Where both readers know all the numbers, they agree on what JSON is.
    #[test]
    fn nobody_else_reads_it_differently(bytes in mutated()) {
        // One document: several lines may be several, and a byte order mark is welcome here.
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| if byte == b'\n' { b' ' } else { byte }).collect();
        let bytes = bytes.trim_ascii();
        // What begins otherwise is text.
        prop_assume!(bytes.starts_with(b"{") || bytes.starts_with(b"["));
        let ours = read(&mut parser(), bytes).0;
        // One document behind the other is no JSON, and welcome.
        let is_several = |parsed: &Parsed| parsed.envelopes.contains(&"concatenated");
        prop_assume!(!ours.as_ref().is_ok_and(is_several));
        let ours = ours.err().map(|reject| reject.reason());
        prop_assume!(ours != Some("too_deep"));
        let is_json = !matches!(ours, Some("invalid_json" | "invalid_utf8"));
        let theirs = serde_json::from_slice::<Value>(bytes);
        let has_huge_number = bytes.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 18);
        prop_assert!(is_json == theirs.is_ok() || has_huge_number, "ours {:?} theirs {:?}", ours, theirs.err());
    }

    /// An alert doesn't depend on how its JSON is written: the order of keys, escapes, blanks.
    #[test]
    fn rewriting_changes_nothing(value in shaped(), base in 0..4_usize) {
        let mut parser = parser();
        let value = with_base(value, base);
        let plain = value.to_string();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let first = read(&mut parser, plain.as_bytes());
        prop_assert_eq!(&read(&mut parser, pretty.as_bytes()), &first);
        let Value::Object(fields) = value else { return Ok(()) };
        let turned: Vec<String> =
            fields.iter().rev().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
        let turned = read(&mut parser, format!("{{{}}}", turned.join(" , ")).as_bytes());
        prop_assert_eq!(turned.1, first.1);
    }

    /// Alerts in one message, in one list and on lines of their own are the same but for their place.
    #[test]
    fn batches_change_nothing_but_the_index(values in vec((shaped(), 0..4_usize), 1..6)) {
        let mut parser = parser();
        let texts: Vec<String> = values
            .into_iter()
            .map(|(value, base)| with_base(value, base))
            .filter(Value::is_object)
            .map(|value| value.to_string())
            .collect();
        let mut alone = Vec::new();
        for (index, text) in (0..).zip(&texts) {
            let (_, alerts) = read(&mut parser, text.as_bytes());
            alone.extend(alerts.into_iter().map(|mut alert| {
                alert.position.index = index;
                alert
            }));
        }
        prop_assert_eq!(read(&mut parser, format!("[{}]", texts.join(",")).as_bytes()).1, alone.clone());
        prop_assert_eq!(read(&mut parser, texts.join("\n").as_bytes()).1, alone);
    }
}
