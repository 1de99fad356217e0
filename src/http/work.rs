//! What people did to a case: its notes, tasks, evidence and audit, page by page in the order of their numbers.
//!
//! `timeline` has all of it in one list.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::{EntryRecord, Evidence, Illegal, NoteHead, Task, Verb};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::App;
use super::case::{Found, Id, read_group, redirect};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::{ActShape, EvidenceShape, List, NoteShape, TaskShape};

/// Most entries of a custody log in an answer, which says how many there are; the timeline has all.
const CUSTODY_MAX: usize = 200;

/// An audit record, as it was hashed, with its hash.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Audit)]
pub(super) struct AuditShape {
    pub(super) hash: String,
    #[schema(value_type = Object)]
    pub(super) record: Box<RawValue>,
}

/// `GET /api/v1/cases/{id}/notes?limit=&cursor=`
#[utoipa::path(get, path = "/cases/{id}/notes", tag = "work", operation_id = "list_notes", params(("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Its notes with what they said before", body = List<NoteShape>)))]
pub(super) async fn notes(
    State(app): State<App>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    list(&app, id, "notes", &params, |data, group, turn| {
        let mut work = data.store.work(group.id)?.unwrap_or_default();
        // Those of a merged case stand behind, whatever their numbers.
        work.notes.sort_unstable_by_key(|note| note.no);
        let heads = turn.page(work.notes, |note| note.no);
        let notes = fold_notes(data, group, &heads.items)?;
        Ok(heads.with(notes))
    })
    .await
}

/// `GET /api/v1/cases/{id}/tasks?limit=&cursor=`
#[utoipa::path(get, path = "/cases/{id}/tasks", tag = "work", operation_id = "list_tasks", params(("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Its tasks", body = List<TaskShape>)))]
pub(super) async fn tasks(
    State(app): State<App>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    list(&app, id, "tasks", &params, |data, group, turn| {
        let mut work = data.store.work(group.id)?.unwrap_or_default();
        work.tasks.sort_unstable_by_key(|task| task.no);
        let page = turn.page(work.tasks, |task| task.no);
        let tasks = page.items.iter().map(TaskShape::new).collect();
        Ok(page.with(tasks))
    })
    .await
}

/// `GET /api/v1/cases/{id}/evidence?limit=&cursor=`: each piece with its custody log.
#[utoipa::path(get, path = "/cases/{id}/evidence", tag = "work", operation_id = "list_evidence", params(("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "Its evidence with custody", body = List<EvidenceShape>)))]
pub(super) async fn evidence(
    State(app): State<App>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    list(&app, id, "evidence", &params, |data, group, turn| {
        let mut work = data.store.work(group.id)?.unwrap_or_default();
        work.evidence.sort_unstable_by_key(|piece| piece.no);
        let page = turn.page(work.evidence, |piece| piece.no);
        let pieces = with_custody(data, group, &page.items)?;
        Ok(page.with(pieces))
    })
    .await
}

/// `GET /api/v1/cases/{id}/audit?limit=&cursor=`: the records about this case; they are links of the scope's chain, which
/// `/api/v1/audit` has whole.
#[utoipa::path(get, path = "/cases/{id}/audit", tag = "audit", operation_id = "case_audit", params(("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "The audit records about it", body = List<AuditShape>)))]
pub(super) async fn audit(
    State(app): State<App>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    list(&app, id, "audit", &params, |data, group, turn| {
        let entries = data.store.entries(group, turn.after, turn.limit + 1)?;
        let page = turn.page(entries, |entry| entry.seq);
        let mut records = Vec::new();
        for entry in &page.items {
            if let Some(record) = data.store.audit_record(entry.scope, entry.seq)? {
                records.push(shape(&record)?);
            }
        }
        Ok(page.with(records))
    })
    .await
}

/// Which page of a list whose items are numbered: those behind a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    after: u64,
    limit: usize,
}

/// Numbered items, and the number of the last where there are more.
pub(super) struct Numbered<T> {
    pub(super) items: Vec<T>,
    next: Option<u64>,
}

impl Turn {
    pub(super) fn read(params: &Params) -> Result<Self, HttpError> {
        params.only(&["limit", "cursor"])?;
        let after = params.get("cursor").unwrap_or("0").parse();
        Ok(Self {
            after: after.map_err(|_| {
                HttpError::parameter("cursor", "must be the next_cursor of an earlier page")
            })?,
            limit: params.limit()?,
        })
    }

    /// Of items in the order of their numbers.
    pub(super) fn page<T>(self, items: Vec<T>, number: impl Fn(&T) -> u64) -> Numbered<T> {
        let behind = items.into_iter().filter(|item| number(item) > self.after);
        let mut items: Vec<T> = behind.take(self.limit + 1).collect();
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| has_more).map(number);
        Numbered { items, next }
    }
}

impl<T> Numbered<T> {
    fn with<S>(&self, items: Vec<S>) -> List<S> {
        List {
            items,
            next_cursor: self.next.map(|next| next.to_string()),
        }
    }
}

/// Reads a page of a list about a case; what was merged away leads on.
async fn list<T: Serialize + Send + 'static>(
    app: &App,
    id: CaseId,
    what: &str,
    params: &Params,
    read: impl FnOnce(&Data, &GroupRecord, Turn) -> Result<List<T>, HttpError> + Send + 'static,
) -> Result<Response, HttpError> {
    let turn = Turn::read(params)?;
    let read = move |data: &Data| of_group(data, id, |data, group| read(data, group, turn));
    let found = app.reads.run(read).await?;
    Ok(answer(found, id, what))
}

pub(super) fn shape(
    record: &caseloom_engine::command::AuditRecord,
) -> Result<AuditShape, HttpError> {
    let text = RawValue::from_string(record.text.clone());
    Ok(AuditShape {
        hash: blake3::Hash::from_bytes(record.hash).to_hex().to_string(),
        record: text.map_err(|_| HttpError::Failed)?,
    })
}

/// One piece of evidence of a case.
pub(super) fn piece(data: &Data, id: CaseId, no: u64) -> Result<Evidence, HttpError> {
    let found = of_group(data, id, |data, group| {
        let work = data.store.work(group.id)?.unwrap_or_default();
        let mut evidence = work.evidence.into_iter();
        let piece = evidence.find(|piece| piece.no == no);
        piece.ok_or(HttpError::Illegal(Illegal::NoEvidence))
    })?;
    match found {
        Found::Here(piece) => Ok(piece),
        Found::MergedInto(survivor) => Err(HttpError::NoRoute(format!(
            "case {id}, which is part of {survivor}"
        ))),
    }
}

pub(super) fn of_group<T>(
    data: &Data,
    id: CaseId,
    read: impl FnOnce(&Data, &GroupRecord) -> Result<T, HttpError>,
) -> Result<Found<T>, HttpError> {
    match read_group(data, id)? {
        Found::Here(group) => read(data, &group).map(Found::Here),
        Found::MergedInto(survivor) => Ok(Found::MergedInto(survivor)),
    }
}

pub(super) fn answer<T: Serialize>(found: Found<List<T>>, id: CaseId, what: &str) -> Response {
    match found {
        Found::MergedInto(survivor) => {
            redirect(id, survivor, format!("/api/v1/cases/{survivor}/{what}"))
        }
        Found::Here(list) => Json(list).into_response(),
    }
}

/// Each of the notes as it reads now, with what it said before.
pub(super) fn fold_notes(
    data: &Data,
    group: &GroupRecord,
    heads: &[NoteHead],
) -> Result<Vec<NoteShape>, HttpError> {
    let wanted: BTreeSet<u64> = heads.iter().map(|note| note.no).collect();
    let mut about = Vec::new();
    data.store.for_each_entry(group, 0, |entry| {
        let is_it = matches!(entry.verb, Verb::Noted | Verb::NoteEdited);
        if is_it && entry.about.is_some_and(|no| wanted.contains(&no)) {
            about.push(entry);
        }
    })?;
    // An edit may stand with the survivor of a merge, and the note with what was merged.
    about.sort_unstable_by_key(|entry| entry.seq);
    let mut notes: BTreeMap<u64, NoteShape> = BTreeMap::new();
    for entry in &about {
        let no = entry.about.unwrap_or_default();
        match notes.get_mut(&no) {
            Some(note) => note.edit(entry),
            None => drop(notes.insert(no, NoteShape::new(no, entry))),
        }
    }
    Ok(notes.into_values().collect())
}

/// The custody log of a piece: its first entries, and how many there are.
#[derive(Default)]
struct Custody {
    first: BTreeMap<u64, EntryRecord>,
    total: u64,
}

impl Custody {
    fn add(&mut self, entry: EntryRecord) {
        self.total += 1;
        self.first.insert(entry.seq, entry);
        if self.first.len() > CUSTODY_MAX {
            self.first.pop_last();
        }
    }
}

/// Each piece with the entries about it.
pub(super) fn with_custody(
    data: &Data,
    group: &GroupRecord,
    pieces: &[Evidence],
) -> Result<Vec<EvidenceShape>, HttpError> {
    let mut logs: BTreeMap<u64, Custody> = pieces
        .iter()
        .map(|piece| (piece.no, Custody::default()))
        .collect();
    data.store.for_each_entry(group, 0, |entry| {
        if matches!(entry.verb, Verb::EvidenceAdded | Verb::EvidenceTaken)
            && let Some(log) = entry.about.and_then(|no| logs.get_mut(&no))
        {
            log.add(entry);
        }
    })?;
    let mut shape = |piece: &Evidence| {
        let log = logs.remove(&piece.no).unwrap_or_default();
        EvidenceShape::new(
            piece,
            log.first.values().map(ActShape::new).collect(),
            log.total,
        )
    };
    Ok(pieces.iter().map(&mut shape).collect())
}

impl TaskShape {
    pub(super) fn new(task: &Task) -> Self {
        Self {
            number: task.no,
            title: task.title.to_string(),
            text: task.text.to_string(),
            assignee: (!task.assignee.is_empty()).then(|| task.assignee.to_string()),
            due: task.due.map(Timestamp::to_rfc3339),
            after: task.after.clone(),
            playbook: (!task.playbook.is_empty()).then(|| task.playbook.to_string()),
            state: task.state.as_str(),
            added: task.added.to_rfc3339(),
            ended: task.ended.as_ref().map(|(_, time)| time.to_rfc3339()),
            ended_by: task.ended.as_ref().map(|(actor, _)| actor.name.to_string()),
        }
    }
}
