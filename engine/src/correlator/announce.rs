//! Events: what is announced of a case, and the bounded picture of it that goes out with the event.

use std::cmp::Reverse;

use super::Correlator;
use crate::activities::{Activity, LinkNo};
use crate::decision::{ActivityView, CaseEvent, CaseSnapshot, Decision, EntityView, EventType};
use crate::entities::Mention;
use crate::entity::Entity;
use crate::groups::Group;
use crate::ids::CaseId;
use crate::prefetch::prefetch;
use crate::record::Link;
use crate::slots::No;
use crate::time::Timestamp;

/// What an event says besides the case: its type, the reason as one word, and the other case.
pub(super) type Saying = (EventType, &'static str, Option<CaseId>);

impl Correlator {
    /// Announces the gathered changes that are due at `now`.
    pub(super) fn announce_due(&mut self, now: Timestamp, decision: &mut Decision) {
        self.announce_until(now, now, decision);
    }

    /// Announces the gathered changes that fall due until `until`.
    pub(super) fn announce_until(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        decision: &mut Decision,
    ) {
        while let Some((_, id)) = self.announcements.pop_due(until) {
            let no = self
                .groups
                .find(id)
                .expect("an announcement is disarmed when its group goes");
            let head = &mut self.groups.get_mut(no).head;
            head.announce_at = None;
            // What doesn't reopen a closed case was late.
            let reason = if head.stage.is_closed() {
                "late"
            } else {
                "alerts"
            };
            self.announce(now, no, (EventType::Updated, reason, None), decision);
        }
    }

    /// Announces a change of a case with the case as it is now; what was gathered goes out with it.
    pub(super) fn announce(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        saying: Saying,
        decision: &mut Decision,
    ) {
        let head = &mut self.groups.get_mut(no).head;
        head.event_seq += 1;
        if !head.dirty {
            head.dirty = true;
            self.dirty_groups.push(no);
        }
        let (seq, id) = (head.event_seq, head.id);
        if let Some(at) = head.announce_at.take() {
            self.announcements.disarm(at, id);
        }
        if decision.wants.events {
            let (event, reason, other) = saying;
            let case = self.snapshot(no);
            decision.events.push(CaseEvent {
                event,
                reason,
                seq,
                time: now,
                policy: self.policy.version.clone(),
                other,
                act: None,
                case,
            });
        }
    }

    /// The pictures of all live cases, by group number: for the end of a replay.
    #[must_use]
    pub fn open_cases(&self) -> Vec<CaseSnapshot> {
        let open = |group: &&Group| group.head.stage == crate::record::Stage::Open;
        let mut ids: Vec<_> = self
            .groups
            .iter()
            .filter(open)
            .map(|group| group.head.id)
            .collect();
        ids.sort_unstable();
        ids.into_iter()
            .filter_map(|id| self.groups.find(id))
            .map(|no| self.snapshot(no))
            .collect()
    }

    /// A bounded picture of a group.
    fn snapshot(&self, no: No<Group>) -> CaseSnapshot {
        let group = self.groups.get(no);
        // A case that was long silent is cold: all of it is asked for at once.
        let all = || {
            group
                .body
                .activities
                .iter()
                .map(|no| self.activities.get(*no))
        };
        all().for_each(prefetch);
        group
            .body
            .entities
            .iter()
            .for_each(|no| prefetch(self.entities.get(*no)));
        let mut strongest: Vec<&Activity> = all().collect();
        strongest.sort_unstable_by_key(|a| (Reverse(a.severity.score), Reverse(a.count), a.id));
        strongest.truncate(CaseSnapshot::ACTIVITIES_MAX);
        let activities: Vec<_> = strongest
            .into_iter()
            .map(|activity| self.show_activity(activity))
            .collect();
        let entities = self.show_entities(group);
        let truncated = activities.len() < group.body.activities.len()
            || entities.len() < group.body.entities.len();
        let record = group.record(&self.scopes.get(group.head.scope).name);
        CaseSnapshot {
            group: record,
            activities,
            entities,
            truncated,
            facts: self.show_facts(group),
            work: self.desk.work(group.head.id).cloned().map(Box::new),
        }
    }

    fn show_activity(&self, activity: &Activity) -> ActivityView {
        let rule = self.rules.get(activity.rule);
        ActivityView {
            id: activity.id,
            source: rule.source.clone(),
            rule_id: rule.id.clone(),
            rule_name: rule.name.clone(),
            severity: activity.severity,
            first: activity.first,
            last: activity.last,
            count: activity.count,
            subject: activity.subject.map(|no| {
                let known = self.entities.get(no);
                (known.kind, known.value.clone())
            }),
            links: self.show_links(activity.link.as_deref().into_iter()),
        }
    }

    /// The entities of a group with the most activities; of equals, in the order of kind and value.
    fn show_entities(&self, group: &Group) -> Vec<EntityView> {
        let activities = group
            .body
            .activities
            .iter()
            .map(|no| self.activities.get(*no));
        let mut mentions: Vec<Mention> = activities
            .flat_map(|activity| activity.mentions.iter().copied())
            .collect();
        mentions.sort_unstable();
        let mut shown: Vec<EntityView> = mentions
            .chunk_by(|a, b| a.entity() == b.entity())
            .map(|same| {
                let known = self.entities.get(same[0].entity());
                let (kind, value) = (known.kind, known.value.clone());
                let entity = Entity {
                    kind,
                    role: same[0].role(),
                    value,
                    thing: 0,
                };
                EntityView {
                    entity,
                    activities: same.len() as u64,
                }
            })
            .collect();
        shown.sort_unstable_by(|a, b| {
            b.activities
                .cmp(&a.activities)
                .then_with(|| a.entity.cmp(&b.entity))
        });
        shown.truncate(CaseSnapshot::ENTITIES_MAX);
        shown
    }

    /// Links with their values instead of numbers.
    pub(super) fn show_links<'a>(&self, links: impl Iterator<Item = &'a LinkNo>) -> Vec<Link> {
        let entities = |link: &LinkNo| {
            let known = link.entities.iter().map(|no| self.entities.get(*no));
            let mut shown: Vec<_> = known
                .map(|known| (known.kind, known.value.clone()))
                .collect();
            // Numbers are given anew by a restart.
            shown.sort_unstable();
            shown
        };
        let show = |link: &LinkNo| Link {
            kind: link.kind,
            entities: entities(link),
            other: link.other,
            gap: link.gap,
            policy: self.policies.get(link.policy).clone(),
        };
        links.map(show).collect()
    }
}
