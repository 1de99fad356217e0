//! What a restart begins with.

use caseloom_engine::ids::{CaseId, GroupId};
use caseloom_engine::record::{Record, Stage};
use caseloom_engine::time::Span;

use super::super::Store;
use super::{commit_records, crash_image, live_state, new_store, open};
use crate::store::samples::{self, NOON};

const MERGED: Stage = Stage::Merged {
    into: GroupId(1),
    case: CaseId(1 << 40),
};

#[test]
fn a_new_store_has_a_name_and_a_key_of_its_own_for_ever() {
    let (directory, store) = new_store();
    let first = store.recover().unwrap();
    assert_eq!(
        (first.batch_no, first.outbox_head, first.published),
        (0, 0, 0)
    );
    assert_ne!(first.lineage.0, first.seed);
    drop(store);
    assert_eq!(open(directory.path()).recover().unwrap(), first);

    let (_other_directory, other) = new_store();
    let other = other.recover().unwrap();
    assert_ne!((other.lineage, other.seed), (first.lineage, first.seed));
    assert_eq!(other.lineage.to_string().len(), 32);
}

#[cfg(unix)]
#[test]
fn a_new_directory_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::TempDir::new().unwrap();
    let path = parent.path().join("data").join("store");
    drop(open(&path));
    assert_eq!(
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

/// The live groups as recovery finds them.
fn live(store: &Store) -> Vec<u64> {
    let groups = live_state(store, Span::ZERO)
        .into_iter()
        .filter_map(|record| match record {
            Record::Group(group) => Some(group.id.0),
            _ => None,
        });
    groups.collect()
}

#[test]
fn only_live_groups_come_back() {
    let (directory, mut store) = new_store();
    let stages = [
        Stage::Open,
        Stage::Candidate,
        Stage::Closed,
        Stage::Expired,
        MERGED,
    ];
    for (id, stage) in (1..).zip(stages) {
        commit_records(&mut store, &samples::group_records(id, stage));
    }
    assert_eq!(live(&store), [1, 2]);
    commit_records(
        &mut store,
        &[Record::Group(Box::new(samples::group(2, Stage::Expired)))],
    );
    commit_records(
        &mut store,
        &[Record::Group(Box::new(samples::group(3, Stage::Open)))],
    );
    assert_eq!(live(&store), [1, 3]);
    drop(store);
    assert_eq!(live(&open(directory.path())), [1, 3]);
}

#[test]
fn memory_comes_back_in_a_stable_order_with_all_parts() {
    let (_directory, mut store) = new_store();
    let mut survivor = samples::group(1, Stage::Open);
    survivor.parts = vec![GroupId(1), GroupId(3)];
    let fresh = samples::identity(0, 9, NOON.minus(Span::HOUR));
    let stale = samples::identity(0, 8, NOON.minus(Span::HOUR.times(25)));
    let mut records = samples::group_records(3, MERGED);
    records.extend(samples::group_records(2, Stage::Closed));
    records.extend(samples::group_records(1, Stage::Open));
    records.extend([Record::Identity(stale), Record::Identity(fresh)]);
    records.extend([
        Record::Scope(samples::scope(0)),
        Record::Group(Box::new(survivor.clone())),
    ]);
    commit_records(&mut store, &records);

    let activity = |group, id| Record::Activity(Box::new(samples::activity(group, id)));
    let expected = [
        Record::Scope(samples::scope(0)),
        Record::Group(Box::new(survivor)),
        activity(1, 10),
        Record::Tally(samples::tally(1, 10)),
        activity(3, 30),
        Record::Tally(samples::tally(3, 30)),
        Record::Identity(fresh),
    ];
    assert_eq!(live_state(&store, Span::DAY), expected);
}

#[test]
fn a_crash_after_a_commit_loses_nothing() {
    let (directory, mut store) = new_store();
    for id in 1..=20 {
        commit_records(&mut store, &samples::group_records(id, Stage::Open));
        let image = crash_image(directory.path());
        let revived = open(image.path());
        assert_eq!(revived.recover().unwrap(), store.recover().unwrap());
        assert_eq!(
            live_state(&revived, Span::DAY),
            live_state(&store, Span::DAY)
        );
    }
}

#[test]
fn silences_come_back_and_what_they_kept_out_in_its_order() {
    let (directory, mut store) = new_store();
    let kept = [71, 70, 300].map(|id| Record::Suppressed(Box::new(samples::suppressed(id))));
    let silences = [2, 1].map(|id| Record::Silence(Box::new(samples::silence(id))));
    commit_records(&mut store, &[&kept[..], &silences[..]].concat());
    drop(store);
    let store = open(directory.path());
    let back = live_state(&store, Span::ZERO);
    let [first, second, third] = &kept;
    let expected = [&silences[1], &silences[0], second, first, third];
    assert_eq!(back.iter().collect::<Vec<_>>(), expected);
}
