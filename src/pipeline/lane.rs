//! The publisher lane: takes committed output records off the outbox, in order, and marks what arrived.
//!
//! It reads the outbox from the store, so live work and the rest of a crashed run go the same way. At least once: a
//! crash between the acknowledgement and the mark sends the same records again, under the same event ids.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use caseloom_engine::time::Timestamp;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::clock::Clock;
use crate::metrics::{Metrics, Stage};
use crate::ports::{Destination, OutputRecord, PublishError, Publisher};
use crate::shutdown::Shutdown;
use crate::store::{OutboxReader, Persisted, StoreError};

/// Records per publish; a batch's worth of events stays far below.
const RECORDS_MAX: usize = 10_000;
/// Bytes per publish.
const BYTES_MAX: usize = 8 << 20;
/// Longest wait for news; the outbox is looked at then anyway.
const TICK: Duration = Duration::from_millis(100);
/// Waits between attempts while the broker can't be reached, doubling from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What became durable: everything up to a sequence number, caused by input as old as this.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    outbox_head: u64,
    oldest: Timestamp,
}

/// How the lane is doing; shared with the owner, readiness and the metrics.
#[derive(Clone, Debug, Default)]
pub struct LaneStatus {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    trouble: Option<String>,
    failed: Option<String>,
}

/// The lane's loop.
pub struct Lane {
    outbox: OutboxReader,
    publisher: Box<dyn Publisher>,
    /// Makes a new publisher after a fatal error.
    remake: Box<dyn Fn() -> Result<Box<dyn Publisher>, PublishError> + Send>,
    news: Receiver<Progress>,
    status: LaneStatus,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    published: u64,
    /// What was announced and is not published yet, oldest first.
    waiting: std::collections::VecDeque<Progress>,
}

impl Progress {
    /// Only a commit can say so.
    #[must_use]
    pub fn new(persisted: Persisted, oldest: Timestamp) -> Self {
        Self {
            outbox_head: persisted.outbox_head(),
            oldest,
        }
    }
}

impl LaneStatus {
    /// Why nothing can be published for now.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Why the lane ended, if it did.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    /// Waits until something was published, up to `timeout`.
    pub fn wait_for_progress(&self, timeout: Duration) {
        let state = self.lock();
        drop(self.shared.1.wait_timeout(state, timeout));
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.shared.1.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

impl Lane {
    /// A lane that goes on after the record number `published`. `remake` makes the publisher, now and after each
    /// fatal error.
    ///
    /// # Errors
    /// When the first publisher can't be made.
    pub fn new(
        outbox: OutboxReader,
        published: u64,
        remake: Box<dyn Fn() -> Result<Box<dyn Publisher>, PublishError> + Send>,
        news: Receiver<Progress>,
        status: LaneStatus,
        (metrics, clock): (Arc<Metrics>, Arc<dyn Clock>),
    ) -> Result<Self, PublishError> {
        let publisher = remake()?;
        let lane = Self {
            outbox,
            publisher,
            remake,
            news,
            status,
            metrics,
            clock,
            published,
            waiting: Default::default(),
        };
        lane.tell_pending();
        Ok(lane)
    }

    /// Publishes until the wish to stop and the owner's end, then what is left, within `drain`.
    /// A failed store ends it at once; that is told in the status.
    pub fn run(mut self, shutdown: &Shutdown, drain: Duration) {
        let mut backoff = BACKOFF.0;
        let mut stop_at = None;
        loop {
            let owner_ended = self.wait_for_news();
            if shutdown.is_requested() && owner_ended && stop_at.is_none() {
                stop_at = Some(Instant::now() + drain);
            }
            match self.publish_next() {
                Ok(true) => backoff = BACKOFF.0,
                Ok(false) if stop_at.is_some() => return,
                Ok(false) => {}
                Err(LaneError::Store(error)) => {
                    self.status
                        .set(|state| state.failed = Some(error.to_string()));
                    return;
                }
                Err(LaneError::Publish(error)) => {
                    self.endure(&error, backoff, shutdown);
                    backoff = (backoff * 2).min(BACKOFF.1);
                }
            }
            if stop_at.is_some_and(|at| Instant::now() > at) {
                tracing::warn!(
                    pending = self.outbox.outbox_pending().records,
                    "stopped with unpublished records; the next start publishes them"
                );
                return;
            }
        }
    }

    /// Waits for the owner to say that something is durable. `true`: the owner is gone.
    fn wait_for_news(&mut self) -> bool {
        match self.news.recv_timeout(TICK) {
            Ok(progress) => {
                self.waiting.push_back(progress);
                self.waiting.extend(self.news.try_iter());
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        }
    }

    /// Publishes the next records and marks them. `false`: there were none.
    fn publish_next(&mut self) -> Result<bool, LaneError> {
        let numbered = self
            .outbox
            .outbox_after(self.published, RECORDS_MAX, BYTES_MAX)?;
        let Some((last, _)) = numbered.last() else {
            self.observe_latency();
            self.tell_pending();
            return Ok(false);
        };
        let last = *last;
        let records: Vec<OutputRecord> = numbered.into_iter().map(|(_, record)| record).collect();
        let begun = Instant::now();
        self.publisher.publish(&records)?;
        self.metrics
            .observe_stage(Stage::Publish, begun.elapsed().as_secs_f64());
        self.outbox.mark_published(last)?;
        self.published = last;
        self.observe(&records);
        self.observe_latency();
        self.tell_pending();
        Ok(true)
    }

    /// Tells of an error and waits; after a fatal one with a new publisher.
    fn endure(&mut self, error: &PublishError, backoff: Duration, shutdown: &Shutdown) {
        tracing::warn!(%error, ?backoff, "cannot publish, trying again");
        self.status
            .set(|state| state.trouble = Some(error.to_string()));
        if matches!(error, PublishError::Fatal(_))
            && let Ok(publisher) = (self.remake)()
        {
            self.publisher = publisher;
        }
        if shutdown.wait_timeout(backoff) {
            std::thread::yield_now();
        }
    }

    fn observe(&self, records: &[OutputRecord]) {
        self.status.set(|state| state.trouble = None);
        for record in records {
            match record.destination {
                Destination::Events => {
                    let word = event_type(record).unwrap_or("unknown");
                    self.metrics
                        .events_published
                        .with_label_values(&[word])
                        .inc();
                }
                Destination::DeadLetters => self.metrics.dead_letters.inc(),
                Destination::State => {}
            }
        }
    }

    /// Time from the oldest input of each batch to the acknowledgement of what it caused.
    fn observe_latency(&mut self) {
        let now = self.clock.now();
        while let Some(progress) = self.waiting.front() {
            if progress.outbox_head > self.published {
                return;
            }
            let waited = now.since(progress.oldest);
            self.metrics
                .end_to_end_latency
                .observe(waited.0.max(0) as f64 / 1_000.0);
            self.waiting.pop_front();
        }
    }

    fn tell_pending(&self) {
        let pending = self.outbox.outbox_pending();
        self.metrics
            .outbox_pending
            .set(i64::try_from(pending.records).unwrap_or(i64::MAX));
        self.status.shared.1.notify_all();
    }
}

/// What can go wrong in the lane.
enum LaneError {
    Store(StoreError),
    Publish(PublishError),
}

impl From<StoreError> for LaneError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<PublishError> for LaneError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

/// T of `io.caseloom.case.T.v1`.
fn event_type(record: &OutputRecord) -> Option<&str> {
    let (_, value) = record.headers.iter().find(|(name, _)| name == "ce_type")?;
    let text = std::str::from_utf8(value).ok()?;
    text.strip_prefix("io.caseloom.case.")?.strip_suffix(".v1")
}
