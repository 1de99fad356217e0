//! Spans: when a group was active on an entity. An alert joins through an entity whose span lies within the gap.
//!
//! A span is the union of the extents (first to last alert) of the group's activities that name the entity, as long
//! as neighbours lie within the gap of the entity's kind. It depends on the activities alone, not on the order in
//! which they came: that is why a late alert that falls between two groups joins them as it would have in time.

use crate::activities::Activity;
use crate::groups::Group;
use crate::slots::No;
use crate::time::{Span as Length, Timestamp};

/// Event time from `first` to `last` in which `group` was active on one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The group.
    pub(crate) group: No<Group>,
    /// Its activity that reaches furthest; of two, the younger.
    pub(crate) latest: No<Activity>,
    /// First alert.
    pub(crate) first: Timestamp,
    /// Last alert.
    pub(crate) last: Timestamp,
}

impl Span {
    /// How far the span lies from the extent `first..=last`; zero when they meet.
    pub(crate) fn distance(&self, first: Timestamp, last: Timestamp) -> Length {
        Length::ZERO
            .max(self.first.since(last))
            .max(first.since(self.last))
    }
}

/// Adds `extent` to the spans of an entity. Spans of the same group that come within `gap` of each other become one.
pub(crate) fn add(spans: &mut smallvec::SmallVec<[Span; 1]>, extent: Span, gap: Length) {
    let mut grown = extent;
    spans.retain(|span| {
        let apart = span.group != grown.group || span.distance(grown.first, grown.last) > gap;
        if !apart {
            if span.last > grown.last {
                grown.latest = span.latest;
            }
            grown.first = grown.first.min(span.first);
            grown.last = grown.last.max(span.last);
        }
        apart
    });
    spans.push(grown);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(group: u32, first: i64, last: i64) -> Span {
        Span {
            group: No::from_bare(group),
            latest: No::from_bare(0),
            first: Timestamp(first),
            last: Timestamp(last),
        }
    }

    #[test]
    fn a_late_extent_joins_the_spans_on_both_sides() {
        let mut spans = smallvec::SmallVec::new();
        for extent in [span(1, 0, 10), span(1, 30, 40), span(2, 20, 20)] {
            add(&mut spans, extent, Length(10));
        }
        assert_eq!(spans.len(), 3);
        add(&mut spans, span(1, 20, 20), Length(10));
        assert_eq!(spans.as_slice(), [span(2, 20, 20), span(1, 0, 40)]);
    }

    #[test]
    fn distance_is_zero_inside_and_counts_outside() {
        let here = span(1, 10, 20);
        assert_eq!(here.distance(Timestamp(15), Timestamp(15)), Length(0));
        assert_eq!(here.distance(Timestamp(5), Timestamp(7)), Length(3));
        assert_eq!(here.distance(Timestamp(26), Timestamp(30)), Length(6));
    }
}
