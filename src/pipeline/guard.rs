//! The guard: what the owner must know of the store besides what its own writes tell. Told by the gauges, off the hot
//! path.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared between the gauges and the owner; clones share it.
#[derive(Clone, Debug, Default)]
pub struct StoreGuard {
    shared: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    low_room: Option<String>,
    failed: Option<String>,
}

impl StoreGuard {
    /// Whether there is too little room on the disk to go on writing, and how little.
    pub fn tell_room(&self, low: Option<String>) {
        self.lock().low_room = low;
    }

    /// The store met an error of which no write has told yet.
    pub fn tell_failed(&self, reason: impl Into<String>) {
        let reason = reason.into();
        self.lock().failed.get_or_insert(reason);
    }

    /// Why nothing must be written for now.
    #[must_use]
    pub fn low_room(&self) -> Option<String> {
        self.lock().low_room.clone()
    }

    /// Why nothing can be written any more.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
