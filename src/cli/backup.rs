//! `caseloom backup` and `caseloom restore`: copies of the store.

use std::io::Write;
use std::path::PathBuf;

use super::{CliError, ConfigArgs};
use crate::backup::{self, BackupError};
use crate::evidence::EvidenceStore;
use crate::store::{ReadOnlyStore, StoreError};
use crate::verify::{Findings, check_evidence};

/// Arguments of `caseloom backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// New directory for the copy; on the file system of the store it takes no room at first
    #[arg(long, value_name = "DIR", env = "CASELOOM_TO")]
    pub(crate) to: PathBuf,
}

/// Arguments of `caseloom restore`.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The copy to put where the store belongs, which must be empty
    #[arg(long, value_name = "DIR", env = "CASELOOM_FROM")]
    pub(crate) from: PathBuf,
}

/// Makes a copy, by the daemon where one runs.
///
/// # Errors
/// There is none (75), or the target is not empty (1).
pub(super) fn backup(args: &BackupArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    backup::backup(&config.store.path, &args.to).map_err(of_backup)?;
    let recovered = look(&args.to).map_err(CliError::temporary)?;
    say(&format!(
        "copied to {}: batch {}, {} messages, {} output records",
        args.to.display(),
        recovered.batch_no,
        recovered.accounting.messages,
        recovered.outbox_head
    ))
}

/// Puts a copy in place and says what going on with it means.
///
/// # Errors
/// It is not in place (75 or 1); that Kafka can't be asked is only said.
pub(super) fn restore(args: &RestoreArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let path = &config.store.path;
    backup::restore(&args.from, path).map_err(of_backup)?;
    let recovered = look(path).map_err(CliError::temporary)?;
    say(&format!(
        "restored to {}: batch {}, {} messages, {} output records",
        path.display(),
        recovered.batch_no,
        recovered.accounting.messages,
        recovered.outbox_head
    ))?;
    for missing in missing_evidence(path).map_err(CliError::temporary)? {
        say(&missing)?;
    }
    match backup::outlook(&config, &recovered) {
        Ok(outlook) => say(&outlook.to_string()),
        Err(error) => say(&format!(
            "kafka can't be asked what will be read again: {error}"
        )),
    }
}

/// What the restored cases name and the copy did not have: it was made by a version that left evidence out.
fn missing_evidence(path: &std::path::Path) -> Result<Vec<String>, StoreError> {
    let store = ReadOnlyStore::open(path)?;
    let mut findings = Findings::default();
    check_evidence(&store.reader, &EvidenceStore::beside(path), &mut findings)?;
    let lines = findings.findings.into_iter();
    Ok(lines
        .map(|finding| format!("{}: {}", finding.kind, finding.what))
        .collect())
}

fn look(path: &std::path::Path) -> Result<crate::store::Recovered, StoreError> {
    ReadOnlyStore::open(path)?.recover()
}

fn of_backup(error: BackupError) -> CliError {
    match error {
        BackupError::NotEmpty(_) => CliError::failed(error),
        error => CliError::temporary(error),
    }
}

fn say(line: &str) -> Result<(), CliError> {
    writeln!(std::io::stdout(), "{line}").map_err(CliError::failed)
}
