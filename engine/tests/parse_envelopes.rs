//! Behaviour: what shippers, buses and searches put around records is taken off again, and what it said is kept where
//! the record said nothing.

mod parsing;

use std::io::Write as _;

use base64::Engine as _;
use caseloom_engine::alert::Alert;
use caseloom_engine::input::{Message, Parsed, Reject};
use parsing::{message, parser};
use serde_json::{Value, json};

/// An alert whose format says its time.
fn eve() -> Value {
    json!({
        "timestamp": "2026-03-01T09:14:10.506019+0000", "flow_id": 1, "event_type": "alert",
        "src_ip": "10.20.4.21", "dest_ip": "203.0.113.29",
        "alert": {"gid": 1, "signature_id": 2_011_582, "signature": "Example checkin", "severity": 1},
    })
}

/// One whose format needs no time of its own.
fn native(time: Option<&str>) -> Value {
    json!({"time": time, "rule": "r", "title": "t", "entities": []})
}

fn read(bytes: &[u8]) -> (Result<Parsed, Reject>, Vec<Alert>) {
    let mut alerts = Vec::new();
    let parsed = parser().parse(&message(bytes), &mut alerts);
    (parsed, alerts)
}

/// The envelopes of a message, and how many alerts are in it.
fn opened(bytes: &[u8]) -> (Vec<&'static str>, usize) {
    let (parsed, alerts) = read(bytes);
    let parsed =
        parsed.unwrap_or_else(|reject| panic!("{reject}: {}", String::from_utf8_lossy(bytes)));
    assert_eq!(parsed.rejects.len(), 0, "{parsed:?}");
    (parsed.envelopes.to_vec(), alerts.len())
}

#[test]
fn each_envelope_is_told_and_taken_off() {
    let eve = eve();
    let text = eve.to_string();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&text);
    let cases: Vec<(&str, Value)> = vec![
        (
            "filebeat",
            json!({"@timestamp": "2026-03-01T09:14:11Z", "@metadata": {"beat": "filebeat"}, "message": text, "host": {"name": "fw1"}}),
        ),
        (
            "filebeat",
            json!({"@timestamp": "2026-03-01T09:14:11Z", "agent": {"type": "filebeat"}, "event": {"original": text, "kind": "alert"}, "message": "prose"}),
        ),
        (
            "filebeat",
            json!({"@timestamp": "2026-03-01T09:14:11Z", "@version": "1", "message": text}),
        ),
        (
            "vector",
            json!({"source_type": "file", "timestamp": "2026-03-01T09:14:11Z", "message": text, "file": "/x", "host": "fw1"}),
        ),
        (
            "fluent_bit",
            json!({"@timestamp": 1_772_356_450.5, "log": text}),
        ),
        (
            "fluent_bit",
            json!({"date": 1_772_356_450.5, "log": text, "stream": "stdout", "kubernetes": {"host": "n1"}}),
        ),
        (
            "splunk_hec",
            json!({"time": 1_772_356_450.0, "host": "fw1", "source": "eve", "sourcetype": "suricata", "event": eve}),
        ),
        (
            "splunk_hec",
            json!({"time": "1772356450.000", "index": "ids", "event": text}),
        ),
        (
            "splunk_webhook",
            json!({"sid": "x", "search_name": null, "results_link": "http://splunk.example.com/", "result": eve}),
        ),
        (
            "eventbridge",
            json!({"version": "0", "detail-type": "X", "source": "x", "account": "111122223333", "time": "2026-03-01T09:14:11Z", "region": "eu-north-1", "detail": eve}),
        ),
        (
            "eventbridge",
            json!({"version": "0", "detail-type": "X", "source": "x", "detail": {"findings": [eve]}}),
        ),
        (
            "sns",
            json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-north-1:111122223333:t", "Message": text, "Timestamp": "2026-03-01T09:14:11Z"}),
        ),
        ("sqs", json!({"MessageId": "1", "Body": text})),
        ("event_hub", json!({"records": [eve]})),
        (
            "graph_page",
            json!({"@odata.context": "https://graph.example.com/", "value": [eve]}),
        ),
        (
            "pubsub",
            json!({"message": {"data": base64, "messageId": "1", "publishTime": "2026-03-01T09:14:11Z"}, "subscription": "s"}),
        ),
        (
            "pubsub",
            json!({"data": base64, "attributes": {}, "messageId": "1"}),
        ),
        (
            "kafka_connect",
            json!({"schema": {"type": "string"}, "payload": text}),
        ),
        (
            "kafka_connect",
            json!({"schema": {"type": "struct", "fields": []}, "payload": eve}),
        ),
        (
            "debezium",
            json!({"before": null, "after": eve, "op": "c", "source": {"table": "t"}}),
        ),
        (
            "elasticsearch_hit",
            json!({"_index": "eve", "_id": "1", "_source": eve, "fields": {"x": [1]}}),
        ),
        (
            "elasticsearch_search",
            json!({"took": 1, "hits": {"total": 1, "hits": [eve]}}),
        ),
        (
            "cloudevents",
            json!({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": eve}),
        ),
        (
            "cloudevents",
            json!({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data_base64": base64}),
        ),
        (
            "gelf",
            json!({"version": "1.1", "host": "fw1", "short_message": "x", "full_message": text}),
        ),
        ("page", json!({"total": 1, "alerts": [eve]})),
        ("text_field", json!({"offset": 3, "raw": text})),
        ("wrapper", json!({"notice": eve, "sensor": "fw1"})),
        ("string", Value::from(text.as_str())),
        ("array", json!([eve])),
    ];
    for (name, envelope) in cases {
        assert_eq!(
            opened(envelope.to_string().as_bytes()),
            (vec![name], 1),
            "{envelope}"
        );
    }
}

#[test]
fn envelopes_stand_in_each_other() {
    let text = eve().to_string();
    let beat = json!({"@timestamp": "2026-03-01T09:14:11Z", "@metadata": {"beat": "filebeat"}, "message": text}).to_string();
    let row = json!({"preview": false, "offset": 7, "result": {"_raw": text, "event_type": "alert", "alert": "x", "_time": "1772356450"}});
    assert_eq!(
        opened(row.to_string().as_bytes()),
        (vec!["splunk_export", "splunk_row"], 1)
    );
    let twice = json!({"log": beat}).to_string();
    assert_eq!(
        opened(twice.as_bytes()),
        (vec!["fluent_bit", "filebeat"], 1)
    );
    let page = json!({"records": [json!({"log": beat}), eve()]}).to_string();
    assert_eq!(
        opened(page.as_bytes()),
        (vec!["event_hub", "fluent_bit", "filebeat"], 2)
    );
}

#[test]
fn envelopes_end_at_the_limit() {
    let mut text = eve().to_string();
    let mut reasons = Vec::new();
    for _ in 0..6 {
        text = json!({"log": text}).to_string();
        reasons.push(read(text.as_bytes()).0.err().map(|reject| reject.reason()));
    }
    let too_many = Some("too_many_envelopes");
    assert_eq!(reasons, [None, None, None, None, too_many, too_many]);
}

#[test]
fn compressed_values_are_inflated_within_bounds() {
    let text = eve().to_string();
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |text: &[u8]| {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    };
    let lines = format!("{text}\n{text}\n");
    assert_eq!(opened(&gzip(text.as_bytes())), (vec!["gzip"], 1));
    assert_eq!(opened(&zstd(text.as_bytes())), (vec!["zstd"], 1));
    assert_eq!(opened(&gzip(lines.as_bytes())), (vec!["gzip", "ndjson"], 2));
    assert_eq!(
        opened(&gzip(&zstd(text.as_bytes()))),
        (vec!["gzip", "zstd"], 1)
    );
    let reason = |bytes: &[u8]| read(bytes).0.err().map(|reject| reject.reason());
    let bomb = " ".repeat(900_000);
    assert_eq!(reason(&gzip(bomb.as_bytes())), Some("too_large"));
    assert_eq!(reason(&zstd(bomb.as_bytes())), Some("too_large"));
    let whole = gzip(text.as_bytes());
    assert_eq!(reason(&whole[..whole.len() - 20]), Some("bad_compression"));
    assert_eq!(reason(b"\x28\xB5\x2F\xFDxxxx"), Some("bad_compression"));
}

#[test]
fn a_registrys_header_is_taken_off_json_only() {
    let value = [&[0, 0, 0, 1, 7], eve().to_string().as_bytes()].concat();
    assert_eq!(opened(&value), (vec!["confluent"], 1));
    let reason = |bytes: &[u8]| read(bytes).0.err().map(|reject| reject.reason());
    assert_eq!(reason(&[0, 0, 0, 1, 7, 2, 4, 6]), Some("binary_value"));
    assert_eq!(reason(&[0, 0]), Some("unknown_format"));
}

#[test]
fn syslog_stands_around_json() {
    for header in [
        "<13>1 2026-03-01T09:14:11Z fw1 suricata 42 - -",
        "<13>Mar  1 09:14:11 fw1 suricata[42]:",
        "suricata:",
    ] {
        let (parsed, alerts) = read(format!("{header} {}", eve()).as_bytes());
        assert_eq!(
            parsed.map(|parsed| (parsed.envelopes.to_vec(), alerts.len())),
            Ok((vec!["syslog"], 1)),
            "{header}"
        );
    }
}

#[test]
fn what_an_envelope_said_counts_where_the_record_says_nothing() {
    let text = native(None).to_string();
    let hec = |event: Value| {
        json!({"time": 1_772_356_450.5, "host": "fw1", "sourcetype": "x", "event": event})
            .to_string()
    };
    let time = |bytes: &str| read(bytes.as_bytes()).1[0].time.to_rfc3339();
    assert_eq!(time(&hec(native(None))), "2026-03-01T09:14:10.500Z");
    assert_eq!(
        time(&hec(native(Some("2026-03-01T09:00:00Z")))),
        "2026-03-01T09:00:00.000Z"
    );
    let beat = json!({"@timestamp": "2026-03-01T09:14:11Z", "@metadata": {"beat": "filebeat"}, "message": text});
    assert_eq!(time(&beat.to_string()), "2026-03-01T09:14:11.000Z");
    let observers: Vec<_> = read(hec(native(None)).as_bytes()).1[0]
        .entities
        .iter()
        .map(|entity| (entity.role.as_str(), entity.value.to_string()))
        .collect();
    assert_eq!(observers, [("observer", "fw1".to_owned())]);
}

#[test]
fn cloudevents_headers_are_an_envelope() {
    let text = native(None).to_string();
    let headers: [(&str, &[u8]); 3] = [
        ("ce_specversion", b"1.0"),
        ("ce_time", b"2026-03-01T09:14:11Z"),
        ("ce_type", b"t"),
    ];
    let mut alerts = Vec::new();
    let message = Message {
        headers: &headers,
        ..message(text.as_bytes())
    };
    let parsed = parser().parse(&message, &mut alerts).unwrap();
    assert_eq!(parsed.envelopes.to_vec(), ["cloudevents"]);
    assert_eq!(alerts[0].time.to_rfc3339(), "2026-03-01T09:14:11.000Z");
}

#[test]
fn an_index_gives_its_documents_their_id() {
    let hit = json!({"_index": "eve", "_id": "h1", "_source": eve()});
    assert_eq!(
        read(hit.to_string().as_bytes()).1[0].id.as_deref(),
        Some("h1")
    );
    let several = json!({"_index": "eve", "_id": "h1", "_source": {"records": [eve(), eve()]}});
    assert!(
        read(several.to_string().as_bytes())
            .1
            .iter()
            .all(|alert| alert.id.is_none())
    );
}

#[test]
fn indices_count_through_all_envelopes() {
    let page = json!({"records": [eve(), {"detail-type": "x", "detail": {"findings": [eve(), 7, eve()]}}, eve()]});
    let (parsed, alerts) = read(page.to_string().as_bytes());
    let indices: Vec<u32> = alerts.iter().map(|alert| alert.position.index).collect();
    assert_eq!(indices, [0, 1, 3, 4]);
    let rejects: Vec<_> = parsed
        .unwrap()
        .rejects
        .iter()
        .map(|(index, reject)| (*index, reject.reason()))
        .collect();
    assert_eq!(rejects, [(2, "not_an_object")]);
}

#[test]
fn documents_may_stand_one_behind_the_other() {
    let pretty = serde_json::to_string_pretty(&eve()).unwrap();
    assert_eq!(
        opened(format!("{pretty}\n{pretty}{pretty}").as_bytes()),
        (vec!["concatenated"], 3)
    );
}

#[test]
fn dead_letters_are_read_again() {
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let whole = json!({"position": "a:1#0", "reason": "unknown_format", "index": null, "bytes_base64": encoded(&eve().to_string())});
    assert_eq!(
        opened(whole.to_string().as_bytes()),
        (vec!["dead_letter"], 1)
    );
    let several = encoded(&json!([eve(), 7, eve()]).to_string());
    let one =
        |index: u32| json!({"reason": "x", "index": index, "bytes_base64": several}).to_string();
    let (parsed, alerts) = read(one(2).as_bytes());
    let indices: Vec<u32> = alerts.iter().map(|alert| alert.position.index).collect();
    assert_eq!(
        (
            parsed.map(|parsed| (parsed.alerts, parsed.rejects.len())),
            indices
        ),
        (Ok((1, 0)), vec![2])
    );
    let (parsed, alerts) = read(one(1).as_bytes());
    assert_eq!(
        (parsed.map(|parsed| parsed.rejects.len()), alerts.len()),
        (Ok(1), 0)
    );
    let record = json!({"topic": "caseloom.dlq", "partition": 0, "offset": 3, "headers": [], "payload": eve().to_string()});
    assert_eq!(
        opened(record.to_string().as_bytes()),
        (vec!["kafka_record"], 1)
    );
}

#[test]
fn a_rejected_message_leaves_a_guess() {
    let broken = r#"{"event_type":"alert","timestamp":"soon","alert":{"signature_id":1}}"#;
    let beat = json!({"@metadata": {"beat": "filebeat"}, "message": broken}).to_string();
    let mut parser = parser();
    let reject = parser
        .parse(&message(beat.as_bytes()), &mut Vec::new())
        .unwrap_err();
    assert_eq!(reject.reason(), "bad_time");
    let guess = parser.guess();
    assert_eq!(guess.format.map(|format| format.as_str()), Some("suricata"));
    assert_eq!(guess.envelopes.to_vec(), ["filebeat"]);
}

/// With these headers, the alert and the envelopes, or the reject.
fn read_with(
    headers: &[(&str, &[u8])],
    bytes: &[u8],
) -> Result<(Alert, Vec<&'static str>), Reject> {
    let mut alerts = Vec::new();
    let message = Message {
        headers,
        ..message(bytes)
    };
    let parsed = parser().parse(&message, &mut alerts)?;
    Ok((alerts.remove(0), parsed.envelopes.to_vec()))
}

#[test]
fn headers_of_cloudevents_are_an_envelope() {
    // A Falco event without its own time, as Falcosidekick's CloudEvents output bridges it.
    let falco = json!({"rule": "Shell in container", "priority": "Warning", "output": "x", "output_fields": {"container.id": "ab12"}, "hostname": "n1"});
    let headers: [(&str, &[u8]); 4] = [
        ("ce_specversion", b"1.0"),
        ("ce_type", b"falco.rule.output.v1"),
        ("ce_time", b"2026-03-01T09:14:11.5Z"),
        ("content-type", b"application/json"),
    ];
    let (alert, envelopes) = read_with(&headers, falco.to_string().as_bytes()).unwrap();
    assert_eq!(envelopes, ["cloudevents"]);
    assert_eq!(alert.time.to_rfc3339(), "2026-03-01T09:14:11.500Z");
    // What the record says itself goes first, and a time that is none is no time.
    let (alert, _) = read_with(&headers, eve().to_string().as_bytes()).unwrap();
    assert_eq!(alert.time.to_rfc3339(), "2026-03-01T09:14:10.506Z");
    for bad in [&b"soon"[..], b"", b"\xFF", b"9999999999999999999"] {
        let headers = [("ce_specversion", &b"1.0"[..]), ("ce_time", bad)];
        let reject = read_with(&headers, falco.to_string().as_bytes()).unwrap_err();
        assert_eq!(reject.reason(), "missing_time", "{bad:?}");
    }
}

#[test]
fn a_binary_value_is_named_by_its_content_type() {
    let avro = b"\x02\x06\xFFx\x00";
    let reason = |kind: &[u8]| {
        read_with(&[("content-type", kind)], avro)
            .unwrap_err()
            .reason()
    };
    assert_eq!(
        reason(b"application/vnd.apache.avro+binary"),
        "binary_value"
    );
    assert_eq!(reason(b"application/x-protobuf"), "binary_value");
    assert_eq!(reason(b"application/json"), "invalid_utf8");
    assert_eq!(reason(b"\xFF"), "invalid_utf8");
    // What can be read is read, whatever its type is said to be.
    let stated = [("content-type", &b"application/octet-stream"[..])];
    assert!(read_with(&stated, eve().to_string().as_bytes()).is_ok());
}
