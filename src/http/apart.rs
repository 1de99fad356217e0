//! `/api/v1/explain?a=&b=`: why two cases, or two alerts of them, are not one; and `/api/v1/cases/{id}/explain?without=`:
//! the parts into which a case would fall without one of its entities.

use axum::extract::State;
use axum::{Extension, Json};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId};
use serde::Serialize;

use super::App;
use super::case::{Case, Found, case_id, read_case};
use super::explain::{explanation, find};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use crate::access::Principal;
use crate::apart::{self, Part, Reason, Side};
use crate::memory;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Apart {
    #[schema(value_type = String)]
    a: CaseId,
    #[schema(value_type = String)]
    b: CaseId,
    together: bool,
    reasons: Vec<ReasonShape>,
    /// The version of the policy by which was asked.
    policy: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Reason)]
pub(in crate::http) struct ReasonShape {
    #[schema(value_type = String)]
    obstacle: &'static str,
    sentence: String,
    entity: Option<EntityShape>,
    #[schema(value_type = Option<Vec<u64>>)]
    activities: Option<[ActivityId; 2]>,
    gap_ms: Option<i64>,
    missing: Option<i64>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = EntityValue)]
pub(in crate::http) struct EntityShape {
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    value: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Without {
    #[schema(value_type = String)]
    case: CaseId,
    without: EntityShape,
    /// Whether the case would fall apart.
    falls_apart: bool,
    parts: Vec<PartShape>,
    /// Whether the case has more activities than were looked at.
    truncated: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Part)]
pub(in crate::http) struct PartShape {
    title: String,
    #[schema(value_type = Vec<u64>)]
    activities: Vec<ActivityId>,
    alerts: u64,
}

/// `GET /api/v1/explain?a=CASE[:ALERT]&b=CASE[:ALERT]`
#[utoipa::path(get, path = "/explain", tag = "case", operation_id = "explain_apart", params(("a" = String, Query, description = "CASE or CASE:ALERT"), ("b" = String, Query, description = "CASE or CASE:ALERT")), responses((status = 200, description = "Why two cases are not one", body = Apart)))]
pub(super) async fn apart(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<serde_json::Value>, HttpError> {
    params.only(&["a", "b"])?;
    let wanted = |name: &'static str| -> Result<(CaseId, Option<String>), HttpError> {
        let text = params.get(name).ok_or_else(|| {
            HttpError::parameter(
                name,
                "must be the id of a case, or CASE:ALERT for one of its alerts",
            )
        })?;
        let (case, alert) = match text.split_once(':') {
            Some((case, alert)) => (case, Some(alert.to_owned())),
            None => (text, None),
        };
        Ok((case_id(case)?, alert))
    };
    let (a, b) = (wanted("a")?, wanted("b")?);
    let answer = app.reads.run(move |data| answer(data, &who, a, b)).await?;
    Ok(Json(answer))
}

fn answer(
    data: &Data,
    who: &Principal,
    a: (CaseId, Option<String>),
    b: (CaseId, Option<String>),
) -> Result<serde_json::Value, HttpError> {
    let (first, second) = (resolved(data, who, a.0)?, resolved(data, who, b.0)?);
    if first.group.id == second.group.id {
        return together(data, &first, (a.1, b.1));
    }
    let policy = data.store.policy()?.unwrap_or_else(memory::built_in).policy;
    let ids = (first.group.case, second.group.case);
    let sides = (side(data, first, a.1)?, side(data, second, b.1)?);
    let reasons = apart::apart(&sides.0, &sides.1, &policy);
    json(Apart {
        a: ids.0,
        b: ids.1,
        together: false,
        reasons: reasons.into_iter().map(ReasonShape::new).collect(),
        policy: policy.version.to_string(),
    })
}

/// Two alerts of one case: the chain between them.
fn together(
    data: &Data,
    case: &Case,
    (a, b): (Option<String>, Option<String>),
) -> Result<serde_json::Value, HttpError> {
    let activities: Vec<_> = case.activities.iter().map(|(a, _)| a).collect();
    let one = |name: Option<String>| match name {
        Some(name) => find(data, &case.group, &activities, &name),
        None => crate::explain::beginning(&case.group, &activities).ok_or(HttpError::Failed),
    };
    let mut value = json(explanation(case, &activities, one(a)?, one(b)?))?;
    value["together"] = true.into();
    Ok(value)
}

/// The case that holds this one's alerts now. A case of a scope that may not be seen is not there.
fn resolved(data: &Data, who: &Principal, id: CaseId) -> Result<Case, HttpError> {
    let found = match read_case(data, id)? {
        Found::MergedInto(survivor) => read_case(data, survivor)?,
        here => here,
    };
    match found {
        Found::Here(case) if who.may_see(&case.group.scope_name) => Ok(case),
        _ => Err(HttpError::NoCase(id)),
    }
}

fn side(data: &Data, case: Case, alert: Option<String>) -> Result<Side, HttpError> {
    let Case {
        group,
        mut activities,
        ..
    } = case;
    if let Some(alert) = alert {
        let records: Vec<_> = activities.iter().map(|(activity, _)| activity).collect();
        let wanted = find(data, &group, &records, &alert)?;
        activities.retain(|(activity, _)| activity.id == wanted);
    }
    Ok(Side { group, activities })
}

/// What a case would fall into without the entity `KIND:VALUE`.
pub(super) fn without(data: &Data, id: CaseId, entity: &str) -> Result<Found<Without>, HttpError> {
    let case = match read_case(data, id)? {
        Found::Here(case) => case,
        Found::MergedInto(survivor) => return Ok(Found::MergedInto(survivor)),
    };
    let (kind, value) = entity_of(entity)?;
    let parts = apart::without(&case.activities, kind, &value);
    Ok(Found::Here(Without {
        case: case.group.case,
        falls_apart: parts.len() > 1,
        parts: parts.into_iter().map(PartShape::new).collect(),
        truncated: (case.activities.len() as u64) < case.group.activities,
        without: EntityShape { kind, value },
    }))
}

fn entity_of(text: &str) -> Result<(EntityKind, String), HttpError> {
    let refused = || {
        HttpError::parameter(
            "without",
            "must be KIND:VALUE, such as ip:192.0.2.1 or host:web-01",
        )
    };
    let (kind, value) = text.split_once(':').ok_or_else(refused)?;
    let kind = EntityKind::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(refused)?;
    let entity = Entity::new(kind, Role::Affected, value).ok_or_else(refused)?;
    Ok((kind, entity.value.to_string()))
}

fn json(shape: impl Serialize) -> Result<serde_json::Value, HttpError> {
    serde_json::to_value(shape).map_err(|_| HttpError::Failed)
}

impl ReasonShape {
    fn new(reason: Reason) -> Self {
        Self {
            obstacle: reason.obstacle.as_str(),
            sentence: reason.sentence,
            entity: reason
                .entity
                .map(|(kind, value)| EntityShape { kind, value }),
            activities: reason.activities.map(|(a, b)| [a, b]),
            gap_ms: reason.gap.map(|gap| gap.0),
            missing: reason.missing,
        }
    }
}

impl PartShape {
    fn new(part: Part) -> Self {
        Self {
            title: part.title,
            activities: part.activities,
            alerts: part.alerts,
        }
    }
}
