//! `unmapped.caseloom`: what OCSF has no place for. Which case, why this event, why each activity stands where it
//! stands, and what was left out.

use std::borrow::Cow;

use caseloom_engine::decision::{ActivityView, EntityView};
use caseloom_engine::entity::{EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId};
use caseloom_engine::record::{Link, LinkKind, Relation, Stage};
use serde::Serialize;

use super::size::Trim;
use super::{Statement, caption};

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
    stage: &'static str,
    status: &'static str,
    risk: f64,
    severity_score: u8,
    #[serde(skip_serializing_if = "is_false")]
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    activities: Vec<Activity<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<EntityOut<'a>>,
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

/// What OCSF's finding lacks of an activity; `id` is the finding's `uid`.
#[derive(Debug, Serialize)]
struct Activity<'a> {
    id: ActivityId,
    severity: &'static str,
    severity_id: u8,
    alerts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Value<'a>>,
}

/// Why `activity` stands in the case: what it shares with `other`.
#[derive(Debug, Serialize)]
struct LinkOut<'a> {
    activity: ActivityId,
    other: ActivityId,
    kind: LinkKind,
    entities: Vec<Value<'a>>,
    gap_seconds: f64,
    policy: Cow<'a, str>,
}

/// A typed value.
#[derive(Debug, Serialize)]
struct Value<'a> {
    kind: EntityKind,
    value: Cow<'a, str>,
}

/// An entity, with the role it was first seen in and the number of activities that name it.
#[derive(Debug, Serialize)]
struct EntityOut<'a> {
    kind: EntityKind,
    value: Cow<'a, str>,
    role: Role,
    activities: u64,
}

/// The object; call it last, so that `trim` knows what else was cut.
pub(super) fn unmapped<'a>(statement: &Statement<'a>, trim: &mut Trim) -> Unmapped<'a> {
    let (case, group) = (statement.case, &statement.case.group);
    let shown = trim.first(&case.activities, trim.limits.activities);
    let links = links(shown, trim);
    let mut own = Own {
        case_id: group.case,
        scope: trim.id(&group.scope_name),
        event: statement.event.as_str(),
        event_seq: statement.seq,
        revision: group.revision,
        reason: trim.id(statement.reason),
        stage: caption::stage(group.stage),
        status: group.status.as_str(),
        risk: finite(group.risk),
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
        activities: shown.iter().map(|view| activity(view, trim)).collect(),
        entities: entities(&case.entities, trim),
        omitted: omitted(statement, shown, links.len(), trim),
        links,
        truncated: false,
    };
    own.truncated = case.truncated || trim.cut;
    Unmapped { caseloom: own }
}

impl Unmapped<'_> {
    /// Whether the case has more than the event says.
    pub(super) fn truncated(&self) -> bool {
        self.caseloom.truncated
    }
}

impl Omitted {
    fn is_nothing(&self) -> bool {
        self.activities == 0 && self.entities == 0 && self.links == 0
    }
}

fn activity<'a>(view: &'a ActivityView, trim: &mut Trim) -> Activity<'a> {
    Activity {
        id: view.id,
        severity: view.severity.as_str(),
        severity_id: view.severity.ocsf_id(),
        alerts: view.count,
        subject: view
            .subject
            .as_ref()
            .map(|(kind, text)| value(*kind, text, trim)),
    }
}

/// The strongest links of each activity. That there are more is the rule, and not called truncated.
fn links<'a>(activities: &'a [ActivityView], trim: &mut Trim) -> Vec<LinkOut<'a>> {
    let mut links = Vec::new();
    for view in activities {
        links.extend(
            view.links
                .iter()
                .take(trim.limits.links)
                .map(|entry| link(view.id, entry, trim)),
        );
    }
    links
}

fn link<'a>(activity: ActivityId, link: &'a Link, trim: &mut Trim) -> LinkOut<'a> {
    let entities = link.entities.iter().take(trim.limits.link_entities);
    LinkOut {
        activity,
        other: link.other,
        kind: link.kind,
        entities: entities
            .map(|(kind, text)| value(*kind, text, trim))
            .collect(),
        gap_seconds: link.gap.0 as f64 / 1_000.0,
        policy: trim.id(&link.policy),
    }
}

fn value<'a>(kind: EntityKind, text: &'a str, trim: &mut Trim) -> Value<'a> {
    Value {
        kind,
        value: trim.value(text),
    }
}

fn entities<'a>(entities: &'a [EntityView], trim: &mut Trim) -> Vec<EntityOut<'a>> {
    let shown = trim.first(entities, trim.limits.entities);
    let out = |view: &'a EntityView| EntityOut {
        kind: view.entity.kind,
        value: trim.value(&view.entity.value),
        role: view.entity.role,
        activities: view.activities,
    };
    shown.iter().map(out).collect()
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}
