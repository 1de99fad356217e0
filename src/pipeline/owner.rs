//! The owner: the loop that receives, decides, persists and only then lets go. The only writer of engine and store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::CaseEvent;
use caseloom_engine::input::Parser;
use caseloom_engine::record::Record;
use caseloom_engine::time::{Span, Timestamp};
use crossbeam_channel::Sender;

use super::PipelineError;
use super::announce::{Announced, announce};
use super::care::{Attempt, Care};
use super::desk::DeskQueue;
use super::filing;
use super::guard::StoreGuard;
use super::intake::Intake;
use super::lane::News;
use super::post::Post;
use super::reload::{self, ContextPost};
use super::status::LaneStatus;
use super::topics::Topics;
use crate::clock::Clock;
use crate::events::Renderer;
use crate::metrics::{Bound, Metrics, Stage};
use crate::ports::{NextOffset, RecordBatch, Source};
use crate::shutdown::Shutdown;
use crate::store::{BatchStore, CommitBatch, Persisted, StoreError};
use crate::view::CaseView;

/// Longest wait for input: so soon after its due time anything that only time brings (an announcement, the end of
/// a silent case, a command) happens at the latest. An empty step takes microseconds.
const TICK: Duration = Duration::from_millis(20);

/// How often sizes are looked at; walking the groups is too slow for each batch.
const SIZES_EVERY: Duration = Duration::from_secs(1);

/// What one batch may hold, and how much may wait to be published.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages in a batch.
    pub records_max: usize,
    /// Bytes of messages in a batch.
    pub bytes_max: usize,
    /// Time from the first message of a batch to its commit.
    pub age_max: Duration,
    /// Input pauses while more records than this wait to be published.
    pub outbox_records_max: u64,
    /// Input pauses while more bytes than this wait to be published.
    pub outbox_bytes_max: u64,
}

/// What the owner is made of.
pub struct Parts {
    /// Reads messages.
    pub parser: Parser,
    /// Decides; woken from the store.
    pub correlator: Correlator,
    /// Writes.
    pub writer: Box<dyn BatchStore>,
    /// The input topics.
    pub topics: Topics,
    /// Where to read on.
    pub next_offsets: Vec<NextOffset>,
    /// Input records passed over so far.
    pub lost: u64,
    /// Renders events.
    pub renderer: Renderer,
    /// What the HTTP side reads.
    pub view: Arc<CaseView>,
    /// What the operator sees.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bounds.
    pub limits: Limits,
    /// Tells the lane what became durable.
    pub lane: Sender<News>,
    /// How the lane is doing.
    pub lane_status: LaneStatus,
    /// How the store is doing.
    pub guard: StoreGuard,
    /// How carefully to begin.
    pub care: Care,
    /// What people want done.
    pub desk: DeskQueue,
    /// Records that go out with the batches.
    pub post: Post,
    /// Brings new policies and lists.
    pub contexts: ContextPost,
    /// Who else wants to know of case events.
    pub on_event: Option<OnEvent>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The loop and its state.
pub struct Owner {
    pub(super) intake: Intake,
    pub(super) writer: Box<dyn BatchStore>,
    topics: Topics,
    renderer: Renderer,
    view: Arc<CaseView>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    limits: Limits,
    lane: Sender<News>,
    lane_status: LaneStatus,
    guard: StoreGuard,
    attempt: Attempt,
    contexts: ContextPost,
    /// Messages that are still to be taken one at a time.
    careful: usize,
    /// The last time told to the engine; wall clocks jump back, the engine's time must not.
    pub(super) told: Timestamp,
    /// Input records passed over, since the store began.
    lost: u64,
    sized: Instant,
    pub(super) desk: DeskQueue,
    post: Post,
    on_event: Option<OnEvent>,
}

/// Told of each case event once it is durable.
pub type OnEvent = Box<dyn FnMut(&CaseEvent) + Send>;

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owner")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Owner {
    /// An owner that goes on where the store ended.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        parts
            .metrics
            .set_accounting(parts.correlator.accounting(), &[]);
        parts.metrics.messages_lost.inc_by(parts.lost);
        let careful = match parts.care.is_needed() {
            true => parts.limits.records_max,
            false => 0,
        };
        parts.metrics.set_sizes(&parts.correlator.sizes());
        Self {
            intake: Intake::new(
                parts.parser,
                parts.correlator,
                &parts.next_offsets,
                parts.care.quarantine,
            ),
            writer: parts.writer,
            topics: parts.topics,
            renderer: parts.renderer,
            view: parts.view,
            metrics: parts.metrics,
            clock: parts.clock,
            limits: parts.limits,
            lane: parts.lane,
            lane_status: parts.lane_status,
            guard: parts.guard,
            attempt: parts.care.attempt,
            contexts: parts.contexts,
            careful,
            told: Timestamp::MIN,
            lost: parts.lost,
            sized: Instant::now(),
            desk: parts.desk,
            post: parts.post,
            on_event: parts.on_event,
        }
    }

    /// Runs until the wish to stop, then ends after the batch at hand: everything decided is durable.
    ///
    /// # Errors
    /// When the store, the source or the lane failed; the process should end with 75.
    pub fn run(
        &mut self,
        source: &mut dyn Source,
        shutdown: &Shutdown,
    ) -> Result<(), PipelineError> {
        self.writer.note_attempt(Some(self.attempt))?;
        if self.careful > 0 {
            tracing::warn!("it crashed several times here: messages are taken one at a time");
        }
        let ended = self
            .run_on(source, shutdown)
            .and_then(|()| self.last_words());
        // In order, whatever the reason: no message is to blame. Should this fail too, one more crash is counted.
        let noted = self.writer.note_attempt(None);
        ended?;
        noted?;
        Ok(())
    }

    fn run_on(
        &mut self,
        source: &mut dyn Source,
        shutdown: &Shutdown,
    ) -> Result<(), PipelineError> {
        let mut batch = RecordBatch::default();
        while !shutdown.is_requested() {
            if let Some(reason) = self.lane_status.failed() {
                return Err(PipelineError::Lane(reason));
            }
            if let Some(reason) = self.guard.failed() {
                return Err(StoreError::Background(reason).into());
            }
            batch.clear();
            if self.guard.low_room().is_some() {
                // Not even time goes on: what it brings would be written.
                self.metrics.bound_reached(Bound::StoreRoom);
                self.lane_status.wait_for_progress(TICK);
                continue;
            }
            if !self.lane_status.is_open() {
                // What was published may belong to another store, or to a later state of this one: decide nothing yet.
                self.lane_status.wait_for_progress(TICK);
                continue;
            }
            if self.outbox_is_full() {
                // The source keeps its own bounded channel and pauses; only time goes on here.
                self.lane_status.wait_for_progress(TICK);
            } else {
                self.fill(source, &mut batch)?;
            }
            self.step(&batch)?;
            self.obey()?;
        }
        Ok(())
    }

    /// Says what waited for its time.
    fn last_words(&mut self) -> Result<(), PipelineError> {
        if self.lane_status.is_open() && self.post.hurry() {
            self.step(&RecordBatch::default())?;
        }
        Ok(())
    }

    /// Decides a batch and makes it durable. `None`: nothing happened.
    ///
    /// # Errors
    /// When the store failed.
    pub fn step(&mut self, batch: &RecordBatch) -> Result<Option<Persisted>, PipelineError> {
        let now = self.clock.now().max(self.told);
        self.told = now;
        reload::adopt(&self.contexts, &mut self.intake, now, &self.metrics);
        self.note_suspect(batch)?;
        self.intake.assign(&batch.assigned);
        self.intake.take(batch, &self.topics, now, &self.metrics);
        let Intake {
            correlator,
            decision,
            ..
        } = &mut self.intake;
        correlator.on_time(now, batch.caught_up, decision);
        correlator.seal(decision);
        self.post.collect(now, &mut self.intake.dead_letters)?;
        let persisted = if self.has_news(batch) {
            Some(self.commit(batch, now)?)
        } else {
            None
        };
        self.intake.clear();
        self.observe_sizes();
        Ok(persisted)
    }

    /// While care is needed: the message that is about to be read, so that a crash names it.
    fn note_suspect(&mut self, batch: &RecordBatch) -> Result<(), PipelineError> {
        let Some(first) = batch.records.first().filter(|_| self.careful > 0) else {
            return Ok(());
        };
        self.attempt.suspect = Some((first.topic, first.partition, first.offset));
        self.writer.note_attempt(Some(self.attempt))?;
        Ok(())
    }

    /// The sums as they are in the store.
    #[must_use]
    pub fn correlator(&self) -> &Correlator {
        &self.intake.correlator
    }

    /// Waits for the first records, then gathers more until the batch is full or old enough.
    fn fill(
        &mut self,
        source: &mut dyn Source,
        batch: &mut RecordBatch,
    ) -> Result<(), PipelineError> {
        let begun = Instant::now();
        let records_max = if self.careful > 0 {
            1
        } else {
            self.limits.records_max
        };
        let bytes_max = self.limits.bytes_max;
        source.poll(self.patience(), records_max, bytes_max, batch)?;
        let first = Instant::now();
        while !batch.records.is_empty()
            && !batch.caught_up
            && batch.records.len() < records_max
            && batch.bytes.len() < bytes_max
        {
            let Some(left) = self.limits.age_max.checked_sub(first.elapsed()) else {
                break;
            };
            let before = batch.records.len();
            source.poll(
                left,
                records_max - before,
                bytes_max.saturating_sub(batch.bytes.len()),
                batch,
            )?;
            if batch.records.len() == before {
                break;
            }
        }
        self.metrics
            .observe_stage(Stage::Poll, begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// How long to wait for input before time has something to do.
    fn patience(&self) -> Duration {
        let Some(due) = self.intake.correlator.next_deadline() else {
            return TICK;
        };
        let wait = due.since(self.clock.now()).max(Span::ZERO);
        TICK.min(
            Duration::from_millis(u64::try_from(wait.0).unwrap_or(0)).max(Duration::from_millis(1)),
        )
    }

    fn outbox_is_full(&self) -> bool {
        let pending = self.writer.outbox_pending();
        let is_full = pending.records > self.limits.outbox_records_max
            || pending.bytes > self.limits.outbox_bytes_max;
        if is_full {
            self.metrics.bound_reached(Bound::Outbox);
        }
        is_full
    }

    /// Whether there is anything to write besides the sums.
    pub(super) fn has_news(&self, batch: &RecordBatch) -> bool {
        self.intake.messages > 0
            || !batch.assigned.is_empty()
            || !self.intake.dead_letters.is_empty()
            || !self.intake.decision.events.is_empty()
            || self
                .intake
                .decision
                .records
                .iter()
                .any(|record| !matches!(record, Record::Accounting(_)))
    }

    pub(super) fn commit(
        &mut self,
        batch: &RecordBatch,
        now: Timestamp,
    ) -> Result<Persisted, PipelineError> {
        let letters = std::mem::take(&mut self.intake.dead_letters);
        let events = &self.intake.decision.events;
        let Announced { outbox, chains } =
            announce(letters, events, &self.renderer, &*self.writer)?;
        let next_offsets = self.intake.next_offsets(batch);
        let alerts = filing::rows(&self.intake);
        let raw = filing::raw(&self.intake, batch, &self.topics);
        let begun = Instant::now();
        let persisted = self.writer.commit(&CommitBatch {
            records: &self.intake.decision.records,
            alerts: &alerts,
            raw: &raw,
            next_offsets: &next_offsets,
            topics: self.topics.unstored(),
            outbox: &outbox,
            chains: &chains,
            lost: (batch.lost > 0).then_some(self.lost + batch.lost),
        })?;
        self.lost += batch.lost;
        self.metrics.messages_lost.inc_by(batch.lost);
        self.attempt.batch_no = persisted.batch_no();
        let messages = usize::try_from(self.intake.messages).unwrap_or(usize::MAX);
        self.careful = self.careful.saturating_sub(messages);
        let seconds = begun.elapsed().as_secs_f64();
        self.topics.stored();
        self.metrics.observe_stage(Stage::Commit, seconds);
        self.metrics.commit_duration.observe(seconds);
        self.metrics.batch_alerts.observe(alerts.len() as f64);
        self.post.committed(&self.intake.decision.records);
        self.let_go(batch, persisted, (!outbox.is_empty()).then_some(now));
        Ok(persisted)
    }

    /// Everything that waits for durability: the read view, the metrics, the lane where there is something to send.
    fn let_go(&mut self, batch: &RecordBatch, persisted: Persisted, sent_at: Option<Timestamp>) {
        let decision = &self.intake.decision;
        self.view.apply(&decision.records);
        let pending = self.writer.outbox_pending();
        self.metrics.set_outbox(pending.records, pending.bytes);
        let accounting = self.intake.correlator.accounting();
        self.metrics
            .set_accounting(accounting, &self.intake.received());
        self.metrics
            .observe_decision(&decision.tally, &decision.moves);
        if let Some(now) = sent_at {
            let stamps = batch
                .records
                .iter()
                .filter_map(|record| record.timestamp_ms);
            let news = News::new(persisted, stamps.min().map_or(now, Timestamp));
            // A full channel only means that the lane has more to do than it was told; it looks at the outbox itself.
            self.lane.try_send(news).ok();
        }
        if let Some(on_event) = &mut self.on_event {
            decision.events.iter().for_each(on_event);
        }
    }

    fn observe_sizes(&mut self) {
        if self.sized.elapsed() >= SIZES_EVERY {
            self.sized = Instant::now();
            let correlator = &self.intake.correlator;
            self.metrics.set_sizes(&correlator.sizes());
            self.metrics
                .set_memory(&correlator.hubs(), correlator.standings());
            self.metrics.set_silences(correlator.silences(), self.told);
        }
    }
}
