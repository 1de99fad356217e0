//! The case tools downstream: their shelf, and a thread for each.

use std::sync::Arc;
use std::thread::JoinHandle;

use caseloom_engine::time::Span;

use super::{DaemonError, spawn};
use crate::clock::Clock;
use crate::config::{Config, ToolConfig};
use crate::metrics::Metrics;
use crate::outputs::{self, Client, Shelf, ShelfBounds, Worker, WorkerParts, token_header, tool};
use crate::pipeline::{Mailbox, StoreGuard};
use crate::shutdown::Shutdown;
use crate::store::{Feed, StoreError};

/// What outputs share.
pub(super) struct Shared {
    pub(super) mailbox: Mailbox,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) guard: StoreGuard,
}

/// The shelf of the configured outputs. Without any, what is left of former ones goes.
pub(super) fn shelf(
    config: &Config,
    feed: Feed,
    head: u64,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Shelf>, StoreError> {
    let names: Vec<_> = config
        .outputs
        .iter()
        .map(|tool| tool.name.clone())
        .collect();
    let age = config.store.feed_age_max.as_millis();
    let bounds = ShelfBounds {
        bytes_max: config.store.feed_bytes_max as u64,
        age_max: Span(i64::try_from(age).unwrap_or(i64::MAX)),
    };
    Shelf::open(Arc::new(feed), &names, head, bounds, Arc::clone(metrics)).map(Arc::new)
}

/// Starts a thread for each output.
pub(super) fn start(
    config: &Config,
    shelf: &Arc<Shelf>,
    shared: &Shared,
    shutdown: &Shutdown,
) -> Result<Vec<(&'static str, JoinHandle<()>)>, DaemonError> {
    let mut threads = Vec::new();
    for tool in &config.outputs {
        let worker = Worker::new(parts(tool, shelf, shared)?);
        let (clock, guard) = (Arc::clone(&shared.clock), shared.guard.clone());
        let shutdown = shutdown.clone();
        tracing::info!(
            output = tool.name,
            kind = tool.kind.as_str(),
            "output begins"
        );
        let thread = spawn("output", move || {
            outputs::run(worker, &*clock, &guard, &shutdown);
        })?;
        threads.push(("output", thread));
    }
    Ok(threads)
}

fn parts(
    config: &ToolConfig,
    shelf: &Arc<Shelf>,
    shared: &Shared,
) -> Result<WorkerParts, DaemonError> {
    let failed = |what: String| DaemonError::System {
        source: std::io::Error::other(what),
        what: format!("cannot begin the output {}", config.name),
    };
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| failed(error.to_string()))?;
    let clock = Arc::clone(&shared.clock);
    Ok(WorkerParts {
        name: config.name.clone(),
        wanted: config.wanted.clone(),
        tool: tool(config),
        client: Client::new(config, token_header(config.kind), clock).map_err(failed)?,
        shelf: Arc::clone(shelf),
        mailbox: shared.mailbox.clone(),
        metrics: Arc::clone(&shared.metrics),
        clock: Arc::clone(&shared.clock),
        seed: u64::from_le_bytes(seed),
    })
}
