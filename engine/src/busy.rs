//! Busy: in how many hours of the last day an entity stood in so many different happenings that it says little about
//! any of them. From that follows whether it is *common* or a *hub*.
//!
//! Busy is an hour of many different happenings, or beside many different entities: a mail server that a dozen people
//! log in to connects none of them, and one rule is enough to see it. Entities are counted in 64 classes by a hash of
//! their value: who forges values that fall into one class keeps a hub a connection, and gains no more.
//!
//! A scanner, a proxy or a DNS server is busy hour after hour; a host under attack is busy for an hour or two. Only
//! closed hours count, see [`Hours`], so an attack is never cut by its own size, and the order of
//! arrival changes nothing. What was demoted comes back by itself when its busy hours are a day old.

use serde::{Deserialize, Serialize};

use crate::entity::EntityKind;
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

/// The busy hours of an entity, in 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busy {
    /// The newest hour.
    pub newest: i32,
    /// News in `newest - i`.
    pub counts: [u8; COUNTED],
    /// The classes of the entities beside it in `newest - i`, see [`class_of`].
    pub peers: [u64; COUNTED],
    /// Bit `i`: the hour `newest - COUNTED - i` was busy.
    pub bits: u32,
}

impl Default for Busy {
    fn default() -> Self {
        Self {
            newest: i32::MIN / 2,
            counts: [0; COUNTED],
            peers: [0; COUNTED],
            bits: 0,
        }
    }
}

/// The class of an entity among 64, as one bit: FNV-1a over its kind and value, spread by a multiplication. It doesn't depend
/// on the store's secret, for what is decided by it must not.
#[must_use]
pub fn class_of(kind: EntityKind, value: &str) -> u64 {
    let begin = 0xcbf2_9ce4_8422_2325 ^ kind as u64;
    let hash = value.bytes().fold(begin, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1 << (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

impl Busy {
    /// Counts news beside entities of these classes in an hour. `true`: what is to be remembered of it changed.
    pub(crate) fn count(&mut self, hour: i32, peers: u64, policy: &HubPolicy) -> bool {
        let before = self.bits;
        self.reach(hour, policy);
        let back = self.newest.abs_diff(hour) as usize;
        if back < COUNTED {
            let was_busy = self.is_busy(back, policy);
            self.counts[back] = self.counts[back].saturating_add(1);
            self.peers[back] |= peers;
            return self.bits != before || self.is_busy(back, policy) != was_busy;
        }
        self.bits != before
    }

    /// Whether the counted hour `newest - back` is busy.
    fn is_busy(&self, back: usize, policy: &HubPolicy) -> bool {
        let peers = self.peers[back].count_ones();
        self.counts[back] >= policy.per_hour || peers >= u32::from(policy.peers)
    }

    /// Lets it know of so many happenings in an hour, after a restart; call in the order of the hours.
    pub(crate) fn recount(
        &mut self,
        hour: i32,
        (happenings, peers): (u32, u64),
        policy: &HubPolicy,
    ) {
        self.reach(hour, policy);
        let back = self.newest.abs_diff(hour) as usize;
        if let Some(count) = self.counts.get_mut(back) {
            *count = u8::try_from(happenings).unwrap_or(u8::MAX).max(*count);
            self.peers[back] |= peers;
        }
    }

    fn any_busy(&self, policy: &HubPolicy) -> bool {
        (0..COUNTED).any(|back| self.is_busy(back, policy))
    }

    /// Makes `hour` the newest, if it is newer.
    fn reach(&mut self, hour: i32, policy: &HubPolicy) {
        let ahead = u32::try_from(hour.saturating_sub(self.newest)).unwrap_or(0);
        for _ in 0..ahead.min(COUNTED as u32) {
            let leaves = self.is_busy(COUNTED - 1, policy);
            self.bits = self.bits << 1 | u32::from(leaves);
            self.counts.rotate_right(1);
            self.counts[0] = 0;
            self.peers.rotate_right(1);
            self.peers[0] = 0;
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
        let counted = (0..COUNTED)
            .filter(|back| self.is_busy(*back, policy) && is_read(self.newest - *back as i32));
        let folded = (0..32)
            .filter(|bit| self.bits >> bit & 1 == 1 && is_read(self.newest - COUNTED as i32 - bit));
        (counted.count() + folded.count()) as u32
    }

    /// Those hours, the latest first.
    pub(crate) fn hours_read(&self, hour: i32, lateness: Span, policy: &HubPolicy) -> Vec<i32> {
        let closed = Hours::closed(hour, lateness);
        let counted = (0..COUNTED).filter(|back| self.is_busy(*back, policy));
        let counted = counted.map(|back| self.newest - back as i32);
        let folded = (0..32).filter(|bit| self.bits >> bit & 1 == 1);
        let folded = folded.map(|bit| self.newest - COUNTED as i32 - bit);
        let all = counted.chain(folded);
        all.filter(|at| *at <= closed && *at >= hour - DAY)
            .collect()
    }

    /// What it is worth to an alert of `hour`.
    pub(crate) fn commonness(&self, hour: i32, lateness: Span, policy: &HubPolicy) -> Commonness {
        if self.bits == 0 && !self.any_busy(policy) {
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
        self.newest >= hour - DAY && (self.bits != 0 || self.any_busy(policy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: HubPolicy = HubPolicy {
        per_hour: 3,
        peers: 4,
        common_hours: 1,
        hub_hours: 2,
    };

    fn busy(hours: &[i32]) -> Busy {
        let mut busy = Busy::default();
        for &hour in hours {
            for _ in 0..3 {
                busy.count(hour, 0, &POLICY);
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
    fn one_rule_beside_many_entities_is_enough() {
        let mut busy = Busy::default();
        for peer in [1, 2, 2, 4] {
            busy.count(
                10,
                peer,
                &HubPolicy {
                    per_hour: 9,
                    ..POLICY
                },
            );
        }
        let at = |busy: &Busy| {
            busy.hours(
                13,
                Span::HOUR,
                &HubPolicy {
                    per_hour: 9,
                    ..POLICY
                },
            )
        };
        assert_eq!(at(&busy), 0);
        busy.count(
            10,
            8,
            &HubPolicy {
                per_hour: 9,
                ..POLICY
            },
        );
        assert_eq!(at(&busy), 1);
    }

    #[test]
    fn a_late_hour_counts_as_it_would_have_in_time() {
        assert_eq!(busy(&[9, 11, 10]).hours(13, Span::HOUR, &POLICY), 3);
    }
}
