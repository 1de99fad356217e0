//! `/api/v1/kpis`: key figures of the cases that opened within a time; `crate::kpis` has the formulas.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::{Extension, Json};
use caseloom_engine::command::Work;
use caseloom_engine::ids::GroupId;
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use super::App;
use super::problem::HttpError;
use super::query::{Params, moment};
use super::reads::Data;
use crate::access::Principal;
use crate::kpis::{By, Collector, Figures};

/// Most activities that are read for figures by rule or source; about two seconds. Where cases have more, the answer says
/// that it is cut.
const ACTIVITIES_MAX: u64 = 500_000;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Kpis)]
pub(super) struct Answer {
    from: Option<String>,
    to: Option<String>,
    /// More cases opened in this time than were looked at.
    truncated: bool,
    items: Vec<Item>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = KpiItem)]
pub(in crate::http) struct Item {
    key: String,
    #[serde(flatten)]
    figures: Figures,
}

/// Which cases, and how they are put together.
struct Wanted {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    scope: Option<String>,
    by: By,
}

/// `GET /api/v1/kpis?from=&to=&scope=&by=`: cases that opened from `from` on and before `to`.
#[utoipa::path(get, path = "/kpis", tag = "kpis", operation_id = "kpis", params(("from" = Option<String>, Query, description = "Opened then or later"), ("to" = Option<String>, Query, description = "Opened before then"), ("scope" = Option<String>, Query, description = "A scope"), ("by" = Option<String>, Query, description = "all, scope, owner, severity, verdict, rule or source")), responses((status = 200, description = "Key figures", body = Answer)))]
pub(super) async fn kpis(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<Answer>, HttpError> {
    params.only(&["from", "to", "scope", "by"])?;
    let time = |name: &'static str| match params.get(name) {
        None => Ok(None),
        Some(text) => moment(text).map(Some).ok_or_else(|| {
            HttpError::parameter(name, "must be a time such as 2026-01-31T00:00:00Z")
        }),
    };
    let words = By::WORDS.map(|(word, _)| word).join(", ");
    let wanted = Wanted {
        from: time("from")?,
        to: time("to")?,
        scope: params.get("scope").map(str::to_owned),
        by: By::from_word(params.get("by").unwrap_or("all"))
            .ok_or_else(|| HttpError::parameter("by", format!("must be one of {words}")))?,
    };
    let read = app.reads.run(move |data| collect(data, &who, &wanted));
    Ok(Json(read.await?))
}

fn collect(data: &Data, who: &Principal, wanted: &Wanted) -> Result<Answer, HttpError> {
    let works: BTreeMap<GroupId, Work> = data.store.works()?;
    let mut collector = Collector::default();
    let (mut seen, mut truncated) = (0, false);
    for group in data.store.groups() {
        let group = group?;
        if !wanted.holds(&group) || !who.may_see(&group.scope_name) {
            continue;
        }
        seen += group.activities;
        if wanted.by.needs_activities() && seen > ACTIVITIES_MAX {
            truncated = true;
            break;
        }
        let work = works.get(&group.id);
        let keys = keys(data, wanted.by, &group, work)?;
        collector.add(&keys, &group, work);
    }
    let items = collector.finish().into_iter();
    Ok(Answer {
        from: wanted.from.map(Timestamp::to_rfc3339),
        to: wanted.to.map(Timestamp::to_rfc3339),
        truncated,
        items: items.map(|(key, figures)| Item { key, figures }).collect(),
    })
}

fn keys(
    data: &Data,
    by: By,
    group: &GroupRecord,
    work: Option<&Work>,
) -> Result<Vec<String>, HttpError> {
    let verdict = work.and_then(|work| work.verdict);
    Ok(match by {
        By::All => vec!["all".to_owned()],
        By::Scope => vec![group.scope_name.to_string()],
        By::Owner => vec![group.owner.as_deref().unwrap_or("nobody").to_owned()],
        By::Severity => vec![group.severity.as_str().to_owned()],
        By::Verdict => vec![
            verdict
                .map_or("none", |verdict| verdict.as_str())
                .to_owned(),
        ],
        By::Rule | By::Source => {
            let mut keys = BTreeSet::new();
            data.store.for_each_activity(group, |activity, _| {
                keys.insert(match by {
                    By::Source => activity.source.to_string(),
                    _ => format!("{} {}", activity.source, activity.rule_id),
                });
            })?;
            keys.into_iter().collect()
        }
    })
}

impl Wanted {
    fn holds(&self, group: &GroupRecord) -> bool {
        let is_case = group.stage.is_open() || group.stage.is_closed();
        let Some(opened) = group.opened.filter(|_| is_case) else {
            return false;
        };
        self.from.is_none_or(|from| opened >= from)
            && self.to.is_none_or(|to| opened < to)
            && self
                .scope
                .as_ref()
                .is_none_or(|scope| *scope == *group.scope_name)
    }
}
