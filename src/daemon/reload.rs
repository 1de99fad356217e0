//! Reload: what is read again while it runs. SIGHUP reads the configuration, its policy and its lists; a list whose file
//! changed is read without being told. What is wrong changes nothing.
//!
//! Only the policy and the lists change while it runs; a configuration that differs elsewhere takes effect with the next
//! start.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use caseloom_engine::policy::Policy;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;

use super::{DaemonError, spawn};
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::enrichment::{EnrichmentConfig, Lists};
use crate::metrics::{self, Metrics};
use crate::pipeline::ContextPost;
use crate::shutdown::Shutdown;

/// How often it is looked for the signal.
const EVERY: Duration = Duration::from_millis(100);
/// After how many looks the files of the lists are looked at: every half minute.
const LISTS_EVERY: u32 = 300;

/// What a configuration says that may change while it runs.
#[derive(Debug)]
pub struct Wanted {
    /// The policy, checked.
    pub policy: Policy,
    /// The lists.
    pub enrichment: EnrichmentConfig,
}

/// Reads the configuration again.
pub type Reread = Box<dyn FnMut() -> Result<Wanted, ConfigError> + Send>;

/// Reads again, and posts what changed.
pub(super) struct Reload {
    pub(super) reread: Option<Reread>,
    pub(super) lists: Lists,
    pub(super) post: ContextPost,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Reload {
    /// Reads all lists and posts what they say, even if that is nothing: cases may know something from an earlier life.
    pub(super) fn tell_lists(&mut self) {
        self.read_lists();
        self.post.knowledge(Arc::new(self.lists.knowledge()));
    }

    /// Runs until the wish to stop.
    pub(super) fn spawn(mut self, shutdown: &Shutdown) -> Result<JoinHandle<()>, DaemonError> {
        let failed = |source| DaemonError::System {
            what: "cannot listen for SIGHUP".to_owned(),
            source,
        };
        let listens = self.reread.is_some();
        let mut signals = Signals::new(listens.then_some(SIGHUP)).map_err(failed)?;
        let shutdown = shutdown.clone();
        spawn("reload", move || {
            let mut looks = 0;
            while !shutdown.wait_timeout(EVERY) {
                looks += 1;
                // Several signals at once are one wish.
                if signals.pending().count() > 0 {
                    self.read_all();
                } else if looks % LISTS_EVERY == 0 && self.read_lists() {
                    self.post.knowledge(Arc::new(self.lists.knowledge()));
                }
            }
        })
    }

    fn read_all(&mut self) {
        let Some(reread) = &mut self.reread else {
            return;
        };
        match reread() {
            Ok(Wanted { policy, enrichment }) => {
                self.post.policy(policy);
                self.lists.configure(enrichment);
            }
            Err(error) => {
                self.metrics.policy_reloaded(metrics::Reload::Refused);
                tracing::error!(%error, "the policy in force stays: the new one is wrong");
            }
        }
        self.tell_lists();
    }

    /// Whether a list was read because its file changed.
    fn read_lists(&mut self) -> bool {
        let now = self.clock.now();
        let reports = self.lists.refresh(now);
        reports.iter().for_each(|report| report.log());
        self.metrics.set_lists(&self.lists.reports(), now);
        !reports.is_empty()
    }
}
