//! The Kafka source and publisher against librdkafka's mock cluster: what works when brokers do, and when they don't.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod kafka_client;

use std::time::{Duration, Instant};

use caseloom::kafka::{
    EmbeddedBroker, KafkaError, KafkaPublisher, KafkaSource, Notice, Start, TopicSpec,
    ensure_topics,
};
use caseloom::ports::{Destination, OutputRecord, PublishError, RecordBatch, Source, SourceError};
use kafka_client::*;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

fn broker(partitions: i32) -> EmbeddedBroker {
    EmbeddedBroker::start(&["alerts"], partitions).unwrap()
}

#[test]
fn every_record_is_read_once_in_order() {
    let broker = broker(3);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 3, 0..2000);
    let mut source = start(&options, "alerts", &[]);
    let all = read_count(&mut source, 6000);
    assert_eq!(all.len(), 6000);
    assert_in_order(&all, 3, 0);
    source.stop().unwrap();
}

#[test]
fn reading_goes_on_at_the_given_offsets() {
    let broker = broker(2);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 2, 0..100);
    let mut source = start(&options, "alerts", &[next(1, 0, 40), next(1, 1, 99)]);
    let all = read_to_end(&mut source);
    assert_eq!(of(&all, 0).first().unwrap().offset, 40);
    assert_eq!((of(&all, 0).len(), of(&all, 1).len()), (60, 1));
    assert!(
        source.monitor().take_notices().is_empty(),
        "nothing new to store"
    );
}

#[test]
fn a_partition_without_an_offset_begins_at_its_beginning_if_the_topic_was_read_before() {
    let broker = broker(2);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 2, 0..10);
    let topics = vec![topic(1, "alerts", Start::Latest)];
    let mut source = KafkaSource::start(&options, topics, &[next(1, 0, 10)]).unwrap();
    let all = read_count(&mut source, 10);
    assert_eq!(of(&all, 1).len(), 10);
    assert_eq!(
        source.monitor().take_notices(),
        [Notice::Assigned(next(1, 1, 0))]
    );
}

#[test]
fn latest_reads_what_comes_from_now_on() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 1, 0..10);
    let topics = vec![topic(1, "alerts", Start::Latest)];
    let mut source = KafkaSource::start(&options, topics, &[]).unwrap();
    assert!(read_to_end(&mut source).is_empty());
    assert_eq!(
        source.monitor().take_notices(),
        [Notice::Assigned(next(1, 0, 10))]
    );
    produce_numbers(&options, "alerts", 1, 10..13);
    assert_in_order(&read_count(&mut source, 3), 1, 10);
}

#[test]
fn tombstones_and_empty_values_differ() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    let producer = producer(&options);
    for value in [None, Some(&b""[..]), Some(b"x")] {
        produce(&producer, "alerts", 0, value, Some(1_700_000_000_000));
    }
    flush(&producer);
    let all = read_count(&mut start(&options, "alerts", &[]), 3);
    let values: Vec<_> = all.iter().map(|got| got.value.as_deref()).collect();
    assert_eq!(values, [None, Some(&b""[..]), Some(b"x")]);
    assert!(
        all.iter()
            .all(|got| got.timestamp_ms == Some(1_700_000_000_000))
    );
}

#[test]
fn topics_of_the_same_partition_numbers_are_told_apart() {
    let broker = EmbeddedBroker::start(&["edr", "ids"], 2).unwrap();
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "edr", 2, 0..50);
    produce_numbers(&options, "ids", 2, 0..5);
    let topics = vec![
        topic(7, "edr", Start::Earliest),
        topic(9, "ids", Start::Earliest),
    ];
    let mut source = KafkaSource::start(&options, topics, &[next(9, 1, 3)]).unwrap();
    let all = read_to_end(&mut source);
    let count = |topic| all.iter().filter(|got| got.topic.0 == topic).count();
    assert_eq!((count(7), count(9)), (100, 7));
    let lag = source.monitor().lag();
    assert_eq!(lag.len(), 4);
    assert!(lag.iter().all(|partition| partition.lag == 0), "{lag:?}");
}

#[test]
fn a_missing_topic_is_waited_for_and_then_read_whole() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    let topics = vec![
        topic(1, "alerts", Start::Earliest),
        topic(2, "later", Start::Latest),
    ];
    let mut source = KafkaSource::start(&options, topics, &[]).unwrap();
    let monitor = source.monitor();
    read_until(&mut source, "missing topic", |_, _| {
        monitor.status().topics_missing == ["later"]
    });
    assert!(!monitor.status().ready());
    broker.create_topic("later", 1).unwrap();
    produce_numbers(&options, "later", 1, 0..5);
    assert_in_order(&read_count(&mut source, 5), 1, 0);
    assert!(monitor.status().ready());
}

#[test]
fn a_slow_pipeline_makes_the_reader_wait_and_loses_nothing() {
    let broker = broker(2);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 2, 0..40_000);
    let mut source = start(&options, "alerts", &[]);
    let monitor = source.monitor();
    let deadline = Instant::now() + PATIENCE;
    while !monitor.status().held {
        assert!(
            Instant::now() < deadline,
            "the reader did not stop fetching"
        );
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let mut batch = RecordBatch::default();
    let mut seen = [0_i64; 2];
    let mut polls = 0_u64;
    while seen != [40_000; 2] {
        source
            .poll(Duration::from_millis(50), 97, 500, &mut batch)
            .unwrap();
        assert!(batch.records.len() <= 97 && batch.bytes.len() <= 500 + 8);
        for record in &batch.records {
            let place = &mut seen[record.partition as usize];
            assert_eq!(record.offset, *place);
            *place += 1;
        }
        batch.records.clear();
        batch.bytes.clear();
        polls += 1;
        assert!(Instant::now() < deadline, "{seen:?} after {polls} polls");
    }
    let status = monitor.status();
    assert!(
        status.waits_total > 0 && status.repeats_total == 0 && !status.held,
        "{status:?}"
    );
}

/// Writes more than the 5 MiB that the mock cluster keeps of a partition, in message sets of one. Returns the lowest
/// offset that is left.
fn overflow(broker: &EmbeddedBroker) -> i64 {
    let mut options = options(&broker.bootstrap());
    options
        .properties
        .insert("batch.num.messages".into(), "1".into());
    let producer = producer(&options);
    for _ in 0..80 {
        produce(&producer, "alerts", 0, Some(&[b'x'; 100_000]), None);
    }
    flush(&producer);
    read_count(&mut start(&options, "alerts", &[]), 1)[0].offset
}

/// A name that only a client without rules for names can send.
#[expect(unsafe_code, reason = "no safe call makes such a name")]
fn add_nameless(headers: &OwnedHeaders) {
    let native = std::ptr::from_ref(headers.as_borrowed()).cast_mut().cast();
    let (name, value) = (b"\xFFce_time".as_slice(), b"x".as_slice());
    // SAFETY: the headers are ours alone and alive; name and value are copied with the lengths given.
    let added = unsafe {
        let (name, value) = (name.as_ptr().cast(), value.as_ptr().cast());
        rdkafka::bindings::rd_kafka_header_add(native, name, 8, value, 1)
    };
    assert_eq!(added, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR);
}

#[test]
fn headers_that_a_parser_looks_at_are_read_whatever_the_others_are() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    let producer = producer(&options);
    let header = |key, value| Header { key, value };
    let headers = OwnedHeaders::new()
        .insert(header("traceparent", Some("00-0af7")))
        .insert(header("Content-Type", Some("application/json")))
        .insert(header("ce_time", None::<&str>));
    add_nameless(&headers);
    let long = "9".repeat(300);
    let headers = headers
        .insert(header("ce_time", Some("2026-03-01T09:14:11Z")))
        .insert(header("ce_time", Some("2027-03-01T09:14:11Z")))
        .insert(header("ce_type", Some(&long)));
    let record = BaseRecord::<str, str>::to("alerts").partition(0);
    let sent = producer.send(record.payload("{}").headers(headers));
    sent.map_err(|(error, _)| error).unwrap();
    produce(&producer, "alerts", 0, Some(b"[]"), None);
    flush(&producer);
    let all = read_count(&mut start(&options, "alerts", &[]), 2);
    let text = |index: usize| -> Vec<(&str, &str)> {
        let headers = all[index].headers.iter();
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        headers
            .map(|(name, value)| (&**name, text(value)))
            .collect()
    };
    assert_eq!(
        text(0),
        [
            ("content-type", "application/json"),
            ("ce_time", "2026-03-01T09:14:11Z")
        ]
    );
    assert_eq!(
        (all[1].value.as_deref(), text(1)),
        (Some(b"[]".as_slice()), vec![])
    );
}

#[test]
fn an_offset_that_is_gone_has_a_name_and_a_size() {
    let broker = broker(1);
    let low = overflow(&broker);
    assert!(low > 5);
    let mut source = start(&options(&broker.bootstrap()), "alerts", &[next(1, 0, 5)]);
    match read_error(&mut source) {
        SourceError::OffsetOutOfRange {
            topic,
            partition: 0,
            wanted: 5,
            low: at,
            high: 80,
            missing,
        } => {
            assert_eq!((topic.as_str(), at, missing), ("alerts", low, low - 5));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_accepted_gap_is_reported_and_passed_over() {
    let broker = broker(1);
    let low = overflow(&broker);
    let mut options = options(&broker.bootstrap());
    options.accept_gap = true;
    let mut source = start(&options, "alerts", &[next(1, 0, 5)]);
    assert_eq!(read_count(&mut source, 1)[0].offset, low);
    match source.monitor().take_notices()[..] {
        [Notice::Gap(gap)] => assert_eq!((gap.from, gap.to, gap.missing), (5, low, low - 5)),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn an_offset_beyond_the_end_means_the_topic_was_made_anew() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 1, 0..3);
    let error = read_error(&mut start(&options, "alerts", &[next(1, 0, 50)]));
    assert!(
        matches!(
            error,
            SourceError::OffsetOutOfRange {
                wanted: 50,
                low: 0,
                high: 3,
                missing: 47,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn in_a_backlog_no_partition_runs_far_ahead() {
    let broker = broker(2);
    let mut options = options(&broker.bootstrap());
    options.skew_max = Duration::from_secs(600);
    let producer = producer(&options);
    let (begin, step, count) = (1_700_000_000_000, 1_000, 6_000);
    for partition in 0..2 {
        for number in 0..count {
            produce(
                &producer,
                "alerts",
                partition,
                Some(b"x"),
                Some(begin + number * step),
            );
        }
    }
    flush(&producer);
    let mut source = start(&options, "alerts", &[]);
    let all = read_count(&mut source, 12_000);
    let mut last = [begin; 2];
    for got in &all {
        last[got.partition as usize] = got.timestamp_ms.unwrap();
        assert!((last[0] - last[1]).abs() <= 600_000 + step, "{last:?}");
    }
    assert_eq!((of(&all, 0).len(), of(&all, 1).len()), (6_000, 6_000));
}

#[test]
fn a_broker_that_goes_away_and_comes_back_costs_no_record() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    produce_numbers(&options, "alerts", 1, 0..100);
    let mut source = start(&options, "alerts", &[]);
    assert_in_order(&read_to_end(&mut source), 1, 0);
    broker.go_down().unwrap();
    let monitor = source.monitor();
    read_until(&mut source, "trouble", |_, caught_up| {
        !caught_up && monitor.status().trouble.is_some()
    });
    broker.come_up().unwrap();
    produce_numbers(&options, "alerts", 1, 100..200);
    assert_in_order(&read_count(&mut source, 100), 1, 100);
    read_until(&mut source, "recovery", |_, caught_up| {
        caught_up && monitor.status().trouble.is_none()
    });
}

#[test]
fn a_source_without_a_broker_waits_and_stops_when_told() {
    let broker = broker(1);
    let options = options(&broker.bootstrap());
    broker.go_down().unwrap();
    let source = start(&options, "alerts", &[]);
    assert!(!source.monitor().status().ready());
    source.stop().unwrap();
}

fn event(key: &str, value: Option<&str>) -> OutputRecord {
    OutputRecord {
        destination: Destination::Events,
        key: key.into(),
        headers: vec![
            ("ce_type".into(), b"opened".to_vec()),
            ("ce_empty".into(), Vec::new()),
        ],
        value: value.map(Into::into),
        timestamp_ms: 1_700_000_000_123,
    }
}

#[test]
fn what_is_published_can_be_read() {
    let broker = EmbeddedBroker::start(&["out.events", "out.state", "out.dlq"], 1).unwrap();
    let options = options(&broker.bootstrap());
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    let state = OutputRecord {
        destination: Destination::State,
        ..event("k", None)
    };
    let letter = OutputRecord {
        destination: Destination::DeadLetters,
        ..event("d", Some("bad"))
    };
    publisher
        .publish(&[
            event("k", Some("one")),
            event("k", Some("two")),
            state,
            letter,
        ])
        .unwrap();
    publisher.publish(&[]).unwrap();

    let events = plain_consumer(&options, "out.events", 0);
    let first = next_message(&events);
    assert_eq!(
        (first.key(), first.payload()),
        (Some(&b"k"[..]), Some(&b"one"[..]))
    );
    assert_eq!(first.timestamp().to_millis(), Some(1_700_000_000_123));
    let headers: Vec<_> = first
        .headers()
        .unwrap()
        .iter()
        .map(|header| (header.key, header.value))
        .collect();
    assert_eq!(
        headers,
        [("ce_type", Some(&b"opened"[..])), ("ce_empty", Some(b""))]
    );
    assert_eq!(next_message(&events).payload(), Some(&b"two"[..]));
    assert_eq!(
        next_message(&plain_consumer(&options, "out.state", 0)).payload(),
        None
    );
    assert_eq!(
        next_message(&plain_consumer(&options, "out.dlq", 0)).payload(),
        Some(&b"bad"[..])
    );
}

#[test]
fn a_broker_that_fails_for_long_is_temporary() {
    let broker = EmbeddedBroker::start(&["out.events"], 1).unwrap();
    let mut options = options(&broker.bootstrap());
    options.delivery_timeout = Duration::from_secs(1);
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    let errors = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 1000];
    broker.fail_requests(RDKafkaApiKey::Produce, &errors);
    let error = publisher.publish(&[event("k", Some("one"))]).unwrap_err();
    assert!(matches!(error, PublishError::Temporary(_)), "{error}");
    broker.heal_requests(RDKafkaApiKey::Produce);
    publisher.publish(&[event("k", Some("one"))]).unwrap();
}

#[test]
fn a_broker_that_is_away_is_temporary() {
    let broker = EmbeddedBroker::start(&["out.events"], 1).unwrap();
    let mut options = options(&broker.bootstrap());
    options.delivery_timeout = Duration::from_secs(1);
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    broker.go_down().unwrap();
    let error = publisher.publish(&[event("k", Some("one"))]).unwrap_err();
    assert!(matches!(error, PublishError::Temporary(_)), "{error}");
    broker.come_up().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = publisher.publish(&[event("k", Some("one"))]) {
        assert!(
            matches!(error, PublishError::Temporary(_)) && Instant::now() < deadline,
            "{error}"
        );
    }
}

#[test]
fn a_refusal_is_fatal_and_a_new_publisher_goes_on() {
    let broker = EmbeddedBroker::start(&["out.events"], 1).unwrap();
    let options = options(&broker.bootstrap());
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    publisher.publish(&[event("k", Some("one"))]).unwrap();
    let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    broker.fail_requests(RDKafkaApiKey::Produce, &[refusal]);
    let error = publisher.publish(&[event("k", Some("two"))]).unwrap_err();
    assert!(matches!(error, PublishError::Fatal(_)), "{error}");
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    publisher.publish(&[event("k", Some("two"))]).unwrap();
}

#[test]
fn a_record_that_is_too_large_is_fatal_and_the_others_are_settled() {
    let broker = EmbeddedBroker::start(&["out.events"], 1).unwrap();
    let options = options(&broker.bootstrap());
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    let large = "x".repeat(3 << 20);
    let records = [
        event("k", Some("one")),
        event("k", Some(&large)),
        event("k", Some("three")),
    ];
    let error = publisher.publish(&records).unwrap_err();
    assert!(matches!(error, PublishError::Fatal(_)), "{error}");
    publisher.publish(&[event("k", Some("one"))]).unwrap();
}

#[test]
fn more_than_the_queue_holds_is_published_in_one_call() {
    let broker = EmbeddedBroker::start(&["out.events"], 1).unwrap();
    let mut options = options(&broker.bootstrap());
    options
        .properties
        .insert("queue.buffering.max.messages".into(), "100".into());
    let mut publisher = KafkaPublisher::new(&options, destinations("out")).unwrap();
    let records: Vec<_> = (0..2000)
        .map(|number| event("k", Some(&number.to_string())))
        .collect();
    publisher.publish(&records).unwrap();
    let mut source = start(&options, "out.events", &[]);
    let all = read_count(&mut source, 2000);
    for (number, got) in all.iter().enumerate() {
        assert_eq!(got.value.as_deref(), Some(number.to_string().as_bytes()));
    }
}

#[test]
fn an_unreachable_broker_is_reported_when_topics_are_checked() {
    let broker = EmbeddedBroker::start(&[], 1).unwrap();
    let mut options = options(&broker.bootstrap());
    options.request_timeout = Duration::from_millis(300);
    broker.go_down().unwrap();
    let missing = TopicSpec {
        name: "x".into(),
        partitions: 1,
        replication: 1,
        compacted: false,
        roll_ms: None,
        kept: false,
    };
    let error = ensure_topics(&options, &[missing], false).unwrap_err();
    assert!(matches!(error, KafkaError::Client { .. }), "{error}");
}

/// The mock cluster makes topics when a producer asks for them, as brokers do by default.
#[test]
fn asking_for_a_topic_does_not_make_it() {
    let broker = EmbeddedBroker::start(&[], 1).unwrap();
    let options = options(&broker.bootstrap());
    let missing = TopicSpec {
        name: "x".into(),
        partitions: 1,
        replication: 1,
        compacted: false,
        roll_ms: None,
        kept: false,
    };
    for _ in 0..2 {
        let error = ensure_topics(&options, std::slice::from_ref(&missing), false).unwrap_err();
        assert!(matches!(error, KafkaError::TopicsMissing(_)), "{error}");
    }
    broker.create_topic("x", 1).unwrap();
    ensure_topics(&options, &[missing], false).unwrap();
}
