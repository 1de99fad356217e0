//! Risk: the sum over distinct (rule, subject) of the highest severity, times 1 + 0.25 for each ATT&CK tactic beyond
//! the first, times what is known of its entities (`facts`), bounded to 0..=1000 (design, section 3.7). A rule counts once
//! per subject, however often it fires; what is not known changes nothing.

use compact_str::CompactString;

use crate::entities::Known;
use crate::rules::Rule;
use crate::slots::No;

/// The most a case can have.
pub(crate) const RISK_MAX: f64 = 1000.0;

/// The severities of the distinct (rule, subject) pairs of a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Risk {
    /// Sorted by rule and subject; [`NOBODY`] stands for no subject.
    pairs: Vec<(u32, u32, u8)>,
    sum: u64,
}

const NOBODY: u32 = u32::MAX;

impl Risk {
    /// Counts an activity's severity.
    pub(crate) fn add(&mut self, rule: No<Rule>, subject: Option<No<Known>>, severity: u8) {
        self.add_pair(rule.get(), subject.map_or(NOBODY, No::get), severity);
    }

    /// Counts all pairs of a group that is merged into this one.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for &(rule, subject, severity) in &other.pairs {
            self.add_pair(rule, subject, severity);
        }
    }

    /// The risk of a group with these ATT&CK ids, multiplied by `raise`; 0 to [`RISK_MAX`].
    #[expect(
        clippy::cast_precision_loss,
        reason = "sums of at most 100 a pair stay far below 2^52"
    )]
    pub(crate) fn value(&self, attack: &[CompactString], raise: f64) -> f64 {
        let tactics = attack
            .iter()
            .filter(|id| id.starts_with("TA"))
            .count()
            .max(1);
        let breadth = 0.25f64.mul_add((tactics - 1) as f64, 1.0);
        (self.sum as f64 * breadth * raise).min(RISK_MAX)
    }

    fn add_pair(&mut self, rule: u32, subject: u32, severity: u8) {
        match self
            .pairs
            .binary_search_by_key(&(rule, subject), |&(r, s, _)| (r, s))
        {
            Ok(found) => {
                let counted = &mut self.pairs[found].2;
                self.sum += u64::from(severity.saturating_sub(*counted));
                *counted = severity.max(*counted);
            }
            Err(place) => {
                self.pairs.insert(place, (rule, subject, severity));
                self.sum += u64::from(severity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attack(ids: &[&str]) -> Vec<CompactString> {
        ids.iter().map(|id| CompactString::new(id)).collect()
    }

    #[test]
    fn a_rule_counts_once_per_subject_at_its_worst() {
        let mut risk = Risk::default();
        for (rule, subject, severity) in [(1, 1, 30), (1, 1, 50), (1, 2, 50), (2, 1, 10)] {
            risk.add(No::from_bare(rule), Some(No::from_bare(subject)), severity);
        }
        assert!((risk.value(&[], 1.0) - 110.0).abs() < f64::EPSILON);
    }

    #[test]
    fn tactics_widen_and_the_bound_holds() {
        let mut risk = Risk::default();
        risk.add(No::from_bare(1), None, 100);
        assert!(
            (risk.value(&attack(&["TA0001", "T1059", "TA0002", "TA0011"]), 1.0) - 150.0).abs()
                < f64::EPSILON
        );
        assert!((risk.value(&[], 1.5) - 150.0).abs() < f64::EPSILON);
        for rule in 2..50 {
            risk.add(No::from_bare(rule), None, 100);
        }
        assert!((risk.value(&[], 1.0) - RISK_MAX).abs() < f64::EPSILON);
    }
}
