//! What of an event's value is looked at.

use caseloom_engine::ids::CaseId;
use caseloom_engine::record::GroupRecord;
use serde::Deserialize;

/// The part of an Incident Finding that says which event it is and how the case stood.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) metadata: Metadata,
    unmapped: Unmapped,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) uid: String,
    pub(super) sequence: u64,
}

#[derive(Debug, Deserialize)]
struct Unmapped {
    caseloom: Standing,
}

/// How the case stood.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Standing {
    pub(super) case_id: CaseId,
    pub(super) scope: String,
    revision: u64,
    status: String,
    severity_score: u8,
    counts: Counts,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Counts {
    alerts: u64,
    activities: u64,
    entities: u64,
}

impl Event {
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }

    pub(super) fn standing(self) -> Standing {
        self.unmapped.caseloom
    }
}

impl Standing {
    /// Which fields of a case are not as its last event said.
    pub(super) fn differences(&self, group: &GroupRecord) -> Vec<&'static str> {
        let of_it = [
            ("revision", self.revision == group.revision),
            ("status", self.status == group.status.as_str()),
            ("severity", self.severity_score == group.severity.score),
            ("alerts", self.counts.alerts == group.alerts),
            ("activities", self.counts.activities == group.activities),
            ("entities", self.counts.entities == group.entities),
        ];
        of_it
            .into_iter()
            .filter(|(_, holds)| !holds)
            .map(|(what, _)| what)
            .collect()
    }
}
