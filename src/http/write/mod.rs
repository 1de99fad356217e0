//! Writes: each becomes a command to the owner thread and is answered when it is durable.
//!
//! They carry `If-Match: "<revision>"` (412 when it is not the case's any more, 428 without) and may carry
//! `Idempotency-Key`: a repetition is answered as the first was, without doing it again.

mod bodies;
mod bulk;
mod evidence;
mod reshape;
mod wish;

use axum::Extension;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use caseloom_engine::command::{Action, TaskChange};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::Number;
use super::problem::HttpError;
use super::{App, case, work};
use crate::access::Principal;
use bodies::{ChangeBody, NoteBody, ReasonBody, TaskBody, TaskChangeBody};
use wish::{Asked, Written, carry_out};
pub(super) use wish::{Body, actor, if_match, key, told};

/// Longest JSON body: the longest note, escaped.
const JSON_BYTES_MAX: usize = 256 << 10;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(case::case, change))
        .routes(routes!(work::notes, note))
        .routes(routes!(edit_note))
        .routes(routes!(work::tasks, task))
        .routes(routes!(change_task))
        .routes(routes!(bulk::bulk))
        .routes(routes!(approve))
        .routes(routes!(dismiss))
        .merge(reshape::routes())
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .merge(evidence::routes())
}

/// `PATCH /api/v1/cases/{id}`
#[utoipa::path(patch, path = "/cases/{id}", tag = "work", operation_id = "change_case", request_body = ChangeBody, responses((status = 200, description = "Done", body = Written)))]
async fn change(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(body): Body<ChangeBody>,
) -> Result<Response, HttpError> {
    let action = Action::Change(Box::new(body.into_change()?));
    carry_out(&app, &who, asked, action).await
}

/// `POST /api/v1/cases/{id}/notes`
#[utoipa::path(post, path = "/cases/{id}/notes", tag = "work", operation_id = "add_note", request_body = NoteBody, responses((status = 201, description = "Done", body = Written), (status = 200, description = "Done before, under this key", body = Written)))]
async fn note(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(NoteBody { text }): Body<NoteBody>,
) -> Result<Response, HttpError> {
    carry_out(&app, &who, asked, Action::Note { text: text.into() }).await
}

/// `PATCH /api/v1/cases/{id}/notes/{no}`
#[utoipa::path(patch, path = "/cases/{id}/notes/{no}", tag = "work", operation_id = "edit_note", params(("no" = u64, Path, description = "Its number")), request_body = NoteBody, responses((status = 200, description = "Done", body = Written)))]
async fn edit_note(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Number(note): Number,
    asked: Asked,
    Body(NoteBody { text }): Body<NoteBody>,
) -> Result<Response, HttpError> {
    let text = text.into();
    carry_out(&app, &who, asked, Action::EditNote { note, text }).await
}

/// `POST /api/v1/cases/{id}/tasks`
#[utoipa::path(post, path = "/cases/{id}/tasks", tag = "work", operation_id = "add_task", request_body = TaskBody, responses((status = 201, description = "Done", body = Written), (status = 200, description = "Done before, under this key", body = Written)))]
async fn task(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(body): Body<TaskBody>,
) -> Result<Response, HttpError> {
    let action = Action::AddTask(Box::new(body.into_task()?));
    carry_out(&app, &who, asked, action).await
}

/// `PATCH /api/v1/cases/{id}/tasks/{no}`
#[utoipa::path(patch, path = "/cases/{id}/tasks/{no}", tag = "work", operation_id = "change_task", params(("no" = u64, Path, description = "Its number")), request_body = TaskChangeBody, responses((status = 200, description = "Done", body = Written)))]
async fn change_task(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Number(task): Number,
    asked: Asked,
    Body(body): Body<TaskChangeBody>,
) -> Result<Response, HttpError> {
    let change: Box<TaskChange> = Box::new(body.into_change()?);
    carry_out(&app, &who, asked, Action::ChangeTask { task, change }).await
}

/// `POST /api/v1/candidates/{id}/approve`
#[utoipa::path(post, path = "/candidates/{id}/approve", tag = "work", operation_id = "approve", request_body = ReasonBody, responses((status = 200, description = "Done", body = Written)))]
async fn approve(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(ReasonBody { reason }): Body<ReasonBody>,
) -> Result<Response, HttpError> {
    let reason = reason.into();
    carry_out(&app, &who, asked, Action::Approve { reason }).await
}

/// `POST /api/v1/candidates/{id}/dismiss`
#[utoipa::path(post, path = "/candidates/{id}/dismiss", tag = "work", operation_id = "dismiss", request_body = ReasonBody, responses((status = 200, description = "Done", body = Written)))]
async fn dismiss(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(ReasonBody { reason }): Body<ReasonBody>,
) -> Result<Response, HttpError> {
    let reason = reason.into();
    carry_out(&app, &who, asked, Action::Dismiss { reason }).await
}
