//! An activity as JSON: what happened, how often, to whom, and why it stands in its case.

use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::ActivityId;
use caseloom_engine::record::{ActivityRecord, GroupRecord, Link, LinkKind, TallyRecord};
use serde::Serialize;

use crate::reason;

/// The same happening again and again, and why it stands in the case.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Activity)]
pub(in crate::http) struct ActivityShape {
    #[schema(value_type = u64)]
    pub(in crate::http) id: ActivityId,
    pub(in crate::http) source: String,
    pub(in crate::http) rule: RuleShape,
    pub(in crate::http) title: String,
    #[schema(value_type = String)]
    pub(in crate::http) severity: &'static str,
    pub(in crate::http) severity_id: u8,
    pub(in crate::http) severity_score: u8,
    pub(in crate::http) severity_assumed: bool,
    pub(in crate::http) count: u64,
    pub(in crate::http) first: String,
    pub(in crate::http) last: String,
    pub(in crate::http) subject: Option<EntityShape>,
    pub(in crate::http) entities: Vec<EntityShape>,
    pub(in crate::http) attack: Vec<String>,
    pub(in crate::http) alert_id: Option<String>,
    pub(in crate::http) reason: String,
    pub(in crate::http) links: Vec<LinkShape>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Rule)]
pub(in crate::http) struct RuleShape {
    pub(in crate::http) id: String,
    pub(in crate::http) name: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Entity)]
pub(in crate::http) struct EntityShape {
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    #[schema(value_type = crate::http::words::RoleWord)]
    role: Role,
    value: String,
}

/// A link as data, with its sentence.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Link)]
pub(in crate::http) struct LinkShape {
    #[schema(value_type = crate::http::words::LinkWord)]
    kind: LinkKind,
    #[schema(value_type = u64)]
    other: ActivityId,
    entities: Vec<ValueShape>,
    gap_seconds: f64,
    policy: String,
    reason: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Value)]
pub(in crate::http) struct ValueShape {
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    value: String,
}

impl ActivityShape {
    pub(in crate::http) fn new(
        group: &GroupRecord,
        activity: &ActivityRecord,
        tally: &TallyRecord,
    ) -> Self {
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
            severity_score: tally.severity.score,
            severity_assumed: tally.severity.assumed,
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
    pub(in crate::http) fn new(entity: &Entity) -> Self {
        Self {
            kind: entity.kind,
            role: entity.role,
            value: entity.value.to_string(),
        }
    }
}

impl LinkShape {
    pub(in crate::http) fn new(link: &Link) -> Self {
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
