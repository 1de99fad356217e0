//! `/api/v1/cases/{id}/explain`: why two alerts stand in one case, as the shortest chain of links between them.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use caseloom_engine::ids::{ActivityId, CaseId};
use caseloom_engine::record::{ActivityRecord, GroupRecord};
use serde::Serialize;

use super::App;
use super::apart::{Without, without};
use super::case::{Case, Found, Id, read_case, redirect};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::LinkShape;
use crate::explain::{Step, beginning, chain};
use crate::reason;

/// Alerts of a case that are looked through for an id; the activities' first alerts are known without.
const ALERTS_MAX: usize = 100_000;

/// Alerts read at once.
const PAGE: usize = 2_000;

/// Which two, as written.
struct Wanted {
    alert: String,
    /// `None`: the alert that opened the case.
    other: Option<String>,
}

/// Either of both answers.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Explained {
    Chain(Explanation),
    Without(Without),
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Explanation {
    #[schema(value_type = String)]
    case: CaseId,
    alert: End,
    other: End,
    /// Whether a chain was found; only in a case with more activities than are read it may be missed.
    connected: bool,
    chain: Vec<Link>,
    /// Whether the case has more activities than were looked at.
    truncated: bool,
}

/// One of the two.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ExplainEnd)]
pub(in crate::http) struct End {
    #[schema(value_type = u64)]
    activity: ActivityId,
    rule: String,
    title: String,
}

/// One link, in the direction of the chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ExplainLink)]
pub(in crate::http) struct Link {
    #[schema(value_type = u64)]
    from: ActivityId,
    #[schema(value_type = u64)]
    to: ActivityId,
    sentence: String,
    link: LinkShape,
}

/// `GET /api/v1/cases/{id}/explain?alert=&other=`, or `?without=KIND:VALUE`
#[utoipa::path(get, path = "/cases/{id}/explain", tag = "case", operation_id = "explain_case", params(("alert" = Option<String>, Query, description = "Id of an alert or number of an activity; needed but with `without`"), ("other" = Option<String>, Query, description = "Another; without it the alert that opened the case"), ("without" = Option<String>, Query, description = "KIND:VALUE: what would hold together without this entity")), responses((status = 200, description = "A chain of links, or what falls apart", body = Explained)))]
pub(super) async fn explain(
    State(app): State<App>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    params: Params,
) -> Result<Response, HttpError> {
    if let Some(entity) = params.get("without") {
        params.only(&["without"])?;
        let entity = entity.to_owned();
        let found = app
            .reads
            .run(move |data| without(data, id, &entity))
            .await?;
        return Ok(answer(id, query, found));
    }
    let wanted = Wanted::read(&params)?;
    let found = app.reads.run(move |data| read(data, id, &wanted)).await?;
    Ok(answer(id, query, found))
}

fn answer(id: CaseId, query: Option<String>, found: Found<impl Serialize>) -> Response {
    match found {
        Found::Here(shape) => Json(shape).into_response(),
        Found::MergedInto(survivor) => {
            let query = query.unwrap_or_default();
            let location = format!("/api/v1/cases/{survivor}/explain?{query}");
            redirect(id, survivor, location)
        }
    }
}

fn read(data: &Data, id: CaseId, wanted: &Wanted) -> Result<Found<Explanation>, HttpError> {
    let case = match read_case(data, id)? {
        Found::Here(case) => case,
        Found::MergedInto(survivor) => return Ok(Found::MergedInto(survivor)),
    };
    let activities: Vec<&ActivityRecord> = case
        .activities
        .iter()
        .map(|(activity, _)| activity)
        .collect();
    let alert = find(data, &case.group, &activities, &wanted.alert)?;
    let other = match &wanted.other {
        Some(other) => find(data, &case.group, &activities, other)?,
        None => beginning(&case.group, &activities).unwrap_or(alert),
    };
    Ok(Found::Here(explanation(&case, &activities, alert, other)))
}

pub(super) fn explanation(
    case: &Case,
    activities: &[&ActivityRecord],
    alert: ActivityId,
    other: ActivityId,
) -> Explanation {
    let steps = chain(activities, alert, other);
    let end = |id: ActivityId| {
        let activity = activities.iter().find(|activity| activity.id == id);
        let text = |of: fn(&ActivityRecord) -> &str| {
            activity.map_or(String::new(), |activity| of(activity).to_owned())
        };
        End {
            activity: id,
            rule: text(|activity| &activity.rule_name),
            title: text(|activity| &activity.title),
        }
    };
    Explanation {
        case: case.group.case,
        alert: end(alert),
        other: end(other),
        connected: steps.is_some(),
        chain: steps.unwrap_or_default().iter().map(Link::new).collect(),
        truncated: (activities.len() as u64) < case.group.activities,
    }
}

/// The activity on which the alert counts that is called `name`: by its own id, else as the number of an activity.
pub(super) fn find(
    data: &Data,
    group: &GroupRecord,
    activities: &[&ActivityRecord],
    name: &str,
) -> Result<ActivityId, HttpError> {
    if let Some(activity) = activities.iter().find(|activity| activity.alert_id == name) {
        return Ok(activity.id);
    }
    let number = name.parse().map(ActivityId).ok();
    if let Some(number) =
        number.filter(|number| activities.iter().any(|activity| activity.id == *number))
    {
        return Ok(number);
    }
    let mut cursor: Option<Vec<u8>> = None;
    for _ in 0..ALERTS_MAX / PAGE {
        let page = data.store.alerts_page(group, cursor.as_deref(), PAGE)?;
        if let Some(alert) = page
            .alerts
            .iter()
            .find(|alert| alert.id.as_deref() == Some(name))
        {
            return Ok(alert.activity);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Err(HttpError::NoAlert(name.to_owned(), group.case))
}

impl Link {
    fn new(step: &Step<'_>) -> Self {
        Self {
            from: step.from,
            to: step.to,
            sentence: format!("activity {} {}", step.holder.0, reason::of_link(step.link)),
            link: LinkShape::new(step.link),
        }
    }
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, HttpError> {
        params.only(&["alert", "other"])?;
        let alert = params.get("alert").ok_or_else(|| {
            HttpError::parameter(
                "alert",
                "must be the id of an alert or the number of an activity of this case",
            )
        })?;
        Ok(Self {
            alert: alert.to_owned(),
            other: params.get("other").map(str::to_owned),
        })
    }
}
