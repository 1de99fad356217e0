//! [`KafkaSource`]: the pipeline's end of the reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError, bounded};
use rdkafka::consumer::BaseConsumer;

use super::assignment::{Assignment, InputTopic};
use super::client::KafkaOptions;
use super::error::KafkaError;
use super::feed::{Delivery, FeedReceiver, feed};
use super::monitor::SourceMonitor;
use super::partitions::Partitions;
use super::reader::{Reader, ReaderContext, Timers};
use crate::ports::{NextOffset, Record, RecordBatch, Source, SourceError};

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
            assignment: Assignment::new(
                topics,
                next_offsets,
                options.request_timeout,
                options.accept_gap,
            ),
            partitions: Partitions::new(skew_max_ms),
            feed: sender,
            monitor: monitor.clone(),
            timers: Timers::new(options.metadata_interval),
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
        let stop_wait = options.request_timeout * 2 + Duration::from_secs(5);
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
            Delivery::Records(batch) => self.carry = Some(Carry { batch, next: 0 }),
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
                    self.feed.give_back(carry.batch);
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

/// Up to where a batch may be filled.
#[derive(Clone, Copy, Debug)]
struct Room {
    records_end: usize,
    bytes_end: usize,
}

impl Room {
    fn is_full(self, batch: &RecordBatch) -> bool {
        batch.records.len() >= self.records_end || batch.bytes.len() >= self.bytes_end
    }
}

/// A batch of the reader's, of which the records before `next` were handed out.
#[derive(Debug)]
struct Carry {
    batch: RecordBatch,
    next: usize,
}

impl Carry {
    /// Moves records into `out` while there is room. Returns whether nothing is left.
    fn hand_out(&mut self, room: Room, out: &mut RecordBatch) -> bool {
        if self.fits_whole(room, out) {
            std::mem::swap(&mut self.batch.records, &mut out.records);
            std::mem::swap(&mut self.batch.bytes, &mut out.bytes);
            return true;
        }
        while let Some(record) = self.batch.records.get(self.next) {
            if room.is_full(out) {
                return false;
            }
            append(*record, &self.batch.bytes, out);
            self.next += 1;
        }
        true
    }

    fn fits_whole(&self, room: Room, out: &RecordBatch) -> bool {
        let untouched = self.next == 0 && out.records.is_empty() && out.bytes.is_empty();
        untouched
            && self.batch.records.len() <= room.records_end
            && self.batch.bytes.len() <= room.bytes_end
    }
}

fn append(record: Record, bytes: &[u8], out: &mut RecordBatch) {
    let value = &bytes[record.start..record.start + record.length.unwrap_or(0)];
    out.records.push(Record {
        start: out.bytes.len(),
        ..record
    });
    out.bytes.extend_from_slice(value);
}

fn ended() -> SourceError {
    SourceError::Kafka("the reader has ended".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use caseloom_engine::alert::TopicId;

    fn batch(values: &[Option<&str>]) -> RecordBatch {
        let mut batch = RecordBatch::default();
        for (offset, value) in (0..).zip(values) {
            let record = Record {
                topic: TopicId(0),
                partition: 0,
                offset,
                timestamp_ms: None,
                start: batch.bytes.len(),
                length: value.map(str::len),
            };
            batch.records.push(record);
            batch
                .bytes
                .extend_from_slice(value.unwrap_or_default().as_bytes());
        }
        batch
    }

    fn values(batch: &RecordBatch) -> Vec<(i64, Option<&[u8]>)> {
        let value = |record: &Record| {
            record
                .length
                .map(|length| &batch.bytes[record.start..record.start + length])
        };
        batch
            .records
            .iter()
            .map(|record| (record.offset, value(record)))
            .collect()
    }

    #[test]
    fn a_batch_is_handed_out_in_parts() {
        let all = [Some("a"), None, Some(""), Some("bcd"), Some("e")];
        let whole = batch(&all);
        for part in 1..=6 {
            let mut carry = Carry {
                batch: batch(&all),
                next: 0,
            };
            let mut out = RecordBatch::default();
            let mut parts = 1;
            while !carry.hand_out(
                Room {
                    records_end: part * parts,
                    bytes_end: 100,
                },
                &mut out,
            ) {
                parts += 1;
            }
            assert_eq!(values(&out), values(&whole), "{part} at a time");
        }
    }

    #[test]
    fn a_batch_that_fits_is_not_copied() {
        let mut carry = Carry {
            batch: batch(&[Some("abc")]),
            next: 0,
        };
        let (address, mut out) = (carry.batch.bytes.as_ptr(), RecordBatch::default());
        assert!(carry.hand_out(
            Room {
                records_end: 10,
                bytes_end: 10
            },
            &mut out
        ));
        assert_eq!(out.bytes.as_ptr(), address);
    }

    #[test]
    fn one_large_message_is_handed_out_though_it_exceeds_the_bytes() {
        let mut carry = Carry {
            batch: batch(&[Some("abcdef"), Some("g")]),
            next: 0,
        };
        let mut out = RecordBatch::default();
        assert!(!carry.hand_out(
            Room {
                records_end: 10,
                bytes_end: 3
            },
            &mut out
        ));
        assert_eq!(out.records.len(), 1);
    }
}
