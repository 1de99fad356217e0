//! Memory from the store: feed the records of everything live, in the order the store gives them (sums and scopes;
//! each live group, then the activities of all its parts by number; native ids), then go on where it stopped.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::Correlator;
use super::judge::beside;
use crate::accounting::Accounting;
use crate::activities::{Activity, Grounds, LinkNo, Mentions, begin_of};
use crate::decision::Tally;
use crate::entities::{Known, Mention};
use crate::entity::{Entity, EntityKind};
use crate::groups::{Body, Group, Head};
use crate::ids::{CaseId, ScopeId};
use crate::keys::Key;
use crate::record::{
    ActivityRecord, BusyRecord, GroupRecord, IdentityRecord, Link, Relation, ScopeRecord,
    TallyRecord,
};
use crate::recurrence::{Bins, PairRecord, Standing};
use crate::rules::Rule;
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// The entities of a record by their index.
type Named = SmallVec<[Option<No<Known>>; 8]>;

fn entity_at(named: &Named, index: u16) -> Option<No<Known>> {
    *named.get(usize::from(index))?
}

impl Correlator {
    /// Takes over the sums.
    pub fn restore_accounting(&mut self, accounting: Accounting) {
        self.accounting = accounting;
    }

    /// Takes over a scope. Call in the order of the numbers.
    ///
    /// # Panics
    /// When a scope was left out: the store is not the one that the engine wrote.
    pub fn restore_scope(&mut self, record: &ScopeRecord) {
        let id = self.scopes.intern(&record.name, record.time);
        assert_eq!(
            id, record.id,
            "scopes are restored in the order of their numbers"
        );
        let scope = self.scopes.get_mut(id);
        scope.time = record.time;
        scope.heard = record.heard;
        scope.heard_time = record.heard_time;
        scope.since = record.since;
        scope.dirty = false;
    }

    /// Takes over a live group; its activities follow.
    pub fn restore_group(&mut self, record: &GroupRecord) {
        let mut head = Head::new(record.id, record.case, record.scope, record.updated);
        head.stage = record.stage;
        head.status = record.status;
        head.owner.clone_from(&record.owner);
        (head.opened, head.closed) = (record.opened, record.closed);
        head.parts.clone_from(&record.parts);
        head.related.clone_from(&record.related);
        head.capped = record.capped;
        head.event_seq = record.event_seq;
        head.announce_at = record.unannounced.then_some(Timestamp::MIN);
        head.revision = record.revision;
        head.dirty = false;
        let mut body = Body::empty();
        body.title = record.title.clone();
        body.severity = record.severity;
        body.attack.clone_from(&record.attack);
        self.groups.insert(Group { head, body });
    }

    /// Takes over a (rule, subject) pair.
    pub fn restore_pair(&mut self, record: &PairRecord) {
        self.pairs.restore(record);
    }

    /// Takes over how busy an entity was. Call before the activities.
    pub fn restore_busy(&mut self, record: &BusyRecord) {
        let key = (record.scope, record.kind, record.value.clone());
        self.known_busy.insert(key);
        self.entities
            .restore_busy(record.scope, record.kind, &record.value, record.busy);
    }

    /// Takes over an activity of a group that was restored, or background on its own. Call in the order of the
    /// numbers within a group, and after the pairs.
    pub fn restore_activity(&mut self, record: &ActivityRecord, tally: TallyRecord) {
        let group = self.groups.find(record.group).unwrap_or(No::NONE);
        let scope = record.scope;
        let rule = self
            .rules
            .mention(&record.source, &record.rule_id, &record.rule_name);
        let named = self.restore_entities(scope, record);
        let key = (scope, rule, self.restore_mentions(record, &named));
        let mut activity = Activity::new(record.id, record.group, key, tally.first);
        activity.window_end = record.window_end;
        activity.window_begin = record.window_begin;
        activity.day = record.day;
        activity.last = tally.last;
        activity.count = tally.count;
        activity.severity = tally.severity;
        (activity.standing, activity.base) = (tally.standing, tally.base);
        (activity.minutes, activity.hour) = (tally.minutes, tally.hour);
        activity.is_counted = tally.is_counted;
        activity.busy_hours = tally.busy_hours;
        activity.group = group;
        let subject = record.subject_entity();
        let rule_names = (&*record.source, &*record.rule_id);
        let at = record.subject.map(usize::from);
        let links = |at: usize, _: &Entity| named[at].is_some();
        activity.print = self.print_of(scope, rule_names, (&record.entities, at), |_| {}, links);
        let pair = subject.map(|entity| self.pairs.key_of(scope, rule_names, Some(entity)));
        self.window_max = self
            .window_max
            .max(record.window_end.since(record.window_begin));
        activity.grounds = self.restore_grounds((rule, pair), &named, &activity.mentions, record);
        activity.is_short = self.is_short(
            &activity.grounds,
            record.window_end.since(record.window_begin),
        );
        activity.subject = record.subject.and_then(|index| entity_at(&named, index));
        activity.pair = pair.and_then(|key| self.pairs.find(key));
        let strongest = record.links.first();
        activity.link = strongest.map(|link| Box::new(self.restore_link((record, &named), link)));
        let no = self.activities.insert(activity);
        if tally.standing == Standing::Background {
            let bin = Bins::of(record.window_begin);
            let bins = &mut self.scopes.get_mut(scope).bins;
            bins.entry(bin).or_default().push((no, record.id));
        }
        if group != No::NONE {
            self.restore_into(group, no, tally);
        }
        self.enter_scene(no, &mut Tally::default());
    }

    fn restore_into(&mut self, group: No<Group>, no: No<Activity>, tally: TallyRecord) {
        let activity = self.activities.get(no);
        let (rule, subject) = (activity.rule, activity.subject);
        let mentions = activity.mentions.clone();
        let body = &mut self.groups.get_mut(group).body;
        body.activities.push(no);
        for mention in &mentions {
            body.add_entity(mention.entity());
        }
        if tally.standing == Standing::Background {
            body.attached += tally.count;
            return;
        }
        body.alerts += tally.count;
        body.first = body.first.min(tally.first);
        body.last = body.last.max(tally.last);
        if tally.standing == Standing::News {
            body.risk.add(rule, subject, tally.severity.score);
        }
        self.span(no);
    }

    /// Enters an activity into the spans of all it links by; background links by nothing.
    pub(super) fn span(&mut self, no: No<Activity>) {
        if self.activities.get(no).standing == Standing::Background {
            return;
        }
        self.extend(no);
        let activity = self.activities.get(no);
        let rare = activity
            .grounds
            .keys
            .iter()
            .find(|(key, _)| matches!(key, Key::Rule(..)));
        if let Some(key) = rare.copied() {
            let minutes: Vec<i64> = activity.minutes().collect();
            for minute in minutes {
                let at = begin_of(minute);
                self.extend_key(no, key, (at, at));
            }
        }
    }

    fn restore_grounds(
        &self,
        (rule, pair): (No<Rule>, Option<u64>),
        named: &Named,
        mentions: &Mentions,
        record: &ActivityRecord,
    ) -> Grounds {
        let scope = record.scope;
        let find = |index: u16| entity_at(named, index);
        let shown = &record.grounds;
        let mut grounds = Grounds {
            is_novel: shown.is_novel,
            ..Grounds::default()
        };
        let alone: SmallVec<[No<Known>; 8]> = shown
            .alone
            .iter()
            .filter_map(|index| find(*index))
            .collect();
        for (at, mention) in mentions.iter().enumerate() {
            if alone.contains(&mention.entity()) {
                grounds.alone |= 1 << at;
            }
        }
        let (recurrence, evidence) = (&self.policy.recurrence, &self.policy.evidence);
        if shown.is_run {
            let pair = pair.unwrap_or_else(|| {
                let names = (&*record.source, &*record.rule_id);
                self.pairs.key_of(scope, names, None)
            });
            grounds.keys.push((Key::Run(pair), recurrence.run_gap));
        }
        for (a, b, gap) in &shown.both {
            if let (Some(a), Some(b)) = (find(*a), find(*b)) {
                grounds.keys.push((Key::Both(a.min(b), a.max(b)), *gap));
            }
        }
        if shown.is_rare {
            grounds
                .keys
                .push((Key::Rule(scope, rule), evidence.rule_gap));
        }
        let subject = record.subject.and_then(find);
        if let (true, true, Some(subject)) =
            (shown.is_novel, evidence.hot_gap > Span::ZERO, subject)
        {
            grounds.keys.push((Key::Hot(subject), evidence.hot_gap));
        }
        grounds
    }

    /// Takes over a native id.
    pub fn restore_identity(&mut self, record: IdentityRecord) {
        self.identities.remember(record);
    }

    /// Ends the restoring at wall time `now`: sets the deadlines, and gathers anew the changes of open cases that
    /// were not announced before the stop.
    pub fn restored(&mut self, now: Timestamp) {
        let mut ids: Vec<_> = self.groups.iter().map(|group| group.head.id).collect();
        ids.sort_unstable();
        let live: Vec<_> = ids
            .into_iter()
            .filter_map(|id| self.groups.find(id))
            .collect();
        let by_case = live
            .iter()
            .map(|&no| (self.groups.get(no).head.case, no))
            .collect();
        self.identities.shrink(self.policy.dedup.ids_max);
        self.tell_policy(now);
        self.judge_named();
        self.restore_busy_hours();
        for no in live {
            self.arm_new(no);
            self.restore_continuation(no, &by_case);
            self.scopes.watch(self.groups.get(no).head.scope);
            if self.groups.get_mut(no).head.announce_at.take().is_some() {
                self.touch_group(now, no);
            }
        }
    }

    /// Counts anew what stood in the hours that are still counted one by one: records tell of busy hours only.
    fn restore_busy_hours(&mut self) {
        let mut hours: BTreeMap<(No<Known>, i32), (u32, u64)> = BTreeMap::new();
        for (no, activity) in self.activities.numbered() {
            for hour in activity.busy_hours() {
                if !self.activities.counts_busy(no, hour) {
                    continue;
                }
                let classes = self.classes_of(&activity.mentions);
                for (entity, _) in &classes {
                    let known = hours.entry((*entity, hour)).or_default();
                    *known = (known.0 + 1, known.1 | beside(*entity, &classes));
                }
            }
        }
        for ((no, hour), happenings) in hours {
            let busy = &mut self.entities.get_mut(no).busy;
            busy.recount(hour, happenings, &self.policy.hubs);
        }
    }

    /// Lets the full groups know that this one continues them.
    fn restore_continuation(&mut self, no: No<Group>, by_case: &BTreeMap<CaseId, No<Group>>) {
        let id = self.groups.get(no).head.id;
        for (relation, case) in self.groups.get(no).head.related.clone() {
            if let (Relation::ContinuationOf, Some(full)) = (relation, by_case.get(&case)) {
                self.groups.get_mut(*full).head.continued_by = Some(id);
            }
        }
    }

    /// The numbers of its entities, each looked up once; none for what links nothing.
    fn restore_entities(&mut self, scope: ScopeId, record: &ActivityRecord) -> Named {
        let mut named = Named::with_capacity(record.entities.len());
        for (at, entity) in record.entities.iter().enumerate() {
            if !linked(record, at, entity) {
                named.push(None);
                continue;
            }
            let (hash, known) = self.entities.find(scope, entity.kind, &entity.value);
            named.push(Some(known.unwrap_or_else(|| {
                self.entities
                    .insert(hash, scope, entity.kind, &entity.value)
            })));
        }
        named
    }

    fn restore_mentions(&mut self, record: &ActivityRecord, named: &Named) -> Mentions {
        let mut mentions = Mentions::new();
        for (entity, no) in record.entities.iter().zip(named) {
            if let Some(no) = *no {
                mentions.push(Mention::new(no, entity.role));
                self.entities.mention(no);
            }
        }
        mentions.sort_unstable();
        mentions
    }

    /// What is shared is an entity of both activities, so that most need no look-up.
    fn restore_link(&mut self, (record, named): (&ActivityRecord, &Named), link: &Link) -> LinkNo {
        let policy = self.policies.number(&link.policy);
        let own = |kind: EntityKind, value: &str| {
            let mut entities = record.entities.iter().zip(named);
            entities.find_map(|(entity, no)| {
                no.filter(|_| entity.kind == kind && entity.value == value)
            })
        };
        let known = link.entities.iter().filter_map(|(kind, value)| {
            own(*kind, value).or_else(|| self.entities.find(record.scope, *kind, value).1)
        });
        LinkNo {
            other: link.other,
            gap: link.gap,
            kind: link.kind,
            policy,
            entities: known.collect(),
        }
    }
}

/// Whether an activity links by the entity at this place of its record: decided when it opened.
fn linked(record: &ActivityRecord, at: usize, entity: &Entity) -> bool {
    entity.is_linkable()
        && !record
            .grounds
            .unlinked
            .iter()
            .any(|unlinked| usize::from(*unlinked) == at)
}
