//! Judging: how an alert stands to what is usual on its subject, and by what its activity may link.

use smallvec::SmallVec;

use super::Correlator;
use crate::activities::{Activity, Grounds};
use crate::alert::Alert;
use crate::busy::{Commonness, class_of};
use crate::decision::Decision;
use crate::entities::{Known, Mention};
use crate::entity::EntityKind;
use crate::hours::{Hours, WEEK};
use crate::ids::ScopeId;
use crate::keys::Key;
use crate::record::{PairNames, Record};
use crate::recurrence::{Pair, Standing};
use crate::rules::Rule;
use crate::slots::No;
use crate::time::{Span, Timestamp};

/// Most pairs of entities by which one activity links. A real alert has one or two; one with 64 entities has 2,016.
const BOTH_MAX: usize = 8;

/// What is known of an alert before its activity is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// How it stands to what is usual.
    pub(super) standing: Standing,
    /// How its pair stands in its hour, without its severity and without bursts.
    pub(super) base: Standing,
    pub(super) pair: Option<No<Pair>>,
    pub(super) hour: i32,
    /// The bins of its pair are counted in its hour.
    pub(super) is_counted: bool,
    /// Its bin holds a burst: what was background in it is news.
    pub(super) bursts: bool,
}

/// An entity with what it is worth to one alert.
#[derive(Clone, Copy)]
struct Worth {
    entity: No<Known>,
    kind: EntityKind,
    /// Its place in the alert.
    index: usize,
    thing: u8,
    weight: u32,
}

/// Entities with their classes.
pub(super) type Classes = SmallVec<[(No<Known>, u64); 4]>;

/// The classes of all entities but one.
pub(super) fn beside(entity: No<Known>, classes: &Classes) -> u64 {
    let others = classes.iter().filter(|(other, _)| *other != entity);
    others.fold(0, |all, (_, class)| all | class)
}

impl Correlator {
    /// Notes an alert for its pair and its rule, and judges it. `youngest` is the youngest activity of the same
    /// happening, which saves most alerts the look-ups.
    pub(super) fn judge(
        &mut self,
        scope: ScopeId,
        alert: &Alert,
        youngest: Option<No<Activity>>,
        decision: &mut Decision,
    ) -> Judged {
        let hour = Hours::of(alert.time);
        let known = youngest
            .map(|no| self.activities.get(no))
            // A pair may be forgotten before what lasts for weeks.
            .filter(|activity| activity.hour == hour && hour > self.hour_of(scope) - WEEK);
        let (pair, base, is_counted) = match known {
            Some(activity) => (activity.pair, activity.base, activity.is_counted),
            None => {
                let (pair, base) = self.judge_pair(scope, alert, hour, decision);
                (pair, base, true)
            }
        };
        let mut judged = Judged {
            standing: base,
            base,
            pair,
            hour,
            is_counted: false,
            bursts: false,
        };
        // A repeat within the hour says nothing new of a pair whose bins are not counted.
        if let (Some(no), true) = (pair, is_counted) {
            let lateness = self.policy.lateness;
            judged.is_counted = self.pairs.get_mut(no).note(alert.time, hour, lateness);
            self.touch_pair(no);
        }
        self.reconsider(alert, &mut judged);
        judged
    }

    /// What is news although its pair is usual, or the other way round.
    fn reconsider(&self, alert: &Alert, judged: &mut Judged) {
        let policy = &self.policy.recurrence;
        if !policy.pins.is_empty() && judged.pair.is_some() {
            let subject = alert.subject();
            let pins = policy.pins.iter().filter(|pin| {
                pin.source == alert.source
                    && pin.rule_id == alert.rule_id
                    && pin.subject.as_ref().is_none_or(|(kind, value)| {
                        subject.is_some_and(|of| of.kind == *kind && of.value == *value)
                    })
            });
            // What is said of one subject holds before what is said of all.
            let pin = pins.max_by_key(|pin| pin.subject.is_some());
            match pin.map(|pin| pin.is_background) {
                Some(true) => judged.standing = Standing::Background,
                Some(false) if judged.standing == Standing::Background => {
                    judged.standing = Standing::News;
                }
                _ => {}
            }
            if pin.is_some() {
                return;
            }
        }
        if judged.standing != Standing::Background {
            return;
        }
        let severity = alert.severity;
        judged.bursts = judged.pair.is_some_and(|pair| {
            let pair = self.pairs.get(pair);
            pair.bursts(alert.time, policy, self.policy.lateness)
        });
        if judged.bursts || severity.score >= policy.never_background && !severity.assumed {
            judged.standing = Standing::News;
        }
    }

    /// Looks the pair of an alert up, notes the hour for its rule, and judges the pair.
    fn judge_pair(
        &mut self,
        scope: ScopeId,
        alert: &Alert,
        hour: i32,
        decision: &mut Decision,
    ) -> (Option<No<Pair>>, Standing) {
        self.note_rule(scope, alert, hour, decision);
        let subject = self.scratch.signs.subject.map(|at| &alert.entities[at]);
        let (Some(subject), (_, Some(key))) = (subject, self.pair_keys(scope, alert)) else {
            return (None, Standing::News);
        };
        let max = self.policy.recurrence.pairs_max;
        let now = |scope| Hours::of(self.scopes.get(scope).time);
        let Some(no) = self.pairs.intern((key, scope), hour, max, now) else {
            decision.tally.pairs_refused += 1;
            return (None, Standing::News);
        };
        let since = Hours::of(self.scopes.get(scope).since);
        let rules = (&self.policy.recurrence, self.policy.lateness, since);
        let base = self.pairs.judge(no, hour, rules);
        let pair = self.pairs.get_mut(no);
        if base == Standing::Background && !pair.named {
            pair.named = true;
            let names = PairNames {
                key,
                scope,
                source: alert.source.clone(),
                rule_id: alert.rule_id.clone(),
                rule_name: alert.rule_name.clone(),
                subject: (subject.kind, subject.value.clone()),
                since: alert.time,
            };
            decision.record(|| Record::PairNames(Box::new(names)));
        }
        (Some(no), base)
    }

    /// Counts how the pairs stand that were background, after a restart: their next alert may be far.
    pub(super) fn judge_named(&mut self) {
        for no in self.pairs.named() {
            let scope = self.pairs.get(no).scope;
            let hour = self.hour_of(scope);
            let since = Hours::of(self.scopes.get(scope).since);
            let rules = (&self.policy.recurrence, self.policy.lateness, since);
            self.pairs.judge(no, hour, rules);
        }
    }

    fn note_rule(&mut self, scope: ScopeId, alert: &Alert, hour: i32, decision: &mut Decision) {
        let (key, _) = self.pair_keys(scope, alert);
        let max = self.policy.recurrence.pairs_max;
        let now = |scope| Hours::of(self.scopes.get(scope).time);
        match self.pairs.intern((key, scope), hour, max, now) {
            Some(no) => {
                self.pairs.get_mut(no).hours.add(hour);
                self.touch_pair(no);
            }
            None => decision.tally.pairs_refused += 1,
        }
    }

    /// In how many settled hours of the last week a rule fired in its scope; `None`: nobody can tell.
    fn rule_seen(&self, scope: ScopeId, alert: &Alert, hour: i32) -> Option<u32> {
        let lateness = self.policy.lateness;
        let begin = Timestamp(i64::from(hour).saturating_mul(Span::HOUR.0));
        let age = begin.minus(lateness).since(self.scopes.get(scope).since);
        if age < self.policy.evidence.baseline {
            return None;
        }
        let keys = self.scratch.signs.pairs;
        let (key, _) = keys.unwrap_or_else(|| self.pairs.keys(scope, alert, None));
        let no = self.pairs.find(key)?;
        Some(self.pairs.get(no).seen(hour, lateness))
    }

    /// Whether a repeat in another hour would link as its activity does. Only then it counts there.
    pub(super) fn is_alike(
        &self,
        no: No<Activity>,
        (scope, alert): (ScopeId, &Alert),
        judged: Judged,
    ) -> bool {
        let activity = self.activities.get(no);
        let (then, hour) = (Hours::of(activity.window_begin), judged.hour);
        // What was counted in an hour already was alike in it, and what is settled stays so.
        let is_known = then == hour || activity.hour == hour;
        if is_known || activity.standing == Standing::Background {
            return true;
        }
        let (lateness, hubs) = (self.policy.lateness, &self.policy.hubs);
        let is_as_common = |mention: &Mention| {
            let busy = &self.entities.get(mention.entity()).busy;
            busy.commonness(then, lateness, hubs) == busy.commonness(hour, lateness, hubs)
        };
        let is_as_counted = judged.pair.is_none_or(|pair| {
            let pair = self.pairs.get(pair);
            pair.is_counted(then, lateness) == pair.is_counted(hour, lateness)
        });
        let rarity = |hour| {
            let seen = self.rule_seen(scope, alert, hour)?;
            Some((seen == 0, seen < self.policy.evidence.rule_hours))
        };
        is_as_counted
            && activity.mentions.iter().all(is_as_common)
            && (activity.standing == Standing::Lasting
                || rarity(then).unwrap_or_default() == rarity(hour).unwrap_or_default())
    }

    fn hour_of(&self, scope: ScopeId) -> i32 {
        Hours::of(self.scopes.get(scope).time)
    }

    /// The earliest hour of a scope that can still be judged within the allowed lateness.
    pub(super) fn earliest_hour(&self, scope: ScopeId) -> i32 {
        Hours::of(self.scopes.get(scope).time.minus(self.policy.lateness))
    }

    /// By what an activity of these sorted `mentions` (each with its entity's index in the alert) may link. Background
    /// has grounds too: it may turn out to be a burst.
    pub(super) fn grounds(
        &mut self,
        (scope, rule): (ScopeId, No<Rule>),
        alert: &Alert,
        judged: Judged,
        mentions: &[(Mention, usize)],
    ) -> Grounds {
        let mut grounds = Grounds::default();
        let run_gap = self.policy.recurrence.run_gap;
        let is_lasting = judged.standing == Standing::Lasting;
        if !is_lasting {
            self.ground_in_entities(alert, judged.hour, mentions, &mut grounds);
        }
        let subject = self.subject_of(scope, alert);
        let is_alone = mentions.iter().zip(0..).any(|((mention, _), at)| {
            grounds.alone >> at & 1 == 1 && Some(mention.entity()) == subject
        });
        // What is new on a subject is connected by the subject itself, and comes to last only when it isn't new.
        let is_needed = run_gap > Span::ZERO
            && (judged.is_counted || !is_alone || !self.counts_before_lasting());
        if let Some(pair) = judged.pair.filter(|_| is_needed) {
            let key = Key::Run(self.pairs.get(pair).key());
            grounds.keys.push((key, run_gap));
        }
        if is_lasting {
            return grounds;
        }
        let evidence = &self.policy.evidence;
        let (rule_gap, hot_gap) = (evidence.rule_gap, evidence.hot_gap);
        let rule_hours = evidence.rule_hours;
        let Some(seen) = self.rule_seen(scope, alert, judged.hour) else {
            return grounds;
        };
        if seen < rule_hours && rule_gap > Span::ZERO {
            grounds.keys.push((Key::Rule(scope, rule), rule_gap));
        }
        if let (0, Some(subject)) = (seen, subject) {
            grounds.is_novel = true;
            if hot_gap > Span::ZERO {
                grounds.keys.push((Key::Hot(subject), hot_gap));
            }
        }
        grounds
    }

    fn ground_in_entities(
        &self,
        alert: &Alert,
        hour: i32,
        mentions: &[(Mention, usize)],
        grounds: &mut Grounds,
    ) {
        let join = u32::from(self.policy.evidence.join);
        let mut worths: SmallVec<[Worth; 4]> = SmallVec::new();
        for (at, (mention, index)) in mentions.iter().enumerate() {
            let worth = self.worth(mention.entity(), alert, *index, hour);
            if worth.weight >= join {
                grounds.alone |= 1 << at;
            }
            if worth.weight > 0 && worths.iter().all(|other| other.entity != worth.entity) {
                worths.push(worth);
            }
        }
        worths.sort_unstable_by_key(|worth| worth.index);
        for (at, a) in worths.iter().enumerate() {
            for b in &worths[at + 1..] {
                if grounds.keys.len() > BOTH_MAX {
                    return;
                }
                let same_thing = a.thing != 0 && a.thing == b.thing;
                if same_thing || a.weight + b.weight < join {
                    continue;
                }
                let alone = a.weight.max(b.weight) >= join;
                let gap = match self.policy.together(a.kind, b.kind) {
                    Some(gap) => gap,
                    None if alone => continue,
                    None => self.policy.gap(a.kind).min(self.policy.gap(b.kind)),
                };
                let (first, second) = (a.entity.min(b.entity), a.entity.max(b.entity));
                grounds.keys.push((Key::Both(first, second), gap));
            }
        }
    }

    fn worth(&self, entity: No<Known>, alert: &Alert, index: usize, hour: i32) -> Worth {
        let known = self.entities.get(entity);
        let weight = u32::from(self.policy.evidence.weights[known.kind as usize]);
        let common = known
            .busy
            .commonness(hour, self.policy.lateness, &self.policy.hubs);
        Worth {
            entity,
            kind: known.kind,
            index,
            thing: alert.entities[index].thing,
            weight: match common {
                Commonness::Normal => weight,
                Commonness::Common => weight / 2,
                Commonness::Hub => 0,
            },
        }
    }

    /// Counts an hour of news for the entities of an activity, once for each happening.
    pub(super) fn count_busy(&mut self, no: No<Activity>, hour: i32) {
        let activity = self.activities.get(no);
        if activity.standing == Standing::Background || !self.activities.note_busy(no, hour) {
            return;
        }
        let mentions = self.activities.get(no).mentions.clone();
        let classes = self.classes_of(&mentions);
        for same in mentions.chunk_by(|a, b| a.entity() == b.entity()) {
            let peers = beside(same[0].entity(), &classes);
            let known = self.entities.get_mut(same[0].entity());
            if known.busy.count(hour, peers, &self.policy.hubs) {
                let key = (known.scope, known.kind, known.value.clone());
                self.dirty_busy.push(key);
            }
        }
    }

    /// The entities that an activity names, each once, with their classes.
    pub(super) fn classes_of(&self, mentions: &[Mention]) -> Classes {
        let same = mentions.chunk_by(|a, b| a.entity() == b.entity());
        same.map(|same| {
            let known = self.entities.get(same[0].entity());
            (same[0].entity(), class_of(known.kind, &known.value))
        })
        .collect()
    }

    /// Whether the bins of a pair are counted before an hour of it can be one that lasts and still reach back to it.
    fn counts_before_lasting(&self) -> bool {
        let recurrence = &self.policy.recurrence;
        let hours = |span: Span| (span.0 + Span::HOUR.0 - 1).div_euclid(Span::HOUR.0);
        let horizon = recurrence.horizon.0.div_euclid(Span::HOUR.0);
        horizon >= hours(recurrence.run_gap) + hours(self.policy.lateness)
    }

    /// Notes that a pair changed.
    fn touch_pair(&mut self, no: No<Pair>) {
        let pair = self.pairs.get_mut(no);
        if !pair.dirty {
            pair.dirty = true;
            self.dirty_pairs.push(no);
        }
    }
}
