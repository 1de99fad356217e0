//! Google SecOps (Chronicle): detections of rules, with their events in the Unified Data Model.
//!
//! A page of the API holds several. `detection` is a list of one, or the object alone; events stand in
//! `collectionElements[].references[].event`, or as `event` where a pipeline took them apart. A UDM event that comes without a
//! detection is an alert only if its own product says what it found (`securityResult` with a rule, a threat or a summary).
//! Detections of rules that don't alert (`NOT_ALERTING`) are detections all the same.
//!
//! <https://cloud.google.com/chronicle/docs/reference/detection-engine-api#detection>,
//! <https://cloud.google.com/chronicle/docs/reference/udm-field-list>

mod udm;

use crate::alert::Severity;
use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::Things;
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "google_secops",
    &[
        &[Need::present("detections"), Need::Test(is_page)],
        &[Need::present("detection"), Need::present("detectionTime")],
        &[Need::present("detection"), Need::present("timeWindow")],
        &[
            Need::present("detection"),
            Need::present("collectionElements"),
        ],
        &[
            Need::present("event"),
            Need::present("event.metadata.eventTimestamp"),
        ],
        &[
            Need::present("udm"),
            Need::present("udm.metadata.eventTimestamp"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "detectionTime",
    rule: "detection[].ruleId",
};

fn is_page(record: Value<'_>) -> bool {
    let first = record.get("detections").and_then(first);
    first.is_some_and(|first| first.get("detection").is_some())
}

/// The first element of a list, or the value itself.
fn first(value: Value<'_>) -> Option<Value<'_>> {
    match value.elements() {
        Some(mut elements) => elements.next(),
        None => Some(value),
    }
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    if let Some(detections) = record.get("detections") {
        return Ok(desk.each_part(detections, read_detection));
    }
    if record.get("detection").is_some() {
        return read_detection(record, desk);
    }
    let event = record.get("event").or_else(|| record.get("udm"));
    read_event(event.unwrap_or(record), desk)
}

/// The rule's part of a detection.
#[derive(Default)]
struct Rule<'a> {
    labels: [Option<Value<'a>>; 2],
    severity: Option<Scalar<'a>>,
    risk: Option<Scalar<'a>>,
}

fn read_detection(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(ROOM.name);
    let mut things = Things::default();
    let (mut detected, mut window, mut created) = (None, None, None);
    let mut rule = Rule::default();
    for (key, value) in record.keys_and_values() {
        match key {
            "id" => draft.id(value.scalar_or_null(), "id")?,
            "detectionTime" => detected = value.scalar(),
            "createdTime" => created = value.scalar(),
            "lastUpdatedTime" => draft.updated(value.scalar_or_null(), Unit::Auto),
            "timeWindow" => window = value.get("endTime").and_then(Value::scalar),
            "detection" => {
                if let Some(told) = first(value) {
                    rule.tell(told, &mut draft)?;
                }
            }
            "collectionElements" => value.each(|element| {
                if let Some(references) = element.get("references") {
                    references.each(|reference| {
                        tell_reference(reference, &mut things, &mut draft);
                    });
                }
            }),
            "event" => udm::tell(value, &mut things, &mut draft),
            _ => {}
        }
    }
    draft.first_time(&[detected, window, created], PATHS.time)?;
    rule.tell_severity(record, &mut draft);
    draft.finish(PATHS)
}

fn tell_reference(reference: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    for (key, value) in reference.keys_and_values() {
        match key {
            "event" => udm::tell(value, things, draft),
            "entity" => udm::tell_entity(value, things, draft),
            _ => {}
        }
    }
}

impl<'a> Rule<'a> {
    fn tell(&mut self, detection: Value<'a>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        for (key, value) in detection.keys_and_values() {
            match key {
                "ruleId" => draft.rule_id(value.scalar_or_null(), PATHS.rule)?,
                "ruleName" => draft.rule_name(value.scalar_or_null()),
                "summary" => draft.title(value.scalar_or_null()),
                "severity" => self.severity = value.scalar(),
                "riskScore" => self.risk = value.scalar(),
                "ruleLabels" => self.labels[0] = Some(value),
                "outcomes" => self.labels[1] = Some(value),
                "detectionFields" => value.each(|field| tell_field(field, draft)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The rule's own word, else its risk of 0 to 100 (of entities: to 1,000), else what the events' products say.
    fn tell_severity(&self, record: Value<'_>, draft: &mut Draft<'_>) {
        let mut known = self.severity.and_then(severity::read);
        for labels in self.labels.into_iter().flatten() {
            labels.each(|label| {
                let text = |key| label.get(key).and_then(Value::as_str).unwrap_or_default();
                let (key, value) = (text("key"), text("value"));
                if key.eq_ignore_ascii_case("severity") {
                    known = severity::word(value).or(known);
                } else if key.contains("mitre")
                    || key.contains("tactic")
                    || key.contains("technique")
                {
                    draft.attack_if_known(value);
                }
            });
        }
        let risk = || {
            let risk = severity::number(self.risk?).filter(|risk| *risk > 0.0)?;
            let risk = if risk > 100.0 { risk / 10.0 } else { risk };
            Some(Severity::of(risk.round() as u32))
        };
        let known = known.or_else(risk).or_else(|| {
            let elements = record.get("collectionElements").and_then(first)?;
            let reference = elements.get("references").and_then(first)?;
            udm::severity(reference.get("event")?)
        });
        if known.is_some() {
            draft.severity_read(known);
        }
    }
}

/// What the rule matched on, where it names the field of the event: `udm.target.user.userid`.
fn tell_field(field: Value<'_>, draft: &mut Draft<'_>) {
    let text = |key| field.get(key).and_then(Value::as_str);
    let (Some(source), Some(value)) = (text("source"), text("value")) else {
        return;
    };
    let kind = match source.rsplit('.').next().unwrap_or_default() {
        "ip" => EntityKind::Ip,
        "hostname" => EntityKind::Host,
        "userid" => EntityKind::User,
        "email_addresses" => EntityKind::Email,
        "sha256" | "sha1" | "md5" => EntityKind::Hash,
        "url" => EntityKind::Url,
        _ => return,
    };
    let noun = source.trim_start_matches("udm.").split('.').next();
    let role = noun.and_then(udm::role_of).unwrap_or(Role::Affected);
    if !value.is_empty() {
        draft.push(Entity::new(kind, role, value), 0);
    }
}

/// An event without a detection.
fn read_event(event: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let result = event.get("securityResult").and_then(first);
    let text = |key: &str| result.and_then(|result| result.get(key)?.scalar());
    let words = ["ruleName", "threatName", "summary", "category"];
    let Some(rule) = words.into_iter().find_map(text) else {
        return Ok(Reading::NotAnAlert);
    };
    let mut draft = desk.draft(ROOM.name);
    let metadata = |key: &str| {
        event
            .get("metadata")
            .and_then(|told| told.get(key)?.scalar())
    };
    draft.id(
        metadata("id")
            .or_else(|| metadata("productLogId"))
            .unwrap_or(Scalar::Null),
        "metadata.id",
    )?;
    draft.first_time(&[metadata("eventTimestamp")], "metadata.eventTimestamp")?;
    draft.rule_name(rule);
    draft.rule_id(text("ruleId").unwrap_or(rule), "securityResult[].ruleId")?;
    if let Some(severity) = udm::severity(event) {
        draft.severity_read(Some(severity));
    }
    udm::tell(event, &mut Things::default(), &mut draft);
    draft.finish(PATHS)
}
