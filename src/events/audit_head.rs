//! Heads of the audit: the end of a scope's chain at a moment, for a topic that others keep. `docs/audit.md` says what a
//! head proves.
//!
//! ```text
//! key    the scope
//! value  {"scope":"acme","seq":7,"hash":"<64 hex>","time":"2026-01-31T08:00:00.000Z","lineage":"<32 hex>"}
//! ```

use caseloom_engine::command::AuditHead;
use caseloom_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ports::{Destination, OutputRecord};
use crate::store::Lineage;

/// The value of a record of `[output] audit_topic`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHeadEvent {
    /// The scope's name.
    pub scope: String,
    /// Number of the last record of its chain, from 1.
    pub seq: u64,
    /// BLAKE3 of that record's text, as 64 hex digits.
    pub hash: String,
    /// When it was said.
    pub time: String,
    /// The store that said it, as 32 hex digits. A store that went back in time and was allowed to go on has a new one.
    pub lineage: String,
}

impl AuditHeadEvent {
    /// The head of `scope` in the store `lineage`.
    #[must_use]
    pub fn new(scope: &str, head: &AuditHead, lineage: Lineage, now: Timestamp) -> Self {
        Self {
            scope: scope.to_owned(),
            seq: head.seq,
            hash: blake3::Hash::from_bytes(head.hash).to_hex().to_string(),
            time: super::cloudevents::rfc3339(now),
            lineage: lineage.to_string(),
        }
    }

    /// The record to publish.
    #[must_use]
    pub fn record(&self, now: Timestamp) -> OutputRecord {
        OutputRecord {
            destination: Destination::AuditHeads,
            key: self.scope.clone().into_bytes(),
            headers: vec![("content-type".into(), b"application/json".to_vec())],
            value: Some(serde_json::to_vec(self).expect("texts and numbers are JSON")),
            timestamp_ms: now.0,
        }
    }
}
