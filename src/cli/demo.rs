//! `caseloom demo`: everything in one process, with a broker inside and alerts made on the spot.

use std::io::Write;
use std::time::Duration;

use super::run::of_daemon;
use super::{CliError, LogArgs};
use crate::config::{LogConfig, parse_duration};
use crate::demo::{self, Demo};
use crate::shutdown::Shutdown;

/// Arguments of `caseloom demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Alerts per second, those of the attacks on show aside; above 1, the history is shorter, and less is known as usual
    #[arg(long, value_name = "N", env = "CASELOOM_RATE", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: u32,
    /// Stop so long after the history was read, such as 60s; until interrupted when left out
    #[arg(long = "for", value_name = "DURATION", env = "CASELOOM_FOR", value_parser = parse_duration)]
    pub(crate) run_for: Option<Duration>,
    /// Port of the pages and the API on this machine; 0 takes a free one
    #[arg(
        long,
        value_name = "PORT",
        env = "CASELOOM_PORT",
        default_value_t = 8080
    )]
    pub(crate) port: u16,
    /// The same seed makes the same alerts
    #[arg(long, value_name = "N", env = "CASELOOM_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// Runs the demo with its store in a temporary directory that goes with it.
///
/// # Errors
/// When a part can't be started or fails.
pub(super) fn demo(args: &DemoArgs) -> Result<(), CliError> {
    let quiet = LogConfig {
        level: "warn".into(),
        ..LogConfig::default()
    };
    args.log.init(&quiet)?;
    let shutdown = Shutdown::on_signals().map_err(CliError::failed)?;
    let directory = tempfile::Builder::new()
        .prefix("caseloom-demo-")
        .tempdir()
        .map_err(CliError::failed)?;
    let demo = Demo {
        rate: args.rate,
        run_for: args.run_for,
        port: args.port,
        seed: args.seed,
        directory: directory.path().join("store"),
    };
    demo::run(&demo, &shutdown, |line| {
        drop(writeln!(std::io::stdout(), "{line}"))
    })
    .map_err(of_daemon)
}
