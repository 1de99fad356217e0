//! The feed: events in the batch that made them, places that outlive a restart, and what goes when nobody needs it.

use super::*;
use crate::ports::{Destination, OutputRecord};
use crate::store::FeedPlace;

fn record(destination: Destination, key: &str) -> OutputRecord {
    OutputRecord {
        destination,
        key: key.into(),
        headers: vec![("ce_id".into(), b"1".to_vec())],
        value: Some(b"{}".to_vec()),
        timestamp_ms: 7,
    }
}

fn commit(store: &mut Store, outbox: &[OutputRecord]) {
    let batch = CommitBatch {
        outbox,
        ..CommitBatch::default()
    };
    store.writer.commit(&batch).unwrap();
}

fn keys(store: &Store, after: u64) -> Vec<(u64, String)> {
    let entries = store.feed.after(after, 100, 1 << 20).unwrap();
    let key =
        |entry: &crate::store::FeedEntry| String::from_utf8_lossy(&entry.record.key).into_owned();
    entries
        .iter()
        .map(|entry| (entry.sequence, key(entry)))
        .collect()
}

fn place(name: &str, sequence: u64) -> FeedPlace {
    FeedPlace {
        name: name.into(),
        sequence,
    }
}

#[test]
fn holds_the_events_alone_and_stays_when_the_outbox_is_emptied() {
    use crate::store::Outbox;
    let (directory, mut store) = new_store();
    commit(&mut store, &[record(Destination::Events, "before")]);
    store.writer.keep_feed(&store.feed);
    let batch = [
        record(Destination::DeadLetters, "letter"),
        record(Destination::Events, "a"),
        record(Destination::State, "a"),
        record(Destination::Events, "b"),
    ];
    commit(&mut store, &batch);
    assert_eq!(store.outbox.outbox_after(0, 100, 1 << 20).unwrap().len(), 5);
    store.outbox.mark_published(5).unwrap();
    assert_eq!(store.outbox.outbox_pending().records, 0);
    let held = [(3, "a".to_owned()), (5, "b".to_owned())];
    assert_eq!(keys(&store, 0), held);
    assert_eq!(keys(&store, 3), held[1..]);
    let entry = &store.feed.after(0, 1, 1 << 20).unwrap()[0];
    assert_eq!(entry.record, batch[1]);
    let bytes = store.feed.bytes();
    assert_eq!(bytes, 2 * entry.bytes);
    assert_eq!(
        store.feed.after(0, 100, 1).unwrap().len(),
        1,
        "one at least"
    );
    drop(store);

    let store = open(directory.path());
    assert_eq!(store.feed.bytes(), bytes);
    store.feed.trim(3).unwrap();
    assert_eq!(keys(&store, 0), held[1..]);
    store.feed.trim(u64::MAX).unwrap();
    assert_eq!((keys(&store, 0), store.feed.bytes()), (vec![], 0));
}

#[test]
fn thousands_are_trimmed_in_several_writes() {
    let (_directory, mut store) = new_store();
    store.writer.keep_feed(&store.feed);
    let batch: Vec<_> = (0..3_000)
        .map(|_| record(Destination::Events, "k"))
        .collect();
    commit(&mut store, &batch);
    store.feed.trim(2_999).unwrap();
    assert_eq!(keys(&store, 0), [(3_000, "k".to_owned())]);
}

#[test]
fn places_are_kept_by_name() {
    let (directory, store) = new_store();
    let long = "n".repeat(64);
    for place in [place(&long, 1), place("hive", 7), place("hive", 8)] {
        store.feed.set_place(&place).unwrap();
    }
    drop(store);
    let store = open(directory.path());
    assert_eq!(
        store.feed.places().unwrap(),
        [place("hive", 8), place(&long, 1)]
    );
    store.feed.forget_place("hive").unwrap();
    assert_eq!(store.feed.places().unwrap(), [place(&long, 1)]);
}
