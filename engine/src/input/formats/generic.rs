//! Generic: what no product claims, by the names of its fields. JSON with recognisable names up to three levels deep,
//! and `key=value` text.
//!
//! An alert is told from other records by what only alerts have: a rule, a signature, a title, a threat; or a severity
//! beside a message. It must also say whom it concerns, or how bad it is and when. Anything else is no format's. What a
//! field holds is in [`vocabulary`](super::super::vocabulary): the words of its name decide, never the look of its value.
//!
//! Severities: a number up to 10 is on the scale of ten, where 1-3 is low, 4-6 medium, 7-8 high, 9-10 critical;
//! beyond it is of 100. A `priority` counts from 1, the worst. Words are everybody's.

mod ecs;
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
use super::super::vocabulary::{ACTION, Holds, POLICY, REASON, WEAK};
use super::{Json, Room, Texts};
use found::{Found, Mention, is_unique};

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
    ecs::is_alert(record) || Found::of_record(record).is_alert()
}

fn is_alert_text(line: &Line<'_>) -> bool {
    Found::of_text(line.text).is_alert()
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let found = Found::of_record(record);
    match ecs::is_ecs(record) {
        true => ecs::read(record, &found, desk),
        false => tell(&found, desk),
    }
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
    if let Some((_, id)) = found.id {
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
        // For the reject's text, unless another's time will do.
        (None, Some((_, value))) if !draft.has_outer_time() && draft.near().is_none() => {
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
    // Names of zones that mean several are as good as none.
    [zone, ""].into_iter().find_map(|zone| {
        let mut written = CompactString::with_capacity(date.len() + clock.len() + 8);
        for part in [&*date, "T", clock, zone] {
            written.push_str(part);
        }
        timestamp::read(Scalar::Text(&written), Unit::Auto, None)
    })
}

fn tell_rule(found: &Found<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    if let Some((_, id)) = found.rule_id {
        draft.rule_id(id, "rule.id")?;
    }
    let title = found.title.map(|(_, title)| title);
    // A policy says what is forbidden, the reason what was done; and an action is what became of it.
    let is_number = |name: Scalar<'_>| {
        let is_part = |byte: u8| byte.is_ascii_digit() || byte == b':';
        name.text().is_some_and(|name| name.bytes().all(is_part))
    };
    let is_told_better = |rank: u8, name: Scalar<'_>| match found.title {
        Some((title, _)) => {
            (rank == POLICY && title == REASON) || rank == ACTION || is_number(name)
        }
        None => false,
    };
    match found
        .rule_name
        .filter(|(rank, name)| !is_told_better(*rank, *name))
    {
        Some((_, name)) => draft.rule_name(name),
        None => draft.rule_name(title.unwrap_or(Scalar::Null)),
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
        // A share of all that can be.
        Some(number) if number > 0.0 && number < 1.0 => {
            severity::read(Scalar::Float(number * 100.0))
        }
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
        match mention.holds {
            Holds::AccountName if found.has_customer() => continue,
            Holds::HostOrIp if mention.role == Role::Affected => {
                if let Some(entity) = machine(found, mention, &text) {
                    let thing = thing(&entity, draft);
                    draft.push(Some(entity), thing);
                }
                continue;
            }
            Holds::Hashes => {
                tell_hashes(&text, mention.role, FILE, draft);
                continue;
            }
            Holds::ParentHashes => {
                tell_hashes(&text, mention.role, PARENT, draft);
                continue;
            }
            _ => {}
        }
        if let Some(entity) = entity(mention, &text) {
            let thing = thing(&entity, draft);
            draft.push(Some(entity), thing);
        }
    }
}

/// One hash, or several with their names: `MD5=..,SHA256=..`.
fn tell_hashes(text: &str, role: Role, thing: u8, draft: &mut Draft<'_>) {
    for part in text.split([',', ';', ' ']).filter(|part| !part.is_empty()) {
        let (name, hash) = part.split_once(['=', ':']).unwrap_or(("", part));
        if !name.eq_ignore_ascii_case("imphash") {
            // Of one algorithm, a file has one.
            let is_of_another = draft.alert().entities.iter().any(|other| {
                other.kind == EntityKind::Hash
                    && other.thing == thing
                    && other.value.len() == hash.len()
                    && !other.value.eq_ignore_ascii_case(hash)
            });
            let thing = if is_of_another { 0 } else { thing };
            draft.entity(EntityKind::Hash, role, hash, thing);
        }
    }
}

/// The machine that a field without a side names. Where both sides are known by their addresses, and a sensor saw them,
/// the name is what was asked of the server.
fn machine(found: &Found<'_>, mention: &Mention<'_>, text: &str) -> Option<Entity> {
    let has = |role: Role| {
        let mut ips = found.mentions.iter();
        ips.any(|other| other.holds == Holds::Kind(EntityKind::Ip) && other.role == role)
    };
    let is_side = |text: &str| {
        found.mentions.iter().any(|other| {
            other.holds == Holds::Kind(EntityKind::Ip)
                && matches!(other.value, Scalar::Text(ip) if ip == text)
        })
    };
    let is_seen = has(Role::Source) && has(Role::Target);
    if is_seen && is_side(text) {
        return None;
    }
    let is_asked = is_seen && found.asks && text.contains('.');
    let has_sensor = found
        .mentions
        .iter()
        .any(|other| other.role == Role::Observer);
    if is_asked && has_sensor {
        return Entity::new(EntityKind::Domain, Role::Target, text)
            .or_else(|| Entity::new(EntityKind::Ip, Role::Target, text));
    }
    entity(mention, text)
}

fn entity(mention: &Mention<'_>, text: &str) -> Option<Entity> {
    let role = mention.role;
    match mention.holds {
        // Words are how people are called, or a remark.
        Holds::Kind(EntityKind::User) if text.matches(' ').count() > 1 => None,
        Holds::Kind(EntityKind::User) | Holds::AccountName => Entity::user_or_host(role, text),
        Holds::Kind(EntityKind::Url) if text.starts_with("file:") => None,
        // Where a rule stands.
        Holds::Kind(EntityKind::File) if text.ends_with(".conf") || text.ends_with(".rules") => {
            None
        }
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
        Holds::PerhapsEmail
        | Holds::UserId
        | Holds::PerhapsResource
        | Holds::Hashes
        | Holds::ParentHashes => None,
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
const PROCESS: u8 = 6;
const FILE: u8 = 8;
const PARENT: u8 = 7;
const OBSERVER: u8 = 9;

/// Whether `long` is `short` with its domain or its folder.
fn is_longer(long: &str, short: &str) -> bool {
    let with_domain = long.strip_prefix(short);
    let with_folder = long.strip_suffix(short);
    with_domain.is_some_and(|domain| domain.starts_with('.'))
        || with_folder.is_some_and(|folder| folder.ends_with(['\\', '/']))
}

/// The number of the thing that the entity names: a second of its kind and role names another.
fn thing(entity: &Entity, draft: &Draft<'_>) -> u8 {
    let is_second = |other: &Entity| {
        other.kind == entity.kind
            && other.role == entity.role
            && other.value != entity.value
            && !is_longer(&entity.value, &other.value)
            && !is_longer(&other.value, &entity.value)
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
        (EntityKind::Process, Role::Actor) => PROCESS,
        _ => 0,
    }
}

impl Found<'_> {
    /// The name in a field that only alerts have.
    fn strong_rule_name(&self) -> Option<Scalar<'_>> {
        let (rank, name) = self.rule_name?;
        (rank < WEAK).then_some(name)
    }

    /// Whether it has the id of a customer's account.
    fn has_customer(&self) -> bool {
        let mut mentions = self.mentions.iter();
        mentions.any(|mention| mention.holds == Holds::Kind(EntityKind::Account))
    }

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
                matches!(mention.holds, Holds::Hashes | Holds::ParentHashes)
                    || entity(mention, &text).is_some()
            });
        if has_entity {
            has_rule || ((has_severity || self.smells) && has_words)
        } else {
            has_rule && has_severity && !self.times.is_empty()
        }
    }
}
