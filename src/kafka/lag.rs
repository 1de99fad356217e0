//! librdkafka's statistics, reduced to what we use: where each partition ends, how far we took it, and whether its
//! broker answers. The lag shown in metrics is made from the same numbers.

use std::collections::HashMap;

use serde::Deserialize;

use super::partitions::Progress;

/// How far behind its end one partition was read, for `kafka_consumer_lag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLag {
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// How many offsets are not read yet; up to one statistics interval old.
    pub lag: i64,
}

/// The part of the statistics document that we read; the rest, some hundred numbers, is skipped unparsed.
/// Source: librdkafka's STATISTICS.md.
#[derive(Debug, Deserialize)]
pub(super) struct Statistics {
    brokers: HashMap<String, Broker>,
    topics: HashMap<String, Topic>,
}

#[derive(Debug, Deserialize)]
struct Broker {
    nodeid: i32,
    state: String,
}

#[derive(Debug, Deserialize)]
struct Topic {
    partitions: HashMap<i32, Partition>,
}

#[derive(Debug, Deserialize)]
struct Partition {
    broker: i32,
    fetch_state: String,
    app_offset: i64,
    ls_offset: i64,
}

impl Statistics {
    /// Reads the document librdkafka emits.
    pub(super) fn parse(json: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// What it says of one partition; nothing known where it isn't mentioned.
    pub(super) fn progress(&self, topic: &str, partition: i32) -> Progress {
        let Some(found) = self
            .topics
            .get(topic)
            .and_then(|topic| topic.partitions.get(&partition))
        else {
            return Progress {
                end: -1,
                passed: -1,
                healthy: false,
            };
        };
        Progress {
            end: found.ls_offset,
            passed: found.app_offset,
            healthy: found.fetch_state == "active" && self.is_up(found.broker),
        }
    }

    fn is_up(&self, nodeid: i32) -> bool {
        nodeid >= 0
            && self
                .brokers
                .values()
                .any(|broker| broker.nodeid == nodeid && broker.state == "UP")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"name": "x", "brokers": {
        "a:1/1": {"nodeid": 1, "state": "UP", "rtt": {"p99": 3}}, "b:1/2": {"nodeid": 2, "state": "DOWN"}},
      "topics": {"alerts": {"age": 1, "partitions": {
        "0": {"broker": 1, "fetch_state": "active", "app_offset": 12, "ls_offset": 20, "hi_offset": 22},
        "1": {"broker": 2, "fetch_state": "active", "app_offset": -1001, "ls_offset": -1001},
        "-1": {"broker": -1, "fetch_state": "none", "app_offset": -1001, "ls_offset": -1001}}}}}"#;

    #[test]
    fn says_how_far_each_partition_is() {
        let statistics = Statistics::parse(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(
            statistics.progress("alerts", 0),
            Progress {
                end: 20,
                passed: 12,
                healthy: true
            }
        );
        assert!(!statistics.progress("alerts", 1).healthy);
        assert!(!statistics.progress("alerts", -1).healthy);
        assert_eq!(statistics.progress("other", 0).end, -1);
    }
}
