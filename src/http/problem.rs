//! Refusals: one error type for all handlers, answered as a problem document (RFC 9457).
//!
//! ```json
//! {"type": "urn:caseloom:problem:invalid_parameter", "title": "a parameter is not valid", "status": 400,
//!  "detail": "limit must be a number from 1 to 500", "parameter": "limit"}
//! ```
//!
//! `type` names the kind for programs. `detail` says what was wrong with the request, and never what is inside: a broken
//! store is told to the log, the client hears that it is broken.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::Illegal;
use caseloom_engine::ids::{CaseId, SilenceId};
use serde::Serialize;

use crate::store::StoreError;
use crate::view::SearchError;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// A parameter is unknown, doubled or out of its range.
    #[error("{parameter}: {must}")]
    Parameter {
        parameter: Cow<'static, str>,
        must: Cow<'static, str>,
    },
    /// A search that is not understood.
    #[error("q: {0}")]
    Search(SearchError),
    /// There is no such case.
    #[error("there is no case {0}")]
    NoCase(CaseId),
    /// There is no such silence.
    #[error("there is no silence {}", .0.0)]
    NoSilence(SilenceId),
    /// There is no such alert in the case.
    #[error("there is no alert or activity {0:?} in case {1}")]
    NoAlert(String, CaseId),
    /// The path names nothing.
    #[error("there is nothing at {0}")]
    NoRoute(String),
    /// The path names something else to do.
    #[error("{0} is not possible here")]
    Method(Method),
    /// Asked for under a foreign name.
    #[error("this is not the host that was asked for")]
    Host,
    /// Too many requests at once.
    #[error("too many requests at once; try again in a moment")]
    Busy,
    /// Somebody asks too often.
    #[error("too many requests; ask again in {} s", .0.as_secs())]
    TooOften(Duration),
    /// It took too long.
    #[error("the answer took too long; ask for less, or try again in a moment")]
    Timeout,
    /// The store can't be read.
    #[error("the store cannot be read; see the log")]
    Store(#[source] StoreError),
    /// Nobody is who they should be.
    #[error("show a token: Authorization: Bearer TOKEN")]
    Unauthorized,
    /// They may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A write without `If-Match`.
    #[error(
        "a write must say which revision it has seen: If-Match: \"<revision>\", as ETag has it"
    )]
    NoRevision,
    /// A write on what was not the last revision.
    #[error("the case has changed since then: it has revision {0} now")]
    Stale(u64),
    /// A write on a case that is part of another now.
    #[error("case {0} is part of {1} now: look at that one, and write there")]
    Merged(CaseId, CaseId),
    /// The case does not allow it.
    #[error("{0}")]
    Illegal(Illegal),
    /// A body of another kind.
    #[error("the body must be application/json")]
    MediaType,
    /// A body that is too long.
    #[error("the body is too long")]
    TooLarge,
    /// A body that says nothing useful.
    #[error("the body is not understood: {0}")]
    Body(String),
    /// Nothing takes writes here.
    #[error("nothing can be written here")]
    ReadOnly,
    /// The evidence store failed.
    #[error("the evidence cannot be read or written; see the log")]
    Evidence(#[source] std::io::Error),
    /// A read died.
    #[error("the request failed inside; see the log")]
    Failed,
}

/// The document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Problem {
    /// `urn:caseloom:problem:` and the kind, for programs.
    r#type: String,
    /// The kind in a few words.
    #[schema(value_type = String)]
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What was wrong with this request.
    detail: String,
    /// The parameter or header that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// Number of the character in the parameter, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
}

impl HttpError {
    /// A parameter that must be something else.
    pub(super) fn parameter(
        parameter: impl Into<Cow<'static, str>>,
        must: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Parameter {
            parameter: parameter.into(),
            must: must.into(),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Parameter { .. } | Self::Search(_) => StatusCode::BAD_REQUEST,
            Self::NoCase(_) | Self::NoSilence(_) | Self::NoAlert(..) | Self::NoRoute(_) => {
                StatusCode::NOT_FOUND
            }
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NoRevision => StatusCode::PRECONDITION_REQUIRED,
            Self::Stale(_) => StatusCode::PRECONDITION_FAILED,
            Self::Merged(..) => StatusCode::CONFLICT,
            Self::Illegal(illegal) => illegal_status(*illegal),
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Timeout | Self::ReadOnly => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Evidence(_) | Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The kind, in one word and in a few.
    pub(super) fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Parameter { .. } => ("invalid_parameter", "a parameter is not valid"),
            Self::Search(_) => ("invalid_search", "the search is not understood"),
            Self::NoCase(_) => ("no_such_case", "no such case"),
            Self::NoSilence(_) => ("no_such_silence", "no such silence"),
            Self::NoAlert(..) => ("no_such_alert", "no such alert"),
            Self::NoRoute(_) => ("not_found", "nothing here"),
            Self::Method(_) => ("method_not_allowed", "not possible here"),
            Self::Host => ("foreign_host", "asked for under a foreign name"),
            Self::Busy => ("busy", "too many requests at once"),
            Self::TooOften(_) => ("too_many_requests", "too many requests"),
            Self::Timeout => ("timeout", "the answer took too long"),
            Self::Unauthorized => ("unauthorized", "nobody is known by this"),
            Self::Forbidden(_) => ("forbidden", "not allowed"),
            Self::NoRevision => ("precondition_required", "the revision is missing"),
            Self::Stale(_) => ("stale", "the case has changed"),
            Self::Merged(..) => ("merged", "the case is part of another"),
            Self::Illegal(illegal) => (illegal.as_str(), "the case does not allow it"),
            Self::MediaType => ("media_type", "a body of another kind"),
            Self::TooLarge => ("too_large", "the body is too long"),
            Self::Body(_) => ("invalid_body", "the body is not valid"),
            Self::ReadOnly => ("read_only", "nothing can be written here"),
            Self::Evidence(_) => ("evidence_failed", "the evidence cannot be used"),
            Self::Store(_) => ("store_failed", "the store cannot be read"),
            Self::Failed => ("failed", "the request failed"),
        }
    }

    pub(super) fn document(&self) -> Problem {
        let (word, title) = self.kind();
        Problem {
            r#type: format!("urn:caseloom:problem:{word}"),
            title,
            status: self.status().as_u16(),
            detail: self.to_string(),
            parameter: match self {
                Self::Parameter { parameter, .. } => Some(parameter.to_string()),
                Self::Search(_) => Some("q".to_owned()),
                _ => None,
            },
            position: match self {
                Self::Search(error) => Some(error.position),
                _ => None,
            },
        }
    }
}

/// What the case's state refuses is a conflict; what no state would take, or a key that was another wish's, is the
/// request's own fault.
fn illegal_status(illegal: Illegal) -> StatusCode {
    match illegal {
        Illegal::NoNote | Illegal::NoTask | Illegal::NoEvidence | Illegal::NoCase(_) => {
            StatusCode::NOT_FOUND
        }
        Illegal::NotTheAuthor => StatusCode::FORBIDDEN,
        Illegal::Empty(_)
        | Illegal::TooLong { .. }
        | Illegal::Matcher(_)
        | Illegal::Times(_)
        | Illegal::HoldsTooLong { .. }
        | Illegal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InvalidCursor => {
                Self::parameter("cursor", "must be one of an earlier page of this case")
            }
            error => Self::Store(error),
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(error = %error, source = ?std::error::Error::source(error), "a request could not read the store");
        }
        if let Self::Evidence(error) = &self {
            tracing::error!(%error, "the evidence failed");
        }
        let mut response = (self.status(), Json(self.document())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if matches!(self, Self::Busy | Self::Timeout) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Self::TooOften(wait) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if let Self::Stale(revision) = self
            && let Ok(etag) = HeaderValue::from_str(&format!("\"{revision}\""))
        {
            headers.insert(ETAG, etag);
        }
        if matches!(self, Self::Unauthorized) {
            let basic = "Basic realm=\"caseloom\", charset=\"UTF-8\"";
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(basic));
        }
        response
    }
}
