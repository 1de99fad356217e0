//! `verify` finds each kind of damage, and none where there is none.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

mod common;

use caseloom::ports::{Destination, OutputRecord};
use caseloom::store::{BatchStore, CommitBatch};
use caseloom::verify::{Delivered, Findings, OutputCheck, check_rows};
use caseloom_engine::record::{GroupRecord, Record, Stage};
use caseloom_engine::time::Span;
use common::*;

/// A store with its output, after hundreds of alerts and a restart.
fn world() -> (Rig, Vec<OutputRecord>) {
    let rig = Rig::new();
    let alert = |number: usize| critical(&format!("a{number}"), &format!("web-{}", number % 20));
    let mut alerts = messages((0..400).map(alert));
    alerts[7].value = Some(b"no alert".to_vec());
    // Repeats are gathered for five seconds and told with the next batch.
    let (before, after) = alerts.split_at(200);
    for (life, alerts) in [before, after].into_iter().enumerate() {
        let mut run = rig.start();
        for (number, part) in alerts.chunks(50).enumerate() {
            let seconds = (life * 60 + number * 6) as i64;
            rig.clock.set(NOW.plus(Span(1_000 * seconds)));
            run.step(part);
        }
        rig.clock.set(NOW.plus(Span(50_000 * (life as i64 + 1))));
        run.step(&[]);
        run.finish(&[]);
    }
    let arrived = rig.outside.arrived();
    let events = of(&arrived, Destination::Events);
    let events = events.into_iter().cloned().collect();
    (rig, events)
}

/// What is found in this output of the rig's store.
fn found(rig: &Rig, events: &[OutputRecord], repeats_allowed: bool) -> Findings {
    let store = rig.open_store();
    let mut findings = Findings::default();
    let mut check = OutputCheck::new(repeats_allowed);
    for (offset, event) in (0..).zip(events) {
        let header = |name: &str| {
            let found = event.headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| &value[..])
        };
        let delivered = Delivered {
            partition: 0,
            offset,
            key: &event.key,
            id: header("ce_id"),
            chain: header("ce_chain"),
            value: event.value.as_deref().unwrap(),
            is_old: true,
        };
        check.take(&delivered, &mut findings);
    }
    check
        .finish(&store.reader, &store.outbox, &mut findings)
        .unwrap();
    check_rows(&store.reader, &mut findings).unwrap();
    findings
}

/// The place of an event that is not its case's last one.
fn inner_event(events: &[OutputRecord]) -> usize {
    (0..events.len())
        .find(|&place| {
            let key = &events[place].key;
            events[..place].iter().any(|event| event.key == *key)
                && events[place + 1..].iter().any(|event| event.key == *key)
        })
        .unwrap()
}

#[test]
fn an_undamaged_world_is_found_to_be_so() {
    let (rig, events) = world();
    assert!(events.len() > 50, "{} events", events.len());
    assert_eq!(found(&rig, &events, false), Findings::default());
}

#[test]
fn an_event_that_is_missing_is_found() {
    let (rig, events) = world();
    let mut inner = events.clone();
    inner.remove(inner_event(&events));
    assert!(found(&rig, &inner, false).has("event_missing"));

    let mut last = events.clone();
    last.pop();
    assert!(found(&rig, &last, false).has("event_missing"));

    // The first may be gone by retention, all of them not.
    let key = events[0].key.clone();
    let others: Vec<_> = events
        .into_iter()
        .filter(|event| event.key != key)
        .collect();
    assert!(found(&rig, &others, false).has("event_missing"));
}

#[test]
fn an_event_that_came_twice_is_found_unless_it_may() {
    let (rig, mut events) = world();
    let place = inner_event(&events);
    events.insert(place + 1, events[place].clone());
    assert!(found(&rig, &events, false).has("event_doubled"));
    assert_eq!(found(&rig, &events, true), Findings::default());
}

#[test]
fn an_event_that_was_altered_is_found() {
    let (rig, events) = world();
    let alter = |place: usize, change: &dyn Fn(&str) -> String| {
        let mut events = events.clone();
        let value = String::from_utf8(events[place].value.take().unwrap()).unwrap();
        let changed = change(&value);
        assert_ne!(changed, value);
        events[place].value = Some(changed.into_bytes());
        found(&rig, &events, false)
    };
    let last = events.len() - 1;
    for place in [inner_event(&events), last] {
        let message = |value: &str| value.replace("\"risk_level\":", "\"risk_levels\":");
        assert!(alter(place, &message).has("event_altered"));
        let number = |value: &str| value.replace("\"sequence\":", "\"sequence\":1");
        assert!(alter(place, &number).has("event_altered"));
    }
    // Also with its own link made anew: the next one and the store say otherwise.
    let mut forged = events.clone();
    let value = String::from_utf8(forged[last].value.take().unwrap()).unwrap();
    forged[last].value = Some(
        value
            .replacen("activity_name", "activity_nane", 1)
            .into_bytes(),
    );
    for (name, text) in &mut forged[last].headers {
        if name == "ce_chain" {
            text.fill(b'0');
        }
    }
    assert!(found(&rig, &forged, false).has("event_altered"));
}

#[test]
fn an_event_of_a_case_that_nobody_knows_is_found() {
    let (rig, mut events) = world();
    let strange = Rig::new();
    strange
        .start()
        .finish(&messages([critical("a1", "web-01")]));
    let arrived = strange.outside.arrived();
    events.extend(of(&arrived, Destination::Events).into_iter().cloned());
    assert!(found(&rig, &events, false).has("case_unknown"));
}

fn write(rig: &Rig, group: &GroupRecord) {
    let records = [Record::Group(Box::new(group.clone()))];
    let batch = CommitBatch {
        records: &records,
        ..CommitBatch::default()
    };
    rig.open_store().writer.commit(&batch).unwrap();
}

#[test]
fn a_case_that_was_altered_is_found() {
    let (rig, events) = world();
    let is_open = |group: &&GroupRecord| group.stage == Stage::Open && !group.unannounced;
    let alter = |change: &dyn Fn(&mut GroupRecord)| {
        let groups = groups(&rig.open_store().reader);
        let original = groups.iter().find(is_open).unwrap();
        let mut altered = original.clone();
        change(&mut altered);
        write(&rig, &altered);
        let findings = found(&rig, &events, false);
        write(&rig, original);
        findings
    };
    assert!(alter(&|group| group.alerts += 1).has("case_altered"));
    assert!(alter(&|group| group.severity.score = 3).has("case_altered"));
    assert!(alter(&|group| group.revision += 1).has("case_altered"));
    assert!(alter(&|group| group.stage = Stage::Expired).has("sums_differ"));
    assert!(alter(&|group| group.event_seq -= 1).has("store_behind"));
    assert!(alter(&|group| group.event_seq += 1).has("event_missing"));
    assert_eq!(found(&rig, &events, false), Findings::default());
}
