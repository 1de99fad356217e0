//! The publisher lane: the thread that takes committed output records off the outbox and publishes them. What it does,
//! and in which order, is the [`Relay`]'s; here are waiting, telling and measuring.
//!
//! It reads the outbox from the store, so live work and the rest of a crashed run go the same way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use caseloom_engine::time::Timestamp;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::relay::{Relay, RelayStart, Step};
use super::status::{LaneStatus, PanicTold};
use crate::clock::Clock;
use crate::metrics::{Metrics, Stage};
use crate::ports::{Destination, Outlet, OutputRecord, PublishError};
use crate::shutdown::Shutdown;
use crate::store::{Outbox, OutboxPage, Persisted};

/// Longest wait for news; the outbox is looked at then anyway.
const TICK: Duration = Duration::from_millis(100);
/// Waits between attempts while the broker can't be reached, doubling from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What became durable: everything up to a sequence number, caused by input as old as this.
#[derive(Clone, Copy, Debug)]
pub struct News {
    outbox_head: u64,
    oldest: Timestamp,
}

/// What the lane works between.
pub struct LaneParts {
    /// What is to be published.
    pub outbox: Box<dyn Outbox>,
    /// Where it goes.
    pub outlet: Box<dyn Outlet>,
    /// What the relay begins with.
    pub start: RelayStart,
    /// What became durable.
    pub news: Receiver<News>,
    /// Tells how the lane is doing.
    pub status: LaneStatus,
    /// What the operator sees.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The lane's loop.
pub struct Lane {
    parts: LaneParts,
    relay: Relay,
    backoff: Duration,
    /// When the transaction at hand began.
    begun: Instant,
    /// What was announced and is not published yet, oldest first.
    waiting: std::collections::VecDeque<News>,
}

impl News {
    /// Only a commit can say so.
    #[must_use]
    pub fn new(persisted: Persisted, oldest: Timestamp) -> Self {
        Self {
            outbox_head: persisted.outbox_head(),
            oldest,
        }
    }
}

impl std::fmt::Debug for LaneParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneParts")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("relay", &self.relay)
            .finish_non_exhaustive()
    }
}

impl Lane {
    /// A lane that has not looked at anything yet.
    #[must_use]
    pub fn new(parts: LaneParts) -> Self {
        let lane = Self {
            relay: Relay::new(parts.start),
            parts,
            backoff: BACKOFF.0,
            begun: Instant::now(),
            waiting: Default::default(),
        };
        lane.tell_pending();
        lane
    }

    /// Publishes until the wish to stop and the owner's end, then what is left, within `drain`.
    /// What it can't go on after ends it at once, as a panic does; that is told in the status.
    pub fn run(mut self, shutdown: &Shutdown, drain: Duration) {
        let _told = PanicTold(self.parts.status.clone());
        let (mut is_idle, mut owner_ended) = (true, false);
        let mut stop_at = None;
        loop {
            owner_ended |= self.hear_news(is_idle);
            if owner_ended && shutdown.is_requested() && stop_at.is_none() {
                stop_at = Some(Instant::now() + drain);
            }
            match self
                .relay
                .step(&mut *self.parts.outbox, &mut *self.parts.outlet)
            {
                Err(error) => return self.parts.status.tell_failed(error.to_string()),
                Ok(Step::Idle) if stop_at.is_some() => return,
                Ok(step) => is_idle = self.after(step, shutdown),
            }
            if stop_at.is_some_and(|at| Instant::now() > at) {
                tracing::warn!(
                    pending = self.parts.outbox.outbox_pending().records,
                    "stopped with unpublished records; the next start publishes them"
                );
                return;
            }
        }
    }

    /// Takes in what the owner says is durable, waiting for it where there is nothing else to do. `true`: the owner is
    /// gone.
    fn hear_news(&mut self, is_idle: bool) -> bool {
        let wait = if is_idle { TICK } else { Duration::ZERO };
        let ended = match self.parts.news.recv_timeout(wait) {
            Ok(news) => {
                self.waiting.push_back(news);
                false
            }
            Err(error) => error == RecvTimeoutError::Disconnected,
        };
        self.waiting.extend(self.parts.news.try_iter());
        ended
    }

    /// Tells and measures what a step did. Returns whether nothing is left to do.
    fn after(&mut self, step: Step, shutdown: &Shutdown) -> bool {
        match step {
            Step::Going => {}
            Step::Loaded => self.begun = Instant::now(),
            Step::Published(page) => self.on_published(&page),
            Step::Waiting(error) => self.endure(&error, shutdown),
            Step::Idle => {
                self.observe_latency();
                self.tell_pending();
                return true;
            }
        }
        false
    }

    fn on_published(&mut self, page: &OutboxPage) {
        self.backoff = BACKOFF.0;
        if !page.records.is_empty() {
            let seconds = self.begun.elapsed().as_secs_f64();
            self.parts.metrics.observe_stage(Stage::Publish, seconds);
        }
        self.observe(&page.records);
        self.observe_latency();
        self.tell_pending();
        self.parts.status.tell_going();
    }

    /// Tells of an error and waits.
    fn endure(&mut self, error: &PublishError, shutdown: &Shutdown) {
        self.parts.status.tell_trouble(error.to_string());
        if matches!(error, PublishError::Unfinished(_)) {
            tracing::debug!(%error, "not published yet");
            return;
        }
        let wait = self.backoff;
        tracing::warn!(%error, ?wait, "cannot publish, trying again");
        self.parts.metrics.publisher_rebuilds.inc();
        self.backoff = (wait * 2).min(BACKOFF.1);
        if shutdown.wait_timeout(wait) {
            // The wish makes all waits end at once; without this one a drain would try as fast as it can.
            std::thread::park_timeout(BACKOFF.0);
        }
    }

    fn observe(&self, records: &[OutputRecord]) {
        let metrics = &self.parts.metrics;
        for record in records {
            match record.destination {
                Destination::Events => {
                    let word = event_type(record).unwrap_or("unknown");
                    metrics.events_published.with_label_values(&[word]).inc();
                }
                Destination::DeadLetters => metrics.dead_letters.inc(),
                Destination::State | Destination::AuditHeads => {}
            }
        }
    }

    /// Time from the oldest input of each batch to the moment when what it caused is visible to readers.
    fn observe_latency(&mut self) {
        let now = self.parts.clock.now();
        let published = self.relay.published();
        while let Some(news) = self.waiting.front() {
            if news.outbox_head > published {
                return;
            }
            let seconds = now.since(news.oldest).0.max(0) as f64 / 1_000.0;
            self.parts.metrics.end_to_end_latency.observe(seconds);
            self.waiting.pop_front();
        }
    }

    fn tell_pending(&self) {
        let pending = self.parts.outbox.outbox_pending();
        self.parts
            .metrics
            .set_outbox(pending.records, pending.bytes);
    }
}

/// T of `io.caseloom.case.T.v1`.
fn event_type(record: &OutputRecord) -> Option<&str> {
    let (_, value) = record.headers.iter().find(|(name, _)| name == "ce_type")?;
    let text = std::str::from_utf8(value).ok()?;
    text.strip_prefix("io.caseloom.case.")?.strip_suffix(".v1")
}
