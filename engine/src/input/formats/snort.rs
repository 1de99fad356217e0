//! Snort's alerts as text, `alert_fast` and syslog, and Suricata's `fast.log`, which are one form:
//!
//! `03/01-08:00:00.123456  [**] [1:2019401:3] ET POLICY Example [**] [Classification: Attempted Recon] [Priority: 2] {TCP}
//! 192.0.2.7:4444 -> 10.0.0.5:80`
//!
//! Behind a syslog header there is no date and no `[**]`. The rule's id is `gid:sid`, as Suricata's JSON has it. The priority
//! counts from 1, the worst. Sources: <https://docs.snort.org/start/alert_logging>,
//! <https://docs.suricata.io/en/latest/configuration/suricata-yaml.html#line-based-alerts-log-fast-log>.

use compact_str::CompactString;

use crate::alert::Severity;
use crate::entity::{Entity, EntityKind, Role};

use super::super::draft::{Desk, Paths, Reading, thing};
use super::super::json::Scalar;
use super::super::line::Line;
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::text("snort", tells, read);

const PATHS: Paths<'static> = Paths {
    time: "date",
    rule: "[gid:sid:rev]",
};

/// The parts of a line.
struct Event<'a> {
    date: &'a str,
    /// `gid:sid:rev`.
    rule: &'a str,
    message: &'a str,
    priority: Option<&'a str>,
    /// Addresses, perhaps with ports.
    sides: Option<(&'a str, &'a str)>,
}

fn tells(line: &Line<'_>) -> bool {
    Event::of(line.text).is_some()
}

fn read(line: &Line<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let event = Event::of(line.text).ok_or_else(|| Reject::MissingRule {
        path: PATHS.rule.into(),
    })?;
    let mut draft = desk.draft(ROOM.name);
    // A date without a year is none where nobody says which; the header's or the broker's time will do.
    if !event.date.is_empty() && (!draft.has_outer_time() || draft.near().is_some()) {
        draft.time(Scalar::Text(event.date), Unit::Auto, PATHS.time)?;
    }
    let rule = event
        .rule
        .rsplit_once(':')
        .map_or(event.rule, |(rule, _)| rule);
    draft.rule_id_made(CompactString::new(rule), PATHS.rule)?;
    draft.rule_name(Scalar::Text(event.message));
    let score = match event.priority {
        Some("1") => Some(70),
        Some("2") => Some(50),
        Some("3") => Some(30),
        Some("4") => Some(10),
        _ => None,
    };
    if let Some(score) = score {
        draft.severity_read(Some(Severity::of(score)));
    }
    if let Some((source, target)) = event.sides {
        draft.push(address(source, Role::Source), thing::SOURCE);
        draft.push(address(target, Role::Target), thing::TARGET);
    }
    draft.finish(PATHS)
}

impl<'a> Event<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (date, rest) = match text.split_once("[**] [") {
            // Suricata says `[Drop]` behind the date.
            Some((before, rest)) => (before.split(' ').next().unwrap_or_default(), rest),
            None => ("", text.strip_prefix('[')?),
        };
        let (rule, rest) = rest.split_once("] ")?;
        let mut numbers = rule.split(':');
        let is_number =
            |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if numbers.clone().count() != 3 || !numbers.all(is_number) {
            return None;
        }
        let end = ["[**]", "[Classification:", "[Priority:", "{"]
            .into_iter()
            .filter_map(|mark| rest.find(mark))
            .min()
            .unwrap_or(rest.len());
        let (message, rest) = rest.split_at(end);
        let priority = rest
            .split_once("[Priority: ")
            .and_then(|(_, rest)| Some(rest.split_once(']')?.0));
        let sides = rest.split_once('}').and_then(|(_, rest)| {
            let (source, target) = rest.split_once(" -> ")?;
            let target = target.split_ascii_whitespace().next()?;
            Some((source.trim_ascii(), target))
        });
        Some(Self {
            date,
            rule,
            message: message.trim_ascii().trim_matches('"'),
            priority,
            sides,
        })
    }
}

/// An address, of version 6 perhaps with a port behind a colon as well.
fn address(text: &str, role: Role) -> Option<Entity> {
    Entity::new(EntityKind::Ip, role, text).or_else(|| {
        let (address, _) = text.rsplit_once(':')?;
        Entity::new(EntityKind::Ip, role, address)
    })
}
