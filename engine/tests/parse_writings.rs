//! Behaviour: an alert that was written otherwise on its way is the same alert. Searches make every value a string or a
//! list of one, converters add nulls and write times in their own form; what the product said stays the same.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod parsing;

use caseloom_engine::alert::Alert;
use caseloom_engine::input::Parser;
use caseloom_engine::time::Timestamp;
use parsing::{message, parser};
use serde_json::{Map, Value, json};

#[expect(clippy::disallowed_methods, reason = "reads fixtures")]
fn products() -> Vec<String> {
    let folders = std::fs::read_dir("tests/fixtures").unwrap();
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut products: Vec<String> = folders.map(|entry| name(entry.unwrap())).collect();
    products.sort();
    products
}

/// The documents of all fixtures that are well-formed, with the names of their files.
fn documents() -> Vec<(String, Value)> {
    let mut documents = Vec::new();
    for product in products() {
        for (name, text) in parsing::fixtures(&product) {
            let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
            let values: Vec<Value> = values.map_while(Result::ok).collect();
            if name != "hostile" {
                documents.extend(
                    values
                        .into_iter()
                        .map(|value| (format!("{product}/{name}"), value)),
                );
            }
        }
    }
    documents
}

/// `document` with each scalar replaced by what `write` makes of it; told how deep it stands.
fn rewritten(document: &Value, depth: usize, write: &dyn Fn(&Value, usize) -> Value) -> Value {
    match document {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(key, value)| (key.clone(), rewritten(value, depth + 1, write)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(elements) => {
            let elements = elements.iter();
            elements
                .map(|element| rewritten(element, depth + 1, write))
                .collect()
        }
        scalar => write(scalar, depth),
    }
}

/// What an alert says, whatever the order in which it says it.
fn said(alert: &Alert) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut entities: Vec<_> = alert
        .entities
        .iter()
        .map(|entity| (entity.role, entity.kind, entity.value.to_string()))
        .collect();
    entities.sort();
    let mut attack = alert.attack.to_vec();
    attack.sort();
    (
        (alert.rule_id.clone(), alert.rule_name.clone()),
        (alert.severity, alert.count, alert.lifecycle),
        (alert.source.clone(), alert.time, attack),
        entities,
    )
}

fn alerts(parser: &mut Parser, document: &Value) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let result = parser.parse(&message(document.to_string().as_bytes()), &mut alerts);
    assert!(result.is_ok() || alerts.is_empty());
    alerts
}

/// Asserts that every fixture's alerts say the same when each of its scalars is written otherwise.
fn assert_same(write: &dyn Fn(&Value, usize) -> Value) {
    let (mut parser, mut compared) = (parser(), 0);
    for (name, document) in documents() {
        let before = alerts(&mut parser, &document);
        let after = alerts(&mut parser, &rewritten(&document, 0, write));
        assert_eq!(before.len(), after.len(), "{name}");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(said(before), said(after), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared} alerts");
}

#[test]
fn numbers_may_be_strings() {
    assert_same(&|scalar, _| match scalar {
        Value::Number(number) => json!(number.to_string()),
        other => other.clone(),
    });
}

#[test]
fn a_value_may_be_a_list_of_one() {
    // Not at the top, where the keys tell what a document is.
    assert_same(&|scalar, depth| match scalar {
        Value::String(_) if depth > 1 => json!([scalar]),
        other => other.clone(),
    });
}

#[test]
fn times_may_be_written_in_any_common_form() {
    let forms: [fn(i64, &str) -> Value; 5] = [
        |_, text| json!(text.replace('Z', "+0000")),
        |_, text| json!(text.replace('Z', "0000+00:00")),
        |_, text| json!(text.replace('T', " ").replace('Z', "")),
        |ms, _| json!(ms),
        |ms, _| json!(ms.to_string()),
    ];
    for form in forms {
        assert_same(&|scalar, _| {
            let Some(ms) = scalar.as_str().and_then(whole_time) else {
                return scalar.clone();
            };
            form(ms, &Timestamp(ms).to_rfc3339())
        });
    }
}

/// The milliseconds of a text of RFC 3339 with `Z` and no finer part, which every form can hold.
fn whole_time(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    (text.ends_with('Z') && text.len() <= 24).then(|| time.as_millisecond())
}

/// `document` with two keys more in each object, and nothing at them.
fn padded(document: &Value) -> Value {
    match document {
        Value::Object(fields) => {
            let fields = fields.iter();
            let mut wider: Map<_, _> = fields
                .map(|(key, value)| (key.clone(), padded(value)))
                .collect();
            wider.insert("aa_padding".into(), Value::Null);
            wider.insert("zz_padding".into(), json!(""));
            wider.into()
        }
        Value::Array(elements) => elements.iter().map(padded).collect(),
        scalar => scalar.clone(),
    }
}

#[test]
fn nulls_and_empty_values_beside_it_say_nothing() {
    let mut parser = parser();
    for (name, document) in documents() {
        let mut told = |document| {
            let alerts = alerts(&mut parser, document);
            alerts.iter().map(said).collect::<Vec<_>>()
        };
        assert_eq!(told(&document), told(&padded(&document)), "{name}");
    }
}
