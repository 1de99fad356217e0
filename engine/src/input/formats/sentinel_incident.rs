//! Microsoft Sentinel: incidents, as the API and automation rules bring them, or as rows of `SecurityIncident`.
//!
//! An incident that carries alerts is read as these. They come without entities: those of the incident are theirs, and of an
//! only alert its techniques too. An incident that carries none is one alert: its title, severity and related entities are
//! all there is, for those who send only incidents.
//!
//! <https://learn.microsoft.com/en-us/rest/api/securityinsights/incidents/get>,
//! <https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/securityincident>,
//! <https://learn.microsoft.com/en-us/azure/sentinel/playbook-triggers-actions>

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Nested, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{KEY, Things, lowered};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::microsoft::{self, entities};
use super::{Room, sentinel};

pub(super) const ROOM: Room = Room::json(
    "sentinel_incident",
    &[
        &[
            Need::present("properties"),
            Need::present("properties.incidentNumber"),
        ],
        &[
            Need::present("object"),
            Need::present("object.properties.incidentNumber"),
        ],
        &[
            Need::present("IncidentName"),
            Need::present("IncidentNumber"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "properties.firstActivityTimeUtc",
    rule: "properties.title",
};

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let incident = record.get("object").unwrap_or(record);
    let properties = incident.get("properties").unwrap_or(incident);
    let alerts = properties
        .get("alerts")
        .filter(|alerts| alerts.elements().is_some() && alerts.len() > 0);
    let Some(alerts) = alerts else {
        return read_incident(incident, properties, desk);
    };
    let get = |upper: &str, lower: &str| properties.get(lower).or_else(|| properties.get(upper));
    let related = get("RelatedEntities", "relatedEntities");
    let data = get("AdditionalData", "additionalData").filter(|_| alerts.len() == 1);
    Ok(desk.each_part(alerts, |alert, desk| {
        sentinel::read_within(alert, desk, |draft| {
            if let Some(related) = related.filter(|_| draft.alert().entities.is_empty()) {
                entities::tell(related, &mut Things::default(), draft);
            }
            if let Some(data) = data {
                tell_attack(data, draft);
            }
        })
    }))
}

/// Tactics and techniques of what the incident counts of its alerts.
fn tell_attack(data: Value<'_>, draft: &mut Draft<'_>) {
    let read = |data: Value<'_>, draft: &mut Draft<'_>| {
        for key in ["tactics", "techniques"] {
            if let Some(ids) = data.get(key) {
                ids.each(|id| draft.attack_if_known(id.as_str().unwrap_or_default()));
            }
        }
    };
    match data.as_str() {
        Some(text) => {
            draft.nested(text, read);
        }
        None => read(data, draft),
    }
}

fn read_incident(
    incident: Value<'_>,
    properties: Value<'_>,
    desk: &mut Desk<'_>,
) -> Result<Reading, Reject> {
    let mut draft = desk.draft(microsoft::SOURCE);
    let name = ["name", "IncidentName"]
        .into_iter()
        .find_map(|key| incident.get(key)?.scalar());
    draft.id(name.unwrap_or(Scalar::Null), "name")?;
    let mut things = Things::default();
    let (mut first, mut created) = (None, None);
    let mut buffer = KEY;
    for (key, value) in properties.keys_and_values() {
        let scalar = value.scalar_or_null();
        match lowered(key, &mut buffer) {
            b"title" => draft.rule_name(scalar),
            b"severity" => {
                if let Some(severity) = microsoft::severity(scalar) {
                    draft.severity_read(severity);
                }
            }
            b"firstactivitytimeutc" | b"firstactivitytime" => first = value.scalar(),
            b"createdtimeutc" | b"createdtime" => created = value.scalar(),
            b"lastmodifiedtimeutc" | b"lastmodifiedtime" => draft.updated(scalar, Unit::Auto),
            b"additionaldata" => tell_attack(value, &mut draft),
            b"relatedentities" | b"entities" => entities::tell(value, &mut things, &mut draft),
            _ => {}
        }
    }
    draft.first_time(&[first, created], PATHS.time)?;
    draft.finish(PATHS)
}
