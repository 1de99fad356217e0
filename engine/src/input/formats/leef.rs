//! LEEF, IBM's Log Event Extended Format: `LEEF:1.0|vendor|product|version|event id|` and fields that tabs part, or in 2.0
//! what the fifth part of the header says: a character, or its code as `x5E` or `0x5E`; an empty part, or none, is a tab.
//!
//! Two slips are common and read all the same: tabs that a relay has turned into blanks, and fields of 1.0 that pipes
//! part. The source is the vendor and the product. Layout and fields:
//! <https://www.ibm.com/docs/en/dsm?topic=leef-overview>.

use super::super::draft::{Desk, Paths, Reading};
use super::super::json::Scalar;
use super::super::line::Line;
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::{self, Unit};
use super::extension::{self, Extension};
use super::{Room, Texts};

pub(super) const ROOM: Room = Room {
    name: "leef",
    json: None,
    text: Some(Texts { tells, read }),
    is_general: false,
};

const PATHS: Paths<'static> = Paths {
    time: "devTime",
    rule: "the header's event id",
};

fn tells(line: &Line<'_>) -> bool {
    start(line.text).is_some()
}

/// The version's first digit, and what follows `LEEF:1.0|`, wherever that stands.
fn start(text: &str) -> Option<(u8, &str)> {
    let at = memchr::memmem::find(text.as_bytes(), b"LEEF:")?;
    let (version, rest) = text[at + 5..].split_once('|')?;
    let major = *version.trim().as_bytes().first()?;
    (version.len() <= 4 && major.is_ascii_digit()).then_some((major, rest))
}

fn read(line: &Line<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let (version, text) = start(line.text).unwrap_or_default();
    let mut parts = text.splitn(5, '|');
    let mut part = || parts.next().unwrap_or_default().trim();
    let (vendor, product, _version, event) = (part(), part(), part(), part());
    let tail = parts.next().unwrap_or_default();
    let mut fields = Extension::default();
    each_field(version, tail, |key, value| fields.set(key, value.into()));
    let near = desk.facts.time.or(desk.message.broker_time);
    let mut draft = desk.draft(ROOM.name);
    let source = compact_str::format_compact!("{vendor} {product}");
    draft.source(Scalar::Text(&source), "the header's product")?;
    draft.rule_id(Scalar::Text(event), PATHS.rule)?;
    draft.rule_name(Scalar::Text(event));
    if let Some(title) = fields.message.as_ref().or(fields.category.as_ref()) {
        draft.title(Scalar::Text(title));
    }
    if let Some(level) = &fields.severity {
        let end = level
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(level.len());
        let level = if end > 0 { &level[..end] } else { level };
        draft.severity_read(severity::cef(Scalar::Text(level)));
    }
    let time = fields.times.iter().rev().flatten().next();
    draft.time_read(time.and_then(|time| timestamp::read(Scalar::Text(time), Unit::Auto, near)));
    if let Some(count) = &fields.count {
        draft.count(Scalar::Text(count));
    }
    fields.tell(&mut draft);
    draft.finish(PATHS)
}

/// Shows the fields behind the header.
fn each_field<'a>(version: u8, tail: &'a str, mut show: impl FnMut(&'a str, &'a str)) {
    let (delimiter, tail) = match version {
        b'2' => delimiter(tail),
        _ => (None, tail),
    };
    let delimiter = match delimiter {
        Some(delimiter) => delimiter,
        None if tail.contains('\t') => '\t',
        None if has_pipes(tail) => '|',
        // Blanks in place of tabs.
        None => return extension::each_field(tail, show),
    };
    for field in tail.split(delimiter) {
        if let Some((key, value)) = field.split_once('=') {
            show(key.trim(), value);
        }
    }
}

/// What version 2 says parts the fields, and the fields. `None`: a tab, or whatever else does.
fn delimiter(tail: &str) -> (Option<char>, &str) {
    let Some((part, rest)) = tail.split_once('|') else {
        return (None, tail);
    };
    // Without this part the next pipe is within a field.
    if part.contains('=') {
        return (None, tail);
    }
    let part = part.trim_matches(' ');
    let code = part
        .strip_prefix("0x")
        .or_else(|| part.strip_prefix('x'))
        .or_else(|| part.strip_prefix('X'))
        .filter(|code| !code.is_empty());
    let delimiter = match code {
        Some(code) => u32::from_str_radix(code, 16).ok().and_then(char::from_u32),
        None if part == r"\t" => Some('\t'),
        None => part.chars().next(),
    };
    (delimiter, rest)
}

/// Whether pipes part the fields: a key and an equals sign follow one.
fn has_pipes(tail: &str) -> bool {
    tail.split('|').skip(1).any(|field| {
        field.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(version: u8, tail: &str) -> Vec<(&str, &str)> {
        let mut fields = Vec::new();
        each_field(version, tail, |key, value| fields.push((key, value)));
        fields
    }

    #[test]
    fn delimiters() {
        let wanted = [("src", "10.0.0.1"), ("usrName", "joe black")];
        for (version, tail) in [
            (b'1', "src=10.0.0.1\tusrName=joe black"),
            (b'1', "src=10.0.0.1 usrName=joe black"),
            (b'1', "src=10.0.0.1|usrName=joe black"),
            (b'2', "src=10.0.0.1\tusrName=joe black"),
            (b'2', "|src=10.0.0.1\tusrName=joe black"),
            (b'2', "^|src=10.0.0.1^usrName=joe black"),
            (b'2', "x5E|src=10.0.0.1^usrName=joe black"),
            (b'2', "0x5e|src=10.0.0.1^usrName=joe black"),
            (b'2', "x|src=10.0.0.1xusrName=joe black"),
        ] {
            assert_eq!(fields(version, tail), wanted, "{tail}");
        }
    }

    #[test]
    fn starts() {
        assert_eq!(start("x LEEF:2.0|a|b"), Some((b'2', "a|b")));
        assert_eq!(start("LEEF:1.0"), None);
        assert_eq!(start("LEEF:one|a"), None);
        assert_eq!(start("CEF:0|a"), None);
    }
}
