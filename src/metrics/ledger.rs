//! The sums that a scrape must see together: the owner thread leaves a copy after each commit, a scrape sets the metrics
//! from it. Were the metrics set by the owner, a scrape in between would see an alert in no term, or in two.

use std::collections::BTreeMap;

use caseloom_engine::accounting::Accounting;

/// The last copy of the accounting, and alerts by format.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) accounting: Accounting,
    /// Alerts of this run by the format that was told.
    pub(super) received: BTreeMap<String, u64>,
    /// Alerts that were in the accounting before this run; `None` until the first copy.
    pub(super) earlier: Option<u64>,
}

impl Ledger {
    /// Takes over the sums after a batch with `received` alerts by format.
    pub(super) fn settle(&mut self, accounting: &Accounting, received: &[(&str, u64)]) {
        let batch: u64 = received.iter().map(|(_, alerts)| alerts).sum();
        self.earlier
            .get_or_insert_with(|| accounting.alerts.saturating_sub(batch));
        self.accounting.clone_from(accounting);
        for &(format, alerts) in received {
            match self.received.get_mut(format) {
                Some(sum) => *sum += alerts,
                None => drop(self.received.insert(format.to_owned(), alerts)),
            }
        }
    }

    /// Messages and alerts that are in no term, or in two; also alerts that no format brought.
    pub(super) fn imbalance(&self) -> u64 {
        let sums = &self.accounting;
        let messages = sums.with_alerts + sums.empty + sums.rejected;
        let terms: u64 = sums.terms.iter().sum();
        let received = self.earlier.unwrap_or(0) + self.received.values().sum::<u64>();
        sums.messages.abs_diff(messages)
            + sums.alerts.abs_diff(terms)
            + sums.alerts.abs_diff(received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounting(alerts: u64) -> Accounting {
        Accounting {
            alerts,
            terms: [0, 0, 0, 0, 0, alerts, 0, 0, 0],
            ..Accounting::default()
        }
    }

    #[test]
    fn what_was_there_before_is_of_earlier_runs() {
        let mut ledger = Ledger::default();
        ledger.settle(&accounting(10), &[]);
        ledger.settle(&accounting(13), &[("native", 2), ("suricata", 1)]);
        assert_eq!(ledger.earlier, Some(10));
        assert_eq!(ledger.imbalance(), 0);
    }

    #[test]
    fn the_first_batch_of_a_new_store_is_not_of_earlier_runs() {
        let mut ledger = Ledger::default();
        ledger.settle(&accounting(3), &[("native", 3)]);
        assert_eq!(ledger.earlier, Some(0));
    }

    #[test]
    fn an_alert_that_no_format_brought_is_an_imbalance() {
        let mut ledger = Ledger::default();
        ledger.settle(&accounting(0), &[]);
        ledger.settle(&accounting(2), &[("native", 1)]);
        assert_eq!(ledger.imbalance(), 1);
    }
}
