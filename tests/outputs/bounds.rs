//! What bounds an output that is down, what it passes over, and that it stops nobody.

use std::sync::Arc;

use caseloom::outputs::{Next, Shelf, ShelfBounds};
use caseloom_engine::time::Span;

use crate::common::*;
use crate::fake::{Fake, Mishap};
use crate::life::token;
use crate::products::{TheHive, Webhook};
use crate::world::{BOUNDS, World};

fn webhook(more: &str) -> (Fake<Webhook>, World) {
    let fake = Fake::new(Webhook::default());
    let world = World::new(&format!(
        "kind = \"webhook\"\nurl = \"{}\"\n{more}",
        fake.url
    ));
    (fake, world)
}

fn kinds(fake: &Fake<Webhook>) -> Vec<String> {
    let log = fake.log();
    let kind = |asked: &crate::fake::Asked| {
        asked.headers["ce-type"]
            .split('.')
            .nth(3)
            .unwrap()
            .to_owned()
    };
    log.iter().map(kind).collect()
}

#[test]
fn an_output_that_is_down_stops_neither_kafka_nor_others() {
    let (fake, mut world) = webhook("");
    fake.plan(&[Mishap::Answer(503, &[])]);
    world.open();
    let mut worker = world.worker();
    assert!(matches!(worker.step().unwrap(), Next::At(_)));
    let count = of(
        &world.rig.outside.arrived(),
        caseloom::ports::Destination::Events,
    )
    .len();
    assert_eq!(count, 0);
    world.live_on();
    let lane = world.running().publish();
    let outside = world.rig.outside.clone();
    wait_until("published", || {
        of(&outside.arrived(), caseloom::ports::Destination::Events).len() >= 3
    });
    drop(worker);
    drop(world.running.take().unwrap().end());
    lane.join().unwrap();
    world.running = Some(world.rig.start());
    let mut worker = world.worker();
    world.drain(&mut worker);
    assert_eq!(fake.look().taken.len(), 3);
    assert_eq!(world.running().feed.places().unwrap()[0].name, "tool");
}

#[test]
fn events_that_all_have_leave_the_feed() {
    let (_fake, mut world) = webhook("");
    world.live();
    assert!(world.running().feed.bytes() > 0);
    let mut worker = world.worker();
    world.drain(&mut worker);
    world.rig.clock.advance(Span::MINUTE);
    worker.step().unwrap();
    assert_eq!(world.running().feed.bytes(), 0);
    assert_eq!(world.count("caseloom_feed_bytes"), 0);
}

#[test]
fn the_feed_forgets_the_oldest_above_its_bytes_and_counts_what_was_missed() {
    let (fake, mut world) = webhook("");
    world.open();
    for number in 0..20 {
        world.note(&format!("note {number}"));
    }
    let whole = world.running().feed.bytes();
    let bounds = ShelfBounds {
        bytes_max: whole / 2,
        ..BOUNDS
    };
    let shelf = world.shelf(bounds);
    let mut worker = world.worker_on(shelf);
    world.drain(&mut worker);
    let taken = fake.look().taken.len() as u64;
    let expired = world.count("caseloom_output_skipped_total{output=\"tool\",reason=\"expired\"}");
    assert_eq!(taken + expired, 21);
    assert!((5..15).contains(&taken), "{taken}");
    assert_eq!(
        world.count("caseloom_bounds_reached_total{bound=\"feed\"}"),
        1
    );
    // The latest are those that are left.
    let last = fake.look().taken.last().unwrap().1.clone();
    assert!(last.contains("note 19"));
}

#[test]
fn the_feed_forgets_what_is_too_old() {
    let (fake, mut world) = webhook("");
    world.open();
    world.note("old");
    world.rig.clock.advance(Span(8 * 24 * 3_600_000));
    world.note("new");
    let mut worker = world.worker();
    world.drain(&mut worker);
    assert_eq!(fake.look().taken.len(), 1);
    assert!(fake.look().taken[0].1.contains("\"text\":\"new\""));
}

#[test]
fn filters_choose_by_scope_severity_and_kind() {
    let (fake, mut world) = webhook(
        "events = [\"opened\", \"closed\"]\nseverity_min = \"high\"\nscopes = [\"default\"]",
    );
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    assert_eq!(kinds(&fake), ["opened", "closed"]);
    let unwanted =
        world.count("caseloom_output_skipped_total{output=\"tool\",reason=\"unwanted\"}");
    assert!(unwanted >= 2, "{unwanted}");
    // What was passed over does not come again.
    drop(worker);
    world.crash();
    let mut worker = world.worker();
    world.drain(&mut worker);
    assert_eq!(fake.log().len(), 2);

    let (fake, mut world) = webhook("scopes = [\"acme\"]");
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    assert_eq!(fake.log().len(), 0);
}

#[test]
fn updates_that_a_later_event_tells_anew_are_left_out_where_one_object_stands_for_the_case() {
    let fake = Fake::new(TheHive::default());
    let mut world = World::new(&token("thehive", &fake.url));
    world.open();
    for number in 1..6 {
        world.grow(number);
    }
    let mut worker = world.worker();
    world.drain(&mut worker);
    let superseded =
        world.count("caseloom_output_skipped_total{output=\"tool\",reason=\"superseded\"}");
    assert_eq!(superseded, 4);
    let hive = fake.look();
    assert_eq!((hive.0.objects.len(), hive.0.objects[0].updates), (1, 1));
    let description = hive.0.objects[0].fields["description"].as_str().unwrap();
    assert!(description.contains("6 alerts"), "{description}");
}

#[test]
fn a_new_output_begins_with_what_happens_next_and_one_that_is_gone_is_forgotten() {
    let (_fake, mut world) = webhook("");
    world.live();
    let running = world.running();
    let open = |names: &[&str], head| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Shelf::open(
            Arc::clone(&running.feed),
            &names,
            head,
            BOUNDS,
            Arc::clone(&running.metrics),
        )
        .unwrap()
    };
    let shelf = open(&["a"], 0);
    let all = shelf.next("a", 100).unwrap();
    assert!(all.len() > 3);
    let middle = all[1].sequence;
    shelf.advance("a", middle).unwrap();
    drop(shelf);
    let head = all.last().unwrap().sequence;
    let shelf = open(&["a", "b"], head);
    assert_eq!(shelf.place("a"), middle);
    assert_eq!(shelf.next("b", 100).unwrap(), []);
    drop(shelf);
    let shelf = open(&["b"], head);
    assert_eq!(running.feed.bytes(), 0, "nobody waits for it");
    drop(shelf);
    let names: Vec<_> = running
        .feed
        .places()
        .unwrap()
        .into_iter()
        .map(|place| place.name)
        .collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn hostile_and_long_texts_fit_every_product() {
    use crate::life::basic;
    use crate::products::{Iris, Jira, ServiceNow, Slack, Soar};
    fn tell<P: crate::fake::Product>(fake: &Fake<P>, settings: &str) {
        let mut world = World::new(settings);
        let title = "窓\u{202e}\\n{noformat}<!here>@everyone \\u001b[2J*".repeat(40);
        let entities: Vec<_> = (0..60)
            .map(|number| {
                format!(
                    r#"{{"kind":"url","value":"http://e/{number}/{}","role":"target"}}"#,
                    "x'\\\"<".repeat(300)
                )
            })
            .collect();
        let alert = format!(
            r#"{{"id":"h","time":"2026-01-31T07:59:00Z","source":"edr","rule":{{"id":"R","name":"{title}"}},"severity":"critical","title":"{title}","entities":[{{"kind":"host","value":"web-01","role":"affected"}},{}]}}"#,
            entities.join(",")
        );
        world.running().step(&messages([alert]));
        world.note(&"n\u{0}\u{1b}`*_<!channel> ".repeat(1_000));
        let mut worker = world.worker();
        world.drain(&mut worker);
        assert_eq!(
            world.count("caseloom_output_delivered_total{output=\"tool\"}"),
            2
        );
        assert!(!fake.log().is_empty());
    }
    let fake = Fake::new(TheHive::default());
    tell(&fake, &token("thehive", &fake.url));
    assert_eq!(fake.look().0.faults, Vec::<String>::new());
    let fake = Fake::new(Iris::default());
    tell(&fake, &(token("iris", &fake.url) + "customer = 1\n"));
    assert_eq!(fake.look().0.faults, Vec::<String>::new());
    let fake = Fake::new(ServiceNow::default());
    tell(&fake, &basic("servicenow", &fake.url));
    assert_eq!(fake.look().0.faults, Vec::<String>::new());
    let fake = Fake::new(Soar::default());
    tell(&fake, &token("splunk_soar", &fake.url));
    assert_eq!(fake.look().0.faults, Vec::<String>::new());
    let fake = Fake::new(Jira::default());
    tell(&fake, &(basic("jira", &fake.url) + "project = \"SOC\"\n"));
    assert_eq!(fake.look().0.faults, Vec::<String>::new());
    let fake = Fake::new(Slack::default());
    tell(
        &fake,
        &format!(
            "kind = \"slack\"\nurl = \"env:URL\"\n# url {}/services/T0/B0/hush\n",
            fake.url
        ),
    );
    assert_eq!(fake.look().0.faults, Vec::<String>::new());
}

impl World {
    /// Two more events of an open case.
    fn live_on(&mut self) {
        self.note("one");
        self.note("two");
    }
}
