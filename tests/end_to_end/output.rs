//! The output checker: reads what readers of committed records see, and holds it against the promise.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use caseloom::kafka::KafkaOptions;
use rdkafka::Message as _;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

use super::Place;
use crate::kafka_client::{PATIENCE, Patience};

/// All committed records of a topic, partition by partition.
pub(super) fn read_all(options: &KafkaOptions, topic: &str) -> Vec<OwnedMessage> {
    let mut config = ClientConfig::new();
    let consumer: BaseConsumer = config
        .set("bootstrap.servers", &options.brokers)
        .set("group.id", "test")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
    let mut all = Vec::new();
    for partition in 0..metadata.topics()[0].partitions().len() as i32 {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
        consumer.assign(&list).unwrap();
        // Nothing is open any more, so the end of the partition is the end for readers of committed records.
        let mut patience = Patience::new(all.len());
        loop {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => all.push(message.detach()),
                Some(Err(KafkaError::PartitionEOF(_))) => break,
                Some(Err(error)) => panic!("{error}"),
                None => assert!(patience.lasts(all.len()), "{topic}/{partition} has no end"),
            }
        }
    }
    all
}

pub(super) fn header(message: &OwnedMessage, name: &str) -> String {
    let headers = message.headers().unwrap();
    let header = headers.iter().find(|header| header.key == name);
    let value = header.unwrap_or_else(|| panic!("no header {name}")).value;
    String::from_utf8(value.unwrap().to_vec()).unwrap()
}

pub(super) fn key(message: &OwnedMessage) -> String {
    String::from_utf8(message.key().unwrap().to_vec()).unwrap()
}

pub(super) fn sequence(message: &OwnedMessage) -> u64 {
    let value: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
    value["metadata"]["sequence"].as_u64().unwrap()
}

/// Where the dead letters' messages stood.
pub(super) fn places(letters: &[OwnedMessage], topic: &str) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for letter in letters {
        assert_eq!(header(letter, "topic"), topic);
        assert!(!header(letter, "reason").is_empty());
        let number = |name| header(letter, name).parse::<i64>().unwrap();
        places.insert((number("partition") as i32, number("offset")));
    }
    places
}

/// Events that are there more than once, and numbers that are missing or out of order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) doubled: usize,
    pub(super) lost: usize,
}

/// Each event must stand there once, and each case's be 1, 2, 3, ... in this order.
pub(super) fn faults(events: &[OwnedMessage]) -> Faults {
    let mut found = Faults::default();
    let mut ids = BTreeSet::new();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for event in events {
        let last = last.entry(key(event)).or_default();
        if !ids.insert(header(event, "ce_id")) {
            found.doubled += 1;
        } else if sequence(event) == *last + 1 {
            *last += 1;
        } else {
            found.lost += 1;
            *last = sequence(event);
        }
    }
    found
}

pub(super) fn keys_of(events: &[OwnedMessage], kind: &str) -> BTreeSet<String> {
    let of_kind = |event: &&OwnedMessage| header(event, "ce_type") == kind;
    events.iter().filter(of_kind).map(key).collect()
}
