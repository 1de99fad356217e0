//! `/api/v1/cases/{id}`: one case or candidate with its activities, each with the reason why it stands there.
//!
//! A case that was merged away answers 308 with the survivor's address in `Location` and in the body. The answer is
//! never cached, so an unmerge brings the case back under its own id. `ETag` is the revision: it counts what an analyst must have seen
//! before writing, not each alert that joins, so it does not say that nothing else changed.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::Work;
use caseloom_engine::entity::{Entity, EntityKind};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{ActivityRecord, FactsRecord, GroupRecord, Stage, TallyRecord};
use caseloom_engine::time::Timestamp;
use serde_json::json;

use super::App;
use super::problem::HttpError;
use super::reads::Data;
use super::shape::{
    ActivityShape, CaseDetail, CaseShape, EntityTotal, KnownShape, RiskPartShape, WorkShape,
};
use crate::known::risk_parts;

/// Most activities in an answer; the shipped policy caps a case there.
const ACTIVITIES_MAX: usize = 1_000;

/// Most entities in an answer.
const ENTITIES_MAX: usize = 500;

/// What stands under a public id.
pub(super) enum Found<T> {
    /// This.
    Here(T),
    /// It is part of another case now.
    MergedInto(CaseId),
}

/// A case as stored.
pub(super) struct Case {
    pub(super) group: GroupRecord,
    pub(super) work: Option<Work>,
    pub(super) facts: Option<Box<FactsRecord>>,
    /// By first event time, at most [`ACTIVITIES_MAX`].
    pub(super) activities: Vec<(ActivityRecord, TallyRecord)>,
}

/// `GET /api/v1/cases/{id}`
#[utoipa::path(get, path = "/cases/{id}", tag = "case", operation_id = "case", responses((status = 200, description = "The case with its activities", body = CaseDetail, headers(("ETag" = String, description = "The revision")))))]
pub(super) async fn case(State(app): State<App>, Id(id): Id) -> Result<Response, HttpError> {
    let found = app.reads.run(move |data| read_case(data, id)).await?;
    Ok(match found {
        Found::Here(case) => {
            let etag = format!("\"{}\"", case.group.revision);
            ([(ETAG, etag)], Json(detail(&case, app.clock.now()))).into_response()
        }
        Found::MergedInto(survivor) => redirect(id, survivor, format!("/api/v1/cases/{survivor}")),
    })
}

/// The id of a case in a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) CaseId);

/// The number of a note, task or piece of evidence in a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub(super) u64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        case_id(&named(parts, state, "id").await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let number = named(parts, state, "no").await?.parse();
        number
            .map(Self)
            .map_err(|_| HttpError::parameter("no", "must be a number"))
    }
}

/// What stands in a path under this name. Text that is no UTF-8 is refused as a wrong value is.
async fn named<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &'static str,
) -> Result<String, HttpError> {
    let Path(names) = Path::<Vec<(String, String)>>::from_request_parts(parts, state)
        .await
        .map_err(|_| HttpError::parameter(name, "must be text in UTF-8"))?;
    let found = names.into_iter().find(|(other, _)| other == name);
    Ok(found.map_or(String::new(), |(_, value)| value))
}

/// The id in a path. What can't be one is the id of no case.
pub(super) fn case_id(text: &str) -> Result<CaseId, HttpError> {
    text.parse().map_err(|_| {
        HttpError::parameter(
            "id",
            "must be a case id: 13 digits of 0-9 and a-z without i, l, o and u",
        )
    })
}

/// Reads the group's record, from the store: it is exact, and has what left the view.
pub(super) fn read_group(data: &Data, id: CaseId) -> Result<Found<GroupRecord>, HttpError> {
    let group = data.store.case(id)?.ok_or(HttpError::NoCase(id))?;
    if !matches!(group.stage, Stage::Merged { .. }) {
        return Ok(Found::Here(group));
    }
    let survivor = data.store.resolve(id)?.ok_or(HttpError::NoCase(id))?;
    Ok(Found::MergedInto(survivor.case))
}

/// Reads a case with its activities.
pub(super) fn read_case(data: &Data, id: CaseId) -> Result<Found<Case>, HttpError> {
    let group = match read_group(data, id)? {
        Found::Here(group) => group,
        Found::MergedInto(survivor) => return Ok(Found::MergedInto(survivor)),
    };
    let mut activities = data.store.activities(&group, ACTIVITIES_MAX)?;
    activities.sort_by_key(|(activity, tally)| (tally.first, activity.id));
    let work = data.store.work(group.id)?;
    let facts = data.store.facts(group.id)?.map(Box::new);
    Ok(Found::Here(Case {
        group,
        work,
        facts,
        activities,
    }))
}

/// The way to the case that this one is part of.
pub(super) fn redirect(id: CaseId, survivor: CaseId, location: String) -> Response {
    let body = json!({"id": id, "stage": "merged", "merged_into": survivor, "location": location});
    let status = StatusCode::PERMANENT_REDIRECT;
    (status, [(LOCATION, location)], Json(body)).into_response()
}

pub(super) fn detail(case: &Case, now: Timestamp) -> CaseDetail {
    let Case {
        group,
        work,
        facts,
        activities,
    } = case;
    let (entity_list, entities) = entity_totals(case);
    let activity_list: Vec<_> = activities
        .iter()
        .map(|(activity, tally)| ActivityShape::new(group, activity, tally))
        .collect();
    CaseDetail {
        truncated: (activity_list.len() as u64) < group.activities || entity_list.len() < entities,
        case: CaseShape::new(group),
        work: work.as_ref().map(WorkShape::new),
        enrichment: facts
            .iter()
            .flat_map(|known| &known.facts)
            .map(|fact| KnownShape::new(fact, now))
            .collect(),
        risk_parts: risk_parts(group, activities, facts.as_deref())
            .into_iter()
            .map(RiskPartShape::new)
            .collect(),
        activity_list,
        entity_list,
    }
}

/// The entities of the activities, those in most of them first, and how many there are in all. Sensors are left out: they
/// are named in everything and connect nothing.
pub(super) fn entity_totals(case: &Case) -> (Vec<EntityTotal>, usize) {
    let mut totals: HashMap<(EntityKind, &str), EntityTotal> = HashMap::new();
    for (activity, _) in &case.activities {
        for (place, entity) in activity.entities.iter().enumerate() {
            if !entity.is_linkable() {
                continue;
            }
            let total = totals
                .entry((entity.kind, &entity.value))
                .or_insert_with(|| EntityTotal::new(entity));
            let again =
                |earlier: &Entity| (earlier.kind, &earlier.value) == (entity.kind, &entity.value);
            // In two roles it is still one entity of its activity.
            if !activity.entities[..place].iter().any(again) {
                total.activities += 1;
            }
            if !total.roles.contains(&entity.role) {
                total.roles.push(entity.role);
            }
        }
    }
    let all = totals.len();
    let mut list: Vec<_> = totals.into_values().collect();
    list.sort_unstable_by(|a, b| {
        let weight = |total: &EntityTotal| std::cmp::Reverse(total.activities);
        (weight(a), a.kind, &a.value).cmp(&(weight(b), b.kind, &b.value))
    });
    list.truncate(ENTITIES_MAX);
    (list, all)
}

impl EntityTotal {
    fn new(entity: &Entity) -> Self {
        Self {
            kind: entity.kind,
            value: entity.value.to_string(),
            roles: Vec::new(),
            activities: 0,
        }
    }
}
