//! What lists say of a case's entities, and what its risk is made of.

use caseloom_engine::knowledge::Fact;
use caseloom_engine::time::Timestamp;
use maud::{Markup, html};

use super::parts;
use super::text::Text;
use crate::http::case::Case;
use crate::known::{fields, risk_parts};

/// The facts, the most telling first.
pub(super) fn facts(case: &Case, now: Timestamp) -> Markup {
    let facts = || case.facts.iter().flat_map(|known| &known.facts);
    html! {
        @if facts().next().is_some() {
            h2 { "Known" }
            ul.known { @for fact in facts() { (one(fact, now)) } }
        }
    }
}

fn one(fact: &Fact, now: Timestamp) -> Markup {
    let is_stale = fact.stale_from <= now;
    html! {
        li {
            span.entity { i { (fact.entity.as_str().replace('_', " ")) } (Text(&fact.value)) }
            dl {
                @for (name, value) in fields(fact) { div { dt { (Text(name)) } dd { (Text(&value)) } } }
            }
            p.none {
                (fact.kind.as_str()) " by " (Text(&fact.source)) ", as of " (parts::moment(fact.as_of))
                @if is_stale { strong { " (stale)" } }
            }
        }
    }
}

/// How the risk is reckoned.
pub(super) fn risk(case: &Case) -> Markup {
    let parts = risk_parts(&case.group, &case.activities, case.facts.as_deref());
    html! {
        h2 { "Risk" }
        ul.totals {
            @for part in parts {
                li title=(part.text) {
                    span { (part.part.replace('_', " ")) }
                    span.number { @if is_factor(part.part) { "× " } (format!("{:.2}", part.value).trim_end_matches('0').trim_end_matches('.')) }
                }
            }
        }
    }
}

fn is_factor(part: &str) -> bool {
    matches!(part, "tactics" | "user" | "asset" | "intel")
}
