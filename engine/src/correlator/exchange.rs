//! Exchange: cases leave memory as if it ended, and come back as the store will have them. That is how people reshape cases
//! and reopen closed ones.

use std::cmp::Reverse;

use compact_str::CompactString;

use super::Correlator;
use crate::activities::Activity;
use crate::alert::Severity;
use crate::command::Recall;
use crate::decision::Decision;
use crate::entities::Known;
use crate::groups::{Body, Group};
use crate::ids::{CaseId, GroupId};
use crate::record::{ActivityRecord, GroupRecord, Relation, Stage, TallyRecord};
use crate::recurrence::{Bins, Standing};
use crate::rules::Rule;
use crate::slots::No;

/// What keeps entities and rules known while activities leave memory and come back.
struct Held {
    entities: Vec<No<Known>>,
    rules: Vec<No<Rule>>,
}

impl Correlator {
    /// Puts cases into memory as the store will have them, in the place of what is there of their activities now.
    pub(super) fn exchange(
        &mut self,
        files: [Recall; 2],
        decision: &mut Decision,
    ) -> [No<Group>; 2] {
        let mut live: Vec<No<Group>> = Vec::new();
        for file in &files {
            let parts = file.group.parts.iter();
            live.extend(parts.filter_map(|part| self.groups.find(*part)));
        }
        live.sort_unstable_by_key(|no| no.get());
        live.dedup();
        let scope = files[0].group.scope;
        let held: Vec<Held> = live.into_iter().map(|no| self.lift(no, decision)).collect();
        let settled = files.map(|file| self.settle(file));
        let hour = self.earliest_hour(scope);
        for Held { entities, rules } in held {
            for entity in entities {
                self.entities.forget(entity, hour, &self.policy.hubs);
            }
            rules.into_iter().for_each(|rule| self.rules.forget(rule));
        }
        self.scopes.watch(scope);
        settled
    }

    /// Takes a live group out of memory without an end: its entities and rules stay known.
    fn lift(&mut self, no: No<Group>, decision: &mut Decision) -> Held {
        let head = &self.groups.get(no).head;
        let (scope, armed, id) = (head.scope, head.armed, head.id);
        if let Some(at) = head.announce_at {
            self.announcements.disarm(at, id);
        }
        self.scopes.get_mut(scope).deadlines.disarm(armed, id);
        let mut held = Held {
            entities: Vec::new(),
            rules: Vec::new(),
        };
        let activities: Vec<No<Activity>> = self.groups.get(no).body.activities.clone();
        for activity in activities {
            let activity = self.activities.get(activity);
            let named = activity.mentions.iter().map(|mention| mention.entity());
            held.entities.extend(named);
            held.rules.push(activity.rule);
            if activity.standing == Standing::Background {
                let (bin, id) = (Bins::of(activity.window_begin), activity.id);
                if let Some(bin) = self.scopes.get_mut(scope).bins.get_mut(&bin) {
                    bin.retain(|(_, other)| *other != id);
                }
            }
        }
        held.entities
            .iter()
            .for_each(|no| self.entities.mention(*no));
        held.rules.iter().for_each(|no| self.rules.hold(*no));
        self.forget(no, decision);
        held
    }

    /// Lets a case live that the store described.
    pub(super) fn settle(&mut self, mut file: Recall) -> No<Group> {
        file.group.stage = Stage::Open;
        file.group.unannounced = false;
        self.restore_group(&file.group);
        for (activity, tally) in &file.activities {
            self.restore_activity(activity, *tally);
        }
        let no = self
            .groups
            .find(file.group.id)
            .expect("it was just restored");
        if let Some(work) = file.work {
            self.desk.put(work);
        }
        let known = file.facts.map(|facts| facts.facts).unwrap_or_default();
        self.settle_facts(no, known);
        self.arm_new(no);
        self.note_group(no);
        self.find_continuation(no);
        no
    }

    /// Lets a group that came back know which live one continues it, and the full ones that it continues them.
    fn find_continuation(&mut self, no: No<Group>) {
        let head = &self.groups.get(no).head;
        let (id, case) = (head.id, head.case);
        let full: Vec<CaseId> = head
            .related
            .iter()
            .filter(|(how, _)| *how == Relation::ContinuationOf)
            .map(|(_, case)| *case)
            .collect();
        let follows = |group: &&Group| {
            group
                .head
                .related
                .contains(&(Relation::ContinuationOf, case))
        };
        let next = self
            .groups
            .iter()
            .filter(follows)
            .map(|group| group.head.id)
            .min();
        let before: Vec<GroupId> = self
            .groups
            .iter()
            .filter(|group| full.contains(&group.head.case))
            .map(|group| group.head.id)
            .collect();
        self.groups.get_mut(no).head.continued_by = next;
        for before in before {
            let before = self.groups.find(before).expect("it was just met");
            self.groups.get_mut(before).head.continued_by = Some(id);
        }
    }
}

/// What a case is called and how severe it is, from its activities: the first of the most severe names it.
pub(super) fn describe(group: &mut GroupRecord, activities: &[(ActivityRecord, TallyRecord)]) {
    let news = || {
        let all = activities.iter();
        all.filter(|(_, tally)| tally.standing != Standing::Background)
    };
    let first = news().min_by_key(|(activity, tally)| (Reverse(tally.severity.score), activity.id));
    let none = Severity {
        score: 0,
        assumed: true,
    };
    group.severity = first.map_or(none, |(_, tally)| tally.severity);
    if let Some((activity, _)) = first {
        group.title = title_of(activity);
    }
    let mut body = Body::empty();
    for (activity, _) in news() {
        body.add_attack(&activity.attack);
    }
    group.attack = body.attack;
}

/// As an alert's title is made: the headline, and the subject if that doesn't name it.
fn title_of(activity: &ActivityRecord) -> CompactString {
    let headline = match activity.title.is_empty() {
        true => &activity.rule_name,
        false => &activity.title,
    };
    let mut title = headline.clone();
    let named = |value: &str| title.split_whitespace().any(|word| word == value);
    let subject = activity
        .subject_entity()
        .filter(|subject| !named(&subject.value));
    if let Some(subject) = subject {
        title.push_str(" on ");
        title.push_str(&subject.value);
    }
    title
}
