//! A policy or lists on their way to the owner: whoever reads the files posts them, the owner takes them between two
//! batches.
//!
//! There is one place for each: what was not taken yet is replaced by what is newer, so nothing can pile up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caseloom_engine::context::Context;
use caseloom_engine::knowledge::Knowledge;
use caseloom_engine::policy::Policy;
use caseloom_engine::time::Timestamp;

use super::intake::Intake;
use crate::config::{Change, changes};
use crate::metrics::{Metrics, Reload};

/// Holds what comes next. Clones share it. A std Mutex, because it is held for a move only.
#[derive(Clone, Debug, Default)]
pub struct ContextPost(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    policy: Option<Box<Policy>>,
    knowledge: Option<Arc<Knowledge>>,
}

impl ContextPost {
    /// Posts a checked policy.
    pub fn policy(&self, policy: Policy) {
        self.waiting().policy = Some(Box::new(policy));
    }

    /// Posts what lists say.
    pub fn knowledge(&self, knowledge: Arc<Knowledge>) {
        self.waiting().knowledge = Some(knowledge);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts in force what was posted; it is written with the batch at hand.
pub(super) fn adopt(post: &ContextPost, intake: &mut Intake, now: Timestamp, metrics: &Metrics) {
    let Waiting { policy, knowledge } = std::mem::take(&mut *post.waiting());
    if let Some(policy) = policy {
        put_in_force(policy, intake, now, metrics);
    }
    if let Some(knowledge) = knowledge {
        let told = Context::Knowledge(knowledge);
        let Intake {
            correlator,
            decision,
            ..
        } = intake;
        if let Err(error) = correlator.on_context(now, told, decision) {
            tracing::error!(%error, "the lists known before stay");
        }
    }
}

fn put_in_force(policy: Box<Policy>, intake: &mut Intake, now: Timestamp, metrics: &Metrics) {
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
