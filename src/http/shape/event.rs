//! A case event as listeners of the stream get it: what happened, and the case since then.

use caseloom_engine::decision::CaseEvent;
use caseloom_engine::ids::CaseId;
use serde::Serialize;

use super::{ActShape, CaseShape};

/// What happened to a case.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub(in crate::http) struct EventShape {
    #[schema(value_type = String)]
    r#type: &'static str,
    #[schema(value_type = String)]
    reason: &'static str,
    /// Gapless per case, from 1; the event on Kafka has the same.
    seq: u64,
    time: String,
    /// The other case of a merge or relation.
    #[schema(value_type = Option<String>)]
    other: Option<CaseId>,
    /// What somebody did.
    act: Option<ActShape>,
    case: CaseShape,
}

impl EventShape {
    pub(in crate::http) fn new(event: &CaseEvent) -> Self {
        Self {
            r#type: event.event.as_str(),
            reason: event.reason,
            seq: event.seq,
            time: event.time.to_rfc3339(),
            other: event.other,
            act: event.act.as_deref().map(ActShape::new),
            case: CaseShape::new(&event.case.group),
        }
    }
}
