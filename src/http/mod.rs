//! The HTTP side: probes, metrics, the API under `/api/v1` and the pages for people. Reads only.
//!
//! Everything comes from the read view or the store, on blocking threads; nothing here reaches the engine or the owner
//! thread. [`router`] answers requests, [`serve()`] takes connections; both get all they need as arguments.
//!
//! Rooms: `health`, `metrics`, `cases` (lists), `case` (one), `alerts`, `explain`, `page` (for people); `query` and `shape` are
//! the words of the API, `reads` the way to the data, `guard` and `serve` the limits, `problem` the refusals.

mod alerts;
mod case;
mod cases;
mod explain;
mod guard;
mod health;
mod metrics;
mod options;
mod page;
mod problem;
mod query;
mod reads;
mod serve;
mod shape;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::routing::get;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::StoreReader;
use crate::view::CaseView;

pub use health::{Check, Readiness, Reason};
pub use options::HttpOptions;
pub use serve::serve;

use problem::HttpError;
use reads::Reads;

/// What the HTTP side reads from.
#[derive(Clone)]
pub struct HttpParts {
    /// Headers of cases and candidates.
    pub view: Arc<CaseView>,
    /// Everything else about them.
    pub reader: StoreReader,
    /// Served at `/metrics`; also counts what the HTTP side refuses.
    pub metrics: Arc<Metrics>,
    /// Served at `/readyz`.
    pub readiness: Readiness,
    /// For "3 min ago".
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for HttpParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpParts").finish_non_exhaustive()
    }
}

/// The state of all handlers.
#[derive(Clone)]
struct App {
    reads: Reads,
    metrics: Arc<Metrics>,
    readiness: Readiness,
    clock: Arc<dyn Clock>,
}

/// Answers requests. `is_local`: the listener is on loopback, so that names other than this machine's are refused.
pub fn router(parts: HttpParts, options: &HttpOptions, is_local: bool) -> Router {
    let guard = guard::Guard::new(options, is_local, Arc::clone(&parts.metrics));
    let app = App {
        reads: Reads::new(parts.view, parts.reader, options.reads_max),
        metrics: parts.metrics,
        readiness: parts.readiness,
        clock: parts.clock,
    };
    let api = Router::new()
        .route("/cases", get(cases::cases))
        .route("/candidates", get(cases::candidates))
        .route("/cases/{id}", get(case::case))
        .route("/cases/{id}/alerts", get(alerts::alerts))
        .route("/cases/{id}/explain", get(explain::explain))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    let routes = Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .nest("/api/v1", api)
        .merge(page::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app);
    guard.around(routes)
}

async fn not_found(uri: Uri) -> HttpError {
    HttpError::NoRoute(uri.path().to_owned())
}

async fn method_not_allowed(method: Method) -> HttpError {
    HttpError::Method(method)
}
