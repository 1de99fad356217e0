//! Okta: events of the system log in which Okta itself saw something wrong.
//!
//! The log holds every sign-in and every change; an alert is
//!
//! - an event whose type says that something was detected ([`DETECTIONS`]): ThreatInsight, attack protection, breached
//!   credentials, actions of identity threat protection, reports by users, reused tokens, locked accounts; a user's risk
//!   that rose above low;
//! - any event that Okta marks as suspect: `debugData.threatSuspected` is true, or its risk has the level `HIGH`;
//! - a sign-in that FastPass declined as phishing.
//!
//! All other events are no alerts, failed ones included: one failed sign-in is everyday, and many are what the detections
//! above tell. Severity is that of the threats or the risk, else `severity`, Okta's level of logging.
//!
//! <https://developer.okta.com/docs/reference/api/system-log/>, <https://developer.okta.com/docs/reference/api/event-types/>,
//! <https://developer.okta.com/docs/reference/api/itp-et/>

use crate::alert::Severity;
use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Nested, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{self, KEY, Names, Things, at_lowered, lowered};
use super::super::reject::Reject;
use super::super::severity;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "okta",
    &[
        &[
            Need::present("eventType"),
            Need::present("published"),
            Need::present("uuid"),
        ],
        &[
            Need::present("eventtype"),
            Need::present("published"),
            Need::present("uuid"),
        ],
        &[
            Need::present("legacyEventType"),
            Need::present("displayMessage"),
        ],
        &[
            Need::present("eventTypeVersion"),
            Need::present("data.events"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "published",
    rule: "eventType",
};

/// Types of events in which something was detected.
const DETECTIONS: [&str; 17] = [
    "security.threat.detected",
    "security.attack.start",
    "security.breached_credential.detected",
    "security.session.detect_client_roaming",
    "security.request.blocked",
    // What other products tell Okta of a user.
    "security.events.provider.receive_event",
    "policy.entity_risk.action",
    "policy.auth_reevaluate.fail",
    "policy.auth_reevaluate.action",
    "policy.continuous_access.action",
    "user.account.report_suspicious_activity_by_enduser",
    "user.account.lock",
    "user.account.lock.limit",
    "user.mfa.attempt_bypass",
    "user.mfa.okta_verify.deny_push",
    "app.oauth2.token.detect_reuse",
    "app.oauth2.as.token.detect_reuse",
];

/// Types of events that tell a user's risk; no alert where it fell to low.
const RISKS: [&str; 2] = ["user.risk.detect", "user.risk.change"];

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let events = record.get("data").and_then(|data| data.get("events"));
    match events {
        Some(events) => Ok(desk.each_part(events, read_event)),
        None => read_event(record, desk),
    }
}

/// The parts of an event.
#[derive(Default)]
struct Event<'a> {
    kind: &'a str,
    id: Option<Scalar<'a>>,
    published: Option<Scalar<'a>>,
    message: Option<Scalar<'a>>,
    level: Option<&'a str>,
    actor: Option<Value<'a>>,
    client: Option<Value<'a>>,
    device: Option<Value<'a>>,
    targets: Option<Value<'a>>,
    request: Option<Value<'a>>,
    reason: Option<&'a str>,
    debug: Option<Value<'a>>,
}

fn read_event(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let event = Event::of(record);
    let debug = Debug::of(event.debug, desk);
    let is_phishing = event
        .reason
        .is_some_and(|reason| reason.contains("phishing"));
    let is_risk =
        RISKS.contains(&event.kind) && debug.severity.is_none_or(|level| level.score >= 40);
    if !(DETECTIONS.contains(&event.kind) || is_risk || debug.is_suspect || is_phishing) {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    event.tell_head(&debug, &mut draft)?;
    event.tell_entities(&debug, &mut draft);
    draft.finish(PATHS)
}

impl<'a> Event<'a> {
    fn of(record: Value<'a>) -> Self {
        let mut told = Self::default();
        let mut buffer = KEY;
        for (key, value) in record.keys_and_values() {
            match lowered(key, &mut buffer) {
                b"eventtype" => told.kind = value.as_str().unwrap_or_default(),
                b"uuid" => told.id = value.scalar(),
                b"published" => told.published = value.scalar(),
                b"displaymessage" => told.message = value.scalar(),
                b"severity" => told.level = value.as_str(),
                b"actor" => told.actor = Some(value),
                b"client" => told.client = Some(value),
                b"device" => told.device = Some(value),
                b"target" => told.targets = Some(value),
                b"request" => told.request = Some(value),
                b"outcome" => told.reason = at_lowered(value, b"reason").and_then(Value::as_str),
                b"debugcontext" => told.debug = at_lowered(value, b"debugdata"),
                _ => {}
            }
        }
        told
    }

    fn tell_head(&self, debug: &Debug<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        draft.id(self.id.unwrap_or(Scalar::Null), "uuid")?;
        draft.first_time(&[self.published], PATHS.time)?;
        draft.rule_id(Scalar::Text(self.kind), PATHS.rule)?;
        draft.rule_name(self.message.unwrap_or(Scalar::Null));
        draft.title(self.reason.map_or(Scalar::Null, Scalar::Text));
        let level = self.level.map(|level| match level {
            "ERROR" => Some(Severity::of(60)),
            "WARN" => Some(Severity::of(40)),
            "INFO" | "DEBUG" => Some(Severity::of(10)),
            other => severity::word(other),
        });
        if let Some(told) = debug.severity.map(Some).or(level) {
            draft.severity_read(told);
        }
        Ok(())
    }

    fn tell_entities(&self, debug: &Debug<'_>, draft: &mut Draft<'_>) {
        let mut things = Things::default();
        if let Some(actor) = self.actor {
            tell_party(actor, Role::Actor, &mut things, draft);
        }
        let address = self
            .client
            .and_then(|client| at_lowered(client, b"ipaddress")?.as_str());
        names::one(draft, EntityKind::Ip, Role::Source, address);
        let chain = self
            .request
            .and_then(|request| at_lowered(request, b"ipchain"));
        if let Some(chain) = chain {
            chain.each(|hop| {
                let address = hop.get("ip").and_then(Value::as_str);
                names::one(draft, EntityKind::Ip, Role::Source, address);
            });
        }
        names::one(draft, EntityKind::Ip, Role::Source, debug.suspicious_ip);
        let device = self.device.and_then(|device| device.get("id")?.as_str());
        names::one(draft, EntityKind::Host, Role::Source, device);
        if let Some(targets) = self.targets {
            targets.each(|target| tell_party(target, Role::Affected, &mut things, draft));
        }
    }
}

/// Tells an actor or a target, if it is a person, a service, or no more than an address. Apps, policies and groups are
/// shared by everybody.
fn tell_party(party: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let text = |key: &[u8]| at_lowered(party, key).and_then(Value::as_str);
    let kind = text(b"type").unwrap_or_default();
    let mut names = Names::default();
    match kind {
        "IP address" => names.add(EntityKind::Ip, Role::Source, text(b"id")),
        "Device" => names.add(EntityKind::Host, role, text(b"id")),
        "User" | "AppUser" => {
            names.add(EntityKind::User, role, text(b"alternateid"));
            if kind == "User" {
                names.add(EntityKind::User, role, text(b"id"));
            }
        }
        "PublicClientApp" | "PublicClientAppEntity" => {
            names.add(EntityKind::CloudResource, role, text(b"id"));
        }
        _ => {}
    }
    names.tell(things, draft);
}

/// What `debugData` says of threats and risk.
#[derive(Default)]
struct Debug<'a> {
    is_suspect: bool,
    severity: Option<Severity>,
    suspicious_ip: Option<&'a str>,
}

impl<'a> Debug<'a> {
    fn of(debug: Option<Value<'a>>, desk: &mut Desk<'_>) -> Self {
        let mut told = Self::default();
        let mut buffer = KEY;
        for (key, value) in debug.into_iter().flat_map(Value::keys_and_values) {
            match lowered(key, &mut buffer) {
                b"threatsuspected" => {
                    let says = value.scalar_or_null();
                    told.is_suspect |=
                        matches!(says, Scalar::Text("true" | "True") | Scalar::Bool(true));
                }
                b"threatdetections" => {
                    let worst = nested(value, desk, worst_threat);
                    told.raise(worst);
                }
                b"risk" => {
                    let level = nested(value, desk, risk_level).or_else(|| {
                        // As Java prints a map: `{reasons=Anomalous Device, level=MEDIUM}`.
                        let (_, rest) = value.as_str()?.split_once("level=")?;
                        severity::word(rest.split([',', '}']).next()?)
                    });
                    told.take_risk(level);
                }
                b"logonlysecuritydata" => {
                    let level = nested(value, desk, |data| risk_level(data.get("risk")?));
                    told.take_risk(level);
                }
                b"risklevel" => told.take_risk(value.as_str().and_then(severity::word)),
                b"suspiciousactivityeventip" => told.suspicious_ip = value.as_str(),
                _ => {}
            }
        }
        told
    }

    fn take_risk(&mut self, level: Option<Severity>) {
        self.is_suspect |= level.is_some_and(|level| level.score >= 60);
        self.raise(level);
    }

    fn raise(&mut self, other: Option<Severity>) {
        self.severity = self.severity.max(other);
    }
}

/// What `tell` finds in an object, or in JSON in a string.
fn nested(
    value: Value<'_>,
    desk: &mut Desk<'_>,
    tell: fn(Value<'_>) -> Option<Severity>,
) -> Option<Severity> {
    match value.as_str() {
        Some(text) => desk.nested(text, |value, _| tell(value)).flatten(),
        None => tell(value),
    }
}

/// The worst of `{"Password Spray": "HIGH", ...}`.
fn worst_threat(threats: Value<'_>) -> Option<Severity> {
    let levels = threats.keys_and_values();
    levels
        .filter_map(|(_, level)| severity::word(level.as_str()?))
        .max()
}

fn risk_level(risk: Value<'_>) -> Option<Severity> {
    severity::word(risk.get("level")?.as_str()?)
}
