//! Spans: when a group was active on an entity. An alert joins through an entity whose span lies within the gap.
//!
//! A span is the union of the extents (first to last alert) of the group's activities that name the entity, as long
//! as neighbours lie within the gap of the entity's kind. It depends on the activities alone, not on the order in
//! which they came: that is why a late alert that falls between two groups joins them as it would have in time.

use smallvec::SmallVec;

use crate::activities::Activity;
use crate::groups::Group;
use crate::ids::ActivityId;
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

/// The spans of one entity; almost always one.
pub(crate) type Spans = SmallVec<[Span; 1]>;

impl Span {
    /// How far the span lies from the extent `first..=last`; zero when they meet.
    pub(crate) fn distance(&self, first: Timestamp, last: Timestamp) -> Length {
        Length::ZERO
            .max(self.first.since(last))
            .max(first.since(self.last))
    }
}

/// Most spans of one entity. An entity in more groups at a time says nothing about any of them; it goes on to link with
/// those that were active last. Without a bound, a flood on one entity would cost its square.
const SPANS_MAX: usize = 32;

/// Adds `extent` to the spans of an entity. Spans of the same group that come within `gap` of each other become one.
/// `id` tells the activities' ids.
pub(crate) fn add(
    spans: &mut Spans,
    extent: Span,
    gap: Length,
    id: impl Fn(No<Activity>) -> ActivityId,
) {
    let reach = |a: &Span, b: &Span| {
        a.last
            .cmp(&b.last)
            .then_with(|| id(a.latest).cmp(&id(b.latest)))
    };
    let mut grown = extent;
    spans.retain(|span| {
        let apart = span.group != grown.group || span.distance(grown.first, grown.last) > gap;
        if !apart {
            if reach(span, &grown).is_gt() {
                (grown.last, grown.latest) = (span.last, span.latest);
            }
            grown.first = grown.first.min(span.first);
        }
        apart
    });
    spans.push(grown);
    if spans.len() > SPANS_MAX {
        let last = (0..spans.len()).min_by(|&a, &b| reach(&spans[a], &spans[b]));
        last.map(|at| spans.remove(at));
    }
}

/// Takes the spans of `group` out.
pub(crate) fn take(spans: &mut Spans, group: No<Group>) -> Spans {
    let taken = spans
        .iter()
        .filter(|span| span.group == group)
        .copied()
        .collect();
    spans.retain(|span| span.group != group);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(group: u32, first: i64, last: i64) -> Span {
        Span {
            group: No::from_bare(group),
            latest: No::from_bare(group),
            first: Timestamp(first),
            last: Timestamp(last),
        }
    }

    fn id(activity: No<Activity>) -> ActivityId {
        ActivityId(u64::from(activity.get()))
    }

    #[test]
    fn a_late_extent_joins_the_spans_on_both_sides() {
        let mut spans = Spans::new();
        for extent in [span(1, 0, 10), span(1, 30, 40), span(2, 20, 20)] {
            add(&mut spans, extent, Length(10), id);
        }
        assert_eq!(spans.len(), 3);
        add(&mut spans, span(1, 20, 20), Length(10), id);
        assert_eq!(spans.as_slice(), [span(2, 20, 20), span(1, 0, 40)]);
    }

    #[test]
    fn of_two_activities_that_reach_as_far_the_younger_is_the_latest() {
        let of = |activity, first| Span {
            latest: No::from_bare(activity),
            ..span(1, first, 10)
        };
        for order in [[3, 7], [7, 3]] {
            let mut spans = Spans::new();
            for activity in order {
                add(&mut spans, of(activity, 0), Length(10), id);
            }
            assert_eq!(spans.as_slice(), [of(7, 0)]);
        }
    }

    #[test]
    fn an_entity_in_too_many_groups_keeps_those_that_were_active_last() {
        let mut spans = Spans::new();
        for group in 0..100 {
            add(
                &mut spans,
                span(group, 0, i64::from(group / 2)),
                Length(10),
                id,
            );
        }
        let kept: Vec<_> = spans.iter().map(|span| span.group.get()).collect();
        assert_eq!(kept, (68..100).collect::<Vec<_>>());
    }

    #[test]
    fn distance_is_zero_inside_and_counts_outside() {
        let here = span(1, 10, 20);
        assert_eq!(here.distance(Timestamp(15), Timestamp(15)), Length(0));
        assert_eq!(here.distance(Timestamp(5), Timestamp(7)), Length(3));
        assert_eq!(here.distance(Timestamp(26), Timestamp(30)), Length(6));
    }
}
