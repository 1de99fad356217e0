//! Behaviour: alerts of clouds and of identity providers, each product's fixtures as it reads them.

mod parsing;

use caseloom_engine::alert::Alert;
use caseloom_engine::entity::{EntityKind, Role};
use parsing::{parse, story};
use serde_json::{Value, json};

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
    let whole: Value = serde_json::from_str(text).expect("a fixture is JSON");
    let rows = whole["records"].as_array().expect("it has records").clone();
    let read = |rows: &[Value]| {
        let mut alerts = parse(&json!({ "records": rows }).to_string()).1;
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

/// Values that stand where a product never writes them.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("\u{0}\u{202e}x"),
        json!("arn:aws:guardduty:::detector/x/finding/"),
        json!("[{\"$ref\":\"1\",\"$id\":\"1\"}]"),
        json!("/Date(1)/"),
        json!([]),
        json!({}),
        json!([[null, {"$ref": "2"}], "x"]),
        json!({"Type": "process", "ImageFile": {"$ref": "2"}, "properties": {"kind": "host"}}),
        json!({"user": {"user": {"user": []}}, "parentProcess": {"parentProcess": {}}}),
    ]
}

/// Replaces the node number `at` of `value`, counted in depth first.
fn replace(value: &mut Value, at: &mut usize, odd: &Value) {
    if *at == 0 {
        *value = odd.clone();
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match value {
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|inner| replace(inner, at, odd)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|inner| replace(inner, at, odd)),
        _ => {}
    }
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(nodes).sum(),
        Value::Object(fields) => fields.values().map(nodes).sum(),
        _ => 0,
    }
}

#[test]
fn a_value_of_any_kind_in_any_place_is_read_or_rejected() {
    let mut parser = parsing::parser();
    for product in PRODUCTS {
        for (name, text) in parsing::fixtures(product) {
            let value: Value = serde_json::from_str(&text).expect("a fixture is JSON");
            for (number, odd) in (0..nodes(&value)).zip(odd_values().iter().cycle()) {
                let mut changed = value.clone();
                replace(&mut changed, &mut number.clone(), odd);
                let text = changed.to_string();
                let mut alerts = Vec::new();
                let result = parser.parse(&parsing::message(text.as_bytes()), &mut alerts);
                let of = format!("{product}/{name} with {odd} at node {number}");
                for alert in &alerts {
                    assert!(!alert.rule_id.is_empty(), "{of}");
                    assert!(alert.entities.len() <= 64, "{of}");
                }
                if let Ok(parsed) = result {
                    assert_eq!(parsed.alerts as usize, alerts.len(), "{of}");
                }
            }
        }
    }
}

/// JSON with the keys of every object in reversed order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().rev();
            let fields = fields.map(|(key, inner)| format!("{}:{}", json!(key), reversed(inner)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(reversed).collect();
            format!("[{}]", elements.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[test]
fn the_order_of_keys_changes_nothing() {
    for product in PRODUCTS {
        for (name, text) in parsing::fixtures(product) {
            let value: Value = serde_json::from_str(&text).expect("a fixture is JSON");
            let read = |text: &str| {
                let mut alerts = parse(text).1;
                for alert in &mut alerts {
                    alert.attack.sort();
                    for entity in &mut alert.entities {
                        entity.thing = 0;
                        // A file that is both an image and a file has the role met first.
                        if matches!(entity.kind, EntityKind::Hash | EntityKind::File) {
                            entity.role = Role::Target;
                        }
                    }
                    alert.entities.sort();
                }
                alerts
            };
            assert_eq!(
                read(&value.to_string()),
                read(&reversed(&value)),
                "{product}/{name}"
            );
        }
    }
}
