//! The audit: each scope's chain in the store from its first record to its head, and the heads that were published
//! against it.

use std::collections::BTreeMap;

use caseloom_engine::command::{AuditRecord, BrokenChain, ChainCheck};
use caseloom_engine::ids::ScopeId;
use caseloom_engine::record::ScopeRecord;
use serde::Serialize;

use super::finding::Findings;
use crate::events::AuditHeadEvent;
use crate::store::{StoreError, StoreReader};

/// What the audit amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditSums {
    /// Scopes in which somebody acted.
    pub chains: u64,
    /// Records in their chains.
    pub records: u64,
    /// Heads in the topic.
    pub heads: u64,
    /// Of these, published after the snapshot of the store.
    pub newer: u64,
    /// Of these, from before a restore that was gone on with: they tell of records that this store does not have.
    pub from_before: u64,
}

/// A record of the heads' topic.
#[derive(Clone, Copy, Debug)]
pub struct DeliveredHead<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// It was there before the snapshot of the store.
    pub is_old: bool,
}

/// Checks the chains, then takes the published heads one by one.
#[derive(Debug)]
pub struct AuditCheck<'a> {
    reader: &'a StoreReader,
    scopes: BTreeMap<String, ScopeId>,
    lineage: String,
    sums: AuditSums,
}

impl<'a> AuditCheck<'a> {
    /// Follows each chain of the store.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn of_store(reader: &'a StoreReader, findings: &mut Findings) -> Result<Self, StoreError> {
        let mut check = Self {
            reader,
            scopes: BTreeMap::new(),
            lineage: reader.lineage()?.to_string(),
            sums: AuditSums::default(),
        };
        for scope in reader.scopes()? {
            check.follow(&scope, findings)?;
            check.scopes.insert(scope.name.to_string(), scope.id);
        }
        Ok(check)
    }

    /// What was found so far.
    #[must_use]
    pub fn sums(&self) -> &AuditSums {
        &self.sums
    }

    fn follow(&mut self, scope: &ScopeRecord, findings: &mut Findings) -> Result<(), StoreError> {
        let head = self.reader.audit_head(scope.id)?.unwrap_or_default();
        let (mut chain, mut broken, mut seq) = (ChainCheck::default(), false, 0);
        self.reader.for_each_audit(scope.id, |place, record| {
            (self.sums.records, seq) = (self.sums.records + 1, place);
            // Behind a break nothing is proved, but each further place that is wrong is worth a word.
            if let Err(error) = chain.take(record.seq, &record.text, &record.hash) {
                broken = true;
                tell(&scope.name, &error, findings);
                chain = ChainCheck::behind(record.seq, record.hash);
            }
        })?;
        let (_, hash) = chain.end();
        self.sums.chains += u64::from(seq > 0 || head.seq > 0);
        findings.expect(seq >= head.seq, "audit_truncated", || {
            let (name, end) = (&scope.name, head.seq);
            format!("scope {name}: the chain ends at record {seq}, and its head is record {end}")
        });
        findings.expect(seq <= head.seq, "audit_head_differs", || {
            let (name, end) = (&scope.name, head.seq);
            format!("scope {name}: the chain ends at record {seq}, and its head is record {end}")
        });
        findings.expect(
            broken || seq != head.seq || hash == head.hash,
            "audit_head_differs",
            || {
                format!(
                    "scope {}: record {seq} is not the one that the head names",
                    scope.name
                )
            },
        );
        Ok(())
    }

    /// Takes the next published head.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn take(
        &mut self,
        delivered: &DeliveredHead<'_>,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.sums.heads += 1;
        let place = || format!("head at {}/{}", delivered.partition, delivered.offset);
        let parsed = serde_json::from_slice::<AuditHeadEvent>(delivered.value).ok();
        let Some(head) = parsed.filter(|head| head.scope.as_bytes() == delivered.key) else {
            findings.add("audit_head_unreadable", place);
            return Ok(());
        };
        let record = match self.scopes.get(&head.scope) {
            Some(scope) => self.reader.audit_record(*scope, head.seq)?,
            None => None,
        };
        let hash = record.as_ref().map(hash);
        if hash.as_deref() == Some(&*head.hash) {
            return Ok(());
        }
        if head.lineage != self.lineage {
            self.sums.from_before += 1;
        } else if let Some(found) = hash {
            findings.add("audit_rewritten", || {
                let AuditHeadEvent {
                    scope, seq, hash, ..
                } = &head;
                format!(
                    "scope {scope}, record {seq}: {} says {hash}, the store has {found}",
                    place()
                )
            });
        } else if delivered.is_old {
            findings.add("audit_truncated", || {
                let AuditHeadEvent { scope, seq, .. } = &head;
                format!(
                    "scope {scope}: {} tells of record {seq}, which the store does not have",
                    place()
                )
            });
        } else {
            self.sums.newer += 1;
        }
        Ok(())
    }

    /// The heads' topic is not there.
    pub fn no_topic(&self, topic: &str, findings: &mut Findings) {
        findings.expect(self.sums.records == 0, "audit_topic_missing", || {
            format!(
                "{topic} is not there, and the store has {} audit records",
                self.sums.records
            )
        });
    }
}

fn hash(record: &AuditRecord) -> String {
    // Of the text, and not as it stands beside it: both may have been changed.
    blake3::hash(record.text.as_bytes()).to_hex().to_string()
}

fn tell(scope: &str, broken: &BrokenChain, findings: &mut Findings) {
    let kind = match broken {
        BrokenChain::Order { .. } => "audit_order",
        BrokenChain::Text(_) | BrokenChain::Link(_) => "audit_altered",
    };
    findings.add(kind, || format!("scope {scope}: {broken}"));
}
