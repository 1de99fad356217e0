//! `/metrics`: the table in Prometheus' text format.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::App;
use super::problem::HttpError;
use crate::metrics::CONTENT_TYPE as TEXT_FORMAT;

#[utoipa::path(get, path = "/metrics", tag = "process", operation_id = "metrics", responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, HttpError> {
    app.metrics.ready.set(app.readiness.is_ready().into());
    let metrics = app.metrics;
    // Reads /proc, so it must not stand in the way of other requests.
    let text = tokio::task::spawn_blocking(move || metrics.render()).await;
    let text = text.map_err(|_| HttpError::Failed)?;
    Ok(([(CONTENT_TYPE, TEXT_FORMAT)], text))
}
