//! `/api/v1/cases` and `/api/v1/candidates`: lists from the read view. Closed cases that left the view are not listed;
//! they are answered by id.

use axum::extract::State;
use axum::{Extension, Json};

use super::App;
use super::problem::HttpError;
use super::query::{CASE_PARAMS, Params, case_query};
use super::shape::{CaseShape, List};
use crate::access::Principal;
use crate::view::Shelf;

/// `GET /api/v1/cases?status=&owner=&scope=&severity=&q=&updated_since=&sort=&limit=&cursor=`
#[utoipa::path(get, path = "/cases", tag = "cases", operation_id = "cases", params(("status" = Option<String>, Query, description = "Workflow statuses, with commas between them"), ("owner" = Option<String>, Query, description = "A name; none: nobody's"), ("scope" = Option<String>, Query, description = "A scope"), ("severity" = Option<String>, Query, description = "A severity; high+ for that and above"), ("q" = Option<String>, Query, description = "A search: words and fields"), ("updated_since" = Option<String>, Query, description = "Changed then or later", format = DateTime), ("sort" = Option<String>, Query, description = "updated, risk, severity, opened, first or last; - before it: descending"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Open and closed cases", body = List<CaseShape>)))]
pub(super) async fn cases(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<List<CaseShape>>, HttpError> {
    list(&app, &who, Shelf::Cases, &params).await
}

/// `GET /api/v1/candidates`, with the same parameters.
#[utoipa::path(get, path = "/candidates", tag = "cases", operation_id = "candidates", params(("status" = Option<String>, Query, description = "Workflow statuses, with commas between them"), ("owner" = Option<String>, Query, description = "A name; none: nobody's"), ("scope" = Option<String>, Query, description = "A scope"), ("severity" = Option<String>, Query, description = "A severity; high+ for that and above"), ("q" = Option<String>, Query, description = "A search: words and fields"), ("updated_since" = Option<String>, Query, description = "Changed then or later", format = DateTime), ("sort" = Option<String>, Query, description = "updated, risk, severity, opened, first or last; - before it: descending"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Groups below the promotion threshold", body = List<CaseShape>)))]
pub(super) async fn candidates(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<List<CaseShape>>, HttpError> {
    list(&app, &who, Shelf::Candidates, &params).await
}

async fn list(
    app: &App,
    who: &Principal,
    shelf: Shelf,
    params: &Params,
) -> Result<Json<List<CaseShape>>, HttpError> {
    params.only(&CASE_PARAMS)?;
    let mut query = case_query(params, app.clock.now())?;
    query.scopes = who.scopes.clone();
    let list = app.reads.run(move |data| {
        if query.search.is_some() {
            data.read_up()?;
        }
        let page = data.view.list(shelf, &query);
        Ok(List {
            items: page
                .items
                .iter()
                .map(|group| CaseShape::new(group))
                .collect(),
            next_cursor: page.next.map(|next| next.to_string()),
        })
    });
    Ok(Json(list.await?))
}
