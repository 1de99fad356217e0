//! What came of a message, for people: envelopes and format, each alert with its entities, and what of the message is
//! in none of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use caseloom_engine::alert::Alert;
use serde_json::Value;

use super::Inspected;
use super::json::lifecycle;
use crate::events::one_line;

/// A text from a message is cut here.
const TEXT_BYTES_MAX: usize = 200;
/// Fields that are listed as not taken over.
const LEFT_MAX: usize = 40;

/// Several lines, the last of them blank.
#[must_use]
pub fn to_text(inspected: &Inspected, bytes: &[u8]) -> String {
    let mut text = String::new();
    write(inspected, bytes, &mut text).expect("writing to memory can't fail");
    text
}

fn write(inspected: &Inspected, bytes: &[u8], to: &mut String) -> std::fmt::Result {
    let mut path = inspected.envelopes.clone();
    path.push(inspected.format.as_deref().unwrap_or("no format"));
    writeln!(to, "message {}: {}", inspected.message, path.join(" > "))?;
    for alert in &inspected.alerts {
        write_alert(alert, to)?;
    }
    if inspected.not_alerts > 0 {
        writeln!(to, "  no alerts: {}", inspected.not_alerts)?;
    }
    if let Some(reject) = &inspected.reject {
        writeln!(
            to,
            "  rejected, {}: {}",
            reject.reason(),
            line(&reject.to_string())
        )?;
    }
    for (index, reject) in &inspected.rejects {
        writeln!(
            to,
            "  #{index} rejected, {}: {}",
            reject.reason(),
            line(&reject.to_string())
        )?;
    }
    write_notes(inspected, to)?;
    write_left(inspected, bytes, to)?;
    writeln!(to)
}

fn write_alert(alert: &Alert, to: &mut String) -> std::fmt::Result {
    let assumed = if alert.severity.assumed {
        ", assumed"
    } else {
        ""
    };
    writeln!(
        to,
        "  alert #{}  {}  {} ({}{assumed})  {}",
        alert.position.index,
        alert.time.to_rfc3339(),
        alert.severity.as_str(),
        alert.severity.score,
        line(alert.headline()),
    )?;
    writeln!(
        to,
        "    rule    {}  {}",
        line(&alert.rule_id),
        line(&alert.rule_name)
    )?;
    writeln!(
        to,
        "    source  {}  scope {}",
        line(&alert.source),
        alert.scope
    )?;
    if let Some(id) = &alert.id {
        writeln!(
            to,
            "    id      {}  count {}  {}",
            line(id),
            alert.count,
            lifecycle(alert.lifecycle)
        )?;
    } else {
        writeln!(
            to,
            "    id      none: the position identifies it  {}",
            lifecycle(alert.lifecycle)
        )?;
    }
    if !alert.attack.is_empty() {
        writeln!(to, "    attack  {}", alert.attack.join(" "))?;
    }
    for entity in &alert.entities {
        let thing = match entity.thing {
            0 => String::new(),
            number => format!("  thing {number}"),
        };
        let (role, kind) = (entity.role.as_str(), entity.kind.as_str());
        writeln!(to, "    {role:9} {kind:14} {}{thing}", line(&entity.value))?;
    }
    Ok(())
}

fn write_notes(inspected: &Inspected, to: &mut String) -> std::fmt::Result {
    let notes = &inspected.notes;
    let counts = [
        (
            notes.entities_dropped,
            "entities that mean nothing or are malformed",
        ),
        (notes.entities_over, "entities beyond the limit"),
        (
            notes.attack_dropped,
            "ATT&CK ids that are none or beyond the limit",
        ),
        (notes.severity_unknown, "severities that mean nothing"),
        (notes.time_clamped, "times after the clock's"),
        (notes.texts_cut, "texts that were cut"),
        (notes.values_ignored, "values that mean nothing"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        writeln!(to, "  left out: {count} {what}")?;
    }
    Ok(())
}

/// The fields whose values are in no alert: what a mapping could still take over.
fn write_left(inspected: &Inspected, bytes: &[u8], to: &mut String) -> std::fmt::Result {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return Ok(());
    };
    let mut left = Left {
        taken: inspected.alerts.iter().flat_map(taken).collect(),
        fields: Vec::new(),
        seen: BTreeSet::new(),
    };
    left.walk(&document, "", 0);
    if left.fields.is_empty() {
        return Ok(());
    }
    writeln!(to, "  in no alert:")?;
    for (path, value) in left.fields.iter().take(LEFT_MAX) {
        writeln!(to, "    {}: {}", line(path), line(value))?;
    }
    match left.fields.len().saturating_sub(LEFT_MAX) {
        0 => Ok(()),
        more => writeln!(to, "    and {more} more"),
    }
}

/// Every text of an alert, and the words that stand for what it is made of, in lower case as entities are.
fn taken(alert: &Alert) -> Vec<String> {
    let texts = [
        &alert.rule_id,
        &alert.rule_name,
        &alert.title,
        &alert.source,
        &alert.scope,
    ];
    let entities = alert.entities.iter().map(|entity| &entity.value);
    let texts = texts
        .into_iter()
        .chain(entities)
        .chain(&alert.attack)
        .chain(&alert.id)
        .map(|text| str::to_lowercase(text));
    let words = alert
        .entities
        .iter()
        .flat_map(|entity| [entity.kind.as_str(), entity.role.as_str()])
        .chain([alert.severity.as_str()])
        .map(str::to_owned);
    let time = str::to_lowercase(&alert.time.to_rfc3339());
    let numbers = [
        alert.severity.score.to_string(),
        time.replace(".000", ""),
        time,
    ];
    texts.chain(words).chain(numbers).collect()
}

/// Looks for fields that were not taken over.
struct Left {
    taken: Vec<String>,
    fields: Vec<(String, String)>,
    seen: BTreeSet<String>,
}

impl Left {
    fn walk(&mut self, value: &Value, path: &str, depth: usize) {
        // A message that the parser accepts is no deeper, and strings hold few documents.
        const DEPTH_MAX: usize = 64;
        if depth > DEPTH_MAX {
            return;
        }
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.walk(value, &format!("{path}{dot}{key}"), depth + 1);
                }
            }
            Value::Array(elements) => {
                for element in elements {
                    self.walk(element, &format!("{path}[]"), depth + 1);
                }
            }
            Value::Null => {}
            Value::String(text) => match inner(text) {
                Some(document) => self.walk(&document, &format!("{path}>"), depth + 1),
                None => self.leaf(path, text),
            },
            other => self.leaf(path, &other.to_string()),
        }
    }

    fn leaf(&mut self, path: &str, text: &str) {
        let lower = str::to_lowercase(text);
        let is_taken = |known: &String| {
            known.contains(&lower) || (known.len() > 3 && lower.contains(known.as_str()))
        };
        if !lower.is_empty()
            && !self.taken.iter().any(is_taken)
            && self.seen.insert(path.to_owned())
        {
            self.fields.push((path.to_owned(), text.to_owned()));
        }
    }
}

/// The document that a string holds.
fn inner(text: &str) -> Option<Value> {
    let is_document = text.starts_with('{') || text.starts_with("[{");
    is_document
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

fn line(text: &str) -> std::borrow::Cow<'_, str> {
    one_line(text, TEXT_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use caseloom_engine::input::{Format, Limits, Parser};

    use super::super::Inspector;
    use super::*;

    fn inspect(text: &str) -> String {
        let parser = Parser::new(Vec::new(), Limits::default());
        let inspected = Inspector::new(parser).inspect(1, text.as_bytes(), Format::Auto);
        to_text(&inspected, text.as_bytes())
    }

    #[test]
    fn an_alert_is_told_with_what_was_not_taken_over() {
        let text = inspect(
            r#"{"@metadata":{"beat":"filebeat"},"message":"{\"time\":\"2026-03-01T08:00:00Z\",\"rule\":{\"id\":\"R1\",\"name\":\"Dump\"},\"severity\":\"high\",\"entities\":[{\"kind\":\"host\",\"value\":\"WS1\",\"thing\":1},{\"kind\":\"ip\",\"value\":\"-\"}],\"extra\":\"left\"}"}"#,
        );
        assert_eq!(
            text,
            "message 1: filebeat > native\n\
             \x20 alert #0  2026-03-01T08:00:00.000Z  high (70)  Dump\n\
             \x20   rule    R1  Dump\n\
             \x20   source  native  scope default\n\
             \x20   id      none: the position identifies it  active\n\
             \x20   affected  host           ws1  thing 1\n\
             \x20 left out: 1 entities that mean nothing or are malformed\n\
             \x20 in no alert:\n\
             \x20   @metadata.beat: filebeat\n\
             \x20   message>.entities[].kind: ip\n\
             \x20   message>.extra: left\n\n"
        );
    }

    #[test]
    fn nothing_of_a_message_acts_on_a_screen() {
        for text in [
            "{\"a\\u001b[2J\":\"\\u001b[2J\"}",
            "{\"time\":1772352000,\"rule\":\"\\u202er\",\"title\":\"\\u0007\",\"\\u001b\":\"\\u2028\"}",
            "\u{1b}[2J",
        ] {
            let text = inspect(text);
            let is_harmful =
                |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{2028}'));
            assert!(!text.contains(is_harmful), "{text:?}");
        }
    }
}
