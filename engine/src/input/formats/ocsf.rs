//! OCSF: Detection Finding (class 2004), Security Finding (2001, before 1.1) and Data Security Finding (2006).
//!
//! Findings about what is (vulnerabilities 2002, compliance 2003 and its like, a 2001 with `compliance` and no malware) and incidents (2005,
//! which group alerts that come alone) are no alerts; neither are events of other classes, unless they say `is_alert`.
//! A product may write every attribute, most of them null.
//!
//! The rule is the analytic by its `uid`; without one `metadata.event_code`, else the title. A finding of GuardDuty keeps
//! GuardDuty's identity (see `aws`).
//!
//! <https://schema.ocsf.io/1.8.0/classes/detection_finding>, <https://schema.ocsf.io/1.0.0/classes/security_finding>

mod objects;
mod observables;

use crate::alert::Lifecycle;
use crate::entity::Role;

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::Things;
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;
use super::aws;

pub(super) const ROOM: Room = Room::json(
    "ocsf",
    &[
        &[Need::present("class_uid"), Need::present("metadata")],
        &[Need::present("class_uid"), Need::present("category_uid")],
        &[Need::present("type_uid"), Need::present("finding_info")],
        &[Need::present("finding_info"), Need::present("severity_id")],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "time",
    rule: "finding_info.analytic.uid",
};

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let event = Event::of(record);
    if !event.is_alert() {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    event.tell_head(&mut draft)?;
    let mut things = Things::default();
    objects::tell_event(record, &mut things, &mut draft);
    if let Some(observables) = event.observables {
        observables::tell(observables, &mut draft);
    }
    if let Some(cloud) = event.cloud {
        let account = cloud.get("account").and_then(|account| account.get("uid"));
        let account = account.filter(|account| !account.is_nothing());
        let account = account.or_else(|| cloud.get("project_uid"));
        aws::tell_account(account, Role::Affected, &mut draft);
    }
    draft.finish(PATHS)
}

/// The attributes of an event that are not objects with entities.
#[derive(Default)]
struct Event<'a> {
    class: Option<u32>,
    is_marked: bool,
    has_compliance: bool,
    has_malware: bool,
    finding: Option<Value<'a>>,
    analytic: Option<Value<'a>>,
    metadata: Option<Value<'a>>,
    cloud: Option<Value<'a>>,
    observables: Option<Value<'a>>,
    attacks: Option<Value<'a>>,
    time: Option<Scalar<'a>>,
    time_dt: Option<Scalar<'a>>,
    severity_id: Option<Scalar<'a>>,
    severity: Option<Scalar<'a>>,
    risk_level: Option<Scalar<'a>>,
    status: [Option<Value<'a>>; 4],
    count: Option<Scalar<'a>>,
    message: Option<Scalar<'a>>,
}

impl<'a> Event<'a> {
    fn of(record: Value<'a>) -> Self {
        let mut told = Self::default();
        for (key, value) in record.keys_and_values() {
            if value.is_nothing() {
                continue;
            }
            match key {
                "class_uid" => {
                    told.class = severity::number(value.scalar_or_null()).map(|n| n as u32)
                }
                "is_alert" => told.is_marked = value.scalar() == Some(Scalar::Bool(true)),
                "compliance" => told.has_compliance = value.len() > 0,
                "malware" => told.has_malware = value.len() > 0,
                "finding_info" | "finding" => told.finding = Some(value),
                "analytic" => told.analytic = Some(value),
                "metadata" => told.metadata = Some(value),
                "cloud" => told.cloud = Some(value),
                "observables" => told.observables = Some(value),
                "attacks" => told.attacks = Some(value),
                "time" => told.time = value.scalar(),
                "time_dt" => told.time_dt = value.scalar(),
                "risk_level" => told.risk_level = value.scalar(),
                "severity_id" => told.severity_id = value.scalar(),
                "severity" => told.severity = value.scalar(),
                "status_id" => told.status[0] = Some(value),
                "state_id" => told.status[1] = Some(value),
                "status" => told.status[2] = Some(value),
                "state" => told.status[3] = Some(value),
                "count" => told.count = value.scalar(),
                "message" => told.message = value.scalar(),
                _ => {}
            }
        }
        told
    }

    fn is_alert(&self) -> bool {
        match self.class {
            Some(2004 | 2006) => true,
            Some(2001) => !self.has_compliance || self.has_malware,
            None => self.finding.is_some(),
            Some(_) => self.is_marked,
        }
    }

    fn tell_head(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let finding = |key: &str| self.finding.and_then(|finding| finding.get(key)?.scalar());
        let metadata = |key: &str| self.metadata.and_then(|told| told.get(key)?.scalar());
        let id = [finding("uid"), metadata("uid")]
            .into_iter()
            .flatten()
            .find(|id| !id.is_nothing());
        self.tell_source(id, draft)?;
        let times = [
            self.time,
            self.time_dt,
            finding("last_seen_time"),
            finding("created_time"),
            finding("created_time_dt"),
        ];
        draft.first_time(&times, PATHS.time)?;
        let modified = finding("modified_time").or_else(|| finding("modified_time_dt"));
        draft.updated(modified.unwrap_or(Scalar::Null), Unit::Auto);
        if let Some(count) = self.count {
            draft.count(count);
        }
        self.tell_rule(metadata("event_code"), draft)?;
        let told = self.severity_id.and_then(severity::ocsf);
        let word = || severity::read(self.severity?);
        let risk = || severity::read(self.risk_level?);
        if let Some(told) = told.or_else(word).or_else(risk) {
            draft.severity_read(Some(told));
        }
        draft.lifecycle_read(self.lifecycle());
        for attacks in [
            self.attacks,
            self.finding.and_then(|finding| finding.get("attacks")),
        ]
        .into_iter()
        .flatten()
        {
            attacks.each(|attack| tell_attack(attack, draft));
        }
        Ok(())
    }

    fn tell_source(&self, id: Option<Scalar<'a>>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let Some(id) = id else { return Ok(()) };
        if let Scalar::Text(text) = id
            && let Some(id) = aws::guardduty_id(text)
        {
            draft.source(Scalar::Text(aws::GUARDDUTY), "metadata.product")?;
            return draft.id(Scalar::Text(id), "finding_info.uid");
        }
        let product = self.metadata.and_then(|metadata| metadata.get("product"));
        let text = |key| product.and_then(|product| product.get(key)?.scalar());
        let source = match text("vendor_name") {
            // Its log comes in a room of its own, too.
            Some(Scalar::Text("Okta")) => Some(Scalar::Text("okta")),
            _ => text("name"),
        };
        draft.source(source.unwrap_or(Scalar::Null), "metadata.product.name")?;
        draft.id(id, "finding_info.uid")
    }

    fn tell_rule(&self, code: Option<Scalar<'a>>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let inner = self.finding.and_then(|finding| finding.get("analytic"));
        let analytic = |key: &str| {
            let of = |analytic: Option<Value<'a>>| analytic?.get(key)?.scalar();
            of(inner).or_else(|| of(self.analytic))
        };
        let title = self
            .finding
            .and_then(|finding| finding.get("title")?.scalar());
        let title = title.or(self.message);
        let types = self.finding.and_then(|finding| finding.get("types"));
        if let Some(types) = types {
            types.each(|word| aws::tell_tactic(word.as_str().unwrap_or_default(), draft));
        }
        if draft.alert().source == aws::GUARDDUTY
            && let Some(told) = types.and_then(first_text).and_then(aws::guardduty_type)
        {
            draft.rule_id_made(told, "finding_info.types")?;
            draft.title(title.unwrap_or(Scalar::Null));
            return Ok(());
        }
        let some = |value: &Scalar<'a>| !value.is_nothing();
        let id = analytic("uid").filter(some).or_else(|| code.filter(some));
        let name = analytic("name").filter(some).or(title);
        // An engine's name alone is no rule: all that it finds has it.
        let id = id.or(title).or(name);
        draft.rule_id(id.unwrap_or(Scalar::Null), PATHS.rule)?;
        draft.rule_name(name.unwrap_or(Scalar::Null));
        draft.title(title.unwrap_or(Scalar::Null));
        Ok(())
    }

    fn lifecycle(&self) -> Lifecycle {
        for status in self.status.into_iter().flatten() {
            match (status.as_str(), status.as_u8()) {
                (Some("Suppressed" | "Archived"), _) | (_, Some(3 | 5)) => {
                    return Lifecycle::Archived;
                }
                (Some("Deleted"), _) | (_, Some(6)) => return Lifecycle::Inactive,
                _ => {}
            }
        }
        Lifecycle::Active
    }
}

fn first_text(list: Value<'_>) -> Option<&str> {
    list.elements()?.next()?.as_str()
}

/// Tactics and techniques, in the singular since 1.1, in the plural before.
fn tell_attack(attack: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in attack.keys_and_values() {
        if matches!(key, "tactic" | "tactics" | "technique" | "sub_technique") {
            value.each(|told| {
                let id = told.get("uid").or_else(|| told.get("name"));
                let id = id.and_then(Value::as_str).unwrap_or_default();
                draft.attack_if_known(id);
            });
        }
    }
}
