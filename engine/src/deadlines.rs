//! What falls due next: (when, group) in order. Equal times fall due in the order of the groups' numbers, so that
//! the order never depends on a hash map.

use std::collections::BTreeSet;

use crate::ids::GroupId;
use crate::time::Timestamp;

/// An ordered set of due times.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    due: BTreeSet<(Timestamp, GroupId)>,
}

impl Deadlines {
    /// Sets a due time.
    pub(crate) fn arm(&mut self, when: Timestamp, group: GroupId) {
        self.due.insert((when, group));
    }

    /// Takes a due time back.
    pub(crate) fn disarm(&mut self, when: Timestamp, group: GroupId) {
        self.due.remove(&(when, group));
    }

    /// Takes out the first that is due at `now`, with the time at which it was.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, GroupId)> {
        let first = *self.due.first()?;
        if first.0 > now {
            return None;
        }
        self.due.remove(&first);
        Some(first)
    }

    /// The next due time.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(when, _)| *when)
    }
}
