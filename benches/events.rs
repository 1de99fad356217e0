//! How fast a case event becomes records: one core must keep far ahead of what a busy installation announces. Target: 20,000 events
//! a second of ten activities, 50 microseconds each.

#[path = "../tests/common/cases.rs"]
mod cases;

use std::hint::black_box;

use caseloom::events::{RenderOptions, Renderer};
use caseloom_engine::decision::EventType;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn render(criterion: &mut Criterion) {
    let renderer = Renderer::new(RenderOptions::default());
    let mut group = criterion.benchmark_group("events/render");
    let long = cases::worst(&"\u{202e}".repeat(20_000));
    for (name, case) in [
        ("10 activities", cases::case(10)),
        ("50 activities", cases::case(50)),
        ("worst", long),
    ] {
        let event = cases::event(EventType::Updated, case);
        let bytes = renderer.incident_json(&event).len() as u64;
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(name, |bencher| {
            bencher.iter(|| renderer.render(black_box(&event)))
        });
    }
    group.finish();
}

criterion_group!(benches, render);
criterion_main!(benches);
