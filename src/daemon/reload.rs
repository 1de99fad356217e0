//! Reload: SIGHUP reads the configuration again, and its policy goes to the owner. A policy that is wrong changes nothing.
//!
//! Only the policy changes while it runs; a configuration that differs elsewhere takes effect with the next start.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use caseloom_engine::policy::Policy;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;

use super::{DaemonError, spawn};
use crate::config::ConfigError;
use crate::metrics::{Metrics, Reload};
use crate::pipeline::PolicyPost;
use crate::shutdown::Shutdown;

/// How often it is looked for the signal.
const EVERY: Duration = Duration::from_millis(100);

/// Reads the policy again, from where the configuration says it is.
pub type ReadPolicy = Box<dyn FnMut() -> Result<Policy, ConfigError> + Send>;

/// Listens for SIGHUP until the wish to stop.
pub(super) fn listen(
    mut read: ReadPolicy,
    post: PolicyPost,
    metrics: Arc<Metrics>,
    shutdown: &Shutdown,
) -> Result<JoinHandle<()>, DaemonError> {
    let failed = |source| DaemonError::System {
        what: "cannot listen for SIGHUP".to_owned(),
        source,
    };
    let mut signals = Signals::new([SIGHUP]).map_err(failed)?;
    let shutdown = shutdown.clone();
    spawn("reload", move || {
        while !shutdown.wait_timeout(EVERY) {
            // Several signals at once are one wish.
            if signals.pending().count() == 0 {
                continue;
            }
            match read() {
                Ok(policy) => post.post(policy),
                Err(error) => {
                    metrics.policy_reloaded(Reload::Refused);
                    tracing::error!(%error, "the policy in force stays: the new one is wrong");
                }
            }
        }
    })
}
