//! How long a start takes over a store with many live activities: open, read back, rebuild the engine's memory and the
//! lists.
//!
//!     cargo run --release --example recovery -- 1000000
//!     cargo run --release --example recovery -- 1000000 /tmp/large      fills it once, and measures it again and again
//!
//! Every alert is an activity of its own: 3 alerts share a host, so there are candidates and cases of 3.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use caseloom::clock::ManualClock;
use caseloom::config::{Config, StoreRaw};
use caseloom::events::{RenderOptions, Renderer};
use caseloom::metrics::Metrics;
use caseloom::pipeline::{
    Care, DeskQueue, LaneStatus, Limits, Owner, Parts, Post, StoreGuard, TopicSettings, Topics,
    wake,
};
use caseloom::ports::{Record, RecordBatch};
use caseloom::store::{Store, StoreOptions};
use caseloom::view::CaseView;
use caseloom_engine::alert::TopicId;
use caseloom_engine::input::Format;
use caseloom_engine::time::Timestamp;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 8_192;
/// 2026-01-31T08:00:00Z.
const NOW: Timestamp = Timestamp(1_769_846_400_000);

fn main() {
    let count: usize = std::env::args().nth(1).map_or(100_000, |text| {
        text.parse().expect("a number of activities")
    });
    let directory = tempfile::tempdir().expect("a directory for the store");
    let kept = std::env::args().nth(2).map(PathBuf::from);
    let path = kept.as_deref().unwrap_or_else(|| directory.path());
    if !path.join("CURRENT").exists() {
        fill(path, count);
    }
    for _ in 0..3 {
        measure(path);
    }
}

fn topics() -> Topics {
    let settings = TopicSettings {
        name: "alerts".into(),
        format: Format::Auto,
        scope: None,
        message_bytes_max: 1 << 20,
        store_raw: StoreRaw::First,
    };
    Topics::number(&[], vec![settings])
}

fn alert(number: usize) -> String {
    let time = NOW.0 - 1_800_000 + (number as i64 * 1_800_000 / 1_000_000).min(1_800_000);
    let severity = if number.is_multiple_of(30) {
        "high"
    } else {
        "low"
    };
    format!(
        r#"{{"id":"a{number}","time":"{}","source":"edr","rule":{{"id":"R{}","name":"Rule"}},"severity":"{severity}","title":"Rule on a host","entities":[{{"kind":"host","value":"host-{}","role":"affected"}},{{"kind":"user","value":"user-{}","role":"actor"}}]}}"#,
        Timestamp(time).to_rfc3339(),
        number % 3,
        number / 3,
        number / 3,
    )
}

fn fill(path: &Path, count: usize) {
    let begun = Instant::now();
    let store = Store::open(path, &StoreOptions::default()).expect("a new store");
    let recovered = store.recover().expect("an empty store");
    let config = Config::default();
    let policy = config.load_policy(None).expect("the built-in policy");
    let topics = topics();
    let correlator = wake(&store, &recovered, &topics, policy, NOW).expect("nothing to wake");
    let metrics = Arc::new(Metrics::new());
    let (lane, _heard) = crossbeam_channel::bounded(1);
    let mut owner = Owner::new(Parts {
        parser: config.parser(),
        correlator,
        writer: Box::new(store.writer),
        topics,
        next_offsets: Vec::new(),
        lost: 0,
        renderer: Renderer::new(RenderOptions::default()),
        view: Arc::new(CaseView::new(200_000, Arc::clone(&metrics))),
        metrics,
        clock: Arc::new(ManualClock::at(NOW)),
        limits: Limits {
            records_max: BATCH,
            bytes_max: 64 << 20,
            age_max: Duration::ZERO,
            outbox_records_max: u64::MAX,
            outbox_bytes_max: u64::MAX,
        },
        lane,
        lane_status: LaneStatus::default(),
        guard: StoreGuard::default(),
        care: Care::default(),
        desk: DeskQueue::default(),
        post: Post::none(),
        contexts: Default::default(),
        on_event: None,
    });
    for first in (0..count).step_by(BATCH) {
        let mut batch = RecordBatch::default();
        for number in first..count.min(first + BATCH) {
            let value = alert(number);
            batch.records.push(Record {
                topic: TopicId(0),
                partition: 0,
                offset: number as i64,
                timestamp_ms: None,
                start: batch.bytes.len(),
                length: Some(value.len()),
                headers_length: 0,
            });
            batch.bytes.extend_from_slice(value.as_bytes());
        }
        owner.step(&batch).expect("the store takes the batch");
    }
    let sizes = owner.correlator().sizes();
    println!(
        "filled in {:.1} s: {} live activities in {} candidates and {} cases",
        begun.elapsed().as_secs_f64(),
        sizes.activities,
        sizes.candidates,
        sizes.cases
    );
}

fn measure(path: &Path) {
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let store = Store::open(path, &StoreOptions::default()).expect("the store");
    let recovered = store.recover().expect("the store is whole");
    let opened = begun.elapsed();
    println!("opened after {:.2} s", opened.as_secs_f64());
    let view = CaseView::new(200_000, Arc::new(Metrics::new()));
    let policy = Config::default()
        .load_policy(None)
        .expect("the built-in policy");
    // Side by side, as the daemon does.
    let correlator = std::thread::scope(|threads| {
        threads.spawn(|| {
            view.fill(&store.reader).expect("the groups are whole");
            println!("lists after {:.2} s", begun.elapsed().as_secs_f64());
        });
        wake(&store, &recovered, &topics(), policy, NOW).expect("the state is whole")
    });
    let woken = begun.elapsed();
    println!(
        "ready after {:.2} s, {:.2} s of them on a processor, with {} live activities",
        woken.as_secs_f64(),
        cpu_seconds() - cpu,
        correlator.sizes().activities
    );
}

/// Seconds that all threads spent on a processor, by Linux' `/proc/self/stat` in hundredths; on a busy machine they say
/// more than the clock does.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields.skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
