//! What holds for every request: how many at once, how long, under which name, and the headers of the answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::options::HttpOptions;
use super::problem::HttpError;
use crate::metrics::{Bound, Metrics};

/// The limits of [`HttpOptions`] at work.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    hosts: Option<Arc<[String]>>,
    turns: Arc<Semaphore>,
    timeout: Duration,
    metrics: Arc<Metrics>,
}

/// For everything that does not bring its own. Nothing may be loaded, framed or kept: an answer holds alerts.
const HEADERS: [(HeaderName, &str); 7] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

impl Guard {
    pub(super) fn new(options: &HttpOptions, is_local: bool, metrics: Arc<Metrics>) -> Self {
        Self {
            hosts: is_local.then(|| options.hosts.clone().into()),
            turns: Arc::new(Semaphore::new(options.requests_max.max(1))),
            timeout: options.request_timeout,
            metrics,
        }
    }

    /// Lets every request to `routes` pass through here.
    pub(super) fn around(self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self, guard))
    }

    async fn answer(&self, request: Request, next: Next) -> Response {
        if !self.is_own_name(&request) {
            return HttpError::Host.into_response();
        }
        let Ok(_turn) = self.turns.try_acquire() else {
            self.metrics.bound_reached(Bound::HttpRequests);
            return HttpError::Busy.into_response();
        };
        let answer = tokio::time::timeout(self.timeout, next.run(request)).await;
        answer.unwrap_or_else(|_| {
            self.metrics.bound_reached(Bound::HttpTime);
            HttpError::Timeout.into_response()
        })
    }

    /// On loopback nobody proves who they are, and a browser on this machine reaches it. A foreign page can point its
    /// own name at 127.0.0.1 and would then read everything as its own; its name gives it away.
    fn is_own_name(&self, request: &Request) -> bool {
        let Some(others) = &self.hosts else {
            return true;
        };
        let Some(host) = host(request) else {
            return false;
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || others.iter().any(|name| name.eq_ignore_ascii_case(&host))
    }
}

/// The host asked for, without its port.
fn host(request: &Request) -> Option<String> {
    let named = request.headers().get(HOST)?.to_str().ok()?;
    let authority: Authority = named.parse().ok()?;
    Some(authority.host().to_owned())
}

async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = guard.answer(request, next).await;
    complete(response.headers_mut());
    response
}

fn complete(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
