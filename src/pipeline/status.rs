//! How the publisher lane is doing: told by the lane, read by the owner, readiness and the daemon.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A view of the lane; clones share it.
#[derive(Clone, Debug, Default)]
pub struct LaneStatus {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    is_open: bool,
    trouble: Option<String>,
    failed: Option<String>,
}

impl LaneStatus {
    /// Whether the output was seen to be this store's. Nothing may be decided before: it could not be published.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock().is_open
    }

    /// Why nothing can be published for now.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), String> {
        let state = self.lock();
        if let Some(reason) = state.failed.as_ref().or(state.trouble.as_ref()) {
            return Err(reason.clone());
        }
        match state.is_open {
            true => Ok(()),
            false => Err("what was published so far is not read yet".into()),
        }
    }

    /// Why the lane ended, if it did.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    /// Waits until something was published, up to `timeout`.
    pub fn wait_for_progress(&self, timeout: Duration) {
        let state = self.lock();
        drop(self.shared.1.wait_timeout(state, timeout));
    }

    /// The lane is open, and what it did last went well.
    pub(super) fn tell_going(&self) {
        self.set(|state| {
            state.is_open = true;
            state.trouble = None;
        });
    }

    pub(super) fn tell_trouble(&self, reason: String) {
        self.set(|state| state.trouble = Some(reason));
    }

    pub(super) fn tell_failed(&self, reason: String) {
        self.set(|state| state.failed = Some(reason));
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.shared.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of a panic, so that the owner doesn't go on without a lane.
pub(super) struct PanicTold(pub(super) LaneStatus);

impl Drop for PanicTold {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.tell_failed("it panicked".into());
        }
    }
}
