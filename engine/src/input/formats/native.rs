//! Native: the simplest JSON that anyone can produce.
//!
//! ```json
//! {"id": "a-1", "time": "2026-03-01T08:00:00Z", "scope": "acme", "source": "edr", "rule": {"id": "R1", "name": "Dump"},
//!  "severity": 70, "title": "LSASS read", "entities": [{"kind": "host", "value": "ws1", "role": "affected", "thing": 1}],
//!  "attack": ["T1003.001"], "count": 1, "updated": "2026-03-01T08:00:05Z", "lifecycle": "active"}
//! ```
//!
//! Only `time`, `rule` and one of `entities` and `title` are required. Where it is harmless it is lenient: `rule` may be its
//! name alone, `time` a number, `severity` a word, `attack` one string; unknown keys are ignored. An entity of an unknown
//! kind or role is dropped and counted; without a role it is `affected`.

use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "native",
    &[
        &[Need::present("rule"), Need::present("entities")],
        &[
            Need::present("time"),
            Need::present("rule"),
            Need::present("title"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "time",
    rule: "rule",
};

/// Reads `record`, which is an alert.
fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(ROOM.name);
    let mut has_entities = false;
    let mut has_title = false;
    for (key, value) in record.keys_and_values() {
        let scalar = value.scalar_or_null();
        match key {
            "id" => draft.id(scalar, "id")?,
            "time" => draft.time(scalar, Unit::Auto, "time")?,
            "scope" => draft.scope(scalar),
            "source" => draft.source(scalar, "source")?,
            "rule" => rule(&mut draft, value)?,
            "severity" => draft.severity(scalar),
            "title" => {
                has_title = scalar
                    .text()
                    .is_some_and(|title| !title.trim_ascii().is_empty());
                draft.title(scalar);
            }
            "entities" => {
                has_entities = value.len() > 0;
                value.each(|element| entity(&mut draft, element));
            }
            "attack" => value.each(|element| draft.attack(element.as_str().unwrap_or_default())),
            "count" => draft.count(scalar),
            "updated" => draft.updated(scalar, Unit::Auto),
            "lifecycle" => draft.lifecycle(scalar),
            _ => {}
        }
    }
    let alert = draft.finish(PATHS)?;
    if has_entities || has_title {
        Ok(alert)
    } else {
        Err(Reject::MissingEntity)
    }
}

/// `{"id": .., "name": ..}`, or the name alone.
fn rule(draft: &mut Draft<'_>, value: Value<'_>) -> Result<(), Reject> {
    draft.rule_name(value.scalar_or_null());
    for (key, value) in value.keys_and_values() {
        match key {
            "id" => draft.rule_id(value.scalar_or_null(), "rule.id")?,
            "name" => draft.rule_name(value.scalar_or_null()),
            _ => {}
        }
    }
    Ok(())
}

fn entity(draft: &mut Draft<'_>, value: Value<'_>) {
    let (mut kind, mut role, mut raw, mut thing) = (None, Some(Role::Affected), None, 0);
    for (key, value) in value.keys_and_values() {
        match key {
            "kind" => kind = value.as_str().and_then(EntityKind::from_word),
            "role" => role = value.as_str().and_then(Role::from_word),
            "value" => raw = value.scalar().and_then(Scalar::text),
            "thing" => thing = value.as_u8().unwrap_or_default(),
            _ => {}
        }
    }
    match (kind, role, raw) {
        (Some(kind), Some(role), Some(raw)) => draft.entity(kind, role, &raw, thing),
        _ => draft.push(None, 0),
    }
}
