//! The audit: one record for each applied command, each with the hash of the one before it, a chain per scope.
//!
//! The text of a record is one line of JSON with its fields in a fixed order; `prev` is the hash of the record before,
//! as 64 hex digits, of the first one 64 zeros. The hash of a record is BLAKE3 of its text. Whoever has the lines can
//! check them with `b3sum` and nothing of ours; `docs/audit.md` says what a chain proves and what it doesn't.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::entry::EntryRecord;
use crate::ids::{CaseId, ScopeId};

/// One record of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its scope.
    pub scope: ScopeId,
    /// Its number in the scope, from 1.
    pub seq: u64,
    /// BLAKE3 of the text.
    pub hash: [u8; 32],
    /// A line of JSON.
    pub text: String,
}

/// The end of a scope's chain, and the last number given there to notes, tasks and evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// Its scope.
    pub scope: ScopeId,
    /// Number of the last record; 0: none yet.
    pub seq: u64,
    /// Its hash; zeros: none yet.
    pub hash: [u8; 32],
    /// The last number given to a note, a task or evidence.
    pub numbers: u64,
}

/// The line.
#[derive(Serialize)]
struct Line<'a> {
    prev: String,
    seq: u64,
    scope: &'a str,
    time: String,
    actor: &'a str,
    proof: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<CaseId>,
    revision: u64,
    action: &'a Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<u64>,
    before: BTreeMap<&'a str, &'a str>,
    after: BTreeMap<&'a str, &'a str>,
}

impl AuditHead {
    /// A chain without a record.
    pub(crate) fn of(scope: ScopeId) -> Self {
        Self {
            scope,
            ..Self::default()
        }
    }

    /// Makes the chain longer by what `entry` says; it must have the next number. `case` is that which it is about, if
    /// it is about one.
    pub(crate) fn append(
        &mut self,
        scope: &CompactString,
        case: Option<CaseId>,
        (entry, action): (&EntryRecord, &Action),
    ) -> AuditRecord {
        let changes = entry.changes.iter();
        let line = Line {
            prev: hex(&self.hash),
            seq: entry.seq,
            scope,
            time: entry.time.to_rfc3339(),
            actor: &entry.actor.name,
            proof: entry.actor.proof.as_str(),
            case,
            revision: entry.revision,
            action,
            about: entry.about,
            before: changes
                .clone()
                .map(|change| (&*change.field, &*change.from))
                .collect(),
            after: changes
                .map(|change| (&*change.field, &*change.to))
                .collect(),
        };
        let text = serde_json::to_string(&line).expect("text, numbers and lists are JSON");
        self.seq = entry.seq;
        self.hash = *blake3::hash(text.as_bytes()).as_bytes();
        AuditRecord {
            scope: self.scope,
            seq: self.seq,
            hash: self.hash,
            text,
        }
    }
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// A record is missing, doubled or out of its order.
    #[error("record {found} stands where {expected} should")]
    Order {
        /// The number that should come.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// A text is not the one that was hashed.
    #[error("record {0} was changed: its text has another hash")]
    Text(u64),
    /// A record does not name the one before it.
    #[error("record {0} names another record before it than the one that is there")]
    Link(u64),
}

/// Checks records in their order, one chain.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChainCheck {
    seq: u64,
    hash: [u8; 32],
}

impl ChainCheck {
    /// A check that goes on behind a record, whatever was before.
    #[must_use]
    pub fn behind(seq: u64, hash: [u8; 32]) -> Self {
        Self { seq, hash }
    }

    /// Takes the next record, as its text and the hash that it shall have.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, seq: u64, text: &str, hash: &[u8; 32]) -> Result<(), BrokenChain> {
        if seq != self.seq + 1 {
            return Err(BrokenChain::Order {
                expected: self.seq + 1,
                found: seq,
            });
        }
        if blake3::hash(text.as_bytes()) != *hash {
            return Err(BrokenChain::Text(seq));
        }
        let says = format!("{{\"prev\":\"{}\",\"seq\":{seq},", hex(&self.hash));
        if !text.starts_with(&says) {
            return Err(BrokenChain::Link(seq));
        }
        (self.seq, self.hash) = (seq, *hash);
        Ok(())
    }

    /// Number and hash of the last record.
    #[must_use]
    pub fn end(&self) -> (u64, [u8; 32]) {
        (self.seq, self.hash)
    }
}

fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Verb};
    use crate::ids::GroupId;
    use crate::time::Timestamp;

    fn chain(length: u64) -> Vec<AuditRecord> {
        let mut head = AuditHead::of(ScopeId(3));
        let made = |seq| {
            let entry = EntryRecord {
                scope: ScopeId(3),
                group: GroupId(1),
                seq,
                time: Timestamp(0),
                actor: Actor::rule("r"),
                revision: seq,
                verb: Verb::Noted,
                about: None,
                text: "said".into(),
                changes: Vec::new(),
            };
            let action = Action::Note {
                text: "said".into(),
            };
            head.append(&"acme".into(), Some(CaseId(7)), (&entry, &action))
        };
        (1..=length).map(made).collect()
    }

    fn check(records: &[AuditRecord]) -> Result<(), BrokenChain> {
        let mut check = ChainCheck::default();
        let mut each = records.iter();
        each.try_for_each(|record| check.take(record.seq, &record.text, &record.hash))
    }

    #[test]
    fn a_chain_holds_and_each_way_to_tamper_shows() {
        let whole = chain(4);
        assert_eq!(check(&whole), Ok(()));
        let mut changed = whole.clone();
        changed[1].text = changed[1].text.replace("said", "lied");
        assert_eq!(check(&changed), Err(BrokenChain::Text(2)));
        changed[1].hash = *blake3::hash(changed[1].text.as_bytes()).as_bytes();
        assert_eq!(check(&changed), Err(BrokenChain::Link(3)));
        let mut missing = whole.clone();
        missing.remove(1);
        let order = BrokenChain::Order {
            expected: 2,
            found: 3,
        };
        assert_eq!(check(&missing), Err(order));
        assert_eq!(check(&whole[..2]), Ok(()), "a missing end needs the head");
    }
}
