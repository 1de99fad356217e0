//! Why two cases, or two of their activities, are not one: what they share, and what was missing to connect them. And what
//! a case would fall into without one of its entities.
//!
//! Worked out from what the store says of each activity (by what it links, how it stands) and from the policy in force, so
//! it says what is missing by today's policy. Pure: records in, reasons out.

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::ActivityId;
use caseloom_engine::policy::Policy;
use caseloom_engine::record::{ActivityRecord, GroupRecord, Link, LinkKind, Relation, TallyRecord};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::Span;

use crate::reason;

/// Most activities of a side that are looked at; the latest.
const ACTIVITIES_MAX: usize = 500;

/// Most reasons given, the nearest to a connection first.
const REASONS_MAX: usize = 10;

/// An activity with what is counted on it.
pub type Counted = (ActivityRecord, TallyRecord);

/// A case, or some of its activities.
#[derive(Clone, Debug)]
pub struct Side {
    /// The case.
    pub group: GroupRecord,
    /// What is asked about.
    pub activities: Vec<Counted>,
}

/// What kept two sides apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// People said that alerts must not make them one.
    Pin,
    /// They were connected and kept apart: together they would be over a cap.
    Cap,
    /// Both name it and both link by it, but too far apart in time.
    Gap,
    /// Both name it, but it is worth too little: its kind is, or it was common or a hub.
    Weight,
    /// One of the two is usual on its subject.
    Background,
    /// One of the two is of a run that lasts longer than the horizon, and links nobody else.
    Horizon,
    /// The policy ignores it.
    Ignored,
    /// By the policy in force they would be connected; they came under another, or later than the lateness.
    Former,
    /// They are of two scopes.
    Scope,
    /// They name nothing in common.
    Nothing,
}

/// One reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it was.
    pub obstacle: Obstacle,
    /// What both name.
    pub entity: Option<(EntityKind, String)>,
    /// The activities that came nearest.
    pub activities: Option<(ActivityId, ActivityId)>,
    /// Event time between the two.
    pub gap: Option<Span>,
    /// How much shorter it would have to be, or how much the weight falls short.
    pub missing: Option<i64>,
    /// In words.
    pub sentence: String,
}

/// A part into which a case would fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its activities, ascending.
    pub activities: Vec<ActivityId>,
    /// Their alerts.
    pub alerts: u64,
    /// What the first of them says.
    pub title: String,
}

impl Obstacle {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Cap => "cap",
            Self::Gap => "gap",
            Self::Weight => "weight",
            Self::Background => "background",
            Self::Horizon => "horizon",
            Self::Ignored => "ignored",
            Self::Former => "former_policy",
            Self::Scope => "scope",
            Self::Nothing => "nothing_shared",
        }
    }
}

impl Reason {
    fn of(obstacle: Obstacle, sentence: impl Into<String>) -> Self {
        Self {
            obstacle,
            entity: None,
            activities: None,
            gap: None,
            missing: None,
            sentence: sentence.into(),
        }
    }
}

/// Why two sides of different cases are apart; the nearest to a connection first, never empty.
#[must_use]
pub fn apart(a: &Side, b: &Side, policy: &Policy) -> Vec<Reason> {
    if a.group.scope != b.group.scope {
        let (a, b) = (&a.group.scope_name, &b.group.scope_name);
        let text = format!("scopes are walls: one is of {a}, the other of {b}");
        return vec![Reason::of(Obstacle::Scope, text)];
    }
    let mut reasons: Vec<Reason> = relation(&a.group, &b.group).into_iter().collect();
    let mut nearest: BTreeMap<(EntityKind, &str), Reason> = BTreeMap::new();
    for first in latest(&a.activities) {
        for second in latest(&b.activities) {
            for (kind, value) in shared(&first.0, &second.0) {
                let reason = between(first, second, (kind, value), policy);
                let slot = nearest.entry((kind, value));
                let known = slot.or_insert_with(|| reason.clone());
                if rank(&reason) < rank(known) {
                    *known = reason;
                }
            }
        }
    }
    let mut found: Vec<Reason> = nearest.into_values().collect();
    found.sort_by_key(rank);
    reasons.extend(found);
    reasons.truncate(REASONS_MAX);
    if reasons.is_empty() {
        let text = "they name no entity in common that could connect";
        reasons.push(Reason::of(Obstacle::Nothing, text));
    }
    reasons
}

fn rank(reason: &Reason) -> (Obstacle, i64) {
    (reason.obstacle, reason.missing.unwrap_or(0))
}

fn latest(activities: &[Counted]) -> &[Counted] {
    &activities[activities.len().saturating_sub(ACTIVITIES_MAX)..]
}

/// What the engine noted when it connected two groups and left them apart.
fn relation(a: &GroupRecord, b: &GroupRecord) -> Option<Reason> {
    let known = |from: &GroupRecord, to: &GroupRecord| {
        let related = from.related.iter();
        related
            .filter(|(how, case)| *how != Relation::RecurrenceOf && *case == to.case)
            .map(|(relation, _)| *relation)
            .max()
    };
    let text = match known(a, b).max(known(b, a))? {
        Relation::Apart => {
            let text = "people keep them apart: a pin that alerts don't overrule";
            return Some(Reason::of(Obstacle::Pin, text));
        }
        Relation::ContinuationOf => "one goes on where the other was full",
        Relation::RecurrenceOf => return None,
        Relation::Related => {
            "they are connected, and kept apart because together they would be over a cap"
        }
    };
    Some(Reason::of(Obstacle::Cap, text))
}

/// The entities that both name and that could connect.
fn shared<'a>(a: &'a ActivityRecord, b: &ActivityRecord) -> BTreeSet<(EntityKind, &'a str)> {
    let mine = a.entities.iter().filter(|entity| entity.is_linkable());
    let both = mine.filter(|entity| {
        let same = |other: &&caseloom_engine::entity::Entity| {
            (other.kind, &other.value) == (entity.kind, &entity.value) && other.is_linkable()
        };
        b.entities.iter().any(|other| same(&other))
    });
    both.map(|entity| (entity.kind, entity.value.as_str()))
        .collect()
}

/// What was missing to connect two activities through an entity that both name.
fn between(a: &Counted, b: &Counted, (kind, value): (EntityKind, &str), policy: &Policy) -> Reason {
    let gap = distance(&a.1, &b.1);
    let name = format!("{} {value}", kind.as_str().replace('_', " "));
    let reason = |obstacle, missing: Option<i64>, sentence: String| Reason {
        entity: Some((kind, value.to_owned())),
        activities: Some((a.0.id, b.0.id)),
        gap: Some(gap),
        missing,
        ..Reason::of(obstacle, sentence)
    };
    let sides = [a, b].map(|side| ground(side, kind, value));
    for ((record, tally), ground) in [a, b].into_iter().zip(&sides) {
        let id = record.id.0;
        match tally.standing {
            Standing::Background => {
                let text = format!(
                    "both name {name}, but activity {id} is usual on its subject: background links nothing"
                );
                return reason(Obstacle::Background, None, text);
            }
            Standing::Lasting => {
                let text = format!(
                    "both name {name}, but activity {id} goes on for longer than {}: it links nobody else",
                    reason::length(policy.recurrence.horizon.0.unsigned_abs() / 1_000)
                );
                return reason(Obstacle::Horizon, None, text);
            }
            Standing::News => {}
        }
        if *ground == Ground::Unlinked {
            let text = format!("both name {name}, which the policy ignores");
            return reason(Obstacle::Ignored, None, text);
        }
    }
    let weight = policy.evidence.weights[kind as usize];
    let join = policy.evidence.join;
    if sides.iter().any(|ground| *ground != Ground::Alone) {
        let (text, missing) = if weight >= join {
            let text = format!(
                "both name {name}, but it touched too much at that time to connect alone: common entities count half, hubs nothing"
            );
            (text, None)
        } else {
            let text =
                format!("both name {name}, which is worth {weight} of the {join} that connect");
            (text, Some(i64::from(join - weight)))
        };
        return reason(Obstacle::Weight, missing, text);
    }
    let allowed = policy.gap(kind);
    if gap <= allowed {
        let text = format!(
            "both name {name}, {}: by the policy in force they would be connected",
            reason::apart(gap)
        );
        return reason(Obstacle::Former, None, text);
    }
    let missing = gap.0 - allowed.0;
    let text = format!(
        "both name {name}, {}: that is {} more than the gap of its kind",
        reason::apart(gap),
        reason::length(missing.unsigned_abs() / 1_000)
    );
    reason(Obstacle::Gap, Some(missing), text)
}

/// What an entity is to an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// It connects alone.
    Alone,
    /// It could link, but not alone.
    Weak,
    /// The policy left it out.
    Unlinked,
}

fn ground((record, _): &Counted, kind: EntityKind, value: &str) -> Ground {
    let is_it = |index: &u16| {
        let entity = record.entities.get(usize::from(*index));
        entity.is_some_and(|entity| entity.kind == kind && entity.value == value)
    };
    if is_alone(record, kind, value) {
        Ground::Alone
    } else if record.grounds.unlinked.iter().any(is_it) {
        Ground::Unlinked
    } else {
        Ground::Weak
    }
}

fn distance(a: &TallyRecord, b: &TallyRecord) -> Span {
    Span::ZERO
        .max(a.first.since(b.last))
        .max(b.first.since(a.last))
}

/// The parts into which a case would fall if an entity connected nothing, the largest first. Where the store has no link
/// (two groups that repeats brought together), the parts stay connected: what is not known is not taken away.
#[must_use]
pub fn without(activities: &[Counted], kind: EntityKind, value: &str) -> Vec<Part> {
    let all = components(activities, |_, _| true);
    let kept = components(activities, |record, link| {
        stays(record, link, (kind, value))
    });
    // Roots of the whole that no link connects are one.
    let roots: BTreeSet<ActivityId> = all.values().copied().collect();
    let first_root = roots.first().copied();
    let mut parts: BTreeMap<ActivityId, Vec<&Counted>> = BTreeMap::new();
    let beginning = |root: ActivityId| kept.get(&root).copied().unwrap_or(root);
    for counted in activities {
        let id = counted.0.id;
        let mut part = kept[&id];
        if roots.len() > 1 && roots.iter().any(|root| beginning(*root) == part) {
            part = first_root.map_or(part, beginning);
        }
        parts.entry(part).or_default().push(counted);
    }
    let mut parts: Vec<Part> = parts.into_values().map(part).collect();
    parts.sort_by_key(|part| (std::cmp::Reverse(part.activities.len()), part.activities[0]));
    parts
}

fn part(mut activities: Vec<&Counted>) -> Part {
    activities.sort_by_key(|(record, _)| record.id);
    let first = &activities[0].0;
    let title = match first.title.is_empty() {
        true => first.rule_name.to_string(),
        false => first.title.to_string(),
    };
    Part {
        alerts: activities.iter().map(|(_, tally)| tally.count).sum(),
        activities: activities.iter().map(|(record, _)| record.id).collect(),
        title,
    }
}

/// Whether a link would be there without the entity.
fn stays(record: &ActivityRecord, link: &Link, (kind, value): (EntityKind, &str)) -> bool {
    if !link.entities.iter().any(|entity| is(entity, (kind, value))) {
        return true;
    }
    let others = link
        .entities
        .iter()
        .filter(|entity| !is(entity, (kind, value)));
    let mut alone = others.filter(|(kind, value)| is_alone(record, *kind, value));
    link.kind == LinkKind::SharedEntity && alone.next().is_some()
}

fn is(entity: &(EntityKind, impl AsRef<str>), (kind, value): (EntityKind, &str)) -> bool {
    entity.0 == kind && entity.1.as_ref() == value
}

/// Whether an entity connects the activity alone.
fn is_alone(record: &ActivityRecord, kind: EntityKind, value: &str) -> bool {
    record.grounds.alone.iter().any(|index| {
        let entity = record.entities.get(usize::from(*index));
        entity.is_some_and(|entity| entity.kind == kind && entity.value == value)
    })
}

/// The component of each activity, by its lowest number.
fn components(
    activities: &[Counted],
    counts: impl Fn(&ActivityRecord, &Link) -> bool,
) -> BTreeMap<ActivityId, ActivityId> {
    let mut parent: BTreeMap<ActivityId, ActivityId> =
        activities.iter().map(|(a, _)| (a.id, a.id)).collect();
    for (record, _) in activities {
        for link in record.links.iter().filter(|link| counts(record, link)) {
            if parent.contains_key(&link.other) {
                let (a, b) = (root(&parent, record.id), root(&parent, link.other));
                parent.insert(a.max(b), a.min(b));
            }
        }
    }
    let ids: Vec<ActivityId> = parent.keys().copied().collect();
    ids.into_iter().map(|id| (id, root(&parent, id))).collect()
}

fn root(parent: &BTreeMap<ActivityId, ActivityId>, mut id: ActivityId) -> ActivityId {
    while parent[&id] != id {
        id = parent[&id];
    }
    id
}
