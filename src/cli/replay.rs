//! `caseloom replay`: alerts from files through the same engine, without Kafka and without a store.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, ConfigArgs, LogArgs, scope};
use crate::config::is_scope;
use crate::replay::{Input, Replay};

/// Arguments of `caseloom replay`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Policy file, instead of the configured one
    #[arg(long, value_name = "FILE", env = "CASELOOM_POLICY")]
    pub(crate) policy: Option<PathBuf>,
    /// Format of the messages: auto, a product or a mapping
    #[arg(
        long,
        value_name = "NAME",
        env = "CASELOOM_FORMAT",
        default_value = "auto"
    )]
    pub(crate) format: String,
    /// Scope of alerts that bring none
    #[arg(long, value_name = "NAME", env = "CASELOOM_SCOPE", value_parser = scope)]
    pub(crate) scope: Option<String>,
    /// Directory for the results; made when it is not there
    #[arg(long, value_name = "DIR", env = "CASELOOM_OUT")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// Files of JSON lines, also .gz and .zst; - is standard input; SCOPE=FILE gives the file's alerts a scope
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<ReplayInput>,
}

/// A file to replay, with the scope of its alerts that bring none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayInput {
    /// Goes before `--scope`, when given.
    pub scope: Option<String>,
    /// The file; `-` is standard input.
    pub path: PathBuf,
}

impl FromStr for ReplayInput {
    type Err = String;

    /// `SCOPE=FILE` or `FILE`. A file with `=` in its name is written `./a=b`, because `/` is in no scope.
    fn from_str(text: &str) -> Result<Self, String> {
        let (scope, path) = match text.split_once('=') {
            Some((scope, path)) if is_scope(scope) => (Some(scope.to_owned()), path),
            _ => (None, text),
        };
        match path.is_empty() {
            true => Err("expected FILE or SCOPE=FILE".into()),
            false => Ok(Self {
                scope,
                path: path.into(),
            }),
        }
    }
}

/// Replays the inputs and prints the summary.
///
/// # Errors
/// A wrong configuration, an unknown format, or a file that can't be read or written.
pub(super) fn replay(args: &ReplayArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    args.log.init(&config.log)?;
    let policy = config.load_policy(args.policy.as_deref())?;
    let parser = config.parser();
    let format = parser.format(&args.format).ok_or_else(|| {
        CliError::Usage(format!(
            "unknown format {:?}: not auto, a product that is read, or a mapping of the configuration",
            args.format
        ))
    })?;
    let inputs: Vec<Input> = args.inputs.iter().map(ReplayInput::to_input).collect();
    let bar = progress_bar(&inputs);
    let replay = Replay {
        inputs: &inputs,
        format,
        scope: args.scope.as_deref().unwrap_or("default"),
        out: &args.out,
    };
    let summary = replay
        .run(policy, parser, &|bytes| bar.inc(bytes))
        .map_err(CliError::failed)?;
    bar.finish_and_clear();
    let json = serde_json::to_string_pretty(&summary.0).map_err(CliError::failed)?;
    writeln!(std::io::stdout(), "{json}").map_err(CliError::failed)
}

/// Bytes of the files as stored; hidden where standard error is no terminal.
fn progress_bar(inputs: &[Input]) -> ProgressBar {
    let total: Option<u64> = inputs.iter().map(Input::size).sum();
    let style = "{elapsed_precise} [{wide_bar}] {bytes} of {total_bytes}, {eta} to go";
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl ReplayInput {
    fn to_input(&self) -> Input {
        Input {
            scope: self.scope.clone(),
            path: self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_may_name_its_scope() {
        let input = |scope: Option<&str>, path: &str| ReplayInput {
            scope: scope.map(Into::into),
            path: path.into(),
        };
        assert_eq!("a.json".parse(), Ok(input(None, "a.json")));
        assert_eq!(
            "fox=data/a.json".parse(),
            Ok(input(Some("fox"), "data/a.json"))
        );
        assert_eq!("./x=y.json".parse(), Ok(input(None, "./x=y.json")));
        assert_eq!("-".parse(), Ok(input(None, "-")));
        assert!("fox=".parse::<ReplayInput>().is_err());
    }
}
