//! Pages for people: the list of cases and one case, rendered here, without a script and without anything from elsewhere.
//!
//! `/` and `/candidates` take the parameters of the API's lists, `/silences` shows what is kept out, `/cases/{id}` shows why each activity stands there.
//! Text from alerts passes through [`text::Text`], which escapes it and makes invisible characters visible.

mod case;
mod known;
mod layout;
mod list;
mod parts;
mod silences;
mod text;
mod timeline;
mod work;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::Markup;

use super::App;
use super::case::{Found, case_id, read_case};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use crate::view::Shelf;
pub(super) use text::Text;
use work::Latest;

/// The page's own style and icon, forms back to this host, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// A page, or why there is none.
struct Page(Result<Markup, HttpError>);

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(cases))
        .route("/candidates", get(candidates))
        .route("/silences", get(silences))
        .route("/cases/{id}", get(one_case))
        .route("/assets/caseloom.css", get(style))
        .route("/assets/icon.svg", get(icon))
}

async fn cases(State(app): State<App>, params: Result<Params, HttpError>) -> Page {
    Page(list::list(&app, Shelf::Cases, params).await)
}

async fn candidates(State(app): State<App>, params: Result<Params, HttpError>) -> Page {
    Page(list::list(&app, Shelf::Candidates, params).await)
}

async fn silences(State(app): State<App>) -> Page {
    Page(silences::silences(&app).await)
}

async fn one_case(State(app): State<App>, Path(id): Path<String>) -> Response {
    let found = match case_id(&id) {
        Ok(id) => {
            let read = move |data: &Data| match read_case(data, id)? {
                Found::MergedInto(survivor) => Ok(Found::MergedInto(survivor)),
                Found::Here(case) => {
                    let latest = Latest::read(data, &case.group)?;
                    Ok(Found::Here((case, latest)))
                }
            };
            app.reads.run(read).await
        }
        Err(error) => Err(error),
    };
    match found {
        Ok(Found::MergedInto(survivor)) => {
            Redirect::permanent(&format!("/cases/{survivor}")).into_response()
        }
        Ok(Found::Here((case, latest))) => {
            Page(Ok(case::case(&app, &case, &latest))).into_response()
        }
        Err(error) => Page(Err(error)).into_response(),
    }
}

async fn style() -> Response {
    asset(
        "text/css; charset=utf-8",
        include_str!("../../../web/caseloom.css"),
    )
}

async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../../../web/icon.svg"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let kept = "public, max-age=300";
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, kept)], text).into_response()
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = match self.0 {
            Ok(markup) => Html(markup.into_string()).into_response(),
            Err(error) => {
                let page = layout::refusal(&error);
                (error.status(), Html(page.into_string())).into_response()
            }
        };
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}
