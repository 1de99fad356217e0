//! [`KafkaSource`]: the pipeline's end of the reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError, bounded};
use rdkafka::consumer::BaseConsumer;

use super::assignment::{Assignment, InputTopic};
use super::carry::{Carry, Room};
use super::client::KafkaOptions;
use super::error::KafkaError;
use super::feed::{Delivery, FeedReceiver, feed};
use super::monitor::SourceMonitor;
use super::partitions::Partitions;
use super::reader::{Reader, ReaderContext, Timers};
use crate::ports::{NextOffset, RecordBatch, Source, SourceError};

const THREAD: &str = "kafka-source";

/// Reads all partitions of its topics, each from its next offset.
///
/// Made without a broker in reach and with topics that don't exist yet it waits for them; [`SourceMonitor::status`]
/// says so. Dropping it stops the reader as [`KafkaSource::stop`] does.
#[derive(Debug)]
pub struct KafkaSource {
    feed: FeedReceiver,
    monitor: SourceMonitor,
    carry: Option<Carry>,
    failed: Option<SourceError>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Disconnected when the thread has closed its client.
    done: Receiver<()>,
    stop_wait: Duration,
}

impl KafkaSource {
    /// Starts reading `topics` from `next_offsets`, and what isn't mentioned there from the topic's start.
    ///
    /// # Errors
    /// [`KafkaError`] where the client can't be made: a property is wrong, or there is no thread for it.
    pub fn start(
        options: &KafkaOptions,
        topics: Vec<InputTopic>,
        next_offsets: &[NextOffset],
    ) -> Result<Self, KafkaError> {
        let context = ReaderContext::default();
        let created = options.consumer()?.create_with_context(context);
        let consumer: BaseConsumer<_> =
            created.map_err(|error| KafkaError::client("create a consumer", error))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = feed(Arc::clone(&stop));
        let monitor = SourceMonitor::default();
        let skew_max_ms = i64::try_from(options.skew_max.as_millis()).unwrap_or(i64::MAX);
        let reader = Reader {
            consumer,
            assignment: Assignment::new(topics, next_offsets, options.accept_gap),
            partitions: Partitions::new(skew_max_ms),
            feed: sender,
            monitor: monitor.clone(),
            timers: Timers::new(options.metadata_interval, options.request_timeout),
            batch: RecordBatch::default(),
        };
        let (alive, done) = bounded::<()>(0);
        let thread = Builder::new().name(THREAD.into()).spawn(move || {
            reader.run();
            drop(alive);
        });
        let thread = Some(thread.map_err(|source| KafkaError::Thread {
            name: THREAD,
            source,
        })?);
        let stop_wait = options.request_timeout * 4 + Duration::from_secs(5);
        Ok(Self {
            feed: receiver,
            monitor,
            carry: None,
            failed: None,
            stop,
            thread,
            done,
            stop_wait,
        })
    }

    /// A view of its state, lag and notices, for other threads.
    pub fn monitor(&self) -> SourceMonitor {
        self.monitor.clone()
    }

    /// Ends reading and closes the client. What was not polled is read again after the next start.
    ///
    /// # Errors
    /// [`KafkaError::StopTimeout`] if the client hangs in closing; its thread is then left to the end of the process.
    pub fn stop(mut self) -> Result<(), KafkaError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), KafkaError> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        self.stop.store(true, Ordering::Relaxed);
        if self.done.recv_timeout(self.stop_wait) == Err(RecvTimeoutError::Timeout) {
            return Err(KafkaError::StopTimeout {
                seconds: self.stop_wait.as_secs(),
            });
        }
        if thread.join().is_err() {
            tracing::error!("the kafka reader panicked");
        }
        Ok(())
    }

    fn accept(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Records(batch) => self.carry = Some(Carry::new(batch)),
            Delivery::Notice(notice) => self.monitor.notice(notice),
            Delivery::Failed(error) => self.failed = Some(error),
        }
    }

    fn wait(&mut self, timeout: Duration) {
        match self.feed.wait(timeout) {
            Ok(delivery) => self.accept(delivery),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.failed = Some(ended()),
        }
    }

    /// Appends what is there to `batch`, up to its room.
    fn drain(&mut self, room: Room, batch: &mut RecordBatch) {
        while self.failed.is_none() && !room.is_full(batch) {
            if let Some(mut carry) = self.carry.take() {
                if carry.hand_out(room, batch) {
                    self.feed.give_back(carry.into_batch());
                } else {
                    self.carry = Some(carry);
                }
                continue;
            }
            match self.feed.try_next() {
                Ok(delivery) => self.accept(delivery),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.failed = Some(ended()),
            }
        }
    }
}

impl Source for KafkaSource {
    fn poll(
        &mut self,
        timeout: Duration,
        records_max: usize,
        bytes_max: usize,
        batch: &mut RecordBatch,
    ) -> Result<(), SourceError> {
        let room = Room {
            records_end: batch.records.len().saturating_add(records_max),
            bytes_end: batch.bytes.len().saturating_add(bytes_max),
        };
        if self.carry.is_none() && self.failed.is_none() {
            self.wait(timeout);
        }
        self.drain(room, batch);
        batch.caught_up = self.carry.is_none() && self.feed.is_empty() && self.monitor.caught_up();
        match self.failed.take_if(|_| batch.records.is_empty()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            tracing::error!(%error, "kafka source is left behind");
        }
    }
}

fn ended() -> SourceError {
    SourceError::Kafka("the reader has ended".into())
}
