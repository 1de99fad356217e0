//! What the view takes from the store: everything at a start, later what it has not seen of a case.

use std::sync::PoisonError;

use caseloom_engine::ids::CaseId;

use super::{CaseView, Known, Shelf};
use crate::metrics::Bound;
use crate::store::{StoreError, StoreReader};

/// Most activities of a case that are read; the shipped policy caps a case at a thousand.
const ACTIVITIES_MAX: usize = 20_000;

impl CaseView {
    /// Takes over all headers; returns how many groups were read. Before the owner begins. What their activities say is
    /// read later, by [`Self::read_up`]: a start doesn't wait for it.
    ///
    /// # Errors
    /// The first error of the store; the view is then incomplete.
    pub fn fill(&self, store: &StoreReader) -> Result<u64, StoreError> {
        let mut read = 0;
        for group in store.groups() {
            self.put(group?);
            read += 1;
        }
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        for shelf in [Shelf::Cases, Shelf::Candidates] {
            unread.extend(self.shelf(shelf).iter().map(|entry| *entry.key()));
        }
        Ok(read)
    }

    /// Reads what was not seen of cases, so that a search finds them by it. Beside the owner: texts are only added.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn read_up(&self, store: &StoreReader) -> Result<(), StoreError> {
        while self.read_next(store)? {}
        Ok(())
    }

    /// Reads what was not seen of one case; `false`: there is none.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn read_next(&self, store: &StoreReader) -> Result<bool, StoreError> {
        let next = {
            let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
            unread.pop_first()
        };
        let Some(case) = next else { return Ok(false) };
        self.read_case(store, case)?;
        Ok(true)
    }

    fn read_case(&self, store: &StoreReader, case: CaseId) -> Result<(), StoreError> {
        let Some(group) = self.get(case) else {
            return Ok(());
        };
        let activities = store.activities(&group, ACTIVITIES_MAX)?;
        let mut known = Known::default();
        let mut has_room = true;
        for (activity, _) in &activities {
            has_room &= known.lines.add_activity(activity);
        }
        if !has_room || activities.len() == ACTIVITIES_MAX {
            self.metrics.bound_reached(Bound::ViewText);
        }
        self.with(case, |entry| {
            entry.change_known(|all| {
                all.lines.absorb(&known.lines);
                all.activities = all.activities.max(group.activities);
            });
        });
        let Some(work) = store.work(group.id)? else {
            return Ok(());
        };
        self.with(case, |entry| {
            // What the owner told since then is newer.
            if entry.work.is_empty() {
                entry.set_work(&work);
            }
        });
        Ok(())
    }
}
