//! `/api/v1/suppressed`: what silences kept out, the latest first.

use std::ops::ControlFlow;

use axum::extract::State;
use axum::{Extension, Json};
use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{ActivityId, ScopeId, SilenceId};
use caseloom_engine::silence::SuppressedRecord;
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use crate::access::Principal;
use crate::http::App;
use crate::http::problem::HttpError;
use crate::http::query::{Params, moment};
use crate::http::shape::{EntityShape, List, PositionShape, RuleShape};

/// Most records that are looked at for a page; a page may be shorter than its limit, and goes on with its cursor.
const LOOKS_MAX: usize = 50_000;

/// Alerts that a silence kept out: the same happening, within one dedup window.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Suppressed)]
pub(in crate::http) struct SuppressedShape {
    #[schema(value_type = u64)]
    activity: ActivityId,
    scope: String,
    /// Always `suppressed`.
    #[schema(value_type = String)]
    disposition: &'static str,
    /// Always `silence`.
    #[schema(value_type = String)]
    reason: &'static str,
    /// Which silence.
    silence: u64,
    source: String,
    rule: RuleShape,
    title: String,
    #[schema(value_type = String)]
    severity: &'static str,
    severity_score: u8,
    subject: Option<EntityShape>,
    entities: Vec<EntityShape>,
    attack: Vec<String>,
    count: u64,
    first: String,
    last: String,
    /// The first one's native id.
    alert_id: Option<String>,
    /// Where the first one stood.
    position: PositionShape,
}

/// Which are asked for.
struct Filter {
    scope: Option<String>,
    silence: Option<SilenceId>,
    source: Option<String>,
    rule: Option<String>,
    kind: Option<EntityKind>,
    entity: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// `GET /api/v1/suppressed?scope=&silence=&source=&rule=&kind=&entity=&since=&until=&limit=&cursor=`
#[utoipa::path(get, path = "/suppressed", tag = "silences", operation_id = "suppressed", params(("scope" = Option<String>, Query, description = "A scope"), ("silence" = Option<u64>, Query, description = "Number of a silence"), ("source" = Option<String>, Query, description = "A product"), ("rule" = Option<String>, Query, description = "A rule, by id or name"), ("kind" = Option<String>, Query, description = "Kind of the entity"), ("entity" = Option<String>, Query, description = "An entity's value"), ("since" = Option<String>, Query, description = "Its last alert is of then or later, in event time"), ("until" = Option<String>, Query, description = "Its first alert is of before then, in event time"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "What silences kept out, the latest first", body = List<SuppressedShape>)))]
pub(super) async fn suppressed(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<List<SuppressedShape>>, HttpError> {
    params.only(&[
        "scope", "silence", "source", "rule", "kind", "entity", "since", "until", "limit", "cursor",
    ])?;
    let filter = Filter::read(&params)?;
    let before = number(
        &params,
        "cursor",
        "must be the next_cursor of an earlier page",
    )?;
    let before = ActivityId(before.unwrap_or(u64::MAX));
    let limit = params.limit()?;
    let read = app.reads.run(move |data| {
        let scopes = data.store.scopes()?;
        let name = |id: ScopeId| {
            let scope = scopes.iter().find(|scope| scope.id == id);
            scope.map_or("", |scope| scope.name.as_str())
        };
        let topics = data.store.topics()?;
        let (mut items, mut looks, mut next_cursor) = (Vec::new(), 0, None);
        data.store.suppressed_back(before, |kept| {
            if items.len() >= limit || looks >= LOOKS_MAX {
                next_cursor = Some((kept.id.0 + 1).to_string());
                return ControlFlow::Break(());
            }
            looks += 1;
            let scope = name(kept.scope);
            if who.may_see(scope) && filter.holds(&kept, scope) {
                let topic = topics.iter().find(|(id, _)| *id == kept.position.topic);
                let topic = topic.map(|(_, name)| name.as_str());
                items.push(SuppressedShape::new(&kept, scope, topic));
            }
            ControlFlow::Continue(())
        })?;
        Ok(List { items, next_cursor })
    });
    Ok(Json(read.await?))
}

fn number(
    params: &Params,
    name: &'static str,
    must: &'static str,
) -> Result<Option<u64>, HttpError> {
    let number = params.get(name).map(str::parse::<u64>).transpose();
    number.map_err(|_| HttpError::parameter(name, must))
}

impl Filter {
    fn read(params: &Params) -> Result<Self, HttpError> {
        let text = |name: &str| params.get(name).map(str::to_owned);
        let time = |name: &'static str| match params.get(name) {
            None => Ok(None),
            Some(text) => moment(text).map(Some).ok_or_else(|| {
                HttpError::parameter(name, "must be a time such as 2026-01-31T00:00:00Z")
            }),
        };
        let kind = params.get("kind").map(|word| {
            EntityKind::from_word(word).ok_or_else(|| {
                HttpError::parameter("kind", "must be a kind of entity, such as host or ip")
            })
        });
        let silence = number(params, "silence", "must be the number of a silence")?;
        Ok(Self {
            scope: text("scope"),
            silence: silence.map(SilenceId),
            source: text("source"),
            rule: text("rule"),
            kind: kind.transpose()?,
            entity: text("entity"),
            since: time("since")?,
            until: time("until")?,
        })
    }

    fn holds(&self, kept: &SuppressedRecord, scope: &str) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let names_none = self.kind.is_none() && self.entity.is_none();
        let names = || {
            kept.entities.iter().any(|entity| {
                self.kind.is_none_or(|kind| kind == entity.kind) && is(&self.entity, &entity.value)
            })
        };
        is(&self.scope, scope)
            && self.silence.is_none_or(|silence| silence == kept.silence)
            && is(&self.source, &kept.source)
            && (is(&self.rule, &kept.rule_id) || is(&self.rule, &kept.rule_name))
            && self.since.is_none_or(|since| kept.last >= since)
            && self.until.is_none_or(|until| kept.first < until)
            && (names_none || names())
    }
}

impl SuppressedShape {
    fn new(kept: &SuppressedRecord, scope: &str, topic: Option<&str>) -> Self {
        Self {
            activity: kept.id,
            scope: scope.to_owned(),
            disposition: "suppressed",
            reason: "silence",
            silence: kept.silence.0,
            source: kept.source.to_string(),
            rule: RuleShape {
                id: kept.rule_id.to_string(),
                name: kept.rule_name.to_string(),
            },
            title: kept.title.to_string(),
            severity: kept.severity.as_str(),
            severity_score: kept.severity.score,
            subject: kept.subject_entity().map(EntityShape::new),
            entities: kept.entities.iter().map(EntityShape::new).collect(),
            attack: kept.attack.iter().map(ToString::to_string).collect(),
            count: kept.count,
            first: kept.first.to_rfc3339(),
            last: kept.last.to_rfc3339(),
            alert_id: Some(kept.alert_id.to_string()).filter(|id| !id.is_empty()),
            position: PositionShape::new(kept.position, topic),
        }
    }
}
