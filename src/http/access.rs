//! Who asks: a token in `Authorization: Bearer`, or as the password of `Basic`, so that a browser asks for it too. Every
//! request below the API and the pages passes [`admit`]; handlers find the [`Principal`] in its extensions.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use caseloom_engine::ids::CaseId;

use super::App;
use super::problem::HttpError;
use super::rate::{Key, Peer};
use super::reads::Data;
use crate::access::{Principal, Role, Tokens};
use crate::metrics::Bound;

/// What is asked of whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The tokens; none: nobody can prove anything.
    pub tokens: Tokens,
    /// Reading needs no token.
    pub anonymous_reads: bool,
    /// Writing needs no token; on loopback only.
    pub anonymous_writes: bool,
}

impl Access {
    /// Everything may be read, nothing written: what a machine's own users may do by default.
    #[must_use]
    pub fn read_only() -> Self {
        Self {
            anonymous_reads: true,
            ..Self::default()
        }
    }

    fn principal(&self, headers: &HeaderMap) -> Result<Principal, HttpError> {
        if let Some(secret) = secret(headers)? {
            return self.tokens.find(&secret).ok_or(HttpError::Unauthorized);
        }
        match (self.anonymous_writes, self.anonymous_reads) {
            (true, _) => Ok(Principal::anonymous(Role::Admin)),
            (false, true) => Ok(Principal::anonymous(Role::Viewer)),
            (false, false) => Err(HttpError::Unauthorized),
        }
    }
}

/// Lets a request through whose sender may ask it: whoever may see the scope of the case in its path, and for a write
/// is an analyst there.
pub(super) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let head = Head {
        peer: request.extensions().get().map(|Peer(peer)| *peer),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        headers: request.headers().clone(),
    };
    match check(&app, head).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

/// What is looked at of a request.
struct Head {
    peer: Option<IpAddr>,
    method: Method,
    path: String,
    headers: HeaderMap,
}

async fn check(app: &App, head: Head) -> Result<Principal, HttpError> {
    let principal = app.access.principal(&head.headers);
    take_turn(app, &head, principal.as_ref().ok())?;
    let principal = principal?;
    if !matches!(head.method, Method::GET | Method::HEAD) {
        own_page(&head.headers)?;
        if principal.role < Role::Analyst {
            return Err(match principal.is_proven {
                true => HttpError::Forbidden("this token may read only"),
                false => HttpError::Unauthorized,
            });
        }
    }
    if principal.scopes.is_some() && !head.path.starts_with("/api/") {
        return Err(HttpError::Forbidden(
            "pages and metrics are about all scopes; this token is not",
        ));
    }
    if principal.scopes.is_some()
        && let Some(case) = case_of(&head.path)
    {
        let scope = app.reads.run(move |data| scope_of(data, case)).await?;
        if !principal.may_see(&scope) {
            // As if it were not there: who may not see a scope may not learn what is in it.
            return Err(HttpError::NoCase(case));
        }
    }
    Ok(principal)
}

/// A scrape is let through: whoever is limited must be seen.
fn take_turn(app: &App, head: &Head, who: Option<&Principal>) -> Result<(), HttpError> {
    if head.path == "/metrics" {
        return Ok(());
    }
    let key = match who.filter(|who| who.is_proven) {
        Some(who) => Key::Token(who.name.clone()),
        None => Key::Peer(head.peer),
    };
    let taken = app.rates.take(key, Instant::now());
    if taken.is_err() {
        app.metrics.bound_reached(Bound::HttpRate);
    }
    taken
}

/// Refuses what a page of another origin sends with a browser's help. That no such page can send `If-Match` without
/// being allowed to is the other wall.
pub(super) fn own_page(headers: &HeaderMap) -> Result<(), HttpError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_foreign = |origin: &str| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_none() || host != text(HOST.as_str())
    };
    let crosses = matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"));
    match crosses || text(ORIGIN.as_str()).is_some_and(is_foreign) {
        true => Err(HttpError::Forbidden("another site's page asked for it")),
        false => Ok(()),
    }
}

fn secret(headers: &HeaderMap) -> Result<Option<String>, HttpError> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| HttpError::Unauthorized)?;
    let (scheme, rest) = text.split_once(' ').ok_or(HttpError::Unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Some(rest.trim().to_owned()));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD
            .decode(rest.trim())
            .map_err(|_| HttpError::Unauthorized)?;
        let decoded = String::from_utf8(decoded).map_err(|_| HttpError::Unauthorized)?;
        let (_, password) = decoded.split_once(':').ok_or(HttpError::Unauthorized)?;
        return Ok(Some(password.to_owned()));
    }
    Err(HttpError::Unauthorized)
}

/// The case in a path such as `/api/v1/cases/ID/notes` or `/cases/ID`.
fn case_of(path: &str) -> Option<CaseId> {
    let mut parts = path.split('/');
    parts.find(|part| matches!(*part, "cases" | "candidates"))?;
    parts.next()?.parse().ok()
}

fn scope_of(data: &Data, case: CaseId) -> Result<String, HttpError> {
    let group = data.store.case(case)?.ok_or(HttpError::NoCase(case))?;
    Ok(group.scope_name.to_string())
}
