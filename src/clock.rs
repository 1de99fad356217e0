//! The only place that reads the wall clock. Everything else is told the time, or asks a [`Clock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use caseloom_engine::time::{Span, Timestamp};

/// Says what time it is. May jump back when the machine's clock is set.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = SystemTime::now();
        let (since, sign) = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => (since, 1),
            Err(before) => (before.duration(), -1),
        };
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX) * sign)
    }
}

/// A clock that stands still until it is moved, for tests. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Shows `now` from here on.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves on by `span`; saturates.
    pub fn advance(&self, span: Span) {
        self.set(self.now().plus(span));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_past_the_writing_of_this_line() {
        let written = Timestamp(1_767_225_600_000);
        assert!(SystemClock.now() > written);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told_and_for_all() {
        let clock = ManualClock::at(Timestamp(5));
        let other = clock.clone();
        assert_eq!(other.now(), Timestamp(5));
        clock.advance(Span::SECOND);
        assert_eq!(other.now(), Timestamp(1_005));
    }
}
