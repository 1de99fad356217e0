//! How long to wait between attempts: twice as long each time up to a bound, and a random half of it, so that many
//! senders that lost the same tool don't return in step.

use caseloom_engine::time::Span;

/// The first wait.
const FIRST: Span = Span(1_000);
/// The longest wait of our own.
const LONGEST: Span = Span(5 * 60 * 1_000);
/// The longest that a tool may ask for.
const ASKED_MAX: Span = Span(60 * 60 * 1_000);

/// The waits of one output.
#[derive(Debug)]
pub(super) struct Backoff {
    attempts: u32,
    random: u64,
}

impl Backoff {
    /// `seed`: different for each process and output.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            attempts: 0,
            // Zero would stay zero.
            random: seed | 1,
        }
    }

    /// The next wait; not shorter than the tool asked for, up to an hour.
    pub(super) fn next(&mut self, asked: Option<Span>) -> Span {
        let whole = FIRST
            .0
            .saturating_mul(1 << self.attempts.min(20))
            .min(LONGEST.0);
        self.attempts = self.attempts.saturating_add(1);
        let half = whole / 2;
        let own = half + i64::try_from(self.draw() % half.unsigned_abs().max(1)).unwrap_or(0);
        Span(own.max(asked.map_or(0, |asked| asked.0.min(ASKED_MAX.0))))
    }

    /// It went well: the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Xorshift: waits need no better randomness.
    fn draw(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_differ() {
        let mut backoff = Backoff::new(7);
        for attempt in 0..40 {
            let whole = (1_000_i64 << attempt.min(20)).min(LONGEST.0);
            let wait = backoff.next(None).0;
            assert!((whole / 2..whole).contains(&wait), "{attempt}: {wait}");
        }
        let mut others = (1..20).map(|seed| Backoff::new(seed * 0x9e37_79b9).next(None).0);
        let first = others.next();
        assert!(others.any(|other| Some(other) != first));
        backoff.reset();
        assert!(backoff.next(None).0 < 1_000);
        assert_eq!(backoff.next(Some(Span(90_000))), Span(90_000));
        assert_eq!(backoff.next(Some(Span(i64::MAX))), ASKED_MAX);
    }
}
