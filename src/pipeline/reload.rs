//! A policy on its way to the owner: whoever reads the file posts it, the owner takes it between two batches.
//!
//! There is one place: a policy that was not taken yet is replaced by a newer one, so nothing can pile up.

use std::sync::{Arc, Mutex, PoisonError};

use caseloom_engine::context::Context;
use caseloom_engine::policy::Policy;
use caseloom_engine::time::Timestamp;

use super::intake::Intake;
use crate::config::{Change, changes};
use crate::metrics::{Metrics, Reload};

/// Holds the next policy. Clones share it. A std Mutex, because it is held for a move only.
#[derive(Clone, Debug, Default)]
pub struct PolicyPost(Arc<Mutex<Option<Box<Policy>>>>);

impl PolicyPost {
    /// Posts a checked policy.
    pub fn post(&self, policy: Policy) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(policy));
    }

    /// Takes what was posted last.
    pub fn take(&self) -> Option<Box<Policy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Puts a policy that was posted in force; it is written with the batch at hand.
pub(super) fn adopt(post: &PolicyPost, intake: &mut Intake, now: Timestamp, metrics: &Metrics) {
    let Some(policy) = post.take() else {
        return;
    };
    let Intake {
        correlator,
        decision,
        ..
    } = intake;
    let before = correlator.policy().clone();
    match correlator.on_context(now, Context::Policy(policy), decision) {
        Ok(()) if correlator.policy() == &before => {
            metrics.policy_reloaded(Reload::Unchanged);
            tracing::info!("the policy was read again and is the same");
        }
        Ok(()) => {
            metrics.policy_reloaded(Reload::Applied);
            log(&before, correlator.policy());
        }
        Err(error) => {
            metrics.policy_reloaded(Reload::Refused);
            tracing::error!(%error, "the policy in force stays");
        }
    }
}

/// Tells the log what a new policy changed.
fn log(from: &Policy, to: &Policy) {
    let (old, new) = (from.version.as_str(), to.version.as_str());
    tracing::info!(from = old, to = new, "a new policy is in force");
    for Change { key, from, to } in changes(from, to) {
        tracing::info!(key, from, to, "policy key changed");
    }
}
