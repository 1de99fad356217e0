//! What the tests against the mock cluster and those against Apache Kafka share: a way to produce, and a way to read
//! until something is there. Waiting is always for an outcome, with a deadline.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper's panic is the test's report"
)]
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::time::{Duration, Instant};

use caseloom::kafka::{DestinationTopics, InputTopic, KafkaOptions, KafkaSource, Start};
use caseloom::ports::{NextOffset, RecordBatch, Source, SourceError};
use caseloom_engine::alert::TopicId;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for as long as something moves. How long a thing takes as a whole says nothing on a machine that has other
/// work: a broker that starts anew beside four builds takes a minute for what takes a second elsewhere.
pub(crate) struct Patience<T> {
    last: T,
    since: Instant,
}

/// Nothing here stands still for so long unless it hangs.
const STANDSTILL: Duration = Duration::from_secs(240);

impl<T: PartialEq> Patience<T> {
    pub(crate) fn new(now: T) -> Self {
        Self {
            last: now,
            since: Instant::now(),
        }
    }

    /// Whether to go on waiting, with things as they are now.
    pub(crate) fn lasts(&mut self, now: T) -> bool {
        if self.last != now {
            *self = Self::new(now);
        }
        self.since.elapsed() < STANDSTILL
    }
}

/// A record as it came out of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub topic: TopicId,
    pub partition: i32,
    pub offset: i64,
    pub timestamp_ms: Option<i64>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Options that look often, so that tests don't wait.
pub(crate) fn options(bootstrap: &str) -> KafkaOptions {
    let mut options = KafkaOptions::new(bootstrap);
    options.metadata_interval = Duration::from_millis(200);
    options.statistics_interval = Duration::from_millis(100);
    options.request_timeout = Duration::from_secs(3);
    options
}

pub(crate) fn topic(id: u16, name: &str, start: Start) -> InputTopic {
    InputTopic {
        id: TopicId(id),
        name: name.into(),
        start,
    }
}

pub(crate) fn next(id: u16, partition: i32, offset: i64) -> NextOffset {
    NextOffset {
        topic: TopicId(id),
        partition,
        offset,
    }
}

pub(crate) fn start(
    options: &KafkaOptions,
    name: &str,
    next_offsets: &[NextOffset],
) -> KafkaSource {
    KafkaSource::start(options, vec![topic(1, name, Start::Earliest)], next_offsets).unwrap()
}

pub(crate) fn destinations(name: &str) -> DestinationTopics {
    DestinationTopics {
        events: format!("{name}.events"),
        state: format!("{name}.state"),
        dead_letters: format!("{name}.dlq"),
        audit_heads: format!("{name}.audit"),
    }
}

pub(crate) fn producer(options: &KafkaOptions) -> BaseProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("message.max.bytes", "20000000");
    for (name, value) in &options.properties {
        config.set(name, value);
    }
    config.create().unwrap()
}

/// Queues one record; `None` is a tombstone.
pub(crate) fn produce<C: ProducerContext<DeliveryOpaque = ()>>(
    to: &BaseProducer<C>,
    topic: &str,
    partition: i32,
    value: Option<&[u8]>,
    timestamp_ms: Option<i64>,
) {
    let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(partition);
    record.payload = value;
    record.timestamp = timestamp_ms;
    while let Err((error, unsent)) = to.send(record) {
        let code = error.rdkafka_error_code();
        assert_eq!(code, Some(RDKafkaErrorCode::QueueFull), "{error}");
        to.poll(Duration::from_millis(5));
        record = unsent;
    }
}

/// Waits until all that was queued has its report.
pub(crate) fn flush<C: ProducerContext>(producer: &BaseProducer<C>) {
    let mut patience = Patience::new(producer.in_flight_count());
    while let Err(error) = producer.flush(Duration::from_secs(1)) {
        let left = producer.in_flight_count();
        assert!(patience.lasts(left), "{left} records are not sent: {error}");
    }
}

/// Produces `count` records of eight bytes, their number, to each partition.
pub(crate) fn produce_numbers(
    options: &KafkaOptions,
    topic: &str,
    partitions: i32,
    numbers: std::ops::Range<u64>,
) {
    let producer = producer(options);
    for number in numbers {
        for partition in 0..partitions {
            produce(
                &producer,
                topic,
                partition,
                Some(&number.to_be_bytes()),
                None,
            );
        }
    }
    flush(&producer);
}

pub(crate) fn number(got: &Got) -> u64 {
    u64::from_be_bytes(got.value.as_deref().unwrap().try_into().unwrap())
}

/// One poll, appended to `all`.
pub(crate) fn poll_into(source: &mut KafkaSource, all: &mut Vec<Got>) -> Result<bool, SourceError> {
    let mut batch = RecordBatch::default();
    source.poll(Duration::from_millis(20), 10_000, 64 << 20, &mut batch)?;
    let got = batch.records.iter().map(|record| Got {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        value: record.length.map(|_| batch.value(record).to_vec()),
        headers: batch
            .headers(record)
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect(),
    });
    all.extend(got);
    Ok(batch.caught_up)
}

/// Polls until `enough`, which is told what came so far and whether the source is caught up.
pub(crate) fn read_until(
    source: &mut KafkaSource,
    what: &str,
    mut enough: impl FnMut(&[Got], bool) -> bool,
) -> Vec<Got> {
    let deadline = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    loop {
        let caught_up = poll_into(source, &mut all).unwrap();
        if enough(&all, caught_up) {
            return all;
        }
        let status = source.monitor().status();
        assert!(
            Instant::now() < deadline,
            "no {what} after {} records: {status:?}",
            all.len()
        );
    }
}

pub(crate) fn read_count(source: &mut KafkaSource, count: usize) -> Vec<Got> {
    read_until(source, "records", |all, _| all.len() >= count)
}

pub(crate) fn read_to_end(source: &mut KafkaSource) -> Vec<Got> {
    read_until(source, "end", |_, caught_up| caught_up)
}

pub(crate) fn read_error(source: &mut KafkaSource) -> SourceError {
    let deadline = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    loop {
        if let Err(error) = poll_into(source, &mut all) {
            return error;
        }
        assert!(
            Instant::now() < deadline,
            "no error after {} records",
            all.len()
        );
    }
}

/// The records of one partition.
pub(crate) fn of(all: &[Got], partition: i32) -> Vec<&Got> {
    all.iter()
        .filter(|got| got.partition == partition)
        .collect()
}

/// Each partition's records have the offsets from `first` on, without holes, and their own numbers.
pub(crate) fn assert_in_order(all: &[Got], partitions: i32, first: i64) {
    for partition in 0..partitions {
        for (expected, got) in (first..).zip(of(all, partition)) {
            assert_eq!(got.offset, expected, "partition {partition}");
            assert_eq!(number(got), expected as u64, "partition {partition}");
        }
    }
}

/// A plain consumer of one partition from its beginning, to see what a publisher wrote.
pub(crate) fn plain_consumer(options: &KafkaOptions, topic: &str, partition: i32) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("group.id", "test");
    for (name, value) in &options.properties {
        config.set(name, value);
    }
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Beginning)
        .unwrap();
    consumer.assign(&list).unwrap();
    consumer
}

pub(crate) fn next_message(consumer: &BaseConsumer) -> BorrowedMessage<'_> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            return message;
        }
    }
    panic!("no message arrived");
}
