//! The owner and the lane between fakes: what comes in is decided once, becomes durable, and goes out in order,
//! whatever fails in between.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use caseloom::pipeline::{DeskError, PipelineError, Wish};
use caseloom::ports::Destination;
use caseloom::shutdown::Shutdown;
use caseloom::view::Shelf;
use caseloom_engine::accounting::Disposition;
use caseloom_engine::command::{Action, Actor, Answer, Proof};
use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{CaseId, GroupId, ScopeId};
use caseloom_engine::knowledge::{Criticality, Entry, FactKind, Knowledge, Mark, Source};
use caseloom_engine::record::{GroupRecord, Stage};
use caseloom_engine::time::Timestamp;
use common::*;

#[test]
fn an_alert_opens_a_case_that_is_stored_shown_and_published() {
    let rig = Rig::new();
    let ended = rig.start().finish(&messages([
        critical("a1", "web-01"),
        critical("a2", "db-07"),
    ]));
    assert!(ended.accounting.is_balanced());
    assert_eq!(ended.accounting.messages, 2);
    assert_eq!(ended.accounting.term(Disposition::Case), 2);
    assert_eq!(ended.reader.accounting().unwrap(), ended.accounting);

    let stored = groups(&ended.reader);
    assert_eq!(stored.len(), ended.view.len(Shelf::Cases));
    let arrived = rig.outside.arrived();
    for case in &stored {
        assert_eq!(*ended.view.get(case.case).unwrap(), *case);
        assert_eq!(announced(&arrived, case), case.event_seq);
    }
    let opened = of(&arrived, Destination::Events);
    let opened = opened
        .iter()
        .filter(|event| header(event, "ce_type") == "io.caseloom.case.opened.v1");
    assert_eq!(opened.count(), stored.len());
}

/// How many events of a case arrived; the state topic got each too.
fn announced(arrived: &[caseloom::ports::OutputRecord], case: &GroupRecord) -> u64 {
    let key = format!("{}|{}", case.scope_name, case.case);
    let of = |destination| gapless(arrived, destination).get(&key).copied();
    assert_eq!(of(Destination::Events), of(Destination::State));
    of(Destination::Events).unwrap_or(0)
}

#[test]
fn bad_messages_become_dead_letters_and_their_neighbours_cases() {
    let rig = Rig::new();
    let good = |number: usize| critical(&format!("a{number}"), &format!("web-{number}"));
    let bad: [Vec<u8>; 5] = [
        good(1).into_bytes()[..40].to_vec(),
        vec![b'['; 200_000],
        vec![0xff, 0xfe, b'{', 0xc3],
        br#"{"time":"2026-01-31T07:59:00Z","rule":7,"title":[]}"#.to_vec(),
        vec![b'x'; (1 << 20) + 1],
    ];
    let mut values = vec![good(100).into_bytes()];
    for (number, bad) in bad.iter().enumerate() {
        values.extend([bad.clone(), good(number).into_bytes()]);
    }
    let ended = rig.start().finish(&messages(values));
    assert!(ended.accounting.is_balanced());
    assert_eq!(
        (ended.accounting.messages, ended.accounting.rejected),
        (11, 5)
    );
    assert_eq!(ended.accounting.term(Disposition::Case), 6);

    let arrived = rig.outside.arrived();
    let letters = of(&arrived, Destination::DeadLetters);
    let keys: Vec<_> = letters
        .iter()
        .map(|letter| std::str::from_utf8(&letter.key).unwrap())
        .collect();
    let expected = [1, 3, 5, 7, 9].map(|offset| format!("{TOPIC}|0|{offset}"));
    assert_eq!(keys, expected);
    for (letter, bad) in letters.iter().zip(&bad) {
        assert!(!header(letter, "reason").is_empty());
        let kept = letter.value.as_deref().unwrap();
        assert!(bad.starts_with(kept) && (kept.len() == bad.len() || bad.len() > 512 << 10));
    }
    assert_eq!(header(letters[4], "reason"), "too_large");
    let distinct: std::collections::BTreeSet<_> = letters
        .iter()
        .map(|letter| header(letter, "reason"))
        .collect();
    assert!(distinct.len() >= 3, "{distinct:?}");
}

#[test]
fn tombstones_are_counted_and_harm_nothing() {
    let rig = Rig::new();
    let mut all = messages([
        critical("a1", "web-01"),
        String::new(),
        critical("a2", "db-07"),
    ]);
    all[1].value = None;
    let ended = rig.start().finish(&all);
    assert!(ended.accounting.is_balanced());
    assert_eq!(ended.accounting.messages, 3);
    assert_eq!(ended.accounting.with_alerts, 2);
}

#[test]
fn a_publisher_that_fails_for_a_while_loses_and_reorders_nothing() {
    let (alerts, last) = generated(6_000);
    let calm = Rig::new();
    calm.clock.set(last);
    calm.start().finish(&alerts);
    let expected = calm.outside.arrived();
    assert!(expected.len() > 11, "{} records", expected.len());

    let rough = Rig::new();
    rough.clock.set(last);
    let mishap = |arrived, is_fatal| Mishap { arrived, is_fatal };
    rough.outside.plan(&[
        mishap(0, false),
        mishap(7, false),
        mishap(3, true),
        mishap(1, false),
    ]);
    let ended = rough.start().finish(&alerts);
    assert_eq!(rough.outside.planned(), 0);
    assert_eq!(rough.outside.made(), 5, "every error needs a new publisher");
    let arrived = rough.outside.arrived();
    for destination in [Destination::Events, Destination::State] {
        let before = gapless(&expected, destination);
        assert_eq!(gapless(&arrived, destination), before);
    }
    // All failures came first: what had arrived by then came again, and from there on it is the calm run.
    let repeats = arrived.len() - expected.len();
    assert!((1..=11).contains(&repeats), "{repeats} repeats");
    assert_eq!(arrived[repeats..], expected);
    for repeat in &arrived[..repeats] {
        assert!(expected.contains(repeat));
    }
    assert!(ended.accounting.is_balanced());
}

#[test]
fn restarts_after_every_batch_change_nothing() {
    let (alerts, last) = generated(3_000);
    let once = Rig::new();
    once.clock.set(last);
    let mut run = once.start();
    alerts.chunks(150).for_each(|batch| run.step(batch));
    let whole = run.finish(&[]);

    let often = Rig::new();
    often.clock.set(last);
    for (number, batch) in alerts.chunks(150).enumerate() {
        let mut run = often.start();
        run.step(batch);
        // Every third process lives long enough to publish, the others crash before.
        match number % 3 {
            0 => drop(run.finish(&[])),
            _ => drop(run.end()),
        }
    }
    let pieces = often.start().finish(&[]);

    assert_eq!(pieces.accounting, whole.accounting);
    assert!(whole.accounting.is_balanced());
    assert_eq!(whole.accounting.messages, 3_000);
    assert_eq!(groups(&pieces.reader), groups(&whole.reader));
    for destination in [Destination::Events, Destination::State] {
        assert_eq!(
            gapless(&often.outside.arrived(), destination),
            gapless(&once.outside.arrived(), destination)
        );
    }
    let cases = groups(&whole.reader);
    let cases: Vec<_> = cases
        .iter()
        .filter(|case| case.stage == Stage::Open)
        .collect();
    assert!(!cases.is_empty());
    let arrived = often.outside.arrived();
    for case in cases {
        assert_eq!(announced(&arrived, case), case.event_seq);
    }
}

#[test]
fn a_crash_between_publish_and_mark_repeats_the_same_events() {
    let rig = Rig::new();
    rig.outside.plan(&[Mishap {
        arrived: usize::MAX,
        is_fatal: false,
    }]);
    let ended = rig.start().finish(&messages([critical("a1", "web-01")]));
    let arrived = rig.outside.arrived();
    let events = of(&arrived, Destination::Events);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1]);
    assert_eq!(gapless(&arrived, Destination::Events).len(), 1);
    assert!(ended.accounting.is_balanced());
}

#[test]
fn records_below_the_stored_offset_are_not_decided_twice() {
    let rig = Rig::new();
    let values = ["web-01", "db-07", "dc-02"].map(|host| critical(&format!("on {host}"), host));
    let all = messages(values);
    let mut run = rig.start();
    run.step(&all[..2]);
    run.step(&all[..2]);
    let first = run.end().accounting;
    assert_eq!(first.messages, 2);

    let mut run = rig.start();
    assert_eq!(run.next_offsets[0].offset, 2);
    run.step(&all);
    let second = run.finish(&all).accounting;
    assert!(second.is_balanced());
    assert_eq!((second.messages, second.term(Disposition::Case)), (3, 3));
    assert_eq!(second.term(Disposition::Redelivered), 0);
}

#[test]
fn a_full_outbox_pauses_the_input_until_the_publisher_is_back() {
    let mut rig = Rig::new();
    rig.limits.records_max = 1;
    rig.limits.outbox_records_max = 9;
    rig.outside.set_down(true);
    let count = 60;
    let all = messages((0..count).map(|n| critical(&format!("a{n}"), &format!("web-{n}"))));
    let mut run = rig.start();
    let lane = run.publish();
    let mut inbox = Inbox::new(&all, run.shutdown.clone());
    let left = std::sync::Arc::clone(&inbox.left);
    let (shutdown, metrics) = (run.shutdown.clone(), std::sync::Arc::clone(&run.metrics));
    let reader = std::thread::spawn(move || {
        run.owner.run(&mut inbox, &shutdown).unwrap();
        run.end()
    });

    wait_until("full", || metrics.outbox_pending.get() > 9);
    // The fourth attempt comes 700 ms later: time for the owner to read on, were nothing to stop it.
    rig.outside.wait_for_attempts(4);
    let paused_at = *left.lock().unwrap();
    assert!(paused_at > count - 12, "{paused_at} of {count} are left");

    rig.outside.set_down(false);
    let ended = reader.join().unwrap();
    lane.join().unwrap();
    assert_eq!(*left.lock().unwrap(), 0);
    assert_eq!(ended.accounting.messages, count as u64);
    let arrived = rig.outside.arrived();
    assert_eq!(gapless(&arrived, Destination::Events).len(), count);
}

#[test]
fn a_stop_while_the_broker_is_away_leaves_the_rest_to_the_next_start() {
    let rig = Rig::new();
    rig.outside.set_down(true);
    let mut run = rig.start();
    let lane = run.publish_within(Duration::from_millis(500));
    run.step(&messages([critical("a1", "web-01")]));
    drop(run.end());
    lane.join().unwrap();
    let attempts = rig.outside.attempts();
    assert!((1..20).contains(&attempts), "{attempts} attempts");
    assert_eq!(rig.outside.arrived(), []);

    rig.outside.set_down(false);
    rig.start().finish(&[]);
    assert_eq!(
        gapless(&rig.outside.arrived(), Destination::Events).len(),
        1
    );
}

#[test]
fn a_lane_that_panics_ends_the_owner() {
    let rig = Rig::new();
    rig.outside.set_broken();
    let mut run = rig.start();
    let lane = run.publish();
    run.step(&messages([critical("a1", "web-01")]));
    assert!(lane.join().is_err());
    let mut inbox = Inbox::new(&[], Shutdown::new());
    let ended = run.owner.run(&mut inbox, &run.shutdown);
    assert!(matches!(ended, Err(PipelineError::Lane(_))), "{ended:?}");
}

#[test]
fn a_message_that_crashes_the_process_three_times_is_set_aside() {
    let mut rig = Rig::new();
    rig.limits.records_max = 4;
    rig.poison = Some("a6");
    let alert = |number: usize| critical(&format!("a{number}"), &format!("web-{number}"));
    let all = messages((0..10).map(alert));
    for crash in 1..=3 {
        assert!(rig.start().survive(&all).is_err(), "crash {crash}");
    }
    let accounting = rig.start().survive(&all).unwrap();
    assert!(accounting.is_balanced());
    assert_eq!((accounting.messages, accounting.rejected), (10, 1));
    assert_eq!(accounting.term(Disposition::Case), 9);
    let arrived = rig.outside.arrived();
    let letters = of(&arrived, Destination::DeadLetters);
    assert_eq!(letters.len(), 1);
    assert_eq!(header(letters[0], "reason"), "quarantined");
    assert_eq!(header(letters[0], "offset"), "6");
    assert_eq!(letters[0].value.as_deref(), all[6].value.as_deref());
}

#[test]
fn processes_that_end_in_order_blame_no_message() {
    let mut rig = Rig::new();
    rig.limits.records_max = 4;
    let all = messages((0..10).map(|n| critical(&format!("a{n}"), &format!("web-{n}"))));
    for _ in 0..6 {
        rig.start().survive(&[]).unwrap();
    }
    let accounting = rig.start().survive(&all).unwrap();
    assert_eq!((accounting.messages, accounting.rejected), (10, 0));
}

#[test]
fn a_gap_that_was_passed_over_is_counted_for_good() {
    let rig = Rig::new();
    let mut run = rig.start();
    let mut first = batch(&messages([critical("a1", "web-01")]));
    first.lost = 7;
    run.owner.step(&first).unwrap();
    assert_eq!(run.metrics.messages_lost.get(), 7);
    drop(run.end());
    let mut run = rig.start();
    assert_eq!(run.metrics.messages_lost.get(), 7);
    let gap = caseloom::ports::RecordBatch {
        lost: 3,
        assigned: vec![caseloom::ports::NextOffset {
            topic: caseloom_engine::alert::TopicId(0),
            partition: 0,
            offset: 20,
        }],
        ..Default::default()
    };
    run.owner.step(&gap).unwrap();
    drop(run.end());
    assert_eq!(rig.start().metrics.messages_lost.get(), 10);
}

#[test]
fn too_little_room_pauses_all_writing_until_there_is_more() {
    let rig = Rig::new();
    let all = messages((0..10).map(|n| critical(&format!("a{n}"), &format!("web-{n}"))));
    let mut run = rig.start();
    let lane = run.publish();
    run.guard.tell_room(Some("the disk is nearly full".into()));
    let mut inbox = Inbox::new(&all, run.shutdown.clone());
    let left = std::sync::Arc::clone(&inbox.left);
    let (guard, metrics) = (run.guard.clone(), std::sync::Arc::clone(&run.metrics));
    let shutdown = run.shutdown.clone();
    let owner = std::thread::spawn(move || {
        run.owner.run(&mut inbox, &shutdown).unwrap();
        run.end()
    });
    let waits = || {
        let reached = metrics.bounds_reached.with_label_values(&["store_room"]);
        reached.get()
    };
    wait_until("paused", || waits() >= 2);
    assert_eq!(*left.lock().unwrap(), all.len());
    guard.tell_room(None);
    let ended = owner.join().unwrap();
    lane.join().unwrap();
    assert_eq!(ended.accounting.messages, 10);
}

#[test]
fn an_error_of_the_store_in_the_background_ends_the_owner() {
    let rig = Rig::new();
    let mut run = rig.start();
    let lane = run.publish();
    run.guard.tell_failed("a flush failed");
    let mut inbox = Inbox::new(&[], Shutdown::new());
    let ended = run.owner.run(&mut inbox, &run.shutdown);
    assert!(matches!(ended, Err(PipelineError::Store(_))), "{ended:?}");
    drop(run.end());
    lane.join().unwrap();
}

fn wish(case: CaseId) -> Wish {
    Wish {
        scope: "default".into(),
        case,
        actor: Actor {
            name: "ana".into(),
            proof: Proof::Token,
        },
        expected: Some(1),
        key: None,
        action: Action::Note {
            text: "seen".into(),
        },
    }
}

#[test]
fn a_command_is_answered_when_it_is_durable_and_goes_out_as_an_event() {
    let rig = Rig::new();
    let mut running = rig.start();
    running.step(&messages([critical("a1", "web-01")]));
    let case = groups(&running.reader)[0].case;
    let mut told = running.desk.submit(wish(case)).unwrap();
    assert!(told.try_recv().is_err(), "nobody has decided yet");
    running.owner.obey().unwrap();
    assert!(matches!(told.try_recv(), Ok(Answer::Done(_))));
    assert_eq!(running.reader.audit(ScopeId(0), 0, 10).unwrap().len(), 1);
    let again = running.desk.submit(wish(case)).unwrap();
    running.owner.obey().unwrap();
    assert_eq!(again.blocking_recv(), Ok(Answer::Stale { revision: 2 }));
    let none = running.desk.submit(wish(CaseId(7))).unwrap();
    running.owner.obey().unwrap();
    assert_eq!(none.blocking_recv(), Ok(Answer::Unknown));

    let ended = running.finish(&[]);
    let arrived = rig.outside.arrived();
    let events = of(&arrived, Destination::Events);
    let last: serde_json::Value =
        serde_json::from_slice(events.last().unwrap().value.as_deref().unwrap()).unwrap();
    let own = &last["unmapped"]["caseloom"];
    assert_eq!(own["act"]["actor"], "ana");
    assert_eq!(own["event"], "note");
    assert_eq!(own["act"]["text"], "seen");
    assert_eq!(own["work"]["notes"], 1);
    let stored = &groups(&ended.reader)[0];
    assert_eq!((stored.revision, stored.event_seq), (2, 2));
}

#[test]
fn a_command_that_was_not_written_is_not_done() {
    let rig = Rig::new();
    let mut running = rig.start();
    running.step(&messages([critical("a1", "web-01")]));
    let case = groups(&running.reader)[0].case;
    let told = running.desk.submit(wish(case)).unwrap();
    drop(running.end());
    assert!(told.blocking_recv().is_err(), "no answer");
    let running = rig.start();
    assert!(running.reader.audit_head(ScopeId(0)).unwrap().is_none());
    assert_eq!(groups(&running.reader)[0].revision, 1);
}

#[test]
fn commands_wait_in_a_bounded_queue_and_gone_askers_are_passed_over() {
    let rig = Rig::new();
    let mut running = rig.start();
    running.step(&messages([critical("a1", "web-01")]));
    let case = groups(&running.reader)[0].case;
    let mut waiting = Vec::new();
    let refused = loop {
        match running.desk.submit(wish(case)) {
            Ok(told) => waiting.push(told),
            Err(refused) => break refused,
        }
    };
    assert_eq!((refused, waiting.len()), (DeskError::Full, 256));
    waiting.clear();
    for _ in 0..4 {
        running.owner.obey().unwrap();
    }
    assert!(running.reader.audit_head(ScopeId(0)).unwrap().is_none());
    assert!(running.desk.submit(wish(case)).is_ok());
}

#[test]
fn what_lists_say_makes_a_case_and_outlives_a_restart() {
    let rig = Rig::new();
    let medium = |id: &str| critical(id, "web-01").replace("\"critical\"", "\"medium\"");
    let all = messages(["a1", "a2"].map(medium));
    let knowledge = |mark| {
        let source = Source {
            name: "machines".into(),
            kind: FactKind::Asset,
            scope: None,
            as_of: Timestamp(1),
            stale_from: Timestamp::MAX,
        };
        let entry = Entry {
            kind: EntityKind::Host,
            value: "web-01".into(),
            source: 0,
            mark,
            as_of: None,
            fields: Box::new([("owner".into(), "Web team".into())]),
        };
        Arc::new(Knowledge::new(vec![source], vec![entry], Vec::new()))
    };
    let mut run = rig.start();
    run.step(&all[..1]);
    let group = |run: &Running| run.reader.group(GroupId(1)).unwrap().unwrap();
    assert_eq!(
        (group(&run).stage, group(&run).risk),
        (Stage::Candidate, 50.0)
    );
    run.contexts.knowledge(knowledge(Mark::Confidence(100)));
    run.step(&[]);
    assert_eq!((group(&run).stage, group(&run).risk), (Stage::Open, 100.0));
    let text = run.metrics.render();
    assert!(text.contains("caseloom_cases_opened_total 1"));
    drop(run.end());

    let mut run = rig.start();
    run.contexts.knowledge(knowledge(Mark::Confidence(100)));
    run.step(&[]);
    let (seq, facts) = (
        group(&run).event_seq,
        run.reader.facts(GroupId(1)).unwrap().unwrap(),
    );
    assert_eq!(
        (seq, facts.facts.len(), facts.raise),
        (1, 1, 2.0),
        "the same lists change nothing"
    );
    run.contexts
        .knowledge(knowledge(Mark::Criticality(Criticality::High)));
    run.step(&[]);
    assert_eq!((group(&run).event_seq, group(&run).risk), (2, 62.5));
    run.step(&all[1..]);
    assert_eq!(group(&run).alerts, 2);
}

#[test]
fn a_new_policy_is_in_force_with_the_next_batch_and_a_wrong_one_never() {
    let rig = Rig::new();
    let all = messages(["a1", "a2", "a3"].map(|id| critical(id, "web-01")));
    let mut run = rig.start();
    let version = |run: &Running| run.reader.policy().unwrap().unwrap().policy.version;
    run.step(&all[..1]);
    let before = version(&run);
    let mut other = run.owner.correlator().policy().clone();
    (other.version, other.promotion_risk) = ("other".into(), 40.0);
    run.contexts.policy(other.clone());
    run.step(&all[1..2]);
    assert_eq!(version(&run), "other");
    other.version = "wrong".into();
    other.lateness = caseloom_engine::time::Span::MINUTE;
    run.contexts.policy(other);
    run.step(&all[2..]);
    assert_eq!(version(&run), "other");
    let text = run.metrics.render();
    for line in [
        "caseloom_policy_reloads_total{outcome=\"applied\"} 1",
        "caseloom_policy_reloads_total{outcome=\"refused\"} 1",
        "caseloom_policy_reloads_total{outcome=\"unchanged\"} 0",
    ] {
        assert!(text.contains(line), "{line}");
    }
    assert_eq!(run.reader.policies().unwrap().len(), 2);
    drop(run.end());

    let mut run = rig.start();
    run.step(&[]);
    assert_eq!(
        version(&run),
        before,
        "a start puts the configured one in force"
    );
}
