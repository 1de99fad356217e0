//! The outbox gives everything once, in order, and forgets what was published.

use super::super::{BatchStore, CommitBatch, OUTPUT_RECORD_BYTES_MAX, Outbox, Store, StoreError};
use super::{crash_image, new_store, open};
use crate::ports::OutputRecord;
use crate::store::samples;

fn commit(store: &mut Store, outbox: &[OutputRecord]) {
    store
        .writer
        .commit(&CommitBatch {
            outbox,
            ..CommitBatch::default()
        })
        .unwrap();
}

/// Batches of three records each; a record's time stamp is its sequence number.
fn store_of_batches(batches: i64) -> (tempfile::TempDir, Store) {
    let (directory, mut store) = new_store();
    for batch in 0..batches {
        let records = [1, 2, 3].map(|place| samples::output(3 * batch + place));
        commit(&mut store, &records);
    }
    (directory, store)
}

fn after(store: &Store, seq: u64, records_max: usize, bytes_max: usize) -> Vec<u64> {
    let records = store
        .outbox
        .outbox_after(seq, records_max, bytes_max)
        .unwrap();
    assert!(
        records
            .iter()
            .all(|(seq, record)| record.timestamp_ms.unsigned_abs() == *seq)
    );
    records.into_iter().map(|(seq, _)| seq).collect()
}

#[test]
fn records_come_in_order_and_end_with_a_batch() {
    let (_directory, store) = store_of_batches(3);
    let all = usize::MAX;
    assert_eq!(after(&store, 0, all, all), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(after(&store, 0, 5, all), [1, 2, 3]);
    assert_eq!(after(&store, 0, 6, all), [1, 2, 3, 4, 5, 6]);
    assert_eq!(after(&store, 3, 4, all), [4, 5, 6]);
    assert_eq!(after(&store, 0, all, 600), [1, 2, 3]);
    assert!(after(&store, 9, all, all).is_empty());
}

#[test]
fn a_batch_is_cut_only_far_above_the_limits() {
    let (_directory, mut store) = store_of_batches(2);
    let all = usize::MAX;
    assert_eq!(after(&store, 0, 1, all), [1, 2, 3]);
    assert_eq!(after(&store, 0, 2, all), [1, 2, 3]);
    assert_eq!(after(&store, 0, 0, all), [1], "four times nothing");
    let long: Vec<_> = (7..=15).map(samples::output).collect();
    commit(&mut store, &long);
    assert_eq!(after(&store, 3, 2, all), [4, 5, 6], "the long one waits");
    assert_eq!(after(&store, 6, 2, all), [7, 8, 9, 10, 11, 12, 13, 14]);
    assert_eq!(after(&store, 14, 2, all), [15]);
    assert_eq!(after(&store, 6, 3, all).len(), 9);
}

#[test]
fn what_was_published_is_gone_and_stays_gone() {
    let (directory, mut store) = store_of_batches(2);
    let before = store.outbox.outbox_pending();
    assert_eq!(before.records, 6);
    store.outbox.mark_published(4).unwrap();
    store.outbox.mark_published(2).unwrap();
    assert_eq!(after(&store, 0, 9, usize::MAX), [5, 6]);
    assert_eq!(store.outbox.outbox_pending().records, 2);
    assert_eq!(store.outbox.outbox_pending().bytes, before.bytes / 3);
    assert_eq!(store.recover().unwrap().published, 4);
    let pending = store.outbox.outbox_pending();
    drop(store);

    let mut store = open(directory.path());
    assert_eq!(store.recover().unwrap().published, 4);
    assert_eq!(after(&store, 0, 9, usize::MAX), [5, 6]);
    assert_eq!(store.outbox.outbox_pending(), pending);
    commit(&mut store, &[samples::output(7)]);
    assert_eq!(after(&store, 6, 9, usize::MAX), [7]);
    store.outbox.mark_published(7).unwrap();
    assert_eq!(
        store.outbox.outbox_pending(),
        super::super::OutboxPending::default()
    );
}

#[test]
fn a_mark_beyond_the_end_does_not_swallow_what_comes() {
    let (_directory, mut store) = store_of_batches(1);
    store.outbox.mark_published(99).unwrap();
    assert_eq!(store.recover().unwrap().published, 3);
    commit(&mut store, &[samples::output(4)]);
    assert_eq!(after(&store, 3, 9, usize::MAX), [4]);
}

#[test]
fn every_part_of_a_record_reads_back() {
    use crate::ports::Destination;
    let (_directory, mut store) = new_store();
    let odd = |destination, value: Option<&[u8]>| OutputRecord {
        destination,
        key: vec![],
        headers: vec![("a".to_owned(), vec![]), (String::new(), vec![0, 255])],
        value: value.map(<[u8]>::to_vec),
        timestamp_ms: -1,
    };
    let records = [
        odd(Destination::State, None),
        odd(Destination::DeadLetters, Some(&[])),
        odd(Destination::Events, Some(&[0, 1, 2])),
    ];
    commit(&mut store, &records);
    let read = store.outbox.outbox_after(0, 9, 9_999).unwrap();
    assert_eq!(
        read.into_iter()
            .map(|(_, record)| record)
            .collect::<Vec<_>>(),
        records
    );
}

#[test]
fn a_record_that_no_broker_takes_is_refused_with_its_batch() {
    let (_directory, mut store) = store_of_batches(1);
    let mut large = samples::output(4);
    large.value = Some(vec![0; OUTPUT_RECORD_BYTES_MAX]);
    let outbox = [samples::output(4), large];
    let refused = store.writer.commit(&CommitBatch {
        outbox: &outbox,
        ..CommitBatch::default()
    });
    assert!(matches!(refused, Err(StoreError::OutputTooLarge { .. })));
    assert_eq!(after(&store, 0, 9, usize::MAX), [1, 2, 3]);
    commit(&mut store, &[samples::output(4)]);
    assert_eq!(after(&store, 3, 9, usize::MAX), [4]);
    assert_eq!(store.recover().unwrap().batch_no, 2);
}

#[test]
fn the_publisher_works_while_the_owner_commits() {
    const LAST: u64 = 300;
    let (_directory, store) = new_store();
    let Store {
        mut writer,
        mut outbox,
        ..
    } = store;
    let publisher = std::thread::spawn(move || {
        let mut published = 0;
        while published < LAST {
            for (seq, record) in outbox.outbox_after(published, 10, usize::MAX).unwrap() {
                assert_eq!(seq, published + 1);
                assert_eq!(record.timestamp_ms.unsigned_abs(), seq);
                published = seq;
            }
            outbox.mark_published(published).unwrap();
            std::thread::yield_now();
        }
        outbox
    });
    for batch in 0..100 {
        let records = [1, 2, 3].map(|place| samples::output(3 * batch + place));
        writer
            .commit(&CommitBatch {
                outbox: &records,
                ..CommitBatch::default()
            })
            .unwrap();
    }
    let outbox = publisher.join().unwrap();
    assert_eq!(
        outbox.outbox_pending(),
        super::super::OutboxPending::default()
    );
}

#[test]
fn a_crash_may_forget_a_mark_but_not_a_record() {
    let (directory, mut store) = store_of_batches(2);
    store.outbox.mark_published(3).unwrap();
    let revived = open(crash_image(directory.path()).path());
    let published = revived.recover().unwrap().published;
    assert!(published == 0 || published == 3);
    let expected: Vec<u64> = (published + 1..=6).collect();
    assert_eq!(after(&revived, 0, 9, usize::MAX), expected);
}
