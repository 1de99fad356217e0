//! The shelf: the feed, and how far each output is in it. What all have goes; what is beyond the bounds goes too, and is
//! counted as missed by those that did not have it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caseloom_engine::time::{Span, Timestamp};

use crate::metrics::{Bound, Metrics};
use crate::store::{Feed, FeedEntry, FeedPlace, StoreError};

/// Events looked at together when the bounds are kept.
const PAGE_EVENTS: usize = 256;
/// Their bytes.
const PAGE_BYTES: u64 = 4 << 20;
/// Deleting is put off until so many sequence numbers can go, because each time is a write.
const TRIM_EVERY: u64 = 128;
/// How often ages are looked at.
const AGES_EVERY: Span = Span::MINUTE;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct ShelfBounds {
    /// Bytes of events.
    pub bytes_max: u64,
    /// Age of an event.
    pub age_max: Span,
}

/// Shared by the workers.
#[derive(Debug)]
pub struct Shelf {
    feed: Arc<Feed>,
    bounds: ShelfBounds,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    places: BTreeMap<String, u64>,
    trimmed: u64,
    aged: Timestamp,
}

impl Shelf {
    /// The shelf of the outputs with these names. One that is new begins behind `head`, with what happens from now on;
    /// one that is configured no more is forgotten.
    ///
    /// # Errors
    /// The store failed; so with every method here.
    pub fn open(
        feed: Arc<Feed>,
        names: &[String],
        head: u64,
        bounds: ShelfBounds,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let mut places = BTreeMap::new();
        for FeedPlace { name, sequence } in feed.places()? {
            if names.contains(&name) {
                places.insert(name, sequence);
            } else {
                tracing::info!(
                    output = name,
                    "is configured no more: its place is forgotten"
                );
                feed.forget_place(&name)?;
            }
        }
        for name in names {
            if !places.contains_key(name) {
                feed.set_place(&FeedPlace {
                    name: name.clone(),
                    sequence: head,
                })?;
                places.insert(name.clone(), head);
            }
        }
        let lowest = places.values().min().copied().unwrap_or(u64::MAX);
        feed.trim(lowest)?;
        Ok(Self {
            feed,
            bounds,
            metrics,
            state: Mutex::new(State {
                places,
                trimmed: lowest,
                aged: Timestamp::MIN,
            }),
        })
    }

    /// How far an output is.
    #[must_use]
    pub fn place(&self, name: &str) -> u64 {
        self.lock().places.get(name).copied().unwrap_or(0)
    }

    /// The next events of an output, at most `events_max`.
    pub fn next(&self, name: &str, events_max: usize) -> Result<Vec<FeedEntry>, StoreError> {
        self.feed.after(self.place(name), events_max, PAGE_BYTES)
    }

    /// An output has everything up to `sequence`.
    pub fn advance(&self, name: &str, sequence: u64) -> Result<(), StoreError> {
        let mut state = self.lock();
        let Some(place) = state.places.get_mut(name) else {
            return Ok(());
        };
        *place = sequence.max(*place);
        let place = FeedPlace {
            name: name.to_owned(),
            sequence: *place,
        };
        self.feed.set_place(&place)?;
        let lowest = state.lowest();
        if lowest >= state.trimmed.saturating_add(TRIM_EVERY) {
            self.trim(&mut state, lowest)?;
        }
        Ok(())
    }

    /// Forgets what is beyond the bounds, and what nobody waits for.
    pub fn tidy(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.lock();
        let is_over = self.feed.bytes() > self.bounds.bytes_max;
        if !is_over && now.since(state.aged) < AGES_EVERY {
            return Ok(());
        }
        state.aged = now;
        let lowest = state.lowest();
        if lowest > state.trimmed {
            self.trim(&mut state, lowest)?;
        }
        while self.forget_some(&mut state, now)? {}
        self.metrics.set_feed(self.feed.bytes());
        Ok(())
    }

    /// `false`: nothing is beyond the bounds.
    fn forget_some(&self, state: &mut State, now: Timestamp) -> Result<bool, StoreError> {
        let oldest = now.minus(self.bounds.age_max);
        let mut excess = self.feed.bytes().saturating_sub(self.bounds.bytes_max);
        let page = self.feed.after(state.trimmed, PAGE_EVENTS, PAGE_BYTES)?;
        let mut cut = None;
        for entry in &page {
            if excess == 0 && Timestamp(entry.record.timestamp_ms) >= oldest {
                break;
            }
            excess = excess.saturating_sub(entry.bytes);
            cut = Some(entry.sequence);
            for (name, place) in &state.places {
                if *place < entry.sequence {
                    self.metrics.output_skipped(name, "expired");
                }
            }
        }
        let Some(cut) = cut else {
            return Ok(false);
        };
        self.metrics.bound_reached(Bound::Feed);
        tracing::warn!(
            up_to = cut,
            "outputs missed events that were older or more than the feed may hold"
        );
        for (name, place) in &mut state.places {
            if *place < cut {
                *place = cut;
                self.feed.set_place(&FeedPlace {
                    name: name.clone(),
                    sequence: cut,
                })?;
            }
        }
        self.trim(state, cut)?;
        Ok(true)
    }

    fn trim(&self, state: &mut State, sequence: u64) -> Result<(), StoreError> {
        self.feed.trim(sequence)?;
        state.trimmed = sequence;
        self.metrics.set_feed(self.feed.bytes());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lowest(&self) -> u64 {
        self.places.values().min().copied().unwrap_or(0)
    }
}
