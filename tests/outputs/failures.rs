//! Whatever happens on the way, nothing is lost, and no tool holds anything twice.

use caseloom::outputs::Next;
use caseloom::ports::Destination;
use caseloom_engine::time::Span;

use crate::common::{header, of};
use crate::fake::{Asked, Fake, Mishap, Product};
use crate::life::{basic, token};
use crate::products::{Desk, Iris, Jira, ServiceNow, Soar, TheHive, Webhook};
use crate::world::World;

/// Everything that may happen to a request without its being refused for good.
const MISHAPS: [Mishap; 5] = [
    Mishap::CutAfter,
    Mishap::CutBefore,
    Mishap::Answer(500, &[]),
    Mishap::Answer(429, &[("retry-after", "7")]),
    Mishap::Answer(401, &[]),
];

/// Tells a life with a mishap at each request in turn, and with a crash behind the mishap too. The product must hold
/// one object, with each comment once.
fn endure<P: Product + Default>(
    settings: impl Fn(&str) -> String,
    desk: impl Fn(&P) -> &Desk,
    comments: usize,
) {
    let calm = Fake::new(P::default());
    let mut world = World::new(&settings(&calm.url));
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let requests = calm.log().len();
    assert!(requests > 3, "{requests}");
    for mishap in MISHAPS {
        for at in 0..requests {
            // What was answered is known; only what was not is worth a crash.
            let is_cut = matches!(mishap, Mishap::CutAfter | Mishap::CutBefore);
            for crashes in [false, true].into_iter().take(1 + usize::from(is_cut)) {
                let fake = Fake::new(P::default());
                let mut world = World::new(&settings(&fake.url));
                world.live();
                let mut worker = world.worker();
                fake.plan_after(at, &mishap);
                while fake.log().len() <= at {
                    assert_ne!(worker.step().unwrap(), Next::Idle);
                }
                if crashes {
                    drop(worker);
                    world.crash();
                    worker = world.worker();
                }
                world.drain(&mut worker);
                let product = fake.look();
                let desk = desk(&product);
                let story = format!("{mishap:?} at {at}, crash: {crashes}");
                assert_eq!(desk.faults, Vec::<String>::new(), "{story}");
                assert_eq!(desk.objects.len(), 1, "{story}");
                let said = &desk.objects[0].comments;
                assert_eq!(said.len(), comments, "{story}: {said:#?}");
            }
        }
    }
}

#[test]
fn thehive_holds_nothing_twice() {
    endure(|url| token("thehive", url), |hive: &TheHive| &hive.0, 3);
}

#[test]
fn iris_holds_nothing_twice() {
    endure(
        |url| token("iris", url) + "customer = 1\n",
        |iris: &Iris| &iris.0,
        3,
    );
}

#[test]
fn soar_holds_nothing_twice() {
    endure(|url| token("splunk_soar", url), |soar: &Soar| &soar.0, 3);
}

#[test]
fn jira_holds_nothing_twice() {
    endure(
        |url| basic("jira", url) + "project = \"SOC\"\n",
        |jira: &Jira| &jira.0,
        3,
    );
}

#[test]
fn servicenow_holds_nothing_twice() {
    endure(|url| basic("servicenow", url), |now: &ServiceNow| &now.0, 0);
}

fn ids(log: &[Asked]) -> Vec<&str> {
    log.iter()
        .map(|asked| &*asked.headers["idempotency-key"])
        .collect()
}

fn webhook() -> (Fake<Webhook>, World) {
    let fake = Fake::new(Webhook::default());
    let world = World::new(&format!("kind = \"webhook\"\nurl = \"{}\"\n", fake.url));
    (fake, world)
}

#[test]
fn a_request_that_was_cut_is_repeated_under_the_same_key_after_a_restart_too() {
    let (fake, mut world) = webhook();
    world.live();
    fake.plan(&[Mishap::CutAfter, Mishap::CutAfter]);
    let mut worker = world.worker();
    worker.step().unwrap();
    drop(worker);
    world.crash();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let log = fake.log();
    let ids = ids(&log);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[1], ids[2]);
    assert_ne!(ids[2], ids[3]);
    assert_eq!(log[0].body, log[2].body);
    assert_eq!(fake.look().taken.len(), log.len() - 2);
    assert_eq!(
        world.count("caseloom_output_retries_total{output=\"tool\"}"),
        1
    );

    // A restart in the middle goes on where it was: nothing comes again.
    drop(worker);
    world.crash();
    let mut worker = world.worker();
    world.drain(&mut worker);
    assert_eq!(fake.log().len(), log.len());
}

#[test]
fn waits_grow_and_heed_what_the_tool_asks_for() {
    let (fake, mut world) = webhook();
    world.open();
    let now = crate::common::NOW;
    assert_eq!(now.to_rfc3339(), "2026-01-31T08:00:00.000Z");
    fake.plan(&[
        Mishap::Answer(503, &[]),
        Mishap::Answer(503, &[]),
        Mishap::Answer(503, &[]),
        Mishap::Answer(429, &[("Retry-After", "90")]),
        Mishap::Answer(429, &[("Retry-After", "Sat, 31 Jan 2026 08:10:00 GMT")]),
        Mishap::Answer(429, &[("Retry-After", "999999999")]),
    ]);
    let mut worker = world.worker();
    let waits = world.drain(&mut worker);
    assert_eq!(waits.len(), 6);
    for (wait, whole) in waits.iter().zip([1_000, 2_000, 4_000]) {
        assert!((whole / 2..whole).contains(&wait.0), "{waits:?}");
    }
    assert_eq!(waits[3], Span(90_000));
    let passed: i64 = waits[..4].iter().map(|wait| wait.0).sum();
    assert_eq!(waits[4].0, 600_000 - passed, "until ten past");
    assert_eq!(waits[5], Span::HOUR, "no longer than an hour");
    assert_eq!(fake.look().taken.len(), 1);
    assert_eq!(
        world.count("caseloom_output_lag_seconds{output=\"tool\"}"),
        0
    );
}

#[test]
fn what_is_refused_goes_to_the_dead_letters_and_holds_up_nothing() {
    let (fake, mut world) = webhook();
    world.live();
    fake.plan(&[Mishap::Answer(422, &[])]);
    let mut worker = world.worker();
    world.drain(&mut worker);
    let first = fake.log()[0].headers["ce-id"].clone();
    assert_eq!(
        world.count("caseloom_output_dead_letters_total{output=\"tool\"}"),
        1
    );
    let told = fake.look().taken.len();
    assert_eq!(told, fake.log().len() - 1);
    world.running.take().unwrap().finish(&[]);
    let arrived = world.rig.outside.arrived();
    let letters = of(&arrived, Destination::DeadLetters);
    assert_eq!(letters.len(), 1);
    assert_eq!(header(letters[0], "reason"), "output_refused");
    assert_eq!(header(letters[0], "output"), "tool");
    assert_eq!(header(letters[0], "detail"), "it answers 422: as told");
    assert_eq!(header(letters[0], "event"), first);
    assert_eq!(letters[0].value, of(&arrived, Destination::Events)[0].value);
}

#[test]
fn a_letter_that_is_not_durable_is_written_again() {
    let (fake, mut world) = webhook();
    world.open();
    fake.plan(&[Mishap::Answer(422, &[]), Mishap::Answer(422, &[])]);
    let mut worker = world.worker();
    worker.step().unwrap();
    drop(worker);
    // Before the owner took it.
    world.crash();
    let mut worker = world.worker();
    world.drain(&mut worker);
    world.running.take().unwrap().finish(&[]);
    let arrived = world.rig.outside.arrived();
    assert_eq!(of(&arrived, Destination::DeadLetters).len(), 1);
}

#[test]
fn an_event_over_which_the_tool_fails_each_time_is_given_up() {
    let (fake, mut world) = webhook();
    world.live();
    fake.plan(&vec![Mishap::Answer(500, &[]); 12]);
    let mut worker = world.worker();
    let waits = world.drain(&mut worker);
    assert!(waits.len() >= 12, "{waits:?}");
    assert_eq!(
        world.count("caseloom_output_dead_letters_total{output=\"tool\"}"),
        1
    );
    assert_eq!(
        world.count("caseloom_output_retries_total{output=\"tool\"}"),
        11
    );
}

#[test]
fn a_tool_that_is_away_or_does_not_know_us_loses_nothing_however_long() {
    for status in [401, 403, 302, 503] {
        let (fake, mut world) = webhook();
        world.live();
        fake.plan(&vec![Mishap::Answer(status, &[]); 60]);
        let mut worker = world.worker();
        world.drain(&mut worker);
        assert_eq!(
            world.count("caseloom_output_dead_letters_total{output=\"tool\"}"),
            0
        );
        assert_eq!(fake.look().taken.len(), fake.log().len() - 60);
    }
}

#[test]
fn nothing_of_the_login_is_told_when_nobody_is_there() {
    let mut world = World::new(&token("thehive", "http://127.0.0.1:1"));
    world.open();
    let mut worker = world.worker();
    assert!(matches!(worker.step().unwrap(), Next::At(_)));
    assert_eq!(
        world.count("caseloom_output_retries_total{output=\"tool\"}"),
        1
    );
    assert!(!format!("{worker:?}").contains("s3cret"));
}
