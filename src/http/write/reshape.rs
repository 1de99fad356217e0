//! `POST /api/v1/cases/{id}/merge`, `unmerge`, `split`, `move` and `pin`: which alerts stand in which case.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use caseloom_engine::command::Action;
use caseloom_engine::ids::{ActivityId, CaseId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::case::case_id;
use super::super::problem::HttpError;
use super::wish::{Asked, Body, Written, carry_out};
use crate::access::Principal;

/// Another case.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OtherBody {
    other: String,
    #[serde(default)]
    note: String,
}

/// Some activities of the case.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SplitBody {
    activities: Vec<u64>,
    #[serde(default)]
    note: String,
}

/// Some activities of the case, and where they go.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MoveBody {
    activities: Vec<u64>,
    other: String,
    #[serde(default)]
    note: String,
}

/// Whether another case stays apart from this one.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PinBody {
    other: String,
    apart: bool,
    #[serde(default)]
    note: String,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(merge))
        .routes(routes!(unmerge))
        .routes(routes!(split))
        .routes(routes!(move_activities))
        .routes(routes!(pin))
}

/// `POST /api/v1/cases/{id}/merge`
#[utoipa::path(post, path = "/cases/{id}/merge", tag = "work", operation_id = "merge", request_body = OtherBody, responses((status = 200, description = "Done", body = Written)))]
async fn merge(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(OtherBody { other, note }): Body<OtherBody>,
) -> Result<Response, HttpError> {
    let (other, note) = (case(&other)?, note.into());
    carry_out(&app, &who, asked, Action::Merge { other, note }).await
}

/// `POST /api/v1/cases/{id}/unmerge`
#[utoipa::path(post, path = "/cases/{id}/unmerge", tag = "work", operation_id = "unmerge", request_body = OtherBody, responses((status = 200, description = "Done", body = Written)))]
async fn unmerge(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(OtherBody { other, note }): Body<OtherBody>,
) -> Result<Response, HttpError> {
    let (other, note) = (case(&other)?, note.into());
    carry_out(&app, &who, asked, Action::Unmerge { other, note }).await
}

/// `POST /api/v1/cases/{id}/split`
#[utoipa::path(post, path = "/cases/{id}/split", tag = "work", operation_id = "split", request_body = SplitBody, responses((status = 200, description = "Done", body = Written)))]
async fn split(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(SplitBody { activities, note }): Body<SplitBody>,
) -> Result<Response, HttpError> {
    let (activities, note) = (numbers(activities), note.into());
    carry_out(&app, &who, asked, Action::Split { activities, note }).await
}

/// `POST /api/v1/cases/{id}/move`
#[utoipa::path(post, path = "/cases/{id}/move", tag = "work", operation_id = "move_activities", request_body = MoveBody, responses((status = 200, description = "Done", body = Written)))]
async fn move_activities(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(body): Body<MoveBody>,
) -> Result<Response, HttpError> {
    let action = Action::Move {
        activities: numbers(body.activities),
        other: case(&body.other)?,
        note: body.note.into(),
    };
    carry_out(&app, &who, asked, action).await
}

/// `POST /api/v1/cases/{id}/pin`
#[utoipa::path(post, path = "/cases/{id}/pin", tag = "work", operation_id = "pin", request_body = PinBody, responses((status = 200, description = "Done", body = Written)))]
async fn pin(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(PinBody { other, apart, note }): Body<PinBody>,
) -> Result<Response, HttpError> {
    let (other, note) = (case(&other)?, note.into());
    carry_out(&app, &who, asked, Action::Pin { other, apart, note }).await
}

fn case(text: &str) -> Result<CaseId, HttpError> {
    case_id(text).map_err(|_| HttpError::Body("other must be the id of a case".into()))
}

fn numbers(activities: Vec<u64>) -> Vec<ActivityId> {
    activities.into_iter().map(ActivityId).collect()
}
