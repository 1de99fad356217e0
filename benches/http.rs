//! What an analyst waits for, over HTTP and RocksDB: a page of 100,000 cases, filtered and sorted (at most 50 ms), and a
//! case of 1,000 activities and 1,000,000 alerts (at most 100 ms). Before the timing it tells how long the lists took
//! to fill.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use caseloom::clock::SystemClock;
use caseloom::http::{Access, HttpOptions, HttpParts, Live, Readiness, serve};
use caseloom::metrics::Metrics;
use caseloom::shutdown::Shutdown;
use caseloom::store::{AlertRow, BatchStore, CommitBatch, Store, StoreOptions};
use caseloom::view::CaseView;
use caseloom_engine::alert::{Position, Severity, TopicId};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::record::{
    ActivityRecord, GroupRecord, Link, LinkKind, Record, Stage, Status, TallyRecord,
};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::{Span, Timestamp};
use criterion::{Criterion, criterion_group, criterion_main};

const CASES: u64 = 100_000;
/// Activities of each of them.
const SMALL: u64 = 3;
const LARGE: u64 = 1_000;
/// Alerts of each activity of the large case.
const ALERTS: u64 = 1_000;
const NOON: Timestamp = Timestamp(1_769_860_800_000);

fn group(number: u64, activities: u64, alerts: u64) -> GroupRecord {
    // A multiplication by an odd number shuffles them.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let time = NOON.minus(Span(i64::try_from(mixed >> 34).unwrap_or(0)));
    GroupRecord {
        id: GroupId(number),
        case: CaseId(number),
        scope: ScopeId(0),
        scope_name: "default".into(),
        stage: Stage::Open,
        status: match number % 3 {
            0 => Status::Investigating,
            _ => Status::New,
        },
        owner: number.is_multiple_of(4).then(|| "ana".into()),
        title: format!("Credential dumping by a signed binary on ws-{number:05}").into(),
        severity: Severity::of(u32::try_from(mixed % 101).unwrap_or(0)),
        risk: (mixed % 10_000) as f64 / 10.0,
        first: time,
        last: time,
        opened: Some(time),
        updated: time,
        closed: None,
        alerts,
        activities,
        entities: 3 * activities,
        attack: vec!["T1003.001".into(), "T1059.001".into()],
        parts: vec![GroupId(number)],
        related: Vec::new(),
        capped: None,
        event_seq: 4,
        unannounced: false,
        attached: 0,
        revision: 2,
    }
}

fn activity(number: u64, group: u64, count: u64) -> [Record; 2] {
    let time = NOON.plus(Span(number as i64));
    let entity = |kind, role, value: String| Entity::new(kind, role, &value);
    let record = ActivityRecord {
        id: ActivityId(number),
        group: GroupId(group),
        scope: ScopeId(0),
        day: NOON.day(),
        window_begin: time,
        window_end: time.plus(Span::HOUR),
        source: "edr".into(),
        rule_id: format!("R-{}", number % 500).into(),
        rule_name: format!("Suspicious access number {}", number % 500).into(),
        title: "A signed binary read the memory of another process".into(),
        alert_id: format!("alert-{number}").into(),
        position: Position::default(),
        attack: vec!["T1003.001".into()],
        entities: [
            entity(
                EntityKind::Host,
                Role::Affected,
                format!("ws-{:05}.example.com", group % CASES),
            ),
            entity(
                EntityKind::User,
                Role::Actor,
                format!("user{}", number % 5_000),
            ),
            entity(
                EntityKind::Ip,
                Role::Source,
                format!(
                    "10.{}.{}.{}",
                    number >> 16 & 255,
                    number >> 8 & 255,
                    number & 255
                ),
            ),
        ]
        .into_iter()
        .flatten()
        .collect(),
        subject: Some(0),
        links: vec![Link {
            kind: LinkKind::SharedEntity,
            entities: vec![(EntityKind::Host, "ws-00001.example.com".into())],
            other: ActivityId(number.saturating_sub(1)),
            gap: Span::MINUTE,
            policy: "default".into(),
        }],
        grounds: Default::default(),
        policy: "default".into(),
    };
    let tally = TallyRecord {
        id: record.id,
        group: record.group,
        first: time,
        last: time.plus(Span::MINUTE),
        count,
        severity: Severity::of(70),
        standing: Standing::News,
        minutes: 1,
        hour: 0,
        base: Standing::News,
        is_counted: false,
        busy_hours: 1,
    };
    [Record::Activity(Box::new(record)), Record::Tally(tally)]
}

fn fill(store: &mut Store) {
    let mut next = 1;
    for some in (0..CASES).collect::<Vec<_>>().chunks(5_000) {
        let mut records = Vec::new();
        for number in some {
            for _ in 0..SMALL {
                records.extend(activity(next, *number, 4));
                next += 1;
            }
            records.push(Record::Group(Box::new(group(*number, SMALL, 4 * SMALL))));
        }
        commit(store, &records, &[]);
    }
    let large = Record::Group(Box::new(group(CASES, LARGE, LARGE * ALERTS)));
    let mut records = vec![large];
    for number in next..next + LARGE {
        records.extend(activity(number, CASES, ALERTS));
    }
    commit(store, &records, &[]);
    // As they came: each batch has alerts of all of them.
    for turn in 0..ALERTS / 10 {
        let rows: Vec<_> = (0..LARGE * 10)
            .map(|row| alert(next + row % LARGE, turn * 10 + row / LARGE))
            .collect();
        commit(store, &[], &rows);
    }
}

fn alert(activity: u64, number: u64) -> AlertRow<'static> {
    AlertRow {
        scope: ScopeId(0),
        day: NOON.day(),
        activity: ActivityId(activity),
        id: None,
        position: Position {
            topic: TopicId(0),
            partition: 0,
            offset: (number * LARGE + activity) as i64,
            index: 0,
        },
        time: NOON.plus(Span(number as i64)),
        disposition: None,
    }
}

fn commit(store: &mut Store, records: &[Record], alerts: &[AlertRow<'_>]) {
    let batch = CommitBatch {
        records,
        alerts,
        ..CommitBatch::default()
    };
    store.writer.commit(&batch).expect("the disk takes it");
}

fn answers(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = Store::open(directory.path(), &StoreOptions::default()).expect("a store");
    fill(&mut store);
    let metrics = Arc::new(Metrics::new());
    let view = Arc::new(CaseView::new(200_000, Arc::clone(&metrics)));
    let begun = Instant::now();
    view.fill(&store.reader).expect("the store is whole");
    println!(
        "lists of {CASES} cases filled in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    let parts = HttpParts {
        view,
        reader: store.reader.clone(),
        metrics,
        readiness: Readiness::new(),
        clock: Arc::new(SystemClock),
        desk: None,
        evidence: None,
        access: Access::read_only(),
        live: Live::default(),
    };
    let options = HttpOptions {
        requests_per_second: 0,
        ..HttpOptions::default()
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("it can be");
    let address = listener.local_addr().expect("it has one");
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            serve(listener, parts, options, stop.requested())
                .await
                .expect("an address");
        });
    });
    let agent = ureq::Agent::new_with_defaults();
    let large = CaseId(CASES);
    for (name, path) in [
        ("first page of 100,000", "/cases".to_owned()),
        (
            "filtered and sorted by risk",
            "/cases?status=new&severity=high%2B&owner=none&sort=-risk".to_owned(),
        ),
        (
            "by entity",
            "/cases?q=host:ws-00017&sort=-severity".to_owned(),
        ),
        (
            "by three terms",
            "/cases?q=user:user17%20-status:closed%20rule:R-17*&sort=-risk".to_owned(),
        ),
        ("by a text that is nowhere", "/cases?q=mimikatz".to_owned()),
        (
            "a case of 1,000 activities and 1,000,000 alerts",
            format!("/cases/{large}"),
        ),
        ("its alerts", format!("/cases/{large}/alerts?limit=500")),
        ("its timeline", format!("/cases/{large}/timeline?limit=500")),
        ("its report", format!("/cases/{large}/report")),
    ] {
        let url = format!("http://{address}/api/v1{path}");
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut answer = agent.get(&url).call().expect("an answer");
                black_box(
                    answer
                        .body_mut()
                        .with_config()
                        .limit(1 << 30)
                        .read_to_vec()
                        .expect("all of it"),
                )
            });
        });
    }
    shutdown.request();
    server.join().expect("it ends");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = answers
}
criterion_main!(benches);
