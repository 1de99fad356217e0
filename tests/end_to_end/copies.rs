//! Backups of a running daemon, and going on with one.

use super::Load;
use super::output::Faults;
use super::process::{Daemon, caseloom};
use super::takeover::{elsewhere, under_way};
use crate::broker;

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_copy_of_a_running_store_is_whole_and_says_what_comes_again() {
    let mut load = Load::new(broker(), "copies", 20_000, "");
    load.input.produce(10_000);
    let mut daemon = Daemon::start(&load.config);
    under_way(&mut daemon, 2_000);
    let copy = load.directory.path().join("copy");
    let to = copy.display().to_string();
    let config = load.config.display().to_string();
    let (code, said) = caseloom(&["backup", "--config", &config, "--to", &to]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("copied to"), "{said}");
    let (code, said) = caseloom(&["backup", "--config", &config, "--to", &to]);
    assert_eq!(code, Some(1), "{said}");

    load.input.produce(10_000);
    let sent = load.input.sent as u64;
    daemon.wait_until("done", |metrics| metrics.is_done(sent));
    assert_eq!(daemon.stop().code(), Some(0));
    let restored = load.directory.path().join("restored");
    let older = elsewhere(&load, &restored);
    let older_config = older.display().to_string();
    let (code, said) = caseloom(&["restore", "--config", &older_config, "--from", &to]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("start with --accept-replay"), "{said}");
    let (status, said) = Daemon::start(&older).wait_for_end();
    assert_eq!(status.code(), Some(75), "{said}");
    let mut daemon = Daemon::start_with(&older, &["--accept-replay"]);
    daemon.wait_until("done", |metrics| metrics.is_done(sent));
    daemon.metrics().assert_balanced();
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_copy_that_is_as_new_as_its_output_goes_on_as_if_nothing_had_been() {
    let mut load = Load::new(broker(), "fresh", 20_000, "");
    load.input.produce(5_000);
    let mut daemon = Daemon::start(&load.config);
    let sent = load.input.sent as u64;
    daemon.wait_until("done", |metrics| metrics.is_done(sent));
    assert_eq!(daemon.stop().code(), Some(0));
    let copy = load.directory.path().join("copy").display().to_string();
    let config = load.config.display().to_string();
    let (code, said) = caseloom(&["backup", "--config", &config, "--to", &copy]);
    assert_eq!(code, Some(0), "{said}");
    std::fs::remove_dir_all(load.directory.path().join("store")).unwrap();
    let (code, said) = caseloom(&["restore", "--config", &config, "--from", &copy]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no output comes again"), "{said}");
    assert_eq!(load.finish(Daemon::start(&load.config)), Faults::default());
}
