//! What each product holds at the end of a case's life.

use serde_json::Value;

use crate::fake::Fake;
use crate::products::{Desk, Iris, Jira, ServiceNow, Slack, Soar, TheHive, Webhook};
use crate::world::World;

fn field<'a>(desk: &'a Desk, name: &str) -> &'a Value {
    assert_eq!(desk.faults, Vec::<String>::new());
    assert_eq!(desk.objects.len(), 1);
    &desk.objects[0].fields[name]
}

pub(crate) fn token(kind: &str, url: &str) -> String {
    format!(
        "kind = \"{kind}\"\nurl = \"{url}\"\ntoken = \"env:SECRET\"\nconsole = \"https://caseloom.example.com/\"\n"
    )
}

pub(crate) fn basic(kind: &str, url: &str) -> String {
    format!("kind = \"{kind}\"\nurl = \"{url}\"\nuser = \"caseloom\"\npassword = \"env:SECRET\"\n")
}

/// What comments say of the three things that people did.
fn assert_comments(desk: &Desk) {
    let comments = &desk.objects[0].comments;
    assert_eq!(comments.len(), 3, "{comments:#?}");
    assert!(comments[0].contains("seen") && comments[0].contains("ana"));
    assert!(comments[1].contains("investigating"));
    assert!(comments[2].contains("cleaned") || comments[2].contains("closed"));
}

#[test]
fn thehive_has_one_alert_with_the_story_as_comments() {
    let fake = Fake::new(TheHive::default());
    let mut world = World::new(&token("thehive", &fake.url));
    world.live();
    let mut worker = world.worker();
    assert!(world.drain(&mut worker).is_empty());
    let hive = fake.look();
    assert_eq!(field(&hive.0, "title"), "Credential dumping on web-01");
    assert_eq!(field(&hive.0, "severity"), 4);
    let observables = field(&hive.0, "observables").as_array().unwrap();
    assert_eq!(
        (&observables[0]["dataType"], &observables[0]["data"]),
        (&"hostname".into(), &"web-01".into())
    );
    let link = field(&hive.0, "externalLink").as_str().unwrap();
    assert!(link.starts_with("https://caseloom.example.com/cases/"));
    assert_comments(&hive.0);
    let note = &hive.0.objects[0].comments[0];
    assert!(
        note.contains("seen \\<\\!channel\\> \\*bold\\* \\[x\\]\\(http\\:"),
        "{note}"
    );
}

#[test]
fn iris_has_one_alert_and_who_owns_it_stays_so() {
    let fake = Fake::new(Iris::default());
    let settings = token("iris", &fake.url) + "customer = 3\n";
    let mut world = World::new(&settings);
    world.open();
    let mut worker = world.worker();
    world.drain(&mut worker);
    fake.look().0.objects[0]
        .fields
        .insert("alert_owner_id".into(), 42.into());
    world.grow(1);
    world.drain(&mut worker);
    let iris = fake.look();
    assert_eq!(field(&iris.0, "alert_owner_id"), 42);
    assert_eq!(field(&iris.0, "alert_customer_id"), 3);
    assert_eq!(field(&iris.0, "alert_status_id"), 22);
    assert_eq!(field(&iris.0, "alert_severity_id"), 15);
    assert_eq!(
        field(&iris.0, "alert_source_event_time"),
        "2026-01-31T07:59:00"
    );
    assert_eq!(iris.0.objects[0].updates, 1);
}

#[test]
fn iris_has_the_story_as_comments() {
    let fake = Fake::new(Iris::default());
    let mut world = World::new(&(token("iris", &fake.url) + "customer = 1\n"));
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    field(&fake.look().0, "alert_title");
    assert_comments(&fake.look().0);
}

#[test]
fn servicenow_has_one_alert_and_it_is_cleared() {
    let fake = Fake::new(ServiceNow::default());
    let mut world = World::new(&basic("servicenow", &fake.url));
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let now = fake.look();
    assert_eq!(field(&now.0, "severity"), "0");
    assert_eq!(field(&now.0, "resolution_state"), "Closing");
    assert_eq!(field(&now.0, "node"), "web-01");
    assert_eq!(
        field(&now.0, "time_of_event").as_str().map(str::len),
        Some(19)
    );
    let first: Value = serde_json::from_str(&fake.log()[0].body).unwrap();
    assert_eq!(first["records"][0]["severity"], "1");
    assert_eq!(first["records"][0]["resolution_state"], "New");
}

#[test]
fn soar_has_one_container_with_its_artifacts() {
    let fake = Fake::new(Soar::default());
    let mut world = World::new(&token("splunk_soar", &fake.url));
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let soar = fake.look();
    assert_eq!(field(&soar.0, "severity"), "high");
    let artifacts = field(&soar.0, "artifacts").as_array().unwrap();
    assert_eq!(artifacts[0]["cef"]["destinationHostName"], "web-01");
    assert_eq!(field(&soar.0, "data")["status"], "closed");
    assert_comments(&soar.0);
}

#[test]
fn jira_has_one_issue_with_the_story_as_comments() {
    let fake = Fake::new(Jira::default());
    let mut world = World::new(&(basic("jira", &fake.url) + "project = \"SOC\"\n"));
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let jira = fake.look();
    assert_eq!(
        field(&jira.0, "summary"),
        "[Critical] Credential dumping on web-01"
    );
    assert_eq!(field(&jira.0, "project")["key"], "SOC");
    assert_eq!(field(&jira.0, "issuetype")["name"], "Task");
    assert_comments(&jira.0);
}

#[test]
fn slack_gets_a_message_for_each_word_and_nothing_in_it_calls_anybody() {
    let fake = Fake::new(Slack::default());
    let settings = format!(
        "kind = \"slack\"\nurl = \"env:URL\"\n# url {}/services/T0/B0/hush\n",
        fake.url
    );
    let mut world = World::new(&settings);
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let slack = fake.look();
    assert_eq!(slack.0.faults, Vec::<String>::new());
    assert_eq!(slack.0.objects.len(), 4, "opened, note, status, closed");
    let all: String = fake.log().iter().map(|asked| asked.body.as_str()).collect();
    assert!(all.contains("seen &lt;!channel&gt;"), "{all}");
    assert!(!all.contains("<!"));
    assert!(!format!("{worker:?}").contains("hush"));
}

#[test]
fn a_webhook_gets_each_event_as_kafka_does() {
    let fake = Fake::new(Webhook::default());
    let mut world = World::new(&format!("kind = \"webhook\"\nurl = \"{}/in\"\n", fake.url));
    world.live();
    let mut worker = world.worker();
    world.drain(&mut worker);
    let delivered = world.count("caseloom_output_delivered_total{output=\"tool\"}");
    world.running.take().unwrap().finish(&[]);
    let webhook = fake.look();
    assert_eq!(webhook.desk.faults, Vec::<String>::new());
    let arrived = world.rig.outside.arrived();
    let events = crate::common::of(&arrived, caseloom::ports::Destination::Events);
    assert_eq!(webhook.taken.len(), events.len());
    assert_eq!(delivered, events.len() as u64);
    for ((id, body), event) in webhook.taken.iter().zip(events) {
        assert_eq!(id, crate::common::header(event, "ce_id"));
        assert_eq!(body.as_bytes(), event.value.as_deref().unwrap());
    }
    let asked = &fake.log()[0];
    assert_eq!(asked.path, "/in");
    assert_eq!(asked.headers["ce-type"], "io.caseloom.case.opened.v1");
}
