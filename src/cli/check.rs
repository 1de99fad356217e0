//! `caseloom check`: reads everything that `run` would read, and says all that is wrong with it.

use std::io::Write;

use super::{CliError, ConfigArgs};

/// Arguments of `caseloom check`.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Checks, and says in one line what was found to be right.
pub(crate) fn check(args: &CheckArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let policy = config.load_policy(None)?;
    let found = format!(
        "ok: inputs {}, mappings {}, policy {}",
        config.inputs.len(),
        config.mappings.len(),
        policy.version
    );
    writeln!(std::io::stdout(), "{found}").map_err(CliError::failed)
}
