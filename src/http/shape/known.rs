//! What lists say of a case's entities, and what its risk is made of, as JSON.

use std::collections::BTreeMap;

use caseloom_engine::entity::EntityKind;
use caseloom_engine::knowledge::Fact;
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use crate::known::{RiskPart, fields};

/// What a list says of an entity.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Enrichment)]
pub(in crate::http) struct KnownShape {
    pub(in crate::http) entity: KnownEntity,
    /// What the list is about: user, asset or intel.
    #[schema(value_type = String)]
    pub(in crate::http) kind: &'static str,
    /// What it says, by name; `vip`, `criticality` and `confidence` raise the risk.
    pub(in crate::http) fields: BTreeMap<String, String>,
    /// The list's name.
    pub(in crate::http) source: String,
    /// When the list last said so.
    pub(in crate::http) as_of: String,
    /// When it came onto the case.
    pub(in crate::http) since: String,
    /// Whether the list is older than it may be.
    pub(in crate::http) stale: bool,
}

/// An entity by its kind and value.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct KnownEntity {
    #[schema(value_type = crate::http::words::KindWord)]
    pub(in crate::http) kind: EntityKind,
    pub(in crate::http) value: String,
}

/// One thing that the risk is made of: `severity` is a sum, `tactics`, `user`, `asset` and `intel` are factors,
/// `enrichment_max` and `risk_max` bounds that were reached.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RiskPart)]
pub(in crate::http) struct RiskPartShape {
    #[schema(value_type = String)]
    pub(in crate::http) part: &'static str,
    pub(in crate::http) value: f64,
    /// Why.
    pub(in crate::http) text: String,
}

impl KnownShape {
    pub(in crate::http) fn new(fact: &Fact, now: Timestamp) -> Self {
        let said = fields(fact).into_iter();
        Self {
            entity: KnownEntity {
                kind: fact.entity,
                value: fact.value.to_string(),
            },
            kind: fact.kind.as_str(),
            fields: said.map(|(name, value)| (name.to_owned(), value)).collect(),
            source: fact.source.to_string(),
            as_of: fact.as_of.to_rfc3339(),
            since: fact.since.to_rfc3339(),
            stale: fact.stale_from <= now,
        }
    }
}

impl RiskPartShape {
    pub(in crate::http) fn new(part: RiskPart) -> Self {
        let RiskPart { part, value, text } = part;
        Self { part, value, text }
    }
}
