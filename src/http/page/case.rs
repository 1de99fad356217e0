//! One case: what is known of it, its activities in the order of their happening, and why each stands there.

use std::cmp::Reverse;
use std::collections::HashMap;

use caseloom_engine::entity::Entity;
use caseloom_engine::ids::ActivityId;
use caseloom_engine::record::{ActivityRecord, GroupRecord, Link, Relation, TallyRecord};
use caseloom_engine::time::Span;
use maud::{Markup, html};

use super::layout::Layout;
use super::text::Text;
use super::work::Latest;
use super::{known, parts, timeline, work};
use crate::http::App;
use crate::http::case::{Case, entity_totals};
use crate::http::shape;
use crate::reason;

/// Activities named in front of all others.
const STRONGEST_SHOWN: usize = 6;

/// Entities shown beside the activities.
const ENTITIES_SHOWN: usize = 40;

/// What a link's other activity is called.
type Names<'a> = HashMap<ActivityId, &'a str>;

pub(super) fn case(app: &App, case: &Case, latest: &Latest) -> Markup {
    let layout = Layout {
        title: &case.group.title,
        here: "",
        is_live: false,
    };
    layout.around(app, &body(app, case, latest))
}

fn body(app: &App, case: &Case, latest: &Latest) -> Markup {
    let names: Names<'_> = case
        .activities
        .iter()
        .map(|(activity, _)| (activity.id, activity.rule_name.as_str()))
        .collect();
    html! {
        (head(app, &case.group))
        (work::work(case.work.as_ref(), latest))
        (timeline::timeline(&case.activities))
        div.columns {
            section {
                h2 { "Activities" }
                ol.activities {
                    @for (activity, tally) in &case.activities { (one(&case.group, activity, tally, &names)) }
                }
                (rest(case))
            }
            aside { (known::facts(case, app.clock.now())) (strongest(case)) (entities(case)) (known::risk(case)) (related(&case.group)) (links(&case.group)) }
        }
    }
}

fn head(app: &App, group: &GroupRecord) -> Markup {
    let now = app.clock.now();
    html! {
        section.head {
            p.crumbs { a href="/" { "Cases" } " / " code { (group.case) } }
            h1 { (Text(&group.title)) }
            p.marks {
                (parts::severity(group.severity))
                @if group.stage.is_open() || group.stage.is_closed() {
                    (parts::status(group.status))
                } @else {
                    span.status { (shape::stage(group.stage)) }
                }
                @if let Some(cap) = group.capped {
                    span.status title="what follows opens a new case" { "full (" (cap.as_str().replace('_', " ")) ")" }
                }
                (parts::attack(&group.attack, usize::MAX))
            }
            dl.facts {
                (fact("Owner", &html! { @match &group.owner { Some(owner) => (Text(owner)), None => span.none { "nobody" } } }))
                (fact("Scope", &html! { (Text(&group.scope_name)) }))
                (fact("Risk", &parts::risk(group)))
                (fact("Alerts", &html! { (parts::number(group.alerts)) }))
                (fact("Activities", &html! { (parts::number(group.activities)) }))
                (fact("Entities", &html! { (parts::number(group.entities)) }))
                (fact("First alert", &parts::moment(group.first)))
                (fact("Last alert", &parts::moment(group.last)))
                @if let Some(opened) = group.opened { (fact("Opened", &parts::ago(opened, now))) }
                (fact("Changed", &parts::ago(group.updated, now)))
                (fact("Revision", &html! { (group.revision) }))
            }
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn one(
    group: &GroupRecord,
    activity: &ActivityRecord,
    tally: &TallyRecord,
    names: &Names<'_>,
) -> Markup {
    let subject = activity.subject.map(usize::from);
    html! {
        li class=(format!("s{}", tally.severity.ocsf_id())) id=(format!("a{}", activity.id.0)) {
            div.line {
                (parts::severity(tally.severity))
                b { (Text(&activity.rule_name)) }
                span.source { (Text(&activity.source)) (seen_by(activity)) }
                span.count { (parts::number(tally.count)) @if tally.count == 1 { " alert" } @else { " alerts" } }
            }
            @if activity.title != activity.rule_name { p.said { (Text(&activity.title)) } }
            p.when {
                (parts::moment(tally.first))
                @if tally.last.since(tally.first) >= Span::SECOND {
                    " to " (parts::moment(tally.last))
                    span.none { " (" (reason::length(tally.last.since(tally.first).0.unsigned_abs() / 1_000)) ")" }
                }
                a.anchor href=(format!("#a{}", activity.id.0)) { "activity " (activity.id.0) }
            }
            p.entities {
                @for (place, known) in activity.entities.iter().enumerate().filter(|(_, known)| known.is_linkable()) {
                    (entity(known, subject == Some(place)))
                }
                (parts::attack(&activity.attack, 8))
            }
            (why(group, activity, names))
        }
    }
}

/// The sensors that reported it.
fn seen_by(activity: &ActivityRecord) -> Markup {
    let observers = || {
        activity
            .entities
            .iter()
            .filter(|known| !known.is_linkable())
    };
    html! {
        @for (place, observer) in observers().enumerate() {
            @if place == 0 { " by " } @else { ", " }
            (Text(&observer.value))
        }
    }
}

fn entity(entity: &Entity, is_subject: bool) -> Markup {
    html! {
        span.entity.subject[is_subject] title=[is_subject.then_some("what it happened to")] {
            i { (entity.kind.as_str().replace('_', " ")) } (Text(&entity.value)) small { (entity.role.as_str()) }
        }
    }
}

/// Why an activity stands in the case: the strongest link as a sentence, the others folded away.
fn why(group: &GroupRecord, activity: &ActivityRecord, names: &Names<'_>) -> Markup {
    let Some((strongest, others)) = activity.links.split_first() else {
        return html! { p.why.first { (reason::standing(group, activity)) } };
    };
    html! {
        p.why { (sentence(strongest, names)) }
        @if !others.is_empty() {
            details {
                summary { (others.len()) @if others.len() == 1 { " more link" } @else { " more links" } }
                ul { @for link in others { li { (sentence(link, names)) } } }
            }
        }
    }
}

fn sentence(link: &Link, names: &Names<'_>) -> Markup {
    let (before, named, after) = reason::beginning(link);
    html! {
        (before) @if let Some(named) = named { (Text(&named)) } (after)
        @match names.get(&link.other) {
            Some(name) => a href=(format!("#a{}", link.other.0)) { (Text(name)) " (" (link.other.0) ")" },
            None => { "activity " (link.other.0) " (not shown here)" }
        }
        ", " (reason::apart(link.gap))
    }
}

fn rest(case: &Case) -> Markup {
    let shown = case.activities.len() as u64;
    let missing = case.group.activities.saturating_sub(shown);
    html! { @if missing > 0 { p.none { (parts::number(missing)) " more activities are in the case and not on this page." } } }
}

/// The way to what matters in a long list.
fn strongest(case: &Case) -> Markup {
    if case.activities.len() <= STRONGEST_SHOWN {
        return html! {};
    }
    let mut order: Vec<_> = case.activities.iter().collect();
    order.sort_by_key(|(activity, tally)| Reverse((tally.severity.score, Reverse(activity.id))));
    html! {
        h2 { "Most severe" }
        ul.totals {
            @for (activity, tally) in order.into_iter().take(STRONGEST_SHOWN) {
                li {
                    a href=(format!("#a{}", activity.id.0)) { (Text(&activity.rule_name)) }
                    (parts::severity(tally.severity))
                }
            }
        }
    }
}

fn entities(case: &Case) -> Markup {
    let (totals, all) = entity_totals(case);
    html! {
        h2 { "Entities" }
        ul.totals {
            @for total in totals.iter().take(ENTITIES_SHOWN) {
                li {
                    span.entity { i { (total.kind.as_str().replace('_', " ")) } (Text(&total.value)) }
                    span.number title="activities that name it" { (total.activities) }
                }
            }
        }
        @if all > ENTITIES_SHOWN { p.none { (all - ENTITIES_SHOWN) " more" } }
    }
}

fn related(group: &GroupRecord) -> Markup {
    html! {
        @if !group.related.is_empty() {
            h2 { "Related cases" }
            ul.totals {
                @for (relation, case) in &group.related {
                    li { a href=(format!("/cases/{case}")) { code { (case) } } span { (relation_words(*relation)) } }
                }
            }
        }
    }
}

fn relation_words(relation: Relation) -> &'static str {
    match relation {
        Relation::ContinuationOf => "continued from",
        Relation::Related => "linked, not merged",
        Relation::Apart => "kept apart by people",
        Relation::RecurrenceOf => "the case before",
    }
}

fn links(group: &GroupRecord) -> Markup {
    let api = format!("/api/v1/cases/{}", group.case);
    html! {
        h2 { "As data" }
        ul.totals {
            li { a href=(api) { "case" } }
            li { a href=(format!("{api}/alerts")) { "alerts" } }
            li { a href=(format!("{api}/timeline")) { "timeline" } }
            li { a href=(format!("{api}/audit")) { "audit" } }
        }
    }
}
