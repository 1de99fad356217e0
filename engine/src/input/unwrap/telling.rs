//! Telling: strings that say by themselves what they are, and where collectors keep them.

use super::super::json::Value;
use super::envelope::Inside;

pub(super) const TEXT_FIELDS: [&str; 14] = [
    "message",
    "raw",
    "msg",
    "payload",
    "data",
    "body",
    "line",
    "content",
    "event",
    "original",
    "raw_log",
    "rawLog",
    "raw_event",
    "event.original",
];

/// The text there, if it has any.
pub(super) fn text(value: Option<Value<'_>>) -> Option<&str> {
    value?.as_str().filter(|text| !text.is_empty())
}

/// The string in which a collector keeps the event, when nothing better was found in the document.
pub(in super::super) fn prose(event: Value<'_>) -> Option<&str> {
    ["_raw", "log"]
        .into_iter()
        .chain(TEXT_FIELDS)
        .find_map(|path| text(event.at(path)))
}

/// A string that says by itself what it is: JSON, CEF or LEEF, with a syslog header or without. Prose doesn't.
pub(super) fn telling(value: Option<Value<'_>>) -> Option<Inside<'_>> {
    let text = value?.as_str()?;
    tells(text).then_some(Inside::Text(text))
}

/// See [`telling`].
pub(in super::super) fn tells(text: &str) -> bool {
    let text = text.trim();
    let is_json = match text.as_bytes() {
        [b'{', .., b'}'] => true,
        [b'[', rest @ .., b']'] => rest.trim_ascii().starts_with(b"{"),
        _ => false,
    };
    is_json || has_header(text)
}

/// Whether a CEF or LEEF header stands near the beginning, behind syslog's.
fn has_header(text: &str) -> bool {
    const BYTES_MAX: usize = 256;
    let start = &text[..text.floor_char_boundary(BYTES_MAX)];
    ["CEF:", "LEEF:"].into_iter().any(|mark| {
        start.match_indices(mark).any(|(at, _)| {
            let behind = start[at + mark.len()..].trim_start();
            behind.starts_with(|digit: char| digit.is_ascii_digit())
        })
    })
}
