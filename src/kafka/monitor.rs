//! What the rest of the process may know of a running source: its state, its lag, and the events that change which
//! offsets count as decided. Snapshots behind mutexes: read by metrics and readiness, never on the way of a record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caseloom_engine::alert::TopicId;

use super::lag::PartitionLag;
use crate::ports::NextOffset;

/// A view of a running source. Cheap to clone, outlives the source.
#[derive(Clone, Debug, Default)]
pub struct SourceMonitor {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    status: Mutex<SourceStatus>,
    lag: Mutex<Vec<PartitionLag>>,
    notices: Mutex<Vec<Notice>>,
    caught_up: AtomicBool,
}

/// The state of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceStatus {
    /// Topics that don't exist; the source waits for them.
    pub topics_missing: Vec<String>,
    /// Partitions being read.
    pub partitions: usize,
    /// Partitions known but not read yet, because their offsets could not be asked for.
    pub partitions_pending: usize,
    /// Partitions that wait for slower ones in a backlog.
    pub partitions_paused: usize,
    /// What went wrong last, until all partitions are fetched again.
    pub trouble: Option<String>,
    /// Nothing is fetched, because the pipeline takes nothing.
    pub held: bool,
    /// How often the reader found its channel full and had to wait for the pipeline.
    pub waits_total: u64,
    /// Records that came twice, after a pause, and were dropped.
    pub repeats_total: u64,
}

impl SourceStatus {
    /// Whether every topic is there and every partition is read.
    pub fn ready(&self) -> bool {
        self.partitions > 0 && self.partitions_pending == 0 && self.topics_missing.is_empty()
    }
}

/// Something that changes the offsets a store should keep. Commit it with the batch it came with, whose records all
/// came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A partition without a stored offset is read from here. Store it: else a restart before its first record would
    /// take the partition for a new one and begin at its beginning, whatever `start` said.
    Assigned(NextOffset),
    /// Records are gone and were passed over, as `accept_gap` allows.
    Gap(Gap),
}

/// A hole in the input: `from` was to be read next, `to` is read instead. `to` is lower where the topic was made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The topic's number in the store.
    pub topic: TopicId,
    /// The partition.
    pub partition: i32,
    /// The offset that is gone.
    pub from: i64,
    /// The offset read next.
    pub to: i64,
    /// How many offsets can't be read any more.
    pub missing: i64,
}

impl SourceMonitor {
    /// The state now.
    pub fn status(&self) -> SourceStatus {
        lock(&self.shared.status).clone()
    }

    /// The lag of each assigned partition, up to one statistics interval old.
    pub fn lag(&self) -> Vec<PartitionLag> {
        lock(&self.shared.lag).clone()
    }

    /// The notices that belong to the records returned by `poll` so far, each once.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *lock(&self.shared.notices))
    }

    pub(super) fn notice(&self, notice: Notice) {
        lock(&self.shared.notices).push(notice);
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut SourceStatus)) {
        change(&mut lock(&self.shared.status));
    }

    pub(super) fn set_lag(&self, lag: Vec<PartitionLag>) {
        *lock(&self.shared.lag) = lag;
    }

    pub(super) fn caught_up(&self) -> bool {
        self.shared.caught_up.load(Ordering::Acquire)
    }

    pub(super) fn set_caught_up(&self, caught_up: bool) {
        self.shared.caught_up.store(caught_up, Ordering::Release);
    }
}

/// A snapshot stays usable if a thread died holding it: it is replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
