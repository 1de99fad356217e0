//! Gauges: what has to be looked at from time to time: lag, sizes on disk, readiness. Off the hot path, on its own
//! thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{DaemonError, spawn};
use crate::backup;
use crate::http::{Check, Readiness};
use crate::kafka::{SourceMonitor, SourceStatus};
use crate::metrics::Metrics;
use crate::pipeline::{LaneStatus, StoreGuard};
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
    pub(super) guard: StoreGuard,
    /// The data directory.
    pub(super) path: PathBuf,
    pub(super) free_bytes_min: u64,
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
        self.look_at_source();
        match self.look_at_store() {
            Ok(()) => self.readiness.pass(Check::Store),
            Err(reason) => self.readiness.fail(Check::Store, reason),
        }
        if let Err(error) = backup::answer(&self.path, &self.reader) {
            tracing::warn!(%error, "cannot answer a request for a backup");
        }
        if let Ok(bytes) = self.reader.approximate_bytes() {
            self.metrics
                .state_bytes
                .set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        self.metrics.ready.set(i64::from(self.readiness.is_ready()));
    }
}

impl Gauges {
    /// Whether the store takes writes, told to the owner too.
    fn look_at_store(&self) -> Result<(), String> {
        let free = free_bytes(&self.path);
        let low = free.filter(|free| *free < self.free_bytes_min);
        let low = low.map(|free| format!("{free} bytes are free, below store.free_bytes_min"));
        self.guard.tell_room(low.clone());
        if let Some(free) = free {
            let free = i64::try_from(free).unwrap_or(i64::MAX);
            self.metrics.store_free_bytes.set(free);
        }
        let health = self.reader.health().map_err(|error| error.to_string())?;
        if health.background_errors > 0 {
            let reason = "a flush or a compaction failed";
            self.guard.tell_failed(reason);
            return Err(reason.into());
        }
        if health.is_write_stopped {
            return Err("writes wait for compaction".into());
        }
        low.map_or(Ok(()), Err)
    }

    fn look_at_source(&self) {
        let status = self.source.status();
        self.metrics.source_held.set(i64::from(status.held));
        for (counter, total) in [
            (&self.metrics.source_waits, status.waits_total),
            (&self.metrics.source_repeats, status.repeats_total),
        ] {
            counter.inc_by(total.saturating_sub(counter.get()));
        }
    }
}

/// What this process may still write on the file system of `path`; `None` where the system does not say.
fn free_bytes(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
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
