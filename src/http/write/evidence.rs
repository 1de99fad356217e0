//! Evidence: bytes go to the evidence store before the command, and come back as an attachment only. Each copy that
//! somebody takes is noted: the custody log of a piece is its entries on the timeline.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::{Action, Answer, NewEvidence};

use tokio::sync::OwnedSemaphorePermit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wish::{Asked, Written, carry_out, refusal, submit};
use crate::access::Principal;
use crate::evidence::EVIDENCE_BYTES_MAX;
use crate::http::access::own_page;
use crate::http::case::{Id, Number};
use crate::http::problem::HttpError;
use crate::http::query::Params;
use crate::http::{App, work};
use crate::metrics::Bound;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(work::evidence, add))
        .routes(routes!(take))
        .layer(DefaultBodyLimit::max(EVIDENCE_BYTES_MAX))
}

/// A turn to send evidence: the bytes are in memory until they are put away.
struct Upload(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl FromRequestParts<App> for Upload {
    type Rejection = HttpError;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, HttpError> {
        let turn = Arc::clone(&app.uploads).try_acquire_owned();
        turn.map(Self).map_err(|_| {
            app.metrics.bound_reached(Bound::HttpUploads);
            HttpError::Busy
        })
    }
}

/// `POST /api/v1/cases/{id}/evidence?name=&text=`: the body is the evidence, as it is.
#[utoipa::path(post, path = "/cases/{id}/evidence", tag = "work", operation_id = "add_evidence", params(("name" = String, Query, description = "Name of the evidence", min_length = 1, max_length = 512), ("text" = Option<String>, Query, description = "What it is")), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, description = "Kept", body = Written), (status = 200, description = "Kept before, under this key", body = Written)))]
async fn add(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    asked: Asked,
    params: Params,
    _turn: Upload,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, HttpError> {
    params.only(&["name", "text"])?;
    let name = params.get("name");
    let name =
        name.ok_or_else(|| HttpError::parameter("name", "must be the name of the evidence"))?;
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let bytes = body.map_err(|_| HttpError::TooLarge)?;
    let length = bytes.len() as u64;
    let put = {
        let store = app.evidence.clone().ok_or(HttpError::ReadOnly)?;
        app.reads
            .run(move |_| store.put(&bytes).map_err(HttpError::Evidence))
    };
    let sha256 = put.await?;
    let new = NewEvidence {
        // A name and not a path: some clients send where it lay.
        name: name.rsplit(['/', '\\']).next().unwrap_or(name).into(),
        text: params.get("text").unwrap_or_default().into(),
        media_type: kind.unwrap_or("application/octet-stream").into(),
        bytes: length,
        sha256: sha256.into(),
    };
    carry_out(&app, &who, asked, Action::AddEvidence(Box::new(new))).await
}

/// `GET /api/v1/cases/{id}/evidence/{no}`: the bytes, checked against their hash.
#[utoipa::path(get, path = "/cases/{id}/evidence/{no}", tag = "work", operation_id = "take_evidence", params(("no" = u64, Path, description = "Its number")), responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream")))]
async fn take(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Id(case): Id,
    Number(no): Number,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    own_page(&headers)?;
    let piece = app
        .reads
        .run(move |data| work::piece(data, case, no))
        .await?;
    let store = app.evidence.clone().ok_or(HttpError::ReadOnly)?;
    let sha256 = piece.what.sha256.to_string();
    let read = app
        .reads
        .run(move |_| store.get(&sha256).map_err(HttpError::Evidence));
    let bytes = read.await?;
    let asked = Asked {
        case,
        expected: None,
        key: None,
    };
    let answer = submit(&app, &who, asked, Action::TakeEvidence { evidence: no }).await?;
    if !matches!(answer, Answer::Done(_)) {
        return Err(refusal(answer, case));
    }
    let name: String = piece.what.name.chars().map(harmless).collect();
    let headers = [
        // Never shown in a page of this host, whatever it says it is.
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// What may stand in a quoted header value, and in the name of a file anywhere.
fn harmless(c: char) -> char {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | ' ' => c,
        _ => '_',
    }
}
