//! How fast the Kafka source reads: produces 350-byte records to a topic of its own and reads them back.
//!
//!     cargo run --release --example kafka_throughput -- localhost:9092 [MILLIONS]
//!
//! The broker and both clients share the machine's processors, so the figure is a lower bound.

use std::time::{Duration, Instant};

use caseloom::kafka::{InputTopic, KafkaOptions, KafkaSource, Start, TopicSpec, ensure_topics};
use caseloom::ports::{RecordBatch, Source};
use caseloom_engine::alert::TopicId;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

const PARTITIONS: i32 = 8;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let brokers = arguments.next().unwrap_or_else(|| "localhost:9092".into());
    let millions: f64 = arguments
        .next()
        .map_or(Ok(1.0), |millions| millions.parse())?;
    let count = (millions * 1e6) as usize;

    let options = KafkaOptions::new(brokers);
    let name = format!("throughput.{}", std::process::id());
    let topic = TopicSpec {
        name: name.clone(),
        partitions: PARTITIONS,
        replication: 1,
        compacted: false,
        roll_ms: None,
        kept: false,
    };
    ensure_topics(&options, &[topic], true)?;
    produce(&options, &name, count)?;
    for round in 1..=3 {
        let seconds = read(&options, &name, count)?;
        println!(
            "round {round}: {count} records of 350 B in {seconds:.2} s: {:.0} records/s",
            count as f64 / seconds
        );
    }
    Ok(())
}

fn produce(options: &KafkaOptions, topic: &str, count: usize) -> anyhow::Result<()> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("linger.ms", "20")
        .set("compression.type", "lz4");
    let producer: BaseProducer = config.create()?;
    for number in 0..count {
        let value = format!(
            "{{\"id\": \"{number:032x}\", \"title\": \"{:297}\"}}",
            number % 997
        );
        let mut record: BaseRecord<'_, [u8], str> = BaseRecord::to(topic)
            .partition(number as i32 % PARTITIONS)
            .payload(&value);
        while let Err((_, unsent)) = producer.send(record) {
            producer.poll(Duration::from_millis(1));
            record = unsent;
        }
    }
    producer.flush(Duration::from_secs(60))?;
    Ok(())
}

fn read(options: &KafkaOptions, topic: &str, count: usize) -> anyhow::Result<f64> {
    let begin = Instant::now();
    let input = InputTopic {
        id: TopicId(1),
        name: topic.into(),
        start: Start::Earliest,
    };
    let mut source = KafkaSource::start(options, vec![input], &[])?;
    let (mut batch, mut records, mut bytes, mut polls) = (RecordBatch::default(), 0, 0, 0);
    while records < count {
        source.poll(Duration::from_secs(1), 16_384, 8 << 20, &mut batch)?;
        records += batch.records.len();
        bytes += batch.bytes.len();
        polls += 1;
        batch.records.clear();
        batch.bytes.clear();
    }
    let seconds = begin.elapsed().as_secs_f64();
    let waits = source.monitor().status().waits_total;
    println!(
        "{polls} polls, {} B a record, the reader waited {waits} times",
        bytes / records
    );
    source.stop()?;
    Ok(seconds)
}
