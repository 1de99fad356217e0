//! What transactions cost: the whole daemon on the same backlog, at least once and exactly once by turns.
//!
//!     cargo run --release --example delivery_cost -- HOST:PORT [ALERTS] [ROUNDS]
//!
//! Needs an Apache Kafka; `tests/kafka/broker start DIR` starts one. Timed is from the first message decided until the
//! last record is published.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use caseloom::config::{Config, Delivery};
use caseloom::daemon::{self, Wishes};
use caseloom::generate::{Generator, Profile, START_MS};
use caseloom::kafka::{KafkaOptions, TopicSpec, ensure_topics};
use caseloom::shutdown::Shutdown;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTITIONS: i32 = 4;

fn main() {
    let mut args = std::env::args().skip(1);
    let brokers = args.next().expect("the address of a broker");
    let alerts: u64 = args
        .next()
        .map_or(200_000, |text| text.parse().expect("a number"));
    let rounds: usize = args
        .next()
        .map_or(3, |text| text.parse().expect("a number"));
    let name = format!("cost.{}", std::process::id());
    produce(&brokers, &name, alerts);
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for turn in 0..2 {
            // Who goes first changes, so that a machine that slows down is fair to both.
            let which = (turn + round) % 2;
            let delivery = [Delivery::AtLeastOnce, Delivery::ExactlyOnce][which];
            let run = format!("{name}.{round}.{which}");
            let (seconds, records) = run_once(&brokers, (&name, &run), delivery, alerts);
            println!("{delivery:?}: {alerts} alerts and {records} events in {seconds:.2} s");
            rates[which].push(alerts as f64 / seconds);
        }
    }
    let [least, exactly] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    let cost = (1.0 - exactly / least) * 100.0;
    println!(
        "median alerts/s: at least once {least:.0}, exactly once {exactly:.0}; cost {cost:.1} %"
    );
}

fn produce(brokers: &str, topic: &str, alerts: u64) {
    let spec = TopicSpec {
        name: topic.into(),
        partitions: PARTITIONS,
        replication: 1,
        compacted: false,
        roll_ms: None,
        kept: false,
    };
    ensure_topics(&KafkaOptions::new(brokers), &[spec], true).expect("the input topic");
    let producer: BaseProducer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "20")
        .create()
        .expect("a producer");
    let profile = Profile::by_name("default").expect("a built-in profile");
    let made = Generator::new(&profile.bounded_by(alerts), 1, START_MS);
    for (number, alert) in made.take(alerts as usize).enumerate() {
        let partition = number as i32 % PARTITIONS;
        let mut record: BaseRecord<'_, (), String> = BaseRecord::to(topic)
            .payload(&alert.line)
            .partition(partition);
        while let Err((_, unsent)) = producer.send(record) {
            producer.poll(Duration::from_millis(5));
            record = unsent;
        }
    }
    producer
        .flush(Duration::from_secs(60))
        .expect("all alerts are written");
}

fn run_once(
    brokers: &str,
    (input, name): (&str, &str),
    delivery: Delivery,
    alerts: u64,
) -> (f64, u64) {
    let directory = tempfile::tempdir().expect("a directory for the store");
    let mut config = Config::default();
    config.kafka.brokers = brokers.into();
    config.inputs[0].topic = input.into();
    config.output.events_topic = format!("{name}.events");
    config.output.state_topic = format!("{name}.state");
    config.output.dlq_topic = format!("{name}.dlq");
    config.output.progress_topic = format!("{name}.progress");
    config.output.transactional_id = name.into();
    config.output.delivery = delivery;
    config.store.path = directory.path().join("store");
    config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (told, address) = crossbeam_channel::bounded(1);
    let wishes = Wishes {
        on_listen: Some(Box::new(move |address| {
            told.send(address).expect("somebody listens")
        })),
        ..Wishes::default()
    };
    let shutdown = Shutdown::new();
    let daemon = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || daemon::run(&config, wishes, &shutdown)
    });
    let address = address.recv().expect("it listens");
    let mut begun = None;
    let seconds = loop {
        let metrics = scrape(address);
        let received = value(&metrics, "caseloom_messages_received_total");
        if received > 0 {
            begun.get_or_insert_with(Instant::now);
        }
        if received == alerts && value(&metrics, "caseloom_outbox_pending") == 0 {
            break begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    };
    let events = scrape(address);
    let events: u64 = events
        .lines()
        .filter(|line| line.starts_with("caseloom_events_published_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    shutdown.request();
    daemon.join().expect("no panic").expect("it ends in order");
    (seconds, events)
}

fn scrape(address: SocketAddr) -> String {
    let mut text = String::new();
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("it takes requests");
    stream.read_to_string(&mut text).expect("it answers");
    text
}

fn value(metrics: &str, name: &str) -> u64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(0)
}
