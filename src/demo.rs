//! The demo: the whole product in one process. An embedded broker, alerts made on the spot, the daemon, and a line
//! for each case that opens.
//!
//! The embedded broker keeps 5 MiB per partition and drops the oldest; the daemon reads far faster than the generator
//! writes, so nothing that is still needed falls off.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use caseloom_engine::decision::{CaseEvent, EventType};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::{self, DaemonError, Wishes};
use crate::generate::{Generator, Profile};
use crate::kafka::{EmbeddedBroker, KafkaError};
use crate::pipeline::Acceptance;
use crate::shutdown::Shutdown;

/// The input topic, as in the default configuration.
const TOPIC: &str = "alerts";
/// Partitions of it, so that the demo shows more than one.
const PARTITIONS: i32 = 4;

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Alerts per second.
    pub rate: u32,
    /// Stop after this time.
    pub run_for: Option<Duration>,
    /// Port of the HTTP side on loopback; 0: a free one.
    pub port: u16,
    /// Seed of the alerts.
    pub seed: u64,
    /// A directory for the store, emptied by the caller.
    pub directory: std::path::PathBuf,
}

/// Runs the demo until its time is over or the wish to stop; `say` gets the lines for the terminal.
///
/// # Errors
/// When a part can't be started or fails.
pub fn run(demo: &Demo, shutdown: &Shutdown, say: fn(String)) -> Result<(), DaemonError> {
    let topics = [
        "alerts",
        "caseloom.cases.events",
        "caseloom.cases.state",
        "caseloom.dlq",
        "caseloom.progress",
        "caseloom.audit.heads",
    ];
    let broker = EmbeddedBroker::start(&topics, PARTITIONS)?;
    let mut config = Config::default();
    config.kafka.brokers = broker.bootstrap();
    config.kafka.create_topics = false;
    config.store.path.clone_from(&demo.directory);
    config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, demo.port));
    config.http.anonymous_writes = true;
    let made = make_alerts(demo, &config.kafka.brokers, shutdown)?;
    let (address_told, address) = crossbeam_channel::bounded(1);
    let mut page = None;
    let wishes = Wishes {
        // The embedded broker drops the oldest: a demo that fell behind shows what is there.
        accept_gap: true,
        read_policy: None,
        accept: Acceptance::default(),
        on_listen: Some(Box::new(move |address| {
            say(format!(
                "cases at http://{address}/   metrics at http://{address}/metrics   (Ctrl-C stops)"
            ));
            address_told.send(address).ok();
        })),
        on_event: Some(Box::new(move |event| {
            let address = *page.get_or_insert_with(|| address.recv().ok());
            if let (EventType::Opened, Some(address)) = (event.event, address) {
                say(opened(event, address));
            }
        })),
    };
    let stop_later = demo.run_for.map(|time| stop_after(time, shutdown));
    let ended = daemon::run(&config, wishes, shutdown);
    shutdown.request();
    for thread in [Some(made), stop_later].into_iter().flatten() {
        if thread.join().is_err() {
            tracing::error!("a thread of the demo panicked");
        }
    }
    let sums = ended?;
    say(format!(
        "stopped after {} alerts; {} of them are in cases",
        sums.alerts, sums.terms[7]
    ));
    drop(broker);
    Ok(())
}

/// The line for a case that opened.
fn opened(event: &CaseEvent, address: SocketAddr) -> String {
    let case = &event.case.group;
    let title = crate::events::one_line(&case.title, 80);
    let (severity, risk, id) = (case.severity.as_str(), case.risk, case.case);
    format!("case {id}  {severity:<8} risk {risk:>4.0}  {title}   http://{address}/cases/{id}")
}

/// Writes alerts to the broker at the rate asked for, on its own thread.
fn make_alerts(
    demo: &Demo,
    brokers: &str,
    shutdown: &Shutdown,
) -> Result<std::thread::JoinHandle<()>, DaemonError> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "20")
        .create()
        .map_err(|error| KafkaError::client("create the demo's producer", error))?;
    let profile = Profile::by_name("small")
        .expect("a built-in profile")
        .at_rate(f64::from(demo.rate));
    let (seed, shutdown) = (demo.seed, shutdown.clone());
    daemon::spawn("demo-alerts", move || {
        let begin = SystemClock.now();
        for alert in Generator::new(&profile, seed, begin.0) {
            let wait = alert.arrival_ms - SystemClock.now().0;
            if wait > 0 && shutdown.wait_timeout(Duration::from_millis(wait.unsigned_abs())) {
                break;
            }
            if shutdown.is_requested() {
                break;
            }
            let record = BaseRecord::to(TOPIC)
                .key(alert.scope)
                .payload(&alert.line)
                .timestamp(alert.arrival_ms);
            if let Err((error, _)) = producer.send(record) {
                tracing::warn!(%error, "the demo's broker took no alert");
            }
        }
        drop(producer.flush(Duration::from_secs(1)));
    })
}

fn stop_after(time: Duration, shutdown: &Shutdown) -> std::thread::JoinHandle<()> {
    let shutdown = shutdown.clone();
    std::thread::spawn(move || {
        if !shutdown.wait_timeout(time) {
            shutdown.request();
        }
    })
}
