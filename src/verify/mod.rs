//! `caseloom verify`: the proof on what is there. `rows` works out the sums of a store anew from its rows; `output` holds
//! the events topic against the store: each case's events are 1, 2, 3, ... up to the store's number, none twice, none
//! altered.
//!
//! It reads a snapshot of the store, also while a daemon runs on it, and changes nothing.

mod event;
mod finding;
mod output;
mod rows;

use std::path::Path;

use serde::Serialize;

pub use finding::{Finding, Findings};
pub use output::{Delivered, OutputCheck, OutputSums};
pub use rows::{RowSums, check_rows};

use crate::config::{Config, Delivery};
use crate::kafka::{self, KafkaError};
use crate::store::{ReadOnlyStore, StoreError};

/// What was looked at and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Nothing was found.
    pub ok: bool,
    /// What the store amounts to.
    pub store: RowSums,
    /// What the events topic amounts to.
    pub output: OutputSums,
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
    /// The events topic can't be read.
    #[error("the events topic can't be read")]
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
    Ok(Report {
        ok: findings.total == 0,
        store: rows,
        output: sums,
        findings,
    })
}

fn store_failed(path: &Path, source: StoreError) -> VerifyError {
    VerifyError::Store {
        path: path.into(),
        source,
    }
}
