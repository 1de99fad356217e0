//! The whole pipeline without the broker: bytes of records to a durable batch with its rendered events. Parse, decide,
//! render, one synced write per batch, read view and metrics.

use std::sync::Arc;

use caseloom::clock::ManualClock;
use caseloom::config::{Config, StoreRaw};
use caseloom::events::{RenderOptions, Renderer};
use caseloom::generate::{Generator, Profile, START_MS};
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
use caseloom_engine::policy::Policy;
use caseloom_engine::time::Timestamp;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCHES: usize = 12;
const RECORDS: usize = 8_192;

/// Batches of generated alerts, as a source would hand them over in a backlog.
fn batches() -> Vec<RecordBatch> {
    let profile = Profile::by_name("default").expect("a built-in profile");
    let mut alerts = Generator::new(&profile.bounded_by((BATCHES * RECORDS) as u64), 1, START_MS);
    let mut offset = 0;
    let batch = |_| {
        let mut batch = RecordBatch::default();
        for alert in alerts.by_ref().take(RECORDS) {
            batch.records.push(Record {
                topic: TopicId(0),
                partition: 0,
                offset,
                timestamp_ms: Some(alert.arrival_ms),
                start: batch.bytes.len(),
                length: Some(alert.line.len()),
                headers_length: 0,
            });
            batch.bytes.extend_from_slice(alert.line.as_bytes());
            offset += 1;
        }
        batch
    };
    (0..BATCHES).map(batch).collect()
}

/// An owner over an empty store in a new directory, which goes with it.
fn owner() -> (Owner, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory for the store");
    let store = Store::open(directory.path(), &StoreOptions::default()).expect("a new store");
    let recovered = store.recover().expect("an empty store");
    let topics = Topics::number(
        &[],
        vec![TopicSettings {
            name: "alerts".into(),
            format: Format::Auto,
            scope: None,
            message_bytes_max: 1 << 20,
            store_raw: StoreRaw::First,
        }],
    );
    let now = Timestamp(START_MS);
    let correlator =
        wake(&store, &recovered, &topics, Policy::default(), now).expect("nothing to wake");
    let metrics = Arc::new(Metrics::new());
    let (lane, heard) = crossbeam_channel::bounded(1_024);
    std::mem::forget(heard);
    let owner = Owner::new(Parts {
        parser: Config::default().parser(),
        correlator,
        writer: Box::new(store.writer),
        topics,
        next_offsets: Vec::new(),
        lost: 0,
        renderer: Renderer::new(RenderOptions::default()),
        view: Arc::new(CaseView::new(100_000, Arc::clone(&metrics))),
        metrics,
        clock: Arc::new(ManualClock::at(now)),
        limits: Limits {
            records_max: RECORDS,
            bytes_max: 16 << 20,
            age_max: Duration::from_millis(20),
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
    (owner, directory)
}

fn pipeline(criterion: &mut Criterion) {
    let batches = batches();
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements((BATCHES * RECORDS) as u64));
    group.sample_size(10);
    group.bench_function("bytes_to_durable_cases", |bencher| {
        bencher.iter_batched(
            owner,
            |(mut owner, directory)| {
                for batch in &batches {
                    black_box(owner.step(batch).expect("the store takes the batch"));
                }
                (owner, directory)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
