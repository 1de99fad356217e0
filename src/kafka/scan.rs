//! Reads partitions from a place to their end, once: the progress topic at a start, the events topic to verify it.

use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};

use super::client::{KafkaOptions, log_line};
use super::error::KafkaError;

/// Longest wait for one answer.
const WAIT: Duration = Duration::from_secs(1);
/// Longest wait in one poll.
const POLL: Duration = Duration::from_millis(100);
/// Without a record for so long the partition's leader is taken for away.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads to the ends of partitions.
pub(super) type ScanConsumer = BaseConsumer<Quiet>;

/// Passes log lines on, but not errors: an end of the partition comes as one, and the others are returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet;

/// A record as it was read.
pub struct Scanned<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key; empty: none.
    pub key: &'a [u8],
    /// Its value; empty: none.
    pub value: &'a [u8],
    headers: Option<&'a rdkafka::message::BorrowedHeaders>,
}

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, _: ClientError, _: &str) {}
}

impl ConsumerContext for Quiet {}

impl std::fmt::Debug for Scanned<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanned")
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl Scanned<'_> {
    /// The value of the first header with this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let headers = self.headers?;
        let found = headers.iter().find(|header| header.key == name)?;
        found.value
    }
}

/// A consumer that is told of ends; `isolation` is librdkafka's `isolation.level`.
pub(super) fn reader(options: &KafkaOptions, isolation: &str) -> Result<ScanConsumer, KafkaError> {
    let mut config = options.common(&[("group.id", &options.client_id)])?;
    config
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .set("allow.auto.create.topics", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", isolation);
    let created = config.create_with_context(Quiet);
    created.map_err(|error| KafkaError::client("create a consumer", error))
}

/// Lowest offset and one past the highest, for readers of the consumer's isolation level.
pub(super) fn range(
    consumer: &ScanConsumer,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), KafkaError> {
    let asked = consumer.fetch_watermarks(topic, partition, WAIT);
    asked.map_err(|error| KafkaError::client("ask for the end of a topic", error))
}

/// Hands out the records of a range, up to the end of the partition at most.
pub(super) fn scan(
    consumer: &ScanConsumer,
    (topic, partition): (&str, i32),
    offsets: Range<i64>,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<(), KafkaError> {
    if offsets.is_empty() {
        return Ok(());
    }
    let failed = |error| KafkaError::client("read a topic to its end", error);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offsets.start))
        .and_then(|()| consumer.assign(&list))
        .map_err(failed)?;
    let mut deadline = Instant::now() + SILENCE;
    while Instant::now() < deadline {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                if message.offset() < offsets.end {
                    each(&message);
                }
                if message.offset() + 1 >= offsets.end {
                    return Ok(());
                }
                deadline = Instant::now() + SILENCE;
            }
            Some(Err(ClientError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) => return Err(failed(error)),
            None => {}
        }
    }
    Err(KafkaError::Client {
        what: "read a topic to its end",
        reason: format!("nothing came for {} s", SILENCE.as_secs()),
    })
}

/// The ends of a topic's partitions for readers of committed records, by partition.
///
/// # Errors
/// [`KafkaError`] where no broker answers.
pub fn committed_ends(options: &KafkaOptions, topic: &str) -> Result<Vec<i64>, KafkaError> {
    let consumer = reader(options, "read_committed")?;
    let partitions = 0..partitions(options, &consumer, topic)?;
    partitions
        .map(|partition| range(&consumer, topic, partition).map(|(_, end)| end))
        .collect()
}

/// What a partition of an input topic holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputRange {
    /// The partition.
    pub partition: i32,
    /// The lowest offset.
    pub low: i64,
    /// One past the highest.
    pub high: i64,
}

/// What each partition of a topic holds.
///
/// # Errors
/// [`KafkaError`] where no broker answers.
pub fn input_ranges(options: &KafkaOptions, topic: &str) -> Result<Vec<InputRange>, KafkaError> {
    let consumer = reader(options, "read_committed")?;
    let partitions = 0..partitions(options, &consumer, topic)?;
    let of = |partition| {
        let (low, high) = range(&consumer, topic, partition)?;
        Ok(InputRange {
            partition,
            low,
            high,
        })
    };
    partitions.map(of).collect()
}

/// Hands out all committed records of a topic, partition by partition.
///
/// # Errors
/// [`KafkaError`] where no broker answers.
pub fn scan_committed(
    options: &KafkaOptions,
    topic: &str,
    mut each: impl FnMut(&Scanned<'_>),
) -> Result<(), KafkaError> {
    let consumer = reader(options, "read_committed")?;
    for partition in 0..partitions(options, &consumer, topic)? {
        let (low, end) = range(&consumer, topic, partition)?;
        scan(&consumer, (topic, partition), low..end, |message| {
            each(&Scanned {
                partition,
                offset: message.offset(),
                key: message.key().unwrap_or_default(),
                value: message.payload().unwrap_or_default(),
                headers: message.headers(),
            });
        })?;
    }
    Ok(())
}

fn partitions(
    options: &KafkaOptions,
    consumer: &ScanConsumer,
    topic: &str,
) -> Result<i32, KafkaError> {
    let asked = consumer.fetch_metadata(Some(topic), options.request_timeout);
    let metadata = asked.map_err(|error| KafkaError::client("ask for a topic", error))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let count = found.map_or(0, |found| found.partitions().len());
    match i32::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(KafkaError::TopicsMissing(vec![topic.into()])),
    }
}
