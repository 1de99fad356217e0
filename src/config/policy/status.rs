//! `[status]` of the policy file: the workflow.

use caseloom_engine::command::StatusPolicy;
use caseloom_engine::record::Status;
use serde::Deserialize;

use crate::config::tree::KeyPath;

/// `[status]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StatusFile {
    new: Vec<Status>,
    investigating: Vec<Status>,
    contained: Vec<Status>,
    on_hold: Vec<Status>,
    closed: Vec<Status>,
    needs_verdict: bool,
    needs_resolution: bool,
}

impl StatusFile {
    /// A status from which nothing leads would keep its cases for ever; from `closed` nothing need lead.
    pub(super) fn into_policy(self, report: &mut impl FnMut(KeyPath, String)) -> StatusPolicy {
        for (name, next) in [
            ("status.new", &self.new),
            ("status.investigating", &self.investigating),
            ("status.contained", &self.contained),
            ("status.on_hold", &self.on_hold),
        ] {
            if next.is_empty() {
                report(KeyPath::of(name), "must name what may follow".into());
            }
        }
        let mut next: [Vec<Status>; 5] = Default::default();
        next[Status::New as usize] = self.new;
        next[Status::Investigating as usize] = self.investigating;
        next[Status::Contained as usize] = self.contained;
        next[Status::OnHold as usize] = self.on_hold;
        next[Status::Closed as usize] = self.closed;
        StatusPolicy {
            next,
            needs_verdict: self.needs_verdict,
            needs_resolution: self.needs_resolution,
        }
    }
}

impl Default for StatusFile {
    fn default() -> Self {
        let policy = StatusPolicy::default();
        let next = |status: Status| policy.next[status as usize].clone();
        Self {
            new: next(Status::New),
            investigating: next(Status::Investigating),
            contained: next(Status::Contained),
            on_hold: next(Status::OnHold),
            closed: next(Status::Closed),
            needs_verdict: policy.needs_verdict,
            needs_resolution: policy.needs_resolution,
        }
    }
}
