//! Formats stay, and later ones are refused by name.

use crate::store::{BatchStore, Memory, Outbox};
use std::fmt::Write;

use caseloom_engine::accounting::Accounting;
use caseloom_engine::alert::TopicId;
use caseloom_engine::ids::CaseId;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{PolicyRecord, Record, Stage};
use caseloom_engine::time::Span;

use super::super::schema::{self, Family, name};
use super::super::{CommitBatch, Store, StoreError, StoreOptions};
use super::{commit_records, live_state, new_store};
use crate::ports::NextOffset;
use crate::store::samples::{self, NOON};

/// All keys and values of a store, but for what is drawn.
fn dump(store: &Store) -> String {
    let mut text = String::new();
    for family in Family::ALL {
        store
            .db
            .scan(family, Vec::new()..vec![1], |key, value| {
                if !key.ends_with(b"lineage") && !key.ends_with(b"hash_key") {
                    let hex =
                        |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
                    writeln!(text, "{} {} {}", family.name(), hex(key), hex(value)).unwrap();
                }
                Ok(())
            })
            .unwrap();
    }
    text
}

/// Fails when a key or a value changes its bytes, as by a new field in a record of the engine. Then a store of the
/// version before can't be read: raise the format's version, read both, and only then accept the new text.
#[test]
fn formats_stay() {
    let (_directory, mut store) = new_store();
    let mut records = samples::group_records(1, Stage::Open);
    records.extend([
        Record::Accounting(Accounting::default()),
        Record::Scope(samples::scope(0)),
        Record::Silence(Box::new(samples::silence(1))),
        Record::Suppressed(Box::new(samples::suppressed(70))),
        Record::Facts(Box::new(samples::facts(1))),
        Record::Identity(samples::identity(0, 4, NOON)),
        Record::Policy(Box::new(PolicyRecord {
            since: NOON,
            policy: Policy::default(),
        })),
    ]);
    store
        .writer
        .commit(&CommitBatch {
            records: &records,
            alerts: &[samples::row(10, 5), samples::row(10, 6)],
            raw: &[samples::raw(10, 5)],
            next_offsets: &[NextOffset {
                topic: TopicId(1),
                partition: 0,
                offset: 7,
            }],
            topics: &[(TopicId(1), "edr".to_owned())],
            outbox: &[samples::output(1), samples::output(2)],
            ..CommitBatch::default()
        })
        .unwrap();
    store.outbox.mark_published(1).unwrap();
    insta::assert_snapshot!(dump(&store));
}

/// Writes a value past the codec.
fn put(store: &Store, family: Family, key: impl AsRef<[u8]>, value: &[u8]) {
    let db = &store.db;
    db.rocks().put_cf(db.family(family), key, value).unwrap();
}

#[test]
fn an_unknown_version_is_named_with_its_family() {
    let (_directory, mut store) = new_store();
    commit_records(&mut store, &samples::group_records(1, Stage::Open));
    put(
        &store,
        Family::State,
        schema::group(caseloom_engine::ids::GroupId(1)),
        &[9, 0],
    );
    let error = store.reader.case(CaseId(1 << 40)).unwrap_err();
    let message = "column family state holds a value of format 9, which this version does not know";
    assert_eq!(error.to_string(), message);
    let rebuilt = store.live_state(Span::DAY, &mut |_| ());
    assert!(matches!(
        rebuilt,
        Err(StoreError::UnknownVersion {
            family: "state",
            version: 9
        })
    ));
}

#[test]
fn broken_values_are_named_with_their_family() {
    let (_directory, mut store) = new_store();
    commit_records(
        &mut store,
        &[Record::Identity(samples::identity(0, 4, NOON))],
    );
    let key = schema::identity(caseloom_engine::ids::ScopeId(0), NOON.day(), [4; 16]);
    for value in [&[][..], &[1], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]] {
        put(&store, Family::Dedup, key, value);
        let error = store
            .reader
            .alert_by_id(caseloom_engine::ids::ScopeId(0), [4; 16])
            .unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::Corrupt {
                    family: "dedup",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_live_group_without_its_record_is_an_error() {
    let (_directory, store) = new_store();
    assert!(live_state(&store, Span::DAY).is_empty());
    put(
        &store,
        Family::Index,
        schema::live(caseloom_engine::ids::GroupId(1)),
        &[1],
    );
    let rebuilt = store.live_state(Span::DAY, &mut |_| ());
    assert!(matches!(
        rebuilt,
        Err(StoreError::Corrupt {
            family: "state",
            ..
        })
    ));
}

#[test]
fn a_later_schema_is_refused() {
    let (directory, store) = new_store();
    put(&store, Family::Meta, schema::meta(name::SCHEMA), &[1, 4]);
    drop(store);
    let error = Store::open(directory.path(), &StoreOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store has schema 4, this version knows schemas up to 3: run the version that made it, or a later one"
    );
}
