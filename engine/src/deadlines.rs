//! What falls due next: (when, what) in order. Equal times fall due in the order of the numbers, so that the order
//! never depends on a hash map.

use std::collections::BTreeSet;

use crate::time::Timestamp;

/// An ordered set of due times of groups or scopes.
#[derive(Debug)]
pub(crate) struct Deadlines<T> {
    due: BTreeSet<(Timestamp, T)>,
    /// The first of them, as it is asked for with every alert.
    next: Option<Timestamp>,
}

impl<T: Copy + Ord> Deadlines<T> {
    /// Sets a due time.
    pub(crate) fn arm(&mut self, when: Timestamp, what: T) {
        self.due.insert((when, what));
        self.next = Some(self.next.map_or(when, |next| next.min(when)));
    }

    /// Takes a due time back.
    pub(crate) fn disarm(&mut self, when: Timestamp, what: T) {
        self.due.remove(&(when, what));
        self.look_ahead();
    }

    /// Takes out the first that is due at `now`, with the time at which it was.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        self.next.filter(|next| *next <= now)?;
        let first = self.due.pop_first();
        self.look_ahead();
        first
    }

    /// The next due time.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    fn look_ahead(&mut self) {
        self.next = self.due.first().map(|(when, _)| *when);
    }
}

impl<T> Default for Deadlines<T> {
    fn default() -> Self {
        Self {
            due: BTreeSet::new(),
            next: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_due_comes_in_order_and_what_was_taken_back_does_not() {
        let mut deadlines = Deadlines::default();
        for (when, what) in [(5, 'b'), (3, 'c'), (5, 'a'), (1, 'd')] {
            deadlines.arm(Timestamp(when), what);
        }
        deadlines.disarm(Timestamp(1), 'd');
        assert_eq!(deadlines.next(), Some(Timestamp(3)));
        assert_eq!(deadlines.pop_due(Timestamp(2)), None);
        let popped: String = std::iter::from_fn(|| deadlines.pop_due(Timestamp(5)))
            .map(|(_, what)| what)
            .collect();
        assert_eq!((popped.as_str(), deadlines.next()), ("cab", None));
    }
}
