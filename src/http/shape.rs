//! The shapes of the API: what a case, an activity and an alert look like as JSON. Times are RFC 3339 in UTC, text is as
//! it came: JSON carries it harmlessly, and whoever shows it escapes it.

use caseloom_engine::alert::{Position, Severity};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId};
use caseloom_engine::record::{
    ActivityRecord, CapReason, GroupRecord, Link, LinkKind, Relation, Stage, Status, TallyRecord,
};
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use super::reason;

/// A list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) next_cursor: Option<String>,
}

/// The header of a case or candidate. `alerts`, `activities` and `entities` are totals.
#[derive(Debug, Serialize)]
pub(super) struct CaseShape {
    id: CaseId,
    scope: String,
    title: String,
    stage: &'static str,
    status: Status,
    owner: Option<String>,
    severity: &'static str,
    severity_id: u8,
    severity_score: u8,
    severity_assumed: bool,
    risk: f64,
    alerts: u64,
    activities: u64,
    entities: u64,
    attack: Vec<String>,
    first: String,
    last: String,
    opened: Option<String>,
    updated: String,
    closed: Option<String>,
    revision: u64,
    event_seq: u64,
    related: Vec<RelatedShape>,
    capped: Option<CapReason>,
}

/// A connection with another case.
#[derive(Debug, Serialize)]
struct RelatedShape {
    relation: Relation,
    id: CaseId,
}

/// A case with what is in it.
#[derive(Debug, Serialize)]
pub(super) struct CaseDetail {
    #[serde(flatten)]
    pub(super) case: CaseShape,
    /// By first event time.
    pub(super) activity_list: Vec<ActivityShape>,
    /// Those in most activities first.
    pub(super) entity_list: Vec<EntityTotal>,
    /// Whether there are more activities or entities than the lists hold.
    pub(super) truncated: bool,
}

/// The same happening again and again, and why it stands in the case.
#[derive(Debug, Serialize)]
pub(super) struct ActivityShape {
    id: ActivityId,
    source: String,
    rule: RuleShape,
    title: String,
    severity: &'static str,
    severity_id: u8,
    severity_score: u8,
    severity_assumed: bool,
    count: u64,
    first: String,
    last: String,
    subject: Option<EntityShape>,
    entities: Vec<EntityShape>,
    attack: Vec<String>,
    alert_id: Option<String>,
    reason: String,
    links: Vec<LinkShape>,
}

#[derive(Debug, Serialize)]
struct RuleShape {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct EntityShape {
    kind: EntityKind,
    role: Role,
    value: String,
}

#[derive(Debug, Serialize)]
struct LinkShape {
    kind: LinkKind,
    other: ActivityId,
    entities: Vec<ValueShape>,
    gap_seconds: f64,
    policy: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct ValueShape {
    kind: EntityKind,
    value: String,
}

/// An entity over all activities of a case.
#[derive(Debug, Serialize)]
pub(super) struct EntityTotal {
    pub(super) kind: EntityKind,
    pub(super) value: String,
    pub(super) roles: Vec<Role>,
    pub(super) activities: u64,
}

/// A single alert.
#[derive(Debug, Serialize)]
pub(super) struct AlertShape {
    /// The product's id.
    pub(super) id: Option<String>,
    pub(super) time: String,
    pub(super) activity: ActivityId,
    pub(super) disposition: Option<&'static str>,
    pub(super) position: PositionShape,
}

/// Where an alert stands in Kafka.
#[derive(Debug, Serialize)]
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
            capped: group.capped,
        }
    }
}

impl RelatedShape {
    fn new(&(relation, id): &(Relation, CaseId)) -> Self {
        Self { relation, id }
    }
}

impl ActivityShape {
    pub(super) fn new(group: &GroupRecord, activity: &ActivityRecord, tally: &TallyRecord) -> Self {
        let Severity { score, assumed } = tally.severity;
        let subject = activity.subject.map(usize::from);
        let subject = subject.and_then(|place| activity.entities.get(place));
        Self {
            id: activity.id,
            source: activity.source.to_string(),
            rule: RuleShape {
                id: activity.rule_id.to_string(),
                name: activity.rule_name.to_string(),
            },
            title: activity.title.to_string(),
            severity: tally.severity.as_str(),
            severity_id: tally.severity.ocsf_id(),
            severity_score: score,
            severity_assumed: assumed,
            count: tally.count,
            first: tally.first.to_rfc3339(),
            last: tally.last.to_rfc3339(),
            subject: subject.map(EntityShape::new),
            entities: activity.entities.iter().map(EntityShape::new).collect(),
            attack: activity.attack.iter().map(ToString::to_string).collect(),
            alert_id: Some(activity.alert_id.to_string()).filter(|id| !id.is_empty()),
            reason: reason::standing(group, activity),
            links: activity.links.iter().map(LinkShape::new).collect(),
        }
    }
}

impl EntityShape {
    fn new(entity: &Entity) -> Self {
        Self {
            kind: entity.kind,
            role: entity.role,
            value: entity.value.to_string(),
        }
    }
}

impl LinkShape {
    fn new(link: &Link) -> Self {
        let value = |&(kind, ref value): &(EntityKind, _)| ValueShape {
            kind,
            value: ToString::to_string(value),
        };
        Self {
            kind: link.kind,
            other: link.other,
            entities: link.entities.iter().map(value).collect(),
            gap_seconds: link.gap.0 as f64 / 1_000.0,
            policy: link.policy.to_string(),
            reason: reason::of_link(link),
        }
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
        Stage::Closed => "closed",
        Stage::Expired => "expired",
        Stage::Merged { .. } => "merged",
    }
}
