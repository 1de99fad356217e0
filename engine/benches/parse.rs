//! Parsing, per format: how long one message takes on one core.
//!
//! Messages are written by hand in the sizes of real ones: EVE has 0.3 to 1.3 KB, a mapped alert of AIT-ADS 220 B.
//! `cargo bench -p caseloom-engine --bench parse`

use std::hint::black_box;

use caseloom_engine::alert::{Alert, Position};
use caseloom_engine::input::{Format, Limits, Mapping, Message, Parser, Scope};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const AIT_ADS: &str = include_str!("../../config/mappings/ait-ads.toml");

const MAPPED: &str = r#"{"id":"acme-068540","@timestamp":"2022-01-25T00:00:01Z","tenant":"acme","sensor":"aminer","signature":"New service_start parameter combination in Audit logs.","signature_id":"A-Aud-Com4","asset":{"ip":"10.38.242.230","hostname":"cloud_share"}}"#;

const NATIVE: &str = r#"{"id":"edr-1834412","time":"2026-03-01T08:00:00.123Z","scope":"acme","source":"edr","rule":{"id":"R-204","name":"Credential dumping from LSASS"},"severity":"high","title":"LSASS memory read by rundll32.exe","entities":[{"kind":"host","value":"WS-0421.corp.example","role":"affected","thing":1},{"kind":"ip","value":"10.20.4.21","role":"affected","thing":1},{"kind":"user","value":"CORP\\a.miller","role":"actor"},{"kind":"hash","value":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","role":"actor"}],"attack":["T1003.001","TA0006"]}"#;

const EVE: &str = r#"{"timestamp":"2026-03-01T09:14:10.506019+0000","flow_id":765961884670949,"in_iface":"eth1","event_type":"alert","src_ip":"10.20.4.21","src_port":49205,"dest_ip":"203.0.113.29","dest_port":80,"proto":"TCP","ip_v":4,"pkt_src":"wire/pcap","community_id":"1:7a1+QSQIMks82cZhgk0hAeH2ykE=","tx_id":0,"alert":{"action":"allowed","gid":1,"signature_id":2011582,"rev":57,"signature":"ET MALWARE Example Loader Checkin M2","category":"A Network Trojan was detected","severity":1,"metadata":{"affected_product":["Windows_XP_Vista_7_8_10_Server_32_64_Bit"],"attack_target":["Client_Endpoint"],"confidence":["High"],"created_at":["2020_09_27"],"deployment":["Perimeter"],"signature_severity":["Major"],"mitre_tactic_id":["TA0011"],"mitre_technique_id":["T1071"],"updated_at":["2024_03_14"]}},"http":{"hostname":"cdn.example.org","url":"/cache/update.php?id=8841","http_user_agent":"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":4312},"app_proto":"http","direction":"to_server","flow":{"pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":599,"bytes_toclient":412,"start":"2026-03-01T09:14:10.328922+0000","src_ip":"10.20.4.21","dest_ip":"203.0.113.29","src_port":49205,"dest_port":80},"payload":"R0VUIC9jYWNoZS91cGRhdGUucGhwP2lkPTg4NDEgSFRUUC8xLjENCg==","stream":1}"#;

const EVE_SMALL: &str = r#"{"timestamp":"2026-03-01T12:48:36.323106+0000","flow_id":161313454353954,"in_iface":"eth0","event_type":"alert","src_ip":"192.0.2.30","src_port":61038,"dest_ip":"10.0.0.101","dest_port":5901,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2002911,"rev":6,"signature":"ET SCAN Potential VNC Scan 5900-5920","category":"Attempted Information Leak","severity":2}}"#;

const EVE_FLOW: &str = r#"{"timestamp":"2026-03-01T12:48:36.323106+0000","flow_id":161313454353954,"in_iface":"eth0","event_type":"flow","src_ip":"192.0.2.30","src_port":61038,"dest_ip":"10.0.0.101","dest_port":5901,"proto":"TCP","flow":{"pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":599,"bytes_toclient":412,"state":"closed","reason":"timeout","alerted":false}}"#;

const BAD: &str = r#"{"timestamp":"2026-03-01T12:48:36.323106+0000","flow_id":161313454353954,"event_type":"alert","alert":{"gid":1,"#;

fn parser() -> Parser {
    let mapping = Mapping::from_toml(AIT_ADS, "ait-ads.toml").expect("the worked example compiles");
    Parser::new(vec![mapping], Limits::default())
}

fn bench(criterion: &mut Criterion) {
    let list = format!("[{}]", [NATIVE; 10].join(","));
    let lines = [NATIVE; 10].join("\n");
    let cases: [(&str, &str, u64); 8] = [
        ("mapping_ait_ads", MAPPED, 1),
        ("native", NATIVE, 1),
        ("native_list_of_10", &list, 10),
        ("native_10_lines", &lines, 10),
        ("suricata_http", EVE, 1),
        ("suricata_small", EVE_SMALL, 1),
        ("suricata_flow", EVE_FLOW, 1),
        ("truncated", BAD, 1),
    ];
    let mut parser = parser();
    let mut alerts: Vec<Alert> = Vec::new();
    for (name, text, elements) in cases {
        let message = Message {
            bytes: text.as_bytes(),
            format: Format::Auto,
            scope: Scope::Default("default"),
            position: Position::default(),
            broker_time: None,
            headers: &[],
        };
        let mut group = criterion.benchmark_group("parse");
        group.throughput(Throughput::ElementsAndBytes {
            elements,
            bytes: text.len() as u64,
        });
        group.bench_function(name, |bencher| {
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
