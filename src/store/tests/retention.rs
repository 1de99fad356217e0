//! Whole days of one scope go, and nothing else.

use crate::store::BatchStore;
use caseloom_engine::ids::ScopeId;
use caseloom_engine::record::{Record, Stage};
use caseloom_engine::time::Span;

use super::super::{AlertRow, CommitBatch, RawMessage, Store};
use super::{new_store, open};
use crate::store::samples::{self, NOON};

/// A native id, a row and a message on each of three days, in two scopes.
fn fill(store: &mut Store) {
    for scope in [0, 1] {
        for days in 0..3 {
            let time = NOON.plus(Span::DAY.times(days));
            let (scope_id, day) = (ScopeId(scope), time.day());
            let identity = samples::identity(scope, days as u8, time);
            let batch = CommitBatch {
                records: &[Record::Identity(identity)],
                alerts: &[AlertRow {
                    scope: scope_id,
                    day,
                    ..samples::row(10, days)
                }],
                raw: &[RawMessage {
                    scope: scope_id,
                    day,
                    ..samples::raw(10, days)
                }],
                ..CommitBatch::default()
            };
            store.writer.commit(&batch).unwrap();
        }
    }
}

/// Which of the three days a scope has: (native ids, rows, messages).
fn days(store: &Store, scope: u32) -> [Vec<i64>; 3] {
    let has = |has: &dyn Fn(i64) -> bool| (0..3).filter(|days| has(*days)).collect::<Vec<i64>>();
    let activity = |days: i64| {
        let mut activity = samples::activity(1, 10);
        activity.scope = ScopeId(scope);
        activity.day = NOON.day() + days as i32;
        activity
    };
    let identities = has(&|days| {
        store
            .reader
            .alert_by_id(ScopeId(scope), [days as u8; 16])
            .unwrap()
            .is_some()
    });
    let raw = has(&|days| !store.reader.raw(&activity(days), 9).unwrap().is_empty());
    let rows = has(&|days| {
        let key = crate::store::schema::in_day(ScopeId(scope), activity(days).day);
        let mut rows = 0;
        let family = crate::store::schema::Family::Alerts;
        store
            .db
            .scan(family, key.range(), |_, _| {
                rows += 1;
                Ok(())
            })
            .unwrap();
        rows > 0
    });
    [identities, rows, raw]
}

#[test]
fn days_before_go_in_one_scope_only() {
    let (directory, mut store) = new_store();
    fill(&mut store);
    let all = [vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 2]];
    let two = [vec![2], vec![2], vec![2]];
    assert_eq!(days(&store, 0), all.clone());
    store
        .writer
        .drop_days_before(ScopeId(0), NOON.day() + 2)
        .unwrap();
    assert_eq!(
        (days(&store, 0), days(&store, 1)),
        (two.clone(), all.clone())
    );
    drop(store);
    let store = open(directory.path());
    assert_eq!(
        (days(&store, 0), days(&store, 1)),
        (two.clone(), all.clone())
    );
}

#[test]
fn tables_on_disk_go_too() {
    let (_directory, mut store) = new_store();
    fill(&mut store);
    store.db.flush(crate::store::schema::Family::Raw).unwrap();
    store
        .writer
        .drop_days_before(ScopeId(1), NOON.day() + 3)
        .unwrap();
    assert!(days(&store, 1).iter().all(Vec::is_empty));
    assert_eq!(days(&store, 0)[2], [0, 1, 2]);
}

#[test]
fn records_of_groups_stay() {
    let (_directory, mut store) = new_store();
    super::commit_records(&mut store, &samples::group_records(1, Stage::Closed));
    store.writer.drop_days_before(ScopeId(0), i32::MAX).unwrap();
    let group = store.reader.groups().next().unwrap().unwrap();
    assert_eq!(store.reader.activities(&group, 9).unwrap().len(), 1);
}
