//! MISP events as JSON, from the MISP core format (draft-dulaunoy-misp-core-format): attributes of an event and of its
//! objects whose type is an address, a name, a URL, a hash or a mail address, and that are meant for detection (`to_ids`).
//!
//! Read are an event (`{"Event": {}}`), a list of them, and what MISP's searches answer (`{"response": ..}`). A feed is a
//! folder of events beside a `manifest.json` that names them by UUID; `files` reads it.

use caseloom_engine::entity::EntityKind;
use caseloom_engine::knowledge::Mark;
use caseloom_engine::time::Timestamp;
use serde_json::Value;

use super::reading::{Fields, Frame, Reading, moment};

/// Reads what a file holds.
pub(super) fn read(
    text: &str,
    frame: Frame,
    reading: &mut Reading,
) -> Result<(), serde_json::Error> {
    let whole: Value = serde_json::from_str(text)?;
    let mut is_any = false;
    each_event(&whole, &mut |event| {
        is_any = true;
        of_event(event, frame, reading);
    });
    if !is_any {
        reading.complain(
            || "the file".into(),
            "holds no MISP event: none has a key Event",
        );
    }
    Ok(())
}

/// The events that a feed's manifest names, by UUID; what is no UUID names none, so that no name leads elsewhere.
pub(super) fn manifest(text: &str) -> Result<Vec<String>, serde_json::Error> {
    let named: serde_json::Map<String, Value> = serde_json::from_str(text)?;
    let is_uuid = |name: &String| {
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    };
    Ok(named
        .into_iter()
        .map(|(name, _)| name)
        .filter(is_uuid)
        .collect())
}

fn each_event(value: &Value, each: &mut dyn FnMut(&Value)) {
    if let Some(items) = value.as_array() {
        return items.iter().for_each(|item| each_event(item, each));
    }
    let response = value.get("response").or_else(|| value.get("Response"));
    if let Some(response) = response {
        return each_event(response, each);
    }
    if let Some(event) = value.get("Event") {
        // An attribute found by a search has its event inside; the event found has its attributes.
        match value.get("type") {
            None => each(event),
            Some(_) => each(&serde_json::json!({"info": event.get("info"), "Attribute": [value]})),
        }
    } else if value.get("Attribute").is_some() {
        each(value);
    }
}

fn of_event(event: &Value, frame: Frame, reading: &mut Reading) {
    let said = About {
        event: text(event, "info").unwrap_or_default(),
        id: text(event, "uuid").unwrap_or_default(),
        org: event
            .get("Orgc")
            .and_then(|org| text(org, "name"))
            .unwrap_or_default(),
        tags: tags(event),
    };
    let mut number = 0;
    let mut of = |holder: &Value, reading: &mut Reading| {
        for attribute in list(holder, "Attribute") {
            number += 1;
            of_attribute(attribute, number, &said, frame, reading);
        }
    };
    of(event, reading);
    for object in list(event, "Object") {
        of(object, reading);
    }
}

/// What an event says of all its attributes.
struct About<'e> {
    event: &'e str,
    id: &'e str,
    org: &'e str,
    tags: String,
}

fn of_attribute(
    attribute: &Value,
    number: u64,
    about: &About<'_>,
    frame: Frame,
    reading: &mut Reading,
) {
    let at = || format!("event {}, attribute {number}", about.id);
    let (Some(kind), Some(value)) = (text(attribute, "type"), text(attribute, "value")) else {
        return reading.complain(at, "has no type or no value");
    };
    if is(attribute, "deleted") {
        return reading.skip("deleted");
    }
    if !is(attribute, "to_ids") {
        return reading.skip("not_for_detection");
    }
    let values = values(kind, value);
    if values.is_empty() {
        return reading.skip("attribute_type");
    }
    let mut fields = Fields::default();
    fields.push("event", about.event);
    fields.push("category", text(attribute, "category").unwrap_or(""));
    fields.push("comment", text(attribute, "comment").unwrap_or(""));
    fields.push("org", about.org);
    let tags = [about.tags.clone(), tags(attribute)];
    fields.push(
        "tags",
        &tags
            .iter()
            .filter(|tags| !tags.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(", "),
    );
    fields.push("event_uuid", about.id);
    let mark = (Mark::Confidence(frame.confidence), changed(attribute));
    for (kind, value) in values {
        if !reading.add(frame, (kind, value), mark, &fields) {
            reading.complain(at, format!("the value means nothing as {}", kind.as_str()));
        }
    }
}

/// The values of an attribute by its type; composite ones have `|` between.
fn values<'v>(kind: &str, value: &'v str) -> Vec<(EntityKind, &'v str)> {
    let (first, second) = value.split_once('|').unwrap_or((value, ""));
    match kind {
        "ip-src" | "ip-dst" => vec![(EntityKind::Ip, value)],
        "ip-src|port" | "ip-dst|port" => vec![(EntityKind::Ip, first)],
        "domain" | "hostname" => vec![(EntityKind::Domain, value)],
        "hostname|port" => vec![(EntityKind::Domain, first)],
        "domain|ip" => vec![(EntityKind::Domain, first), (EntityKind::Ip, second)],
        "url" => vec![(EntityKind::Url, value)],
        "md5" | "sha1" | "sha256" | "sha512" => vec![(EntityKind::Hash, value)],
        "filename|md5" | "filename|sha1" | "filename|sha256" | "filename|sha512" => {
            vec![(EntityKind::Hash, second)]
        }
        "email" | "email-src" | "email-dst" | "email-reply-to" => vec![(EntityKind::Email, value)],
        _ => Vec::new(),
    }
}

fn changed(attribute: &Value) -> Option<Timestamp> {
    let time = attribute.get("timestamp")?;
    match time {
        Value::String(text) => moment(text),
        Value::Number(number) => moment(&number.to_string()),
        _ => None,
    }
}

fn tags(holder: &Value) -> String {
    let names: Vec<&str> = list(holder, "Tag")
        .filter_map(|tag| text(tag, "name"))
        .collect();
    names.join(", ")
}

fn list<'v>(holder: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    holder
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'v>(holder: &'v Value, name: &str) -> Option<&'v str> {
    holder.get(name).and_then(Value::as_str)
}

/// Yes as MISP writes it: `true`, `1` or `"1"`.
fn is(holder: &Value, name: &str) -> bool {
    match holder.get(name) {
        Some(Value::Bool(is)) => *is,
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        Some(Value::String(text)) => text == "1" || text == "true",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"Event": {"info": "Phishing wave", "uuid": "5f1a", "Orgc": {"name": "CERT Example"}, "Tag": [{"name": "tlp:green"}],
        "Attribute": [
            {"type": "ip-dst", "value": "203.0.113.9", "to_ids": true, "category": "Network activity", "timestamp": "1767571200"},
            {"type": "ip-dst|port", "value": "203.0.113.10|443", "to_ids": 1},
            {"type": "domain|ip", "value": "evil.example|203.0.113.11", "to_ids": "1"},
            {"type": "ip-src", "value": "203.0.113.12", "to_ids": false},
            {"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427f", "to_ids": true, "deleted": true},
            {"type": "mutex", "value": "x", "to_ids": true},
            {"type": "sha1", "value": "short", "to_ids": true},
            {"value": "nothing", "to_ids": true}],
        "Object": [{"name": "file", "Attribute": [
            {"type": "filename|sha256", "value": "a.exe|E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B856", "to_ids": true, "Tag": [{"name": "x"}]}]}, {}]}}"#;

    fn read_all(text: &str) -> (Reading, bool) {
        let mut reading = Reading::default();
        let frame = Frame {
            source: 0,
            confidence: 60,
            now: Timestamp(0),
        };
        let read = read(text, frame, &mut reading);
        (reading, read.is_ok())
    }

    #[test]
    fn an_event_gives_what_is_meant_for_detection() {
        let (reading, is_read) = read_all(EVENT);
        assert!(is_read);
        let said: Vec<_> = reading
            .entries
            .iter()
            .map(|entry| (entry.kind, &*entry.value))
            .collect();
        assert_eq!(
            said,
            [
                (EntityKind::Ip, "203.0.113.9"),
                (EntityKind::Ip, "203.0.113.10"),
                (EntityKind::Domain, "evil.example"),
                (EntityKind::Ip, "203.0.113.11"),
                (
                    EntityKind::Hash,
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856"
                ),
            ]
        );
        assert_eq!(
            reading.skipped,
            [
                ("attribute_type", 1),
                ("deleted", 1),
                ("not_for_detection", 1)
            ]
            .into()
        );
        assert_eq!(reading.bad, 2);
        assert_eq!(reading.entries[0].as_of, Some(Timestamp(1_767_571_200_000)));
        let fields: Vec<String> = reading.entries[4]
            .fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            fields,
            [
                "event=Phishing wave",
                "org=CERT Example",
                "tags=tlp:green, x",
                "event_uuid=5f1a"
            ]
        );
    }

    #[test]
    fn answers_of_searches_and_lists_are_events_too() {
        let attribute = r#"{"type": "url", "value": "http://a.example/x", "to_ids": true, "Event": {"info": "i"}}"#;
        let answer = format!("{{\"response\": {{\"Attribute\": [{attribute}]}}}}");
        assert_eq!(read_all(&answer).0.entries.len(), 1);
        assert_eq!(read_all(&format!("[{EVENT}, {EVENT}]")).0.entries.len(), 10);
        assert_eq!(
            read_all(&format!("{{\"response\": [{EVENT}]}}"))
                .0
                .entries
                .len(),
            5
        );
        assert_eq!(read_all("{}").0.bad, 1);
        assert!(!read_all("{").1);
    }

    #[test]
    fn a_manifest_names_only_events() {
        let names = manifest(r#"{"5f1a-22": {}, "../../etc/passwd": {}, "": {}}"#).unwrap();
        assert_eq!(names, ["5f1a-22"]);
    }
}
