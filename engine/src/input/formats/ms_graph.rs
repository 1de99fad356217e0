//! Microsoft Graph security: alerts (`alerts_v2`), incidents with their alerts, and the alerts of the first version.
//!
//! What happened to whom stands in `evidence`, a list of objects that say by `@odata.type` what they are; some carriers
//! write the `@` in letters. A machine's evidence has its names, ids and addresses; a process has its image, that of its
//! parent and its account. `roles` and `verdict` say what a piece of evidence did.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/security-alert>,
//! <https://learn.microsoft.com/en-us/graph/api/resources/security-alertevidence>,
//! <https://learn.microsoft.com/en-us/graph/api/resources/security-incident>

mod evidence;
mod legacy;

use super::super::detect::Need;
use super::super::draft::{Desk, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::Things;
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;
use super::microsoft;

pub(super) const ROOM: Room = Room::json(
    "ms_graph",
    &[
        &[Need::equal(
            "@odata.type",
            "#microsoft.graph.security.alert",
        )],
        &[
            Need::equal("@odata.type", "#microsoft.graph.security.incident"),
            Need::present("id"),
        ],
        &[
            Need::present("serviceSource"),
            Need::present("createdDateTime"),
        ],
        &[
            Need::present("evidence"),
            Need::present("createdDateTime"),
            Need::present("severity"),
        ],
        &[Need::present("incidentWebUrl"), Need::present("alerts")],
        &[
            Need::present("vendorInformation"),
            Need::present("eventDateTime"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "firstActivityDateTime",
    rule: "detectorId",
};

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    match record.get("alerts") {
        Some(alerts) if alerts.len() > 0 => Ok(desk.each_part(alerts, read_alert)),
        // Its alerts come alone; what an incident says beside them is a grouping by somebody else.
        _ if is_incident(record) => Ok(Reading::NotAnAlert),
        _ if record.get("vendorInformation").is_some() => legacy::read(record, desk),
        _ => read_alert(record, desk),
    }
}

fn is_incident(record: Value<'_>) -> bool {
    let kind = record.get("@odata.type").and_then(Value::as_str);
    kind == Some("#microsoft.graph.security.incident") || record.get("redirectIncidentId").is_some()
}

fn read_alert(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(microsoft::SOURCE);
    let mut things = Things::default();
    let (mut first, mut created, mut detector, mut title) = (None, None, None, Scalar::Null);
    for (key, value) in record.keys_and_values() {
        let scalar = value.scalar_or_null();
        match key {
            "id" => {
                let id = value
                    .as_str()
                    .map_or(scalar, |id| Scalar::Text(microsoft::alert_id(id)));
                draft.id(id, "id")?;
            }
            "title" => title = scalar,
            "detectorId" => detector = value.scalar(),
            "severity" => {
                if let Some(severity) = microsoft::severity(scalar) {
                    draft.severity_read(severity);
                }
            }
            "firstActivityDateTime" => first = value.scalar(),
            "createdDateTime" => created = value.scalar(),
            "lastUpdateDateTime" => draft.updated(scalar, Unit::Auto),
            "category" => draft.attack_if_known(value.as_str().unwrap_or_default()),
            "mitreTechniques" => value.each(|id| draft.attack(id.as_str().unwrap_or_default())),
            "evidence" => value.each(|piece| evidence::tell(piece, "", &mut things, &mut draft)),
            // One piece of evidence each, by type.
            key if key.ends_with("Evidence") && value.fields().is_some() => {
                evidence::tell(value, key, &mut things, &mut draft);
            }
            _ => {}
        }
    }
    draft.first_time(&[first, created], PATHS.time)?;
    draft.rule_name(title);
    draft.rule_id(detector.unwrap_or(title), PATHS.rule)?;
    draft.finish(PATHS)
}
