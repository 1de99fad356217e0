//! Hours: in which hours of the last eight days something happened, in 28 bytes.
//!
//! Whoever judges an alert reads only *closed* hours: those that ended so long before the alert's own hour that
//! nothing of theirs can still arrive within the allowed lateness. That is why the order of arrival changes no
//! judgement.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// How many hours a judgement looks back: seven days.
pub(crate) const WEEK: i32 = 168;

/// A set of hours, counted from the epoch; those more than 191 hours before the newest are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The newest hour in the set.
    pub newest: i32,
    /// Bit `i` of the whole: the hour `newest - i`.
    pub bits: [u64; 3],
}

impl Hours {
    /// The hour of an event time.
    pub(crate) fn of(time: Timestamp) -> i32 {
        i32::try_from(time.0.div_euclid(Span::HOUR.0)).unwrap_or(i32::MAX)
    }

    /// The last hour that is closed for an alert of `hour`.
    pub(crate) fn closed(hour: i32, lateness: Span) -> i32 {
        let hours = (lateness.0 + Span::HOUR.0 - 1).div_euclid(Span::HOUR.0);
        hour - 1 - i32::try_from(hours).unwrap_or(WEEK)
    }

    /// One hour.
    pub(crate) fn at(hour: i32) -> Self {
        Self {
            newest: hour,
            bits: [1, 0, 0],
        }
    }

    /// Adds an hour. `true`: it is new.
    pub(crate) fn add(&mut self, hour: i32) -> bool {
        if hour > self.newest {
            self.shift(hour.abs_diff(self.newest));
            self.newest = hour;
        }
        let back = self.newest.abs_diff(hour);
        if back >= 192 {
            return false;
        }
        let word = &mut self.bits[back as usize / 64];
        let bit = 1 << (back % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether the hour is in the set.
    pub(crate) fn has(&self, hour: i32) -> bool {
        let back = i64::from(self.newest) - i64::from(hour);
        (0..192).contains(&back) && self.bits[back as usize / 64] >> (back % 64) & 1 == 1
    }

    /// How many of the hours `from..=to` are in the set.
    pub(crate) fn count(&self, from: i32, to: i32) -> u32 {
        let newest = i64::from(self.newest);
        let first = (newest - i64::from(to)).max(0);
        let last = (newest - i64::from(from)).min(191);
        if first > last {
            return 0;
        }
        (0..3_i64)
            .map(|word| {
                let low = (first - word * 64).clamp(0, 64);
                let high = (last + 1 - word * 64).clamp(0, 64);
                if high <= low {
                    return 0;
                }
                let ones = u64::MAX >> (64 - (high - low));
                (self.bits[word as usize] & ones << low).count_ones()
            })
            .sum()
    }

    /// Where the run that reaches up to `closed` begins: the earliest hour from which on no two hours in a row are
    /// missing; `None` when the set has neither `closed` nor the hour before.
    pub(crate) fn run_begin(&self, closed: i32) -> Option<i32> {
        let mut begin = None;
        let mut hour = closed;
        let mut missing = 0;
        while missing < 2 && closed.abs_diff(hour) <= 191 {
            if self.has(hour) {
                begin = Some(hour);
                missing = 0;
            } else {
                missing += 1;
            }
            hour -= 1;
        }
        begin
    }

    fn shift(&mut self, by: u32) {
        let wide = |bits: [u64; 3]| (u128::from(bits[1]) << 64 | u128::from(bits[0]), bits[2]);
        if by >= 192 {
            self.bits = [0; 3];
            return;
        }
        for _ in 0..by / 64 {
            self.bits = [0, self.bits[0], self.bits[1]];
        }
        let rest = by % 64;
        if rest > 0 {
            let (low, high) = wide(self.bits);
            let carry = self.bits[1] >> (64 - rest);
            let low = low << rest;
            self.bits = [low as u64, (low >> 64) as u64, high << rest | carry];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn agrees_with_a_plain_set(hours in prop::collection::vec(0_i32..400, 1..60), from in 0_i32..400, length in 0_i32..200) {
            let mut set = Hours::at(hours[0]);
            let mut plain = BTreeSet::from([hours[0]]);
            for &hour in &hours[1..] {
                let newest = set.newest.max(hour);
                let is_new = set.add(hour);
                plain.retain(|known| newest - known < 192);
                if newest - hour < 192 {
                    prop_assert_eq!(is_new, plain.insert(hour));
                }
            }
            let to = from + length;
            prop_assert_eq!(set.count(from, to) as usize, plain.range(from..=to).count());
            for hour in 0..400 {
                prop_assert_eq!(set.has(hour), plain.contains(&hour));
            }
        }
    }

    #[test]
    fn a_run_survives_one_missing_hour_and_no_two() {
        let mut hours = Hours::at(10);
        for hour in [12, 13, 15, 18, 19] {
            hours.add(hour);
        }
        assert_eq!(hours.run_begin(15), Some(10));
        assert_eq!(hours.run_begin(16), Some(10));
        assert_eq!(hours.run_begin(17), None);
        assert_eq!(hours.run_begin(19), Some(18));
    }

    #[test]
    fn what_is_closed_leaves_room_for_the_lateness() {
        assert_eq!(Hours::closed(10, Span::HOUR), 8);
        assert_eq!(Hours::closed(10, Span::ZERO), 9);
        assert_eq!(Hours::closed(10, Span::MINUTE.times(61)), 7);
    }
}
