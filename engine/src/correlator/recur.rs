//! What comes back: a case that opens names the last one before it on an entity by which both link, be it open, dormant
//! or ended. They are not joined: too much time lies between them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use compact_str::CompactString;

use super::Correlator;
use super::command::sign;
use crate::activities::Activity;
use crate::command::{Action, Actor, Changed, Command, Effect, Recall, Verb};
use crate::decision::{Decision, EventType};
use crate::entities::Known;
use crate::entity::EntityKind;
use crate::groups::Group;
use crate::ids::{CaseId, GroupId, ScopeId};
use crate::past::{MARKS_MAX, PastRecord};
use crate::record::{Record, Relation};
use crate::recurrence::Standing;
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// Who notes it, in the log and in the audit.
const ACTOR: &str = "recurrence";

/// Most shared entities that are named.
const SHARED_MAX: usize = 16;

/// An entity as it is told.
type Named = (EntityKind, CompactString);

impl Correlator {
    /// Notes which case a new one comes back from.
    pub(super) fn note_recurrence(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        decision: &mut Decision,
    ) {
        if self.policy.reopen.remembered <= Span::ZERO || self.groups.get(no).head.inherits {
            return;
        }
        let Some((of, shared)) = self.comes_back(no) else {
            return;
        };
        let head = &mut self.groups.get_mut(no).head;
        if head.related.iter().any(|(_, case)| *case == of) {
            return;
        }
        head.related.push((Relation::RecurrenceOf, of));
        let (scope, case, group) = (head.scope, head.case, head.id);
        let standing = self.live_standing(no);
        let command = Command {
            scope: self.scopes.get(scope).name.clone(),
            case,
            group,
            actor: Actor::rule(ACTOR),
            expected: None,
            key: None,
            action: Action::Recur {
                of,
                shared: shared.clone(),
            },
        };
        let mut effect = Effect::new(Verb::Recurred, (EventType::Related, "recurrence"));
        effect
            .changes
            .push(Changed::new("recurrence_of", "", &of.to_string()));
        effect.text = said(&shared);
        let chain = self.desk.head(scope);
        let entry = self.enter(now, &command, &standing, &effect, chain, decision);
        self.groups.get_mut(no).head.revision += 1;
        decision.tally.recurrences += 1;
        let events = decision.events.len();
        self.announce(
            now,
            no,
            (EventType::Related, "recurrence", Some(of)),
            decision,
        );
        sign(&mut decision.events[events..], entry);
    }

    /// The last case before a group on anything by which it links alone, and what they share.
    fn comes_back(&self, no: No<Group>) -> Option<(CaseId, Vec<Named>)> {
        let mut found: BTreeMap<(Timestamp, GroupId, CaseId), Vec<No<Known>>> = BTreeMap::new();
        let group = self.groups.get(no);
        for (entity, first) in self.firsts(no) {
            let since = first.minus(self.policy.reopen.remembered);
            let mark = self.entities.hash_of(entity);
            if let Some(past) = self.past.latest(mark, (since, first)) {
                let key = (past.last, past.group, past.case);
                found.entry(key).or_default().push(entity);
            }
            for span in &self.entities.get(entity).spans {
                let other = &self.groups.get(span.group).head;
                if span.group == no
                    || !other.stage.is_live_case()
                    || span.last >= first
                    || span.last < since
                {
                    continue;
                }
                let key = (span.last, other.id, other.case);
                found.entry(key).or_default().push(entity);
            }
        }
        let is_other = |key: &(Timestamp, GroupId, CaseId)| !group.head.parts.contains(&key.1);
        let ((_, last, case), _) = found.iter().rfind(|(key, _)| is_other(key))?;
        let (last, case) = (*last, *case);
        let shared = found.iter().filter(|((_, group, _), _)| *group == last);
        let mut shared: Vec<Named> = shared
            .flat_map(|(_, entities)| entities)
            .map(|entity| {
                let known = self.entities.get(*entity);
                (known.kind, known.value.clone())
            })
            .collect();
        shared.sort_unstable();
        shared.dedup();
        shared.truncate(SHARED_MAX);
        Some((case, shared))
    }

    /// The entities by which a group links alone, each with when it began to.
    fn firsts(&self, no: No<Group>) -> BTreeMap<No<Known>, Timestamp> {
        let mut firsts: BTreeMap<No<Known>, Timestamp> = BTreeMap::new();
        for activity in self
            .groups
            .get(no)
            .body
            .activities
            .iter()
            .map(|no| self.activities.get(*no))
        {
            for entity in links_alone(activity) {
                let first = firsts.entry(entity).or_insert(activity.first);
                *first = activity.first.min(*first);
            }
        }
        firsts
    }

    /// Remembers a live case that ended.
    pub(super) fn remember_case(&mut self, no: No<Group>, decision: &mut Decision) {
        let mut named: BTreeMap<No<Known>, u32> = BTreeMap::new();
        let body = &self.groups.get(no).body;
        for activity in body.activities.iter().map(|no| self.activities.get(*no)) {
            for entity in links_alone(activity) {
                *named.entry(entity).or_default() += 1;
            }
        }
        let mut marks = Vec::new();
        for (entity, activities) in named {
            let known = self.entities.get(entity);
            let mark = self.entities.hash_of(entity);
            marks.push((Reverse(activities), known.kind, &known.value, mark));
        }
        let marks = strongest(marks);
        let head = &self.groups.get(no).head;
        let of = (head.id, head.case, head.scope);
        self.keep_past(of, body.last, marks, decision);
    }

    /// Remembers a case that had left memory and that people closed.
    pub(super) fn remember_away(&mut self, away: &Recall, decision: &mut Decision) {
        let group = &away.group;
        let mut named: BTreeMap<(EntityKind, &CompactString), (u32, u64)> = BTreeMap::new();
        for (activity, tally) in &away.activities {
            if tally.standing != Standing::News {
                continue;
            }
            let alone = activity.grounds.alone.iter();
            for entity in alone.filter_map(|at| activity.entities.get(usize::from(*at))) {
                let mark = self.printer.mark_of(entity).in_scope(group.scope);
                let known = named.entry((entity.kind, &entity.value)).or_default();
                *known = (known.0 + 1, mark);
            }
        }
        let marks = named.into_iter();
        let marks = marks
            .map(|((kind, value), (activities, mark))| (Reverse(activities), kind, value, mark));
        let marks = strongest(marks.collect());
        self.keep_past(
            (group.id, group.case, group.scope),
            group.last,
            marks,
            decision,
        );
    }

    fn keep_past(
        &mut self,
        (group, case, scope): (GroupId, CaseId, ScopeId),
        last: Timestamp,
        marks: Vec<u64>,
        decision: &mut Decision,
    ) {
        if self.policy.reopen.remembered <= Span::ZERO {
            return;
        }
        self.past.remember(PastRecord {
            group,
            case,
            scope,
            last,
            marks,
        });
        decision.tally.past_evicted += self.past.shrink(self.policy.reopen.entities_max);
    }

    /// Takes over a case that ended.
    pub fn restore_past(&mut self, record: PastRecord) {
        self.past.restore(record);
    }

    /// Hands out which cases are remembered anew, or not any more.
    pub(super) fn seal_past(&mut self, decision: &mut Decision) {
        for group in self.past.take_dirty() {
            match self.past.get(group).cloned() {
                Some(record) => decision.record(|| Record::Past(Box::new(record))),
                None => decision.record(|| Record::PastGone(group)),
            }
        }
    }
}

/// The entities by which an activity that is news links alone, each once.
fn links_alone(activity: &Activity) -> impl Iterator<Item = No<Known>> {
    let alone = match activity.standing {
        Standing::News => activity.grounds.alone,
        _ => 0,
    };
    let mut last = None;
    let mentions = activity.mentions.iter().enumerate();
    mentions.filter_map(move |(at, mention)| {
        let entity = mention.entity();
        (alone >> at & 1 == 1 && last.replace(entity) != Some(entity)).then_some(entity)
    })
}

/// The marks of the entities in most activities; of equals, in the order of kind and value. Sorted.
fn strongest(mut named: Vec<(Reverse<u32>, EntityKind, &CompactString, u64)>) -> Vec<u64> {
    named.sort_unstable();
    named.truncate(MARKS_MAX);
    let mut marks: Vec<u64> = named.into_iter().map(|(.., mark)| mark).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// What both share, as a person reads it.
fn said(shared: &[Named]) -> CompactString {
    let names: Vec<String> = shared
        .iter()
        .map(|(kind, value)| format!("{} {value}", kind.as_str()))
        .collect();
    CompactString::from(format!("shares {}", names.join(", ")))
}
