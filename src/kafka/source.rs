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
use super::feed::{Delivery, FeedReceiver, FeedSender, feed};
use super::monitor::{Notice, SourceMonitor};
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
    /// A notice that must not get into a batch with records that came before it.
    early: Option<Notice>,
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
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = feed(Arc::clone(&stop));
        let monitor = SourceMonitor::default();
        let assignment = Assignment::new(topics, next_offsets, options.accept_gap);
        let reader = make_reader(options, assignment, sender, monitor.clone())?;
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
            early: None,
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

    fn accept(&mut self, delivery: Delivery, batch: &RecordBatch) {
        match delivery {
            Delivery::Records(records) => self.carry = Some(Carry::new(records)),
            Delivery::Notice(notice) if batch.records.is_empty() => self.monitor.notice(notice),
            Delivery::Notice(notice) => self.early = Some(notice),
            Delivery::Failed(error) => self.failed = Some(error),
        }
    }

    /// Whether something has to be handed out before the next delivery is looked at.
    fn has_more(&self) -> bool {
        self.carry.is_some() || self.early.is_some() || self.failed.is_some()
    }

    fn wait(&mut self, timeout: Duration, batch: &RecordBatch) {
        match self.feed.wait(timeout) {
            Ok(delivery) => self.accept(delivery, batch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.failed = Some(ended()),
        }
    }

    /// Appends what is there to `batch`, up to its room.
    fn drain(&mut self, room: Room, batch: &mut RecordBatch) {
        while !room.is_full(batch) {
            if let Some(mut carry) = self.carry.take() {
                if carry.hand_out(room, batch) {
                    self.feed.give_back(carry.into_batch());
                } else {
                    self.carry = Some(carry);
                }
                continue;
            }
            if self.has_more() {
                break;
            }
            match self.feed.try_next() {
                Ok(delivery) => self.accept(delivery, batch),
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
        if batch.records.is_empty()
            && let Some(notice) = self.early.take()
        {
            self.monitor.notice(notice);
        }
        if !self.has_more() {
            self.wait(timeout, batch);
        }
        self.drain(room, batch);
        batch.caught_up = !self.has_more() && self.feed.is_empty() && self.monitor.caught_up();
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

fn make_reader(
    options: &KafkaOptions,
    assignment: Assignment,
    feed: FeedSender,
    monitor: SourceMonitor,
) -> Result<Reader, KafkaError> {
    let created = options
        .consumer()?
        .create_with_context(ReaderContext::default());
    let consumer: BaseConsumer<_> =
        created.map_err(|error| KafkaError::client("create a consumer", error))?;
    let skew_max_ms = i64::try_from(options.skew_max.as_millis()).unwrap_or(i64::MAX);
    Ok(Reader {
        consumer,
        assignment,
        partitions: Partitions::new(skew_max_ms),
        feed,
        monitor,
        timers: Timers::new(options.metadata_interval, options.request_timeout),
        batch: RecordBatch::default(),
    })
}

fn ended() -> SourceError {
    SourceError::Kafka("the reader has ended".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Gap;
    use crate::ports::Record;
    use caseloom_engine::alert::TopicId;

    fn source() -> (FeedSender, KafkaSource) {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, feed) = feed(Arc::clone(&stop));
        let source = KafkaSource {
            feed,
            monitor: SourceMonitor::default(),
            carry: None,
            early: None,
            failed: None,
            stop,
            thread: None,
            done: bounded(0).1,
            stop_wait: Duration::ZERO,
        };
        (sender, source)
    }

    fn record(offset: i64) -> Delivery {
        let (topic, partition, timestamp_ms) = (TopicId(1), 0, None);
        let record = Record {
            topic,
            partition,
            offset,
            timestamp_ms,
            start: 0,
            length: None,
            headers_length: 0,
        };
        Delivery::Records(RecordBatch {
            records: vec![record],
            ..RecordBatch::default()
        })
    }

    fn poll(source: &mut KafkaSource, batch: &mut RecordBatch) -> Result<(), SourceError> {
        source.poll(Duration::ZERO, 100, 100, batch)
    }

    #[test]
    fn a_gap_comes_before_the_records_behind_it_and_after_those_before() {
        let (sender, mut source) = source();
        let monitor = source.monitor();
        let gap = Gap {
            topic: TopicId(1),
            partition: 0,
            from: 2,
            to: 9,
            missing: 7,
        };
        for delivery in [record(1), Delivery::Notice(Notice::Gap(gap)), record(9)] {
            sender.send(delivery).unwrap();
        }
        let mut batch = RecordBatch::default();
        poll(&mut source, &mut batch).unwrap();
        poll(&mut source, &mut batch).unwrap();
        assert_eq!((batch.records.len(), batch.records[0].offset), (1, 1));
        assert!(monitor.take_notices().is_empty());
        batch.records.clear();
        poll(&mut source, &mut batch).unwrap();
        assert_eq!(monitor.take_notices(), [Notice::Gap(gap)]);
        assert_eq!((batch.records.len(), batch.records[0].offset), (1, 9));
    }

    #[test]
    fn a_failure_comes_after_the_records_before_it() {
        let (sender, mut source) = source();
        sender.send(record(1)).unwrap();
        sender.send(Delivery::Failed(ended())).unwrap();
        let mut batch = RecordBatch::default();
        poll(&mut source, &mut batch).unwrap();
        assert_eq!(batch.records.len(), 1);
        poll(&mut source, &mut batch).unwrap();
        batch.records.clear();
        assert!(poll(&mut source, &mut batch).is_err());
    }

    #[test]
    fn a_reader_that_died_is_an_error() {
        let (sender, mut source) = source();
        drop(sender);
        assert!(poll(&mut source, &mut RecordBatch::default()).is_err());
    }

    #[test]
    fn only_what_is_handed_out_whole_is_caught_up() {
        let (sender, mut source) = source();
        source.monitor.set_caught_up(true);
        sender.send(record(1)).unwrap();
        sender.send(record(2)).unwrap();
        let mut batch = RecordBatch::default();
        source.poll(Duration::ZERO, 1, 100, &mut batch).unwrap();
        assert!(!batch.caught_up);
        poll(&mut source, &mut batch).unwrap();
        assert!(batch.caught_up && batch.records.len() == 2);
    }
}
