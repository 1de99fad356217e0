//! The whole daemon in this process against librdkafka's mock cluster, and `caseloom demo` as a user starts it.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

#[path = "common/process.rs"]
mod process;

mod kafka_client;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Instant;

use caseloom::config::Config;
use caseloom::daemon::{self, Wishes};
use caseloom::generate::{Generator, Profile};
use caseloom::kafka::EmbeddedBroker;
use caseloom::shutdown::Shutdown;
use kafka_client::{flush, next_message, options, plain_consumer, produce, producer};
use process::{Metrics, PATIENCE};
use rdkafka::Message;

const ALERTS: u64 = 4_000;
const MANGLED: u64 = 10;
const PARTITIONS: i32 = 4;

#[test]
fn the_daemon_accounts_for_everything_and_stops_when_asked() {
    let config = Config::default();
    let output = &config.output;
    let topics = [
        &*config.inputs[0].topic,
        &output.events_topic,
        &output.state_topic,
        &output.dlq_topic,
        &output.progress_topic,
        &output.audit_topic,
    ];
    let broker = EmbeddedBroker::start(&topics, PARTITIONS).unwrap();
    send_alerts(&broker.bootstrap(), &config.inputs[0].topic);
    let directory = tempfile::tempdir().unwrap();
    let mut config = config.clone();
    config.kafka.brokers = broker.bootstrap();
    config.kafka.create_topics = false;
    config.store.path = directory.path().join("store");
    config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));

    let (told, address) = crossbeam_channel::bounded(1);
    let wishes = Wishes {
        on_listen: Some(Box::new(move |address| told.send(address).unwrap())),
        ..Wishes::default()
    };
    let shutdown = Shutdown::new();
    let daemon = std::thread::spawn({
        let (config, shutdown) = (config.clone(), shutdown.clone());
        move || daemon::run(&config, wishes, &shutdown).unwrap()
    });
    let address = address.recv_timeout(PATIENCE).unwrap();
    let metrics = wait_until_done(address);
    metrics.assert_balanced();
    shutdown.request();
    let accounting = daemon.join().unwrap();

    assert!(accounting.is_balanced());
    assert_eq!(accounting.messages, ALERTS + MANGLED);
    assert_eq!(accounting.rejected, MANGLED);
    assert_eq!(accounting.alerts, ALERTS);
    assert_eq!(metrics.count("caseloom_dead_letters_total", ""), MANGLED);
    assert!(metrics.count("caseloom_events_published_total", "opened") > 0);
    assert_dead_letters(&config);
}

/// Alerts over all partitions, with bad messages among those of the first.
fn send_alerts(bootstrap: &str, topic: &str) {
    let producer = producer(&options(bootstrap));
    let profile = Profile::by_name("small").unwrap();
    let alerts = Generator::new(&profile, 7, profile.start_ms).take(ALERTS as usize);
    for (number, alert) in (0_i32..).zip(alerts) {
        let (line, time) = (alert.line.as_bytes(), Some(alert.arrival_ms));
        produce(&producer, topic, number % PARTITIONS, Some(line), time);
        if number % (ALERTS / MANGLED) as i32 == 0 {
            produce(&producer, topic, 0, Some(&line[..line.len() / 2]), time);
        }
    }
    flush(&producer);
}

fn wait_until_done(address: SocketAddr) -> Metrics {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ureq::get(format!("http://{address}/metrics")).call();
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        let metrics = Metrics(text);
        if metrics.is_done(ALERTS + MANGLED) {
            return metrics;
        }
        assert!(Instant::now() < deadline, "{}", metrics.0);
        std::thread::yield_now();
    }
}

/// Their keys are positions, so equal ones would stand for the same message.
fn assert_dead_letters(config: &Config) {
    let options = options(&config.kafka.brokers);
    let mut keys = std::collections::BTreeSet::new();
    for partition in 0..PARTITIONS {
        let consumer = plain_consumer(&options, &config.output.dlq_topic, partition);
        use rdkafka::consumer::Consumer;
        let (low, high) = consumer
            .fetch_watermarks(&config.output.dlq_topic, partition, PATIENCE)
            .unwrap();
        for _ in low..high {
            keys.insert(next_message(&consumer).key().unwrap().to_vec());
        }
    }
    assert_eq!(keys.len() as u64, MANGLED);
}

#[test]
fn the_demo_shows_its_address_and_a_case_and_ends_by_itself() {
    let output = Command::new(env!("CARGO_BIN_EXE_caseloom"))
        .args(["demo", "--for", "8s", "--port", "0"])
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{lines}{errors}");
    assert!(lines.contains("http://127.0.0.1:"), "{lines}");
    assert!(
        lines.lines().any(|line| line.starts_with("case ")),
        "{lines}{errors}"
    );
}
