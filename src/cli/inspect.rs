//! `caseloom inspect`: what each message is understood to be.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use caseloom_engine::input::{Mapping, Parser};

use super::{CliError, ConfigArgs, truth};
use crate::config::read_mapping;
use crate::inspect::{Inspector, messages, to_json, to_text};

/// Arguments of `caseloom inspect`.
#[derive(Clone, Debug, clap::Args)]
pub struct InspectArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Mapping file to try, before those of the configuration
    #[arg(long, value_name = "FILE", env = "CASELOOM_MAPPING")]
    pub(crate) mapping: Option<PathBuf>,
    /// Format of the messages: auto, a product or a mapping
    #[arg(
        long,
        value_name = "NAME",
        env = "CASELOOM_FORMAT",
        default_value = "auto"
    )]
    pub(crate) format: String,
    /// One line of JSON for each message
    #[arg(long, env = "CASELOOM_JSON", value_parser = truth())]
    pub(crate) json: bool,
    /// File of messages, one per line, also .gz and .zst; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

/// Inspects the messages of a file and writes what came of each to standard output.
///
/// # Errors
/// A wrong configuration or mapping, an unknown format, or a file that can't be read. What messages say is no error.
pub(super) fn inspect(args: &InspectArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let own = args.mapping.as_deref().map(read_mapping).transpose()?;
    let mut mappings: Vec<Mapping> = own.into_iter().collect();
    mappings.extend(config.mappings.iter().cloned());
    let mut inspector = Inspector::new(Parser::new(mappings, config.limits));
    let format = inspector.format(&args.format).ok_or_else(|| {
        CliError::Usage(format!(
            "unknown format {:?}: not auto, a product that is read, or a mapping",
            args.format
        ))
    })?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut number = 0;
    messages(&args.file, |bytes| {
        number += 1;
        let inspected = inspector.inspect(number, bytes, format);
        match args.json {
            true => writeln!(out, "{}", to_json(&inspected)),
            false => out.write_all(to_text(&inspected, bytes).as_bytes()),
        }
    })
    .map_err(CliError::failed)?;
    out.flush().map_err(CliError::failed)
}
