//! `POST /api/v1/silences/preview`: what a silence would have kept out. Changes nothing; a `POST`, because a matcher is a
//! body.

use axum::extract::State;
use axum::{Extension, Json};
use caseloom_engine::command::Illegal;
use caseloom_engine::time::Span;

use super::shape::{HOURS_MAX, PreviewBody, PreviewShape};
use crate::access::Principal;
use crate::http::App;
use crate::http::problem::HttpError;
use crate::http::write::Body;
use crate::silences;

/// `POST /api/v1/silences/preview`
#[utoipa::path(post, path = "/silences/preview", tag = "silences", operation_id = "preview_silence", request_body = PreviewBody, responses((status = 200, description = "What it would have kept out", body = PreviewShape)))]
pub(super) async fn preview(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Body(body): Body<PreviewBody>,
) -> Result<Json<PreviewShape>, HttpError> {
    if !who.may_see(&body.scope) {
        return Err(HttpError::Forbidden("this token is not for that scope"));
    }
    if !(1..=HOURS_MAX).contains(&body.hours) {
        return Err(HttpError::Body(format!("hours must be 1 to {HOURS_MAX}")));
    }
    let matcher = body.matcher.into_matcher();
    let read = app.reads.run(move |data| {
        let scopes = data.store.scopes()?;
        let scope = scopes.into_iter().find(|scope| scope.name == body.scope);
        let scope =
            scope.ok_or_else(|| HttpError::Body(format!("there is no scope {:?}", body.scope)))?;
        let since = scope.time.minus(Span::HOUR.times(i64::from(body.hours)));
        let parts = (&data.store, data.view.as_ref());
        let preview = silences::preview(parts, (scope.id, &scope.name), &matcher, since)?;
        let preview = preview.map_err(|invalid| HttpError::Illegal(Illegal::Matcher(invalid)))?;
        Ok(PreviewShape::new(preview))
    });
    Ok(Json(read.await?))
}
