//! A case's alerts in pages: all of them, each once, whatever the page's size.

use crate::store::BatchStore;
use caseloom_engine::ids::GroupId;
use caseloom_engine::record::{GroupRecord, Record, Stage};

use super::super::{CommitBatch, Store, StoreError};
use super::{commit_records, new_store};
use crate::store::samples;

/// A case of two parts with three activities, and the offsets of its alerts in the order of pages.
fn case_with_alerts(store: &mut Store) -> (GroupRecord, Vec<i64>) {
    let mut group = samples::group(2, Stage::Open);
    group.parts = vec![GroupId(2), GroupId(1)];
    let mut records = vec![Record::Group(Box::new(group.clone()))];
    for (part, id) in [(2, 20), (2, 21), (1, 10), (3, 30)] {
        records.push(Record::Activity(Box::new(samples::activity(part, id))));
        records.push(Record::Tally(samples::tally(part, id)));
    }
    commit_records(store, &records);
    for batch in 0..3 {
        let rows: Vec<_> = [10, 20, 30, 21]
            .iter()
            .flat_map(|id| (0..4).map(move |n| samples::row(*id as u64, 100 * id + 10 * batch + n)))
            .collect();
        store
            .writer
            .commit(&CommitBatch {
                alerts: &rows,
                ..CommitBatch::default()
            })
            .unwrap();
    }
    let offsets = [20, 21, 10].into_iter().flat_map(|id| {
        (0..3).flat_map(move |batch| (0..4).map(move |n| 100 * id + 10 * batch + n))
    });
    (group, offsets.collect())
}

fn all_pages(store: &Store, group: &GroupRecord, limit: usize) -> Vec<i64> {
    let mut offsets = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .reader
            .alerts_page(group, cursor.as_deref(), limit)
            .unwrap();
        assert!(page.alerts.len() <= limit);
        offsets.extend(page.alerts.iter().map(|alert| alert.position.offset));
        cursor = page.next;
        if cursor.is_none() {
            return offsets;
        }
    }
}

#[test]
fn pages_of_any_size_give_each_alert_once() {
    let (_directory, mut store) = new_store();
    let (group, offsets) = case_with_alerts(&mut store);
    for limit in [1, 2, 3, 4, 5, 12, 35, 36, 37, 1_000] {
        assert_eq!(
            all_pages(&store, &group, limit),
            offsets,
            "pages of {limit}"
        );
    }
}

#[test]
fn alerts_that_come_while_paging_do_not_shift_the_rest() {
    let (_directory, mut store) = new_store();
    let (group, offsets) = case_with_alerts(&mut store);
    let first = store.reader.alerts_page(&group, None, 14).unwrap();
    let rows = [samples::row(20, 9_999)];
    store
        .writer
        .commit(&CommitBatch {
            alerts: &rows,
            ..CommitBatch::default()
        })
        .unwrap();
    let rest = store
        .reader
        .alerts_page(&group, first.next.as_deref(), 1_000)
        .unwrap();
    let read: Vec<_> = first
        .alerts
        .iter()
        .chain(&rest.alerts)
        .map(|a| a.position.offset)
        .collect();
    assert_eq!(read, offsets);
}

#[test]
fn other_cursors_are_refused() {
    let (_directory, mut store) = new_store();
    let (group, _) = case_with_alerts(&mut store);
    let of_another_case = [0, 0, 0, 0, 0, 0, 0, 3].repeat(4);
    for cursor in [
        &b""[..],
        b"x",
        &[0; 31],
        &[0; 32],
        &[255; 33],
        &of_another_case,
    ] {
        let refused = store.reader.alerts_page(&group, Some(cursor), 10);
        assert!(
            matches!(refused, Err(StoreError::InvalidCursor)),
            "{cursor:?}"
        );
    }
}

#[test]
fn a_cursor_beyond_the_end_gives_the_empty_last_page() {
    let (_directory, mut store) = new_store();
    let (group, _) = case_with_alerts(&mut store);
    let mut cursor = vec![255; 32];
    cursor[..8].copy_from_slice(&1_u64.to_be_bytes());
    let page = store.reader.alerts_page(&group, Some(&cursor), 10).unwrap();
    assert_eq!(page, Default::default());
}
