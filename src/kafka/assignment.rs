//! Which partitions are read, and where each begins. Pure: `discovery` asks the brokers.
//!
//! In order of precedence: the stored offset; the beginning, for a partition that appeared after the topic was first
//! read, or a topic that appeared while we ran; the topic's `start`. All become plain offsets before reading, so that
//! a hole is found before the first record, and nothing depends on a logical offset that means something else after a
//! restart.

use std::collections::BTreeMap;

use caseloom_engine::alert::TopicId;

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

/// Where a partition is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// At the stored offset.
    Stored(i64),
    /// Nothing is stored.
    First(Start),
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
            accept_gap,
        }
    }

    /// How many topics there are; they go by their index.
    pub(super) fn topics(&self) -> usize {
        self.topics.len()
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

    /// Notes that a partition is being read.
    pub(super) fn register(&mut self, topic: usize, partition: i32, index: usize) {
        let indexes = &mut self.topics[topic].indexes;
        let place = usize::try_from(partition).expect("partition numbers are not negative");
        if indexes.len() <= place {
            indexes.resize(place + 1, None);
        }
        indexes[place] = Some(index);
    }

    /// Notes that a topic doesn't exist. If that was so when we first asked, all of it is news when it appears.
    pub(super) fn note_missing(&mut self, topic: usize) {
        let state = &mut self.topics[topic].state;
        if *state == TopicState::Unknown {
            *state = TopicState::Missing;
        }
    }

    /// Notes how many partitions a topic has. Those of the first time are not news, if nothing is stored of it.
    pub(super) fn note_count(&mut self, topic: usize, count: i32) {
        let topic = &mut self.topics[topic];
        let was_read = self.stored.keys().any(|(id, _)| *id == topic.input.id);
        topic.state = match topic.state {
            TopicState::Unknown if !was_read => TopicState::Found { old: count },
            TopicState::Unknown | TopicState::Missing => TopicState::Found { old: 0 },
            found @ TopicState::Found { .. } => found,
        };
    }

    /// Where a partition of a topic that was counted begins.
    pub(super) fn begin(&self, topic: usize, partition: i32) -> Begin {
        let topic = &self.topics[topic];
        if let Some(offset) = self.stored.get(&(topic.input.id, partition)) {
            return Begin::Stored(*offset);
        }
        Begin::First(match topic.state {
            TopicState::Found { old } if partition < old => topic.input.start,
            _ => Start::Earliest,
        })
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
        Assignment::new(vec![input], stored, accept_gap)
    }

    fn counted(stored: &[NextOffset], counts: &[i32]) -> Assignment {
        let mut assignment = assignment(stored, false);
        counts
            .iter()
            .for_each(|count| assignment.note_count(0, *count));
        assignment
    }

    #[test]
    fn the_first_reading_begins_where_the_topic_says() {
        assert_eq!(counted(&[], &[2]).begin(0, 1), Begin::First(Start::Latest));
    }

    #[test]
    fn new_partitions_begin_at_their_beginning() {
        assert_eq!(
            counted(&[], &[2, 3]).begin(0, 1),
            Begin::First(Start::Latest)
        );
        assert_eq!(
            counted(&[], &[2, 3]).begin(0, 2),
            Begin::First(Start::Earliest)
        );
        let stored = NextOffset {
            topic: ID,
            partition: 0,
            offset: 7,
        };
        assert_eq!(counted(&[stored], &[2]).begin(0, 0), Begin::Stored(7));
        assert_eq!(
            counted(&[stored], &[2]).begin(0, 1),
            Begin::First(Start::Earliest)
        );
    }

    #[test]
    fn a_topic_that_appears_later_begins_at_its_beginning() {
        let mut assignment = assignment(&[], false);
        assignment.note_missing(0);
        assignment.note_count(0, 2);
        assert_eq!(assignment.begin(0, 0), Begin::First(Start::Earliest));
    }

    #[test]
    fn a_topic_that_goes_away_and_comes_back_has_no_news() {
        let mut assignment = counted(&[], &[2]);
        assignment.note_missing(0);
        assignment.note_count(0, 2);
        assert_eq!(assignment.begin(0, 0), Begin::First(Start::Latest));
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
