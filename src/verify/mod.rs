//! `caseloom verify`: the proof on what is there. `rows` works out the sums of a store anew from its rows; `output` holds
//! the events topic against the store: each case's events are 1, 2, 3, ... up to the store's number, none twice, none
//! altered. `audit` follows the chains of the audit and holds the published heads against them; `evidence` reads the files
//! that cases name.
//!
//! It reads a snapshot of the store, also while a daemon runs on it, and changes nothing.

mod audit;
mod event;
mod evidence;
mod finding;
mod output;
mod rows;

use std::path::Path;

use serde::Serialize;

pub use audit::{AuditCheck, AuditSums, DeliveredHead};
pub use evidence::{EvidenceSums, check_evidence};
pub use finding::{Finding, Findings};
pub use output::{Delivered, OutputCheck, OutputSums};
pub use rows::{RowSums, check_rows};

use crate::config::{Config, Delivery};
use crate::evidence::EvidenceStore;
use crate::kafka::{self, KafkaError, KafkaOptions};
use crate::store::{ReadOnlyStore, StoreError, StoreReader};

/// What was looked at and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Nothing was found.
    pub ok: bool,
    /// What the store amounts to.
    pub store: RowSums,
    /// What the events topic amounts to.
    pub output: OutputSums,
    /// What the audit amounts to.
    pub audit: AuditSums,
    /// What the evidence amounts to.
    pub evidence: EvidenceSums,
    /// What is wrong.
    #[serde(flatten)]
    pub findings: Findings,
}

/// Why it could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store can't be read.
    #[error("the store at {path} can't be read")]
    Store {
        /// The data directory.
        path: std::path::PathBuf,
        /// What went wrong.
        source: StoreError,
    },
    /// The events topic or the one of the audit's heads can't be read.
    #[error("an output topic can't be read")]
    Kafka(#[from] KafkaError),
}

/// Verifies what a configuration names.
///
/// # Errors
/// When the store or the topic can't be read.
pub fn verify(config: &Config) -> Result<Report, VerifyError> {
    let options = config.kafka.options(false);
    let topic = &config.output.events_topic;
    // In this order: what is in the topic before the snapshot must be in the store, and what the store says to be
    // published must be in the topic after it.
    let before = kafka::committed_ends(&options, topic)?;
    let heads_before = heads_ends(&options, &config.output.audit_topic)?;
    let path = &config.store.path;
    let failed = |source| store_failed(path, source);
    let store = ReadOnlyStore::open(path).map_err(failed)?;
    let mut findings = Findings::default();
    let rows = check_rows(&store.reader, &mut findings).map_err(failed)?;
    let mut output = OutputCheck::new(config.output.delivery == Delivery::AtLeastOnce);
    kafka::scan_committed(&options, topic, |record| {
        let is_old = before
            .get(record.partition as usize)
            .is_some_and(|end| record.offset < *end);
        output.take(
            &Delivered {
                partition: record.partition,
                offset: record.offset,
                key: record.key,
                id: record.header("ce_id"),
                chain: record.header(crate::events::CHAIN_HEADER),
                value: record.value,
                is_old,
            },
            &mut findings,
        );
    })?;
    let sums = output
        .finish(&store.reader, &store.outbox, &mut findings)
        .map_err(failed)?;
    let audit = check_audit(config, &store.reader, heads_before, &mut findings)?;
    let files = EvidenceStore::beside(path);
    let evidence = check_evidence(&store.reader, &files, &mut findings).map_err(failed)?;
    Ok(Report {
        ok: findings.total == 0,
        store: rows,
        output: sums,
        audit,
        evidence,
        findings,
    })
}

/// The ends of the heads' topic; `None`: there is no such topic.
fn heads_ends(options: &KafkaOptions, topic: &str) -> Result<Option<Vec<i64>>, KafkaError> {
    match kafka::committed_ends(options, topic) {
        Ok(ends) => Ok(Some(ends)),
        Err(KafkaError::TopicsMissing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn check_audit(
    config: &Config,
    reader: &StoreReader,
    before: Option<Vec<i64>>,
    findings: &mut Findings,
) -> Result<AuditSums, VerifyError> {
    let failed = |source| store_failed(&config.store.path, source);
    let mut audit = AuditCheck::of_store(reader, findings).map_err(failed)?;
    let topic = &config.output.audit_topic;
    let Some(before) = before else {
        audit.no_topic(topic, findings);
        return Ok(audit.sums().clone());
    };
    let mut taken = Ok(());
    kafka::scan_committed(&config.kafka.options(false), topic, |record| {
        let end = before.get(record.partition as usize);
        let head = DeliveredHead {
            partition: record.partition,
            offset: record.offset,
            key: record.key,
            value: record.value,
            is_old: end.is_some_and(|end| record.offset < *end),
        };
        if taken.is_ok() {
            taken = audit.take(&head, findings);
        }
    })?;
    taken.map_err(failed)?;
    Ok(audit.sums().clone())
}

fn store_failed(path: &Path, source: StoreError) -> VerifyError {
    VerifyError::Store {
        path: path.into(),
        source,
    }
}
