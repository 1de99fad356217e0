//! Generic: what no product claims, by the names of its fields. JSON with recognisable names up to three levels deep,
//! and `key=value` text.
//!
//! An alert is told from other records by what only alerts have: a rule, a signature, a title, a threat; or a severity
//! beside a message. It must also say whom it concerns, or how bad it is and when. Anything else is no format's. What a
//! field holds is in [`vocabulary`](super::super::vocabulary): the words of its name decide, never the look of its value.
//!
//! Severities: a number up to 10 is on the scale of ten, where 1-3 is low, 4-6 medium, 7-8 high, 9-10 critical;
//! beyond it is of 100. A `priority` counts from 1, the worst. Words are everybody's.

mod found;
mod pairs;

use compact_str::CompactString;

use crate::alert::Severity;
use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::line::Line;
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::{self, Unit};
use super::super::vocabulary::{Holds, WEAK};
use super::{Json, Room, Texts};
use found::{Found, Mention};

pub(super) const ROOM: Room = Room {
    name: "generic",
    json: Some(Json {
        signatures: &[&[Need::Test(is_alert)]],
        read,
    }),
    text: Some(Texts {
        tells: is_alert_text,
        read: read_text,
    }),
    is_general: true,
};

const PATHS: Paths<'static> = Paths {
    time: "timestamp",
    rule: "rule",
};

fn is_alert(record: Value<'_>) -> bool {
    Found::of_record(record).is_alert()
}

fn is_alert_text(line: &Line<'_>) -> bool {
    Found::of_text(line.text).is_alert()
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    tell(&Found::of_record(record), desk)
}

fn read_text(line: &Line<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    tell(&Found::of_text(line.text), desk)
}

fn tell(found: &Found<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    if !found.is_alert() {
        return Err(Reject::MissingRule {
            path: PATHS.rule.into(),
        });
    }
    let mut draft = desk.draft(ROOM.name);
    tell_time(found, &mut draft)?;
    if let Some(id) = found.id.map(|(_, id)| id).filter(|id| is_unique(*id)) {
        draft.id(id, "id")?;
    }
    tell_rule(found, &mut draft)?;
    tell_severity(found, &mut draft);
    found.attack.iter().for_each(|raw| draft.attack(raw));
    tell_entities(found, &mut draft);
    draft.finish(PATHS)
}

/// The best of the times that can be read.
fn tell_time(found: &Found<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    let mut best = None;
    for (rank, value) in &found.times {
        let near = draft.near();
        let time = timestamp::read(*value, Unit::Auto, near).or_else(|| on_date(found, *value));
        if let Some(time) = time
            && best.is_none_or(|(known, _)| *rank < known)
        {
            best = Some((*rank, time));
        }
    }
    match (best, found.times.first()) {
        (Some((_, time)), _) => draft.time_read(Some(time)),
        // For the reject's text, unless the envelope's time will do.
        (None, Some((_, value))) if !draft.has_outer_time() => {
            draft.time(*value, Unit::Auto, PATHS.time)?;
        }
        _ => {}
    }
    Ok(())
}

/// A clock's time on the date that stands in a field of its own.
fn on_date(found: &Found<'_>, clock: Scalar<'_>) -> Option<crate::time::Timestamp> {
    let (date, Scalar::Text(clock)) = (found.date?, clock) else {
        return None;
    };
    let date = date.text()?;
    let zone = found.zone.and_then(Scalar::text);
    let zone = zone.as_deref().unwrap_or_default();
    let mut written = CompactString::with_capacity(date.len() + clock.len() + 8);
    for part in [&*date, "T", clock, zone] {
        written.push_str(part);
    }
    timestamp::read(Scalar::Text(&written), Unit::Auto, None)
}

/// Whether an id can be one alert's alone: short numbers are ids of rules, lines and kinds of events.
fn is_unique(id: Scalar<'_>) -> bool {
    const BYTES_MIN: usize = 8;
    id.text().is_some_and(|id| id.len() >= BYTES_MIN)
}

fn tell_rule(found: &Found<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    if let Some((_, id)) = found.rule_id {
        draft.rule_id(id, "rule.id")?;
    }
    let title = found.title.map(|(_, title)| title);
    let is_only_title = found.rule_id.is_none() && found.rule_name.is_none();
    match found.rule_name {
        Some((_, name)) => draft.rule_name(name),
        None if is_only_title => draft.rule_name(title.unwrap_or(Scalar::Null)),
        None => {}
    }
    if let Some(title) = title {
        draft.title(title);
    }
    Ok(())
}

fn tell_severity(found: &Found<'_>, draft: &mut Draft<'_>) {
    let ranked = found.severity.map(|(_, value)| score(value));
    let read = match (ranked, found.priority) {
        (Some(Some(severity)), _) => Some(Some(severity)),
        (_, Some(value)) => Some(priority(value)),
        (ranked, None) => ranked,
    };
    if let Some(severity) = read {
        draft.severity_read(severity);
    }
}

fn score(value: Scalar<'_>) -> Option<Severity> {
    match severity::number(value) {
        Some(number) if number <= 10.0 => severity::cef(value),
        _ => severity::read(value),
    }
}

fn priority(value: Scalar<'_>) -> Option<Severity> {
    let Some(number) = severity::number(value) else {
        return severity::read(value);
    };
    let score = match number as i64 {
        1 => 70,
        2 => 50,
        3 => 30,
        4..=10 => 10,
        _ => return severity::read(value),
    };
    Some(Severity::of(score))
}

/// Each entity, and under which number its names meet.
fn tell_entities(found: &Found<'_>, draft: &mut Draft<'_>) {
    for mention in &found.mentions {
        let Some(text) = mention.value.text() else {
            continue;
        };
        if mention.holds == Holds::Hashes {
            tell_hashes(&text, mention.role, draft);
            continue;
        }
        if let Some(entity) = entity(mention, &text) {
            let thing = thing(&entity, draft);
            draft.push(Some(entity), thing);
        }
    }
}

/// One hash, or several with their names: `MD5=..,SHA256=..`.
fn tell_hashes(text: &str, role: Role, draft: &mut Draft<'_>) {
    for part in text.split([',', ';', ' ']).filter(|part| !part.is_empty()) {
        let (name, hash) = part.split_once(['=', ':']).unwrap_or(("", part));
        if !name.eq_ignore_ascii_case("imphash") {
            draft.entity(EntityKind::Hash, role, hash, FILE);
        }
    }
}

fn entity(mention: &Mention<'_>, text: &str) -> Option<Entity> {
    let role = mention.role;
    match mention.holds {
        Holds::Kind(EntityKind::User) => Entity::user_or_host(role, text),
        Holds::Kind(EntityKind::Domain) => Entity::new(EntityKind::Domain, role, text)
            .or_else(|| Entity::new(EntityKind::Ip, role, text)),
        Holds::Kind(kind) => Entity::new(kind, role, text),
        Holds::HostOrIp => Entity::host_or_ip(role, text),
        Holds::PerhapsIp => Entity::new(EntityKind::Ip, role, text),
        Holds::PerhapsEmail if text.contains('@') => Entity::new(EntityKind::Email, role, text),
        Holds::UserId if is_name(text) => Entity::new(EntityKind::User, role, text),
        Holds::PerhapsResource if is_resource(text) => {
            Entity::new(EntityKind::CloudResource, role, text)
        }
        Holds::PerhapsEmail | Holds::UserId | Holds::PerhapsResource | Holds::Hashes => None,
    }
}

/// A name, and neither a number nor an id that only its product knows.
fn is_name(text: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    text.starts_with("S-1-") || text.contains(['@', '\\']) || !text.bytes().all(is_hex)
}

fn is_resource(text: &str) -> bool {
    text.starts_with("arn:") || text.starts_with("//") || text.starts_with("/subscriptions/")
}

const HOST: u8 = 1;
const USER: u8 = 2;
const TARGET_USER: u8 = 3;
const SOURCE: u8 = 4;
const TARGET: u8 = 5;
const FILE: u8 = 8;
const OBSERVER: u8 = 9;

/// The number of the thing that the entity names: a second of its kind and role names another.
fn thing(entity: &Entity, draft: &Draft<'_>) -> u8 {
    let is_second = |other: &Entity| {
        other.kind == entity.kind && other.role == entity.role && other.value != entity.value
    };
    if draft.alert().entities.iter().any(is_second) {
        return 0;
    }
    match (entity.kind, entity.role) {
        (EntityKind::Host | EntityKind::Ip, Role::Affected) => HOST,
        (EntityKind::Host | EntityKind::Ip, Role::Source) => SOURCE,
        (EntityKind::Host | EntityKind::Ip, Role::Target) => TARGET,
        (EntityKind::Host | EntityKind::Ip, Role::Observer) => OBSERVER,
        (EntityKind::User | EntityKind::Email, Role::Actor) => USER,
        (EntityKind::User | EntityKind::Email, Role::Target) => TARGET_USER,
        (EntityKind::File, _) => FILE,
        _ => 0,
    }
}

impl Found<'_> {
    fn is_alert(&self) -> bool {
        let is_strong =
            |found: Option<(u8, Scalar<'_>)>| found.is_some_and(|(rank, _)| rank < WEAK);
        let has_rule = is_strong(self.rule_name) || self.rule_id.is_some();
        // A level is what every log has.
        let has_severity = self.severity.is_some_and(|(rank, _)| rank < 4);
        let has_words = self.title.is_some() || self.rule_name.is_some();
        let has_entity = self
            .mentions
            .iter()
            .filter_map(|mention| Some((mention, mention.value.text()?)))
            .any(|(mention, text)| {
                mention.holds == Holds::Hashes || entity(mention, &text).is_some()
            });
        if has_entity {
            has_rule || (has_severity && has_words)
        } else {
            has_rule && has_severity && !self.times.is_empty()
        }
    }
}
