//! `caseloom check`: reads everything that `run` would read, and says all that is wrong with it.

use std::io::Write;

use super::{CliError, ConfigArgs};

/// Check the configuration with its policy and mappings; exit code 78 when something is wrong
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
