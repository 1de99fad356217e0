//! `/api/v1/background`, `/api/v1/hubs` and `/api/v1/policy`: what is remembered of rules and entities, from the store.

use axum::extract::State;
use axum::{Extension, Json};
use caseloom_engine::entity::EntityKind;
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use super::App;
use super::problem::HttpError;
use super::query::Params;
use super::shape::List;
use crate::access::Principal;
use crate::config::written;
use crate::memory::{self, BackgroundFilter, BackgroundPair, Hub, HubFilter, Worth};

/// A (rule, subject) pair that is background, or was.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Pair)]
pub(in crate::http) struct PairShape {
    scope: Option<String>,
    source: String,
    rule_id: String,
    rule_name: String,
    subject: Option<EntityShape>,
    #[schema(value_type = String)]
    standing: &'static str,
    #[schema(value_type = String)]
    why: &'static str,
    #[schema(value_type = Option<String>)]
    pin: Option<&'static str>,
    since: Option<String>,
    hours_seen: Option<u32>,
    hours_needed: u32,
    usual_peak: Option<u16>,
    bursts_above: Option<f64>,
    last_hour: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = EntityValue)]
pub(in crate::http) struct EntityShape {
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    value: String,
}

/// An entity that is worth less than its kind.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Hub)]
pub(in crate::http) struct HubShape {
    scope: Option<String>,
    #[schema(value_type = crate::http::words::KindWord)]
    kind: EntityKind,
    value: String,
    #[schema(value_type = String)]
    standing: &'static str,
    #[schema(value_type = String)]
    origin: &'static str,
    busy_hours: Vec<String>,
    since: Option<String>,
    ends: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Policy)]
pub(super) struct PolicyShape {
    version: String,
    since: String,
    keys: std::collections::BTreeMap<String, String>,
    former: Vec<FormerShape>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FormerPolicy)]
pub(in crate::http) struct FormerShape {
    version: String,
    since: String,
}

/// `GET /api/v1/background?scope=&source=&rule=&kind=&subject=&standing=&limit=&cursor=`
#[utoipa::path(get, path = "/background", tag = "memory", operation_id = "background", params(("scope" = Option<String>, Query, description = "A scope"), ("source" = Option<String>, Query, description = "A product"), ("rule" = Option<String>, Query, description = "A rule"), ("kind" = Option<String>, Query, description = "Kind of the subject"), ("subject" = Option<String>, Query, description = "The subject"), ("standing" = Option<String>, Query, description = "background, or any"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Rules that are usual on their subjects", body = List<PairShape>)))]
pub(super) async fn background(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<serde_json::Value>, HttpError> {
    params.only(&[
        "scope", "source", "rule", "kind", "subject", "standing", "limit", "cursor",
    ])?;
    let filter = BackgroundFilter {
        seen: who.scopes,
        scope: params.get("scope").map(str::to_owned),
        source: params.get("source").map(str::to_owned),
        rule: params.get("rule").map(str::to_owned),
        kind: kind(&params)?,
        subject: params.get("subject").map(str::to_owned),
        any_standing: standing(&params)?,
    };
    let (limit, cursor) = (params.limit()?, cursor(&params)?);
    let page = app.reads.run(move |data| {
        let (pairs, next) = memory::background(&data.store, &filter, limit, cursor.as_deref())?;
        let items: Vec<PairShape> = pairs.into_iter().map(PairShape::new).collect();
        Ok(List {
            items,
            next_cursor: next.map(|key| hex(&key)),
        })
    });
    json(page.await?)
}

/// `GET /api/v1/hubs?scope=&kind=&entity=&limit=&cursor=`
#[utoipa::path(get, path = "/hubs", tag = "memory", operation_id = "hubs", params(("scope" = Option<String>, Query, description = "A scope"), ("kind" = Option<String>, Query, description = "A kind of entity"), ("entity" = Option<String>, Query, description = "A value"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Entities that are too common to link", body = List<HubShape>)))]
pub(super) async fn hubs(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<serde_json::Value>, HttpError> {
    params.only(&["scope", "kind", "entity", "limit", "cursor"])?;
    let filter = HubFilter {
        seen: who.scopes,
        scope: params.get("scope").map(str::to_owned),
        kind: kind(&params)?,
        value: params.get("entity").map(str::to_owned),
    };
    let (limit, cursor) = (params.limit()?, cursor(&params)?);
    let page = app.reads.run(move |data| {
        let (hubs, next) = memory::hubs(&data.store, &filter, limit, cursor.as_deref())?;
        let items: Vec<HubShape> = hubs.into_iter().map(HubShape::new).collect();
        Ok(List {
            items,
            next_cursor: next.map(|key| hex(&key)),
        })
    });
    json(page.await?)
}

/// `GET /api/v1/policy`
#[utoipa::path(get, path = "/policy", tag = "memory", operation_id = "policy", responses((status = 200, description = "The policy in force", body = PolicyShape)))]
pub(super) async fn policy(
    State(app): State<App>,
    params: Params,
) -> Result<Json<serde_json::Value>, HttpError> {
    params.only(&[])?;
    let shape = app.reads.run(move |data| {
        let record = data.store.policy()?.unwrap_or_else(memory::built_in);
        let mut former: Vec<_> = data.store.policies()?;
        former.retain(|other| other.policy.version != record.policy.version);
        former.sort_by_key(|other| std::cmp::Reverse(other.since));
        Ok(PolicyShape {
            version: record.policy.version.to_string(),
            since: time(record.since),
            keys: written(&record.policy),
            former: former
                .into_iter()
                .map(|other| FormerShape {
                    version: other.policy.version.to_string(),
                    since: time(other.since),
                })
                .collect(),
        })
    });
    json(shape.await?)
}

fn json(shape: impl Serialize) -> Result<Json<serde_json::Value>, HttpError> {
    serde_json::to_value(shape)
        .map(Json)
        .map_err(|_| HttpError::Failed)
}

fn kind(params: &Params) -> Result<Option<EntityKind>, HttpError> {
    let Some(word) = params.get("kind") else {
        return Ok(None);
    };
    let known = EntityKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word);
    known
        .map(Some)
        .ok_or_else(|| HttpError::parameter("kind", "must be a kind of entity, such as host or ip"))
}

/// Whether pairs are wanted that are not background now.
fn standing(params: &Params) -> Result<bool, HttpError> {
    match params.get("standing") {
        None | Some("background") => Ok(false),
        Some("any") => Ok(true),
        Some(_) => Err(HttpError::parameter(
            "standing",
            "must be background, or any for what was background once",
        )),
    }
}

fn cursor(params: &Params) -> Result<Option<Vec<u8>>, HttpError> {
    let refused = || HttpError::parameter("cursor", "must be the next_cursor of an earlier page");
    let Some(text) = params.get("cursor") else {
        return Ok(None);
    };
    if text.len() % 2 != 0 || !text.is_ascii() {
        return Err(refused());
    }
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect();
    bytes.map(Some).ok_or_else(refused)
}

fn time(time: Timestamp) -> String {
    time.to_rfc3339()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl PairShape {
    fn new(pair: BackgroundPair) -> Self {
        Self {
            scope: pair.scope,
            source: pair.source,
            rule_id: pair.rule_id,
            rule_name: pair.rule_name,
            subject: pair
                .subject
                .map(|(kind, value)| EntityShape { kind, value }),
            standing: pair.standing.as_str(),
            why: pair.why,
            pin: pair.pin.map(|is_background| match is_background {
                true => "background",
                false => "never",
            }),
            since: pair.since.map(time),
            hours_seen: pair.measured.map(|measured| measured.hours_seen),
            hours_needed: pair.hours_needed,
            usual_peak: pair.measured.map(|measured| measured.usual_peak),
            bursts_above: pair.bursts_above,
            last_hour: pair.measured.map(|measured| time(measured.last_hour)),
        }
    }
}

impl HubShape {
    fn new(hub: Hub) -> Self {
        let of = hub.measured;
        Self {
            scope: hub.scope,
            kind: hub.kind,
            value: hub.value,
            standing: hub.worth.as_str(),
            origin: match hub.worth {
                Worth::Ignored => "policy",
                Worth::Common | Worth::Hub => "measured",
            },
            busy_hours: of
                .iter()
                .flat_map(|of| of.busy_hours.iter().copied().map(time))
                .collect(),
            since: of.as_ref().map(|of| time(of.since)),
            ends: of.as_ref().map(|of| time(of.ends)),
        }
    }
}
