//! The demo: the whole product in one process. An embedded broker, alerts made on the spot, the daemon, and a line
//! for each case that opens.
//!
//! It begins with some days of history, written as fast as it is read, because a caseloom that has seen nothing yet takes
//! everything for news. Then the alerts come as they happen.
//!
//! The embedded broker keeps 5 MiB per partition and drops the oldest. The history waits for its reader; afterwards the
//! daemon reads far faster than the generator writes, so nothing that is still needed falls off.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use caseloom_engine::accounting::{Accounting, Disposition};
use caseloom_engine::decision::{CaseEvent, EventType};
use caseloom_engine::time::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::{self, DaemonError, Wishes};
use crate::generate::{Generated, Generator, Profile};
use crate::kafka::{EmbeddedBroker, KafkaError};
use crate::metrics::Metrics;
use crate::pipeline::Acceptance;
use crate::shutdown::Shutdown;

/// The input topic, as in the default configuration.
const TOPIC: &str = "alerts";
/// Partitions of it, so that the demo shows more than one.
const PARTITIONS: i32 = 4;
/// What lies before the demo's begin: enough for its noise to be known, and read in seconds.
const HISTORY_ALERTS: f64 = 400_000.0;
const HISTORY_MS_MAX: f64 = 4.0 * 86_400_000.0;
/// Messages of the history that may be unread: at some 700 bytes each they fit into the broker.
const UNREAD_MAX: u64 = 12_000;

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Alerts per second, those of the attacks on show aside.
    pub rate: u32,
    /// Stop so long after the history was read.
    pub run_for: Option<Duration>,
    /// Port of the HTTP side on loopback; 0: a free one.
    pub port: u16,
    /// Seed of the alerts.
    pub seed: u64,
    /// A directory for the store, emptied by the caller.
    pub directory: std::path::PathBuf,
}

/// What the demo plays, and on what.
struct Stage {
    /// When what happens now begins; what came before is history.
    begin: Timestamp,
    profile: Profile,
    seed: u64,
    run_for: Option<Duration>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
    say: fn(String),
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
    let stage = Stage {
        begin: SystemClock.now(),
        profile: profile(demo.rate),
        seed: demo.seed,
        run_for: demo.run_for,
        metrics: Arc::new(Metrics::new()),
        shutdown: shutdown.clone(),
        say,
    };
    let wishes = wishes(&stage);
    let made = stage.make_alerts(&config.kafka.brokers)?;
    let ended = daemon::run(&config, wishes, shutdown);
    shutdown.request();
    if made.join().is_err() {
        tracing::error!("a thread of the demo panicked");
    }
    say(format!("stopped after {}", told(&ended?)));
    drop(broker);
    Ok(())
}

/// The enterprise on show at so many alerts a second, with as much history as is read in seconds.
fn profile(rate: u32) -> Profile {
    let live = Profile::by_name("live").expect("a built-in profile");
    let mut profile = live.at_rate(f64::from(rate));
    if let Some(lively) = &mut profile.lively {
        let history_ms = HISTORY_ALERTS / f64::from(rate.max(1)) * 1000.0;
        lively.from_ms = history_ms.min(HISTORY_MS_MAX) as i64;
    }
    profile
}

fn wishes(stage: &Stage) -> Wishes {
    let (say, begin) = (stage.say, stage.begin);
    let (address_told, address) = crossbeam_channel::bounded(1);
    let mut page = None;
    Wishes {
        // The embedded broker drops the oldest: a demo that fell behind shows what is there.
        accept_gap: true,
        reread: None,
        accept: Acceptance::default(),
        metrics: Some(Arc::clone(&stage.metrics)),
        on_listen: Some(Box::new(move |address| {
            say(format!(
                "cases at http://{address}/   metrics at http://{address}/metrics   (Ctrl-C stops)"
            ));
            address_told.send(address).ok();
        })),
        on_event: Some(Box::new(move |event| {
            let address = *page.get_or_insert_with(|| address.recv().ok());
            let is_live = event.case.group.last >= begin;
            if let (EventType::Opened, true, Some(address)) = (event.event, is_live, address) {
                say(opened(event, address));
            }
        })),
    }
}

/// The line for a case that opened.
fn opened(event: &CaseEvent, address: SocketAddr) -> String {
    let case = &event.case.group;
    let title = crate::events::one_line(&case.title, 80);
    let (severity, risk, id) = (case.severity.as_str(), case.risk, case.case);
    format!("case {id}  {severity:<8} risk {risk:>4.0}  {title}   http://{address}/cases/{id}")
}

/// The sums in words.
fn told(sums: &Accounting) -> String {
    let [in_cases, background] = [Disposition::Case, Disposition::Background]
        .map(|disposition| sums.terms[disposition as usize]);
    format!(
        "{} alerts; {in_cases} of them are in cases, {background} are usual where they fired",
        sums.alerts
    )
}

impl Stage {
    /// Writes alerts to the broker on its own thread, and stops the demo when its time is over.
    fn make_alerts(self, brokers: &str) -> Result<JoinHandle<()>, DaemonError> {
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("linger.ms", "20")
            .create()
            .map_err(|error| KafkaError::client("create the demo's producer", error))?;
        daemon::spawn("demo-alerts", move || {
            self.play(&producer);
            drop(producer.flush(Duration::from_secs(1)));
        })
    }

    fn play(&self, producer: &ThreadedProducer<DefaultProducerContext>) {
        let history_ms = self.profile.lively.map_or(0, |lively| lively.from_ms);
        let generator = Generator::new(&self.profile, self.seed, self.begin.0 - history_ms);
        let (mut sent, mut ends) = (0, None);
        for alert in generator {
            let is_live = alert.arrival_ms >= self.begin.0;
            if is_live && ends.is_none() {
                self.wait_for(sent, 0);
                (self.say)(format!(
                    "history read: {}",
                    told(&self.metrics.accounting())
                ));
                let span = self.run_for.map_or(i64::MAX, |time| {
                    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
                });
                ends = Some(SystemClock.now().0.saturating_add(span));
            }
            let goes_on = match ends {
                Some(ends) => self.wait_until(alert.arrival_ms, ends),
                None => self.wait_for(sent, UNREAD_MAX),
            };
            if !goes_on {
                return;
            }
            match send(producer, &alert, sent) {
                Ok(()) => sent += 1,
                Err(error) => tracing::warn!(%error, "the demo's broker took no alert"),
            }
        }
    }

    /// Waits until no more than `unread` of the first `sent` messages are neither read nor lost. `false`: the demo ends.
    fn wait_for(&self, sent: u64, unread: u64) -> bool {
        if unread > 0 && !sent.is_multiple_of(1_000) {
            return true;
        }
        let read = || self.metrics.accounting().messages + self.metrics.messages_lost.get();
        while read() + unread < sent {
            if self.shutdown.wait_timeout(Duration::from_millis(5)) {
                return false;
            }
        }
        !self.shutdown.is_requested()
    }

    /// Waits until it is `at`, or time to end. `false`: the demo ends.
    fn wait_until(&self, at: i64, ends: i64) -> bool {
        let wait = at.min(ends) - SystemClock.now().0;
        if wait > 0
            && self
                .shutdown
                .wait_timeout(Duration::from_millis(wait.unsigned_abs()))
        {
            return false;
        }
        if at >= ends {
            self.shutdown.request();
        }
        !self.shutdown.is_requested()
    }
}

fn send(
    producer: &ThreadedProducer<DefaultProducerContext>,
    alert: &Generated,
    number: u64,
) -> Result<(), rdkafka::error::KafkaError> {
    let partitions = u64::from(PARTITIONS.unsigned_abs());
    let record = BaseRecord::<(), String>::to(TOPIC)
        .partition((number % partitions) as i32)
        .payload(&alert.line)
        .timestamp(alert.arrival_ms);
    producer.send(record).map_err(|(error, _)| error)
}
