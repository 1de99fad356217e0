//! Busy: in how many hours of the last day an entity stood in so many different happenings that it says little about
//! any of them. From that follows whether it is *common* or a *hub*.
//!
//! A scanner, a proxy or a DNS server is busy hour after hour; a host under attack is busy for an hour or two. Only
//! closed hours count, see [`Hours`], so an attack is never cut by its own size, and the order of
//! arrival changes nothing. What was demoted comes back by itself when its busy hours are a day old.

use serde::{Deserialize, Serialize};

use crate::hours::Hours;
use crate::policy::HubPolicy;
use crate::time::Span;

/// How many hours are looked back.
const DAY: i32 = 24;

/// Hours whose happenings are still counted one by one.
const COUNTED: usize = 4;

/// What an entity is worth as a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Commonness {
    /// As much as its kind is.
    #[default]
    Normal,
    /// Half as much.
    Common,
    /// Nothing.
    Hub,
}

/// The busy hours of an entity, in 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busy {
    /// The newest hour.
    pub newest: i32,
    /// News in `newest - i`.
    pub counts: [u8; COUNTED],
    /// Bit `i`: the hour `newest - COUNTED - i` was busy.
    pub bits: u32,
}

impl Default for Busy {
    fn default() -> Self {
        Self {
            newest: i32::MIN / 2,
            counts: [0; COUNTED],
            bits: 0,
        }
    }
}

impl Busy {
    /// Counts news in an hour. `true`: what is to be remembered of it changed.
    pub(crate) fn count(&mut self, hour: i32, policy: &HubPolicy) -> bool {
        let before = self.bits;
        self.reach(hour, policy);
        let back = self.newest.abs_diff(hour) as usize;
        if let Some(count) = self.counts.get_mut(back) {
            *count = count.saturating_add(1);
            return self.bits != before || *count == policy.per_hour;
        }
        self.bits != before
    }

    /// Lets it know of so many happenings in an hour, after a restart; call in the order of the hours.
    pub(crate) fn recount(&mut self, hour: i32, happenings: u32, policy: &HubPolicy) {
        self.reach(hour, policy);
        let back = self.newest.abs_diff(hour) as usize;
        if let Some(count) = self.counts.get_mut(back) {
            *count = u8::try_from(happenings).unwrap_or(u8::MAX).max(*count);
        }
    }

    /// Makes `hour` the newest, if it is newer.
    fn reach(&mut self, hour: i32, policy: &HubPolicy) {
        let ahead = u32::try_from(hour.saturating_sub(self.newest)).unwrap_or(0);
        for _ in 0..ahead.min(COUNTED as u32) {
            let leaves = self.counts[COUNTED - 1] >= policy.per_hour;
            self.bits = self.bits << 1 | u32::from(leaves);
            self.counts.rotate_right(1);
            self.counts[0] = 0;
        }
        // By then nothing is counted any more, and no hour leaves as a busy one.
        let rest = ahead.saturating_sub(COUNTED as u32);
        self.bits = self.bits.checked_shl(rest).unwrap_or(0);
        self.newest = self.newest.max(hour);
    }

    /// In how many of the hours that are closed for an alert of `hour` it was busy.
    pub(crate) fn hours(&self, hour: i32, lateness: Span, policy: &HubPolicy) -> u32 {
        let closed = Hours::closed(hour, lateness);
        let is_read = |at: i32| at <= closed && at >= hour - DAY;
        let counted = (0..)
            .zip(&self.counts)
            .filter(|(back, count)| **count >= policy.per_hour && is_read(self.newest - back));
        let folded = (0..32)
            .filter(|bit| self.bits >> bit & 1 == 1 && is_read(self.newest - COUNTED as i32 - bit));
        (counted.count() + folded.count()) as u32
    }

    /// What it is worth to an alert of `hour`.
    pub(crate) fn commonness(&self, hour: i32, lateness: Span, policy: &HubPolicy) -> Commonness {
        if self.bits == 0 && self.counts.iter().all(|count| *count < policy.per_hour) {
            return Commonness::Normal;
        }
        match self.hours(hour, lateness, policy) {
            hours if hours >= policy.hub_hours => Commonness::Hub,
            hours if hours >= policy.common_hours => Commonness::Common,
            _ => Commonness::Normal,
        }
    }

    /// Whether anything in it can still matter to an alert of `hour` or later.
    pub(crate) fn matters(&self, hour: i32, policy: &HubPolicy) -> bool {
        self.newest >= hour - DAY
            && (self.bits != 0 || self.counts.iter().any(|count| *count >= policy.per_hour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: HubPolicy = HubPolicy {
        per_hour: 3,
        common_hours: 1,
        hub_hours: 2,
    };

    fn busy(hours: &[i32]) -> Busy {
        let mut busy = Busy::default();
        for &hour in hours {
            for _ in 0..3 {
                busy.count(hour, &POLICY);
            }
        }
        busy
    }

    #[test]
    fn only_closed_hours_of_the_last_day_demote() {
        let of = |busy: Busy, hour| busy.commonness(hour, Span::HOUR, &POLICY);
        assert_eq!(of(busy(&[10]), 10), Commonness::Normal);
        assert_eq!(of(busy(&[10]), 11), Commonness::Normal);
        assert_eq!(of(busy(&[10]), 12), Commonness::Common);
        assert_eq!(of(busy(&[10, 11]), 13), Commonness::Hub);
        assert_eq!(of(busy(&[10, 11]), 34), Commonness::Hub);
        assert_eq!(of(busy(&[10, 11]), 35), Commonness::Common);
        assert_eq!(of(busy(&[10, 11]), 36), Commonness::Normal);
        assert_eq!(of(busy(&[10, 20, 29]), 30), Commonness::Hub);
    }

    #[test]
    fn a_late_hour_counts_as_it_would_have_in_time() {
        assert_eq!(busy(&[9, 11, 10]).hours(13, Span::HOUR, &POLICY), 3);
    }
}
