//! The read view: the header of every case and candidate in memory, for lists and pages of the HTTP side.
//!
//! The owner thread puts a batch's groups here after their commit ([`CaseView::apply`]); at a start they come from the
//! store ([`CaseView::fill`]). Requests read without ever waiting for the owner, let alone for the engine. It is a
//! view and no truth: the oldest closed cases leave it at its bound, and are then served by id from the store.
//!
//! What a search looks through (`text`) comes from activities too: from the batch that opened them, and where that was
//! not seen (at a start, of a case that comes back, of background that is attached) from the store, before the next list
//! (`fill`).
//!
//! Rooms: `query` (what is asked), `page` (filter, sort, cut), `cursor` (where the next page begins), `search` (what is
//! looked for), `text` (where), `signature` (where not), `fill` (from the store), `totals` (counts).

mod cursor;
mod fill;
mod page;
mod query;
mod search;
mod signature;
mod text;
mod totals;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use caseloom_engine::command::Work;
use caseloom_engine::ids::{CaseId, GroupId};
use caseloom_engine::record::{ActivityRecord, GroupRecord, Record, Stage};
use dashmap::DashMap;

use crate::metrics::{Bound, Metrics};

pub use cursor::{Cursor, InvalidCursor};
pub use page::Page;
pub use query::{CaseQuery, OwnerFilter, SEVERITIES, SeverityFilter, Sort, SortKey};
pub use search::{SEARCH_TERMS_MAX, Search, SearchError};
pub use totals::Totals;

use signature::Signature;
use text::Lines;

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
    /// The case that holds a group's activities; for the groups of all entries.
    homes: DashMap<GroupId, CaseId>,
    /// Cases with activities that were not seen.
    unread: Mutex<BTreeSet<CaseId>>,
    cases_max: usize,
    metrics: Arc<Metrics>,
}

type Entries = DashMap<CaseId, Entry>;

/// A header with what a search looks through.
#[derive(Debug)]
struct Entry {
    group: Arc<GroupRecord>,
    header: Lines,
    known: Known,
    work: Lines,
    /// Of all three; what has left them may still be in it.
    signature: Signature,
}

/// What is known of a case's activities.
#[derive(Clone, Debug, Default)]
struct Known {
    lines: Lines,
    /// Activities that are in it.
    activities: u64,
}

impl CaseView {
    /// At about 1.8 KiB each, 350 MiB: some months of a large team's cases.
    pub const CASES_MAX_DEFAULT: usize = 200_000;

    /// An empty view of at most `cases_max` cases, and as many candidates.
    #[must_use]
    pub fn new(cases_max: usize, metrics: Arc<Metrics>) -> Self {
        Self {
            cases: DashMap::new(),
            candidates: DashMap::new(),
            homes: DashMap::new(),
            unread: Mutex::default(),
            cases_max: cases_max.max(1),
            metrics,
        }
    }

    /// Takes over a committed batch. For the owner thread alone: two at once could leave the older value.
    pub fn apply(&self, records: &[Record]) {
        let groups = || {
            records.iter().filter_map(|record| match record {
                Record::Group(group) => Some(group),
                _ => None,
            })
        };
        let is_merged = |group: &GroupRecord| matches!(group.stage, Stage::Merged { .. });
        // Survivors first: they say where the merged ones' activities count.
        for group in groups().filter(|group| !is_merged(group)) {
            self.put(GroupRecord::clone(group));
        }
        for group in groups().filter(|group| is_merged(group)) {
            self.put(GroupRecord::clone(group));
        }
        for record in records {
            match record {
                Record::Activity(activity) => self.learn(activity),
                Record::Work(work) => self.note(work),
                _ => {}
            }
        }
        for group in groups() {
            self.note_unread(group.case);
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
            Stage::Open | Stage::Resting | Stage::Closed | Stage::Dormant => {
                self.place(Shelf::Cases, group);
                self.candidates.remove(&case);
                self.trim(Shelf::Cases, Bound::ViewCases);
            }
            Stage::Candidate => {
                self.place(Shelf::Candidates, group);
                self.cases.remove(&case);
                self.trim(Shelf::Candidates, Bound::ViewCandidates);
            }
            Stage::Expired => {
                self.forget(case);
            }
            Stage::Merged { .. } => self.merge(&group),
        }
    }

    fn place(&self, shelf: Shelf, group: GroupRecord) {
        for part in &group.parts {
            self.homes.insert(*part, group.case);
        }
        let case = group.case;
        if let Some(mut entry) = self.shelf(shelf).get_mut(&case) {
            entry.set(group);
            return;
        }
        let mut entry = Entry::new(group);
        let other = match shelf {
            Shelf::Cases => Shelf::Candidates,
            Shelf::Candidates => Shelf::Cases,
        };
        if let Some(former) = self.shelf(other).get(&case) {
            entry.known = former.known.clone();
            entry.work = former.work.clone();
            entry.sign();
        }
        self.shelf(shelf).insert(case, entry);
    }

    /// What was known of a merged case is known of its survivor.
    fn merge(&self, loser: &GroupRecord) {
        let Some(entry) = self.take(loser.case) else {
            return;
        };
        let survivor = self.homes.get(&loser.id).map(|home| *home);
        let survivor = survivor.filter(|survivor| *survivor != loser.case);
        let is_held = survivor.is_some_and(|survivor| {
            let absorbed = self.with(survivor, |into| {
                into.change_known(|known| {
                    known.lines.absorb(&entry.known.lines);
                    known.activities += entry.known.activities;
                });
            });
            absorbed.is_some()
        });
        if !is_held {
            self.forget_parts(&entry.group);
        }
    }

    fn learn(&self, activity: &ActivityRecord) {
        let home = self.homes.get(&activity.group).map(|home| *home);
        let Some(case) = home else {
            return;
        };
        let has_room = self.with(case, |entry| {
            entry.change_known(|known| {
                known.activities += 1;
                known.lines.add_activity(activity)
            })
        });
        if has_room == Some(false) {
            self.metrics.bound_reached(Bound::ViewText);
        }
    }

    fn note(&self, work: &Work) {
        let home = self.homes.get(&work.group).map(|home| *home);
        if let Some(case) = home {
            self.with(case, |entry| entry.set_work(work));
        }
    }

    /// Whether all activities of a case were seen. One that has fewer than were (after an unmerge, a split) is read anew.
    fn note_unread(&self, case: CaseId) {
        let is_unread = self.with(case, |entry| {
            if entry.known.activities > entry.group.activities {
                entry.known = Known::default();
                entry.sign();
            }
            entry.known.activities < entry.group.activities
        });
        if is_unread == Some(true) {
            let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
            unread.insert(case);
            if unread.len() > 2 * self.cases_max {
                unread.pop_first();
                self.metrics.bound_reached(Bound::ViewText);
            }
        }
    }

    fn with<T>(&self, case: CaseId, work: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let entries = match self.cases.contains_key(&case) {
            true => &self.cases,
            false => &self.candidates,
        };
        entries.get_mut(&case).map(|mut entry| work(&mut entry))
    }

    fn take(&self, case: CaseId) -> Option<Entry> {
        let taken = [&self.cases, &self.candidates].map(|entries| entries.remove(&case));
        taken.into_iter().flatten().next().map(|(_, entry)| entry)
    }

    fn forget(&self, case: CaseId) {
        if let Some(entry) = self.take(case) {
            self.forget_parts(&entry.group);
        }
    }

    fn forget_parts(&self, group: &GroupRecord) {
        for part in &group.parts {
            self.homes.remove_if(part, |_, case| *case == group.case);
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
            self.forget(case);
        }
        self.metrics.bound_reached(bound);
    }
}

impl Entry {
    fn new(group: GroupRecord) -> Self {
        let mut entry = Self {
            header: Lines::of_group(&group),
            group: Arc::new(group),
            known: Known::default(),
            work: Lines::default(),
            signature: Signature::default(),
        };
        entry.sign();
        entry
    }

    fn set(&mut self, group: GroupRecord) {
        self.header = Lines::of_group(&group);
        self.group = Arc::new(group);
        self.signature.note(self.header.bytes());
    }

    fn set_work(&mut self, work: &Work) {
        self.work = Lines::of_work(work);
        self.signature.note(self.work.bytes());
    }

    /// Lets texts of activities be added, and signs what is new.
    fn change_known<T>(&mut self, change: impl FnOnce(&mut Known) -> T) -> T {
        let before = self.known.lines.bytes().len();
        let done = change(&mut self.known);
        // A run may begin in what was there.
        let from = before.saturating_sub(2);
        self.signature.note(&self.known.lines.bytes()[from..]);
        done
    }

    /// Signs everything anew.
    fn sign(&mut self) {
        let mut signature = Signature::default();
        for lines in self.texts() {
            signature.note(lines.bytes());
        }
        self.signature = signature;
    }

    fn texts(&self) -> impl Iterator<Item = &Lines> {
        [&self.header, &self.known.lines, &self.work].into_iter()
    }
}

/// Lower leaves first.
fn leaving_order(group: &GroupRecord) -> (bool, i64, CaseId) {
    (
        !group.stage.is_closed(),
        group.closed.unwrap_or(group.updated).0,
        group.case,
    )
}

#[cfg(test)]
mod tests;
