//! Chains: for each case the number of its last event and a hash over all of them.
//!
//! `link(n) = BLAKE3(link(n-1) || value(n))`, the first 16 bytes; `link(0)` is 16 zero bytes. Each event carries its link
//! as header `ce_chain`, and the store keeps the last one in the same write as the event. So whoever reads the topic can
//! tell whether an event was altered, removed or slipped in, and the store can tell whether the topic's chain is the one
//! that it made. It is no signature: who writes the store can write the chain anew.

use caseloom_engine::ids::CaseId;
use serde::{Deserialize, Serialize};

use super::db::Db;
use super::error::StoreError;
use super::query::StoreReader;
use super::schema::{self, Family};

/// The end of a case's chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// The event's number in its case; 0: none yet.
    pub sequence: u64,
    /// The hash.
    pub hash: [u8; 16],
}

impl ChainLink {
    /// The link of event `sequence`, with this value. Events without links before it (of a store from before there were
    /// any) begin a new chain.
    #[must_use]
    pub fn then(self, sequence: u64, value: &[u8]) -> Self {
        let begin = match self.sequence + 1 == sequence {
            true => self,
            false => Self {
                sequence: sequence.saturating_sub(1),
                hash: [0; 16],
            },
        };
        begin.next(value)
    }

    /// The link of the next event, with this value.
    #[must_use]
    pub fn next(self, value: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.hash);
        hasher.update(value);
        let mut hash = [0; 16];
        hasher.finalize_xof().fill(&mut hash);
        Self {
            sequence: self.sequence + 1,
            hash,
        }
    }

    /// The hash as it stands in the header: 32 hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl ChainLink {
    /// The link of event `sequence` from its header's text.
    #[must_use]
    pub fn parse(sequence: u64, text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text)
            .ok()
            .filter(|text| text.len() == 32)?;
        let hash = u128::from_str_radix(text, 16).ok()?.to_be_bytes();
        Some(Self { sequence, hash })
    }
}

impl StoreReader {
    /// The end of a case's chain.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn chain(&self, case: CaseId) -> Result<ChainLink, StoreError> {
        end(&self.db, case)
    }
}

pub(super) fn end(db: &Db, case: CaseId) -> Result<ChainLink, StoreError> {
    let link = db.record(Family::Index, &schema::chain(case))?;
    Ok(link.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_depends_on_all_values_before_it() {
        let end = |values: &[&str]| {
            let begin = ChainLink::default();
            values
                .iter()
                .fold(begin, |link, value| link.next(value.as_bytes()))
        };
        let whole = end(&["a", "b", "c"]);
        assert_eq!(whole.sequence, 3);
        for other in [&["a", "x", "c"][..], &["b", "a", "c"], &["a", "c"]] {
            assert_ne!(end(other).hash, whole.hash);
        }
        assert_eq!(whole.text().len(), 32);
    }
}
