//! Gauges: what has to be looked at from time to time: lag, sizes on disk, readiness. Off the hot path, on its own
//! thread.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{DaemonError, spawn};
use crate::http::{Check, Readiness};
use crate::kafka::{SourceMonitor, SourceStatus};
use crate::metrics::Metrics;
use crate::pipeline::LaneStatus;
use crate::shutdown::Shutdown;
use crate::store::StoreReader;

/// How often they are read. A scrape is rarer.
const EVERY: Duration = Duration::from_millis(500);

/// Where to look, and where to say it.
pub(super) struct Gauges {
    pub(super) source: SourceMonitor,
    pub(super) lane: LaneStatus,
    pub(super) reader: StoreReader,
    pub(super) readiness: Readiness,
    pub(super) metrics: Arc<Metrics>,
}

impl Gauges {
    /// Looks until the wish to stop.
    pub(super) fn spawn(self, shutdown: &Shutdown) -> Result<JoinHandle<()>, DaemonError> {
        let (source, lane) = (self.source.clone(), self.lane.clone());
        self.readiness
            .probe(Check::TopicsAssigned, move || assigned(&source.status()));
        self.readiness.probe(Check::Publisher, move || lane.check());
        let shutdown = shutdown.clone();
        spawn("gauges", move || {
            loop {
                self.look();
                if shutdown.wait_timeout(EVERY) {
                    return;
                }
            }
        })
    }

    fn look(&self) {
        for lag in self.source.lag() {
            self.metrics.set_lag(&lag.topic, lag.partition, lag.lag);
        }
        match self.reader.health() {
            Ok(health) if health.is_ready() => self.readiness.pass(Check::Store),
            Ok(_) => self.readiness.fail(
                Check::Store,
                "rocksdb stopped writes or met background errors",
            ),
            Err(error) => self.readiness.fail(Check::Store, error.to_string()),
        }
        if let Ok(bytes) = self.reader.approximate_bytes() {
            self.metrics
                .state_bytes
                .set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        self.metrics.ready.set(i64::from(self.readiness.is_ready()));
    }
}

/// Whether every partition is read.
fn assigned(status: &SourceStatus) -> Result<(), String> {
    if status.ready() {
        return Ok(());
    }
    if !status.topics_missing.is_empty() {
        return Err(format!(
            "topics that don't exist: {}",
            status.topics_missing.join(", ")
        ));
    }
    Err(status
        .trouble
        .clone()
        .unwrap_or_else(|| "no partition is read yet".into()))
}
