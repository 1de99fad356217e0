//! `caseloom token new`: makes a token, and shows it once.

use std::io::Write;
use std::path::PathBuf;

use super::{CliError, ConfigArgs};
use crate::access::{Role, Tokens};

/// Arguments of `caseloom token`.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The file of tokens; without it the one that the configuration names
    #[arg(long, global = true, value_name = "FILE", env = "CASELOOM_FILE")]
    file: Option<PathBuf>,
    #[command(subcommand)]
    verb: TokenVerb,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
enum TokenVerb {
    /// Make a token; it is printed once and kept as a hash
    New {
        /// Whose it is: the actor in the audit
        #[arg(long)]
        name: String,
        /// What it may do
        #[arg(long, value_enum)]
        role: Role,
        /// Where; several times for several scopes, * for all
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
}

pub(super) fn token(args: &TokenArgs) -> Result<(), CliError> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => args.config.load()?.http.tokens.ok_or_else(|| {
            CliError::Usage("name the file: --file, or http.tokens in the configuration".into())
        })?,
    };
    let TokenVerb::New { name, role, scopes } = &args.verb;
    if let Some(scope) = scopes
        .iter()
        .find(|scope| *scope != "*" && !crate::config::is_scope(scope))
    {
        return Err(CliError::Usage(format!("{scope:?} is no scope")));
    }
    let secret = Tokens::add(&file, name, *role, scopes).map_err(CliError::failed)?;
    writeln!(std::io::stdout(), "{secret}").map_err(CliError::failed)?;
    let note = "this is shown once; a running caseloom knows it after its next start";
    writeln!(std::io::stderr(), "{note}").map_err(CliError::failed)
}
