//! The lists inside `unmapped.caseloom`: what OCSF's findings lack of the activities, the grounds on which each of them
//! stands in the case, and the entities with their role and weight.

use std::borrow::Cow;

use caseloom_engine::decision::{ActivityView, EntityView};
use caseloom_engine::entity::{EntityKind, Role};
use caseloom_engine::ids::ActivityId;
use caseloom_engine::record::{Link, LinkKind};
use serde::Serialize;

use super::size::Trim;

/// What OCSF's finding lacks of an activity; `id` is the finding's `uid`.
#[derive(Debug, Serialize)]
pub(super) struct Activity<'a> {
    id: ActivityId,
    severity: &'static str,
    severity_id: u8,
    alerts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Value<'a>>,
}

/// Why `activity` stands in the case: what it shares with `other`.
#[derive(Debug, Serialize)]
pub(super) struct Ground<'a> {
    activity: ActivityId,
    other: ActivityId,
    kind: LinkKind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<Value<'a>>,
    gap_seconds: f64,
    policy: Cow<'a, str>,
}

/// A typed value.
#[derive(Debug, Serialize)]
struct Value<'a> {
    kind: EntityKind,
    value: Cow<'a, str>,
}

/// An entity, with the role it was first seen in and the number of activities that name it.
#[derive(Debug, Serialize)]
pub(super) struct EntityTotal<'a> {
    kind: EntityKind,
    value: Cow<'a, str>,
    role: Role,
    activities: u64,
}

/// The activities shown.
pub(super) fn activities<'a>(shown: &'a [ActivityView], trim: &mut Trim) -> Vec<Activity<'a>> {
    shown.iter().map(|view| of_activity(view, trim)).collect()
}

/// The strongest links of each activity. That there are more is the rule, and not called truncated.
pub(super) fn grounds<'a>(activities: &'a [ActivityView], trim: &mut Trim) -> Vec<Ground<'a>> {
    let mut grounds = Vec::new();
    for view in activities {
        grounds.extend(
            view.links
                .iter()
                .take(trim.limits.links)
                .map(|link| ground(view.id, link, trim)),
        );
    }
    grounds
}

pub(super) fn entities<'a>(entities: &'a [EntityView], trim: &mut Trim) -> Vec<EntityTotal<'a>> {
    let shown = trim.first(entities, trim.limits.entities);
    let out = |view: &'a EntityView| EntityTotal {
        kind: view.entity.kind,
        value: trim.value(&view.entity.value),
        role: view.entity.role,
        activities: view.activities,
    };
    shown.iter().map(out).collect()
}

fn of_activity<'a>(view: &'a ActivityView, trim: &mut Trim) -> Activity<'a> {
    Activity {
        id: view.id,
        severity: view.severity.as_str(),
        severity_id: view.severity.ocsf_id(),
        alerts: view.count,
        subject: view
            .subject
            .as_ref()
            .map(|(kind, text)| value(*kind, text, trim)),
    }
}

fn ground<'a>(activity: ActivityId, link: &'a Link, trim: &mut Trim) -> Ground<'a> {
    let entities = trim.first(&link.entities, trim.limits.link_entities);
    Ground {
        activity,
        other: link.other,
        kind: link.kind,
        entities: entities
            .iter()
            .map(|(kind, text)| value(*kind, text, trim))
            .collect(),
        gap_seconds: link.gap.0 as f64 / 1_000.0,
        policy: trim.id(&link.policy),
    }
}

fn value<'a>(kind: EntityKind, text: &'a str, trim: &mut Trim) -> Value<'a> {
    Value {
        kind,
        value: trim.value(text),
    }
}
