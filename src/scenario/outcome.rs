//! What came of a story, in words: one list of lines for each section.
//!
//! Groups are called g1, g2 and so on by their first alert in the story; what is only met in an event comes after them.

use caseloom_engine::ids::GroupId;
use caseloom_engine::record::{GroupRecord, Stage};

use super::play::{Played, Told};
use super::story::say_time;
use crate::reason;

/// Every section.
pub(super) const SECTIONS: [&str; 4] = ["cases", "details", "links", "events"];

/// Dispositions of alerts that stand in a group.
const GROUPED: [&str; 3] = ["case", "candidate", "expired"];

/// The names of the groups.
struct Names {
    order: Vec<GroupId>,
}

/// The lines of the section called `name`.
pub(super) fn section(name: &str, played: &Played) -> Result<Vec<String>, String> {
    let names = Names::new(played);
    match name {
        "cases" => Ok(cases(played, &names)),
        "details" => Ok(details(played, &names)),
        "links" => Ok(links(played)),
        "events" => Ok(events(played, &names)),
        other => Err(format!("unknown section {other:?}")),
    }
}

/// Which alerts are together, and where the others are: `g1 case: a1 a2`, `background: b1`.
fn cases(played: &Played, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, id) in names.order.iter().enumerate() {
        let alerts = alerts(played, |told| told.is_grouped() && told.group == Some(*id));
        let Some(group) = played.groups.get(id).filter(|_| !alerts.is_empty()) else {
            continue;
        };
        let scope = match group.scope_name.as_str() {
            "default" => String::new(),
            scope => format!(" in {scope}"),
        };
        lines.push(format!("g{} {}{scope}: {alerts}", place + 1, stage(group)));
    }
    let mut others: Vec<&str> = Vec::new();
    for told in played.alerts.iter().filter(|told| !told.is_grouped()) {
        if !others.contains(&told.disposition) {
            others.push(told.disposition);
        }
    }
    others.sort_unstable();
    for disposition in others {
        let alerts = alerts(played, |told| told.disposition == disposition);
        lines.push(format!("{disposition}: {alerts}"));
    }
    lines
}

/// What each case is worth: `g1: high, risk 120, activities 2, entities 3, "Dump on ws-1"`.
fn details(played: &Played, names: &Names) -> Vec<String> {
    let met = names.order.iter().enumerate();
    let groups = met.filter_map(|(place, id)| Some((place, played.groups.get(id)?)));
    groups
        .filter(|(_, group)| !matches!(group.stage, Stage::Merged { .. }))
        .map(|(place, group)| {
            let related = group.related.iter().map(|(how, case)| {
                let other = played.groups.values().find(|other| other.case == *case);
                let name = other.map_or_else(|| case.to_string(), |other| names.of(other.id));
                format!(", {} {name}", word(&format!("{how:?}")))
            });
            let capped = group
                .capped
                .map_or(String::new(), |cap| format!(", {}", cap.as_str()));
            format!(
                "g{}: {}, risk {}, activities {}, entities {}, {:?}{}{capped}",
                place + 1,
                group.severity.as_str(),
                group.risk.round(),
                group.activities,
                group.entities,
                group.title.as_str(),
                related.collect::<String>(),
            )
        })
        .collect()
}

/// Why each activity stands where it does: `a2: shares host ws-1 with a1, 20 min apart`.
fn links(played: &Played) -> Vec<String> {
    let mut lines = Vec::new();
    for (activity, name) in &played.names {
        for link in played.links.get(activity).into_iter().flatten() {
            let unknown = format!("activity {}", link.other.0);
            let other = played.names.get(&link.other).unwrap_or(&unknown);
            lines.push(format!("{name}: {}", reason::of_link_with(link, other)));
        }
    }
    lines
}

/// What was announced: `08:20 g1 opened (risk)`.
fn events(played: &Played, names: &Names) -> Vec<String> {
    let told = played.events.iter().map(|event| {
        let other = event
            .other
            .map_or(String::new(), |other| format!(" with {}", names.of(other)));
        let (at, group) = (say_time(event.at), names.of(event.group));
        format!("{at} {group} {}{other} ({})", event.word, event.reason)
    });
    told.collect()
}

impl Told {
    fn is_grouped(&self) -> bool {
        GROUPED.contains(&self.disposition)
    }
}

impl Names {
    fn new(played: &Played) -> Self {
        let mut order = Vec::new();
        let of_alerts = played.alerts.iter().filter(|told| told.is_grouped());
        let of_alerts = of_alerts.filter_map(|told| told.group);
        let of_events = played
            .events
            .iter()
            .flat_map(|event| [Some(event.group), event.other]);
        for group in of_alerts.chain(of_events.flatten()) {
            if !order.contains(&group) {
                order.push(group);
            }
        }
        Self { order }
    }

    fn of(&self, group: GroupId) -> String {
        let place = self.order.iter().position(|other| *other == group);
        place.map_or_else(
            || format!("group {}", group.0),
            |place| format!("g{}", place + 1),
        )
    }
}

fn stage(group: &GroupRecord) -> &'static str {
    match group.stage {
        Stage::Candidate => "candidate",
        Stage::Open => "case",
        Stage::Closed | Stage::Dormant => "closed case",
        Stage::Expired => "expired",
        Stage::Merged { .. } => "merged",
        Stage::Resting => "resting case",
    }
}

/// `ContinuationOf` as `continuation of`.
fn word(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}

/// The names of the alerts that `wanted` accepts; of `n.1 n.2 n.3` only `n.1..n.3`.
fn alerts(played: &Played, wanted: impl Fn(&Told) -> bool) -> String {
    let mut runs: Vec<(&str, &str)> = Vec::new();
    for told in played.alerts.iter().filter(|told| wanted(told)) {
        match runs.last_mut() {
            Some((_, last)) if follows(last, &told.name) => *last = &told.name,
            _ => runs.push((&told.name, &told.name)),
        }
    }
    let shown = runs.iter().map(|(first, last)| match first == last {
        true => (*first).to_owned(),
        false => format!("{first}..{last}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Whether `next` is the repeat after `last`: `n.4` after `n.3`.
fn follows(last: &str, next: &str) -> bool {
    let number = |name: &str| -> Option<(String, u32)> {
        let (stem, number) = name.rsplit_once('.')?;
        Some((stem.to_owned(), number.parse().ok()?))
    };
    match (number(last), number(next)) {
        (Some((stem, n)), Some((other, m))) => stem == other && m == n + 1,
        _ => false,
    }
}
