//! SentinelOne: threats, alerts of custom rules (STAR), unified alerts, and the activity log, of which only what tells of a
//! threat or an alert is one. Keys are compared in lower case, as some lakes write them.
//!
//! A threat has no severity: ransomware counts as critical, what the product is sure of as high, what it suspects as
//! medium. Fields: the management console's API documentation (`/api-doc/overview` of any console), and
//! <https://www.elastic.co/docs/reference/integrations/sentinel_one>.

mod facts;

use compact_str::format_compact;

use crate::alert::Severity;

use super::super::detect::Need;
use super::super::dotted::{KeyBuffer, squeezed};
use super::super::draft::{Desk, Draft, Paths, Reading, first};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;

use facts::Facts;

pub(super) const ROOM: Room = Room::json(
    "sentinelone",
    &[
        &[Need::present("threatInfo")],
        &[Need::present("alertInfo"), Need::present("ruleInfo")],
        &[Need::present("threatinfo")],
        &[Need::present("alertinfo"), Need::present("ruleinfo")],
        // Threats of the API's version 2.0, without sections.
        &[
            Need::present("threatName"),
            Need::present("agentComputerName"),
        ],
        &[
            Need::present("activityType"),
            Need::present("primaryDescription"),
        ],
        &[
            Need::present("activitytype"),
            Need::present("primarydescription"),
        ],
        &[
            Need::present("detectionSource"),
            Need::present("analystVerdict"),
            Need::present("assets"),
        ],
        &[
            Need::present("detectionSource"),
            Need::present("attackSurfaces"),
        ],
        &[
            Need::present("data"),
            Need::present("pagination"),
            Need::Test(is_page),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "threatInfo.identifiedAt",
    rule: "threatInfo.threatName",
};

/// A page of an API.
fn is_page(record: Value<'_>) -> bool {
    let first = record.get("data").and_then(|page| page.elements()?.next());
    first.is_some_and(|first| {
        ["threatInfo", "alertInfo", "agentComputerName"]
            .into_iter()
            .any(|key| first.get(key).is_some())
    })
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let Some(page) = record.get("data").filter(|_| is_page(record)) else {
        return read_one(record, desk);
    };
    desk.parts(page, |alert, desk| read_one(alert, desk))
}

/// What tells about the alert and not of its entities.
#[derive(Default)]
struct Head<'a> {
    id: [Option<Value<'a>>; 2],
    activity: Option<Value<'a>>,
    threat: Option<Value<'a>>,
    rule_id: Option<Value<'a>>,
    rule_name: Option<Value<'a>>,
    engine: Option<Value<'a>>,
    threat_name: Option<Value<'a>>,
    classification: Option<Value<'a>>,
    confidence: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    primary: Option<&'a str>,
    times: [Option<Value<'a>>; 3],
    updated: Option<Value<'a>>,
}

fn read_one(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut head = Head::default();
    let mut facts = Facts::default();
    for (key, value) in record.keys_and_values() {
        let mut buffer: KeyBuffer = [0; 40];
        if let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing())
            && !head.set(key, value)
        {
            facts.set_top(key, value);
        }
    }
    if is_flat(record) {
        head.set_section(record);
        facts.set_flat(record);
    }
    if !head.is_alert() {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    head.tell(&mut draft)?;
    facts.tell(head.primary, &mut draft);
    draft.finish(PATHS)
}

/// Whether it is a threat of the API's version 2.0.
fn is_flat(record: Value<'_>) -> bool {
    record.get("threatName").is_some() && record.get("agentComputerName").is_some()
}

impl<'a> Head<'a> {
    /// Takes a field of the record itself. Sections are looked into, and may be of use for entities as well.
    fn set(&mut self, key: &[u8], value: Value<'a>) -> bool {
        match key {
            b"threatinfo" | b"alertinfo" | b"data" => {
                self.set_section(value);
                return false;
            }
            b"ruleinfo" => {
                for (key, value) in value.keys_and_values() {
                    match key {
                        "id" => self.rule_id = Some(value),
                        "name" => self.rule_name = Some(value),
                        "severity" => self.severity = Some(value),
                        _ => {}
                    }
                }
                return true;
            }
            b"analytics" => {
                self.rule_id = value.get("uid").filter(|uid| !uid.is_nothing());
                return true;
            }
            b"primarydescription" => {
                self.primary = value.as_str();
                return true;
            }
            _ => {}
        }
        let slot = match key {
            b"id" => &mut self.id[1],
            b"activitytype" => &mut self.activity,
            b"threatid" => &mut self.threat,
            b"name" => &mut self.threat_name,
            b"classification" => &mut self.classification,
            b"confidencelevel" => &mut self.confidence,
            b"severity" => &mut self.severity,
            b"detectedat" => &mut self.times[0],
            b"createdat" => &mut self.times[2],
            b"updatedat" => &mut self.updated,
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    fn set_section(&mut self, section: Value<'a>) {
        for (key, value) in section.keys_and_values() {
            let mut buffer: KeyBuffer = [0; 40];
            let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing()) else {
                continue;
            };
            let slot = match key {
                b"threatid" | b"alertid" => &mut self.id[0],
                b"ruleid" => &mut self.rule_id,
                b"rulename" => &mut self.rule_name,
                b"severity" => &mut self.severity,
                b"threatname" | b"filedisplayname" => &mut self.threat_name,
                b"classification" | b"threatclassification" => &mut self.classification,
                b"confidencelevel" => &mut self.confidence,
                b"detectionengines" => &mut self.engine,
                b"identifiedat" | b"detectedat" => &mut self.times[0],
                b"createdat" | b"createddate" => &mut self.times[1],
                b"updatedat" => &mut self.updated,
                b"engines" => &mut self.engine,
                _ => continue,
            };
            *slot = Some(value);
        }
    }

    /// An entry of the activity log is one when it tells that a threat (19, and 4003 when only suspected) or an alert of
    /// a custom rule (3608) is new.
    fn is_alert(&self) -> bool {
        let Some(activity) = self.activity else {
            return true;
        };
        let number = activity.scalar().and_then(|number| number.text());
        let is_new = matches!(number.as_deref(), Some("19" | "4003" | "3608"));
        is_new || (self.threat.is_some() && self.confidence.is_some())
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let id = self.id[0].or(self.threat).or(self.id[1]);
        draft.id(scalar(id), "threatInfo.threatId")?;
        let time = self.times.into_iter().flatten().next();
        draft.time(scalar(time), Unit::Auto, PATHS.time)?;
        draft.updated(scalar(self.updated), Unit::Auto);
        let engine = self
            .engine
            .map(first)
            .map(|engine| {
                engine
                    .get("key")
                    .or_else(|| engine.get("title"))
                    .unwrap_or(engine)
            })
            .filter(|engine| engine.scalar().is_some());
        draft.rule_id(scalar(self.rule_id.or(engine)), PATHS.rule)?;
        let name = self.rule_name.or(self.threat_name).or(self.classification);
        draft.rule_name(scalar(name));
        let text = |value: Option<Value<'a>>| value.and_then(Value::as_str);
        match (
            text(self.classification),
            text(self.threat_name),
            self.primary,
        ) {
            (_, _, Some(primary)) => draft.title(Scalar::Text(primary)),
            (Some(class), Some(threat), None) => {
                draft.title(Scalar::Text(&format_compact!("{class}: {threat}")));
            }
            _ => {}
        }
        self.tell_severity(draft);
        Ok(())
    }

    fn tell_severity(&self, draft: &mut Draft<'_>) {
        if let Some(value) = self.severity {
            let text = value.as_str().unwrap_or_default();
            let word = text.strip_prefix("E_").unwrap_or(text);
            draft.severity_read(
                severity::word(word).or_else(|| severity::read(scalar(Some(value)))),
            );
            return;
        }
        let is = |value: Option<Value<'_>>, word: &str| {
            value
                .and_then(Value::as_str)
                .is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        if is(self.classification, "ransomware") {
            draft.severity_read(Some(Severity::of(90)));
        } else if is(self.confidence, "malicious") {
            draft.severity_read(Some(Severity::of(70)));
        } else if is(self.confidence, "suspicious") {
            draft.severity_read(Some(Severity::of(50)));
        }
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}
