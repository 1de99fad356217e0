//! STIX 2.1 bundles (OASIS, STIX Version 2.1, sections 4.7 Indicator and 8 Bundle) and TAXII 2.1 envelopes: the indicators
//! whose patterns are simple (`pattern`). Objects are read one by one, so a large bundle does not stand in memory twice.

use std::fmt;

use caseloom_engine::knowledge::Mark;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::pattern;
use super::reading::{Fields, Frame, Reading, Validity, moment};

/// Reads a bundle. What is no JSON is wrong as a whole.
pub(super) fn read(
    text: &str,
    frame: Frame,
    reading: &mut Reading,
) -> Result<(), serde_json::Error> {
    let mut number = 0;
    let mut take = |object: Value| {
        number += 1;
        indicator(&object, number, frame, reading);
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Bundle(&mut take).deserialize(&mut deserializer)?;
    deserializer.end()
}

fn indicator(object: &Value, number: u64, frame: Frame, reading: &mut Reading) {
    let Some(object) = object.as_object() else {
        return reading.complain(|| format!("object {number}"), "is no JSON object");
    };
    if text(object, "type") != Some("indicator") {
        return reading.skip("other_object");
    }
    let at = || {
        format!(
            "object {number}, {}",
            text(object, "id").unwrap_or("without id")
        )
    };
    if object.get("revoked").and_then(Value::as_bool) == Some(true) {
        return reading.skip("revoked");
    }
    if text(object, "pattern_type").is_some_and(|kind| kind != "stix") {
        return reading.skip("pattern_language");
    }
    let Some(pattern) = text(object, "pattern") else {
        return reading.complain(at, "has no pattern");
    };
    let values = match pattern::values(pattern) {
        Ok(values) => values,
        Err(unclear) => return reading.skip(unclear.as_str()),
    };
    let time = |name: &str| text(object, name).and_then(moment);
    let validity = Validity {
        from: time("valid_from"),
        until: time("valid_until"),
    };
    if !reading.holds(validity, frame.now) {
        return;
    }
    let sure = object
        .get("confidence")
        .and_then(Value::as_u64)
        .and_then(|sure| u8::try_from(sure).ok());
    let mark = Mark::Confidence(sure.filter(|sure| *sure <= 100).unwrap_or(frame.confidence));
    let fields = fields(object);
    for (kind, value) in values {
        if !reading.add(frame, (kind, &value), (mark, time("modified")), &fields) {
            reading.complain(at, format!("a value means nothing as {}", kind.as_str()));
        }
    }
}

fn fields(object: &Map<String, Value>) -> Fields {
    let mut fields = Fields::default();
    for name in ["name", "description", "id", "valid_until"] {
        fields.push(name, text(object, name).unwrap_or(""));
    }
    for name in ["indicator_types", "labels"] {
        let items = object.get(name).and_then(Value::as_array);
        let words: Vec<&str> = items
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        fields.push(name, &words.join(", "));
    }
    fields
}

fn text<'o>(object: &'o Map<String, Value>, name: &str) -> Option<&'o str> {
    object.get(name).and_then(Value::as_str)
}

/// The object around the list.
struct Bundle<'a>(&'a mut dyn FnMut(Value));

/// The list.
struct Objects<'a>(&'a mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Bundle<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Bundle<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a STIX bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key == "objects" {
                true => map.next_value_seed(Objects(&mut *self.0))?,
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Objects<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of STIX objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(object) = items.next_element::<Value>()? {
            (self.0)(object);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caseloom_engine::entity::EntityKind;
    use caseloom_engine::time::Timestamp;

    const BUNDLE: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "indicator", "id": "indicator--1", "name": "C2", "pattern": "[ipv4-addr:value = '203.0.113.9'] OR [domain-name:value = 'Evil.Example']",
         "pattern_type": "stix", "confidence": 85, "indicator_types": ["malicious-activity"], "modified": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z"},
        {"type": "indicator", "id": "indicator--2", "pattern": "[ipv4-addr:value = '203.0.113.10']", "revoked": true},
        {"type": "indicator", "id": "indicator--3", "pattern": "[ipv4-addr:value = '203.0.113.11']", "valid_until": "2026-01-04T00:00:00Z"},
        {"type": "indicator", "id": "indicator--4", "pattern": "[ipv4-addr:value = '203.0.113.12']", "valid_until": "2026-02-01T00:00:00Z", "confidence": 900},
        {"type": "indicator", "id": "indicator--5", "pattern": "rule x {}", "pattern_type": "yara"},
        {"type": "indicator", "id": "indicator--6", "pattern": "[mutex:name = 'x']"},
        {"type": "indicator", "id": "indicator--7"},
        {"type": "indicator", "id": "indicator--8", "pattern": "[ipv4-addr:value = 'nonsense']"},
        {"type": "malware", "id": "malware--1"}, 7, null]}"#;

    fn read_all(text: &str) -> (Reading, bool) {
        let mut reading = Reading::default();
        let now = Timestamp(1_767_571_200_000);
        let read = read(
            text,
            Frame {
                source: 0,
                confidence: 50,
                now,
            },
            &mut reading,
        );
        (reading, read.is_ok())
    }

    #[test]
    fn a_bundle_gives_its_simple_indicators_and_accounts_for_the_rest() {
        let (reading, is_read) = read_all(BUNDLE);
        assert!(is_read);
        let said: Vec<_> = reading
            .entries
            .iter()
            .map(|entry| (entry.kind, &*entry.value, entry.mark))
            .collect();
        assert_eq!(
            said,
            [
                (EntityKind::Ip, "203.0.113.9", Mark::Confidence(85)),
                (EntityKind::Domain, "evil.example", Mark::Confidence(85)),
                (EntityKind::Ip, "203.0.113.12", Mark::Confidence(50)),
            ]
        );
        let skipped = [
            ("expired", 1),
            ("other_object", 1),
            ("pattern_language", 1),
            ("pattern_object", 1),
            ("revoked", 1),
        ];
        assert_eq!(reading.skipped, skipped.into());
        assert_eq!(reading.bad, 4);
        assert_eq!(reading.changes_at, moment("2026-02-01T00:00:00Z"));
        assert_eq!(reading.entries[0].as_of, moment("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        for text in ["", "[]", "{\"objects\": 3}", "{\"objects\": [{}", "{} {}"] {
            assert!(!read_all(text).1, "{text}");
        }
        let (reading, is_read) = read_all("{\"more\": false, \"objects\": []}");
        assert!(is_read && reading.entries.is_empty());
    }
}
