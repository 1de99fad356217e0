//! `/api/v1/silences`: what is kept out of cases, by whom, why and until when. Reads; `write` makes and ends them,
//! `preview` tells what one would have kept out,
//! `suppressed` what they did.

mod preview;
mod shape;
mod suppressed;
mod write;

use std::ops::ControlFlow;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use caseloom_engine::ids::SilenceId;
use caseloom_engine::silence::{Silence, SilenceState};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::problem::HttpError;
use super::query::Params;
use super::shape::List;
use crate::access::Principal;
use shape::SilenceShape;

/// Longest body: a reason, escaped, and sixteen entities.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Most silences that are looked at for a page; a page may be shorter than its limit, and goes on with its cursor.
const LOOKS_MAX: usize = 20_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(silences, write::create))
        .routes(routes!(silence, write::change, write::end))
        .routes(routes!(preview::preview))
        .routes(routes!(suppressed::suppressed))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// The number in the path.
pub(super) struct Number(pub(super) SilenceId);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let refused = || HttpError::parameter("silence", "must be the number of a silence");
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| refused())?;
        text.parse().map(SilenceId).map(Self).map_err(|_| refused())
    }
}

/// `GET /api/v1/silences?scope=&state=&limit=&cursor=`: the latest first.
#[utoipa::path(get, path = "/silences", tag = "silences", operation_id = "silences", params(("scope" = Option<String>, Query, description = "A scope"), ("state" = Option<String>, Query, description = "active, waiting, expired or ended; all without"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Silences, the latest first", body = List<SilenceShape>)))]
async fn silences(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<List<SilenceShape>>, HttpError> {
    params.only(&["scope", "state", "limit", "cursor"])?;
    let state = params.get("state").map(|word| {
        SilenceState::from_word(word).ok_or_else(|| {
            HttpError::parameter("state", "must be active, waiting, expired or ended")
        })
    });
    let state = state.transpose()?;
    let cursor = params.get("cursor").map(str::parse::<u64>).transpose();
    let cursor = cursor.map_err(|_| {
        HttpError::parameter("cursor", "must be the next_cursor of an earlier page")
    })?;
    let before = SilenceId(cursor.unwrap_or(u64::MAX));
    let (scope, limit) = (params.get("scope").map(str::to_owned), params.limit()?);
    let now = app.clock.now();
    let read = app.reads.run(move |data| {
        let (mut items, mut looks, mut next_cursor) = (Vec::new(), 0, None);
        data.store.silences_back(before, |silence| {
            // One more was there, so there is a page behind.
            if items.len() >= limit || looks >= LOOKS_MAX {
                next_cursor = Some((silence.id.0 + 1).to_string());
                return ControlFlow::Break(());
            }
            looks += 1;
            let is_it = who.may_see(&silence.scope_name)
                && scope
                    .as_ref()
                    .is_none_or(|name| *name == *silence.scope_name)
                && state.is_none_or(|state| silence.state(now) == state);
            if is_it {
                items.push(SilenceShape::new(&silence, now));
            }
            ControlFlow::Continue(())
        })?;
        Ok(List { items, next_cursor })
    });
    Ok(Json(read.await?))
}

/// `GET /api/v1/silences/{silence}`
#[utoipa::path(get, path = "/silences/{silence}", tag = "silences", operation_id = "silence", params(("silence" = u64, Path, description = "Its number")), responses((status = 200, description = "The silence", body = SilenceShape)))]
async fn silence(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Number(id): Number,
) -> Result<Response, HttpError> {
    let silence = read(&app, &who, id).await?;
    Ok(shown(&app, &silence))
}

/// A silence that somebody may see.
async fn read(app: &App, who: &Principal, id: SilenceId) -> Result<Silence, HttpError> {
    let silence = app
        .reads
        .run(move |data| Ok(data.store.silence(id)?))
        .await?;
    let silence = silence.filter(|silence| who.may_see(&silence.scope_name));
    silence.ok_or(HttpError::NoSilence(id))
}

fn shown(app: &App, silence: &Silence) -> Response {
    let etag = format!("\"{}\"", silence.revision);
    let shape = SilenceShape::new(silence, app.clock.now());
    ([(ETAG, etag)], Json(shape)).into_response()
}
