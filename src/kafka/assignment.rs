//! Which partitions there are, and at which offset each begins.
//!
//! In order of precedence: the stored offset; the beginning, for a partition that appeared after the topic was first
//! read, or a topic that appeared while we ran; the topic's `start`. All are turned into plain offsets before reading,
//! so that a hole is found before the first record and nothing depends on a logical offset that means something else
//! after a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use caseloom_engine::alert::TopicId;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{IsError, KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::monitor::Gap;
use crate::ports::{NextOffset, SourceError};

/// Where reading begins the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the lowest offset.
    #[default]
    Earliest,
    /// At the end: only what comes from now on.
    Latest,
    /// At the first record not older than this, in milliseconds since 1970.
    Timestamp(i64),
}

/// A topic to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputTopic {
    /// Its number in the store.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// Where its first reading begins.
    pub start: Start,
}

/// The topics and what was found of them.
#[derive(Debug)]
pub(super) struct Assignment {
    topics: Vec<Topic>,
    stored: BTreeMap<(TopicId, i32), i64>,
    request_timeout: Duration,
    accept_gap: bool,
}

#[derive(Debug)]
struct Topic {
    input: InputTopic,
    state: TopicState,
    /// Index in `Partitions`, by partition.
    indexes: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TopicState {
    /// Not asked for yet.
    Unknown,
    /// It didn't exist when asked for, so all of it is news.
    Missing,
    /// It exists. Partitions below `old` were there before we first read it.
    Found { old: i32 },
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

/// What a look at the topics brought.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub found: Vec<Found>,
    pub missing: Vec<String>,
    /// Partitions whose offsets could not be asked for now.
    pub pending: usize,
    /// Why a topic or partition has to be asked for again.
    pub trouble: Option<String>,
}

/// The lowest offset of a partition and one past its highest committed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub low: i64,
    pub high: i64,
}

impl Range {
    /// How many offsets are gone before `wanted` can be read; 0 where it is in range. Above the end (the topic was made
    /// anew, or its tail was lost) it is the distance to the end.
    pub(super) fn missing(self, wanted: i64) -> i64 {
        (self.low - wanted).max(wanted - self.high).max(0)
    }
}

impl Assignment {
    pub(super) fn new(
        topics: Vec<InputTopic>,
        next_offsets: &[NextOffset],
        timeout: Duration,
        accept_gap: bool,
    ) -> Self {
        let topics = topics.into_iter().map(|input| Topic {
            input,
            state: TopicState::Unknown,
            indexes: Vec::new(),
        });
        let stored = next_offsets
            .iter()
            .map(|next| ((next.topic, next.partition), next.offset));
        Self {
            topics: topics.collect(),
            stored: stored.collect(),
            request_timeout: timeout,
            accept_gap,
        }
    }

    pub(super) fn input(&self, topic: usize) -> &InputTopic {
        &self.topics[topic].input
    }

    pub(super) fn name(&self, id: TopicId) -> &str {
        self.topics
            .iter()
            .find(|topic| topic.input.id == id)
            .map_or("", |topic| topic.input.name.as_str())
    }

    /// The index a partition was registered with. A scan: there are a handful of topics.
    pub(super) fn index(&self, topic: &str, partition: i32) -> Option<usize> {
        let topic = self
            .topics
            .iter()
            .find(|candidate| candidate.input.name == topic)?;
        *topic.indexes.get(usize::try_from(partition).ok()?)?
    }

    /// Notes that a found partition is being read.
    pub(super) fn register(&mut self, found: &Found, index: usize) {
        let indexes = &mut self.topics[found.topic].indexes;
        let place = usize::try_from(found.partition).expect("partition numbers are not negative");
        if indexes.len() <= place {
            indexes.resize(place + 1, None);
        }
        indexes[place] = Some(index);
    }

    /// Asks the brokers for partitions not registered yet. An unreachable broker is not an error: ask again later.
    pub(super) fn discover<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
    ) -> Result<Discovery, SourceError> {
        let mut discovery = Discovery::default();
        for topic in 0..self.topics.len() {
            let name = self.topics[topic].input.name.clone();
            match partition_count(consumer, &name, self.request_timeout) {
                Ok(count) => self.discover_topic(consumer, topic, count, &mut discovery)?,
                Err(error) => self.note_failure(topic, name, &error, &mut discovery)?,
            }
        }
        Ok(discovery)
    }

    fn note_failure(
        &mut self,
        topic: usize,
        name: String,
        error: &ClientError,
        discovery: &mut Discovery,
    ) -> Result<(), SourceError> {
        match error.rdkafka_error_code() {
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {
                if self.topics[topic].state == TopicState::Unknown {
                    self.topics[topic].state = TopicState::Missing;
                }
                discovery.missing.push(name);
            }
            Some(Code::TopicAuthorizationFailed) => {
                return Err(SourceError::Kafka(format!(
                    "no permission to describe topic {name}"
                )));
            }
            _ => {
                discovery.pending += 1;
                discovery.trouble = Some(format!("topic {name}: {error}"));
            }
        }
        Ok(())
    }

    fn discover_topic<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        topic: usize,
        count: i32,
        discovery: &mut Discovery,
    ) -> Result<(), SourceError> {
        self.topics[topic].note_count(count, &self.stored);
        for partition in 0..count {
            if self
                .index(&self.topics[topic].input.name, partition)
                .is_some()
            {
                continue;
            }
            match self.begin(consumer, topic, partition) {
                Ok(begin) => discovery.found.push(begin?),
                Err(error) => {
                    discovery.pending += 1;
                    discovery.trouble = Some(format!(
                        "{}/{partition}: {error}",
                        self.topics[topic].input.name
                    ));
                }
            }
        }
        Ok(())
    }

    /// The outer error passes, the inner one does not.
    fn begin<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        topic: usize,
        partition: i32,
    ) -> Result<Result<Found, SourceError>, ClientError> {
        let input = &self.topics[topic].input;
        let range = self.range(consumer, &input.name, partition)?;
        let stored = self.stored.get(&(input.id, partition)).copied();
        let (position, gap) = match stored {
            Some(wanted) => match self.settle(input.id, partition, wanted, range) {
                Ok(settled) => settled,
                Err(hole) => return Ok(Err(hole)),
            },
            None => (self.first_offset(consumer, topic, partition, range)?, None),
        };
        Ok(Ok(Found {
            topic,
            partition,
            position,
            end: range.high,
            was_stored: stored.is_some(),
            gap,
        }))
    }

    fn first_offset<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        topic: usize,
        partition: i32,
        range: Range,
    ) -> Result<i64, ClientError> {
        let topic = &self.topics[topic];
        match topic.first_start(partition) {
            Start::Earliest => Ok(range.low),
            Start::Latest => Ok(range.high),
            Start::Timestamp(time_ms) => {
                let found = offset_at(
                    consumer,
                    &topic.input.name,
                    partition,
                    time_ms,
                    self.request_timeout,
                )?;
                Ok(found.unwrap_or(range.high))
            }
        }
    }

    /// The lowest and the highest offset of a partition, by its leader.
    pub(super) fn range<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        topic: &str,
        partition: i32,
    ) -> Result<Range, ClientError> {
        let (low, high) = consumer.fetch_watermarks(topic, partition, self.request_timeout)?;
        Ok(Range { low, high })
    }

    /// Where to go on if `wanted` is to be read next: there, or behind an accepted gap, or nowhere.
    pub(super) fn settle(
        &self,
        topic: TopicId,
        partition: i32,
        wanted: i64,
        range: Range,
    ) -> Result<(i64, Option<Gap>), SourceError> {
        let Range { low, high } = range;
        let missing = range.missing(wanted);
        if missing == 0 {
            return Ok((wanted, None));
        }
        if self.accept_gap {
            return Ok((
                low,
                Some(Gap {
                    topic,
                    partition,
                    from: wanted,
                    to: low,
                    missing,
                }),
            ));
        }
        let topic = self.name(topic).to_owned();
        Err(SourceError::OffsetOutOfRange {
            topic,
            partition,
            wanted,
            low,
            high,
            missing,
        })
    }
}

impl Topic {
    fn note_count(&mut self, count: i32, stored: &BTreeMap<(TopicId, i32), i64>) {
        let was_read = stored.keys().any(|(topic, _)| *topic == self.input.id);
        self.state = match self.state {
            TopicState::Unknown if !was_read => TopicState::Found { old: count },
            TopicState::Unknown | TopicState::Missing => TopicState::Found { old: 0 },
            found @ TopicState::Found { .. } => found,
        };
    }

    /// Where a partition without a stored offset begins.
    fn first_start(&self, partition: i32) -> Start {
        match self.state {
            TopicState::Found { old } if partition < old => self.input.start,
            _ => Start::Earliest,
        }
    }
}

/// How many partitions the topic has. Asks for this topic only: a cluster may have thousands.
fn partition_count<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    timeout: Duration,
) -> Result<i32, ClientError> {
    let metadata = consumer.fetch_metadata(Some(topic), timeout)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or(ClientError::MetadataFetch(Code::UnknownTopic))?;
    if let Some(error) = found.error().filter(IsError::is_error) {
        return Err(ClientError::MetadataFetch(error.into()));
    }
    let highest = found
        .partitions()
        .iter()
        .map(|partition| partition.id())
        .max();
    highest
        .map(|highest| highest + 1)
        .ok_or(ClientError::MetadataFetch(Code::UnknownTopic))
}

/// The offset of the first record not older than `time_ms`; `None` where there is none yet.
fn offset_at<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
    time_ms: i64,
    timeout: Duration,
) -> Result<Option<i64>, ClientError> {
    let mut times = TopicPartitionList::new();
    times.add_partition_offset(topic, partition, Offset::Offset(time_ms))?;
    let offsets = consumer.offsets_for_times(times, timeout)?;
    let Some(answer) = offsets.find_partition(topic, partition) else {
        return Err(ClientError::OffsetFetch(Code::UnknownPartition));
    };
    answer.error()?;
    Ok(match answer.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TopicId = TopicId(3);

    fn assignment(stored: &[NextOffset], accept_gap: bool) -> Assignment {
        let input = InputTopic {
            id: ID,
            name: "alerts".into(),
            start: Start::Latest,
        };
        Assignment::new(vec![input], stored, Duration::ZERO, accept_gap)
    }

    fn counted(stored: &[NextOffset], counts: &[i32]) -> Assignment {
        let mut assignment = assignment(stored, false);
        for &count in counts {
            let stored = assignment.stored.clone();
            assignment.topics[0].note_count(count, &stored);
        }
        assignment
    }

    #[test]
    fn the_first_reading_begins_where_the_topic_says() {
        assert_eq!(counted(&[], &[2]).topics[0].first_start(1), Start::Latest);
    }

    #[test]
    fn new_partitions_begin_at_their_beginning() {
        assert_eq!(
            counted(&[], &[2, 3]).topics[0].first_start(1),
            Start::Latest
        );
        assert_eq!(
            counted(&[], &[2, 3]).topics[0].first_start(2),
            Start::Earliest
        );
        let stored = NextOffset {
            topic: ID,
            partition: 0,
            offset: 7,
        };
        assert_eq!(
            counted(&[stored], &[2]).topics[0].first_start(1),
            Start::Earliest
        );
    }

    #[test]
    fn a_topic_that_appears_later_begins_at_its_beginning() {
        let mut assignment = assignment(&[], false);
        let mut discovery = Discovery::default();
        let error = ClientError::MetadataFetch(Code::UnknownTopicOrPartition);
        assignment
            .note_failure(0, "alerts".into(), &error, &mut discovery)
            .unwrap();
        assert_eq!(discovery.missing, ["alerts"]);
        assignment.topics[0].note_count(2, &BTreeMap::new());
        assert_eq!(assignment.topics[0].first_start(0), Start::Earliest);
    }

    #[test]
    fn a_hole_is_named_or_passed_over() {
        let range = Range { low: 10, high: 20 };
        let strict = assignment(&[], false);
        assert_eq!(strict.settle(ID, 0, 10, range).unwrap(), (10, None));
        assert_eq!(strict.settle(ID, 0, 20, range).unwrap(), (20, None));
        let error = strict.settle(ID, 4, 7, range).unwrap_err().to_string();
        assert_eq!(
            error,
            "offset 7 of alerts/4 is out of range (10..20): 3 records are missing; accept with --accept-gap"
        );
        let gap = Gap {
            topic: ID,
            partition: 0,
            from: 7,
            to: 10,
            missing: 3,
        };
        assert_eq!(
            assignment(&[], true).settle(ID, 0, 7, range).unwrap(),
            (10, Some(gap))
        );
        let anew = Gap {
            topic: ID,
            partition: 0,
            from: 25,
            to: 10,
            missing: 5,
        };
        assert_eq!(
            assignment(&[], true).settle(ID, 0, 25, range).unwrap(),
            (10, Some(anew))
        );
    }
}
