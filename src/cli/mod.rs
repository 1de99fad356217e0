//! The command line: what can be said, and who does it.
//!
//! One file per subcommand holds its arguments and its work. Every flag can come from the environment as `CASELOOM_*`;
//! keys of the configuration as `CASELOOM__*`, see [`crate::config`].

mod audit;
mod backup;
mod case;
mod check;
mod client;
mod completions;
mod demo;
mod diff;
mod exit;
mod explain;
mod generate;
mod inspect;
mod log;
mod memory;
mod replay;
mod report;
mod run;
mod silence;
mod test;
mod token;
mod verify;

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};

pub use audit::AuditArgs;
pub use backup::{BackupArgs, RestoreArgs};
pub use case::CaseArgs;
pub use check::CheckArgs;
pub use client::ClientArgs;
pub use completions::CompletionsArgs;
pub use demo::DemoArgs;
pub use diff::DiffArgs;
pub use exit::{CliError, Exit};
pub use explain::ExplainArgs;
pub use generate::GenerateArgs;
pub use inspect::InspectArgs;
pub use log::LogArgs;
pub use memory::{BackgroundArgs, HubsArgs};
pub use replay::{ReplayArgs, ReplayInput};
pub use report::ReportArgs;
pub use run::RunArgs;
pub use silence::SilenceArgs;
pub use test::TestArgs;
pub use token::TokenArgs;
pub use verify::VerifyArgs;

use crate::config::{Config, ConfigError, is_scope};

/// Alerts in, cases out: correlates security alerts from Kafka into cases
#[derive(Clone, Debug, Parser)]
#[command(
    name = "caseloom",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 75 temporary, 78 configuration."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Correlate alerts from Kafka into cases until told to stop
    Run(RunArgs),
    /// Show the whole pipeline on generated alerts, with nothing else to install
    Demo(DemoArgs),
    /// Correlate alerts from files and write the cases as files
    Replay(ReplayArgs),
    /// Compare two outputs of replay: which cases split, merged, appeared, vanished
    Diff(DiffArgs),
    /// Write realistic, labelled alerts, one JSON message per line
    Generate(GenerateArgs),
    /// Play scenarios, and compare what came of them with what was expected
    Test(TestArgs),
    /// Say why an alert stands in its case, or how two are connected
    Explain(ExplainArgs),
    /// Work cases: list, show, assign, close and more, over the API
    Case(CaseArgs),
    /// Keep alerts out of the cases for a time, and say what that would have done, over the API
    Silence(SilenceArgs),
    /// What opened, what became of it and how long it took, as Markdown or JSON
    Report(ReportArgs),
    /// Export the audit of what people did, or check its chain
    Audit(AuditArgs),
    /// Make tokens, by which people prove who they are
    Token(TokenArgs),
    /// List which rules are background on which subjects, since when and why
    Background(BackgroundArgs),
    /// List which entities touch too much to connect, since when and until when
    Hubs(HubsArgs),
    /// Show what each message of a file is understood to be
    Inspect(InspectArgs),
    /// Prove that every alert is in one term of the sums and every event once in its topic; also while it runs
    Verify(VerifyArgs),
    /// Copy the store consistently; the daemon does it where one runs
    Backup(BackupArgs),
    /// Put a copy of the store in place, and say what will be read and published again
    Restore(RestoreArgs),
    /// Check the configuration with its policy and mappings
    Check(CheckArgs),
    /// Write completions for a shell to standard output
    Completions(CompletionsArgs),
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// Configuration file; without it every key is at its default
    #[arg(long, value_name = "FILE", env = "CASELOOM_CONFIG")]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    /// The configuration, under the variables of this process.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(&self) -> Result<Config, ConfigError> {
        // Variables that are no text can't be meant for us, and reading them as text would panic.
        let env = std::env::vars_os();
        let env = env.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Config::load(self.config.as_deref(), env)
    }
}

/// Does what was said.
///
/// # Errors
/// Why it ended early; [`CliError::exit`] has the exit code.
pub fn dispatch(command: Command) -> Result<(), CliError> {
    match command {
        Command::Replay(args) => replay::replay(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Generate(args) => generate::generate(&args),
        Command::Run(args) => run::run(args),
        Command::Demo(args) => demo::demo(&args),
        Command::Test(args) => test::test(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Case(args) => case::case(&args),
        Command::Silence(args) => silence::silence(&args),
        Command::Report(args) => report::report(&args),
        Command::Audit(args) => audit::audit(&args),
        Command::Token(args) => token::token(&args),
        Command::Background(args) => memory::background(&args),
        Command::Hubs(args) => memory::hubs(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Check(args) => check::check(&args),
        Command::Completions(args) => completions::completions(&args),
    }
}

/// A switch from the environment: true, false, yes, no, on, off, 1 or 0.
fn truth() -> BoolishValueParser {
    BoolishValueParser::new()
}

fn scope(text: &str) -> Result<String, String> {
    match is_scope(text) {
        true => Ok(text.to_owned()),
        false => Err("a scope is 1 to 128 of A-Z a-z 0-9 . _ -".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_variable() {
        for command in Cli::command().get_subcommands() {
            for flag in command
                .get_arguments()
                .filter(|argument| argument.get_long().is_some())
            {
                let name = flag.get_long().unwrap_or_default();
                let variable = flag
                    .get_env()
                    .map(|variable| variable.to_string_lossy().into_owned());
                let expected = format!("CASELOOM_{}", name.to_uppercase().replace('-', "_"));
                assert_eq!(variable, Some(expected), "{} --{name}", command.get_name());
            }
        }
    }

    #[test]
    fn the_documented_command_lines_are_understood() {
        for line in [
            "caseloom run --config a.toml --accept-gap --accept-replay --adopt",
            "caseloom demo --rate 10 --for 60s --port 0 --seed 7",
            "caseloom replay --config a.toml --policy b.toml --format auto --scope fox --out dir a.json fox=b.json -",
            "caseloom diff --json --rows 5 before after",
            "caseloom generate --seed 1 --count 10 --profile office --labels l.csv --out a.json",
            "caseloom test --config a.toml --policy b.toml --update dir file.txt",
            "caseloom explain --url http://127.0.0.1:1 --json 1234567890abc a-1 a-2",
            "caseloom case list --status new,on_hold --owner none --sort -risk --json",
            "caseloom case assign 1234567890abc ana --note over",
            "caseloom case close 1234567890abc --verdict benign --resolution known --revision 3",
            "caseloom report --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --scope acme --json",
            "caseloom case report 1234567890abc --format html --url http://127.0.0.1:1",
            "caseloom completions zsh",
            "caseloom audit export --scope acme --url http://127.0.0.1:1",
            "caseloom audit verify audit.txt --head 00",
            "caseloom token new --name ana --role analyst --scope acme --file t.toml",
            "caseloom inspect --config a.toml --mapping m.toml --format auto --json a.json",
            "caseloom inspect -",
            "caseloom verify --config a.toml --json",
            "caseloom backup --config a.toml --to dir",
            "caseloom restore --config a.toml --from dir",
            "caseloom check --config a.toml",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }
}
