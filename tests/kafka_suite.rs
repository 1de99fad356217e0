//! The Kafka source and publisher against Apache Kafka: what the mock cluster can't show. `scripts/test kafka` starts
//! the broker and names it in the environment; `tests/kafka/README.md` says how to start one by hand.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod kafka_client;
mod end_to_end;

use std::future::Future;
use std::time::Instant;

use caseloom::kafka::{
    KafkaError, KafkaOptions, KafkaPublisher, KafkaSource, Notice, Start, TopicSpec, ensure_topics,
};
use caseloom::ports::{Destination, OutputRecord, SourceError};
use kafka_client::*;
use rdkafka::admin::{
    AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests need an Apache Kafka, `make test SUITES=kafka` starts one")
    })
}

fn broker() -> KafkaOptions {
    options(&env("CASELOOM_TEST_KAFKA"))
}

/// A name no other run uses.
fn unique(name: &str) -> String {
    format!("{name}.{}", std::process::id())
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn admin(options: &KafkaOptions) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .create()
        .unwrap()
}

fn spec(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec {
        name: name.into(),
        partitions,
        replication: 1,
        compacted: false,
        roll_ms: None,
        kept: false,
    }
}

/// Makes a topic and waits until it can be read.
fn create(options: &KafkaOptions, name: &str, partitions: i32) {
    ensure_topics(options, &[spec(name, partitions)], true).unwrap();
    wait_until_there(options, name);
}

fn wait_until_there(options: &KafkaOptions, name: &str) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = ensure_topics(options, &[spec(name, 1)], false) {
        assert!(Instant::now() < deadline, "{error}");
    }
}

fn event(destination: Destination, key: &str, value: Option<&str>) -> OutputRecord {
    let headers = vec![("ce_type".to_owned(), b"opened".to_vec())];
    OutputRecord {
        destination,
        key: key.into(),
        headers,
        value: value.map(Into::into),
        timestamp_ms: 1_700_000_000_000,
    }
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn output_topics_are_checked_and_made() {
    let options = broker();
    let (events, state) = (unique("made.events"), unique("made.state"));
    let topics = [
        spec(&events, 3),
        TopicSpec {
            compacted: true,
            ..spec(&state, 2)
        },
    ];
    match ensure_topics(&options, &topics, false) {
        Err(KafkaError::TopicsMissing(names)) => assert_eq!(names, [events, state.clone()]),
        other => panic!("{other:?}"),
    }
    ensure_topics(&options, &topics, true).unwrap();
    wait_until_there(&options, &state);
    let client = admin(&options);
    let asked = ResourceSpecifier::Topic(&state);
    let answer = wait_for(client.describe_configs([&asked], &AdminOptions::new()))
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(
        answer.get("cleanup.policy").unwrap().value.as_deref(),
        Some("compact")
    );
    ensure_topics(&options, &topics, true).unwrap();
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn what_is_published_is_read_in_order_per_key() {
    let options = broker();
    let name = unique("order");
    let topics = destinations(&name);
    create(&options, &topics.events, 6);
    let mut publisher = KafkaPublisher::new(&options, topics.clone()).unwrap();
    let mut records = Vec::new();
    for number in 0..3000 {
        let key = format!("scope|{}", number % 50);
        records.push(event(
            Destination::Events,
            &key,
            Some(&format!("{key}:{number}")),
        ));
    }
    for part in records.chunks(700) {
        publisher.publish(part).unwrap();
    }
    let mut source = start(&options, &topics.events, &[]);
    let all = read_count(&mut source, records.len());
    assert_eq!(all.len(), records.len());
    for key in 0..50 {
        let prefix = format!("scope|{key}:");
        let values = all
            .iter()
            .map(|got| std::str::from_utf8(got.value.as_ref().unwrap()).unwrap());
        let numbers: Vec<u32> = values
            .filter_map(|value| value.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert_eq!(numbers.len(), 60);
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
    let partitions: std::collections::BTreeSet<i32> = all.iter().map(|got| got.partition).collect();
    assert_eq!(partitions.len(), 6, "keys are spread");
    source.stop().unwrap();
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn partitions_added_later_begin_at_their_beginning() {
    let options = broker();
    let name = unique("growing");
    create(&options, &name, 1);
    produce_numbers(&options, &name, 1, 0..10);
    let topics = vec![topic(1, &name, Start::Latest)];
    let mut source = KafkaSource::start(&options, topics, &[]).unwrap();
    read_to_end(&mut source);
    assert_eq!(
        source.monitor().take_notices(),
        [Notice::Assigned(next(1, 0, 10))]
    );
    let grown = NewPartitions::new(&name, 3);
    let client = admin(&options);
    wait_for(client.create_partitions([&grown], &AdminOptions::new()))
        .unwrap()
        .remove(0)
        .unwrap();
    let late = producer(&options);
    for number in 0..5_u64 {
        produce(&late, &name, 2, Some(&number.to_be_bytes()), None);
    }
    flush(&late);
    let all = read_count(&mut source, 5);
    assert!(all.iter().all(|got| got.partition == 2));
    let offsets: Vec<i64> = all.iter().map(|got| got.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3, 4]);
    let mut notices = source.monitor().take_notices();
    notices.sort_by_key(|notice| format!("{notice:?}"));
    assert_eq!(
        notices,
        [
            Notice::Assigned(next(1, 1, 0)),
            Notice::Assigned(next(1, 2, 0))
        ]
    );
}

fn delete_records(options: &KafkaOptions, topic: &str, before: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(before))
        .unwrap();
    let client = admin(options);
    wait_for(client.delete_records(&list, &AdminOptions::new())).unwrap();
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn deleted_records_are_a_named_hole_or_an_accepted_gap() {
    let mut options = broker();
    let name = unique("deleted");
    create(&options, &name, 1);
    produce_numbers(&options, &name, 1, 0..100);
    delete_records(&options, &name, 60);
    let error = read_error(&mut start(&options, &name, &[next(1, 0, 20)]));
    let expected = SourceError::OffsetOutOfRange {
        topic: name.clone(),
        partition: 0,
        wanted: 20,
        low: 60,
        high: 100,
        missing: 40,
    };
    assert_eq!(error.to_string(), expected.to_string());

    options.accept_gap = true;
    let mut source = start(&options, &name, &[next(1, 0, 20)]);
    let all = read_to_end(&mut source);
    assert_eq!(all.len(), 40);
    assert_in_order(&all, 1, 60);
    match source.monitor().take_notices()[..] {
        [Notice::Gap(gap)] => assert_eq!((gap.from, gap.to, gap.missing), (20, 60, 40)),
        ref other => panic!("{other:?}"),
    }
}

fn make_anew(options: &KafkaOptions, name: &str) {
    let client = admin(options);
    wait_for(client.delete_topics(&[name], &AdminOptions::new()))
        .unwrap()
        .remove(0)
        .unwrap();
    let topic = NewTopic::new(name, 1, TopicReplication::Fixed(1));
    let deadline = Instant::now() + PATIENCE;
    while wait_for(client.create_topics([&topic], &AdminOptions::new()))
        .unwrap()
        .remove(0)
        .is_err()
    {
        assert!(
            Instant::now() < deadline,
            "the topic could not be made anew"
        );
    }
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_topic_made_anew_under_the_reader_stops_it() {
    let options = broker();
    let name = unique("anew");
    create(&options, &name, 1);
    produce_numbers(&options, &name, 1, 0..100);
    let mut source = start(&options, &name, &[]);
    read_to_end(&mut source);
    make_anew(&options, &name);
    produce_numbers(&options, &name, 1, 0..3);
    let error = read_error(&mut source);
    assert!(
        matches!(
            error,
            SourceError::OffsetOutOfRange {
                wanted: 100,
                low: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_topic_made_anew_under_the_reader_is_read_if_gaps_are_accepted() {
    let mut options = broker();
    options.accept_gap = true;
    let name = unique("anew.accepted");
    create(&options, &name, 1);
    produce_numbers(&options, &name, 1, 0..100);
    let mut source = start(&options, &name, &[]);
    read_to_end(&mut source);
    source.monitor().take_notices();
    make_anew(&options, &name);
    produce_numbers(&options, &name, 1, 0..3);
    assert_in_order(&read_count(&mut source, 3), 1, 0);
    let notices = source.monitor().take_notices();
    assert!(
        matches!(notices[..], [Notice::Gap(gap)] if gap.from == 100 && gap.to == 0),
        "{notices:?}"
    );
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_message_of_ten_mebibytes_is_read() {
    let options = broker();
    let name = unique("large");
    let topic =
        NewTopic::new(&name, 1, TopicReplication::Fixed(1)).set("max.message.bytes", "12582912");
    let client = admin(&options);
    wait_for(client.create_topics([&topic], &AdminOptions::new()))
        .unwrap()
        .remove(0)
        .unwrap();
    wait_until_there(&options, &name);
    let large: Vec<u8> = (0..10_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let producer = producer(&options);
    for value in [&b"before"[..], &large, &large, b"after"] {
        produce(&producer, &name, 0, Some(value), None);
    }
    flush(&producer);
    let all = read_count(&mut start(&options, &name, &[]), 4);
    assert!(all[1].value.as_deref() == Some(&large) && all[2].value == all[1].value);
    assert_eq!(all[3].value.as_deref(), Some(&b"after"[..]));
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn a_start_by_time_begins_at_the_first_record_not_older() {
    let options = broker();
    let name = unique("by.time");
    create(&options, &name, 2);
    let producer = producer(&options);
    let begin = 1_700_000_000_000;
    for number in 0..10 {
        produce(&producer, &name, 0, Some(b"x"), Some(begin + number * 1000));
    }
    produce(&producer, &name, 1, Some(b"old"), Some(begin));
    flush(&producer);
    let topics = vec![topic(1, &name, Start::Timestamp(begin + 6500))];
    let mut source = KafkaSource::start(&options, topics, &[]).unwrap();
    let all = read_to_end(&mut source);
    let places: Vec<_> = all.iter().map(|got| (got.partition, got.offset)).collect();
    assert_eq!(places, [(0, 7), (0, 8), (0, 9)]);
    let mut notices = source.monitor().take_notices();
    notices.sort_by_key(|notice| format!("{notice:?}"));
    assert_eq!(
        notices,
        [
            Notice::Assigned(next(1, 0, 7)),
            Notice::Assigned(next(1, 1, 1))
        ]
    );
}

fn transactional(options: &KafkaOptions, id: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("transactional.id", id);
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

fn send(producer: &BaseProducer, topic: &str, value: &str) {
    producer
        .send(BaseRecord::<(), str>::to(topic).partition(0).payload(value))
        .unwrap();
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn only_committed_records_are_read_and_markers_are_no_lag() {
    let options = broker();
    let name = unique("transactions");
    create(&options, &name, 1);
    let producer = transactional(&options, &name);
    producer.begin_transaction().unwrap();
    send(&producer, &name, "committed");
    producer.commit_transaction(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, &name, "aborted");
    producer.flush(PATIENCE).unwrap();
    producer.abort_transaction(PATIENCE).unwrap();
    let mut source = start(&options, &name, &[]);
    let all = read_to_end(&mut source);
    let values: Vec<_> = all
        .iter()
        .map(|got| got.value.as_deref().unwrap())
        .collect();
    assert_eq!(values, [b"committed"]);
    let monitor = source.monitor();
    read_until(&mut source, "lag of zero", |_, _| {
        monitor.lag().iter().all(|partition| partition.lag == 0)
    });
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn in_a_backlog_no_partition_runs_far_ahead() {
    let options = broker();
    let name = unique("backlog");
    create(&options, &name, 3);
    let producer = producer(&options);
    let (begin, step, count) = (1_700_000_000_000, 1_000, 6_000);
    for partition in 0..3 {
        for number in 0..count {
            produce(
                &producer,
                &name,
                partition,
                Some(b"x"),
                Some(begin + number * step),
            );
        }
    }
    flush(&producer);
    let mut source = start(&options, &name, &[]);
    let begun = Instant::now();
    let all = read_until(&mut source, "records", |all, caught_up| {
        assert!(
            !caught_up || all.len() == 18_000,
            "caught up after {} records",
            all.len()
        );
        all.len() == 18_000
    });
    eprintln!(
        "18000 records of 3 partitions, 100 minutes of 1 per second: {:?}",
        begun.elapsed()
    );
    let mut last = [begin; 3];
    for got in &all {
        last[got.partition as usize] = got.timestamp_ms.unwrap();
        let ahead = last.iter().max().unwrap() - last.iter().min().unwrap();
        assert!(ahead <= 600_000 + step, "{last:?}");
    }
    assert_eq!(source.monitor().status().repeats_total, 0);
}

#[test]
#[ignore = "needs Apache Kafka: make test starts one"]
fn sasl_ssl_connects_with_the_password_only() {
    let password = std::fs::read_to_string(env("CASELOOM_TEST_KAFKA_PASSWORD_FILE")).unwrap();
    let mut options = options(&env("CASELOOM_TEST_KAFKA_SASL"));
    for (name, value) in [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanisms", "SCRAM-SHA-512"),
        ("sasl.username", &env("CASELOOM_TEST_KAFKA_USER")),
        ("sasl.password", password.trim()),
        ("ssl.ca.location", &env("CASELOOM_TEST_KAFKA_CA")),
    ] {
        options.properties.insert(name.into(), value.into());
    }
    let topics = destinations(&unique("secured"));
    create(&options, &topics.events, 1);
    let mut publisher = KafkaPublisher::new(&options, topics.clone()).unwrap();
    publisher
        .publish(&[event(Destination::Events, "k", Some("one"))])
        .unwrap();
    assert_eq!(
        read_count(&mut start(&options, &topics.events, &[]), 1).len(),
        1
    );

    options
        .properties
        .insert("sasl.password".into(), "not-the-password".into());
    let mut source = start(&options, &topics.events, &[]);
    let monitor = source.monitor();
    read_until(&mut source, "trouble", |_, _| {
        monitor
            .status()
            .trouble
            .is_some_and(|trouble| trouble.to_lowercase().contains("authentication"))
    });
    let status = format!("{:?}", monitor.status());
    assert!(
        !monitor.status().ready() && !status.contains("not-the-password"),
        "{status}"
    );
}
