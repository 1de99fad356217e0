//! The progress topic: one partition, compacted, a record per transaction, keyed by the transactional id.
//!
//! ```text
//! {"version":1,"lineage":"<32 hex digits>","instance":"<32 hex digits>","sequence":4711}
//! ```
//!
//! The last committed record counts. To find it, the topic is read to the end that it had for readers of *all* records:
//! the end for readers of committed ones may lie before records of ours, while a transaction of somebody else on the
//! same topic is open. Offsets can't be reckoned with, since markers take some; so reading begins some way before the
//! end, and further before it where nothing of ours is found.

use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};

use super::client::{KafkaOptions, log_line};
use super::error::KafkaError;
use crate::ports::{Progress, PublishError};

const VERSION: u32 = 1;
/// Records from the end that are looked at first.
const TAIL: i64 = 1_000;
/// Longest wait for one answer.
const WAIT: Duration = Duration::from_secs(3);
/// Longest wait for somebody else's open transaction.
const STABLE_WAIT: Duration = Duration::from_secs(1);
/// Longest wait in one poll.
const POLL: Duration = Duration::from_millis(100);
/// Longest time one look may take.
const READ: Duration = Duration::from_secs(30);

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    lineage: String,
    instance: String,
    sequence: u64,
}

/// The value of a progress record.
pub(super) fn encode(progress: &Progress) -> Vec<u8> {
    let written = Written {
        version: VERSION,
        lineage: hex(progress.lineage),
        instance: hex(progress.instance),
        sequence: progress.sequence,
    };
    serde_json::to_vec(&written).expect("numbers and text are JSON")
}

fn decode(value: &[u8]) -> Result<Progress, PublishError> {
    let unreadable =
        || PublishError::Fatal("the progress topic holds what caseloom did not write".into());
    let written: Written = serde_json::from_slice(value).map_err(|_| unreadable())?;
    if written.version != VERSION {
        return Err(PublishError::Fatal(format!(
            "the progress topic holds version {}, this caseloom reads {VERSION}",
            written.version
        )));
    }
    Ok(Progress {
        lineage: unhex(&written.lineage).ok_or_else(unreadable)?,
        instance: unhex(&written.instance).ok_or_else(unreadable)?,
        sequence: written.sequence,
    })
}

/// The last committed progress of a transactional id; `settled`: once nothing before the end is open any more. Blocks for some seconds at most, unless the topic is long.
///
/// # Errors
/// [`PublishError::Unfinished`] while somebody else's transaction hides the end, [`PublishError::Temporary`] where no
/// broker answers, [`PublishError::Fatal`] where a record is not ours.
pub fn read_progress(
    options: &KafkaOptions,
    topic: &str,
    transactional_id: &str,
    settled: bool,
) -> Result<Option<Progress>, PublishError> {
    let reader = Reader::new(options, topic)?;
    let (low, end) = match settled {
        true => reader.settled_range()?,
        false => range(&reader.committed, topic)?,
    };
    let mut tail = TAIL;
    loop {
        let from = low.max(end.saturating_sub(tail));
        if let Some(found) = reader.last(from, end, transactional_id.as_bytes())? {
            return decode(&found).map(Some);
        }
        if from == low {
            return Ok(None);
        }
        tail = tail.saturating_mul(10);
    }
}

/// Passes log lines on, but not errors: an end of the partition comes as one, and the others are returned.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, _: ClientError, _: &str) {}
}

impl ConsumerContext for Quiet {}

struct Reader<'a> {
    options: &'a KafkaOptions,
    topic: &'a str,
    committed: BaseConsumer<Quiet>,
}

impl<'a> Reader<'a> {
    fn new(options: &'a KafkaOptions, topic: &'a str) -> Result<Self, PublishError> {
        let committed = client(options, "read_committed")?;
        Ok(Self {
            options,
            topic,
            committed,
        })
    }

    /// The range for readers of all records, once it is that for readers of committed ones.
    fn settled_range(&self) -> Result<(i64, i64), PublishError> {
        let all = client(self.options, "read_uncommitted")?;
        let (low, end) = range(&all, self.topic)?;
        let deadline = Instant::now() + STABLE_WAIT;
        while range(&self.committed, self.topic)?.1 < end {
            if Instant::now() >= deadline {
                let reason = "a transaction on the progress topic is open";
                return Err(PublishError::Unfinished(reason.into()));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok((low, end))
    }

    /// The last value under the key at or behind `from`.
    fn last(&self, from: i64, end: i64, key: &[u8]) -> Result<Option<Vec<u8>>, PublishError> {
        if from >= end {
            return Ok(None);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(self.topic, 0, Offset::Offset(from))
            .and_then(|()| self.committed.assign(&list))
            .map_err(|error| away("read the progress topic", &error))?;
        let deadline = Instant::now() + READ;
        let mut found = None;
        while Instant::now() < deadline {
            match self.committed.poll(POLL) {
                Some(Ok(message)) => {
                    if message.key() == Some(key) {
                        found = message.payload().map(<[u8]>::to_vec);
                    }
                    if message.offset() + 1 >= end {
                        return Ok(found);
                    }
                }
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(found),
                Some(Err(error)) => return Err(away("read the progress topic", &error)),
                None => {}
            }
        }
        let reason = "the progress topic could not be read to its end in time";
        Err(PublishError::Temporary(reason.into()))
    }
}

/// Lowest offset and one past the highest.
fn range(consumer: &BaseConsumer<Quiet>, topic: &str) -> Result<(i64, i64), PublishError> {
    let asked = consumer.fetch_watermarks(topic, 0, WAIT);
    asked.map_err(|error| away("ask for the progress topic's end", &error))
}

fn client(options: &KafkaOptions, isolation: &str) -> Result<BaseConsumer<Quiet>, PublishError> {
    let refused = |error: KafkaError| PublishError::Fatal(error.to_string());
    let mut config: ClientConfig = options
        .common(&[("group.id", &options.client_id)])
        .map_err(refused)?;
    config
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .set("allow.auto.create.topics", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", isolation);
    let created = config.create_with_context(Quiet);
    created.map_err(|error| refused(KafkaError::client("create a consumer", error)))
}

fn away(what: &str, error: &ClientError) -> PublishError {
    PublishError::Temporary(format!("cannot {what}: {error}"))
}

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back() {
        let progress = Progress {
            lineage: *b"0123456789abcdef",
            instance: [255; 16],
            sequence: u64::MAX,
        };
        assert_eq!(decode(&encode(&progress)), Ok(progress));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        for value in [
            "",
            "{}",
            r#"{"version":2,"lineage":"","instance":"","sequence":1}"#,
            r#"{"version":1,"lineage":"zz","instance":"","sequence":1}"#,
        ] {
            let refused = decode(value.as_bytes());
            assert!(matches!(refused, Err(PublishError::Fatal(_))), "{value}");
        }
    }
}
