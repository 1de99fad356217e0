//! The HTTP side: probes, metrics, the API under `/api/v1` and the pages for people.
//!
//! What is read comes from the read view or the store, on blocking threads; what is written goes to the owner thread as a
//! command (`write`), and is answered when it is durable. [`router`] answers requests, [`serve()`] takes connections; both get all they need as arguments.
//!
//! Rooms: `access` (who asks), `health`, `metrics`, `cases` (lists), `case` (one), `alerts`, `explain`, `apart` (why
//! not), `memory` (background, hubs, policy), `silences`, `work`, `timeline`, `report`, `audit`, `page` (for people); `query` and
//! `shape` are the words of the API, `live` and `stream` what happens, `reads` the way to the data, `guard`, `rate`,
//! `patient` and `serve` the limits, `problem` the refusals.

mod access;
mod alerts;
mod apart;
mod audit;
mod case;
mod cases;
mod explain;
mod guard;
mod health;
mod kpis;
mod memory;
mod live;
mod metrics;
mod openapi;
mod options;
mod page;
mod patient;
mod problem;
mod query;
mod rate;
mod reads;
mod report;
mod serve;
mod shape;
mod silences;
mod stream;
mod timeline;
mod words;
mod work;
mod write;

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;

use crate::clock::Clock;
use crate::evidence::EvidenceStore;
use crate::metrics::Metrics;
use crate::pipeline::Desk;
use crate::store::StoreReader;
use crate::view::CaseView;

pub use access::Access;
pub use health::{Check, Readiness, Reason};
pub use live::Live;
pub use options::HttpOptions;
pub use serve::serve;

use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use problem::HttpError;
use rate::Rates;
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
    /// Takes commands; without it nothing can be written.
    pub desk: Option<Desk>,
    /// Holds evidence.
    pub evidence: Option<EvidenceStore>,
    /// Who may do what.
    pub access: Access,
    /// Case events for those who listen.
    pub live: Live,
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
    desk: Option<Desk>,
    evidence: Option<EvidenceStore>,
    access: Arc<Access>,
    live: Live,
    rates: Arc<Rates>,
    uploads: Arc<Semaphore>,
    /// Filled once all routes are known.
    document: Arc<OnceLock<String>>,
}

/// Answers requests. `is_local`: the listener is on loopback, so that names other than this machine's are refused.
pub fn router(parts: HttpParts, options: &HttpOptions, is_local: bool) -> Router {
    let guard = guard::Guard::new(options, is_local, Arc::clone(&parts.metrics));
    let app = App {
        reads: Reads::new(parts.view, parts.reader, options.reads_max),
        metrics: parts.metrics,
        readiness: parts.readiness,
        clock: parts.clock,
        desk: parts.desk,
        evidence: parts.evidence,
        access: Arc::new(parts.access),
        live: parts.live,
        rates: Arc::new(Rates::new(options.requests_per_second)),
        uploads: Arc::new(Semaphore::new(options.uploads_max.max(1))),
        document: Arc::default(),
    };
    let api = OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(openapi::openapi))
        .routes(routes!(cases::cases))
        .routes(routes!(cases::candidates))
        .routes(routes!(memory::background))
        .routes(routes!(apart::apart))
        .routes(routes!(memory::hubs))
        .routes(routes!(memory::policy))
        .routes(routes!(alerts::alerts))
        .routes(routes!(explain::explain))
        .routes(routes!(timeline::timeline))
        .routes(routes!(report::report))
        .routes(routes!(work::audit))
        .routes(routes!(stream::stream))
        .routes(routes!(audit::audit))
        .routes(routes!(kpis::kpis))
        .routes(routes!(audit::heads))
        .merge(silences::routes())
        .merge(write::routes());
    let (api, of_api) = api.split_for_parts();
    let api = api
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    let (metrics, of_metrics) = OpenApiRouter::new()
        .routes(routes!(metrics::metrics))
        .split_for_parts();
    let (probes, of_probes) = OpenApiRouter::new()
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .split_for_parts();
    let document = of_probes.merge_from(of_metrics).nest("/api/v1", of_api);
    app.document.get_or_init(|| openapi::complete(&document));
    let guarded = Router::new()
        .merge(metrics)
        .nest("/api/v1", api)
        .merge(page::routes())
        .layer(from_fn_with_state(app.clone(), access::admit));
    let routes = Router::new()
        .merge(probes)
        .merge(guarded)
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
