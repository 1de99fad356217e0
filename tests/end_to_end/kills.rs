//! The process is killed over and over under load. `CASELOOM_TEST_KILLS` sets how often; 3 when unset.

use super::output::Faults;
use super::process::Daemon;
use super::{Load, received};
use crate::broker;

const KILLS_DEFAULT: usize = 3;
const KILLS_MAX: usize = 1_000;
const ALERTS_MIN: usize = 100_000;
/// Alerts between two kills, at least.
const ALERTS_PER_KILL: usize = 1_500;

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn kills_lose_nothing_and_double_nothing() {
    let kills = std::env::var("CASELOOM_TEST_KILLS").map_or(KILLS_DEFAULT, |n| n.parse().unwrap());
    let kills = kills.min(KILLS_MAX);
    let alerts = ALERTS_MIN.max(kills * ALERTS_PER_KILL);
    let mut load = Load::new(broker(), "kills", alerts, "");
    let part = (alerts + alerts / 100).div_ceil(kills + 1);
    let mut daemon = Daemon::start(&load.config);
    for number in 0..kills {
        load.input.produce(part);
        // Each time at another place of the part.
        let at = number * part + part * (number + 1) / (kills + 2);
        daemon.wait_until("under way", |metrics| received(metrics) >= at as u64);
        daemon.kill();
        daemon = Daemon::start(&load.config);
    }
    let Faults { lost, doubled } = load.finish(daemon);
    println!(
        "kills {kills}, alerts in {}, alerts lost 0, alerts doubled 0, events lost {lost}, events doubled {doubled}",
        load.input.alerts_sent()
    );
    assert_eq!((lost, doubled), (0, 0));
}
