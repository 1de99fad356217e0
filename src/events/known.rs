//! What lists say of the case's entities, as OCSF `enrichments`: `name` is where in the event the value stands, `type` what
//! the list is about, `provider` its name, `data` what it says.

use std::borrow::Cow;

use caseloom_engine::decision::CaseSnapshot;
use caseloom_engine::knowledge::{Fact, Mark};
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use super::size::Trim;

/// OCSF `enrichment`.
#[derive(Debug, Serialize)]
pub(super) struct Enrichment<'a> {
    name: &'static str,
    value: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    provider: Cow<'a, str>,
    created_time: i64,
    data: Data<'a>,
}

/// What is said.
#[derive(Debug, Serialize)]
struct Data<'a> {
    entity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vip: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    criticality: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_from: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field<'a>>,
}

/// A list of them, because a name may be hostile.
#[derive(Debug, Serialize)]
struct Field<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

/// The most telling facts.
pub(super) fn enrichments<'a>(case: &'a CaseSnapshot, trim: &mut Trim) -> Vec<Enrichment<'a>> {
    let Some(known) = &case.facts else {
        return Vec::new();
    };
    let facts = trim.first(&known.facts, trim.limits.facts);
    facts.iter().map(|fact| enrichment(fact, trim)).collect()
}

fn enrichment<'a>(fact: &'a Fact, trim: &mut Trim) -> Enrichment<'a> {
    let fields = trim.first(&fact.fields, trim.limits.fact_fields);
    Enrichment {
        name: "unmapped.caseloom.entities[].value",
        value: trim.value(&fact.value),
        kind: fact.kind.as_str(),
        provider: trim.line(&fact.source),
        created_time: fact.as_of.0,
        data: Data {
            entity: fact.entity.as_str(),
            vip: (fact.mark == Mark::Vip).then_some(true),
            criticality: match fact.mark {
                Mark::Criticality(criticality) => Some(criticality.as_str()),
                _ => None,
            },
            confidence: match fact.mark {
                Mark::Confidence(confidence) => Some(confidence),
                _ => None,
            },
            stale_from: (fact.stale_from != Timestamp::MAX).then_some(fact.stale_from.0),
            fields: fields
                .iter()
                .map(|(name, value)| Field {
                    name: trim.line(name),
                    value: trim.line(value),
                })
                .collect(),
        },
    }
}
