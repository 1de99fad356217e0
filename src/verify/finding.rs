//! What can be wrong, by a name that scripts may rely on.

use serde::Serialize;

/// How many are told one by one; all are counted.
const LISTED_MAX: usize = 100;

/// Something that should not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind of damage.
    pub kind: &'static str,
    /// Where, and what was expected.
    pub what: String,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many there are.
    pub total: u64,
    /// The first hundred.
    pub findings: Vec<Finding>,
}

impl Findings {
    /// Notes a finding.
    pub fn add(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        self.total += 1;
        if self.findings.len() < LISTED_MAX {
            self.findings.push(Finding { kind, what: what() });
        }
    }

    /// Notes one if something is not so.
    pub fn expect(&mut self, holds: bool, kind: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.add(kind, what);
        }
    }

    /// Whether there is one of a kind.
    #[must_use]
    pub fn has(&self, kind: &str) -> bool {
        self.findings.iter().any(|finding| finding.kind == kind)
    }
}
