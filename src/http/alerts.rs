//! `/api/v1/cases/{id}/alerts`: the single alerts of a case, page by page from the store.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caseloom_engine::alert::TopicId;
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::GroupRecord;

use super::App;
use super::case::{Found, Id, read_group, redirect};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::{AlertShape, List, PositionShape};
use crate::store::StoredAlert;

/// Which page.
struct Wanted {
    cursor: Option<Vec<u8>>,
    limit: usize,
}

/// `GET /api/v1/cases/{id}/alerts?limit=&cursor=`
#[utoipa::path(get, path = "/cases/{id}/alerts", tag = "case", operation_id = "alerts", params(("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Its single alerts", body = List<AlertShape>)))]
pub(super) async fn alerts(
    State(app): State<App>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    let wanted = Wanted::read(&params)?;
    let found = app
        .reads
        .run(move |data| read_alerts(data, id, &wanted))
        .await?;
    Ok(match found {
        Found::Here(list) => Json(list).into_response(),
        Found::MergedInto(survivor) => {
            redirect(id, survivor, format!("/api/v1/cases/{survivor}/alerts"))
        }
    })
}

fn read_alerts(
    data: &Data,
    id: CaseId,
    wanted: &Wanted,
) -> Result<Found<List<AlertShape>>, HttpError> {
    let group = match read_group(data, id)? {
        Found::Here(group) => group,
        Found::MergedInto(survivor) => return Ok(Found::MergedInto(survivor)),
    };
    let page = data
        .store
        .alerts_page(&group, wanted.cursor.as_deref(), wanted.limit)?;
    let topics = data.store.topics()?;
    let items = page.alerts.into_iter();
    Ok(Found::Here(List {
        items: items.map(|alert| shape(&group, alert, &topics)).collect(),
        next_cursor: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)),
    }))
}

fn shape(group: &GroupRecord, alert: StoredAlert, topics: &[(TopicId, String)]) -> AlertShape {
    // An alert that is not in a term of its own has that of its group.
    let disposition = alert.disposition.or_else(|| group.stage.disposition());
    let topic = topics.iter().find(|(id, _)| *id == alert.position.topic);
    AlertShape {
        id: alert.id,
        time: alert.time.to_rfc3339(),
        activity: alert.activity,
        disposition: disposition.map(|disposition| disposition.as_str()),
        position: PositionShape::new(alert.position, topic.map(|(_, name)| name.as_str())),
    }
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, HttpError> {
        params.only(&["limit", "cursor"])?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text);
        let cursor = params.get("cursor").map(decode).transpose();
        Ok(Self {
            cursor: cursor.map_err(|_| {
                HttpError::parameter("cursor", "must be the next_cursor of an earlier page")
            })?,
            limit: params.limit()?,
        })
    }
}
