//! Time that can be stored and replayed: milliseconds since the Unix epoch, and differences of them.
//!
//! The engine never asks what time it is; it is told. Both types order, subtract and saturate, so that a
//! hostile time stamp can't overflow a computation.

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

/// A length of time, in milliseconds. May be negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span(pub i64);

impl Timestamp {
    /// Before every other moment.
    pub const MIN: Self = Self(i64::MIN);
    /// After every other moment.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `span` later; saturates.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The moment `span` earlier; saturates.
    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How much later `self` is than `earlier`; negative when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The number of whole days since the epoch, for day buckets.
    #[must_use]
    pub fn day(self) -> i32 {
        i32::try_from(self.0.div_euclid(Span::DAY.0)).unwrap_or(if self.0 < 0 {
            i32::MIN
        } else {
            i32::MAX
        })
    }

    /// RFC 3339 in UTC with milliseconds, such as `2022-01-25T00:00:01.000Z`.
    /// A moment outside the years -9999..=9999 prints as its milliseconds.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.0.to_string(), |moment| format!("{moment:.3}"))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(1_000);
    /// One minute.
    pub const MINUTE: Self = Self(60_000);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400_000);

    /// `count` times this span; saturates.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_times_saturate() {
        assert_eq!(Timestamp::MAX.plus(Span::DAY), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Span::DAY), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.day(), i32::MAX);
    }

    #[test]
    fn days_count_from_the_epoch_in_both_directions() {
        assert_eq!(Timestamp(0).day(), 0);
        assert_eq!(Timestamp(-1).day(), -1);
        assert_eq!(Timestamp(Span::DAY.0).day(), 1);
    }

    #[test]
    fn prints_rfc_3339() {
        assert_eq!(
            Timestamp(1_643_068_801_000).to_rfc3339(),
            "2022-01-25T00:00:01.000Z"
        );
    }
}
