//! Microsoft Defender XDR: the streaming API's `AlertInfo` and `AlertEvidence`, and the older APIs of Defender for Endpoint
//! (`/api/alerts`) and of Defender XDR's incidents (`/api/incidents`), whose evidence has the same flat columns.
//!
//! **A streamed alert is split**: one `AlertInfo` row, and an `AlertEvidence` row for each entity, in any order and in
//! any messages. Rows of one message are one alert, with the alert's id. A row that comes in a message of its own is an
//! alert of its own, because nothing may wait here for what may never come: `AlertInfo` has the alert's id, an evidence
//! row that id with `#` and a hash of its columns, so that a redelivered row is the same again and none hides another.
//! They have the title, severity and techniques of the alert (evidence rows bring them along) and the device, account or
//! address that they are about, through which they meet in one group. This does not depend on the order of rows, needs no
//! memory, and loses nothing; the price is that the count of alerts is that of rows.
//!
//! Streams of other tables (`DeviceProcessEvents` ...) are no alerts.
//!
//! <https://learn.microsoft.com/en-us/defender-xdr/streaming-api-event-hub>,
//! <https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-alertinfo-table>,
//! <https://learn.microsoft.com/en-us/defender-endpoint/api/alerts>,
//! <https://learn.microsoft.com/en-us/defender-xdr/api-list-incidents>

use compact_str::CompactString;

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Nested, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{KEY, Things, lowered};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;
use super::microsoft::{self, evidence};

pub(super) const ROOM: Room = Room::json(
    "defender_xdr",
    &[
        &[
            Need::present("category"),
            Need::present("properties"),
            Need::Test(is_streamed),
        ],
        &[Need::present("AlertId"), Need::present("ServiceSource")],
        &[Need::present("AlertId"), Need::present("EntityType")],
        &[
            Need::present("alertCreationTime"),
            Need::present("severity"),
        ],
        &[
            Need::present("incidentId"),
            Need::present("alerts"),
            Need::present("incidentName"),
        ],
        &[
            Need::present("alertId"),
            Need::present("serviceSource"),
            Need::present("entities"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "Timestamp",
    rule: "Title",
};

/// How the categories of streamed tables begin.
const STREAM: &str = "AdvancedHunting-";

fn is_streamed(record: Value<'_>) -> bool {
    let category = record.get("category").and_then(Value::as_str);
    category.is_some_and(|category| category.starts_with(STREAM))
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    if let Some(alerts) = record.get("alerts") {
        return Ok(desk.each_part(alerts, |alert, desk| Row::of(alert).read(desk)));
    }
    let properties = record.get("properties").filter(|value| value.len() > 0);
    let category = record.get("category").and_then(Value::as_str);
    let table = category
        .filter(|_| properties.is_some())
        .or(desk.facts.feed)
        .and_then(|category| category.strip_prefix(STREAM));
    if table.is_some_and(|table| !matches!(table, "AlertInfo" | "AlertEvidence")) {
        return Ok(Reading::NotAnAlert);
    }
    Row::of(properties.unwrap_or(record)).read(desk)
}

/// A row, or an alert of the older APIs.
#[derive(Default)]
struct Row<'a> {
    whole: Option<Value<'a>>,
    id: Option<&'a str>,
    title: Option<Value<'a>>,
    detector: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    time: Option<Value<'a>>,
    created: Option<Value<'a>>,
    updated: Option<Value<'a>>,
    source: Option<&'a str>,
    categories: Option<Value<'a>>,
    techniques: Option<Value<'a>>,
    /// What tells an evidence row from the others.
    is_evidence: bool,
    user: Option<Value<'a>>,
    evidence: Option<Value<'a>>,
    devices: Option<Value<'a>>,
}

impl<'a> Row<'a> {
    fn of(row: Value<'a>) -> Self {
        let mut columns = Self {
            whole: Some(row),
            ..Self::default()
        };
        let mut buffer = KEY;
        for (key, value) in row.keys_and_values() {
            if value.is_nothing() {
                continue;
            }
            let place = match lowered(key, &mut buffer) {
                b"alertid" => {
                    columns.id = value.as_str();
                    continue;
                }
                b"id" => {
                    columns.id = columns.id.or(value.as_str());
                    continue;
                }
                b"entitytype" => {
                    columns.is_evidence = true;
                    continue;
                }
                b"servicesource" => {
                    columns.source = value.as_str();
                    continue;
                }
                b"title" => &mut columns.title,
                b"detectorid" => &mut columns.detector,
                b"severity" => &mut columns.severity,
                b"timestamp" | b"firsteventtime" | b"firstactivity" => &mut columns.time,
                b"timegenerated" | b"alertcreationtime" | b"creationtime" => &mut columns.created,
                b"lastupdatetime" | b"lastupdatedtime" => &mut columns.updated,
                b"category" | b"categories" => &mut columns.categories,
                b"attacktechniques" | b"mitretechniques" => &mut columns.techniques,
                b"relateduser" => &mut columns.user,
                b"evidence" | b"entities" => &mut columns.evidence,
                b"devices" => &mut columns.devices,
                _ => continue,
            };
            *place = Some(value);
        }
        columns
    }

    fn read(&self, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
        let id = self.id.map(microsoft::alert_id);
        if let Some(mut draft) = id.and_then(|id| desk.again(microsoft::SOURCE, id, '#')) {
            // Evidence before the alert it is of: what the alert says goes first.
            if !self.is_evidence {
                draft.id(Scalar::Text(id.unwrap_or_default()), "AlertId")?;
                self.tell_head(&mut draft)?;
            }
            self.tell_attack(&mut draft);
            self.tell_entities(&mut draft);
            return draft.finish(PATHS);
        }
        let mut draft = desk.draft(microsoft::SOURCE);
        if let Some(id) = id {
            let own = self.own_id(id);
            draft.id(Scalar::Text(own.as_deref().unwrap_or(id)), "AlertId")?;
        }
        self.tell_head(&mut draft)?;
        self.tell_attack(&mut draft);
        self.tell_entities(&mut draft);
        draft.finish(PATHS)
    }

    /// The id of an evidence row.
    fn own_id(&self, id: &str) -> Option<CompactString> {
        let row = self.whole.filter(|_| self.is_evidence)?;
        let mut own = CompactString::new(id);
        own.push('#');
        own.push_str(&digest(row).to_hex()[..16]);
        Some(own)
    }

    fn tell_head(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let times = [self.time, self.created];
        draft.first_time(&times.map(|time| time?.scalar()), PATHS.time)?;
        if let Some(updated) = self.updated {
            draft.updated(updated.scalar_or_null(), Unit::Auto);
        }
        // Evidence of the first version of the table has no title.
        let source = self.source.map_or(Scalar::Null, Scalar::Text);
        let title = self.title.map_or(source, Value::scalar_or_null);
        draft.rule_name(title);
        draft.rule_id(
            self.detector.map_or(title, Value::scalar_or_null),
            PATHS.rule,
        )?;
        if let Some(severity) = self.severity.and_then(Value::scalar)
            && let Some(severity) = microsoft::severity(severity)
        {
            draft.severity_read(severity);
        }
        Ok(())
    }

    fn tell_attack(&self, draft: &mut Draft<'_>) {
        for value in [self.categories, self.techniques].into_iter().flatten() {
            tell_attack(value, draft);
        }
    }

    fn tell_entities(&self, draft: &mut Draft<'_>) {
        let mut things = Things::of(draft);
        for rows in [self.devices, self.whole, self.user, self.evidence]
            .into_iter()
            .flatten()
        {
            rows.each(|row| evidence::tell(row, &mut things, draft));
        }
    }
}

/// Techniques as a list, or as JSON of one in a string.
fn tell_attack(value: Value<'_>, draft: &mut Draft<'_>) {
    let one = |value: Value<'_>, draft: &mut Draft<'_>| {
        let text = value.as_str().unwrap_or_default();
        // Defender's own categories are no tactics.
        draft.attack_if_known(text);
    };
    let nested = value
        .as_str()
        .and_then(|text| draft.nested(text, |list, draft| list.each(|value| one(value, draft))));
    if nested.is_none() {
        value.each(|value| one(value, draft));
    }
}

/// A hash of what identifies an evidence row: every column but those about the alert and about its delivery.
fn digest(row: Value<'_>) -> blake3::Hash {
    const OTHERS: [&[u8]; 12] = [
        b"alertid",
        b"title",
        b"severity",
        b"categories",
        b"attacktechniques",
        b"servicesource",
        b"detectionsource",
        b"timestamp",
        b"timegenerated",
        b"threatfamily",
        b"tenantid",
        b"type",
    ];
    let mut sum = [0_u8; 32];
    let mut buffer = KEY;
    for (key, value) in row.keys_and_values() {
        let key = lowered(key, &mut buffer);
        if key.is_empty() || OTHERS.contains(&key) || value.is_nothing() {
            continue;
        }
        let Some(text) = value.scalar().and_then(Scalar::text) else {
            continue;
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(key);
        hasher.update(&[0]);
        hasher.update(text.as_bytes());
        // Columns come in any order.
        for (sum, byte) in sum.iter_mut().zip(hasher.finalize().as_bytes()) {
            *sum = sum.wrapping_add(*byte);
        }
    }
    blake3::hash(&sum)
}
