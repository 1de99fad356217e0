//! CEF, ArcSight's Common Event Format: `CEF:0|vendor|product|version|rule|name|severity|key=value key=value`, with whatever
//! header before it. Pipes and backslashes are escaped in the header, equals signs and backslashes behind it.
//!
//! The source is the vendor and the product, as ids of rules and events mean something only there. Several products
//! repeat an `externalId`, which may be a machine's, for event after event, so an id is made of it, the rule and the time.
//! Layout and fields: <https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.4/pdfdoc/cef-implementation-standard/cef-implementation-standard.pdf>.

use std::borrow::Cow;

use compact_str::CompactString;

use crate::entity::{EntityKind, Role};

use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::Scalar;
use super::super::line::Line;
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::{self, Unit};
use super::extension::{self, Extension};
use super::{Room, Texts};

pub(super) const ROOM: Room = Room {
    name: "cef",
    json: None,
    text: Some(Texts { tells, read }),
    is_general: false,
};

const PATHS: Paths<'static> = Paths {
    time: "rt",
    rule: "the header's signature id",
};

/// Parts of the header behind `CEF:0`.
const PARTS: usize = 6;

fn tells(line: &Line<'_>) -> bool {
    start(line.text).is_some()
}

/// What follows `CEF:0|`, or `CEF: 0|`, wherever that stands.
fn start(text: &str) -> Option<&str> {
    memchr::memmem::find_iter(text.as_bytes(), b"CEF:").find_map(|at| {
        let rest = text[at + 4..].trim_start_matches(' ');
        let version = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let is_start = at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
        (is_start && version.len() < rest.len())
            .then(|| version.strip_prefix('|'))
            .flatten()
    })
}

fn read(line: &Line<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let text = start(line.text).unwrap_or_default();
    let (parts, tail) = header(text);
    let [vendor, product, _version, rule, name, level] = parts;
    let mut fields = Extension::default();
    extension::each_field(tail, |key, value| {
        fields.set(key, extension::unescaped(value))
    });
    let near = desk.facts.time.or(desk.message.broker_time);
    let mut draft = desk.draft(ROOM.name);
    let source = compact_str::format_compact!("{} {}", vendor.trim(), product.trim());
    draft.source(Scalar::Text(&source), "the header's product")?;
    draft.rule_id(Scalar::Text(&rule), PATHS.rule)?;
    draft.rule_name(Scalar::Text(&name));
    if let Some(message) = &fields.message {
        draft.title(Scalar::Text(message));
    }
    let level = level.trim();
    if !level.is_empty() {
        draft.severity_read(severity::cef(Scalar::Text(level)));
    }
    let time = fields
        .times
        .iter()
        .flatten()
        .find_map(|time| timestamp::read(Scalar::Text(time), Unit::Auto, near));
    draft.time_read(time);
    if let Some(count) = &fields.count {
        draft.count(Scalar::Text(count));
    }
    tell_id(&fields, &rule, &mut draft)?;
    fields.tell(&mut draft);
    if vendor == "Infoblox"
        && let Some(name) = fields.message.as_deref().and_then(rewritten)
    {
        draft.entity(EntityKind::Domain, Role::Target, name, 0);
    }
    draft.finish(PATHS)
}

/// The name asked for in Infoblox's `rpz QNAME NXDOMAIN rewrite www.example.org [AAAA] via rule`, which has it in no field.
fn rewritten(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(" rewrite ")?;
    rest.split(" [").next()
}

fn tell_id(fields: &Extension<'_>, rule: &str, draft: &mut Draft<'_>) -> Result<(), Reject> {
    let time = fields.times.iter().flatten().next();
    let (Some(id), Some(time)) = (&fields.id, time) else {
        return Ok(());
    };
    let mut whole = CompactString::new(id);
    for part in [rule, time] {
        whole.push('/');
        whole.push_str(part);
    }
    draft.id(Scalar::Text(&whole), "externalId")
}

/// The parts of the header, unescaped, and the fields behind it. Parts that are missing are empty.
fn header(text: &str) -> ([Cow<'_, str>; PARTS], &str) {
    let mut parts: [Cow<'_, str>; PARTS] = Default::default();
    let mut rest = text;
    for part in &mut parts {
        let Some(end) = unescaped_pipe(rest) else {
            *part = extension::unescaped(rest.trim());
            return (parts, "");
        };
        *part = extension::unescaped(rest[..end].trim());
        rest = &rest[end + 1..];
    }
    (parts, rest)
}

/// The first pipe with no backslash, or an even number of them, before it.
fn unescaped_pipe(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'|', bytes).find(|at| {
        let slashes = bytes[..*at].iter().rev().take_while(|byte| **byte == b'\\');
        slashes.count() % 2 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_found_behind_any_header() {
        for text in [
            "CEF:0|v|p",
            "CEF: 0|v|p",
            "named[23276]: CEF:0|v|p",
            "fenotify-1.warning: CEF:1.2|v|p",
        ] {
            assert_eq!(start(text), Some("v|p"), "{text}");
        }
        for text in ["CEF:|v", "xCEF:0|v", "CEF:0", "LEEF:1.0|v", "CEF"] {
            assert_eq!(start(text), None, "{text}");
        }
    }

    #[test]
    fn pipes_of_the_header_may_be_escaped() {
        let (parts, tail) = header(r"a\|b|c\\|1|id|na\me|3|src=x|y");
        assert_eq!(parts, [r"a|b", r"c\", "1", "id", r"na\me", "3"]);
        assert_eq!(tail, "src=x|y");
        let (parts, tail) = header("a|b");
        assert_eq!(parts, ["a", "b", "", "", "", ""]);
        assert_eq!(tail, "");
    }
}
