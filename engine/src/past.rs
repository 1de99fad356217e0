//! The past: cases that ended, each with the entities by which it linked, so that what comes back is told.
//!
//! Entities are known by a keyed hash of their names (64 bits of XXH3 with the store's secret). Of each case at most
//! `MARKS_MAX` are remembered; of all cases as many as the policy says, and those of the oldest cases go first. What is
//! found depends on what is remembered alone, not on the order in which it came: so a restart finds the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, GroupId, ScopeId};
use crate::time::Timestamp;

/// Most entities by which one case is remembered, those with the most activities first: as many as its events show.
pub(crate) const MARKS_MAX: usize = 100;

/// A case that ended, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRecord {
    /// The group.
    pub group: GroupId,
    /// Its public id.
    pub case: CaseId,
    /// Its scope.
    pub scope: ScopeId,
    /// Event time of its last alert.
    pub last: Timestamp,
    /// Keyed hashes of the entities by which it linked, sorted.
    pub marks: Vec<u64>,
}

/// All cases that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Past {
    cases: BTreeMap<GroupId, PastRecord>,
    /// Which cases ended when on a mark.
    by_mark: BTreeSet<(u64, Timestamp, GroupId)>,
    /// Which ended when in a scope.
    by_time: BTreeSet<(ScopeId, Timestamp, GroupId)>,
    /// What changed since the last seal.
    dirty: BTreeSet<GroupId>,
}

impl Past {
    /// Remembers a case, in the place of what was remembered of it.
    pub(crate) fn remember(&mut self, record: PastRecord) {
        self.forget(record.group);
        if !record.marks.is_empty() {
            self.dirty.insert(record.group);
            self.restore(record);
        }
    }

    /// Takes over a case that the store remembers.
    pub(crate) fn restore(&mut self, record: PastRecord) {
        let (last, group) = (record.last, record.group);
        let marks = record.marks.iter();
        self.by_mark.extend(marks.map(|mark| (*mark, last, group)));
        self.by_time.insert((record.scope, last, group));
        self.cases.insert(group, record);
    }

    /// Forgets a case, if it is remembered.
    pub(crate) fn forget(&mut self, group: GroupId) {
        let Some(record) = self.cases.remove(&group) else {
            return;
        };
        for mark in &record.marks {
            self.by_mark.remove(&(*mark, record.last, group));
        }
        self.by_time.remove(&(record.scope, record.last, group));
        self.dirty.insert(group);
    }

    /// Forgets the cases of a scope that ended before `since`.
    pub(crate) fn forget_before(&mut self, scope: ScopeId, since: Timestamp) {
        let begin = (scope, Timestamp::MIN, GroupId(0));
        let gone: Vec<GroupId> = self
            .by_time
            .range(begin..(scope, since, GroupId(0)))
            .map(|(.., group)| *group)
            .collect();
        gone.into_iter().for_each(|group| self.forget(group));
    }

    /// Forgets the oldest cases until no more than `max` entities are remembered. How many cases those were.
    pub(crate) fn shrink(&mut self, max: usize) -> u64 {
        let mut gone = 0;
        while self.by_mark.len() > max {
            let Some((oldest, _)) = self.cases.first_key_value() else {
                break;
            };
            self.forget(*oldest);
            gone += 1;
        }
        gone
    }

    /// The case that ended last on a mark, before `before` and not before `since`.
    pub(crate) fn latest(
        &self,
        mark: u64,
        (since, before): (Timestamp, Timestamp),
    ) -> Option<&PastRecord> {
        let found = self
            .by_mark
            .range((mark, since, GroupId(0))..(mark, before, GroupId(0)))
            .next_back();
        found.and_then(|(.., group)| self.cases.get(group))
    }

    /// The case, if it is remembered.
    pub(crate) fn get(&self, group: GroupId) -> Option<&PastRecord> {
        self.cases.get(&group)
    }

    /// How many entities are remembered.
    pub(crate) fn len(&self) -> usize {
        self.by_mark.len()
    }

    /// The cases that changed since the last time.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<GroupId> {
        std::mem::take(&mut self.dirty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(group: u64, last: i64, marks: &[u64]) -> PastRecord {
        PastRecord {
            group: GroupId(group),
            case: CaseId(group),
            scope: ScopeId(0),
            last: Timestamp(last),
            marks: marks.to_vec(),
        }
    }

    #[test]
    fn the_latest_case_that_ended_before_is_found_and_the_oldest_go_first() {
        let mut past = Past::default();
        past.remember(ended(1, 10, &[7, 8]));
        past.remember(ended(2, 20, &[7]));
        past.remember(ended(3, 30, &[9]));
        let found = |past: &Past, mark, since, before| {
            let span = (Timestamp(since), Timestamp(before));
            past.latest(mark, span).map(|case| case.group.0)
        };
        assert_eq!(found(&past, 7, 0, 100), Some(2));
        assert_eq!(found(&past, 7, 0, 20), Some(1));
        assert_eq!(found(&past, 7, 11, 20), None);
        assert_eq!(past.shrink(2), 1);
        assert_eq!(found(&past, 8, 0, 100), None);
        past.forget_before(ScopeId(0), Timestamp(30));
        assert_eq!((found(&past, 7, 0, 100), past.len()), (None, 1));
    }
}
