//! Bounds on memory: once more activities or entities are live than the policy allows, a sixteenth of them is let go, so that
//! the search for what to let go costs each alert the same few steps however long a flood lasts.
//!
//! First go candidates, the lowest risk first and of equals the one that was silent longest: they expire, with
//! [`CapReason::Memory`]. Then cases that silence closed, then background in no group, and last open cases, which are
//! closed, or rest if people touched them. No case loses an alert: what comes next on the same entities opens another one,
//! which names it (`recur`). Depends on the state alone, so a restart and a batch border change nothing; but what was let
//! go can't be joined, so below the bound only the order of arrival decides nothing.

use super::Correlator;
use crate::decision::{Decision, EventType};
use crate::ids::{GroupId, ScopeId};
use crate::record::{CapReason, Record, Stage, Status};
use crate::time::Timestamp;

/// What is let go, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evicted {
    /// Candidates.
    Candidate,
    /// Cases that silence closed.
    Dormant,
    /// Bins of background in no group.
    Background,
    /// Open cases.
    Case,
}

/// A part of what is live goes at once: one of so many.
const PART: usize = 16;

/// Groups in the order in which they go: kind, risk, last alert.
type Place = (Evicted, u64, Timestamp, GroupId);

impl Evicted {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Candidate, Self::Dormant, Self::Background, Self::Case];

    /// The word used in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Dormant => "dormant",
            Self::Background => "background",
            Self::Case => "case",
        }
    }
}

impl Correlator {
    /// Whether more is live than the policy allows.
    pub(super) fn is_over_memory(&self) -> bool {
        let memory = &self.policy.memory;
        self.activities.len() > memory.activities_max || self.entities.len() > memory.entities_max
    }

    /// Lets go until a sixteenth of what the policy allows is free.
    pub(super) fn make_room(&mut self, now: Timestamp, decision: &mut Decision) {
        let rounds = [
            &[Evicted::Candidate, Evicted::Dormant][..],
            &[Evicted::Background],
            &[Evicted::Case],
        ];
        for kinds in rounds {
            match kinds {
                [Evicted::Background] => self.let_bins_go(decision),
                _ => self.let_groups_go(now, kinds, decision),
            }
            if self.excess() == 0 {
                return;
            }
        }
    }

    /// How many activities or entities are still to go.
    fn excess(&self) -> usize {
        let memory = &self.policy.memory;
        let over = |live: usize, max: usize| live.saturating_sub(max - max / PART);
        over(self.activities.len(), memory.activities_max)
            .max(over(self.entities.len(), memory.entities_max))
    }

    fn let_groups_go(&mut self, now: Timestamp, kinds: &[Evicted], decision: &mut Decision) {
        while self.excess() > 0 {
            let mut order = self.order_of_leaving(kinds);
            if order.is_empty() {
                return;
            }
            // Each group has an activity, so mostly no more groups than this have to go: only they are sorted.
            let most = self.excess().min(order.len());
            if most < order.len() {
                order.select_nth_unstable(most);
                order.truncate(most);
            }
            order.sort_unstable();
            for (kind, .., id) in order {
                if self.excess() == 0 {
                    return;
                }
                self.let_go(now, (kind, id), decision);
            }
        }
    }

    fn order_of_leaving(&self, kinds: &[Evicted]) -> Vec<Place> {
        let place = |group: &crate::groups::Group| {
            let kind = match group.head.stage {
                Stage::Dormant => Evicted::Dormant,
                Stage::Open => Evicted::Case,
                _ => Evicted::Candidate,
            };
            let risk = group.body.risk().to_bits();
            (kind, risk, group.body.last, group.head.id)
        };
        let all = self.groups.iter().map(place);
        all.filter(|(kind, ..)| kinds.contains(kind)).collect()
    }

    fn let_go(&mut self, now: Timestamp, (kind, id): (Evicted, GroupId), decision: &mut Decision) {
        let Some(no) = self.groups.find(id) else {
            return;
        };
        decision.tally.evicted[kind as usize] += 1;
        let is_touched = self.desk.is_touched(id);
        let head = &mut self.groups.get_mut(no).head;
        head.capped = Some(CapReason::Memory);
        match kind {
            Evicted::Case if is_touched => {
                self.announce_gathered(now, no, "alerts", decision);
                self.end_early(now, no, Stage::Resting, decision);
            }
            Evicted::Case => {
                (head.status, head.closed) = (Status::Closed, Some(now));
                head.stage = Stage::Closed;
                head.revision += 1;
                decision.tally.cases_closed += 1;
                let reason = CapReason::Memory.as_str();
                self.announce(now, no, (EventType::Closed, reason, None), decision);
                self.remember_case(no, decision);
                self.end_early(now, no, Stage::Closed, decision);
            }
            Evicted::Dormant => {
                self.announce_gathered(now, no, "late", decision);
                self.remember_case(no, decision);
                self.end_early(now, no, Stage::Closed, decision);
            }
            Evicted::Candidate | Evicted::Background => {
                self.end_early(now, no, Stage::Expired, decision);
            }
        }
    }

    /// Forgets the oldest bins of background that stand in no group.
    fn let_bins_go(&mut self, decision: &mut Decision) {
        let mut bins: Vec<(i64, ScopeId)> = Vec::new();
        for (id, scope) in self.scopes.iter() {
            bins.extend(scope.bins.keys().map(|bin| (*bin, id)));
        }
        bins.sort_unstable();
        for (bin, scope) in bins {
            if self.excess() == 0 {
                return;
            }
            let Some(mut all) = self.scopes.get_mut(scope).bins.remove(&bin) else {
                continue;
            };
            all.sort_unstable_by_key(|(_, id)| *id);
            for (no, id) in all {
                let activity = self.activities.if_live(no);
                let is_it = activity.is_some_and(|a| a.id == id && a.is_loose());
                if is_it {
                    let home = self.activities.get(no).home;
                    decision.tally.evicted[Evicted::Background as usize] += 1;
                    decision.record(|| Record::Loose(home, id, false));
                    self.forget_activity(no, decision);
                }
            }
        }
    }
}
