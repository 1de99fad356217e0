//! `/api/v1/stream`: case events as server-sent events (WHATWG HTML, 9.2).
//!
//! ```text
//! id: 3f2a91c07be4-17           event: opened, updated, merged ...; data: JSON in one line
//! event: ready                  first of all; its id is a place to come back to
//! event: gap                    Last-Event-ID is not known any more: read the lists
//! event: end                    the last: too_slow, stopping
//! : alive                       every 15 s
//! ```

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use caseloom_engine::ids::CaseId;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::App;
use super::case::case_id;
use super::live::{Behind, Head, Live, Resume};
use super::problem::HttpError;
use super::query::Params;
use super::shape::EventShape;
use crate::access::Principal;
use crate::metrics::Bound;

/// Silence is broken so often: proxies close what says nothing for a minute.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(3);

/// Events taken at once.
const BATCH: usize = 64;

/// Whose events.
struct Filter {
    who: Principal,
    scope: Option<String>,
    case: Option<CaseId>,
}

/// A listener.
struct Listener {
    live: Live,
    head: watch::Receiver<Head>,
    next: u64,
    filter: Filter,
    pending: VecDeque<Event>,
    has_ended: bool,
    _place: OwnedSemaphorePermit,
}

/// `GET /api/v1/stream?scope=&case=`
#[utoipa::path(get, path = "/stream", tag = "stream", operation_id = "stream", params(("scope" = Option<String>, Query, description = "Only this scope"), ("case" = Option<String>, Query, description = "Only this case"), ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this event")), responses((status = 200, description = "Server-sent events without an end; data of case events", body = EventShape, content_type = "text/event-stream")))]
pub(super) async fn stream(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, HttpError> {
    params.only(&["scope", "case"])?;
    let filter = Filter {
        scope: params.get("scope").map(str::to_owned),
        case: params
            .get("case")
            .map(|case| {
                case_id(case).map_err(|_| HttpError::parameter("case", "must be a case id"))
            })
            .transpose()?,
        who,
    };
    let seen = headers.get(HeaderName::from_static("last-event-id"));
    let seen = seen.map(|id| id.to_str().unwrap_or_default().to_owned());
    let place = std::sync::Arc::clone(&app.live.places).try_acquire_owned();
    let place = place.map_err(|_| {
        app.metrics.bound_reached(Bound::HttpListeners);
        HttpError::Busy
    })?;
    let listener = Listener::new(app.live.clone(), filter, seen.as_deref(), place);
    let events = stream::unfold(listener, |listener| listener.next());
    let alive = KeepAlive::new().interval(ALIVE_EVERY).text("alive");
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

impl Listener {
    fn new(live: Live, filter: Filter, seen: Option<&str>, place: OwnedSemaphorePermit) -> Self {
        let head = live.head();
        let end = head.borrow().next;
        let mut pending = VecDeque::new();
        let next = match seen.map(|id| live.resume(id)) {
            None => end,
            Some(Resume::At(next)) => next,
            Some(Resume::Gap(reason)) => {
                pending.push_back(said("gap", reason));
                end
            }
        };
        // Its id is that of the event before, so that who leaves before the first one knows where to go on.
        let ready = Event::default().event("ready").retry(RETRY).data("{}");
        pending.push_front(ready.id(live.id(next - 1)));
        Self {
            live,
            head,
            next,
            filter,
            pending,
            has_ended: false,
            _place: place,
        }
    }

    /// The next event. Cancelled, nothing is lost: it is taken from the ring again.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some((Ok(event), self));
            }
            if self.has_ended {
                return None;
            }
            match self.live.behind(self.next, BATCH) {
                Behind::Events(events) => {
                    for told in events {
                        self.next = told.number + 1;
                        if self.filter.wants(&told.scope, told.case) {
                            let event = Event::default().id(self.live.id(told.number));
                            self.pending
                                .push_back(event.event(told.kind).data(&told.data));
                        }
                    }
                }
                Behind::Overtaken => self.end("too_slow"),
                Behind::Nothing => {
                    if self.head.borrow_and_update().is_closing {
                        self.end("stopping");
                    } else if self.live.is_behind(self.next) {
                        // It came between the two looks.
                    } else if self.head.changed().await.is_err() {
                        self.end("stopping");
                    }
                }
            }
        }
    }

    fn end(&mut self, reason: &str) {
        self.pending.push_back(said("end", reason));
        self.has_ended = true;
    }
}

impl Filter {
    fn wants(&self, scope: &str, case: CaseId) -> bool {
        self.who.may_see(scope)
            && self.scope.as_ref().is_none_or(|only| only == scope)
            && self.case.is_none_or(|only| only == case)
    }
}

fn said(event: &str, reason: &str) -> Event {
    Event::default()
        .event(event)
        .data(format!("{{\"reason\":\"{reason}\"}}"))
}
