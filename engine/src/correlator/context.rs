//! A new policy in the midst of the stream: decides what comes after it, and forgets nothing.
//!
//! Groups stay as they are, and so does by what an activity links; how far things reach is the policy's of the day, so
//! spans and ends are made anew, as a restart under the new policy would make them.

use super::Correlator;
use crate::context::{Context, ContextRefused};
use crate::decision::Decision;
use crate::policy::Policy;
use crate::record::{PolicyRecord, Record};
use crate::time::{Span, Timestamp};

impl Correlator {
    /// The context changed. What was gathered for announcements by then goes out before.
    ///
    /// # Errors
    /// The policy contradicts itself, or changes what can't change while it runs (`lateness`): then nothing changes.
    pub fn on_context(
        &mut self,
        now: Timestamp,
        context: Context,
        decision: &mut Decision,
    ) -> Result<(), ContextRefused> {
        let policy = match context {
            Context::Policy(policy) => policy,
            Context::Knowledge(knowledge) => {
                self.announce_due(now, decision);
                self.learn_anew(now, knowledge, decision);
                return Ok(());
            }
        };
        policy.check()?;
        if policy.lateness != self.policy.lateness {
            return Err(ContextRefused::Fixed { key: "lateness" });
        }
        self.announce_due(now, decision);
        if *policy == self.policy {
            return Ok(());
        }
        self.put_in_force(*policy);
        self.weigh_facts(now);
        self.tell_policy(now);
        Ok(())
    }

    /// Puts a checked policy in force.
    fn put_in_force(&mut self, policy: Policy) {
        let attaches = policy.recurrence.attach && !self.policy.recurrence.attach;
        let hubs_change = policy.hubs != self.policy.hubs;
        self.policy = policy;
        self.policy_no = self.policies.number(&self.policy.version);
        // Windows that are open already keep their length.
        self.window_max = self.window_max.max(longest_window(&self.policy));
        self.gap_min = shortest_gap(&self.policy);
        self.reopening = super::reopen::shortest(&self.policy);
        self.pairs.judge_anew();
        if hubs_change {
            // What is remembered of an hour is written when it gets busy; by the new measure it may be already.
            self.dirty_busy.extend(self.entities.counted());
        }
        self.reground();
        self.span_anew();
        if attaches {
            self.set_scenes();
        }
        self.rearm_all();
    }

    /// Lets the keys of live activities connect over the times of the policy.
    fn reground(&mut self) {
        let (run_gap, rule_gap, hot_gap) = (
            self.policy.recurrence.run_gap,
            self.policy.evidence.rule_gap,
            self.policy.evidence.hot_gap,
        );
        let all: Vec<_> = self.activities.numbered().map(|(no, _)| no).collect();
        for no in all {
            let activity = self.activities.get_mut(no);
            let subject = activity.subject;
            activity
                .grounds
                .measure(subject, (run_gap, rule_gap, hot_gap));
            let window = activity.window_end.since(activity.window_begin);
            let grounds = std::mem::take(&mut activity.grounds);
            let is_short = self.is_short(&grounds, window);
            let activity = self.activities.get_mut(no);
            (activity.grounds, activity.is_short) = (grounds, is_short);
        }
    }

    /// Makes all spans anew from the activities.
    fn span_anew(&mut self) {
        self.entities.clear_spans();
        self.keys.clear();
        for no in self.groups_in_order() {
            let body = &mut self.groups.get_mut(no).body;
            (body.reach, body.is_stale) = (Span::ZERO, false);
            body.keys.clear();
            for activity in self.activities_in_order(no) {
                self.span(activity);
            }
        }
    }

    /// Lets all activities be held against background on their subjects, in the order of a restart.
    fn set_scenes(&mut self) {
        let mut loose: Vec<_> = self
            .activities
            .numbered()
            .filter(|(_, activity)| activity.is_loose())
            .map(|(no, activity)| (activity.home, activity.id, no))
            .collect();
        loose.sort_unstable();
        let mut tally = crate::decision::Tally::default();
        for (.., no) in loose {
            self.enter_scene(no, &mut tally);
        }
        for group in self.groups_in_order() {
            for no in self.activities_in_order(group) {
                self.enter_scene(no, &mut tally);
            }
        }
    }

    /// Sets all deadlines anew.
    fn rearm_all(&mut self) {
        for no in self.groups_in_order() {
            self.rearm(no);
            let scope = self.groups.get(no).head.scope;
            self.scopes.watch(scope);
        }
    }

    /// The live groups by number.
    pub(super) fn groups_in_order(&self) -> Vec<crate::slots::No<crate::groups::Group>> {
        let mut ids: Vec<_> = self.groups.iter().map(|group| group.head.id).collect();
        ids.sort_unstable();
        ids.into_iter()
            .filter_map(|id| self.groups.find(id))
            .collect()
    }

    /// The activities of a group as a restart reads them: by part, then by number.
    fn activities_in_order(
        &self,
        group: crate::slots::No<crate::groups::Group>,
    ) -> Vec<crate::slots::No<crate::activities::Activity>> {
        let group = self.groups.get(group);
        let place = |home| group.head.parts.iter().position(|part| *part == home);
        let mut places = std::collections::BTreeMap::new();
        let mut activities = group.body.activities.clone();
        activities.sort_by_cached_key(|no| {
            let activity = self.activities.get(*no);
            let home = activity.home;
            (
                *places.entry(home).or_insert_with(|| place(home)),
                activity.id,
            )
        });
        activities
    }

    /// Writes the policy in force down, unless the store has it as such.
    pub(super) fn tell_policy(&mut self, now: Timestamp) {
        let is_told = self.told.as_ref() == Some(&self.policy.version);
        self.policy_since = (!is_told).then_some(now);
    }

    /// Takes over which policy the store has as the one in force.
    pub fn restore_policy(&mut self, record: &PolicyRecord) {
        self.told = Some(record.policy.version.clone());
    }

    /// Hands out the policy if it came into force since the last seal.
    pub(super) fn seal_policy(&mut self, decision: &mut Decision) {
        let Some(since) = self.policy_since.take() else {
            return;
        };
        self.told = Some(self.policy.version.clone());
        let policy = self.policy.clone();
        decision.record(|| Record::Policy(Box::new(PolicyRecord { since, policy })));
    }
}

/// The longest window in which an activity of any source counts repeats.
pub(super) fn longest_window(policy: &Policy) -> Span {
    let windows = policy.dedup.window_by_source.values().copied();
    windows.fold(policy.dedup.window, Span::max)
}

/// The shortest gap of a kind that links.
pub(super) fn shortest_gap(policy: &Policy) -> Span {
    let gaps = policy.gaps.iter().filter(|gap| **gap > Span::ZERO);
    gaps.copied().min().unwrap_or(Span::ZERO)
}
