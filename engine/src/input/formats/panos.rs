//! Palo Alto Networks' firewalls: threat logs as they are by default, values between commas. Traffic and all other logs are
//! no alerts. Logs in CEF, LEEF or other forms that an administrator wrote are read as those.
//!
//! Fields by their places, of which later versions only add more:
//! <https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/threat-log-fields>
//!
//! The firewall is the observer. Who opened the session is the source, whichever way the threat went. What was asked for, in `misc`, is a URL, a
//! name in DNS or a file, by the subtype. Times are the firewall's own, without zone.

use crate::entity::{Entity, EntityKind, Role};

use super::super::draft::{Desk, Draft, Paths, Reading, thing};
use super::super::json::Scalar;
use super::super::line::Line;
use super::super::reject::Reject;
use super::Room;

pub(super) const ROOM: Room = Room::text("panos", tells, read);

const PATHS: Paths<'static> = Paths {
    time: "generated time",
    rule: "threat id",
};

/// Places of the fields.
mod at {
    pub(super) const RECEIVED: usize = 1;
    pub(super) const SERIAL: usize = 2;
    pub(super) const TYPE: usize = 3;
    pub(super) const SUBTYPE: usize = 4;
    pub(super) const GENERATED: usize = 6;
    pub(super) const SOURCE: usize = 7;
    pub(super) const TARGET: usize = 8;
    pub(super) const SOURCE_USER: usize = 12;
    pub(super) const TARGET_USER: usize = 13;
    pub(super) const REPEATS: usize = 23;
    pub(super) const MISC: usize = 31;
    pub(super) const THREAT: usize = 32;
    pub(super) const SEVERITY: usize = 34;
    pub(super) const DIGEST: usize = 43;
    pub(super) const SENDER: usize = 50;
    pub(super) const RECIPIENT: usize = 52;
    pub(super) const DEVICE: usize = 59;
}

/// Fields that are looked at.
const FIELDS_MAX: usize = 64;

type Fields<'a> = smallvec::SmallVec<[&'a str; FIELDS_MAX]>;

const TYPES: [&str; 12] = [
    "TRAFFIC",
    "THREAT",
    "CONFIG",
    "SYSTEM",
    "HIPMATCH",
    "GLOBALPROTECT",
    "USERID",
    "DECRYPTION",
    "CORRELATION",
    "AUTH",
    "AUTHENTICATION",
    "GTP",
];

fn tells(line: &Line<'_>) -> bool {
    let mut fields = line.text.splitn(6, ',');
    let mut is = |wanted: fn(&str) -> bool| fields.next().is_some_and(wanted);
    is(|first| first.trim_ascii().bytes().all(|byte| byte.is_ascii_digit()))
        && is(|received| received.len() >= 19 && received.as_bytes()[4] == b'/')
        && is(|serial| serial.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && is(|kind| TYPES.contains(&kind))
}

fn read(line: &Line<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let fields = split(line.text);
    let field = |at: usize| fields.get(at).copied().unwrap_or_default();
    if field(at::TYPE) != "THREAT" {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    draft.first_time(
        &[
            Some(Scalar::Text(field(at::GENERATED))),
            Some(Scalar::Text(field(at::RECEIVED))),
        ],
        PATHS.time,
    )?;
    tell_rule(field(at::SUBTYPE), field(at::THREAT), &mut draft)?;
    draft.severity(Scalar::Text(field(at::SEVERITY)));
    draft.count(Scalar::Text(field(at::REPEATS)));
    told(
        &mut draft,
        EntityKind::Ip,
        Role::Source,
        field(at::SOURCE),
        thing::SOURCE,
    );
    told(
        &mut draft,
        EntityKind::Ip,
        Role::Target,
        field(at::TARGET),
        thing::TARGET,
    );
    draft.user(None, field(at::SOURCE_USER), Role::Actor, thing::USER);
    draft.user(
        None,
        field(at::TARGET_USER),
        Role::Target,
        thing::TARGET_USER,
    );
    tell_asked(field(at::SUBTYPE), field(at::MISC), &mut draft);
    told(
        &mut draft,
        EntityKind::Hash,
        Role::Target,
        field(at::DIGEST),
        thing::FILE,
    );
    told(
        &mut draft,
        EntityKind::Email,
        Role::Source,
        field(at::SENDER),
        0,
    );
    told(
        &mut draft,
        EntityKind::Email,
        Role::Target,
        field(at::RECIPIENT),
        0,
    );
    let device = Some(field(at::DEVICE)).filter(|name| !name.is_empty());
    let device = device.unwrap_or_else(|| field(at::SERIAL));
    told(
        &mut draft,
        EntityKind::Host,
        Role::Observer,
        device,
        thing::OBSERVER,
    );
    draft.finish(PATHS)
}

/// `Name of it(36729)`, or a number alone; categories of URLs have `(9999)` for all.
fn tell_rule(subtype: &str, threat: &str, draft: &mut Draft<'_>) -> Result<(), Reject> {
    let parts = threat
        .strip_suffix(')')
        .and_then(|threat| threat.rsplit_once('('));
    match parts {
        Some((name, id)) if id != "9999" => {
            draft.rule_id(Scalar::Text(id), PATHS.rule)?;
            let name = if name.is_empty() { threat } else { name };
            draft.rule_name(Scalar::Text(name));
        }
        Some((name, _)) if !name.is_empty() => draft.rule_name(Scalar::Text(name)),
        _ if threat.is_empty() || parts.is_some() => draft.rule_name(Scalar::Text(subtype)),
        _ => draft.rule_name(Scalar::Text(threat)),
    }
    Ok(())
}

fn tell_asked(subtype: &str, misc: &str, draft: &mut Draft<'_>) {
    if misc.is_empty() {
        return;
    }
    match subtype {
        "url" => {
            let mut url = compact_str::CompactString::default();
            if !misc.contains("://") {
                url.push_str("http://");
            }
            url.push_str(misc);
            // Only what has a path is more than the server's name.
            let name = misc.split("://").last().unwrap_or(misc);
            match name.trim_end_matches('/').contains('/') {
                true => draft.entity(EntityKind::Url, Role::Target, &url, thing::TARGET),
                false => draft.push(
                    Entity::new(EntityKind::Domain, Role::Target, name.trim_end_matches('/')),
                    thing::TARGET,
                ),
            }
        }
        "virus" | "wildfire" | "wildfire-virus" | "file" | "data" | "ml-virus" => {
            draft.entity(EntityKind::File, Role::Target, misc, thing::FILE);
        }
        "spyware" if Entity::new(EntityKind::Domain, Role::Target, misc).is_some() => {
            draft.entity(EntityKind::Domain, Role::Target, misc, thing::TARGET);
        }
        _ => {}
    }
}

/// Tells what is there.
fn told(draft: &mut Draft<'_>, kind: EntityKind, role: Role, raw: &str, thing: u8) {
    if !raw.is_empty() {
        draft.entity(kind, role, raw, thing);
    }
}

/// The values, without the quotes around those that have commas.
fn split(text: &str) -> Fields<'_> {
    let mut fields = Fields::new();
    let mut rest = text;
    while fields.len() < FIELDS_MAX {
        let quoted = rest.strip_prefix('"').and_then(|inside| {
            Some((
                inside,
                inside
                    .find("\",")
                    .or_else(|| inside.strip_suffix('"').map(str::len))?,
            ))
        });
        let (field, behind) = match quoted {
            Some((inside, end)) => (&inside[..end], inside[end + 1..].strip_prefix(',')),
            None => match rest.split_once(',') {
                Some((field, behind)) => (field, Some(behind)),
                None => (rest, None),
            },
        };
        fields.push(field.trim_ascii());
        match behind {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    fields
}
