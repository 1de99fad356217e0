//! What is committed is read back, at once and after opening again.

use crate::store::BatchStore;
use caseloom_engine::accounting::{Accounting, Disposition, MessageOutcome};
use caseloom_engine::alert::{Position, TopicId};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::record::{Record, Stage};

use super::super::{AlertRow, CommitBatch, Store};
use super::{commit_records, new_store, open};
use crate::ports::NextOffset;
use crate::store::samples::{self, NOON};

fn sums() -> Accounting {
    let mut sums = Accounting::default();
    sums.count_message(MessageOutcome::WithAlerts);
    sums.count_alert(Disposition::Case);
    sums
}

fn check(store: &Store) {
    let recovered = store.recover().unwrap();
    assert_eq!(recovered.batch_no, 1);
    assert_eq!(recovered.scopes, [samples::scope(0), samples::scope(1)]);
    assert_eq!(recovered.accounting, sums());
    assert_eq!(
        recovered.topics,
        [
            (TopicId(1), "edr".to_owned()),
            (TopicId(2), "ids".to_owned())
        ]
    );
    assert_eq!(
        recovered
            .next_offsets
            .iter()
            .map(|next| next.offset)
            .collect::<Vec<_>>(),
        [7, 8]
    );

    let reader = &store.reader;
    let group = reader.case(CaseId(1 << 40)).unwrap().unwrap();
    assert_eq!(group, samples::group(1, Stage::Open));
    let activities = reader.activities(&group, 10).unwrap();
    assert_eq!(
        activities,
        [(samples::activity(1, 10), samples::tally(1, 10))]
    );
    let raw = reader.raw(&activities[0].0, 10).unwrap();
    assert_eq!(raw, [(samples::position(5), b"{\"alert\": 1}".to_vec())]);
    let alerts = reader.alerts_page(&group, None, 10).unwrap().alerts;
    assert_eq!(
        alerts
            .iter()
            .map(|alert| alert.position.offset)
            .collect::<Vec<_>>(),
        [5, 6]
    );
    assert_eq!(alerts[0].id.as_deref(), Some("an-id"));
    assert_eq!(alerts[1].disposition, Some(Disposition::Background));
    let identity = reader.alert_by_id(ScopeId(0), [4; 16]).unwrap();
    assert_eq!(identity, Some(samples::identity(0, 4, NOON)));
    assert_eq!(reader.alert_by_id(ScopeId(1), [4; 16]).unwrap(), None);
    assert_eq!(
        store.outbox.outbox_after(0, 9, 9_999).unwrap(),
        [(1, samples::output(1))]
    );
}

#[test]
fn all_of_a_batch_reads_back_at_once_and_after_opening_again() {
    let (directory, mut store) = new_store();
    let mut records = samples::group_records(1, Stage::Open);
    records.extend([
        Record::Accounting(sums()),
        Record::Scope(samples::scope(1)),
        Record::Scope(samples::scope(0)),
        Record::Identity(samples::identity(0, 4, NOON)),
    ]);
    let background = AlertRow {
        disposition: Some(Disposition::Background),
        ..samples::row(10, 6)
    };
    let next = |partition, offset| NextOffset {
        topic: TopicId(1),
        partition,
        offset,
    };
    let persisted = store.writer.commit(&CommitBatch {
        records: &records,
        alerts: &[samples::row(10, 5), samples::row(0, 1), background],
        raw: &[samples::raw(10, 5)],
        next_offsets: &[next(1, 8), next(0, 7)],
        topics: &[
            (TopicId(2), "ids".to_owned()),
            (TopicId(1), "edr".to_owned()),
        ],
        outbox: &[samples::output(1)],
        ..CommitBatch::default()
    });
    let persisted = persisted.unwrap();
    assert_eq!((persisted.batch_no(), persisted.outbox_head()), (1, 1));
    check(&store);
    drop(store);
    check(&open(directory.path()));
}

#[test]
fn a_later_record_replaces_the_former() {
    let (_directory, mut store) = new_store();
    commit_records(&mut store, &samples::group_records(1, Stage::Candidate));
    let mut grown = samples::tally(1, 10);
    grown.count = 1_000;
    commit_records(&mut store, &[Record::Tally(grown)]);
    let group = store.reader.group(GroupId(1)).unwrap().unwrap();
    assert_eq!(
        store.reader.activities(&group, 10).unwrap(),
        [(samples::activity(1, 10), grown)]
    );
}

#[test]
fn a_merged_case_resolves_to_the_survivor_over_several_merges() {
    let (_directory, mut store) = new_store();
    let merged = |into: u64| Stage::Merged {
        into: GroupId(into),
        case: CaseId(into << 40),
    };
    let stages = [(1, Stage::Closed), (2, merged(1)), (3, merged(2))];
    let records = stages.map(|(id, stage)| Record::Group(Box::new(samples::group(id, stage))));
    commit_records(&mut store, &records);
    let reader = &store.reader;
    assert_eq!(
        reader.case(CaseId(3 << 40)).unwrap().unwrap().stage,
        merged(2)
    );
    assert_eq!(
        reader.resolve(CaseId(3 << 40)).unwrap().unwrap().id,
        GroupId(1)
    );
    assert_eq!(reader.resolve(CaseId(99)).unwrap(), None);
    let groups: Vec<_> = reader.groups().map(|group| group.unwrap().id.0).collect();
    assert_eq!(groups, [1, 2, 3]);
}

#[test]
fn merges_in_a_circle_end_in_an_error() {
    let (_directory, mut store) = new_store();
    let merged = |into: u64| Stage::Merged {
        into: GroupId(into),
        case: CaseId(into << 40),
    };
    let records = [(1, merged(2)), (2, merged(1))]
        .map(|(id, stage)| Record::Group(Box::new(samples::group(id, stage))));
    commit_records(&mut store, &records);
    assert!(store.reader.resolve(CaseId(1 << 40)).is_err());
}

#[test]
fn activities_come_by_part_up_to_the_limit() {
    let (_directory, mut store) = new_store();
    let mut survivor = samples::group(1, Stage::Open);
    survivor.parts = vec![GroupId(1), GroupId(5), GroupId(3)];
    let mut records = vec![Record::Group(Box::new(survivor.clone()))];
    for (group, id) in [(3, 30), (5, 51), (5, 50), (1, 300), (4, 40)] {
        records.push(Record::Tally(samples::tally(group, id)));
        records.push(Record::Activity(Box::new(samples::activity(group, id))));
    }
    commit_records(&mut store, &records);
    let ids = |limit| -> Vec<u64> {
        let activities = store.reader.activities(&survivor, limit).unwrap();
        activities
            .iter()
            .map(|(activity, _)| activity.id.0)
            .collect()
    };
    assert_eq!(ids(10), [300, 50, 51, 30]);
    assert_eq!(ids(2), [300, 50]);
}

#[test]
fn a_message_is_kept_once_per_activity() {
    let (_directory, mut store) = new_store();
    let again = |index| {
        let mut message = samples::raw(10, 5);
        message.position = Position {
            index,
            ..message.position
        };
        message
    };
    let raw = [again(0), again(1), samples::raw(11, 5), samples::raw(10, 6)];
    store
        .writer
        .commit(&CommitBatch {
            raw: &raw,
            ..CommitBatch::default()
        })
        .unwrap();
    let mut activity = samples::activity(1, 10);
    let offsets = |messages: Vec<(Position, _)>| -> Vec<_> {
        messages
            .iter()
            .map(|(position, _)| (position.offset, position.index))
            .collect()
    };
    assert_eq!(
        offsets(store.reader.raw(&activity, 9).unwrap()),
        [(5, 1), (6, 3)]
    );
    assert_eq!(offsets(store.reader.raw(&activity, 1).unwrap()), [(5, 1)]);
    activity.id = ActivityId(12);
    assert_eq!(store.reader.raw(&activity, 9).unwrap(), []);
}

#[test]
fn health_tells_sizes() {
    let (_directory, mut store) = new_store();
    commit_records(&mut store, &samples::group_records(1, Stage::Open));
    let health = store.reader.health().unwrap();
    assert!(health.is_ready());
    assert!(health.write_buffer_bytes > 0);
    assert!(store.reader.approximate_bytes().unwrap() >= health.write_buffer_bytes);
}
