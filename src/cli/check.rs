//! `caseloom check`: reads everything that `run` would read, and says all that is wrong with it. Mappings are tried on the
//! examples in their files, and shown as `inspect` shows messages.

use std::fmt::Write as _;
use std::io::Write as _;

use caseloom_engine::input::{Format, Mapping};

use super::{CliError, ConfigArgs};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, ConfigError, Place, Problem};
use crate::enrichment::{Complaint, Lists};
use crate::inspect::{Inspected, Inspector, to_text};
use crate::plain::plain;

/// Arguments of `caseloom check`.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Checks, and says what was found to be right: one line, and what each mapping makes of its examples.
pub(crate) fn check(args: &CheckArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let policy = config.load_policy(None)?;
    let mappings = try_mappings(&config)?;
    let lists = try_lists(&config)?;
    let found = format!(
        "ok: inputs {}, mappings {}, lists {}, policy {}",
        config.inputs.len(),
        config.mappings.len(),
        config.enrichment.lists.len(),
        policy.version
    );
    writeln!(std::io::stdout(), "{found}{lists}{mappings}").map_err(CliError::failed)
}

/// What each list of the enrichment holds, as text. A bad line is no error, as it is none when the daemon runs.
///
/// # Errors
/// A list that can't be read.
fn try_lists(config: &Config) -> Result<String, ConfigError> {
    let mut lists = Lists::new(config.enrichment.clone());
    let (mut text, mut problems) = (String::new(), Vec::new());
    for (list, report) in config
        .enrichment
        .lists
        .iter()
        .zip(lists.refresh(SystemClock.now()))
    {
        if let Some(error) = &report.unreadable {
            let file = list.file.display().to_string();
            problems.push(Problem::in_file(&file, error.clone()));
            continue;
        }
        let (name, kind) = (plain(&report.name), report.kind.as_str());
        _ = write!(
            text,
            "\n\nlist {name}, {kind}: entries {}, wrong {}",
            report.entries, report.bad
        );
        for (reason, count) in &report.skipped {
            _ = write!(text, ", {reason} {count}");
        }
        for Complaint { at, message } in &report.complaints {
            _ = write!(text, "\n  {}: {}", plain(at), plain(message));
        }
    }
    ConfigError::of(problems).map(|()| text)
}

/// What each mapping makes of its examples, as text.
///
/// # Errors
/// An example that is rejected, is no alert, or is told to be of another format.
fn try_mappings(config: &Config) -> Result<String, ConfigError> {
    let mut inspector = Inspector::new(config.parser());
    let (mut text, mut problems) = (String::new(), Vec::new());
    for mapping in &config.mappings {
        try_mapping(mapping, config, &mut inspector, &mut text, &mut problems);
    }
    ConfigError::of(problems).map(|()| text)
}

fn try_mapping(
    mapping: &Mapping,
    config: &Config,
    inspector: &mut Inspector,
    text: &mut String,
    problems: &mut Vec<Problem>,
) {
    let (name, file) = (mapping.name(), mapping.file_name());
    let count = mapping.examples().len();
    _ = write!(text, "\n\nmapping {name}, {file}: examples {count}");
    let named = inspector.format(name).unwrap_or_default();
    let format = if mapping.is_told() {
        Format::Auto
    } else {
        named
    };
    let mut documents = Vec::new();
    for (number, example) in (1..).zip(mapping.examples()) {
        let message = example.message.trim();
        let inspected = inspector.inspect(number, message.as_bytes(), format);
        if let Some(wrong) = wrong_with(&inspected, name) {
            problems.push(Problem {
                place: Place::Line(file.into(), example.line, 1),
                key: format!("example[{}].message", number - 1),
                message: wrong,
            });
        }
        let told = to_text(&inspected, message.as_bytes());
        _ = write!(text, "\n{}", told.trim_end());
        if inspected.envelopes.is_empty() {
            documents.push(message);
        }
    }
    let without = mapping.paths_without_value(&documents, &config.limits);
    if !documents.is_empty() && !without.is_empty() {
        _ = write!(text, "\n  in no example: {}", without.join(", "));
    }
}

/// Why an example is none of its mapping.
fn wrong_with(inspected: &Inspected, name: &str) -> Option<String> {
    if let Some((_, reject)) = inspected.first_reject() {
        return Some(format!("rejected as {}: {reject}", reject.reason()));
    }
    match inspected.format.as_deref() {
        Some(format) if format == name => {
            let is_alert = !inspected.alerts.is_empty();
            (!is_alert).then(|| "it is no alert".to_owned())
        }
        Some(other) => Some(format!("it is read as {other}, which is tried before")),
        None => Some("no format knows it".to_owned()),
    }
}
