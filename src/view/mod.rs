//! The read view: the header of every case and candidate in memory, for lists and pages of the HTTP side.
//!
//! The owner thread puts a batch's groups here after their commit ([`CaseView::apply`]); at a start they come from the
//! store ([`CaseView::load`]). Requests read without ever waiting for the owner, let alone for the engine. It is a
//! view and no truth: the oldest closed cases leave it at its bound, and are then served by id from the store.
//!
//! Rooms: `query` (what is asked), `page` (filter, sort, cut), `cursor` (where the next page begins), `search` (text),
//! `totals` (counts).

mod cursor;
mod page;
mod query;
mod search;
mod totals;

use std::sync::Arc;

use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{GroupRecord, Record, Stage};
use dashmap::DashMap;

use crate::metrics::{Bound, Metrics};

pub use cursor::{Cursor, InvalidCursor};
pub use page::Page;
pub use query::{CaseQuery, OwnerFilter, SeverityFilter, Sort, SortKey};
pub use search::Needle;
pub use totals::Totals;

use search::Haystack;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Open and closed cases.
    Cases,
    /// Groups below the promotion threshold.
    Candidates,
}

/// Headers of cases and candidates by public id. No method holds a guard while it calls another.
#[derive(Debug)]
pub struct CaseView {
    cases: Entries,
    candidates: Entries,
    cases_max: usize,
    metrics: Arc<Metrics>,
}

type Entries = DashMap<CaseId, Entry>;

/// A header with what a search looks through.
#[derive(Debug)]
struct Entry {
    group: Arc<GroupRecord>,
    haystack: Haystack,
}

impl CaseView {
    /// At about 0.8 KiB each, 160 MiB: some months of a large team's cases.
    pub const CASES_MAX_DEFAULT: usize = 200_000;

    /// An empty view of at most `cases_max` cases, and as many candidates.
    #[must_use]
    pub fn new(cases_max: usize, metrics: Arc<Metrics>) -> Self {
        Self {
            cases: DashMap::new(),
            candidates: DashMap::new(),
            cases_max: cases_max.max(1),
            metrics,
        }
    }

    /// Puts every group that the store yields; returns how many were read.
    ///
    /// # Errors
    /// The first error of the store; the view is then incomplete.
    pub fn load<E>(
        &self,
        groups: impl IntoIterator<Item = Result<GroupRecord, E>>,
    ) -> Result<u64, E> {
        let mut read = 0;
        for group in groups {
            self.put(group?);
            read += 1;
        }
        Ok(read)
    }

    /// Takes over a committed batch. For the owner thread alone: two at once could leave the older value.
    pub fn apply(&self, records: &[Record]) {
        for record in records {
            if let Record::Group(group) = record {
                self.put(GroupRecord::clone(group));
            }
        }
    }

    /// A case or candidate that is in the view, as last committed.
    #[must_use]
    pub fn get(&self, case: CaseId) -> Option<Arc<GroupRecord>> {
        let copy = |entries: &Entries| entries.get(&case).map(|entry| Arc::clone(&entry.group));
        copy(&self.cases).or_else(|| copy(&self.candidates))
    }

    /// How many there are on a shelf. Not exact while the owner writes.
    #[must_use]
    pub fn len(&self, shelf: Shelf) -> usize {
        self.shelf(shelf).len()
    }

    /// Whether a shelf is empty.
    #[must_use]
    pub fn is_empty(&self, shelf: Shelf) -> bool {
        self.shelf(shelf).is_empty()
    }

    fn shelf(&self, shelf: Shelf) -> &Entries {
        match shelf {
            Shelf::Cases => &self.cases,
            Shelf::Candidates => &self.candidates,
        }
    }

    /// Puts a group where its stage belongs. First into the new place and then out of the old one, so that a reader
    /// never misses a candidate that becomes a case.
    fn put(&self, group: GroupRecord) {
        let case = group.case;
        match group.stage {
            Stage::Open | Stage::Resting | Stage::Closed => {
                self.cases.insert(case, Entry::new(group));
                self.candidates.remove(&case);
                self.trim(Shelf::Cases, Bound::ViewCases);
            }
            Stage::Candidate => {
                self.candidates.insert(case, Entry::new(group));
                self.cases.remove(&case);
                self.trim(Shelf::Candidates, Bound::ViewCandidates);
            }
            Stage::Expired | Stage::Merged { .. } => {
                self.cases.remove(&case);
                self.candidates.remove(&case);
            }
        }
    }

    /// Above the bound a sixteenth leaves at once, so that a full view is searched seldom: closed cases before open
    /// ones, and those that changed longest ago first.
    fn trim(&self, shelf: Shelf, bound: Bound) {
        let entries = self.shelf(shelf);
        if entries.len() <= self.cases_max {
            return;
        }
        let kept = self.cases_max - self.cases_max / 16;
        let mut order: Vec<_> = entries
            .iter()
            .map(|entry| leaving_order(&entry.group))
            .collect();
        let leaving = order.len().saturating_sub(kept).max(1);
        if leaving < order.len() {
            order.select_nth_unstable(leaving);
        }
        for (_, _, case) in order.into_iter().take(leaving) {
            entries.remove(&case);
        }
        self.metrics.bound_reached(bound);
    }
}

impl Entry {
    fn new(group: GroupRecord) -> Self {
        Self {
            haystack: Haystack::new(&group),
            group: Arc::new(group),
        }
    }
}

/// Lower leaves first.
fn leaving_order(group: &GroupRecord) -> (bool, i64, CaseId) {
    (
        group.stage != Stage::Closed,
        group.closed.unwrap_or(group.updated).0,
        group.case,
    )
}

#[cfg(test)]
mod tests;
