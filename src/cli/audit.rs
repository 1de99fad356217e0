//! `caseloom audit export|verify`: the audit as lines that anyone can check, and the check.
//!
//! A line of an export is the hash of a record, a blank, and the record as it was hashed:
//! `tail -n 1 audit.txt | cut -d' ' -f2- | tr -d '\n' | b3sum` gives the hash in front.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use caseloom_engine::command::ChainCheck;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::CliError;
use super::client::{Client, ClientArgs};

/// Arguments of `caseloom audit`.
#[derive(Clone, Debug, clap::Args)]
pub struct AuditArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    verb: AuditVerb,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
enum AuditVerb {
    /// Write the audit of a scope to standard output, a line for each record
    Export {
        /// The scope
        #[arg(long, default_value = "default")]
        scope: String,
    },
    /// Check the chain of a scope, or of an exported file
    Verify {
        /// The scope
        #[arg(long, default_value = "default")]
        scope: String,
        /// An export; without it the running caseloom is asked
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// The hash that the last record must have, noted elsewhere before
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    hash: String,
    record: Box<RawValue>,
}

/// What a record says of itself.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

pub(super) fn audit(args: &AuditArgs) -> Result<(), CliError> {
    let client = args.client.client();
    match &args.verb {
        AuditVerb::Export { scope } => {
            let mut out = io::stdout().lock();
            each(&client, scope, |hash, text| {
                writeln!(out, "{hash} {text}").map_err(CliError::failed)
            })
        }
        AuditVerb::Verify { scope, file, head } => {
            let mut check = ChainCheck::default();
            let take = |hash: &str, text: &str| take(&mut check, hash, text);
            match file {
                Some(path) => read(path, take)?,
                None => each(&client, scope, take)?,
            }
            let (seq, hash) = check.end();
            let hash = blake3::Hash::from_bytes(hash).to_hex();
            if head.as_ref().is_some_and(|head| *head != hash.as_str()) {
                let message = format!(
                    "the chain ends at record {seq} with {hash}, which is not the head given"
                );
                return Err(CliError::failed(message));
            }
            let said = format!("ok: {seq} records, the last has the hash {hash}\n");
            io::stdout()
                .write_all(said.as_bytes())
                .map_err(CliError::failed)
        }
    }
}

fn each(
    client: &Client,
    scope: &str,
    mut take: impl FnMut(&str, &str) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut cursor = "0".to_owned();
    loop {
        let query = [
            ("scope", scope),
            ("cursor", cursor.as_str()),
            ("limit", "500"),
        ];
        let page: Page = serde_json::from_str(&client.text("audit", &query)?)
            .map_err(|error| CliError::failed(format!("the answer is not understood: {error}")))?;
        for item in &page.items {
            take(&item.hash, item.record.get())?;
        }
        match page.next_cursor {
            Some(next) => cursor = next,
            None => return Ok(()),
        }
    }
}

fn read(
    path: &Path,
    mut take: impl FnMut(&str, &str) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let file = File::open(path).map_err(CliError::failed)?;
    for (no, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(CliError::failed)?;
        let (hash, text) = line
            .split_once(' ')
            .ok_or_else(|| CliError::failed(format!("line {no} is no record")))?;
        take(hash, text)?;
    }
    Ok(())
}

fn take(check: &mut ChainCheck, hash: &str, text: &str) -> Result<(), CliError> {
    let numbered: Numbered = serde_json::from_str(text)
        .map_err(|error| CliError::failed(format!("a record is not understood: {error}")))?;
    let hash = blake3::Hash::from_hex(hash)
        .map_err(|_| CliError::failed(format!("record {} has no hash", numbered.seq)))?;
    check
        .take(numbered.seq, text, hash.as_bytes())
        .map_err(|broken| CliError::failed(format!("the chain is broken: {broken}")))
}
