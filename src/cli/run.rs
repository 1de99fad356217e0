//! `caseloom run`: the daemon.

use super::{ConfigArgs, LogArgs};

/// Arguments of `caseloom run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Go on after input records that are not in their topic any more; the hole is kept in the accounting
    #[arg(long, env = "CASELOOM_ACCEPT_GAP", value_parser = super::truth())]
    pub(crate) accept_gap: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}
