//! What an activity shares with live groups: one hit per shared entity and span within the gap of the entity's kind.

use smallvec::SmallVec;

use super::Correlator;
use crate::activities::{Activity, Grounds, LinkNo, begin_of, minute_of};
use crate::decision::Decision;
use crate::entities::{Known, Mention};
use crate::groups::Group;
use crate::ids::GroupId;
use crate::keys::Key;
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

/// Something shared with a group inside the gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// The group whose span was hit.
    pub(super) group: No<Group>,
    /// Its id.
    pub(super) id: GroupId,
    /// What connects.
    pub(super) kind: LinkKind,
    /// The shared entities.
    pub(super) entities: [Option<No<Known>>; 2],
    /// The group's activity that reaches nearest.
    pub(super) other: No<Activity>,
    /// Event time between the two.
    pub(super) gap: Span,
    /// The group that takes the alert: the one hit, until something else is known.
    pub(super) room: Room,
}

/// What is looked up: a span counts when it lies within the gap.
#[derive(Clone, Copy)]
enum Ground {
    Entity(No<Known>),
    Key(Key),
}

impl Ground {
    fn shows(self) -> (LinkKind, [Option<No<Known>>; 2]) {
        match self {
            Self::Entity(entity) => (LinkKind::SharedEntity, [Some(entity), None]),
            Self::Key(Key::Both(a, b)) => (LinkKind::SharedEntity, [Some(a), Some(b)]),
            Self::Key(Key::Rule(..)) => (LinkKind::SameRule, [None, None]),
            Self::Key(Key::Run(_)) => (LinkKind::SameRun, [None, None]),
            Self::Key(Key::Hot(subject)) => (LinkKind::HotSubject, [Some(subject), None]),
        }
    }
}

impl Correlator {
    /// Fills the scratch with the hits of an extent of event time, in the order of the groups' ids and for each in
    /// the order of `mentions` and keys; `own` is not looked for.
    pub(super) fn find_hits(
        &mut self,
        mentions: &[Mention],
        grounds: &Grounds,
        extent: (Timestamp, Timestamp),
        own: Option<No<Group>>,
    ) {
        self.scratch.hits.clear();
        let mut last = None;
        for (at, mention) in mentions.iter().enumerate() {
            let entity = mention.entity();
            if grounds.alone >> at & 1 == 0 || last.replace(entity) == Some(entity) {
                continue;
            }
            let gap = self.policy.gap(self.entities.get(entity).kind);
            self.hit(Ground::Entity(entity), gap, extent, own);
        }
        for (key, gap) in &grounds.keys {
            // A rule connects by minutes, which are hit one by one.
            let extent = match key {
                Key::Rule(..) => (start_of_minute(extent.0), start_of_minute(extent.0)),
                _ => extent,
            };
            self.hit(Ground::Key(*key), *gap, extent, own);
        }
        // The order inside a list of spans may differ after a restart; that of ids can't.
        self.scratch.hits.sort_by_key(|hit| hit.id);
    }

    /// The hits of one key at a time.
    pub(super) fn find_key_hits(
        &mut self,
        key: (Key, Span),
        at: Timestamp,
        own: Option<No<Group>>,
    ) {
        self.scratch.hits.clear();
        let at = start_of_minute(at);
        self.hit(Ground::Key(key.0), key.1, (at, at), own);
        self.scratch.hits.sort_by_key(|hit| hit.id);
    }

    fn hit(
        &mut self,
        ground: Ground,
        gap_max: Span,
        (first, last): (Timestamp, Timestamp),
        own: Option<No<Group>>,
    ) {
        let reach = match ground {
            Ground::Key(key) => self.reach_by(key, gap_max),
            Ground::Entity(_) => self.policy.reach_of_case(gap_max),
        };
        // The minutes of a rule are entered as they come.
        if !matches!(ground, Ground::Key(Key::Rule(..))) {
            self.refresh_near(ground, reach, (first, last), own);
        }
        let spans = match ground {
            Ground::Entity(entity) => self.entities.get(entity).spans.as_slice(),
            Ground::Key(key) => self.keys.spans(key),
        };
        let (kind, entities) = ground.shows();
        for span in spans.iter().filter(|span| Some(span.group) != own) {
            let gap = span.distance(first, last);
            let is_near = gap <= gap_max
                || (gap <= reach
                    && self.is_case(if span.last < first {
                        Some(span.group)
                    } else {
                        own
                    }));
            if !is_near || self.scratch.hits.len() >= HITS_MAX {
                continue;
            }
            if let Ground::Key(Key::Hot(subject)) = ground
                && self.novel_rules(span.group, subject) < self.policy.evidence.hot_rules
            {
                continue;
            }
            let id = self.groups.get(span.group).head.id;
            self.scratch.hits.push(Hit {
                group: span.group,
                id,
                kind,
                entities,
                other: span.latest,
                gap,
                room: Ok(id),
            });
        }
    }

    /// Spans learn of the repeats of their activities only when they are asked and it could matter: here.
    fn refresh_near(
        &mut self,
        ground: Ground,
        gap_max: Span,
        (first, last): (Timestamp, Timestamp),
        own: Option<No<Group>>,
    ) {
        let spans = match ground {
            Ground::Entity(entity) => self.entities.get(entity).spans.as_slice(),
            Ground::Key(key) => self.keys.spans(key),
        };
        let reach = Span(gap_max.0 + self.window_max.0);
        let could = |span: &&spans::Span| {
            let gap = span.distance(first, last);
            Some(span.group) != own && gap > Span::ZERO && gap <= reach
        };
        let stale: SmallVec<[No<Group>; 4]> =
            spans.iter().filter(could).map(|span| span.group).collect();
        for group in stale {
            self.refresh(group);
        }
    }

    /// Enters into the spans how far the activities of a group reach by now.
    pub(super) fn refresh(&mut self, group: No<Group>) {
        let body = &mut self.groups.get_mut(group).body;
        if !std::mem::take(&mut body.is_stale) {
            return;
        }
        for at in 0..self.groups.get(group).body.activities.len() {
            let no = self.groups.get(group).body.activities[at];
            let activity = self.activities.get(no);
            if activity.last > activity.spanned {
                self.extend(no);
            }
        }
    }

    /// How many different rules that its scope had never seen fired on a subject in a group.
    pub(super) fn novel_rules(&self, group: No<Group>, subject: No<Known>) -> u32 {
        let activities = self.groups.get(group).body.activities.iter();
        let mut rules: SmallVec<[No<crate::rules::Rule>; 8]> = SmallVec::new();
        for no in activities {
            let activity = self.activities.get(*no);
            if activity.grounds.is_novel
                && activity.subject == Some(subject)
                && !rules.contains(&activity.rule)
            {
                rules.push(activity.rule);
                if rules.len() as u32 >= self.policy.evidence.hot_rules {
                    break;
                }
            }
        }
        rules.len() as u32
    }

    /// The links of a new activity, from the hits that led into `group`: one for each other activity, nearest first.
    pub(super) fn links_into(&self, group: No<Group>, decision: &mut Decision) -> Vec<LinkNo> {
        let mut links: Vec<LinkNo> = Vec::new();
        for hit in &self.scratch.hits {
            if hit.room.ok().and_then(|id| self.groups.find(id)) != Some(group) {
                continue;
            }
            let other = self.activities.get(hit.other).id;
            let entities = hit.entities.iter().flatten().copied();
            let same = links
                .iter_mut()
                .find(|link| link.other == other && link.kind == hit.kind);
            match same {
                Some(link) => {
                    for entity in entities {
                        if !link.entities.contains(&entity) {
                            link.entities.push(entity);
                        }
                    }
                    link.gap = link.gap.min(hit.gap);
                }
                None => links.push(LinkNo {
                    other,
                    gap: hit.gap,
                    kind: hit.kind,
                    policy: self.policy_no,
                    entities: entities.collect(),
                }),
            }
        }
        links.sort_by_key(|link| {
            let entities = std::cmp::Reverse(link.entities.len());
            (link.kind, entities, link.gap, link.other)
        });
        links.truncate(LINKS_MAX);
        for link in &links {
            decision.tally.links[link.kind as usize] += 1;
        }
        links
    }

    /// Enters the extent of an activity into the spans of what it links by.
    pub(super) fn extend(&mut self, no: No<Activity>) {
        let activity = self.activities.get_mut(no);
        activity.spanned = activity.last;
        let extent = spans::Span {
            group: activity.group,
            latest: no,
            first: activity.first,
            last: activity.last,
        };
        let (mentions, alone) = (activity.mentions.clone(), activity.grounds.alone);
        let keys = activity.grounds.keys.clone();
        for (at, mention) in mentions.iter().enumerate() {
            if alone >> at & 1 == 0 {
                continue;
            }
            let entity = mention.entity();
            let gap = self.policy.gap(self.entities.get(entity).kind);
            let activities = &self.activities;
            let spans = self.entities.spans_mut(entity);
            spans::add(spans, extent, gap, |no| activities.get(no).id);
            let body = &mut self.groups.get_mut(extent.group).body;
            body.reach = body.reach.max(gap);
        }
        for (key, gap) in keys {
            if !matches!(key, Key::Rule(..)) {
                self.extend_key(no, (key, gap), (extent.first, extent.last));
            }
        }
    }

    /// Enters an extent into the spans of a key; a rule's are minutes.
    pub(super) fn extend_key(
        &mut self,
        no: No<Activity>,
        (key, gap): (Key, Span),
        (first, last): (Timestamp, Timestamp),
    ) {
        let is_rule = matches!(key, Key::Rule(..));
        let aligned = |time| if is_rule { start_of_minute(time) } else { time };
        let activities = &self.activities;
        let extent = spans::Span {
            group: activities.get(no).group,
            latest: no,
            first: aligned(first),
            last: aligned(last),
        };
        self.keys.add(key, extent, gap, |no| activities.get(no).id);
        // Two ends of minutes next to each other lie almost one more minute apart.
        let slack = if is_rule { Span::MINUTE } else { Span::ZERO };
        let body = &mut self.groups.get_mut(extent.group).body;
        body.add_key(key);
        body.reach = body.reach.max(Span(gap.0 + slack.0));
    }

    /// Whether a repeat may connect its activity with something that was out of reach before: where a gap is not longer
    /// than the window and the lateness together.
    pub(super) fn is_short(&self, grounds: &Grounds, window: Span) -> bool {
        let longest = Span(window.0 + self.policy.lateness.0);
        let is_short = |gap: Span| gap < longest;
        let keys = grounds.keys.iter();
        let keys = keys.filter(|(key, _)| !matches!(key, Key::Rule(..)));
        (grounds.alone != 0 && is_short(self.gap_min))
            || keys.into_iter().any(|(_, gap)| is_short(*gap))
    }
}

fn start_of_minute(time: Timestamp) -> Timestamp {
    begin_of(minute_of(time))
}
