//! A broker that crashes and comes back while the process works, and a stop while it is away.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use caseloom::kafka::KafkaOptions;

use super::output::Faults;
use super::process::Daemon;
use super::{Load, received};
use crate::kafka_client;

const ALERTS: usize = 60_000;
/// Resident memory that the daemon stays under, with the broker away too.
const MEMORY_MAX: u64 = 768 << 20;

/// A broker of the test's own, ended with it.
struct OwnBroker {
    directory: tempfile::TempDir,
}

impl OwnBroker {
    fn start() -> (Self, KafkaOptions) {
        let own = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        // By way of a file: a pipe would stay open for as long as the JVM lives.
        let said = own.directory.path().join("said");
        let out = std::fs::File::create(&said).unwrap();
        let started = own.command("start").stdout(out).status().unwrap();
        assert!(started.success());
        let line = std::fs::read_to_string(said).unwrap();
        let address = line.split_once("bootstrap=").unwrap().1;
        let address = address.split_whitespace().next().unwrap();
        let options = kafka_client::options(address);
        (own, options)
    }

    fn command(&self, what: &str) -> Command {
        // By a path of this run's: a built test may be found again by a clone elsewhere.
        let mut command = Command::new(Path::new("tests/kafka/broker"));
        command.arg(what).arg(self.directory.path().join("broker"));
        command
    }

    fn tell(&self, what: &str) {
        let out = std::fs::File::create(self.directory.path().join("said")).unwrap();
        assert!(self.command(what).stdout(out).status().unwrap().success());
    }

    /// How many bytes a second caseloom may produce, or `none` for as many as it likes.
    fn limit(&self, rate: &str) {
        let mut command = self.command("quota");
        command.args(["caseloom", rate]).stdout(Stdio::null());
        assert!(command.status().unwrap().success());
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        drop(self.command("stop").status());
    }
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_broker_that_crashes_and_comes_back_costs_and_doubles_nothing() {
    let (broker, options) = OwnBroker::start();
    let mut load = Load::new(options, "outage", ALERTS, "");
    let mut daemon = Daemon::start(&load.config);
    for round in 1..=3 {
        load.input.produce(15_000);
        let at = (round - 1) * 15_000 + 4_000 * round;
        daemon.wait_until("under way", |metrics| received(metrics) >= at);
        broker.tell("kill");
        let metrics = daemon.metrics();
        let resident = metrics.count("process_resident_memory_bytes", "");
        assert!(resident < MEMORY_MAX, "{resident} bytes");
        broker.tell("restart");
    }
    // The producer of the test speaks to the same broker.
    assert_eq!(load.finish(daemon), Faults::default());
}

/// The broker gives input as fast as ever and takes output slowly: what waits is bounded, and the rest of the input stays
/// where it is.
#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn output_that_is_slow_holds_the_input_back_and_costs_nothing() {
    const WAITING_MAX: u64 = 40;
    let (broker, options) = OwnBroker::start();
    let mut load = Load::new(options, "slow", ALERTS, "");
    let config = std::fs::read_to_string(&load.config).unwrap();
    let bound = format!("[store]\noutbox_records_max = {WAITING_MAX}");
    std::fs::write(&load.config, config.replace("[store]", &bound)).unwrap();
    load.input.produce(30_000);
    broker.limit("20000");
    let mut daemon = Daemon::start(&load.config);
    daemon.wait_until("at the bound", |metrics| {
        metrics.count("caseloom_bounds_reached_total", "outbox") > 0
    });
    let metrics = daemon.metrics();
    assert!(
        received(&metrics) < load.input.sent as u64,
        "{}",
        received(&metrics)
    );
    let resident = metrics.count("process_resident_memory_bytes", "");
    assert!(resident < MEMORY_MAX, "{resident} bytes");
    // One batch may go beyond the bound: it was read before.
    let waiting = metrics.count("caseloom_outbox_pending", "");
    assert!(waiting < WAITING_MAX + 500, "{waiting}");
    assert!(daemon.get("/livez").is_some());
    broker.limit("none");
    assert_eq!(load.finish(daemon), Faults::default());
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_stop_while_the_broker_is_away_takes_less_than_five_seconds_and_leaves_the_rest() {
    let (broker, options) = OwnBroker::start();
    let mut load = Load::new(options, "stop", ALERTS, "");
    load.input.produce(30_000);
    let mut daemon = Daemon::start(&load.config);
    daemon.wait_until("under way", |metrics| received(metrics) >= 2_000);
    broker.tell("kill");
    let begun = Instant::now();
    assert_eq!(daemon.stop().code(), Some(0));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    broker.tell("restart");
    assert_eq!(load.finish(Daemon::start(&load.config)), Faults::default());
}
