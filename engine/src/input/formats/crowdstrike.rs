//! CrowdStrike Falcon: detections and incidents, as the event streams send them (`metadata`, `event`), as the data
//! replicator writes them (flat, or under `event` with `fdr_event_type`), and as the APIs return them (alerts with a
//! `composite_id`, older detections with `behaviors`, incidents). Audit events, sessions, firewall matches and the like
//! are no alerts.
//!
//! The streams write `ComputerName` where the APIs write `hostname` or `computer_name`: keys are compared in lower case and
//! without underscores. The word of a severity counts first, because its number has another range per event type.
//! Fields: <https://www.falconpy.io/Service-Collections/Alerts.html>,
//! <https://www.falconpy.io/Service-Collections/Event-Streams.html>, and the integrations of
//! <https://github.com/CrowdStrike>.

mod facts;
mod things;

use super::super::detect::Need;
use super::super::dotted::{KeyBuffer, squeezed};
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::{self, Unit};
use super::Room;

use facts::Facts;

pub(super) const ROOM: Room = Room::json(
    "crowdstrike",
    &[
        &[
            Need::present("metadata"),
            Need::present("event"),
            Need::present("metadata.eventType"),
        ],
        &[Need::present("ExternalApiType")],
        &[
            Need::present("event"),
            Need::present("event.ExternalApiType"),
        ],
        &[Need::present("fdr_event_type")],
        &[Need::present("event_simpleName"), Need::present("aid")],
        &[Need::Test(|record| record.get(FLAT_TYPE).is_some())],
        &[Need::present("composite_id"), Need::present("cid")],
        &[Need::present("detection_id"), Need::present("behaviors")],
        &[Need::present("incident_id"), Need::present("fine_score")],
        &[
            Need::present("resources"),
            Need::present("meta"),
            Need::Test(is_page),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "metadata.eventCreationTime",
    rule: "event.Name",
};

/// Where a lake that flattens records keeps an event's type.
const FLAT_TYPE: &str = "metadata.eventType";

/// An API's page of alerts, detections or incidents.
fn is_page(record: Value<'_>) -> bool {
    let first = record
        .get("resources")
        .and_then(|page| page.elements()?.next());
    first.is_some_and(|first| {
        let has = |key| first.get(key).is_some();
        has("composite_id") || has("detection_id") || has("fine_score")
    })
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let Some(page) = record.get("resources").filter(|_| is_page(record)) else {
        return read_one(record, desk);
    };
    desk.parts(page, |alert, desk| read_one(alert, desk))
}

/// What tells about the alert and not of its entities.
#[derive(Default)]
struct Head<'a> {
    event_type: Option<&'a str>,
    ids: [Option<Value<'a>>; 4],
    rule_ids: [Option<Value<'a>>; 2],
    names: [Option<Value<'a>>; 4],
    description: Option<Value<'a>>,
    times: [Option<Value<'a>>; 5],
    updated: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    severity_name: Option<Value<'a>>,
    fine_score: Option<Value<'a>>,
}

fn read_one(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut head = Head::default();
    let mut facts = Facts::default();
    if let Some(metadata) = record.get("metadata") {
        head.event_type = metadata.get("eventType").and_then(Value::as_str);
        head.times[0] = metadata.get("eventCreationTime");
    }
    // The replicator repeats some of the event's fields around it.
    let event = record
        .get("event")
        .filter(|event| event.len() > 0)
        .unwrap_or(record);
    for (key, value) in event.keys_and_values() {
        let key = key.strip_prefix("event.").unwrap_or(key);
        let mut buffer: KeyBuffer = [0; 40];
        let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing()) else {
            continue;
        };
        if !head.set(key, value) {
            facts.set(key, value);
        }
    }
    // Telemetry of the replicator has a type outside of the event alone.
    let outer = ["fdr_event_type", "event_simpleName"].map(|key| record.get(key));
    let outer = outer.into_iter().flatten().find_map(Value::as_str);
    head.event_type = head.event_type.or(outer);
    if !head.is_alert() {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    head.tell(&mut draft)?;
    facts.tell(&mut draft);
    draft.finish(PATHS)
}

impl<'a> Head<'a> {
    fn set(&mut self, key: &[u8], value: Value<'a>) -> bool {
        let slot = match key {
            b"externalapitype" => {
                self.event_type = self.event_type.or(value.as_str());
                return true;
            }
            b"metadata.eventtype" => {
                self.event_type = value.as_str();
                return true;
            }
            b"metadata.eventcreationtime" => &mut self.times[0],
            b"compositeid" => &mut self.ids[0],
            b"detectid" | b"detectionid" => &mut self.ids[1],
            b"incidentid" | b"identityprotectionincidentid" => &mut self.ids[2],
            b"id" | b"notificationid" | b"eventuuid" => &mut self.ids[3],
            b"patternid" | b"policyid" => &mut self.rule_ids[0],
            b"ruleid" => &mut self.rule_ids[1],
            b"displayname" => &mut self.names[0],
            b"detectname" => &mut self.names[1],
            b"name" | b"policystatement" | b"rulename" => &mut self.names[2],
            b"incidenttype" => &mut self.names[3],
            b"description" | b"detectdescription" | b"incidentdescription" => &mut self.description,
            b"utctimestamp" => &mut self.times[1],
            b"timestamp" | b"firstbehavior" | b"start" => &mut self.times[2],
            b"contexttimestamp" | b"incidentstarttime" | b"starttime" | b"starttimeepoch" => {
                &mut self.times[3]
            }
            b"createdtimestamp" | b"created" | b"processstarttime" => &mut self.times[4],
            b"updatedtimestamp" | b"modifiedtimestamp" | b"datedupdated" => &mut self.updated,
            b"severity" | b"maxseverity" => &mut self.severity,
            b"severityname" | b"maxseveritydisplayname" | b"rulepriority" => {
                &mut self.severity_name
            }
            b"finescore" | b"score" => &mut self.fine_score,
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    /// Records of the APIs have no type: they are alerts.
    fn is_alert(&self) -> bool {
        let Some(event_type) = self.event_type else {
            return true;
        };
        let kind = event_type.strip_prefix("Event_").unwrap_or(event_type);
        matches!(
            kind,
            "IncidentSummaryEvent"
                | "IdentityProtectionEvent"
                | "CustomerIOCEvent"
                | "CSPMIOAStreamingEvent"
                | "ReconNotificationSummaryEvent"
                | "AutomatedLeadSummaryEvent"
        ) || kind.ends_with("DetectionSummaryEvent")
            || kind.ends_with("DetectionSummary")
            || kind.ends_with("DetectionEvent")
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        draft.id(first_of(&self.ids), "event.CompositeId")?;
        draft.rule_id(first_of(&self.rule_ids), PATHS.rule)?;
        let [display, detect, name, incident] = self.names;
        // Some incidents have the number of a type.
        let incident = incident.filter(|kind| kind.as_str().is_some() && kind.as_u8().is_none());
        match first_of(&[display, detect, name, incident]) {
            Scalar::Null if self.fine_score.is_some() => {
                draft.rule_name(Scalar::Text("CrowdScore incident"));
            }
            Scalar::Null if self.description.is_some() => {
                draft.rule_name(scalar(self.description));
            }
            // Indicators of the customer's own have no name.
            Scalar::Null => draft.rule_name(self.event_type.map_or(Scalar::Null, Scalar::Text)),
            name => draft.rule_name(name),
        }
        draft.title(scalar(self.description));
        self.tell_time(draft)?;
        draft.updated(scalar(self.updated), Unit::Auto);
        self.tell_severity(draft);
        Ok(())
    }

    fn tell_time(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let known = self.times.into_iter().flatten().find_map(|time| {
            // Zero stands where there is none.
            timestamp::read(time.scalar()?, Unit::Auto, None)
        });
        if known.is_some() {
            draft.time_read(known);
            return Ok(());
        }
        draft.time(first_of(&self.times), Unit::Auto, PATHS.time)
    }

    fn tell_severity(&self, draft: &mut Draft<'_>) {
        let number = scalar(self.severity);
        if self.severity_name.is_some() {
            draft.severity_in_band(scalar(self.severity_name), number);
        } else if !number.is_nothing() {
            draft.severity_read(severity::crowdstrike(number).or_else(|| severity::read(number)));
        } else if let Some(score) = self.fine_score {
            let score = severity::number(score.scalar_or_null()).map(|score| score.max(1.0));
            draft.severity_read(score.and_then(|score| severity::read(Scalar::Float(score))));
        }
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}

fn first_of<'a>(values: &[Option<Value<'a>>]) -> Scalar<'a> {
    scalar(values.iter().flatten().next().copied())
}
