//! `unmapped.caseloom`: what OCSF has no place for. Which case, why this event, why each activity stands where it
//! stands, and what was left out.

use std::borrow::Cow;
use std::ops::Not;

use caseloom_engine::decision::ActivityView;
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{Relation, Stage};
use serde::Serialize;

use super::grounds::{self, Activity, EntityTotal, Ground};
use super::size::Trim;
use super::{Statement, caption, work};

/// `unmapped`: an object for each producer.
#[derive(Debug, Serialize)]
pub(super) struct Unmapped<'a> {
    caseloom: Own<'a>,
}

/// caseloom's own account of the case.
#[derive(Debug, Serialize)]
struct Own<'a> {
    case_id: CaseId,
    scope: Cow<'a, str>,
    event: &'static str,
    event_seq: u64,
    revision: u64,
    reason: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    policy: Cow<'a, str>,
    stage: &'static str,
    status: &'static str,
    risk: f64,
    /// By what the enrichments multiply the risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_raise: Option<f64>,
    severity_score: u8,
    #[serde(skip_serializing_if = "Not::not")]
    severity_assumed: bool,
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_case: Option<CaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<CaseId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capped: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work: Option<work::Standing<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<work::Act<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    activities: Vec<Activity<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Ground<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<EntityTotal<'a>>,
    truncated: bool,
    #[serde(skip_serializing_if = "Omitted::is_nothing")]
    omitted: Omitted,
}

/// The case's totals, whatever the lists hold.
#[derive(Debug, Serialize)]
struct Counts {
    alerts: u64,
    activities: u64,
    entities: u64,
}

/// How many are in the case and not in the event. Links: of the activities shown.
#[derive(Debug, Default, Serialize)]
struct Omitted {
    activities: u64,
    entities: u64,
    links: u64,
}

/// A connection with another case.
#[derive(Debug, Serialize)]
struct Related {
    relation: Relation,
    case_id: CaseId,
}

/// The object; call it last, so that `trim` knows what else was cut.
pub(super) fn unmapped<'a>(statement: &Statement<'a>, trim: &mut Trim) -> Unmapped<'a> {
    let (case, group) = (statement.case, &statement.case.group);
    let shown = trim.first(&case.activities, trim.limits.activities);
    let links = grounds::grounds(shown, trim);
    let mut own = Own {
        case_id: group.case,
        scope: trim.id(&group.scope_name),
        event: statement.event.as_str(),
        event_seq: statement.seq,
        revision: group.revision,
        reason: trim.id(statement.reason),
        policy: trim.id(statement.policy),
        stage: caption::stage(group.stage),
        status: group.status.as_str(),
        risk: finite(group.risk),
        risk_raise: case.facts.as_ref().map(|known| finite(known.raise)),
        severity_score: group.severity.score,
        severity_assumed: group.severity.assumed,
        counts: Counts {
            alerts: group.alerts,
            activities: group.activities,
            entities: group.entities,
        },
        opened_time: group.opened.map(|time| time.0),
        closed_time: group.closed.map(|time| time.0),
        other_case: statement.other,
        merged_into: survivor(group.stage),
        related: related(&group.related, trim),
        capped: group.capped.map(|reason| reason.as_str()),
        work: case.work.as_deref().map(|done| work::standing(done, trim)),
        act: statement.act.map(|act| work::act(act, trim)),
        activities: grounds::activities(shown, trim),
        entities: grounds::entities(&case.entities, trim),
        omitted: omitted(statement, shown, links.len(), trim),
        links,
        truncated: false,
    };
    own.truncated = case.truncated || trim.cut || own.omitted.members();
    Unmapped { caseloom: own }
}

impl Unmapped<'_> {
    /// Whether the case has more than the event says.
    pub(super) fn truncated(&self) -> bool {
        self.caseloom.truncated
    }
}

impl Omitted {
    /// Whether activities or entities are missing.
    fn members(&self) -> bool {
        self.activities > 0 || self.entities > 0
    }

    fn is_nothing(&self) -> bool {
        !self.members() && self.links == 0
    }
}

fn related(related: &[(Relation, CaseId)], trim: &mut Trim) -> Vec<Related> {
    let shown = trim.first(related, trim.limits.related);
    shown
        .iter()
        .map(|&(relation, case_id)| Related { relation, case_id })
        .collect()
}

fn survivor(stage: Stage) -> Option<CaseId> {
    match stage {
        Stage::Merged { case, .. } => Some(case),
        _ => None,
    }
}

fn omitted(
    statement: &Statement<'_>,
    shown: &[ActivityView],
    links: usize,
    trim: &Trim,
) -> Omitted {
    let case = statement.case;
    let links_all: usize = shown.iter().map(|view| view.links.len()).sum();
    let entities = case.entities.len().min(trim.limits.entities);
    Omitted {
        activities: case.group.activities.saturating_sub(shown.len() as u64),
        entities: case.group.entities.saturating_sub(entities as u64),
        links: links_all.saturating_sub(links) as u64,
    }
}

/// JSON has no NaN and no infinity; serde_json would write null.
fn finite(risk: f64) -> f64 {
    if risk.is_finite() {
        risk.clamp(0.0, 1_000.0)
    } else {
        0.0
    }
}
