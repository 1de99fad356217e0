//! Evidence: each piece that a case names, against the file that must hold it.

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::finding::Findings;
use crate::evidence::EvidenceStore;
use crate::store::{StoreError, StoreReader};

/// What the evidence amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EvidenceSums {
    /// Pieces that cases name.
    pub pieces: u64,
    /// Files that hold them; the same bytes are kept once.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that no case names: uploads whose command was refused.
    pub unnamed: u64,
}

/// Reads every piece of evidence through and compares it with its hash and length.
///
/// # Errors
/// When the store can't be read. A file that can't is a finding.
pub fn check_evidence(
    reader: &StoreReader,
    files: &EvidenceStore,
    findings: &mut Findings,
) -> Result<EvidenceSums, StoreError> {
    let mut sums = EvidenceSums::default();
    let mut named = BTreeSet::new();
    for (group, work) in reader.works()? {
        for piece in &work.evidence {
            sums.pieces += 1;
            let (name, no) = (&piece.what.sha256, piece.no);
            let place = || format!("evidence {no} of group {} ({name})", group.0);
            let is_new = named.insert(name.clone());
            match files.check(name) {
                Ok(bytes) => {
                    sums.files += u64::from(is_new);
                    sums.bytes += if is_new { bytes } else { 0 };
                    let expected = piece.what.bytes;
                    findings.expect(bytes == expected, "evidence_altered", || {
                        format!("{}: {bytes} bytes instead of {expected}", place())
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    findings.add("evidence_missing", place);
                }
                Err(error) => findings.add("evidence_altered", || format!("{}: {error}", place())),
            }
        }
    }
    let there = files.names().unwrap_or_default();
    let unnamed = there.iter().filter(|name| !named.contains(name.as_str()));
    sums.unnamed = unnamed.count() as u64;
    Ok(sums)
}
