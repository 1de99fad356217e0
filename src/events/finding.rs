//! The lists of an Incident Finding: its activities as findings, its entities as observables, its ATT&CK ids.

use std::borrow::Cow;

use caseloom_engine::decision::{ActivityView, EntityView};
use serde::Serialize;

use super::size::Trim;
use super::{Statement, caption};

/// OCSF `finding_info`: one activity of the case.
#[derive(Debug, Serialize)]
pub(super) struct FindingInfo<'a> {
    uid: String,
    title: Cow<'a, str>,
    analytic: Analytic<'a>,
    product: Named<'a>,
    first_seen_time: i64,
    last_seen_time: i64,
    related_events_count: i32,
}

/// OCSF `analytic`: the rule that fired.
#[derive(Debug, Serialize)]
struct Analytic<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: Cow<'a, str>,
    type_id: u8,
    #[serde(rename = "type")]
    type_caption: &'static str,
}

/// Any OCSF object of which only the name is known.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    pub name: Cow<'a, str>,
}

/// OCSF `observable`: an entity of the case. Its name points to the same entity in `unmapped.caseloom.entities`.
#[derive(Debug, Serialize)]
pub(super) struct Observable<'a> {
    name: &'static str,
    type_id: u8,
    #[serde(rename = "type")]
    type_caption: &'static str,
    value: Cow<'a, str>,
}

/// OCSF `attack`: a tactic (`TA0002`), a technique (`T1059`), or a sub-technique (`T1059.001`) with its technique.
#[derive(Debug, Default, Serialize)]
pub(super) struct Attack<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tactic: Option<Uid<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<Uid<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_technique: Option<Uid<'a>>,
}

/// Any OCSF object of which only the id is known.
#[derive(Debug, Serialize)]
struct Uid<'a> {
    uid: Cow<'a, str>,
}

/// The strongest activities. OCSF demands at least one finding: a case without any stands for itself.
pub(super) fn findings<'a>(statement: &Statement<'a>, trim: &mut Trim) -> Vec<FindingInfo<'a>> {
    let activities = trim.first(&statement.case.activities, trim.limits.activities);
    if activities.is_empty() {
        return vec![of_case(statement, trim)];
    }
    activities
        .iter()
        .map(|activity| of_activity(activity, trim))
        .collect()
}

/// The entities with the most activities.
pub(super) fn observables<'a>(entities: &'a [EntityView], trim: &mut Trim) -> Vec<Observable<'a>> {
    let entities = trim.first(entities, trim.limits.entities);
    entities.iter().map(|view| observable(view, trim)).collect()
}

/// The ATT&CK ids.
pub(super) fn attacks<'a>(ids: &'a [impl AsRef<str>], trim: &mut Trim) -> Vec<Attack<'a>> {
    let ids = trim.first(ids, trim.limits.attacks);
    ids.iter()
        .map(|id| attack(trim.attack(id.as_ref())))
        .collect()
}

fn of_activity<'a>(activity: &'a ActivityView, trim: &mut Trim) -> FindingInfo<'a> {
    let title = rule_title(activity, trim);
    FindingInfo {
        uid: activity.id.0.to_string(),
        analytic: rule(title.clone(), trim.id(&activity.rule_id)),
        title,
        product: Named {
            name: or_unknown(trim.line(&activity.source)),
        },
        first_seen_time: activity.first.0,
        last_seen_time: activity.last.0,
        related_events_count: i32::try_from(activity.count).unwrap_or(i32::MAX),
    }
}

fn of_case<'a>(statement: &Statement<'a>, trim: &mut Trim) -> FindingInfo<'a> {
    let group = &statement.case.group;
    let title = or_unknown(trim.line(&group.title));
    FindingInfo {
        uid: group.case.to_string(),
        analytic: rule(title.clone(), Cow::Borrowed("")),
        title,
        product: Named {
            name: Cow::Borrowed("caseloom"),
        },
        first_seen_time: group.first.0,
        last_seen_time: group.last.0,
        related_events_count: i32::try_from(group.alerts).unwrap_or(i32::MAX),
    }
}

fn rule_title<'a>(activity: &'a ActivityView, trim: &mut Trim) -> Cow<'a, str> {
    let name = if activity.rule_name.is_empty() {
        &activity.rule_id
    } else {
        &activity.rule_name
    };
    or_unknown(trim.line(name))
}

fn rule<'a>(name: Cow<'a, str>, uid: Cow<'a, str>) -> Analytic<'a> {
    Analytic {
        name,
        uid,
        type_id: 1,
        type_caption: "Rule",
    }
}

fn observable<'a>(view: &'a EntityView, trim: &mut Trim) -> Observable<'a> {
    let (type_id, type_caption) = caption::observable(view.entity.kind, &view.entity.value);
    Observable {
        name: "unmapped.caseloom.entities[].value",
        type_id,
        type_caption,
        value: trim.value(&view.entity.value),
    }
}

fn attack(uid: Cow<'_, str>) -> Attack<'_> {
    let mut attack = Attack::default();
    if uid.starts_with("TA") {
        attack.tactic = Some(Uid { uid });
        return attack;
    }
    match technique_of(&uid) {
        Some(technique) => {
            attack.technique = Some(Uid { uid: technique });
            attack.sub_technique = Some(Uid { uid });
        }
        None => attack.technique = Some(Uid { uid }),
    }
    attack
}

/// `T1059` for `T1059.001`; MITRE ATLAS ids (`AML.T0051`) also have a dot, but a letter after it.
fn technique_of<'a>(uid: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    let (technique, number) = uid.rsplit_once('.')?;
    let is_sub = number.bytes().all(|byte| byte.is_ascii_digit());
    is_sub.then(|| match uid {
        Cow::Borrowed(whole) => Cow::Borrowed(&whole[..technique.len()]),
        Cow::Owned(_) => Cow::Owned(technique.to_owned()),
    })
}

fn or_unknown(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.is_empty() {
        Cow::Borrowed("unknown")
    } else {
        name
    }
}
