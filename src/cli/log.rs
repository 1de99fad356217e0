//! Where log lines go and what they look like.
//!
//! Lines go to standard error; standard output belongs to results. Alerts are written by strangers, so no control
//! character of a field reaches a terminal or starts a new line: the text form escapes them, JSON does so anyway.

use std::fmt::{self, Write};
use std::io::IsTerminal;

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use super::CliError;
use crate::config::{LogConfig, LogFormat};

/// Flags over `[log]`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LogArgs {
    /// Form of the log lines, over the configuration's log.format
    #[arg(long, value_name = "FORMAT", env = "CASELOOM_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// Least level, or directives such as info,caseloom::kafka=debug, over the configuration's log.level
    #[arg(long, value_name = "LEVEL", env = "CASELOOM_LOG_LEVEL")]
    log_level: Option<String>,
}

impl LogArgs {
    /// Starts logging as `config` and these flags say. Once per process.
    ///
    /// # Errors
    /// A level that can't be understood, or logging has been started before.
    pub fn init(&self, config: &LogConfig) -> Result<(), CliError> {
        let level = self.log_level.as_deref().unwrap_or(&config.level);
        let filter = EnvFilter::builder().parse(level).map_err(|error| {
            CliError::Usage(format!(
                "cannot understand the log level {level:?}: {error}"
            ))
        })?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        let started = match self.log_format.unwrap_or(config.format) {
            LogFormat::Text => lines
                .fmt_fields(debug_fn(write_field).delimited(" "))
                .try_init(),
            LogFormat::Json => lines.json().flatten_event(true).try_init(),
        };
        started.map_err(CliError::Failed)
    }
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    match field.name() {
        "message" => write!(Escaped(writer), "{value:?}"),
        name => write!(Escaped(writer), "{name}={value:?}"),
    }
}

/// Writes control characters as `\u{1b}`.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c.is_control() {
            true => write!(self.0, "{}", c.escape_default()),
            false => self.0.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_the_rest_is_kept() {
        let mut line = String::new();
        write!(Escaped(&mut line), "rule=\u{1b}[31mrøt\n{}", 1).unwrap();
        assert_eq!(line, "rule=\\u{1b}[31mrøt\\n1");
    }
}
