//! `caseloom diff A B`: what another policy, or another version, would change.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use super::CliError;
use crate::diff::{Report, Table, diff as compare};

/// Arguments of `caseloom diff`.
#[derive(Clone, Debug, clap::Args)]
pub struct DiffArgs {
    /// Everything as one JSON object, instead of a table
    #[arg(long, env = "CASELOOM_JSON", value_parser = super::truth())]
    json: bool,
    /// Most rows of each list in the table
    #[arg(long, value_name = "N", env = "CASELOOM_ROWS", default_value_t = 20)]
    rows: usize,
    /// Output directory of the former replay
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Output directory of the latter replay
    #[arg(value_name = "B")]
    b: PathBuf,
}

/// Compares and prints. That something differs is an answer and no failure.
///
/// # Errors
/// A file that can't be read, or is not what a replay writes.
pub(super) fn diff(args: &DiffArgs) -> Result<(), CliError> {
    let report = compare(&args.a, &args.b).map_err(CliError::failed)?;
    match print(args, &report) {
        // Whoever reads has seen enough, such as `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(CliError::failed),
    }
}

fn print(args: &DiffArgs, report: &Report) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if args.json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
    } else {
        let rows_max = args.rows;
        write!(out, "{}", Table { report, rows_max })?;
    }
    out.flush()
}
