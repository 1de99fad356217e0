//! `caseloom completions SHELL`: what a shell needs to complete caseloom's command line.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Cli, CliError};

/// Arguments of `caseloom completions`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// For which shell: bash, zsh, fish, elvish or powershell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut text = Vec::new();
    generate(args.shell, &mut Cli::command(), "caseloom", &mut text);
    std::io::stdout().write_all(&text).map_err(CliError::failed)
}
