//! `caseloom verify`: whether store and output are what they should be.

use std::io::Write;

use super::{CliError, ConfigArgs};
use crate::verify::{self, Report};

/// Arguments of `caseloom verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// One JSON object instead of text
    #[arg(long, env = "CASELOOM_JSON", value_parser = super::truth())]
    pub(crate) json: bool,
}

/// Verifies and says what was found.
///
/// # Errors
/// Something was found (1), or the store or the topic can't be read (75).
pub(super) fn verify(args: &VerifyArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let report = verify::verify(&config).map_err(CliError::temporary)?;
    let text = match args.json {
        true => serde_json::to_string(&report).map_err(CliError::failed)?,
        false => lines(&report),
    };
    writeln!(std::io::stdout(), "{text}").map_err(CliError::failed)?;
    match report.ok {
        true => Ok(()),
        false => Err(CliError::failed(format!(
            "{} findings",
            report.findings.total
        ))),
    }
}

fn lines(report: &Report) -> String {
    let (store, output) = (&report.store, &report.output);
    let (audit, evidence) = (&report.audit, &report.evidence);
    let mut lines = vec![
        format!(
            "store   {} messages ({} passed over), {} alerts, {} activities, {} cases",
            store.messages, store.lost, store.alerts, store.activities, store.cases
        ),
        format!(
            "output  {} events of {} cases; {} came again, {} begin later, {} newer than the store, {} records wait",
            output.events,
            output.cases,
            output.repeated,
            output.begin_later,
            output.newer,
            output.waiting
        ),
        format!(
            "audit   {} records of {} scopes; {} heads published, {} newer than the store, {} from before a restore",
            audit.records, audit.chains, audit.heads, audit.newer, audit.from_before
        ),
        format!(
            "evidence {} pieces in {} files, {} bytes; {} files that no case names",
            evidence.pieces, evidence.files, evidence.bytes, evidence.unnamed
        ),
    ];
    for finding in &report.findings.findings {
        // Keys of a topic are not ours alone: nothing in them may reach the terminal as it is.
        let what = crate::events::one_line(&finding.what, 400);
        lines.push(format!("{:<22}{what}", finding.kind));
    }
    lines.push(match report.ok {
        true => "ok: every alert is in one term, every event is there once, the audit is whole, and so is the evidence".into(),
        false => format!("{} findings", report.findings.total),
    });
    lines.join("\n")
}
