//! Stores of older schemas, kept as text in `tests/fixtures`: family, key and value in hex, an entry a line. Each was
//! dumped from a store that the last version of its schema had filled.

use std::fmt::Write as _;
use std::path::Path;

use caseloom_engine::ids::{CaseId, ScopeId};
use caseloom_engine::record::{Record, Stage};
use caseloom_engine::time::Span;
use tempfile::TempDir;

use super::*;
use crate::store::{Memory, ReadOnlyStore, Store, StoreOptions};

/// Fills a directory with what a dump says.
fn revive(dump: &str, path: &Path) {
    let db = Db::open(path, &StoreOptions::default()).unwrap();
    for line in dump.lines() {
        let mut words = line.split(' ');
        let family = words.next().unwrap();
        let family = Family::ALL.into_iter().find(|one| one.name() == family);
        let [key, value] = [(); 2].map(|()| unhex(words.next().unwrap()));
        let rocks = db.rocks();
        rocks
            .put_cf(db.family(family.unwrap()), key, value)
            .unwrap();
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn dump(db: &Db) -> String {
    let mut text = String::new();
    for family in Family::ALL {
        db.scan(family, Vec::new()..vec![1], |key, value| {
            writeln!(text, "{} {key:02x?} {value:02x?}", family.name()).unwrap();
            Ok(())
        })
        .unwrap();
    }
    text
}

/// A store of an older schema.
fn store_of(schema: u32) -> TempDir {
    let dump = format!("tests/fixtures/store-schema-{schema}.txt");
    let dump = std::fs::read_to_string(dump).unwrap();
    let directory = TempDir::new().unwrap();
    revive(&dump, directory.path());
    directory
}

fn open(directory: &TempDir) -> Store {
    Store::open(directory.path(), &StoreOptions::default()).unwrap()
}

/// Opens it without bringing it anywhere.
fn db_in(directory: &TempDir) -> Db {
    Db::open(directory.path(), &StoreOptions::default()).unwrap()
}

#[test]
fn the_steps_lead_to_this_schema_one_by_one() {
    let from: Vec<u32> = STEPS.iter().map(|step| step.from).collect();
    assert_eq!(from, (1..SCHEMA).collect::<Vec<_>>());
}

#[test]
fn a_store_of_schema_1_has_all_its_cases_and_alerts() {
    let directory = store_of(1);
    let store = open(&directory);
    let recovered = store.recover().unwrap();
    assert_eq!(recovered.accounting.alerts, 10);
    assert!(recovered.accounting.is_balanced());
    assert_eq!(
        (
            recovered.batch_no,
            recovered.outbox_head,
            recovered.published
        ),
        (5, 13, 4)
    );
    let groups: Vec<_> = store.reader.groups().map(Result::unwrap).collect();
    let titles: Vec<_> = groups
        .iter()
        .map(|group| {
            (
                group.scope_name.as_str(),
                group.alerts,
                group.stage.is_live(),
            )
        })
        .collect();
    assert_eq!(
        titles,
        [
            ("acme", 2, false),
            ("acme", 1, false),
            ("acme", 5, true),
            ("acme", 1, false),
            ("globex", 1, true)
        ]
    );
    let case = &groups[2];
    assert!(matches!(case.stage, Stage::Open) && case.parts.len() == 2);
    assert_eq!(
        store.reader.resolve(groups[3].case).unwrap().unwrap().id,
        case.id
    );
    let activities = store.reader.activities(case, 100).unwrap();
    let counted: u64 = activities.iter().map(|(_, tally)| tally.count).sum();
    assert_eq!((activities.len(), counted), (4, 5));
    let mut rows = 0;
    store.reader.for_each_row(|_, _| rows += 1).unwrap();
    assert_eq!(rows, 10);
    assert!(store.reader.case(CaseId(1)).unwrap().is_none());
}

#[test]
fn what_is_live_comes_back_with_what_it_links_by() {
    let directory = store_of(1);
    let store = open(&directory);
    let mut kinds = [0; 4];
    let mut count = |record| match record {
        Record::Scope(_) => kinds[0] += 1,
        Record::Group(_) => kinds[1] += 1,
        Record::Activity(activity) => {
            assert_eq!(activity.grounds.alone.len(), activity.entities.len());
            kinds[2] += 1;
        }
        Record::Identity(_) => kinds[3] += 1,
        _ => {}
    };
    store.live_state(Span::DAY, &mut count).unwrap();
    assert_eq!(kinds, [2, 2, 5, 6]);
}

#[test]
fn a_store_of_schema_2_has_its_policies_hubs_and_what_people_did() {
    let directory = store_of(2);
    let store = open(&directory);
    let recovered = store.recover().unwrap();
    assert_eq!(recovered.accounting.alerts, 19);
    assert!(recovered.accounting.is_balanced());
    let (mut policies, mut busy, mut linked) = (Vec::new(), 0, 0);
    let mut count = |record| match record {
        Record::Activity(activity) => {
            assert!(activity.grounds.unlinked.is_empty());
            linked += activity.links.len();
            policies.push(activity.policy.to_string());
        }
        Record::Busy(record) => {
            assert_eq!(record.value, "proxy-01");
            assert_eq!(
                (record.busy.counts, record.busy.peers),
                ([6, 0, 0, 0], [0; 4])
            );
            busy += 1;
        }
        _ => {}
    };
    store.live_state(Span::DAY, &mut count).unwrap();
    assert!(linked > 0 && policies.iter().any(|version| !version.is_empty()));
    assert_eq!(busy, 1);
    assert_eq!(store.reader.audit(ScopeId(0), 0, 10).unwrap().len(), 1);
}

#[test]
fn a_migration_that_is_cut_off_anywhere_ends_the_same() {
    for schema in 1..SCHEMA {
        let directory = store_of(schema);
        drop(open(&directory));
        let whole = dump(&db_in(&directory));
        let mut writes = 0;
        loop {
            let directory = store_of(schema);
            let db = db_in(&directory);
            let mut migration = Migration::of(&db, schema).unwrap();
            let is_over = (0..writes).any(|_| migration.advance(1).unwrap());
            drop(db);
            drop(open(&directory));
            assert_eq!(
                dump(&db_in(&directory)),
                whole,
                "schema {schema}, {writes} writes"
            );
            if is_over {
                break;
            }
            writes += 1;
        }
        // Entries, the ends of the passes, and the stamp.
        assert!(writes > 20, "{writes}");
    }
}

#[test]
fn one_who_only_reads_asks_for_a_start_first() {
    let directory = store_of(1);
    let refused = ReadOnlyStore::open(directory.path()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the store has schema 1, older than this version's 3: caseloom run brings it there when it starts"
    );
    drop(open(&directory));
    assert!(ReadOnlyStore::open(directory.path()).is_ok());
}
