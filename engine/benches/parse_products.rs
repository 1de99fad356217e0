//! Parsing, per product: how long its typical fixture takes on one core, without the blanks between its values, and alerts
//! in the sizes of real ones: Wazuh with 1.2 KB, Sentinel with 10 KB.
//!
//! `cargo bench -p caseloom-engine --bench parse_products`

use std::hint::black_box;

use caseloom_engine::alert::{Alert, Position};
use caseloom_engine::input::{Format, Limits, Message, Parser, Scope};
use caseloom_engine::time::Timestamp;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

const WAZUH: &str = r#"{"timestamp":"2026-03-01T08:00:59.264+0000","rule":{"level":10,"description":"sshd: brute force trying to get access to the system. Non existent user.","id":"5712","mitre":{"id":["T1110"],"tactic":["Credential Access"],"technique":["Brute Force"]},"frequency":8,"firedtimes":1,"mail":false,"groups":["syslog","sshd","authentication_failures"],"gdpr":["IV_35.7.d","IV_32.2"],"hipaa":["164.312.b"],"nist_800_53":["SI.4","AU.14","AC.7"],"pci_dss":["11.4","10.2.4","10.2.5"],"tsc":["CC6.1","CC6.8","CC7.2","CC7.3"]},"agent":{"id":"014","name":"bastion-01","ip":"10.20.5.3"},"manager":{"name":"wazuh-01"},"id":"1772352059.1549653","previous_output":"Mar  1 08:00:56 bastion-01 sshd[17582]: Invalid user paco from 198.51.100.4 port 56402\nMar  1 08:00:54 bastion-01 sshd[17580]: Invalid user paco from 198.51.100.4 port 56400","full_log":"Mar  1 08:00:58 bastion-01 sshd[17584]: Invalid user paco from 198.51.100.4 port 56404","predecoder":{"program_name":"sshd","timestamp":"Mar  1 08:00:58","hostname":"bastion-01"},"decoder":{"parent":"sshd","name":"sshd"},"data":{"srcip":"198.51.100.4","srcport":"56404","srcuser":"paco"},"location":"/var/log/secure"}"#;

macro_rules! fixtures {
    ($($product:literal $file:literal)*) => {
        [$(($product, include_str!(concat!("../tests/fixtures/", $product, "/", $file)))),*]
    };
}

/// JSON as products send it; what is none stays as it is.
fn compact(text: &str) -> String {
    serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value: Value| value.to_string())
}

/// Sentinel's typical alert with so many processes that it has 10 KB.
fn sentinel_10_kb() -> String {
    let text = include_str!("../tests/fixtures/sentinel/typical.json");
    let mut alert: Value = serde_json::from_str(text).expect("the fixture is JSON");
    let entities = alert["Entities"].as_str().expect("entities are a string");
    let mut entities: Vec<Value> = serde_json::from_str(entities).expect("the string is JSON");
    let mut id = 100;
    while alert.to_string().len() < 10_000 {
        let name = |id: u32| id.to_string();
        entities.push(json!({
            "$id": name(id), "ProcessId": name(id), "CommandLine": "\"cmd.exe\" /c whoami /all",
            "CreationTimeUtc": "2026-03-01T09:14:10.7133644Z", "Type": "process",
            "ImageFile": {"$id": name(id + 1), "Directory": "C:\\Windows\\System32", "Name": "cmd.exe", "Type": "file",
                "FileHashes": [{"$id": name(id + 2), "Algorithm": "SHA256", "Value": format!("{id:064x}"), "Type": "filehash"}]},
        }));
        entities.extend([json!({"$ref": name(id + 1)}), json!({"$ref": name(id + 2)})]);
        id += 3;
        alert["Entities"] = json!(entities).to_string().into();
    }
    alert.to_string()
}

fn bench(criterion: &mut Criterion) {
    let fixtures = fixtures!(
        "wazuh" "typical.json" "wazuh5" "typical.json" "elastic" "typical.json"
        "crowdstrike" "typical.json" "sentinelone" "typical.json" "cortex" "typical.json"
        "falco" "typical.json" "zeek" "typical.json" "hayabusa" "typical.json"
        "chainsaw" "typical.json" "osquery" "typical.json" "canary" "typical.json"
        "splunk" "typical.json" "qradar" "typical.json" "cef" "typical.txt" "leef" "typical.txt"
        "sentinel" "typical.json" "sentinel_incident" "typical.json" "ms_graph" "typical.json"
        "defender_xdr" "typical.json" "guardduty" "typical.json" "asff" "typical.json"
        "google_scc" "typical.json" "google_secops" "typical.json" "ocsf" "typical.json"
        "okta" "typical.json" "wiz" "typical.json"
    );
    let mut parser = Parser::new(Vec::new(), Limits::default());
    let mut alerts: Vec<Alert> = Vec::new();
    let mut texts: Vec<(&str, String)> = fixtures
        .into_iter()
        .chain([("wazuh_1200_bytes", WAZUH)])
        .map(|(name, text)| (name, compact(text)))
        .collect();
    texts.push(("sentinel_10_kb", sentinel_10_kb()));
    for (name, text) in &texts {
        let message = Message {
            bytes: text.as_bytes(),
            format: Format::Auto,
            scope: Scope::Default("default"),
            position: Position::default(),
            broker_time: Some(Timestamp(1_772_352_000_000)),
            headers: &[],
        };
        let mut group = criterion.benchmark_group("parse_products");
        group.throughput(Throughput::ElementsAndBytes {
            elements: 1,
            bytes: text.len() as u64,
        });
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                alerts.clear();
                black_box(parser.parse(black_box(&message), &mut alerts))
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
