//! One page of a list: the filter runs over all, the first `limit` are kept on the way. No list of all matches is made
//! or sorted, so a page costs one pass and the memory of a page.

use std::collections::BinaryHeap;
use std::sync::Arc;

use caseloom_engine::ids::CaseId;
use caseloom_engine::record::GroupRecord;

use super::cursor::Cursor;
use super::query::{CaseQuery, Sort};
use super::{CaseView, Shelf};

/// Some cases or candidates.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order asked for.
    pub items: Vec<Arc<GroupRecord>>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<Cursor>,
}

/// The place of a group in an order: lower comes first, in both directions.
type Place = (i64, u64);

/// A candidate for the page. Compared by its place alone.
struct Ranked {
    place: Place,
    group: Arc<GroupRecord>,
}

impl CaseView {
    /// The page that `query` asks for. A case that stays as it is during all requests for pages is on exactly one of
    /// them; one that changes may be on two, or on none if it moved ahead.
    ///
    /// Takes a pass over the shelf: call it from a blocking thread.
    #[must_use]
    pub fn list(&self, shelf: Shelf, query: &CaseQuery) -> Page {
        let limit = query.limit.max(1);
        let after = query
            .cursor
            .map(|cursor| place(query.sort, cursor.number, cursor.case));
        let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(limit + 2);
        for entry in self.shelf(shelf) {
            let group = &entry.group;
            let place = place(query.sort, query.sort.key.of(group), group.case);
            let is_full = best.len() > limit;
            let is_behind = is_full && best.peek().is_some_and(|last| place >= last.place);
            if is_behind || after.is_some_and(|after| place <= after) || !query.matches(&entry) {
                continue;
            }
            let group = Arc::clone(group);
            best.push(Ranked { place, group });
            if is_full {
                best.pop();
            }
        }
        page(query, limit, best)
    }
}

/// The heap holds one more than the page, if there are more.
fn page(query: &CaseQuery, limit: usize, best: BinaryHeap<Ranked>) -> Page {
    let ranked = best.into_sorted_vec();
    let has_more = ranked.len() > limit;
    let items: Vec<_> = ranked
        .into_iter()
        .take(limit)
        .map(|ranked| ranked.group)
        .collect();
    let last = items.last().filter(|_| has_more);
    let next = last.map(|group| Cursor {
        sort: query.sort,
        number: query.sort.key.of(group),
        case: group.case,
    });
    Page { items, next }
}

fn place(sort: Sort, number: i64, case: CaseId) -> Place {
    // The complement turns an order round, without overflow.
    if sort.descending {
        (!number, !case.0)
    } else {
        (number, case.0)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}
