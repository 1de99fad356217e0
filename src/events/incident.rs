//! The value of an event: OCSF 1.8.0 Incident Finding (class 2005), from <https://schema.ocsf.io/1.8.0/classes/incident_finding>.
//!
//! `risk_*` and `is_alert` belong to the profile `security_control`, which therefore stands in `metadata.profiles`.
//! Confidence, impact and priority are left out: caseloom does not know them, and OCSF's Unknown says no more.

use std::borrow::Cow;

use caseloom_engine::command::Verdict;
use caseloom_engine::record::GroupRecord;
use serde::Serialize;

use super::finding::{self, Attack, FindingInfo, Named, Observable};
use super::known::{self, Enrichment};
use super::own::{self, Unmapped};
use super::size::{EVENT_BYTES_MAX, Limits, STEPS, Trim};
use super::{RenderOptions, Statement, caption, json};

const CLASS_UID: u32 = 2005;

/// The whole event.
#[derive(Debug, Serialize)]
struct Incident<'a> {
    #[serde(flatten)]
    class: Class,
    time: i64,
    start_time: i64,
    end_time: i64,
    #[serde(flatten)]
    standing: Standing,
    #[serde(flatten)]
    assignment: Assignment<'a>,
    message: Cow<'a, str>,
    desc: String,
    finding_info_list: Vec<FindingInfo<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observables: Vec<Observable<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    enrichments: Vec<Enrichment<'a>>,
    metadata: Metadata<'a>,
    unmapped: Unmapped<'a>,
}

/// What kind of OCSF event it is.
#[derive(Debug, Serialize)]
struct Class {
    activity_id: u8,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_alert: Option<bool>,
}

/// How the case stands.
#[derive(Debug, Serialize)]
struct Standing {
    severity_id: u8,
    severity: &'static str,
    status_id: u8,
    status: &'static str,
    risk_score: u16,
    risk_level_id: u8,
    risk_level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

/// Who works on it: OCSF demands one of the two.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Assignment<'a> {
    Assignee(Named<'a>),
    AssigneeGroup(Named<'a>),
}

/// OCSF `metadata`: about the event, not the case.
#[derive(Debug, Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product<'a>,
    profiles: [&'static str; 2],
    uid: &'a str,
    correlation_uid: String,
    sequence: u64,
    tenant_uid: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_truncated: Option<bool>,
}

/// OCSF `product`: caseloom.
#[derive(Debug, Serialize)]
struct Product<'a> {
    name: &'static str,
    vendor_name: &'static str,
    version: Cow<'a, str>,
}

/// The JSON of what `statement` says, in at most [`EVENT_BYTES_MAX`] bytes.
pub(super) fn render(options: &RenderOptions, statement: &Statement<'_>, uid: &str) -> Vec<u8> {
    STEPS
        .into_iter()
        .find_map(|limits| {
            json::to_bytes(&incident(options, statement, uid, limits), EVENT_BYTES_MAX)
        })
        .expect("the tightest limits fit by construction: see the assertion in `size`")
}

fn incident<'a>(
    options: &'a RenderOptions,
    statement: &Statement<'a>,
    uid: &'a str,
    limits: Limits,
) -> Incident<'a> {
    let group = &statement.case.group;
    let trim = &mut Trim { limits, cut: false };
    let mut incident = Incident {
        class: class(statement),
        time: statement.time.0,
        start_time: group.first.0,
        end_time: group.last.0,
        standing: standing(group, verdict_of(statement)),
        assignment: assignment(options, group, trim),
        message: trim.line(&group.title),
        desc: description(group),
        finding_info_list: finding::findings(statement, trim),
        attacks: finding::attacks(&group.attack, trim),
        observables: finding::observables(&statement.case.entities, trim),
        enrichments: known::enrichments(statement.case, trim),
        metadata: metadata(options, statement, uid, trim),
        unmapped: own::unmapped(statement, trim),
    };
    incident.metadata.is_truncated = incident.unmapped.truncated().then_some(true);
    incident
}

fn class(statement: &Statement<'_>) -> Class {
    let (activity_id, activity_name) = caption::activity(statement);
    Class {
        activity_id,
        activity_name,
        category_uid: 2,
        category_name: "Findings",
        class_uid: CLASS_UID,
        class_name: "Incident Finding",
        type_uid: CLASS_UID * 100 + u32::from(activity_id),
        type_name: format!("Incident Finding: {activity_name}"),
        is_alert: (activity_id == 1).then_some(true),
    }
}

fn verdict_of(statement: &Statement<'_>) -> Option<Verdict> {
    statement.case.work.as_ref().and_then(|work| work.verdict)
}

fn standing(group: &GroupRecord, verdict: Option<Verdict>) -> Standing {
    let (severity_id, severity) = caption::severity(group.severity);
    let (status_id, status) = caption::status(group.stage, group.status);
    let risk_score = risk_score(group.risk);
    let (risk_level_id, risk_level) = caption::risk_level(risk_score);
    let verdict = caption::verdict(group.stage, verdict);
    Standing {
        severity_id,
        severity,
        status_id,
        status,
        risk_score,
        risk_level_id,
        risk_level,
        verdict_id: verdict.map(|(id, _)| id),
        verdict: verdict.map(|(_, caption)| caption),
    }
}

fn metadata<'a>(
    options: &'a RenderOptions,
    statement: &Statement<'a>,
    uid: &'a str,
    trim: &mut Trim,
) -> Metadata<'a> {
    Metadata {
        version: "1.8.0",
        product: Product {
            name: "caseloom",
            vendor_name: "caseloom",
            version: trim.id(&options.product_version),
        },
        profiles: ["incident", "security_control"],
        uid,
        correlation_uid: statement.case.group.case.to_string(),
        sequence: statement.seq,
        tenant_uid: trim.id(&statement.case.group.scope_name),
        is_truncated: None,
    }
}

fn assignment<'a>(
    options: &'a RenderOptions,
    group: &'a GroupRecord,
    trim: &mut Trim,
) -> Assignment<'a> {
    match group.owner.as_deref() {
        Some(owner) if !owner.is_empty() => Assignment::Assignee(Named {
            name: trim.line(owner),
        }),
        _ => Assignment::AssigneeGroup(Named {
            name: trim.line(&options.assignee_group),
        }),
    }
}

/// `3 alerts in 2 activities on 4 entities`.
fn description(group: &GroupRecord) -> String {
    let alerts = counted(group.alerts, "alert", "alerts");
    let activities = counted(group.activities, "activity", "activities");
    let entities = counted(group.entities, "entity", "entities");
    format!("{alerts} in {activities} on {entities}")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The risk as OCSF wants it, whole. A cast from f64 saturates, and makes 0 of what is no number.
fn risk_score(risk: f64) -> u16 {
    risk.clamp(0.0, 1_000.0).round() as u16
}
