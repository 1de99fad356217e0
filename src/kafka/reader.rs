//! The thread that owns the consumer: finds partitions, polls, fills batches, hands them on.
//!
//! **Back-pressure** is a blocking send into a bounded channel. That is safe because we assign partitions ourselves:
//! `max.poll.interval.ms` is enforced only for a subscription (rdkafka_cgrp.c starts its timer under
//! `if (rkcg->rkcg_subscription)`), so nothing evicts a reader that doesn't poll, and the client's own queue is bounded
//! by `queued.max.messages.kbytes`. Not chosen: pausing all partitions at once, which throws away what was prefetched
//! and fetches it again. Only when the pipeline takes nothing for [`HOLD`] do we pause, and poll on: the client's log
//! lines and statistics have no bound but being polled.
//!
//! One consumer queue, polled here: split partition queues have been seen to sleep for days (rust-rdkafka, pull
//! request 840), and `BaseConsumer` reads faster than the stream wrapper.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use caseloom_engine::alert::TopicId;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientContext, Message, TopicPartitionList};

use super::assignment::Assignment;
use super::client::log_line;
use super::error::{ReadFailure, read_failure};
use super::feed::{BYTES_MAX, Delivery, FeedSender, RECORDS_MAX, Stopped};
use super::headers;
use super::monitor::SourceMonitor;
use super::partitions::{Partitions, Step};
use crate::ports::{Record, RecordBatch, SourceError};

/// Longest sleep in one poll: bounds how late a stop or a look for new partitions is noticed.
const POLL: Duration = Duration::from_millis(100);
/// With partitions paused and nothing coming for this long, those that should move are not waited for.
const STALL: Duration = Duration::from_secs(2);

/// After this long without room in the channel nothing is fetched any more.
const HOLD: Duration = Duration::from_secs(2);

/// Catches what the client reports during a poll.
#[derive(Debug, Default)]
pub(super) struct ReaderContext {
    statistics: Mutex<Option<Vec<u8>>>,
    reason: Mutex<String>,
}

impl ClientContext for ReaderContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        *self
            .statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(statistics.to_vec());
    }

    fn error(&self, _: ClientError, reason: &str) {
        reason.clone_into(&mut self.reason.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl ConsumerContext for ReaderContext {}

impl ReaderContext {
    /// The latest statistics document, once.
    pub(super) fn take_statistics(&self) -> Option<Vec<u8>> {
        self.statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// What the client said about the latest error.
    pub(super) fn reason(&self) -> String {
        self.reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The reader's state. Lives and ends on its own thread.
pub(super) struct Reader {
    pub consumer: BaseConsumer<ReaderContext>,
    pub assignment: Assignment,
    pub partitions: Partitions,
    pub feed: FeedSender,
    pub monitor: SourceMonitor,
    pub timers: Timers,
    pub batch: RecordBatch,
}

/// When to do what next.
#[derive(Debug)]
pub(super) struct Timers {
    pub discover_interval: Duration,
    pub request_timeout: Duration,
    pub discover_at: Instant,
    empty_since: Option<Instant>,
    /// The trouble logged last, and when.
    pub logged: Option<(String, Instant)>,
}

/// What one poll brought.
enum Polled {
    Record(Step),
    Failed(ClientError),
    Nothing,
}

/// Why the loop ended.
pub(super) enum End {
    Stopped,
    Failed(SourceError),
}

impl From<Stopped> for End {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<SourceError> for End {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

impl Timers {
    pub(super) fn new(discover_interval: Duration, request_timeout: Duration) -> Self {
        Self {
            discover_interval,
            request_timeout,
            discover_at: Instant::now(),
            empty_since: None,
            logged: None,
        }
    }
}

impl Reader {
    /// Reads until told to stop, or until going on would lose something.
    pub(super) fn run(mut self) {
        match self.read() {
            Ok(()) | Err(End::Stopped) => {}
            Err(End::Failed(error)) => {
                tracing::error!(%error, "reading from kafka ends");
                _ = self.flush();
                _ = self.feed.send(Delivery::Failed(error));
            }
        }
        self.monitor.set_caught_up(false);
    }

    fn read(&mut self) -> Result<(), End> {
        while !self.feed.stopping() {
            if Instant::now() >= self.timers.discover_at {
                self.discover()?;
            }
            self.fill()?;
            self.read_statistics()?;
            self.flush()?;
        }
        Ok(())
    }

    /// Polls until the batch is full or the queue is empty.
    fn fill(&mut self) -> Result<(), End> {
        let mut wait = POLL;
        while !self.batch_is_full() {
            match self.poll(wait) {
                Polled::Record(step) => self.after_record(step)?,
                Polled::Failed(error) => return self.on_error(&error),
                Polled::Nothing => return self.on_nothing(),
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Takes one message into the batch.
    fn poll(&mut self, wait: Duration) -> Polled {
        let message = match self.consumer.poll(wait) {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Polled::Failed(error),
            None => return Polled::Nothing,
        };
        let Some(index) = self.assignment.index(message.topic(), message.partition()) else {
            return Polled::Record(Step::Repeated);
        };
        let timestamp_ms = message.timestamp().to_millis();
        let step = self
            .partitions
            .record(index, message.offset(), timestamp_ms);
        if step != Step::Repeated {
            let topic = self.partitions.get(index).topic;
            push(&mut self.batch, topic, &message);
        }
        Polled::Record(step)
    }

    fn after_record(&mut self, step: Step) -> Result<(), End> {
        self.timers.empty_since = None;
        match step {
            Step::Next => {}
            Step::Repeated => self.monitor.update(|status| status.repeats_total += 1),
            Step::NextThenPlan => self.make_wait()?,
        }
        Ok(())
    }

    fn batch_is_full(&self) -> bool {
        self.batch.records.len() >= RECORDS_MAX || self.batch.bytes.len() >= BYTES_MAX
    }

    fn on_nothing(&mut self) -> Result<(), End> {
        let empty_since = *self.timers.empty_since.get_or_insert_with(Instant::now);
        if self.partitions.paused() > 0 && empty_since.elapsed() >= STALL {
            self.timers.empty_since = None;
            self.partitions.stall();
            self.make_wait()?;
        }
        Ok(())
    }

    /// Hands the batch on, waiting for room, and says whether all is read.
    pub(super) fn flush(&mut self) -> Result<(), End> {
        if !self.batch.records.is_empty() {
            if self.feed.is_full() {
                self.monitor.update(|status| status.waits_total += 1);
            }
            let batch = std::mem::replace(&mut self.batch, self.feed.empty_batch());
            let unsent = self.feed.send_within(HOLD, Delivery::Records(batch))?;
            unsent.map_or(Ok(()), |unsent| self.hold(unsent))?;
        }
        self.monitor.set_caught_up(self.partitions.caught_up());
        Ok(())
    }

    /// Fetches nothing until there is room again.
    fn hold(&mut self, mut delivery: Delivery) -> Result<(), End> {
        tracing::warn!("nobody takes what was read from kafka, fetching stops until then");
        let list = self.list(&self.partitions.moving());
        self.consumer
            .pause(&list)
            .map_err(|error| give_up(&error))?;
        self.monitor.update(|status| status.held = true);
        let mut failed = None;
        while let Some(unsent) = self.feed.send_within(POLL, delivery)? {
            delivery = unsent;
            match self.poll(Duration::ZERO) {
                Polled::Failed(error) if read_failure(&error) == ReadFailure::Passing => {
                    self.on_error(&error)?
                }
                Polled::Failed(error) => failed = failed.or(Some(error)),
                Polled::Record(_) | Polled::Nothing => self.take_in_statistics(),
            }
        }
        self.consumer
            .resume(&list)
            .map_err(|error| give_up(&error))?;
        self.monitor.update(|status| status.held = false);
        failed.map_or(Ok(()), |error| self.on_error(&error))
    }

    /// Pauses who is too far ahead and resumes who isn't any more.
    pub(super) fn make_wait(&mut self) -> Result<(), End> {
        let plan = self.partitions.plan();
        if plan.is_empty() {
            return Ok(());
        }
        tracing::debug!(
            pause = plan.pause.len(),
            resume = plan.resume.len(),
            "partitions wait for slower ones"
        );
        self.consumer
            .pause(&self.list(&plan.pause))
            .map_err(|error| give_up(&error))?;
        self.consumer
            .resume(&self.list(&plan.resume))
            .map_err(|error| give_up(&error))?;
        let paused = self.partitions.paused();
        self.monitor
            .update(|status| status.partitions_paused = paused);
        Ok(())
    }

    fn list(&self, indexes: &[usize]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(indexes.len());
        for &index in indexes {
            let entry = self.partitions.get(index);
            list.add_partition(self.assignment.name(entry.topic), entry.partition);
        }
        list
    }
}

/// Copies a message into the batch: the only copy on its way to the pipeline.
fn push(batch: &mut RecordBatch, topic: TopicId, message: &BorrowedMessage<'_>) {
    let payload = message.payload();
    batch.records.push(Record {
        topic,
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        start: batch.bytes.len(),
        length: payload.map(<[u8]>::len),
        headers_length: 0,
    });
    batch.bytes.extend_from_slice(payload.unwrap_or_default());
    headers::push(batch, message);
}

/// An error of a call that can only fail when the client is unusable.
pub(super) fn give_up(error: &ClientError) -> End {
    End::Failed(SourceError::Kafka(error.to_string()))
}
