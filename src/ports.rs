//! The two places where the outside begins: [`Source`] brings input records, [`Outlet`] with its [`Publisher`]s takes
//! output records.
//!
//! `kafka` implements both over rdkafka, `tests/common` and `tests/sim` in memory. Both are called from one thread each,
//! may block for the time given, and never call back.

use std::time::Duration;

use caseloom_engine::alert::TopicId;

/// A batch of input records whose bytes share one buffer. Order within a partition is offset order.
#[derive(Debug, Default)]
pub struct RecordBatch {
    /// The records' places and ranges.
    pub records: Vec<Record>,
    /// The bytes of all values and headers.
    pub bytes: Vec<u8>,
    /// Partitions that were read to their end when the batch was taken; all of them: live, none: in a backlog.
    pub caught_up: bool,
    /// Partitions whose next offset was settled without a record: where a first start begins, or behind an accepted
    /// gap. To be stored with this batch.
    pub assigned: Vec<NextOffset>,
    /// Records that were gone before they could be read, and were passed over as the operator allowed. To be counted
    /// with this batch.
    pub lost: u64,
}

/// One input record; its value is `bytes[start..start + length]` of its batch, and its headers stand behind it, so that
/// a record without any costs nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic's number in the store.
    pub topic: TopicId,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The broker's or producer's time stamp in milliseconds, where it has one.
    pub timestamp_ms: Option<i64>,
    /// Start of the value in the batch's bytes.
    pub start: usize,
    /// Length of the value; `None` is a tombstone.
    pub length: Option<usize>,
    /// Length of the headers behind the value, see [`RecordBatch::push_header`]; mostly 0.
    pub headers_length: usize,
}

/// The next offset to read of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextOffset {
    /// The topic's number in the store.
    pub topic: TopicId,
    /// The partition.
    pub partition: i32,
    /// The offset of the first record that was not decided yet.
    pub offset: i64,
}

/// Brings input records, each once, in offset order per partition, beginning at the offsets it was made with.
pub trait Source: Send {
    /// Waits up to `timeout` for records and appends them to `batch`, at most `records_max` and about `bytes_max`.
    ///
    /// # Errors
    /// [`SourceError`] when the input can't be read any further without losing or doubling something.
    fn poll(
        &mut self,
        timeout: Duration,
        records_max: usize,
        bytes_max: usize,
        batch: &mut RecordBatch,
    ) -> Result<(), SourceError>;
}

/// Why input stopped.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The stored offset is not in the topic any more (retention, or the topic was made anew). Remedy: restore the
    /// topic, or accept the gap with `run --accept-gap`.
    #[error(
        "offset {wanted} of {topic}/{partition} is out of range ({low}..{high}): {missing} records are missing; accept with --accept-gap"
    )]
    OffsetOutOfRange {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset to read next.
        wanted: i64,
        /// The lowest offset there is.
        low: i64,
        /// One past the highest.
        high: i64,
        /// How many records can't be read any more.
        missing: i64,
    },
    /// The client gave up.
    #[error("cannot read from kafka: {0}")]
    Kafka(String),
}

/// Where an output record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// Case events; `[output] events_topic`.
    Events,
    /// Compacted case snapshots; `[output] state_topic`.
    State,
    /// Dead letters; `[output] dlq_topic`.
    DeadLetters,
    /// Heads of the audit; `[output] audit_topic`.
    AuditHeads,
}

/// A record to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRecord {
    /// Where it goes.
    pub destination: Destination,
    /// The key; equal keys keep their order.
    pub key: Vec<u8>,
    /// Header names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Time stamp in milliseconds.
    pub timestamp_ms: i64,
}

/// How far the output is: the last record of the progress topic. Each transaction carries one, so it is true exactly
/// when the events before it are visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The store whose outbox it counts.
    pub lineage: [u8; 16],
    /// The process that published, drawn at its start: tells another one that took over.
    pub instance: [u8; 16],
    /// The last sequence number of the outbox that is published.
    pub sequence: u64,
}

/// Where output goes: makes publishers, and remembers what they committed.
pub trait Outlet: Send {
    /// The last committed progress; always `None` where no progress is kept. `settled`: not before everything that was
    /// ever sent is committed or aborted.
    ///
    /// # Errors
    /// [`PublishError`]; asking again may help.
    fn progress(&mut self, settled: bool) -> Result<Option<Progress>, PublishError>;

    /// A new publisher, not open yet. It is made without a broker in reach.
    ///
    /// # Errors
    /// [`PublishError::Fatal`] where it can't be made.
    fn publisher(&mut self) -> Result<Box<dyn Publisher>, PublishError>;
}

/// Takes output records, one transaction at a time: `open` once, then `begin`, `send`, `commit` over and over. Each call
/// blocks for about a second at most. After [`PublishError::Unfinished`] the same call goes on; after any other error
/// the publisher is of no use, and what its transaction became is for the next one's `open` to settle.
pub trait Publisher: Send {
    /// Shuts out all earlier publishers of this installation and settles what they left open.
    ///
    /// # Errors
    /// [`PublishError`] says what to do.
    fn open(&mut self) -> Result<(), PublishError>;

    /// Begins a transaction.
    ///
    /// # Errors
    /// [`PublishError`] says what to do.
    fn begin(&mut self) -> Result<(), PublishError>;

    /// Hands over records, in the given order per key, and the progress that they make.
    ///
    /// # Errors
    /// [`PublishError`] says what to do.
    fn send(&mut self, records: &[OutputRecord], progress: &Progress) -> Result<(), PublishError>;

    /// Returns once all that was sent is with all in-sync replicas and visible to readers.
    ///
    /// # Errors
    /// [`PublishError`]. But for `Unfinished`, the transaction may be visible or not.
    fn commit(&mut self) -> Result<(), PublishError>;

    /// Ends, as if it had never been, what the broker left open of this installation although it says that nothing is.
    /// Asked for between `open` and the first `begin`, once waiting has not helped.
    ///
    /// # Errors
    /// [`PublishError`] says what to do.
    fn release(&mut self) -> Result<(), PublishError> {
        Ok(())
    }
}

/// Why publishing failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Not done in the time given to one call, and still under way: the same call goes on with it.
    #[error("waiting for kafka: {0}")]
    Unfinished(String),
    /// The broker can't be reached, timed out or aborted: a new publisher may succeed.
    #[error("cannot publish to kafka for now: {0}")]
    Temporary(String),
    /// The broker refuses, or the client can't be made: likely to be refused again until somebody mends it.
    #[error("cannot publish to kafka: {0}")]
    Fatal(String),
    /// A later publisher of the same transactional id shut this one out; or the broker did, after a time-out.
    #[error("shut out by kafka: {0}")]
    Fenced(String),
}

impl RecordBatch {
    /// The value of a record of this batch; empty for a tombstone.
    #[must_use]
    pub fn value(&self, record: &Record) -> &[u8] {
        let end = record.start + record.length.unwrap_or(0);
        &self.bytes[record.start..end]
    }

    /// The headers of a record of this batch, in their order.
    pub fn headers<'a>(&'a self, record: &Record) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let start = record.start + record.length.unwrap_or(0);
        let mut rest = &self.bytes[start..start + record.headers_length];
        std::iter::from_fn(move || {
            let (name, behind) = part(rest)?;
            let (value, behind) = part(behind)?;
            rest = behind;
            Some((std::str::from_utf8(name).ok()?, value))
        })
    }

    /// Adds a header to the record that was added last; nothing where there is none.
    ///
    /// Name and value stand behind the record's value, each as its length in four bytes (little-endian) and its bytes.
    pub fn push_header(&mut self, name: &str, value: &[u8]) {
        let Some(record) = self.records.last_mut() else {
            return;
        };
        let before = self.bytes.len();
        for part in [name.as_bytes(), value] {
            let length = u32::try_from(part.len()).expect("a header is smaller than 4 GiB");
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(part);
        }
        record.headers_length += self.bytes.len() - before;
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.bytes.clear();
        self.caught_up = false;
        self.assigned.clear();
        self.lost = 0;
    }
}

/// The first part of a record's headers, and what follows it.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stand_behind_the_value_of_their_record() {
        let mut batch = RecordBatch::default();
        batch.push_header("nobody's", b"");
        assert!(batch.bytes.is_empty());
        for (offset, value) in [
            (1, Some(b"first".as_slice())),
            (2, None),
            (3, Some(b"third")),
        ] {
            batch.records.push(Record {
                topic: TopicId(0),
                partition: 0,
                offset,
                timestamp_ms: None,
                start: batch.bytes.len(),
                length: value.map(<[u8]>::len),
                headers_length: 0,
            });
            batch.bytes.extend_from_slice(value.unwrap_or_default());
            if offset < 3 {
                batch.push_header("ce_time", b"2026");
                batch.push_header("", &[0, 255]);
            }
        }
        let told = |index: usize| {
            let record = &batch.records[index];
            (
                batch.value(record),
                batch.headers(record).collect::<Vec<_>>(),
            )
        };
        let headers: Vec<(&str, &[u8])> = vec![("ce_time", b"2026"), ("", &[0, 255])];
        assert_eq!(told(0), (b"first".as_slice(), headers.clone()));
        assert_eq!(told(1), (b"".as_slice(), headers));
        assert_eq!(told(2), (b"third".as_slice(), vec![]));
    }
}
