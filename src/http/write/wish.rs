//! A write on its way: what its head says, its body, the command, and the answer as HTTP.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::{Action, Actor, Answer, Done, Proof};
use caseloom_engine::ids::CaseId;
use compact_str::CompactString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::Principal;
use crate::http::App;
use crate::http::case::Id;
use crate::http::problem::HttpError;
use crate::http::shape::CaseShape;
use crate::pipeline::Wish;

/// Longest idempotency key; a UUID has 36.
const KEY_BYTES_MAX: usize = 128;

/// How long an answer is waited for; the request's own time is longer. Later the outcome is open, and the key tells.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the head of a write says.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) case: CaseId,
    pub(super) expected: Option<u64>,
    pub(super) key: Option<CompactString>,
}

/// A JSON body.
pub(in crate::http) struct Body<T>(pub(in crate::http) T);

/// The answer to a write that was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Written {
    revision: u64,
    audit_seq: Option<u64>,
    /// Number of the note, task or evidence.
    number: Option<u64>,
    /// It was done when this key was used before.
    repeated: bool,
    case: CaseShape,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Id(case) = Id::from_request_parts(parts, state).await?;
        Ok(Self {
            case,
            expected: Some(if_match(&parts.headers)?),
            key: key(&parts.headers)?,
        })
    }
}

/// `"7"`, and nothing else: a weak tag, a list or `*` would let somebody write what they have not seen.
pub(in crate::http) fn if_match(headers: &HeaderMap) -> Result<u64, HttpError> {
    let value = headers.get(IF_MATCH).ok_or(HttpError::NoRevision)?;
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    number.ok_or_else(|| {
        HttpError::parameter("If-Match", "must be the revision in quotes, as ETag has it")
    })
}

pub(in crate::http) fn key(headers: &HeaderMap) -> Result<Option<CompactString>, HttpError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().ok().map(str::trim);
    let text = text.filter(|text| (1..=KEY_BYTES_MAX).contains(&text.len()));
    text.map(|text| Some(text.into())).ok_or_else(|| {
        HttpError::parameter("Idempotency-Key", "must be 1 to 128 visible characters")
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // A form of another site can send anything but this without asking first.
        if !kind
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        {
            return Err(HttpError::MediaType);
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| HttpError::TooLarge)?;
        serde_json::from_slice(&bytes)
            .map(Body)
            .map_err(|error| HttpError::Body(error.to_string()))
    }
}

/// Hands a command in, waits, and says what came of it.
pub(super) async fn carry_out(
    app: &App,
    who: &Principal,
    asked: Asked,
    action: Action,
) -> Result<Response, HttpError> {
    let case = asked.case;
    let makes = matches!(
        action,
        Action::Note { .. } | Action::AddTask(_) | Action::AddEvidence(_)
    );
    let answer = submit(app, who, asked, action).await?;
    let (done, is_repeated) = match answer {
        Answer::Done(done) => (Some(done), false),
        Answer::Repeated(done) => (Some(done), true),
        Answer::Same { .. } => (None, false),
        refused => return Err(refusal(refused, case)),
    };
    written(app, case, done, is_repeated, makes).await
}

/// The answer of the engine.
pub(super) async fn submit(
    app: &App,
    who: &Principal,
    asked: Asked,
    action: Action,
) -> Result<Answer, HttpError> {
    let case = asked.case;
    let group = app
        .reads
        .run(move |data| data.store.case(case)?.ok_or(HttpError::NoCase(case)))
        .await?;
    if !who.may_see(&group.scope_name) {
        return Err(HttpError::NoCase(case));
    }
    let wish = Wish {
        scope: group.scope_name,
        case,
        actor: actor(who),
        expected: asked.expected,
        key: asked.key,
        action,
    };
    told(app, wish).await
}

/// What the engine says to a wish, once it is durable.
pub(in crate::http) async fn told(app: &App, wish: Wish) -> Result<Answer, HttpError> {
    let desk = app.desk.as_ref().ok_or(HttpError::ReadOnly)?;
    let told = desk.submit(wish).map_err(|_| HttpError::Busy)?;
    let answer = tokio::time::timeout(PATIENCE, told).await;
    // Without an answer it is not known whether it was done: the process ends, or is busy.
    answer.ok().and_then(Result::ok).ok_or(HttpError::Timeout)
}

pub(in crate::http) fn actor(who: &Principal) -> Actor {
    Actor {
        name: who.name.as_str().into(),
        proof: match who.is_proven {
            true => Proof::Token,
            false => Proof::Unproven,
        },
    }
}

pub(super) fn refusal(answer: Answer, case: CaseId) -> HttpError {
    match answer {
        Answer::Stale { revision } => HttpError::Stale(revision),
        Answer::Illegal(illegal) => HttpError::Illegal(illegal),
        Answer::Unknown => HttpError::NoCase(case),
        // No redirect: a client that follows it would write on a case that nobody there has seen.
        Answer::Merged { into } => HttpError::Merged(case, into),
        Answer::Done(_) | Answer::Repeated(_) | Answer::Same { .. } => HttpError::Failed,
    }
}

async fn written(
    app: &App,
    case: CaseId,
    done: Option<Done>,
    repeated: bool,
    makes: bool,
) -> Result<Response, HttpError> {
    let group = app
        .reads
        .run(move |data| data.store.case(case)?.ok_or(HttpError::NoCase(case)))
        .await?;
    let status = match makes && !repeated {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let body = Written {
        revision: done.map_or(group.revision, |done| done.revision),
        audit_seq: done.map(|done| done.seq),
        number: done.and_then(|done| done.made),
        repeated,
        case: CaseShape::new(&group),
    };
    let etag = format!("\"{}\"", group.revision);
    Ok((status, [(ETAG, etag)], Json(body)).into_response())
}
