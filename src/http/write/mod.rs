//! Writes: each becomes a command to the owner thread and is answered when it is durable.
//!
//! They carry `If-Match: "<revision>"` (412 when it is not the case's any more, 428 without) and may carry
//! `Idempotency-Key`: a repetition is answered as the first was, without doing it again.

mod bodies;
mod bulk;
mod evidence;
mod reshape;
mod wish;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::Response;
use axum::routing::{get, patch, post};
use axum::{Extension, Router};
use caseloom_engine::command::{Action, TaskChange};

use super::problem::HttpError;
use super::{App, case, work};
use crate::access::Principal;
use bodies::{ChangeBody, NoteBody, ReasonBody, TaskBody, TaskChangeBody};
use wish::{Asked, Body, carry_out};

/// Longest JSON body: the longest note, escaped.
const JSON_BYTES_MAX: usize = 256 << 10;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/cases/{id}", get(case::case).patch(change))
        .route("/cases/{id}/notes", get(work::notes).post(note))
        .route("/cases/{id}/notes/{no}", patch(edit_note))
        .route("/cases/{id}/tasks", get(work::tasks).post(task))
        .route("/cases/{id}/tasks/{no}", patch(change_task))
        .route("/bulk", post(bulk::bulk))
        .route("/candidates/{id}/approve", post(approve))
        .route("/candidates/{id}/dismiss", post(dismiss))
        .merge(reshape::routes())
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .merge(evidence::routes())
}

/// `PATCH /api/v1/cases/{id}`
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
async fn note(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(NoteBody { text }): Body<NoteBody>,
) -> Result<Response, HttpError> {
    carry_out(&app, &who, asked, Action::Note { text: text.into() }).await
}

/// `PATCH /api/v1/cases/{id}/notes/{no}`
async fn edit_note(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Path((_, note)): Path<(String, u64)>,
    asked: Asked,
    Body(NoteBody { text }): Body<NoteBody>,
) -> Result<Response, HttpError> {
    let text = text.into();
    carry_out(&app, &who, asked, Action::EditNote { note, text }).await
}

/// `POST /api/v1/cases/{id}/tasks`
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
async fn change_task(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Path((_, task)): Path<(String, u64)>,
    asked: Asked,
    Body(body): Body<TaskChangeBody>,
) -> Result<Response, HttpError> {
    let change: Box<TaskChange> = Box::new(body.into_change()?);
    carry_out(&app, &who, asked, Action::ChangeTask { task, change }).await
}

/// `POST /api/v1/candidates/{id}/approve`
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
async fn dismiss(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    Body(ReasonBody { reason }): Body<ReasonBody>,
) -> Result<Response, HttpError> {
    let reason = reason.into();
    carry_out(&app, &who, asked, Action::Dismiss { reason }).await
}
