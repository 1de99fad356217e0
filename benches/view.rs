//! Lists from a read view of 100,000 cases: the first page, a later one, a search that finds nothing. Decided that a page
//! is a pass with a bounded heap, and not a sorted index kept by the owner thread.

use std::hint::black_box;
use std::sync::Arc;

use caseloom::metrics::Metrics;
use caseloom::view::{CaseQuery, CaseView, Search, SeverityFilter, Shelf, Sort};
use caseloom_engine::alert::Severity;
use caseloom_engine::ids::{CaseId, GroupId, ScopeId};
use caseloom_engine::record::{GroupRecord, Record, Stage, Status};
use caseloom_engine::time::Timestamp;
use criterion::{Criterion, criterion_group, criterion_main};

const CASES: u64 = 100_000;

fn group(number: u64) -> GroupRecord {
    // A multiplication by an odd number shuffles them.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let time = Timestamp(1_769_846_400_000 + i64::try_from(mixed >> 34).unwrap_or(0));
    GroupRecord {
        id: GroupId(number),
        case: CaseId(mixed),
        scope: ScopeId(0),
        scope_name: "default".into(),
        stage: Stage::Open,
        status: if number.is_multiple_of(3) {
            Status::Investigating
        } else {
            Status::New
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
        alerts: 12,
        activities: 5,
        entities: 7,
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

fn lists(criterion: &mut Criterion) {
    let view = CaseView::new(200_000, Arc::new(Metrics::new()));
    let records: Vec<_> = (0..CASES)
        .map(group)
        .map(Box::new)
        .map(Record::Group)
        .collect();
    view.apply(&records);
    let latest = CaseQuery::default();
    let later = CaseQuery {
        cursor: view.list(Shelf::Cases, &latest).next,
        ..latest.clone()
    };
    let filtered = CaseQuery {
        status: vec![Status::New],
        severity: Some(SeverityFilter::AtLeast(4)),
        sort: Sort::from_word("-risk").expect("a known order"),
        ..latest.clone()
    };
    let search = CaseQuery {
        search: Search::parse("mimikatz", Timestamp(0)).expect("a search"),
        ..latest.clone()
    };
    for (name, query) in [
        ("first page of 100,000", latest),
        ("second page of 100,000", later),
        ("filtered by severity and status, by risk", filtered),
        ("search that finds nothing", search),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| view.list(Shelf::Cases, black_box(&query)));
        });
    }
    criterion.bench_function("totals of 100,000", |bencher| {
        bencher.iter(|| view.totals())
    });
    criterion.bench_function("apply a batch of 1,000", |bencher| {
        bencher.iter(|| view.apply(black_box(&records[..1_000])));
    });
}

criterion_group!(benches, lists);
criterion_main!(benches);
