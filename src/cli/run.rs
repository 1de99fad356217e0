//! `caseloom run`: the daemon.

use super::{CliError, ConfigArgs, LogArgs};
use crate::daemon::{self, DaemonError, Wanted, Wishes};
use crate::pipeline::Acceptance;
use crate::shutdown::Shutdown;

/// Arguments of `caseloom run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Go on after input records that are not in their topic any more; the hole is logged with its size
    #[arg(long, env = "CASELOOM_ACCEPT_GAP", value_parser = super::truth())]
    pub(crate) accept_gap: bool,
    /// Go on though more was published than the store knows of, because an older copy of it was restored: input is read
    /// again from where the store stands, and some events come again under their ids
    #[arg(long, env = "CASELOOM_ACCEPT_REPLAY", value_parser = super::truth())]
    pub(crate) accept_replay: bool,
    /// Go on though another store made the output so far, because that store is lost
    #[arg(long, env = "CASELOOM_ADOPT", value_parser = super::truth())]
    pub(crate) adopt: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// Runs the daemon until SIGTERM or SIGINT.
///
/// # Errors
/// A wrong configuration (78), or a store or broker that failed (75).
pub(super) fn run(args: RunArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    args.log.init(&config.log)?;
    let shutdown = Shutdown::on_signals().map_err(CliError::failed)?;
    let files = args.config.clone();
    let wishes = Wishes {
        accept_gap: args.accept_gap,
        accept: Acceptance {
            replay: args.accept_replay,
            adopt: args.adopt,
        },
        reread: Some(Box::new(move || {
            let config = files.load()?;
            Ok(Wanted {
                policy: config.load_policy(None)?,
                enrichment: config.enrichment,
            })
        })),
        ..Wishes::default()
    };
    let accounting = daemon::run(&config, wishes, &shutdown).map_err(of_daemon)?;
    tracing::info!(
        messages = accounting.messages,
        alerts = accounting.alerts,
        "stopped; everything decided is durable"
    );
    Ok(())
}

/// The exit code that belongs to the daemon's end.
pub(super) fn of_daemon(error: DaemonError) -> CliError {
    match error {
        DaemonError::Config(error) => CliError::Config(error),
        DaemonError::System { .. } | DaemonError::Tokens(_) => CliError::failed(error),
        DaemonError::Store { .. } | DaemonError::Kafka(_) | DaemonError::Pipeline(_) => {
            CliError::temporary(error)
        }
    }
}
