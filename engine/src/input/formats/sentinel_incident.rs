//! Microsoft Sentinel: incidents, as the API and automation rules bring them, or as rows of `SecurityIncident`.
//!
//! An incident that carries alerts is read as these. One that carries none is one alert: its title, severity and related
//! entities are all there is, for those who send only incidents.
//!
//! <https://learn.microsoft.com/en-us/rest/api/securityinsights/incidents/get>,
//! <https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/securityincident>,
//! <https://learn.microsoft.com/en-us/azure/sentinel/playbook-triggers-actions>

use super::super::detect::Need;
use super::super::draft::{Desk, Paths, Reading};
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
    if let Some(alerts) = alerts {
        return Ok(desk.each_part(alerts, sentinel::read));
    }
    read_incident(incident, properties, desk)
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
            b"additionaldata" => {
                let read = |data: Value<'_>, draft: &mut super::super::draft::Draft<'_>| {
                    for key in ["tactics", "techniques"] {
                        if let Some(ids) = data.get(key) {
                            ids.each(|id| draft.attack_if_known(id.as_str().unwrap_or_default()));
                        }
                    }
                };
                match value.as_str() {
                    Some(text) => {
                        draft.nested(text, read);
                    }
                    None => read(value, &mut draft),
                }
            }
            b"relatedentities" | b"entities" => entities::tell(value, &mut things, &mut draft),
            _ => {}
        }
    }
    draft.first_time(&[first, created], PATHS.time)?;
    draft.finish(PATHS)
}
