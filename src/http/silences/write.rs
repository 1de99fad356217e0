//! `POST /api/v1/silences`, `PATCH` and `DELETE /api/v1/silences/{silence}`: commands on the scope, answered when they
//! are durable.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::{Action, Answer};
use caseloom_engine::ids::{CaseId, SilenceId};
use caseloom_engine::silence::{NewSilence, SilenceChange};

use super::shape::{ChangeBody, CreateBody, SilenceShape, time};
use super::{Number, read, shown};
use crate::access::Principal;
use crate::http::App;
use crate::http::problem::HttpError;
use crate::http::write::{Body, actor, if_match, key, told};
use crate::pipeline::Wish;
use crate::silences::{InvalidRepeat, Repeat};

/// `POST /api/v1/silences`
#[utoipa::path(post, path = "/silences", tag = "silences", operation_id = "add_silence", request_body = CreateBody, responses((status = 201, description = "Done", body = SilenceShape), (status = 200, description = "Done before, under this key", body = SilenceShape)))]
pub(super) async fn create(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Body(body): Body<CreateBody>,
) -> Result<Response, HttpError> {
    let starts = body.starts.as_deref().map(|text| time("starts", text));
    let starts = starts.transpose()?.unwrap_or_else(|| app.clock.now());
    let expires = time("expires", &body.expires)?;
    let repeat = body.repeat.map(|repeat| {
        let times = repeat.times(starts, expires).map_err(invalid)?;
        Ok::<_, HttpError>((repeat.to_string(), times))
    });
    let (repeat, times) = repeat.transpose()?.unwrap_or_default();
    let new = NewSilence {
        matcher: body.matcher.into_matcher(),
        owner: body.owner.into(),
        reason: body.reason.into(),
        starts,
        expires,
        repeat: repeat.into(),
        times,
    };
    let wish = Wish {
        key: key(&headers)?,
        ..wish(&body.scope, &who, Action::Silence(Box::new(new)))
    };
    carry_out(&app, &who, wish).await
}

/// `PATCH /api/v1/silences/{silence}`
#[utoipa::path(patch, path = "/silences/{silence}", tag = "silences", operation_id = "change_silence", params(("silence" = u64, Path, description = "Its number")), request_body = ChangeBody, responses((status = 200, description = "Done", body = SilenceShape)))]
pub(super) async fn change(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Number(id): Number,
    headers: HeaderMap,
    Body(body): Body<ChangeBody>,
) -> Result<Response, HttpError> {
    let (expected, key) = (if_match(&headers)?, key(&headers)?);
    let silence = read(&app, &who, id).await?;
    let until = body.expires.as_deref().map(|text| {
        let expires = time("expires", text)?;
        let times = match silence.repeat.is_empty() {
            true => Vec::new(),
            false => {
                let repeat: Repeat = silence.repeat.parse().map_err(invalid)?;
                repeat.times(silence.starts, expires).map_err(invalid)?
            }
        };
        Ok::<_, HttpError>((expires, times))
    });
    let change = SilenceChange {
        owner: body.owner.map(Into::into),
        reason: body.reason.map(Into::into),
        until: until.transpose()?,
    };
    let action = Action::ChangeSilence {
        silence: id,
        change: Box::new(change),
    };
    let wish = Wish {
        expected: Some(expected),
        key,
        ..wish(&silence.scope_name, &who, action)
    };
    carry_out(&app, &who, wish).await
}

/// `DELETE /api/v1/silences/{silence}`: ends it; what it was and did stays to be read.
#[utoipa::path(delete, path = "/silences/{silence}", tag = "silences", operation_id = "end_silence", params(("silence" = u64, Path, description = "Its number")), responses((status = 200, description = "It holds no more", body = SilenceShape)))]
pub(super) async fn end(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Number(id): Number,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let (expected, key) = (if_match(&headers)?, key(&headers)?);
    let silence = read(&app, &who, id).await?;
    let action = Action::EndSilence {
        silence: id,
        note: "".into(),
    };
    let wish = Wish {
        expected: Some(expected),
        key,
        ..wish(&silence.scope_name, &who, action)
    };
    carry_out(&app, &who, wish).await
}

/// About the scope and no case.
fn wish(scope: &str, who: &Principal, action: Action) -> Wish {
    Wish {
        scope: scope.into(),
        case: CaseId(0),
        actor: actor(who),
        expected: None,
        key: None,
        action,
    }
}

async fn carry_out(app: &App, who: &Principal, wish: Wish) -> Result<Response, HttpError> {
    let scope = wish.scope.clone();
    let unknown = || {
        HttpError::Body(format!(
            "there is no scope {scope:?}: one is known from its first alert on"
        ))
    };
    if !who.may_see(&scope) {
        return Err(HttpError::Forbidden("this token is not for that scope"));
    }
    let is_new = matches!(wish.action, Action::Silence(_));
    let named = match &wish.action {
        Action::ChangeSilence { silence, .. } | Action::EndSilence { silence, .. } => {
            Some(*silence)
        }
        _ => None,
    };
    let (made, is_done) = match told(app, wish).await? {
        Answer::Done(done) => (done.made, true),
        Answer::Repeated(done) => (done.made, false),
        Answer::Same { .. } => (None, false),
        Answer::Stale { revision } => return Err(HttpError::Stale(revision)),
        Answer::Illegal(illegal) => return Err(HttpError::Illegal(illegal)),
        Answer::Unknown => return Err(unknown()),
        Answer::Merged { .. } => return Err(HttpError::Failed),
    };
    let id = made.map(SilenceId).or(named).ok_or(HttpError::Failed)?;
    let silence = read(app, who, id).await?;
    let mut response = shown(app, &silence);
    if is_new && is_done {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response.into_response())
}

fn invalid(error: InvalidRepeat) -> HttpError {
    HttpError::Body(format!("repeat: {error}"))
}
