//! Behaviour: documents and texts that no product claims are read by the names of their fields, and by nothing else.

mod parsing;

use caseloom_engine::alert::Alert;
use parsing::{alert, parse, parser, reason, story};

#[test]
fn fixtures() {
    for (name, text) in parsing::fixtures("generic") {
        insta::assert_snapshot!(format!("generic__{name}"), story(&text));
    }
}

/// Rule, severity, and entities as `role kind value`.
fn told(text: &str) -> (String, u8, Vec<String>) {
    let alert: Alert = alert(text);
    let entities = alert.entities.iter().map(|entity| {
        format!(
            "{} {} {}",
            entity.role.as_str(),
            entity.kind.as_str(),
            entity.value
        )
    });
    (
        alert.rule_name.to_string(),
        alert.severity.score,
        entities.collect(),
    )
}

/// The entities that a field brings.
fn entity(key: &str, value: &str) -> Vec<String> {
    let text = serde_json::json!({"timestamp": "2026-03-01T08:00:00Z", "rule": "r", "title": "t", "severity": "low", key: value});
    let mut entities = told(&text.to_string()).2;
    entities.sort();
    entities
}

#[test]
fn names_of_all_spellings_are_understood() {
    for (keys, value, wanted) in [
        (
            &[
                "src_ip",
                "srcIp",
                "SrcIP",
                "source.ip",
                "sourceIPAddress",
                "srcip",
                "client_ip",
                "source_address",
                "src",
                "attackerAddress",
                "remote_ip",
            ][..],
            "192.0.2.7",
            "source ip 192.0.2.7",
        ),
        (
            &[
                "dst_ip",
                "destIp",
                "DestinationIp",
                "destination.ip",
                "dstip",
                "dest",
                "target_ip",
                "server.ip",
                "victim_ip",
            ],
            "192.0.2.7",
            "target ip 192.0.2.7",
        ),
        (
            &[
                "ip",
                "host_ip",
                "ipAddress",
                "device_ip",
                "local_ip",
                "IPv4",
            ],
            "192.0.2.7",
            "affected ip 192.0.2.7",
        ),
        (
            &[
                "hostname",
                "host",
                "host_name",
                "host.name",
                "HostName",
                "computer",
                "computer_name",
                "ComputerName",
                "machineName",
                "device_name",
                "deviceHostName",
                "workstation",
            ],
            "ws1",
            "affected host ws1",
        ),
        (
            &["src_host", "sourceHostname", "client_hostname"],
            "ws1",
            "source host ws1",
        ),
        (
            &["dest_host", "target_hostname", "dst_host"],
            "ws1",
            "target host ws1",
        ),
        (
            &[
                "sensor_name",
                "observer_hostname",
                "dvc_host",
                "devname",
                "collector_host",
                "agent_hostname",
            ],
            "fw1",
            "observer host fw1",
        ),
        (
            &[
                "user",
                "username",
                "userName",
                "user.name",
                "account_name",
                "src_user",
                "login",
                "principal",
                "actor",
                "logon_name",
            ],
            "alice",
            "actor user alice",
        ),
        (
            &["target_user", "dest_user", "targetUserName"],
            "alice",
            "target user alice",
        ),
        (
            &["email", "email_address"],
            "alice@example.com",
            "affected email alice@example.com",
        ),
        (
            &["sender", "mail_from", "senderAddress"],
            "alice@example.com",
            "source email alice@example.com",
        ),
        (
            &["recipient", "rcpt_to"],
            "alice@example.com",
            "target email alice@example.com",
        ),
        (
            &[
                "sha256",
                "file_sha256",
                "fileHash",
                "hash",
                "process.hash.sha256",
            ],
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "target hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        (
            &["url", "request_url", "http.url"],
            "http://example.org/x",
            "target url http://example.org/x",
        ),
        (
            &["domain", "dns_query", "domainName", "query_name", "sni"],
            "example.org",
            "target domain example.org",
        ),
        (
            &["process", "process_name", "processPath"],
            "cmd.exe",
            "actor process cmd.exe",
        ),
        (
            &["file_name", "fileName", "file_path"],
            "a.doc",
            "target file a.doc",
        ),
        (
            &["aws_account_id", "cloud.account.id"],
            "111122223333",
            "affected account 111122223333",
        ),
    ] {
        for key in keys {
            assert_eq!(entity(key, value), [wanted], "{key}");
        }
    }
}

#[test]
fn a_field_that_does_not_say_so_holds_no_entity() {
    for (key, value) in [
        ("src_port", "443"),
        ("user_agent", "curl/8.0"),
        ("source", "edr"),
        ("src_country", "SE"),
        ("user_count", "3"),
        ("alert_url", "https://console.example.com/1"),
        ("reference", "https://example.com/"),
        ("user_domain", "corp.example.com"),
        ("ja3_hash", "9f86d081884c7d659a2feaa0c55ad015"),
        ("rule_hash", "9f86d081884c7d659a2feaa0c55ad015"),
        ("text", "192.0.2.7"),
        ("note", "alice@example.com"),
        ("file_size", "12"),
        ("host_os", "linux"),
        ("user_id", "1001"),
        ("device", "printer"),
        ("interface_name", "eth0"),
        ("process_id", "42"),
        ("log.file.path", "/var/log/x"),
        ("event_id", "4625"),
    ] {
        assert_eq!(entity(key, value), [""; 0], "{key}");
    }
}

#[test]
fn what_names_no_rule_is_no_alert() {
    for text in [
        r#"{"a":1}"#,
        r#"{"timestamp":"2026-03-01T08:00:00Z","host":"h","level":"info","message":"started"}"#,
        r#"{"timestamp":"2026-03-01T08:00:00Z","src_ip":"192.0.2.7","dest_ip":"192.0.2.8","bytes":3}"#,
        r#"{"timestamp":"2026-03-01T08:00:00Z","rule":"r"}"#,
        r#"{"status":"firing","rule":{"a":1}}"#,
        "Failed password for root from 192.0.2.7 port 22",
        "<13>Mar  1 08:00:00 h1 app[3]: user=alice action=login result=ok",
        r#"date=2026-03-01 time=08:00:00 type="traffic" level="notice" srcip=192.0.2.7 dstip=192.0.2.8 action="accept""#,
    ] {
        assert_eq!(reason(text), "unknown_format", "{text}");
    }
}

#[test]
fn severities_are_words_or_of_ten_or_of_a_hundred() {
    let score = |field: &str| {
        told(&format!(
            r#"{{"timestamp":1772352000,"rule":"r","host":"h",{field}}}"#
        ))
        .1
    };
    assert_eq!(score(r#""severity":"High""#), 70);
    assert_eq!(score(r#""severity":73"#), 73);
    assert_eq!(score(r#""severity":{"label":"critical"}"#), 90);
    assert_eq!(score(r#""risk_score":55,"severity":"low""#), 30);
    assert_eq!(score(r#""priority":1"#), 70);
    assert_eq!(score(r#""priority":"P9""#), 50);
    assert!((60..80).contains(&score(r#""severity":8"#)));
}

#[test]
fn the_time_of_the_event_goes_before_that_of_its_record() {
    let time = |fields: &str| {
        alert(&format!(r#"{{"rule":"r","host":"h",{fields}}}"#))
            .time
            .to_rfc3339()
    };
    let event = "2026-03-01T08:00:00.000Z";
    assert_eq!(
        time(r#""ingest_time":"2026-03-01T09:00:00Z","event_time":"2026-03-01T08:00:00Z""#),
        event
    );
    assert_eq!(
        time(r#""created_at":"2026-03-01T09:00:00Z","timestamp":1772352000000"#),
        event
    );
    assert_eq!(time(r#""date":"2026-03-01","time":"08:00:00""#), event);
    assert_eq!(
        time(r#""date":"2026-03-01","time":"10:00:00","tz":"+0200""#),
        event
    );
    assert_eq!(reason(r#"{"rule":"r","host":"h"}"#), "missing_time");
    assert_eq!(
        reason(r#"{"rule":"r","host":"h","timestamp":"soon"}"#),
        "bad_time"
    );
}

#[test]
fn observables_say_their_kind() {
    let text = r#"{"title":"t","severity":2,"date":1772352000000,"observables":[{"dataType":"ip","data":"192.0.2.7"},{"dataType":"hostname","data":"ws1"},{"dataType":"other","data":"x"}]}"#;
    assert_eq!(told(text).2, ["affected ip 192.0.2.7", "affected host ws1"]);
}

#[test]
fn general_formats_come_after_envelopes() {
    let beat = r#"{"@timestamp":"2026-03-01T09:14:11Z","agent":{"type":"filebeat"},"host":{"name":"fw1"},"message":"date=2026-03-01 time=08:00:00 devname=\"gw1\" type=\"utm\" severity=\"high\" srcip=192.0.2.7 attack=\"Example.Overflow\""}"#;
    let mut alerts = Vec::new();
    let parsed = parser()
        .parse(&parsing::message(beat.as_bytes()), &mut alerts)
        .unwrap();
    assert_eq!(parsed.envelopes.to_vec(), ["filebeat"]);
    assert_eq!(
        (&*alerts[0].rule_name, alerts[0].severity.score),
        ("Example.Overflow", 70)
    );
    let entities: Vec<_> = alerts[0]
        .entities
        .iter()
        .map(|entity| &*entity.value)
        .collect();
    assert_eq!(entities, ["gw1", "192.0.2.7"]);
}

#[test]
fn a_hostile_document_costs_no_more_than_its_size() {
    let wide: Vec<String> = (0..500)
        .map(|at| format!("\"src_ip_{at}\":\"192.0.2.7\""))
        .collect();
    let (parsed, _) = parse(&format!("{{\"rule\":\"r\",{}}}", wide.join(",")));
    assert!(parsed.is_err());
    let pairs = "a=".repeat(200_000);
    assert_eq!(reason(&pairs), "unknown_format");
    let quotes = "a=\"".repeat(100_000);
    assert_eq!(reason(&quotes), "unknown_format");
}
