//! The shapes of the API: what a case, an activity and an alert look like as JSON. Times are RFC 3339 in UTC, text is as
//! it came: JSON carries it harmlessly, and whoever shows it escapes it.

mod activity;
mod event;
mod known;
mod work;

use caseloom_engine::alert::Position;
use caseloom_engine::entity::{EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId};
use caseloom_engine::record::{CapReason, GroupRecord, Relation, Stage, Status};
use caseloom_engine::time::Timestamp;
use serde::Serialize;

pub(super) use activity::{ActivityShape, EntityShape, LinkShape, RuleShape};
pub(super) use event::EventShape;
pub(super) use known::{KnownShape, RiskPartShape};
pub(super) use work::{ActShape, EvidenceShape, NoteShape, TaskShape, WorkShape};

/// A list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) next_cursor: Option<String>,
}

/// The header of a case or candidate. `alerts`, `activities` and `entities` are totals.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Case)]
pub(super) struct CaseShape {
    #[schema(value_type = String)]
    pub(in crate::http) id: CaseId,
    pub(in crate::http) scope: String,
    pub(in crate::http) title: String,
    #[schema(value_type = String)]
    pub(in crate::http) stage: &'static str,
    #[schema(value_type = crate::http::words::StatusWord)]
    pub(in crate::http) status: Status,
    pub(in crate::http) owner: Option<String>,
    #[schema(value_type = String)]
    pub(in crate::http) severity: &'static str,
    pub(in crate::http) severity_id: u8,
    pub(in crate::http) severity_score: u8,
    pub(in crate::http) severity_assumed: bool,
    pub(in crate::http) risk: f64,
    pub(in crate::http) alerts: u64,
    pub(in crate::http) activities: u64,
    pub(in crate::http) entities: u64,
    pub(in crate::http) attack: Vec<String>,
    pub(in crate::http) first: String,
    pub(in crate::http) last: String,
    pub(in crate::http) opened: Option<String>,
    pub(in crate::http) updated: String,
    pub(in crate::http) closed: Option<String>,
    pub(in crate::http) revision: u64,
    pub(in crate::http) event_seq: u64,
    pub(in crate::http) related: Vec<RelatedShape>,
    #[schema(value_type = Option<String>)]
    pub(in crate::http) capped: Option<&'static str>,
}

/// A connection with another case.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Related)]
pub(in crate::http) struct RelatedShape {
    #[schema(value_type = crate::http::words::RelationWord)]
    relation: Relation,
    #[schema(value_type = String)]
    id: CaseId,
}

/// A case with what is in it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct CaseDetail {
    #[serde(flatten)]
    pub(super) case: CaseShape,
    /// What people did, if they did anything.
    pub(super) work: Option<WorkShape>,
    /// What lists say of its entities, the most telling first, at most 64.
    pub(super) enrichment: Vec<KnownShape>,
    /// What its risk is made of, in the order in which it is reckoned.
    pub(super) risk_parts: Vec<RiskPartShape>,
    /// By first event time.
    pub(super) activity_list: Vec<ActivityShape>,
    /// Those in most activities first.
    pub(super) entity_list: Vec<EntityTotal>,
    /// Whether there are more activities or entities than the lists hold.
    pub(super) truncated: bool,
}

/// An entity over all activities of a case.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EntityTotal {
    #[schema(value_type = crate::http::words::KindWord)]
    pub(super) kind: EntityKind,
    pub(super) value: String,
    #[schema(value_type = Vec<crate::http::words::RoleWord>)]
    pub(super) roles: Vec<Role>,
    pub(super) activities: u64,
}

/// A single alert.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Alert)]
pub(super) struct AlertShape {
    /// The product's id.
    pub(super) id: Option<String>,
    pub(super) time: String,
    #[schema(value_type = u64)]
    pub(super) activity: ActivityId,
    #[schema(value_type = Option<String>)]
    pub(super) disposition: Option<&'static str>,
    pub(super) position: PositionShape,
}

/// Where an alert stands in Kafka.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Position)]
pub(super) struct PositionShape {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) index: u32,
}

impl CaseShape {
    pub(super) fn new(group: &GroupRecord) -> Self {
        let time = |time: Timestamp| time.to_rfc3339();
        Self {
            id: group.case,
            scope: group.scope_name.to_string(),
            title: group.title.to_string(),
            stage: stage(group.stage),
            status: group.status,
            owner: group.owner.as_ref().map(ToString::to_string),
            severity: group.severity.as_str(),
            severity_id: group.severity.ocsf_id(),
            severity_score: group.severity.score,
            severity_assumed: group.severity.assumed,
            risk: risk(group),
            alerts: group.alerts,
            activities: group.activities,
            entities: group.entities,
            attack: group.attack.iter().map(ToString::to_string).collect(),
            first: time(group.first),
            last: time(group.last),
            opened: group.opened.map(time),
            updated: time(group.updated),
            closed: group.closed.map(time),
            revision: group.revision,
            event_seq: group.event_seq,
            related: group.related.iter().map(RelatedShape::new).collect(),
            capped: group.capped.map(CapReason::as_str),
        }
    }
}

impl RelatedShape {
    fn new(&(relation, id): &(Relation, CaseId)) -> Self {
        Self { relation, id }
    }
}

impl PositionShape {
    /// A topic without a name is written by its number: better than no answer.
    pub(super) fn new(position: Position, topic: Option<&str>) -> Self {
        let number = || format!("#{}", position.topic.0);
        Self {
            topic: topic.map_or_else(number, str::to_owned),
            partition: position.partition,
            offset: position.offset,
            index: position.index,
        }
    }
}

/// JSON has no NaN and no infinity, and nobody reads the tenth digit.
pub(super) fn risk(group: &GroupRecord) -> f64 {
    let bounded = if group.risk.is_finite() {
        group.risk.clamp(0.0, 1_000.0)
    } else {
        0.0
    };
    (bounded * 10.0).round() / 10.0
}

/// The word for a stage.
pub(super) fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Candidate => "candidate",
        Stage::Open => "open",
        Stage::Closed | Stage::Dormant => "closed",
        Stage::Expired => "expired",
        Stage::Merged { .. } => "merged",
        Stage::Resting => "resting",
    }
}
