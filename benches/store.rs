//! What the store costs. Commits of 8,192 alerts in a batch, synced, on the disk of the temporary directory:
//!
//! `flood`: the alerts count on 40 activities that are there already; each has a native id of its own.
//! `wide`: each alert opens an activity, eight to a group, and its message of 1,000 bytes is kept: the worst case.
//!
//! Before the timing each mix tells its bytes per alert on the disk and its time on a core. Then reads of a large case.

use std::path::Path;

use caseloom::ports::{Destination, NextOffset, OutputRecord};
use caseloom::store::{AlertRow, BatchStore, CommitBatch, Outbox, RawMessage, Store, StoreOptions};
use caseloom_engine::accounting::Accounting;
use caseloom_engine::alert::{Lifecycle, Position, Severity, TopicId};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::record::{
    ActivityRecord, GroupRecord, IdentityRecord, Record, ScopeRecord, Stage, Status, TallyRecord,
};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::{Span, Timestamp};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const ALERTS: u64 = 8_192;
const FLOOD_ACTIVITIES: u64 = 40;
const GROUP_SIZE: u64 = 8;
const NOON: Timestamp = Timestamp(1_643_112_000_000);

/// What the alerts of a batch are like.
#[derive(Clone, Copy)]
enum Mix {
    Flood,
    Wide,
}

/// Owns what a `CommitBatch` borrows.
struct Content {
    records: Vec<Record>,
    alerts: Vec<(u64, u64, String)>,
    raw: Vec<(u64, u64, Vec<u8>)>,
    outbox: Vec<OutputRecord>,
    next_offset: NextOffset,
}

fn position(number: u64) -> Position {
    Position {
        topic: TopicId(1),
        partition: 0,
        offset: number as i64,
        index: 0,
    }
}

fn time(number: u64) -> Timestamp {
    NOON.plus(Span(number as i64))
}

fn activity(id: u64, group: u64) -> ActivityRecord {
    let address = format!("10.{}.{}.{}", id >> 16 & 255, id >> 8 & 255, id & 255);
    let entity = |kind, role, value: &str| Entity::new(kind, role, value);
    ActivityRecord {
        id: ActivityId(id),
        group: GroupId(group),
        scope: ScopeId(0),
        day: NOON.day(),
        window_begin: time(id),
        window_end: time(id).plus(Span::HOUR),
        grounds: Default::default(),
        policy: "default".into(),
        source: "suricata".into(),
        rule_id: "2027865".into(),
        rule_name: "ET INFO Observed DNS Query to .cloud TLD".into(),
        title: "".into(),
        alert_id: format!("alert-{id:016x}").into(),
        position: position(id),
        attack: vec!["TA0011".into()],
        entities: [
            entity(EntityKind::Ip, Role::Source, &address),
            entity(
                EntityKind::Host,
                Role::Affected,
                &format!("ws-{}.example.org", id % 5_000),
            ),
            entity(EntityKind::Domain, Role::Target, "updates.example.cloud"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        subject: Some(1),
        links: vec![],
    }
}

fn group(id: u64, activities: u64) -> GroupRecord {
    GroupRecord {
        id: GroupId(id),
        case: CaseId(id.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        scope: ScopeId(0),
        scope_name: "default".into(),
        stage: Stage::Candidate,
        status: Status::New,
        owner: None,
        title: "ET INFO Observed DNS Query to .cloud TLD".into(),
        severity: Severity::of(50),
        risk: 50.0,
        first: NOON,
        last: time(id),
        opened: None,
        updated: time(id),
        closed: None,
        alerts: activities,
        activities,
        entities: 3,
        attack: vec!["TA0011".into()],
        parts: vec![GroupId(id)],
        related: vec![],
        capped: None,
        event_seq: 0,
        unannounced: false,
        attached: 0,
        revision: 0,
    }
}

fn tally(id: u64, group: u64) -> Record {
    Record::Tally(TallyRecord {
        id: ActivityId(id),
        group: GroupId(group),
        first: NOON,
        last: time(id),
        count: id,
        severity: Severity::of(50),
        standing: Standing::News,
        minutes: 1,
        hour: 0,
        base: Standing::News,
        is_counted: false,
        busy_hours: 1,
    })
}

fn identity(number: u64, activity: u64, group: u64) -> Record {
    let hash = blake3::hash(&number.to_le_bytes());
    Record::Identity(IdentityRecord {
        scope: ScopeId(0),
        key: *hash.as_bytes().first_chunk().expect("a hash has 32 bytes"),
        time: time(number),
        activity: ActivityId(activity),
        group: GroupId(group),
        count: 1,
        updated: None,
        lifecycle: Lifecycle::Active,
    })
}

/// A message that packs about as well as a real one: half of it the same each time.
fn message(number: u64) -> Vec<u8> {
    let noise = blake3::hash(&number.to_be_bytes()).to_hex();
    let field = |n: usize| format!("\"field_{n}\":\"{}\",", &noise[n..n + 24]);
    let mut text: String = (0..26).map(field).collect();
    text.truncate(1_000);
    text.into_bytes()
}

fn event(number: u64) -> OutputRecord {
    OutputRecord {
        destination: Destination::Events,
        key: b"default|0123456789abc".to_vec(),
        headers: vec![("ce_id".to_owned(), number.to_string().into_bytes())],
        value: Some(message(number).repeat(4)),
        timestamp_ms: number as i64,
    }
}

fn records_of(mix: Mix, first: u64) -> Vec<Record> {
    let mut records = vec![Record::Accounting(Accounting::default())];
    records.push(Record::Scope(ScopeRecord {
        id: ScopeId(0),
        name: "default".into(),
        time: time(first),
        heard: time(first),
        heard_time: time(first),
        since: time(first),
    }));
    match mix {
        Mix::Flood => {
            records.extend((1..=FLOOD_ACTIVITIES).map(|id| tally(id, id / GROUP_SIZE + 1)));
            let groups = 1..=FLOOD_ACTIVITIES / GROUP_SIZE;
            records.extend(groups.map(|id| Record::Group(Box::new(group(id, GROUP_SIZE)))));
        }
        Mix::Wide => {
            for id in first..first + ALERTS {
                records.push(Record::Activity(Box::new(activity(id, id / GROUP_SIZE))));
                records.push(tally(id, id / GROUP_SIZE));
                if id % GROUP_SIZE == 0 {
                    records.push(Record::Group(Box::new(group(id / GROUP_SIZE, GROUP_SIZE))));
                }
            }
        }
    }
    let counted_on = |number| activity_of(mix, number);
    let identities = first..first + ALERTS;
    records.extend(identities.map(|n| identity(n, counted_on(n), counted_on(n) / GROUP_SIZE)));
    records
}

fn activity_of(mix: Mix, number: u64) -> u64 {
    match mix {
        Mix::Flood => number % FLOOD_ACTIVITIES + 1,
        Mix::Wide => number,
    }
}

fn content(mix: Mix, batch: u64) -> Content {
    let first = batch * ALERTS;
    let numbers = first..first + ALERTS;
    let (raw, events) = match mix {
        Mix::Flood => (vec![], FLOOD_ACTIVITIES / GROUP_SIZE),
        Mix::Wide => (numbers.clone().map(|n| (n, n, message(n))).collect(), 100),
    };
    Content {
        records: records_of(mix, first),
        alerts: numbers
            .map(|n| (n, activity_of(mix, n), format!("alert-{n:016x}")))
            .collect(),
        raw,
        outbox: (0..events).map(event).collect(),
        next_offset: NextOffset {
            topic: TopicId(1),
            partition: 0,
            offset: (first + ALERTS) as i64,
        },
    }
}

fn commit(store: &mut Store, content: &Content) {
    let (scope, day) = (ScopeId(0), NOON.day());
    let alerts: Vec<AlertRow<'_>> = content
        .alerts
        .iter()
        .map(|(number, activity, id)| AlertRow {
            scope,
            day,
            activity: ActivityId(*activity),
            id: Some(id),
            position: position(*number),
            time: time(*number),
            disposition: None,
        })
        .collect();
    let raw: Vec<RawMessage<'_>> = content
        .raw
        .iter()
        .map(|(number, activity, bytes)| {
            let (position, activity) = (position(*number), ActivityId(*activity));
            RawMessage {
                scope,
                day,
                activity,
                position,
                bytes,
            }
        })
        .collect();
    let persisted = store.writer.commit(&CommitBatch {
        records: &content.records,
        alerts: &alerts,
        raw: &raw,
        next_offsets: &[content.next_offset],
        topics: &[],
        outbox: &content.outbox,
        ..CommitBatch::default()
    });
    let persisted = persisted.expect("the disk has room for the bench");
    store
        .outbox
        .mark_published(persisted.outbox_head())
        .expect("the disk has room for the bench");
}

fn open(path: &Path) -> Store {
    Store::open(path, &StoreOptions::default()).expect("a new directory opens")
}

/// What does not depend on how busy the machine is, over 40 batches: bytes per alert in tables (opening flushes what
/// was only in the log), and the owner thread's time on a core.
fn tell_costs(name: &str, mix: Mix) {
    let directory = tempfile::TempDir::new().expect("there is a temporary directory");
    let mut store = open(directory.path());
    let mut on_core = 0;
    for batch in 0..40 {
        let content = content(mix, batch);
        let before = on_core_ns();
        commit(&mut store, &content);
        on_core += on_core_ns() - before;
    }
    drop(store);
    let health = open(directory.path())
        .reader
        .health()
        .expect("RocksDB tells its sizes");
    let alerts = (40 * ALERTS) as f64;
    let bytes = health.table_bytes as f64 / alerts;
    let micros = on_core as f64 / 1_000.0 / alerts;
    println!("{name}: {bytes:.1} bytes on disk and {micros:.2} us of the owner thread per alert");
}

/// How long this thread was on a core, as Linux counts it; elsewhere 0.
fn on_core_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = schedstat.split(' ').next();
    first.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn commits(criterion: &mut Criterion) {
    for (name, mix) in [("flood", Mix::Flood), ("wide", Mix::Wide)] {
        tell_costs(name, mix);
        let directory = tempfile::TempDir::new().expect("there is a temporary directory");
        let mut store = open(directory.path());
        let mut batch = 0;
        let mut group = criterion.benchmark_group("commit");
        group
            .throughput(Throughput::Elements(ALERTS))
            .sample_size(20);
        group.bench_function(name, |bencher| {
            let next = || {
                batch += 1;
                content(mix, batch)
            };
            bencher.iter_batched(
                next,
                |content| commit(&mut store, &content),
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

/// A case of 1,000 activities and about a million alerts, as the HTTP side reads it.
fn reads(criterion: &mut Criterion) {
    const ACTIVITIES: u64 = 1_000;
    let directory = tempfile::TempDir::new().expect("there is a temporary directory");
    let mut store = open(directory.path());
    let case = group(1, ACTIVITIES);
    let mut records = vec![Record::Group(Box::new(case.clone()))];
    for id in 1..=ACTIVITIES {
        records.push(Record::Activity(Box::new(activity(id, 1))));
        records.push(tally(id, 1));
    }
    for batch in 0..1_000_000 / ALERTS {
        let mut content = content(Mix::Flood, batch);
        content.records = std::mem::take(&mut records);
        content
            .alerts
            .iter_mut()
            .for_each(|(number, activity, _)| *activity = *number % ACTIVITIES + 1);
        commit(&mut store, &content);
    }
    let reader = &store.reader;
    let mut group = criterion.benchmark_group("read");
    group.bench_function("1000 activities of 1M alerts", |bencher| {
        bencher.iter(|| reader.activities(&case, 10_000).expect("the store reads"));
    });
    let first = reader
        .alerts_page(&case, None, 100)
        .expect("the store reads");
    group.bench_function("page of 100 alerts of 1M", |bencher| {
        bencher.iter(|| {
            reader
                .alerts_page(&case, first.next.as_deref(), 100)
                .expect("the store reads")
        });
    });
    group.finish();
}

criterion_group!(benches, commits, reads);
criterion_main!(benches);
