//! What is known of a group's entities: looked up when an entity comes onto it, judged anew when the lists change.
//!
//! A group's facts are written with it, so a restart goes on with them, whatever became of the lists meanwhile: what they
//! say by then is told after it, as any other snapshot, and what differs is announced.

use std::sync::Arc;

use super::Correlator;
use crate::activities::Activity;
use crate::decision::{Decision, EventType};
use crate::entities::Known;
use crate::facts::Judged;
use crate::groups::Group;
use crate::knowledge::{Fact, Knowledge};
use crate::policy::RaisePolicy;
use crate::record::{FactsRecord, Record, Stage};
use crate::slots::No;
use crate::time::Timestamp;

/// Why a case changed when the lists did, and why a candidate became a case that is none without them.
pub(super) const ENRICHMENT: &str = "enrichment";

impl Correlator {
    /// Lets a group take over the entities of an activity, with what is known of those that are new to it.
    pub(super) fn take_entities(
        &mut self,
        now: Timestamp,
        no: No<Activity>,
        decision: &mut Decision,
    ) {
        let activity = self.activities.get(no);
        let group = activity.group;
        let body = &mut self.groups.get_mut(group).body;
        if self.knowledge.is_empty() {
            for mention in &activity.mentions {
                body.add_entity(mention.entity());
            }
            return;
        }
        let mentions = activity.mentions.iter();
        let mut new: Vec<No<Known>> = mentions.map(|mention| mention.entity()).collect();
        new.retain(|entity| body.add_entity(*entity));
        for entity in new {
            for fact in self.facts_of(now, entity) {
                decision.tally.facts[fact.kind as usize] += 1;
                let body = &mut self.groups.get_mut(group).body;
                body.facts.add(fact, &self.policy.raise);
            }
        }
    }

    /// What is known of an entity.
    fn facts_of(&self, now: Timestamp, entity: No<Known>) -> Vec<Fact> {
        let known = self.entities.get(entity);
        let scope = &self.scopes.get(known.scope).name;
        let said = self.knowledge.of(scope, known.kind, &known.value);
        said.map(|(entry, source)| source.fact(entry, now))
            .collect()
    }

    /// The lists changed. Live groups of which they say something else are judged anew, by number: what is a case by now
    /// opens, and cases are announced.
    pub(super) fn learn_anew(
        &mut self,
        now: Timestamp,
        knowledge: Arc<Knowledge>,
        decision: &mut Decision,
    ) {
        self.knowledge = knowledge;
        for no in self.groups_in_order() {
            let known = self.groups.get(no).body.facts.list().to_vec();
            if known.is_empty() && self.knowledge.is_empty() {
                continue;
            }
            match self.judge_facts(now, no, known) {
                Judged::Same => {}
                Judged::Renewed => self.note_group(no),
                Judged::Changed => self.tell_enriched(now, no, decision),
            }
        }
        self.reach_on(now, decision);
    }

    fn tell_enriched(&mut self, now: Timestamp, no: No<Group>, decision: &mut Decision) {
        match self.groups.get(no).head.stage {
            // Nobody waits for news of a closed case; it is told when it is reopened.
            Stage::Dormant => self.note_group(no),
            Stage::Open => {
                self.touch_group(now, no);
                let saying = (EventType::Updated, ENRICHMENT, None);
                self.announce(now, no, saying, decision);
            }
            _ => {
                self.touch_group(now, no);
                self.promote_if_due(now, no, decision);
            }
        }
    }

    /// Looks up all entities of a group. Of what was known before stays what a source said that can't be read now.
    fn judge_facts(&mut self, now: Timestamp, no: No<Group>, known: Vec<Fact>) -> Judged {
        let group = self.groups.get(no);
        let lacking = known.into_iter().filter(|fact| {
            let entity = self
                .entities
                .find(group.head.scope, fact.entity, &fact.value);
            let is_here = entity.1.is_some_and(|entity| group.body.holds(entity));
            is_here && self.knowledge.lacks(&fact.source)
        });
        let mut facts: Vec<Fact> = lacking.collect();
        if !self.knowledge.is_empty() {
            let entities = group.body.entities.iter();
            facts.extend(entities.flat_map(|entity| self.facts_of(now, *entity)));
        }
        let body = &mut self.groups.get_mut(no).body;
        body.facts.replace(facts, &self.policy.raise)
    }

    /// Judges a group that came back, of which the store had these facts.
    pub(super) fn settle_facts(&mut self, no: No<Group>, known: Vec<Fact>) {
        let updated = self.groups.get(no).head.updated;
        let body = &mut self.groups.get_mut(no).body;
        body.facts.restore(known.clone(), &self.policy.raise);
        self.judge_facts(updated, no, known);
        let facts = &mut self.groups.get_mut(no).body.facts;
        facts.is_told &= facts.list().is_empty();
    }

    /// Lets facts raise the risk as another policy says.
    pub(super) fn weigh_facts(&mut self, now: Timestamp) {
        for no in self.groups_in_order() {
            let facts = &mut self.groups.get_mut(no).body.facts;
            if facts.weigh_anew(&self.policy.raise) {
                facts.is_told = false;
                match self.groups.get(no).head.stage {
                    Stage::Dormant => self.note_group(no),
                    _ => self.touch_group(now, no),
                }
            }
        }
    }

    /// Takes over what is known of a live group; of one that is not live, nothing. Call after its group.
    pub fn restore_facts(&mut self, record: &FactsRecord) {
        let Some(no) = self.groups.find(record.group) else {
            return;
        };
        let group = self.groups.get_mut(no);
        if group.head.id == record.group {
            let facts = record.facts.clone();
            group.body.facts.restore(facts, &self.policy.raise);
        }
    }

    /// What is known of a group, for its picture.
    pub(super) fn show_facts(&self, group: &Group) -> Option<Box<FactsRecord>> {
        let is_known = !group.body.facts.list().is_empty();
        is_known.then(|| Box::new(record(group, &self.policy.raise)))
    }
}

/// Hands out the facts of a group, unless the store has them so.
pub(super) fn tell(group: &mut Group, policy: &RaisePolicy, decision: &mut Decision) {
    if std::mem::replace(&mut group.body.facts.is_told, true) {
        return;
    }
    decision.record(|| Record::Facts(Box::new(record(group, policy))));
}

fn record(group: &Group, policy: &RaisePolicy) -> FactsRecord {
    let facts = &group.body.facts;
    FactsRecord {
        group: group.head.id,
        facts: facts.list().to_vec(),
        parts: policy.parts(facts.list().iter().map(|fact| fact.mark)),
        raise: facts.raise(),
    }
}
