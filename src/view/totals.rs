//! Counts over all cases in the view, for the head of a page.

use super::{CaseView, Shelf};

/// How many cases there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Open cases by OCSF severity number.
    pub open_by_severity: [usize; 6],
    /// Open cases without an owner.
    pub unowned: usize,
    /// Closed cases in the view.
    pub closed: usize,
    /// Candidates.
    pub candidates: usize,
}

impl Totals {
    /// All open cases.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open_by_severity.iter().sum()
    }
}

impl CaseView {
    /// Counts all cases. Takes a pass over them: call it from a blocking thread.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            candidates: self.len(Shelf::Candidates),
            ..Totals::default()
        };
        for entry in self.shelf(Shelf::Cases) {
            let group = &entry.group;
            if group.stage.is_open() {
                totals.open_by_severity[usize::from(group.severity.ocsf_id())] += 1;
                totals.unowned += usize::from(group.owner.is_none());
            } else {
                totals.closed += 1;
            }
        }
        totals
    }
}
