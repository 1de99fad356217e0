//! How often somebody may ask: a bucket of turns for each token, and for each address of those who show none. It fills
//! at `requests_per_second` up to five seconds' worth, so that a page with its lists comes at once and a loop does not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::problem::HttpError;

/// Most buckets; more share one. Full ones are let go first: they say nothing.
const BUCKETS_MAX: usize = 10_000;

/// So many seconds' turns may be taken at once.
const BURST_SECONDS: f64 = 5.0;

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer(pub(super) IpAddr);

/// Who takes turns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Whose token was shown.
    Token(String),
    /// Who showed none.
    Peer(Option<IpAddr>),
    /// Everybody beyond the bound.
    Others,
}

/// All buckets.
#[derive(Debug)]
pub(super) struct Rates {
    /// 0: no limit.
    per_second: u32,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    turns: f64,
    since: Instant,
}

impl Rates {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            buckets: Mutex::default(),
        }
    }

    /// Takes a turn at this moment.
    ///
    /// # Errors
    /// When there is none; it says after how many seconds there will be.
    pub(super) fn take(&self, key: Key, now: Instant) -> Result<(), HttpError> {
        if self.per_second == 0 {
            return Ok(());
        }
        let rate = f64::from(self.per_second);
        let full = rate * BURST_SECONDS;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match buckets.len() < BUCKETS_MAX || buckets.contains_key(&key) {
            true => key,
            false => {
                buckets.retain(|_, bucket| bucket.at(now, rate) < full);
                match buckets.len() < BUCKETS_MAX {
                    true => key,
                    false => Key::Others,
                }
            }
        };
        let bucket = buckets.entry(key).or_insert(Bucket {
            turns: full,
            since: now,
        });
        bucket.turns = bucket.at(now, rate);
        bucket.since = now;
        if bucket.turns < 1.0 {
            let wait = ((1.0 - bucket.turns) / rate).ceil().max(1.0);
            return Err(HttpError::TooOften(Duration::from_secs_f64(wait)));
        }
        bucket.turns -= 1.0;
        Ok(())
    }
}

impl Bucket {
    fn at(&self, now: Instant, rate: f64) -> f64 {
        let since = now.saturating_duration_since(self.since).as_secs_f64();
        (self.turns + since * rate).min(rate * BURST_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_and_each_has_its_own() {
        let rates = Rates::new(2);
        let begin = Instant::now();
        let ana = || Key::Token("ana".into());
        for _ in 0..10 {
            rates.take(ana(), begin).unwrap();
        }
        assert!(matches!(
            rates.take(ana(), begin),
            Err(HttpError::TooOften(wait)) if wait == Duration::from_secs(1)
        ));
        rates.take(Key::Peer(None), begin).unwrap();
        let later = begin + Duration::from_millis(500);
        rates.take(ana(), later).unwrap();
        assert!(rates.take(ana(), later).is_err());
    }

    #[test]
    fn buckets_are_bounded() {
        let rates = Rates::new(1);
        let now = Instant::now();
        for number in 0..BUCKETS_MAX + 5 {
            rates.take(Key::Token(number.to_string()), now).unwrap();
        }
        assert!(rates.take(Key::Token("more".into()), now).is_err());
        assert_eq!(rates.buckets.lock().unwrap().len(), BUCKETS_MAX + 1);
        let later = now + Duration::from_secs(60);
        rates.take(Key::Token("more".into()), later).unwrap();
        assert!(rates.buckets.lock().unwrap().len() < 5);
    }
}
