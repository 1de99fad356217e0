//! The real binary against Apache Kafka, whatever happens to it: nothing is lost, nothing counted or announced twice, and
//! each case's events are complete.

#[path = "../common/process.rs"]
mod process;
mod casework;
mod copies;
mod kills;
mod outage;
mod output;
mod takeover;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use caseloom::generate::{Generator, Profile};
use caseloom::kafka::KafkaOptions;
use caseloom::store::{Store, StoreOptions};
use rdkafka::ClientContext;
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::message::{DeliveryResult, OwnedMessage};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

use crate::kafka_client::*;
use crate::{admin, unique, wait_for, wait_until_there};
use output::{Faults, faults, key, keys_of, places, read_all, sequence};
use process::{Daemon, Metrics, caseloom};

const PARTITIONS: usize = 4;

/// A place in the input topic.
type Place = (i32, i64);

/// A topic with its alerts, and a configuration to read it.
struct Load {
    options: KafkaOptions,
    name: String,
    directory: tempfile::TempDir,
    config: PathBuf,
    input: Input,
}

impl Load {
    /// `more`: lines for the `[kafka.properties]` of the configuration.
    fn new(options: KafkaOptions, what: &str, alerts: usize, more: &str) -> Self {
        let name = unique(what);
        create_input(&options, &name);
        let directory = tempfile::tempdir().unwrap();
        let config = write_config(directory.path(), &options, &name, more);
        Self {
            input: Input::new(&options, &name, alerts),
            options,
            name,
            directory,
            config,
        }
    }

    /// Produces what is left, waits until all of it is decided and published, stops, and looks at everything that came
    /// of it.
    fn finish(&mut self, mut daemon: Daemon) -> Faults {
        self.input.produce(usize::MAX);
        let sent = self.input.sent as u64;
        daemon.wait_until("done", |metrics| metrics.is_done(sent));
        let metrics = daemon.metrics();
        self.assert_accounting(&metrics);
        let open = open_cases(&daemon);
        assert!(!open.is_empty());
        self.assert_verified();
        assert_eq!(daemon.stop().code(), Some(0));

        let topics = destinations(&self.name);
        let letters = read_all(&self.options, &topics.dead_letters);
        assert_eq!(letters.len(), self.input.mangled.len());
        assert_eq!(places(&letters, &self.name), self.input.mangled);
        let events = read_all(&self.options, &topics.events);
        let opened = keys_of(&events, "io.caseloom.case.opened.v1");
        for key in &open {
            assert!(opened.contains(key), "{key} is open and no event says so");
        }
        let state = read_all(&self.options, &topics.state);
        assert_state_agrees(&state, &self.directory.path().join("store"));
        eprintln!(
            "{} open cases, {} events, {} dead letters, {} state records",
            open.len(),
            events.len(),
            letters.len(),
            state.len()
        );
        faults(&events)
    }

    /// `caseloom verify` finds nothing; also while the daemon runs.
    fn assert_verified(&self) {
        let config = self.config.display().to_string();
        let (code, said) = caseloom(&["verify", "--json", "--config", &config]);
        let report: serde_json::Value = serde_json::from_str(&said).expect(&said);
        assert_eq!((code, &report["ok"]), (Some(0), &true.into()), "{said}");
        assert!(report["output"]["events"].as_u64() > Some(0), "{said}");
    }

    fn assert_accounting(&self, metrics: &Metrics) {
        metrics.assert_balanced();
        let messages = |outcome| metrics.count("caseloom_messages_total", outcome);
        let (alerts, mangled) = (self.input.alerts_sent(), self.input.mangled.len() as u64);
        assert_eq!(received(metrics), alerts + mangled);
        assert_eq!(messages("with_alerts"), alerts);
        assert_eq!(messages("rejected"), mangled);
        assert_eq!(metrics.count("caseloom_alerts_total", ""), alerts);
    }
}

fn received(metrics: &Metrics) -> u64 {
    metrics.count("caseloom_messages_received_total", "")
}

/// Offsets are foretold, so a broker that crashes must not make it send anything twice or in another order, nor leave
/// anything out because it was away for long.
fn idempotent(options: &KafkaOptions) -> BaseProducer<Deliveries> {
    let mut config = rdkafka::ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("message.max.bytes", "20000000")
        .set("message.timeout.ms", "0")
        .set("reconnect.backoff.max.ms", "1000")
        .set("enable.idempotence", "true");
    config.create_with_context(Deliveries::default()).unwrap()
}

/// What the broker did not take: a delivery that failed is no delivery.
#[derive(Default)]
struct Deliveries {
    failed: Mutex<Vec<String>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.failed.lock().unwrap().push(error.to_string());
        }
    }
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
fn write_config(directory: &Path, options: &KafkaOptions, name: &str, more: &str) -> PathBuf {
    let topics = destinations(name);
    let text = format!(
        r#"
        [kafka]
        brokers = ["{}"]
        [kafka.properties]
        {more}
        [[input]]
        topic = "{name}"
        message_bytes_max = "12 MiB"
        [output]
        events_topic = "{}"
        state_topic = "{}"
        dlq_topic = "{}"
        progress_topic = "{name}.progress"
        audit_topic = "{name}.audit"
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
    producer: BaseProducer<Deliveries>,
    topic: String,
    alerts: std::iter::Take<Generator>,
    next: [i64; PARTITIONS],
    sent: usize,
    mangled: BTreeSet<Place>,
}

impl Input {
    fn new(options: &KafkaOptions, topic: &str, alerts: usize) -> Self {
        let profile = Profile::by_name("small").unwrap();
        Self {
            producer: idempotent(options),
            topic: topic.to_owned(),
            alerts: Generator::new(&profile, 7, profile.start_ms).take(alerts),
            next: [0; PARTITIONS],
            sent: 0,
            mangled: BTreeSet::new(),
        }
    }

    fn alerts_sent(&self) -> u64 {
        (self.sent - self.mangled.len()) as u64
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
        let failed = self.producer.context().failed.lock().unwrap();
        assert!(failed.is_empty(), "the input was not taken: {failed:#?}");
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
