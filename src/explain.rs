//! Why two activities stand in one case: the shortest chain of links between them.
//!
//! Links say of an activity with which others it is connected; a chain may be walked in either direction. Of all chains the
//! one with the fewest links is taken, of those the one with the least time between its activities, so that the answer is
//! the same each time. Pure: records in, steps out.

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::ids::ActivityId;
use caseloom_engine::record::{ActivityRecord, GroupRecord, Link};

/// One link of a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a> {
    /// Where it starts.
    pub from: ActivityId,
    /// Where it leads.
    pub to: ActivityId,
    /// Which of both has the link: a sentence about it speaks of this one.
    pub holder: ActivityId,
    /// What connects them.
    pub link: &'a Link,
}

/// What a way costs: links, then milliseconds.
type Cost = (u32, i64);

/// The shortest chain from one activity to another: empty when they are the same, `None` when nothing among `activities`
/// connects them.
#[must_use]
pub fn chain<'a>(
    activities: &[&'a ActivityRecord],
    from: ActivityId,
    to: ActivityId,
) -> Option<Vec<Step<'a>>> {
    let neighbours = neighbours(activities);
    let mut reached: BTreeMap<ActivityId, (Cost, Option<Step<'a>>)> = BTreeMap::new();
    reached.insert(from, ((0, 0), None));
    let mut open: BTreeSet<(Cost, ActivityId)> = BTreeSet::from([((0, 0), from)]);
    while let Some((cost, here)) = open.pop_first() {
        if here == to {
            return Some(way_back(&reached, to));
        }
        for step in neighbours.get(&here).into_iter().flatten() {
            let gap = step.link.gap.0.saturating_abs();
            let farther = (cost.0 + 1, cost.1.saturating_add(gap));
            let former = reached.get(&step.to).map(|(cost, _)| *cost);
            if former.is_some_and(|former| former <= farther) {
                continue;
            }
            if let Some(former) = former {
                open.remove(&(former, step.to));
            }
            reached.insert(step.to, (farther, Some(*step)));
            open.insert((farther, step.to));
        }
    }
    None
}

/// The activity with which the case began: the first of the group itself, not of one that was merged into it.
#[must_use]
pub fn beginning(group: &GroupRecord, activities: &[&ActivityRecord]) -> Option<ActivityId> {
    let own = activities
        .iter()
        .filter(|activity| activity.group == group.id);
    own.map(|activity| activity.id).min()
}

/// Each link from both of its ends, to activities that are there.
fn neighbours<'a>(activities: &[&'a ActivityRecord]) -> BTreeMap<ActivityId, Vec<Step<'a>>> {
    let known: BTreeSet<ActivityId> = activities.iter().map(|activity| activity.id).collect();
    let mut steps: BTreeMap<ActivityId, Vec<Step<'a>>> = BTreeMap::new();
    for activity in activities {
        let holder = activity.id;
        for link in activity
            .links
            .iter()
            .filter(|link| known.contains(&link.other))
        {
            for (from, to) in [(holder, link.other), (link.other, holder)] {
                let step = Step {
                    from,
                    to,
                    holder,
                    link,
                };
                steps.entry(from).or_default().push(step);
            }
        }
    }
    steps
}

fn way_back<'a>(
    reached: &BTreeMap<ActivityId, (Cost, Option<Step<'a>>)>,
    to: ActivityId,
) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    let mut here = to;
    while let Some((_, Some(step))) = reached.get(&here) {
        steps.push(*step);
        here = step.from;
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use caseloom_engine::alert::Position;
    use caseloom_engine::ids::{GroupId, ScopeId};
    use caseloom_engine::record::LinkKind;
    use caseloom_engine::time::{Span, Timestamp};

    use super::*;

    /// An activity of group 1 with links as (other, minutes).
    fn activity(id: u64, links: &[(u64, i64)]) -> ActivityRecord {
        let link = |&(other, minutes)| Link {
            kind: LinkKind::SharedEntity,
            entities: Vec::new(),
            other: ActivityId(other),
            gap: Span::MINUTE.times(minutes),
            policy: "p".into(),
        };
        ActivityRecord {
            id: ActivityId(id),
            group: GroupId(1),
            scope: ScopeId(0),
            day: 0,
            window_begin: Timestamp(0),
            window_end: Timestamp(0),
            grounds: Default::default(),
            policy: "default".into(),
            source: "s".into(),
            rule_id: "r".into(),
            rule_name: "r".into(),
            title: "".into(),
            alert_id: "".into(),
            position: Position::default(),
            attack: Vec::new(),
            entities: Vec::new(),
            subject: None,
            links: links.iter().map(link).collect(),
        }
    }

    fn way(activities: &[ActivityRecord], from: u64, to: u64) -> Option<Vec<u64>> {
        let all: Vec<_> = activities.iter().collect();
        let steps = chain(&all, ActivityId(from), ActivityId(to))?;
        let mut here = from;
        for step in &steps {
            assert_eq!(step.from.0, here, "a chain has no hole");
            assert!(step.holder == step.from || step.holder == step.to);
            here = step.to.0;
        }
        assert_eq!(here, to);
        Some(steps.iter().map(|step| step.to.0).collect())
    }

    #[test]
    fn the_way_with_the_fewest_links_is_taken_in_either_direction() {
        // 1 - 2 - 3 - 4, and 1 - 4 by a link that spans more time than all others.
        let all = [
            activity(1, &[]),
            activity(2, &[(1, 1)]),
            activity(3, &[(2, 1)]),
            activity(4, &[(3, 1), (1, 60)]),
        ];
        assert_eq!(way(&all, 4, 1), Some(vec![1]));
        assert_eq!(way(&all, 1, 4), Some(vec![4]));
        assert_eq!(way(&all, 3, 1), Some(vec![2, 1]));
        assert_eq!(way(&all, 2, 2), Some(vec![]));
    }

    #[test]
    fn of_equally_short_ways_the_one_with_the_least_time_between_is_taken() {
        let all = [
            activity(1, &[]),
            activity(2, &[(1, 9)]),
            activity(3, &[(1, 1)]),
            activity(4, &[(2, 1), (3, 8)]),
        ];
        assert_eq!(way(&all, 4, 1), Some(vec![3, 1]));
    }

    #[test]
    fn a_link_to_what_is_not_there_leads_nowhere() {
        let all = [activity(1, &[(7, 1)]), activity(2, &[(7, 1)])];
        assert_eq!(way(&all, 2, 1), None);
        assert_eq!(way(&all, 2, 9), None);
    }
}
