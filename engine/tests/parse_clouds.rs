//! Behaviour: alerts of clouds and of identity providers, each product's fixtures as it reads them.

mod parsing;

use caseloom_engine::alert::Alert;
use caseloom_engine::entity::EntityKind;
use parsing::{parse, story};

const PRODUCTS: [&str; 11] = [
    "sentinel",
    "sentinel_incident",
    "ms_graph",
    "defender_xdr",
    "guardduty",
    "asff",
    "google_scc",
    "google_secops",
    "ocsf",
    "okta",
    "wiz",
];

#[test]
fn fixtures() {
    for product in PRODUCTS {
        for (name, text) in parsing::fixtures(product) {
            insta::assert_snapshot!(format!("{product}__{name}"), story(&text));
        }
    }
}

fn fixture(product: &str, wanted: &str) -> Vec<Alert> {
    let fixtures = parsing::fixtures(product);
    let text = fixtures.iter().find(|(name, _)| name == wanted);
    let text = &text.expect("the fixture is there").1;
    let (parsed, alerts) = parse(text);
    assert!(parsed.is_ok(), "{product}/{wanted}: {parsed:?}");
    alerts
}

#[test]
fn an_alert_of_defender_is_one_in_all_feeds() {
    let identity = |product: &str| {
        let alert = &fixture(product, "typical")[0];
        (alert.source.clone(), alert.id.clone())
    };
    assert_eq!(identity("sentinel"), identity("ms_graph"));
    assert_eq!(identity("sentinel"), identity("defender_xdr"));
}

#[test]
fn a_finding_of_guardduty_is_one_in_all_feeds() {
    let [own, hub] = ["guardduty", "asff"].map(|product| fixture(product, "typical"));
    let ocsf = fixture("ocsf", "guardduty");
    assert_eq!((&own[0].source, &own[0].id), (&hub[0].source, &hub[0].id));
    assert_eq!((&hub[0].source, &hub[0].id), (&ocsf[0].source, &ocsf[0].id));
    assert_eq!(hub[0].rule_id, ocsf[0].rule_id);
}

#[test]
fn rows_of_a_streamed_alert_are_one_in_any_order() {
    let fixtures = parsing::fixtures("defender_xdr");
    let (_, text) = fixtures
        .iter()
        .find(|(name, _)| name == "typical")
        .expect("the fixture is there");
    let whole: serde_json::Value = serde_json::from_str(text).expect("a fixture is JSON");
    let rows = whole["records"].as_array().expect("it has records").clone();
    let read = |rows: &[serde_json::Value]| {
        let mut alerts = parse(&serde_json::json!({ "records": rows }).to_string()).1;
        for alert in &mut alerts {
            alert.position = Default::default();
            alert.entities.sort();
            alert
                .entities
                .iter_mut()
                .for_each(|entity| entity.thing = 0);
        }
        alerts
    };
    let straight = read(&rows);
    let mut turned = rows.clone();
    turned.reverse();
    assert_eq!(straight.len(), 1);
    assert_eq!(straight, read(&turned));
    // In messages of their own every row is an alert, and each the same again when it is redelivered.
    let alone: Vec<Alert> = rows
        .iter()
        .flat_map(|row| parse(&row.to_string()).1)
        .collect();
    let mut ids: Vec<_> = alone.iter().map(|alert| alert.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), rows.len());
    let hosts = |alert: &Alert| {
        let hosts = alert.entities.iter();
        hosts
            .filter(|entity| entity.kind == EntityKind::Host)
            .count()
    };
    let without_host = alone.iter().filter(|alert| hosts(alert) == 0).count();
    assert_eq!(
        without_host, 1,
        "only the row of the alert itself has no device"
    );
}
