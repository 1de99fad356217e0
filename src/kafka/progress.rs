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

use rdkafka::Message;
use serde::{Deserialize, Serialize};

use super::client::KafkaOptions;
use super::error::KafkaError;
use super::scan::{ScanConsumer, range, reader, scan};
use crate::ports::{Progress, PublishError};

const VERSION: u32 = 1;
/// Records from the end that are looked at first.
const TAIL: i64 = 1_000;
/// Longest wait for somebody else's open transaction.
const STABLE_WAIT: Duration = Duration::from_secs(1);
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

/// The last committed progress of a transactional id; `settled`: once nothing before the end is open any more. Blocks for
/// some seconds at most, unless the topic is long.
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
    let tail = Tail::new(options, topic)?;
    let (low, end) = match settled {
        true => tail.settled_range()?,
        false => ends(&tail.committed, topic)?,
    };
    let mut length = TAIL;
    loop {
        let from = low.max(end.saturating_sub(length));
        if let Some(found) = tail.last(from, end, transactional_id.as_bytes())? {
            return decode(&found).map(Some);
        }
        if from == low {
            return Ok(None);
        }
        length = length.saturating_mul(10);
    }
}

struct Tail<'a> {
    options: &'a KafkaOptions,
    topic: &'a str,
    committed: ScanConsumer,
}

impl<'a> Tail<'a> {
    fn new(options: &'a KafkaOptions, topic: &'a str) -> Result<Self, PublishError> {
        let committed = reader(options, "read_committed").map_err(refused)?;
        Ok(Self {
            options,
            topic,
            committed,
        })
    }

    /// The range for readers of all records, once it is that for readers of committed ones.
    fn settled_range(&self) -> Result<(i64, i64), PublishError> {
        let all = reader(self.options, "read_uncommitted").map_err(refused)?;
        let (low, end) = ends(&all, self.topic)?;
        let deadline = Instant::now() + STABLE_WAIT;
        while ends(&self.committed, self.topic)?.1 < end {
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
        let mut found = None;
        scan(&self.committed, (self.topic, 0), from..end, |message| {
            if message.key() == Some(key) {
                found = message.payload().map(<[u8]>::to_vec);
            }
        })
        .map_err(|error| PublishError::Temporary(error.to_string()))?;
        Ok(found)
    }
}

fn ends(consumer: &ScanConsumer, topic: &str) -> Result<(i64, i64), PublishError> {
    range(consumer, topic, 0).map_err(|error| PublishError::Temporary(error.to_string()))
}

fn refused(error: KafkaError) -> PublishError {
    PublishError::Fatal(error.to_string())
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
