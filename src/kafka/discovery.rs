//! Asks the brokers which partitions there are and which offsets they hold.
//!
//! Every question blocks, for a round trip or until its timeout, and reading stands still meanwhile. So a partition
//! without a leader is not asked for, and a broker that did not answer is not asked again in the same round.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{IsError, KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::assignment::{Assignment, Begin, Range, Start};
use super::monitor::Gap;
use crate::ports::SourceError;

/// The brokers, as asked through a consumer.
pub(super) struct Brokers<'a, C: ConsumerContext> {
    pub consumer: &'a BaseConsumer<C>,
    pub timeout: Duration,
}

/// A partition to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Index of the topic in the assignment.
    pub topic: usize,
    pub partition: i32,
    /// The offset to begin at.
    pub position: i64,
    /// Its end now.
    pub end: i64,
    /// Whether `position` was in the store.
    pub was_stored: bool,
    /// What had to be passed over.
    pub gap: Option<Gap>,
}

/// What a round brought.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub found: Vec<Found>,
    pub missing: Vec<String>,
    /// Topics and partitions that could not be asked for now.
    pub pending: usize,
    /// Why, for one of them.
    pub trouble: Option<String>,
    /// Leaders that did not answer.
    silent: BTreeSet<i32>,
}

/// A partition and the broker that leads it; negative: none does.
#[derive(Clone, Copy, Debug)]
struct Led {
    partition: i32,
    leader: i32,
}

impl Discovery {
    fn later(&mut self, trouble: String) {
        self.pending += 1;
        self.trouble = Some(trouble);
    }
}

/// Looks for partitions that are not registered yet. Brokers that can't be reached are no error: ask again later.
/// `stopping` ends a round early.
pub(super) fn discover<C: ConsumerContext>(
    assignment: &mut Assignment,
    brokers: &Brokers<'_, C>,
    stopping: &dyn Fn() -> bool,
) -> Result<Discovery, SourceError> {
    let mut round = Discovery::default();
    for topic in 0..assignment.topics() {
        if stopping() {
            break;
        }
        let name = assignment.input(topic).name.clone();
        match brokers.partitions(&name) {
            Ok(partitions) => begin_topic(assignment, brokers, topic, &partitions, &mut round)?,
            Err(error) => match error.rdkafka_error_code() {
                Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {
                    assignment.note_missing(topic);
                    round.missing.push(name);
                }
                Some(Code::TopicAuthorizationFailed) => {
                    return Err(SourceError::Kafka(format!(
                        "no permission to describe topic {name}"
                    )));
                }
                _ => {
                    // The next topic would be asked of the same brokers, and wait as long.
                    round.later(format!("topic {name}: {error}"));
                    break;
                }
            },
        }
    }
    Ok(round)
}

fn begin_topic<C: ConsumerContext>(
    assignment: &mut Assignment,
    brokers: &Brokers<'_, C>,
    topic: usize,
    partitions: &[Led],
    round: &mut Discovery,
) -> Result<(), SourceError> {
    let count = partitions.iter().map(|led| led.partition + 1).max();
    assignment.note_count(topic, count.unwrap_or(0));
    let name = &assignment.input(topic).name;
    for led in partitions {
        if assignment.index(name, led.partition).is_some() {
            continue;
        }
        if led.leader < 0 || round.silent.contains(&led.leader) {
            round.later(format!(
                "{name}/{}: broker {} does not answer",
                led.partition, led.leader
            ));
            continue;
        }
        match begin(assignment, brokers, topic, led.partition) {
            Ok(begun) => round.found.push(begun?),
            Err(error) => {
                round.silent.insert(led.leader);
                round.later(format!("{name}/{}: {error}", led.partition));
            }
        }
    }
    Ok(())
}

/// The outer error passes, the inner one does not.
fn begin<C: ConsumerContext>(
    assignment: &Assignment,
    brokers: &Brokers<'_, C>,
    topic: usize,
    partition: i32,
) -> Result<Result<Found, SourceError>, ClientError> {
    let input = assignment.input(topic);
    let range = brokers.range(&input.name, partition)?;
    let found = Found {
        topic,
        partition,
        position: range.low,
        end: range.high,
        was_stored: false,
        gap: None,
    };
    Ok(match assignment.begin(topic, partition) {
        Begin::Stored(wanted) => {
            let settled = assignment.settle(input.id, partition, wanted, range);
            settled.map(|(position, gap)| Found {
                position,
                gap,
                was_stored: true,
                ..found
            })
        }
        Begin::First(Start::Earliest) => Ok(found),
        Begin::First(Start::Latest) => Ok(Found {
            position: range.high,
            ..found
        }),
        Begin::First(Start::Timestamp(time_ms)) => {
            let position = brokers
                .offset_at(&input.name, partition, time_ms)?
                .unwrap_or(range.high);
            Ok(Found { position, ..found })
        }
    })
}

impl<C: ConsumerContext> Brokers<'_, C> {
    /// The partitions of a topic. Asks for this topic only: a cluster may have thousands.
    fn partitions(&self, topic: &str) -> Result<Vec<Led>, ClientError> {
        let metadata = self.consumer.fetch_metadata(Some(topic), self.timeout)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let found = found.ok_or(ClientError::MetadataFetch(Code::UnknownTopic))?;
        if let Some(error) = found.error().filter(IsError::is_error) {
            return Err(ClientError::MetadataFetch(error.into()));
        }
        let led = found.partitions().iter().map(|found| Led {
            partition: found.id(),
            leader: found.leader(),
        });
        Ok(led.collect())
    }

    /// The lowest and one past the highest committed offset of a partition, by its leader.
    pub(super) fn range(&self, topic: &str, partition: i32) -> Result<Range, ClientError> {
        let (low, high) = self
            .consumer
            .fetch_watermarks(topic, partition, self.timeout)?;
        Ok(Range { low, high })
    }

    /// The offset of the first record not older than `time_ms`; `None` where there is none yet.
    fn offset_at(
        &self,
        topic: &str,
        partition: i32,
        time_ms: i64,
    ) -> Result<Option<i64>, ClientError> {
        let mut times = TopicPartitionList::new();
        times.add_partition_offset(topic, partition, Offset::Offset(time_ms))?;
        let offsets = self.consumer.offsets_for_times(times, self.timeout)?;
        let answer = offsets.find_partition(topic, partition);
        let answer = answer.ok_or(ClientError::OffsetFetch(Code::UnknownPartition))?;
        answer.error()?;
        Ok(match answer.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        })
    }
}
