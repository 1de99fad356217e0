//! Accounting: where every message and every alert went, such that the sums must agree.
//!
//! `messages = with_alerts + empty + rejected` and `alerts = sum of all terms` hold after every step; each alert is
//! in exactly one term, and its moves between terms are counted as [`Move`]s.

use serde::{Deserialize, Serialize};

/// The term of the accounting that an alert stands in. Stored by number: append, never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Disposition {
    /// The same alert again; dropped.
    Redelivered,
    /// A newer version of an alert that is already there.
    Updated,
    /// Archived, inactive or sample: nothing to do.
    Ignored,
    /// Recurs so regularly on its subject that it is noise there.
    Background,
    /// Silenced by a person.
    Suppressed,
    /// In a group below the promotion threshold.
    Candidate,
    /// Its candidate never became a case.
    Expired,
    /// In a case.
    Case,
    /// Deleted by retention or on request.
    Purged,
}

/// A number of alerts that moved from one term to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The term they left.
    pub from: Disposition,
    /// The term they are in now.
    pub to: Disposition,
    /// How many.
    pub alerts: u64,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageOutcome {
    /// It held at least one alert.
    WithAlerts,
    /// It was read and held none (a tombstone, an empty list, an event that is no alert).
    Empty,
    /// It was not understood; a dead letter.
    Rejected,
}

/// The sums since the store began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounting {
    /// Messages read.
    pub messages: u64,
    /// Messages that held alerts.
    pub with_alerts: u64,
    /// Messages that held none.
    pub empty: u64,
    /// Messages that were not understood.
    pub rejected: u64,
    /// Alerts decided.
    pub alerts: u64,
    /// Alerts by [`Disposition`], in its order.
    pub terms: [u64; 9],
    /// Activities opened; the number of the last one.
    pub activities: u64,
    /// Groups opened; the number of the last one.
    pub groups: u64,
}

impl Disposition {
    /// Every term, in stored order.
    pub const ALL: [Self; 9] = [
        Self::Redelivered,
        Self::Updated,
        Self::Ignored,
        Self::Background,
        Self::Suppressed,
        Self::Candidate,
        Self::Expired,
        Self::Case,
        Self::Purged,
    ];

    /// The word used in code, metrics, files and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redelivered => "redelivered",
            Self::Updated => "updated",
            Self::Ignored => "ignored",
            Self::Background => "background",
            Self::Suppressed => "suppressed",
            Self::Candidate => "candidate",
            Self::Expired => "expired",
            Self::Case => "case",
            Self::Purged => "purged",
        }
    }
}

impl Accounting {
    /// Counts a message.
    pub fn count_message(&mut self, outcome: MessageOutcome) {
        self.messages += 1;
        match outcome {
            MessageOutcome::WithAlerts => self.with_alerts += 1,
            MessageOutcome::Empty => self.empty += 1,
            MessageOutcome::Rejected => self.rejected += 1,
        }
    }

    /// Counts an alert that was decided for the first time.
    pub fn count_alert(&mut self, disposition: Disposition) {
        self.alerts += 1;
        self.terms[disposition as usize] += 1;
    }

    /// Moves alerts between terms.
    ///
    /// # Panics
    /// When more alerts leave a term than are in it: the accounting would lie from then on.
    pub fn apply(&mut self, moved: Move) {
        let from = &mut self.terms[moved.from as usize];
        *from = from
            .checked_sub(moved.alerts)
            .expect("no more alerts leave a term than are in it");
        self.terms[moved.to as usize] += moved.alerts;
    }

    /// How many alerts are in a term.
    #[must_use]
    pub fn term(&self, disposition: Disposition) -> u64 {
        self.terms[disposition as usize]
    }

    /// Whether both sums agree.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.messages == self.with_alerts + self.empty + self.rejected
            && self.alerts == self.terms.iter().sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_keep_the_balance() {
        let mut accounting = Accounting::default();
        accounting.count_message(MessageOutcome::WithAlerts);
        accounting.count_alert(Disposition::Candidate);
        accounting.count_alert(Disposition::Candidate);
        accounting.apply(Move {
            from: Disposition::Candidate,
            to: Disposition::Case,
            alerts: 2,
        });
        assert!(accounting.is_balanced());
        assert_eq!(accounting.term(Disposition::Case), 2);
        accounting.alerts += 1;
        assert!(!accounting.is_balanced());
    }
}
