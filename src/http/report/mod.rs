//! `/api/v1/cases/{id}/report`: everything about one case for whoever was not there: as JSON, as Markdown, or as a page
//! that can be printed and kept, which needs nothing from elsewhere.
//!
//! `write` says it in blocks of plain text, `markdown` and `html` set the blocks; each escapes every text, so that no
//! alert can pass itself off as a part of the report.

mod block;
mod html;
mod markdown;
mod write;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use super::App;
use super::case::{Found, Id, detail, read_case, redirect};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::{CaseDetail, EvidenceShape, NoteShape, TaskShape};
use super::timeline::{self, Moment};
use super::work::{AuditShape, fold_notes, shape, with_custody};
use crate::access::Principal;

/// Most lines of the timeline, and most audit records. A report that has not all of it says so.
const LINES_MAX: usize = 10_000;

/// A case, written down.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CaseReport)]
pub(super) struct Report {
    /// When it was made, and for whom.
    made: String,
    made_for: String,
    /// The version of caseloom.
    #[schema(value_type = String)]
    version: &'static str,
    case: CaseDetail,
    /// Cases that were merged into it.
    #[schema(value_type = Vec<String>)]
    merged: Vec<CaseId>,
    timeline: Vec<Moment>,
    notes: Vec<NoteShape>,
    tasks: Vec<TaskShape>,
    evidence: Vec<EvidenceShape>,
    /// The audit records of the case; with those of the rest of the scope they are a chain.
    audit: Vec<AuditShape>,
    /// The last record of the scope's chain at that time.
    audit_head: Option<Head>,
    /// What it has not all of: `activities`, `timeline`, `audit`.
    #[schema(value_type = Vec<String>)]
    incomplete: Vec<&'static str>,
}

/// The end of a chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ReportHead)]
pub(in crate::http) struct Head {
    seq: u64,
    hash: String,
}

/// As what.
#[derive(Clone, Copy, Debug)]
enum Format {
    Json,
    Markdown,
    Html,
}

/// `GET /api/v1/cases/{id}/report?format=`
#[utoipa::path(get, path = "/cases/{id}/report", tag = "case", operation_id = "report", params(("format" = Option<String>, Query, description = "json, markdown or html; json without")), responses((status = 200, description = "Everything about the case", content((Report = "application/json"), (String = "text/markdown"), (String = "text/html")), headers(("ETag" = String, description = "The revision")))))]
pub(super) async fn report(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    params.only(&["format"])?;
    let format = match params.get("format").unwrap_or("json") {
        "json" => Format::Json,
        "markdown" => Format::Markdown,
        "html" => Format::Html,
        _ => {
            let must = "must be json, markdown or html";
            return Err(HttpError::parameter("format", must));
        }
    };
    let made = app.clock.now();
    let found = app.reads.run(move |data| read(data, id, made, who.name));
    Ok(match found.await? {
        Found::MergedInto(survivor) => {
            redirect(id, survivor, format!("/api/v1/cases/{survivor}/report"))
        }
        Found::Here((group, report)) => answer(&group, &report, format),
    })
}

fn answer(group: &GroupRecord, report: &Report, format: Format) -> Response {
    let etag = [(ETAG, format!("\"{}\"", group.revision))];
    let name = |end: &str| format!("inline; filename=\"case-{}.{end}\"", group.case);
    match format {
        Format::Json => (etag, Json(report)).into_response(),
        Format::Markdown => {
            let kind = "text/markdown; charset=utf-8".to_owned();
            let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name("md"))];
            (etag, headers, markdown::set(&write::blocks(report))).into_response()
        }
        Format::Html => {
            let kind = "text/html; charset=utf-8".to_owned();
            let headers = [
                (CONTENT_TYPE, kind),
                (CONTENT_DISPOSITION, name("html")),
                (CONTENT_SECURITY_POLICY, html::policy()),
            ];
            (etag, headers, html::set(&write::blocks(report))).into_response()
        }
    }
}

fn read(
    data: &Data,
    id: CaseId,
    made: Timestamp,
    made_for: String,
) -> Result<Found<(GroupRecord, Report)>, HttpError> {
    let case = match read_case(data, id)? {
        Found::Here(case) => case,
        Found::MergedInto(survivor) => return Ok(Found::MergedInto(survivor)),
    };
    let group = &case.group;
    let work = case.work.clone().unwrap_or_default();
    let lines = timeline::page(data, group, &timeline::Wanted::whole(LINES_MAX))?;
    let entries = data.store.entries(group, 0, LINES_MAX + 1)?;
    let mut audit = Vec::new();
    for entry in entries.iter().take(LINES_MAX) {
        if let Some(record) = data.store.audit_record(entry.scope, entry.seq)? {
            audit.push(shape(&record)?);
        }
    }
    let mut merged = Vec::new();
    for part in group.parts.iter().skip(1) {
        let part = data.store.group(*part)?;
        merged.extend(
            part.filter(|part| part.opened.is_some())
                .map(|part| part.case),
        );
    }
    let case_detail = detail(&case, made);
    let cuts = [
        ("activities", case_detail.truncated),
        ("timeline", lines.next_cursor.is_some()),
        ("audit", entries.len() > LINES_MAX),
    ];
    let report = Report {
        made: made.to_rfc3339(),
        made_for,
        version: env!("CARGO_PKG_VERSION"),
        case: case_detail,
        merged,
        timeline: lines.items,
        notes: fold_notes(data, group, &work.notes)?,
        tasks: work.tasks.iter().map(TaskShape::new).collect(),
        evidence: with_custody(data, group, &work.evidence)?,
        audit,
        audit_head: data.store.audit_head(group.scope)?.map(|head| Head {
            seq: head.seq,
            hash: blake3::Hash::from_bytes(head.hash).to_hex().to_string(),
        }),
        incomplete: cuts
            .iter()
            .filter(|(_, cut)| *cut)
            .map(|(what, _)| *what)
            .collect(),
    };
    Ok(Found::Here((case.group, report)))
}
