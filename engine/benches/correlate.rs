//! The grouping step: from a parsed alert to a filled `Decision`, interning and sealing included, with four entities per
//! alert, while 10,000, 100,000 or 1,000,000 entities are live.
//!
//! `mix`: nine of ten alerts repeat a random activity of the last 50 minutes, 8 % open one that joins its group, 2 %
//! found a group; what falls silent ends. That is hard on the caches: real repeats come in runs. `mix_ids` is the same
//! with native ids, `miss` has nothing but new groups. `on_alert` leaves the sealing out.
//!
//! Times are those of the thread on a processor, so that other work on the machine counts less.
//!
//! Prints for each world its sizes and its bytes (resident memory, the allocator's slack included).
#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a bench takes the time and reads its memory; the engine itself may not"
)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use caseloom_engine::alert::{Alert, Lifecycle, Position, Severity, TopicId};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::Decision;
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::policy::Policy;
use caseloom_engine::time::{Span, Timestamp};
use cpu_time::ThreadTime;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Alerts between two seals, as in a full batch of the pipeline.
const BATCH: usize = 4_096;

/// When all worlds begin.
const BEGIN: Timestamp = Timestamp(1_767_571_200_000);

/// How long an activity is repeated: a little shorter than the dedup window.
const FRESH: Span = Span(50 * 60_000);

/// What one alert in a thousand is.
#[derive(Clone, Copy)]
struct Mix {
    repeats: u64,
    joins: u64,
    ids: bool,
    /// Live entities for each alert of an hour, measured: turns live entities into a rate.
    live_per_rate: f64,
}

const MIX: Mix = Mix {
    repeats: 900,
    joins: 80,
    ids: false,
    live_per_rate: 5.6,
};
const MIX_IDS: Mix = Mix { ids: true, ..MIX };
const MISS: Mix = Mix {
    repeats: 0,
    joins: 0,
    ids: false,
    live_per_rate: 40.0,
};

/// An endless stream of alerts, the same each time.
struct World {
    mix: Mix,
    state: u64,
    time: Timestamp,
    step: Span,
    entities: u64,
    made: i64,
    /// Activities that are repeated, with the time of their first alert.
    fresh: VecDeque<(Timestamp, Alert)>,
}

impl World {
    fn new(mix: Mix, live: u64) -> Self {
        let per_hour = live as f64 / mix.live_per_rate;
        Self {
            mix,
            state: 0x9e37_79b9_7f4a_7c15,
            time: BEGIN,
            step: Span((3_600_000.0 * 1_000.0 / per_hour) as i64),
            entities: 0,
            made: 0,
            fresh: VecDeque::new(),
        }
    }

    /// xorshift64*, modulo `below`.
    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }

    fn fill(&mut self, batch: &mut Vec<Alert>) {
        batch.clear();
        batch.extend((0..BATCH).map(|_| self.next()));
    }

    fn next(&mut self) -> Alert {
        self.made += 1;
        // Steps are in microseconds, time in milliseconds.
        self.time = BEGIN.plus(Span(self.made * self.step.0 / 1_000));
        while self
            .fresh
            .front()
            .is_some_and(|(opened, _)| self.time.since(*opened) > FRESH)
        {
            self.fresh.pop_front();
        }
        let kind = self.random(1_000);
        let mut alert = self.draw(kind);
        alert.time = self.time;
        alert.position.offset = self.made;
        let (high, low) = (self.random(1 << 31), self.made);
        alert.id = self
            .mix
            .ids
            .then(|| format!("{high:08x}-4f6c-4d1d-9e37-{low:012x}").into());
        alert
    }

    fn draw(&mut self, kind: u64) -> Alert {
        let fresh = self.fresh.len() as u64;
        if fresh > 0 && kind < self.mix.repeats {
            let at = self.random(fresh) as usize;
            return self.fresh[at].1.clone();
        }
        let mut alert = self.novel();
        if fresh > 0 && kind < self.mix.repeats + self.mix.joins {
            let at = self.random(fresh) as usize;
            alert.entities[..2].clone_from_slice(&self.fresh[at].1.entities[..2]);
        }
        if self.mix.repeats > 0 {
            self.fresh.push_back((self.time, alert.clone()));
        }
        alert
    }

    /// An alert with four new entities and one of 2,000 rules.
    fn novel(&mut self) -> Alert {
        let n = self.entities;
        self.entities += 1;
        let rule = self.random(2_000);
        let fourth = match n % 4 {
            0 => (EntityKind::Hash, Role::Affected, format!("{:064x}", n + 1)),
            _ => (
                EntityKind::Domain,
                Role::Target,
                format!("c{n}.badhost.example"),
            ),
        };
        let entities = [
            (
                EntityKind::Host,
                Role::Affected,
                format!("ws-{n:06}.corp.example"),
            ),
            (EntityKind::User, Role::Actor, format!("user{n:06}")),
            (
                EntityKind::Ip,
                Role::Source,
                format!(
                    "{}.{}.{}.{}",
                    20 + (n >> 24),
                    n >> 16 & 255,
                    n >> 8 & 255,
                    n & 255
                ),
            ),
            fourth,
        ];
        let entity = |(kind, role, value): (EntityKind, Role, String)| {
            Entity::new(kind, role, &value).expect("made to mean something")
        };
        Alert {
            id: None,
            position: Position {
                topic: TopicId(0),
                partition: 0,
                offset: 0,
                index: 0,
            },
            time: self.time,
            scope: "acme".into(),
            source: "suricata".into(),
            rule_id: format!("20{rule:05}").into(),
            rule_name: format!("ET MALWARE observed command and control {rule}").into(),
            title: "".into(),
            severity: Severity::of(5 + u32::try_from(self.random(20)).expect("small")),
            attack: Default::default(),
            entities: entities.into_iter().map(entity).collect(),
            lifecycle: Lifecycle::Active,
            count: 1,
            updated: None,
        }
    }
}

/// A world with a correlator that has seen enough of it for its tables to grow no more.
struct Bench {
    world: World,
    correlator: Correlator,
    decision: Decision,
    batch: Vec<Alert>,
}

impl Bench {
    fn warm(name: &str, mix: Mix, live: u64) -> Self {
        let mut bench = Self {
            world: World::new(mix, live),
            correlator: Correlator::new(Policy::default(), *b"sixteen byte key"),
            decision: Decision::default(),
            batch: Vec::with_capacity(BATCH),
        };
        // The buffers are filled once before the memory is measured.
        bench.step();
        let before = resident_bytes();
        // Candidates live for some 7 hours, cases for some 27.
        let until = bench.world.time.plus(Span::HOUR.times(30));
        while bench.world.time < until {
            bench.step();
        }
        let sizes = bench.correlator.sizes();
        let bytes = resident_bytes().saturating_sub(before);
        let per = |count: usize| bytes / (count as u64).max(1);
        println!(
            "{name}/{live}: {sizes:?}; {} MiB, {} bytes per activity, {} per entity, with the generator's own",
            bytes >> 20,
            per(sizes.activities),
            per(sizes.entities),
        );
        bench
    }

    /// One batch; how long deciding and sealing took.
    fn step(&mut self) -> (Duration, Duration) {
        self.world.fill(&mut self.batch);
        self.decision.clear();
        let begun = ThreadTime::now();
        self.correlator
            .on_alerts(&self.batch, wall_time, &mut self.decision);
        let decided = begun.elapsed();
        self.correlator.seal(&mut self.decision);
        black_box(&mut self.decision);
        (decided, begun.elapsed() - decided)
    }
}

/// The wall time of an alert that arrives in a backlog which is read at 500,000 alerts a second: updates of cases are
/// gathered, as they are under load.
fn wall_time(alert: &Alert) -> Timestamp {
    BEGIN.plus(Span(alert.position.offset / 500))
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

fn correlate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("correlate");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.sample_size(20);
    for (name, mix, live) in [
        ("mix", MIX, 10_000),
        ("mix", MIX, 100_000),
        ("mix", MIX, 1_000_000),
        ("mix_ids", MIX_IDS, 1_000_000),
        ("miss", MISS, 10_000),
        ("miss", MISS, 100_000),
        ("miss", MISS, 1_000_000),
    ] {
        let mut bench = None;
        for (part, sealed) in [("on_alert", false), ("sealed", true)] {
            group.bench_function(
                BenchmarkId::new(format!("{name}/{part}"), live),
                |bencher| {
                    let bench = bench.get_or_insert_with(|| Bench::warm(name, mix, live));
                    bencher.iter_custom(|steps| {
                        let timed = (0..steps).map(|_| bench.step());
                        timed
                            .map(|(decided, seal)| if sealed { decided + seal } else { decided })
                            .sum()
                    });
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, correlate);
criterion_main!(benches);
