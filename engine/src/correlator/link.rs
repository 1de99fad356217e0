//! What an activity shares with live groups: one hit per shared entity and span within the gap of the entity's kind.

use smallvec::SmallVec;

use super::Correlator;
use crate::activities::{Activity, LinkNo};
use crate::decision::Decision;
use crate::entities::{Known, Mention};
use crate::groups::Group;
use crate::ids::GroupId;
use crate::record::{CapReason, LinkKind};
use crate::slots::No;
use crate::spans;
use crate::time::{Span, Timestamp};

/// Most links kept for one activity, the nearest first: enough to explain, bounded for hostile alerts.
const LINKS_MAX: usize = 16;

/// Most hits looked at for one alert. An honest one has a few for each entity; a hostile one could have thousands.
const HITS_MAX: usize = 256;

/// The group that takes an alert; or, where all are full, the full one at the end of a chain of continuations.
pub(super) type Room = Result<GroupId, (GroupId, CapReason)>;

/// An entity shared with a group inside the gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// The group whose span was hit.
    pub(super) group: No<Group>,
    /// Its id.
    pub(super) id: GroupId,
    /// The shared entity.
    pub(super) entity: No<Known>,
    /// The group's activity that reaches nearest.
    pub(super) other: No<Activity>,
    /// Event time between the two.
    pub(super) gap: Span,
    /// The group that takes the alert: the one hit, until something else is known.
    pub(super) room: Room,
}

impl Correlator {
    /// Fills the scratch with the hits of an extent of event time, in the order of the groups' ids and for each in
    /// the order of `mentions`; `own` is not looked for.
    pub(super) fn find_hits(
        &mut self,
        mentions: &[Mention],
        (first, last): (Timestamp, Timestamp),
        own: Option<No<Group>>,
    ) {
        let hits = &mut self.scratch.hits;
        hits.clear();
        for entity in mentions.iter().map(|mention| mention.entity()) {
            if hits.len() >= HITS_MAX {
                break;
            }
            if hits.iter().any(|hit| hit.entity == entity) {
                continue;
            }
            let known = self.entities.get(entity);
            let gap_max = self.policy.gap(known.kind);
            for span in known.spans.iter().filter(|span| Some(span.group) != own) {
                let gap = span.distance(first, last);
                if gap <= gap_max {
                    let (group, other) = (span.group, span.latest);
                    let id = self.groups.get(group).head.id;
                    hits.push(Hit {
                        group,
                        id,
                        entity,
                        other,
                        gap,
                        room: Ok(id),
                    });
                }
            }
        }
        // The order inside a list of spans may differ after a restart; that of ids can't.
        hits.sort_by_key(|hit| hit.id);
    }

    /// The links of a new activity, from the hits that led into `group`: one for each other activity, nearest first.
    pub(super) fn links_into(&self, group: No<Group>, decision: &mut Decision) -> Vec<LinkNo> {
        let mut links: Vec<LinkNo> = Vec::new();
        for hit in &self.scratch.hits {
            if hit.room.ok().and_then(|id| self.groups.find(id)) != Some(group) {
                continue;
            }
            let other = self.activities.get(hit.other).id;
            match links.iter_mut().find(|link| link.other == other) {
                Some(link) => {
                    link.entities.push(hit.entity);
                    link.gap = link.gap.min(hit.gap);
                }
                None => links.push(LinkNo {
                    other,
                    gap: hit.gap,
                    entities: SmallVec::from_slice(&[hit.entity]),
                }),
            }
        }
        links.sort_by_key(|link| (std::cmp::Reverse(link.entities.len()), link.gap, link.other));
        links.truncate(LINKS_MAX);
        decision.tally.links[LinkKind::SharedEntity as usize] += links.len() as u64;
        links
    }

    /// Enters the extent of an activity into the spans of its entities.
    pub(super) fn extend(&mut self, no: No<Activity>) {
        let activity = self.activities.get(no);
        let id = |other: No<Activity>| self.activities.get(other).id;
        let extent = spans::Span {
            group: activity.group,
            latest: no,
            first: activity.first,
            last: activity.last,
        };
        let body = &mut self.groups.get_mut(extent.group).body;
        for mention in &activity.mentions {
            let entity = mention.entity();
            let gap = self.policy.gap(self.entities.get(entity).kind);
            let spans = self.entities.spans_mut(entity);
            if spans.iter().all(|span| span.group != extent.group) {
                body.add_entity(entity, gap);
            }
            spans::add(spans, extent, gap, id);
        }
    }
}
