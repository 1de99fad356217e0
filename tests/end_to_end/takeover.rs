//! Two processes under one transactional id, and one that sleeps too long: what is announced is announced once, by one.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::output::Faults;
use super::process::Daemon;
use super::{Load, received};
use crate::broker;

const ALERTS: usize = 30_000;

fn load(what: &str, more: &str) -> Load {
    Load::new(broker(), what, ALERTS, more)
}

/// The same configuration with its store in another place.
pub(super) fn elsewhere(load: &Load, store: &Path) -> PathBuf {
    let text = std::fs::read_to_string(&load.config).unwrap();
    let path = store.with_extension("toml");
    let store = format!("path = \"{}\"", store.display());
    std::fs::write(&path, text.replace("path = \"store\"", &store)).unwrap();
    path
}

pub(super) fn under_way(daemon: &mut Daemon, messages: u64) {
    daemon.wait_until("under way", |metrics| {
        received(metrics) >= messages && metrics.count("caseloom_events_published_total", "") > 0
    });
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_process_that_was_replaced_while_it_slept_ends_itself() {
    let mut load = load("replaced", "");
    load.input.produce(10_000);
    let mut first = Daemon::start(&load.config);
    under_way(&mut first, 3_000);
    first.pause();
    // The copy that a snapshot of its machine would be.
    let copy = load.directory.path().join("copy");
    let store = load.directory.path().join("store");
    let copied = Command::new("cp").arg("-r").args([&store, &copy]).status();
    assert!(copied.unwrap().success());
    let mut second = Daemon::start(&elsewhere(&load, &copy));
    under_way(&mut second, 10_000);

    first.resume();
    load.input.produce(5_000);
    let (status, said) = first.wait_for_end();
    assert_eq!(status.code(), Some(75), "{said}");
    assert!(said.contains("took over the output"), "{said}");

    std::fs::remove_dir_all(&store).unwrap();
    std::os::unix::fs::symlink(&copy, &store).unwrap();
    assert_eq!(load.finish(second), Faults::default());
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_second_process_with_another_store_is_refused_and_the_first_goes_on() {
    let mut load = load("second", "");
    load.input.produce(10_000);
    let mut first = Daemon::start(&load.config);
    under_way(&mut first, 1_000);
    let other = elsewhere(&load, &load.directory.path().join("other"));
    let (status, said) = Daemon::start(&other).wait_for_end();
    assert_eq!(status.code(), Some(75), "{said}");
    assert!(said.contains("was made by another store"), "{said}");
    assert_eq!(load.finish(first), Faults::default());
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_store_that_went_back_in_time_is_refused_until_it_is_accepted() {
    let mut load = load("back", "");
    load.input.produce(5_000);
    let mut daemon = Daemon::start(&load.config);
    under_way(&mut daemon, 5_000);
    assert_eq!(daemon.stop().code(), Some(0));
    let copy = load.directory.path().join("copy");
    let store = load.directory.path().join("store");
    let copied = Command::new("cp").arg("-r").args([&store, &copy]).status();
    assert!(copied.unwrap().success());

    load.input.produce(10_000);
    let mut daemon = Daemon::start(&load.config);
    let sent = load.input.sent as u64;
    daemon.wait_until("done", |metrics| metrics.is_done(sent));
    assert_eq!(daemon.stop().code(), Some(0));

    let older = elsewhere(&load, &copy);
    let (status, said) = Daemon::start(&older).wait_for_end();
    assert_eq!(status.code(), Some(75), "{said}");
    assert!(said.contains("went back in time"), "{said}");

    let mut daemon = Daemon::start_with(&older, &["--accept-replay"]);
    daemon.wait_until("done", |metrics| metrics.is_done(sent));
    daemon.metrics().assert_balanced();
    assert_eq!(daemon.stop().code(), Some(0));
    // From now on the other copy is the one that is not of this output.
    let (status, said) = Daemon::start(&load.config).wait_for_end();
    assert_eq!(status.code(), Some(75), "{said}");
    assert!(said.contains("was made by another store"), "{said}");
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_process_that_sleeps_longer_than_its_transaction_may_goes_on() {
    // The suite's broker looks for expired transactions every second.
    let mut load = load("asleep", "\"transaction.timeout.ms\" = 2000");
    let mut daemon = Daemon::start(&load.config);
    for round in 1..=4 {
        load.input.produce(4_000);
        let at = (round - 1) * 4_000 + 500 * round;
        daemon.wait_until("under way", |metrics| received(metrics) >= at);
        daemon.pause();
        // Nothing tells from outside that the broker gave the transaction up; it does after three seconds at most.
        Command::new("sleep").arg("4").status().unwrap();
        daemon.resume();
    }
    assert_eq!(load.finish(daemon), Faults::default());
}
