//! The workflow: which status may follow which, and what closing needs.

use serde::{Deserialize, Serialize};

use super::illegal::Illegal;
use super::work::Work;
use crate::record::Status;

/// The workflow of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusPolicy {
    /// What may follow each status, by [`Status`] in stored order.
    pub next: [Vec<Status>; 5],
    /// Closing needs a verdict.
    pub needs_verdict: bool,
    /// Closing needs a resolution.
    pub needs_resolution: bool,
}

impl StatusPolicy {
    /// Refuses a step that is not legal.
    pub(super) fn check(&self, from: Status, to: Status) -> Result<(), Illegal> {
        match self.next[from as usize].contains(&to) {
            true => Ok(()),
            false => Err(Illegal::Transition { from, to }),
        }
    }

    /// Refuses to close what lacks something.
    pub(super) fn check_closing(&self, work: &Work) -> Result<(), Illegal> {
        if self.needs_verdict && work.verdict.is_none() {
            return Err(Illegal::NeedsVerdict);
        }
        if self.needs_resolution && work.resolution.is_empty() {
            return Err(Illegal::NeedsResolution);
        }
        Ok(())
    }
}

impl Default for StatusPolicy {
    fn default() -> Self {
        use Status::{Closed, Contained, Investigating, OnHold};
        let mut next: [Vec<Status>; 5] = Default::default();
        next[Status::New as usize] = vec![Investigating, Contained, OnHold, Closed];
        next[Investigating as usize] = vec![Contained, OnHold, Closed];
        next[Contained as usize] = vec![Investigating, OnHold, Closed];
        next[OnHold as usize] = vec![Investigating, Contained, Closed];
        next[Closed as usize] = vec![Investigating];
        Self {
            next,
            needs_verdict: true,
            needs_resolution: true,
        }
    }
}
