//! Records in Elastic Common Schema of products that have no room: what Beats, Elastic Agent's integrations and Security
//! Onion make of other products' alerts. Entities come from the schema's fields alone, because a product's own fields
//! repeat them in words that fit worse; rule, severity and title from the schema, else from what is found by name.
//!
//! `event.kind` says `alert` or `signal` of alerts: <https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-kind>.

use crate::alert::Severity;

use super::super::super::dotted;
use super::super::super::draft::{Desk, Draft, Reading, first};
use super::super::super::ecs::{self, Ecs};
use super::super::super::json::{Scalar, Value};
use super::super::super::reject::Reject;
use super::super::super::severity;
use super::super::super::timestamp::Unit;
use super::found::Found;
use super::{PATHS, ROOM, is_unique, score, tell_severity};

/// Whether `record` is written in the schema.
pub(super) fn is_ecs(record: Value<'_>) -> bool {
    let has = |path: &str| record.at(path).is_some_and(|value| !value.is_nothing());
    has("@timestamp") && (has("event.kind") || has("event.dataset") || has("event.module"))
}

/// Whether `record` is written in the schema and says that it is an alert.
pub(super) fn is_alert(record: Value<'_>) -> bool {
    let kind = record.at("event.kind").map(first).and_then(Value::as_str);
    let has_rule = || {
        ["rule.name", "rule.id", "rule.uuid"]
            .into_iter()
            .any(|path| record.at(path).is_some_and(|value| !value.is_nothing()))
    };
    let says_so = match kind {
        Some("alert" | "signal") => true,
        Some("event") | None => has_rule() && is_ecs(record),
        Some(_) => false,
    };
    says_so && record.at("@timestamp").is_some()
}

pub(super) fn read(
    record: Value<'_>,
    found: &Found<'_>,
    desk: &mut Desk<'_>,
) -> Result<Reading, Reject> {
    let mut fields = Ecs::default();
    dotted::leaves_of(record, &ecs::is_wanted, |path, value| {
        fields.set(path, value);
    });
    let mut draft = desk.draft(ROOM.name);
    draft.time(scalar(fields.time), Unit::Auto, "@timestamp")?;
    if let Some(id) = fields
        .event
        .id
        .map(|id| scalar(Some(id)))
        .filter(|id| is_unique(*id))
    {
        draft.id(id, "event.id")?;
    }
    tell_rule(&fields, found, &mut draft)?;
    tell_how_bad(&fields, found, &mut draft);
    fields.tell(&mut draft);
    draft.finish(PATHS)
}

fn tell_rule(fields: &Ecs<'_>, found: &Found<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    let (event, rule) = (&fields.event, &fields.rule);
    draft.rule_id(scalar(rule.id.or(rule.uuid)), PATHS.rule)?;
    let strong = found.strong_rule_name();
    let name = rule
        .name
        .or(rule.description)
        .map(|name| scalar(Some(name)));
    let name = name.or(strong).unwrap_or_else(|| {
        scalar(
            event
                .action
                .or(event.code)
                .or(fields.message)
                .or(event.dataset),
        )
    });
    draft.rule_name(name);
    draft.title(scalar(event.reason.or(fields.message)));
    Ok(())
}

/// The schema's number is on the product's own scale; a word says more.
fn tell_how_bad(fields: &Ecs<'_>, found: &Found<'_>, draft: &mut Draft<'_>) {
    let word = found.severity.map(|(_, value)| value);
    let word =
        word.filter(|word| matches!(word, Scalar::Text(text) if severity::word(text).is_some()));
    let number = fields.event.severity.map(|value| scalar(Some(value)));
    let risk = fields.event.risk_score.map(|value| scalar(Some(value)));
    let is_suricata = fields.event.module.and_then(Value::as_str) == Some("suricata");
    let read = match (word, number, risk) {
        (Some(word), _, _) => severity::read(word),
        (None, Some(number), _) if is_suricata => match severity::number(number) {
            Some(1.0) => Some(Severity::of(70)),
            Some(2.0) => Some(Severity::of(50)),
            Some(3.0) => Some(Severity::of(30)),
            _ => Some(Severity::of(10)),
        },
        (None, Some(number), _) => score(number),
        (None, None, Some(risk)) => severity::read(risk),
        (None, None, None) => return tell_severity(found, draft),
    };
    draft.severity_read(read);
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, |value| first(value).scalar_or_null())
}
