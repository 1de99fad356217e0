//! The real binary against Apache Kafka, killed while it works: nothing is lost, nothing counted twice, and each
//! case's events are complete. `CASELOOM_TEST_KILLS` sets how often it is killed; 3 when unset.

#[path = "../common/process.rs"]
mod process;
mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use caseloom::generate::{Generator, Profile};
use caseloom::kafka::KafkaOptions;
use caseloom::store::{Store, StoreOptions};
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::message::OwnedMessage;
use rdkafka::producer::BaseProducer;

use crate::kafka_client::*;
use crate::{admin, broker, unique, wait_for, wait_until_there};
use output::{assert_once, key, keys_of, places, read_all, sequence};
use process::{Daemon, Metrics};

const ALERTS: usize = 100_000;
const MANGLED: usize = 1_000;
const PARTITIONS: usize = 4;
const KILLS_DEFAULT: usize = 3;
const KILLS_MAX: usize = 10;

/// A place in the input topic.
type Place = (i32, i64);

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn kills_lose_nothing_and_count_nothing_twice() {
    let options = broker();
    let name = unique("end.to.end");
    create_input(&options, &name);
    let directory = tempfile::tempdir().unwrap();
    let config = write_config(directory.path(), &options, &name);
    let kills = std::env::var("CASELOOM_TEST_KILLS").map_or(KILLS_DEFAULT, |n| n.parse().unwrap());
    let kills = kills.min(KILLS_MAX);

    let mut input = Input::new(&options, &name);
    let part = (ALERTS + MANGLED).div_ceil(kills + 1);
    let mut daemon = Daemon::start(&config);
    for number in 0..kills {
        input.produce(part);
        // Each time at another place of the part.
        let at = number * part + part * (number + 1) / (kills + 2);
        daemon.wait_until("under way", |metrics| received(metrics) >= at as u64);
        let (done, sent) = (received(&daemon.metrics()), input.sent);
        eprintln!("killed after {done} of {sent} messages");
        daemon.kill();
        daemon = Daemon::start(&config);
    }
    input.produce(usize::MAX);
    assert_eq!(input.sent, ALERTS + MANGLED);
    daemon.wait_until("done", |metrics| metrics.is_done(input.sent as u64));

    assert_accounting(&daemon.metrics());
    let open = open_cases(&daemon);
    assert!(!open.is_empty());
    assert_eq!(daemon.stop().code(), Some(0));

    let topics = destinations(&name);
    let letters = read_all(&options, &topics.dead_letters);
    assert_eq!(letters.len(), input.mangled.len());
    assert_eq!(places(&letters, &name), input.mangled);
    let events = read_all(&options, &topics.events);
    assert_once(&events);
    let opened = keys_of(&events, "io.caseloom.case.opened.v1");
    for key in &open {
        assert!(opened.contains(key), "{key} is open and no event says so");
    }
    let state = read_all(&options, &topics.state);
    assert_state_agrees(&state, &directory.path().join("store"));
    eprintln!(
        "{} open cases, {} events, {} dead letters, {} state records",
        open.len(),
        events.len(),
        letters.len(),
        state.len()
    );
}

fn create_input(options: &KafkaOptions, name: &str) {
    let topic = NewTopic::new(name, PARTITIONS as i32, TopicReplication::Fixed(1))
        .set("max.message.bytes", "12582912")
        // The alerts are as old as their generator says.
        .set("retention.ms", "-1");
    let client = admin(options);
    wait_for(client.create_topics([&topic], &AdminOptions::new()))
        .unwrap()
        .remove(0)
        .unwrap();
    wait_until_there(options, name);
}

/// Small batches, so that a kill meets many places between two commits.
fn write_config(directory: &Path, options: &KafkaOptions, name: &str) -> std::path::PathBuf {
    let topics = destinations(name);
    let text = format!(
        r#"
        [kafka]
        brokers = ["{}"]
        [[input]]
        topic = "{name}"
        message_bytes_max = "12 MiB"
        [output]
        events_topic = "{}"
        state_topic = "{}"
        dlq_topic = "{}"
        progress_topic = "{name}.progress"
        transactional_id = "{name}"
        [store]
        path = "store"
        [http]
        listen = "127.0.0.1:0"
        [pipeline]
        batch_alerts_max = 500
        "#,
        options.brokers, topics.events, topics.state, topics.dead_letters
    );
    let path = directory.join("caseloom.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// What is produced: alerts, and every hundredth time something that is none.
struct Input {
    producer: BaseProducer,
    topic: String,
    alerts: std::iter::Take<Generator>,
    next: [i64; PARTITIONS],
    sent: usize,
    mangled: BTreeSet<Place>,
}

impl Input {
    fn new(options: &KafkaOptions, topic: &str) -> Self {
        let profile = Profile::by_name("small").unwrap();
        Self {
            producer: producer(options),
            topic: topic.to_owned(),
            alerts: Generator::new(&profile, 7, profile.start_ms).take(ALERTS),
            next: [0; PARTITIONS],
            sent: 0,
            mangled: BTreeSet::new(),
        }
    }

    /// The next `count` messages, or all that are left.
    fn produce(&mut self, count: usize) {
        let end = self.sent.saturating_add(count);
        while self.sent < end {
            let Some(alert) = self.alerts.next() else {
                break;
            };
            if self.sent % 101 == 50 {
                let bytes = mangled(self.mangled.len(), &alert.line);
                let place = self.send(&bytes, alert.arrival_ms);
                self.mangled.insert(place);
            }
            self.send(alert.line.as_bytes(), alert.arrival_ms);
        }
        flush(&self.producer);
    }

    fn send(&mut self, bytes: &[u8], timestamp_ms: i64) -> Place {
        let number = self.sent % PARTITIONS;
        let place = (number as i32, self.next[number]);
        let to = &self.producer;
        produce(to, &self.topic, place.0, Some(bytes), Some(timestamp_ms));
        self.next[number] += 1;
        self.sent += 1;
        place
    }
}

/// Ways to break an alert.
fn mangled(number: usize, line: &str) -> Vec<u8> {
    match number {
        500 => [br#"{"time":""#, &*vec![b'x'; 10 << 20]].concat(),
        n if n % 100 == 0 => vec![b'['; 200_000],
        n if n % 3 == 0 => line.as_bytes()[..line.len() / 2].to_vec(),
        n if n % 3 == 1 => [&line.as_bytes()[..2], b"\xff\xfe", &line.as_bytes()[2..]].concat(),
        _ => br#"{"time":"2026-01-31T07:59:00Z","rule":7,"title":[]}"#.to_vec(),
    }
}

fn received(metrics: &Metrics) -> u64 {
    metrics.count("caseloom_messages_received_total", "")
}

fn assert_accounting(metrics: &Metrics) {
    metrics.assert_balanced();
    let messages = |outcome| metrics.count("caseloom_messages_total", outcome);
    assert_eq!(received(metrics), (ALERTS + MANGLED) as u64);
    assert_eq!(messages("with_alerts"), ALERTS as u64);
    assert_eq!(messages("rejected"), MANGLED as u64);
    assert_eq!(metrics.count("caseloom_alerts_total", ""), ALERTS as u64);
}

/// Keys of all open cases, page by page.
fn open_cases(daemon: &Daemon) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    let mut path = "/api/v1/cases?limit=500".to_owned();
    loop {
        let page = daemon.json(&path);
        for case in page["items"].as_array().unwrap() {
            if case["status"] != "closed" {
                let text = |name: &str| case[name].as_str().unwrap();
                open.insert(format!("{}|{}", text("scope"), text("id")));
            }
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return open;
        };
        path = format!("/api/v1/cases?limit=500&cursor={cursor}");
    }
}

/// The last state record of each case has the number of its last event in the store.
fn assert_state_agrees(state: &[OwnedMessage], store: &Path) {
    let last: BTreeMap<String, u64> = state
        .iter()
        .map(|record| (key(record), sequence(record)))
        .collect();
    let store = Store::open(store, &StoreOptions::default()).unwrap();
    let groups = store.reader.groups().map(Result::unwrap);
    let stored: BTreeMap<String, u64> = groups
        .filter(|group| group.event_seq > 0)
        .map(|group| {
            (
                format!("{}|{}", group.scope_name, group.case),
                group.event_seq,
            )
        })
        .collect();
    assert_eq!(last, stored);
}
