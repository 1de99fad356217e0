//! What people did to a case: its timeline, notes, tasks, evidence and audit.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use caseloom_engine::command::{EntryRecord, Evidence, Task, Verb};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{ActivityRecord, GroupRecord, Stage, TallyRecord};
use caseloom_engine::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::App;
use super::case::{Case, Found, case_id, read_case, read_group, redirect};
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::{ActShape, EvidenceShape, List, NoteShape, TaskShape};
use crate::reason;

/// Most entries of a case that are read; every note, edit, change and copy is one.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// One line of the timeline. `clock` says which time it is: of the happening, or of the action.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    time: String,
    clock: &'static str,
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<CaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<ActShape>,
}

/// An audit record, as it was hashed, with its hash.
#[derive(Debug, Serialize)]
pub(super) struct AuditShape {
    hash: String,
    record: Box<RawValue>,
}

/// `GET /api/v1/cases/{id}/timeline?kind=`
pub(super) async fn timeline(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, HttpError> {
    params.only(&["kind"])?;
    let kinds = ["activity", "action", "automatic"];
    let kind = params.get("kind").map(str::to_owned);
    if kind
        .as_ref()
        .is_some_and(|kind| !kinds.contains(&kind.as_str()))
    {
        return Err(HttpError::parameter(
            "kind",
            "must be activity, action or automatic",
        ));
    }
    let id = case_id(&id)?;
    let read = move |data: &Data| match read_case(data, id)? {
        Found::MergedInto(survivor) => Ok(Found::MergedInto(survivor)),
        Found::Here(case) => moments(data, &case).map(Found::Here),
    };
    let found = app.reads.run(read).await?;
    Ok(answer(found, id, "timeline", |mut moments| {
        moments.retain(|moment| kind.as_ref().is_none_or(|kind| moment.kind == kind));
        moments
    }))
}

/// `GET /api/v1/cases/{id}/notes`
pub(super) async fn notes(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    list(&app, &id, "notes", |data, group| {
        Ok(fold_notes(&data.store.entries(group, ENTRIES_MAX)?))
    })
    .await
}

/// `GET /api/v1/cases/{id}/tasks`
pub(super) async fn tasks(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    list(&app, &id, "tasks", |data, group| {
        let work = data.store.work(group.id)?.unwrap_or_default();
        Ok(work.tasks.iter().map(TaskShape::new).collect())
    })
    .await
}

/// `GET /api/v1/cases/{id}/evidence`: each piece with its custody log.
pub(super) async fn evidence(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    list(&app, &id, "evidence", |data, group| {
        let work = data.store.work(group.id)?.unwrap_or_default();
        let entries = data.store.entries(group, ENTRIES_MAX)?;
        let shape = |piece: &Evidence| EvidenceShape::new(piece, custody(&entries, piece.no));
        Ok(work.evidence.iter().map(shape).collect())
    })
    .await
}

/// `GET /api/v1/cases/{id}/audit`: the records about this case; they are links of the scope's chain, which
/// `/api/v1/audit` has whole.
pub(super) async fn audit(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    list(&app, &id, "audit", |data, group| {
        let mut records = Vec::new();
        for entry in data.store.entries(group, ENTRIES_MAX)? {
            if let Some(record) = data.store.audit_record(entry.scope, entry.seq)? {
                records.push(shape(&record)?);
            }
        }
        Ok(records)
    })
    .await
}

/// Reads a list about a case; what was merged away leads on.
async fn list<T: Serialize + Send + 'static>(
    app: &App,
    id: &str,
    what: &str,
    read: impl FnOnce(&Data, &GroupRecord) -> Result<Vec<T>, HttpError> + Send + 'static,
) -> Result<Response, HttpError> {
    let id = case_id(id)?;
    let found = app.reads.run(move |data| of_group(data, id, read));
    Ok(answer(found.await?, id, what, |items| items))
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
        piece.ok_or_else(|| HttpError::NoRoute(format!("evidence {no} of case {id}")))
    })?;
    match found {
        Found::Here(piece) => Ok(piece),
        Found::MergedInto(survivor) => Err(HttpError::NoRoute(format!(
            "case {id}, which is part of {survivor}"
        ))),
    }
}

fn of_group<T>(
    data: &Data,
    id: CaseId,
    read: impl FnOnce(&Data, &GroupRecord) -> Result<T, HttpError>,
) -> Result<Found<T>, HttpError> {
    match read_group(data, id)? {
        Found::Here(group) => read(data, &group).map(Found::Here),
        Found::MergedInto(survivor) => Ok(Found::MergedInto(survivor)),
    }
}

fn answer<T: Serialize>(
    found: Found<Vec<T>>,
    id: CaseId,
    what: &str,
    choose: impl FnOnce(Vec<T>) -> Vec<T>,
) -> Response {
    match found {
        Found::MergedInto(survivor) => {
            redirect(id, survivor, format!("/api/v1/cases/{survivor}/{what}"))
        }
        Found::Here(items) => {
            let list = List {
                items: choose(items),
                next_cursor: None,
            };
            Json(list).into_response()
        }
    }
}

/// Each note as it reads now, with what it said before.
pub(super) fn fold_notes(entries: &[EntryRecord]) -> Vec<NoteShape> {
    let mut notes: Vec<NoteShape> = Vec::new();
    for entry in entries {
        match (entry.verb, entry.about) {
            (Verb::Noted, Some(no)) => notes.push(NoteShape::new(no, entry)),
            (Verb::NoteEdited, Some(no)) => {
                if let Some(note) = notes.iter_mut().find(|note| note.number == no) {
                    note.edit(entry);
                }
            }
            _ => {}
        }
    }
    notes
}

fn custody(entries: &[EntryRecord], no: u64) -> Vec<ActShape> {
    let is_about = |entry: &&EntryRecord| {
        entry.about == Some(no) && matches!(entry.verb, Verb::EvidenceAdded | Verb::EvidenceTaken)
    };
    entries.iter().filter(is_about).map(ActShape::new).collect()
}

/// Everything of a case in one list: activities by the time at which they happened, the rest by wall time.
fn moments(data: &Data, case: &Case) -> Result<Vec<Moment>, HttpError> {
    let group = &case.group;
    let mut moments: Vec<(Timestamp, Moment)> = Vec::new();
    for (activity, tally) in &case.activities {
        moments.push((tally.first, happened(group, activity, tally)));
    }
    for entry in data.store.entries(group, ENTRIES_MAX)? {
        moments.push((entry.time, acted(&entry)));
    }
    if let Some(opened) = group.opened {
        moments.push((opened, automatic(opened, "the case opened".into(), None)));
    }
    for part in group.parts.iter().skip(1) {
        if let Some(part) = data
            .store
            .group(*part)?
            .filter(|part| part.opened.is_some())
        {
            let text = format!("case {} was merged into this one", part.case);
            let moment = automatic(part.updated, text, Some(part.case));
            moments.push((part.updated, moment));
        }
    }
    let work = data.store.work(group.id)?;
    let is_touched = work.is_some_and(|work| work.is_touched);
    if let (Stage::Closed, Some(closed), false) = (group.stage, group.closed, is_touched) {
        let text = "the case closed: nothing came any more, and nobody had touched it";
        moments.push((closed, automatic(closed, text.into(), None)));
    }
    // Stable: what has one time stays in the order above, alerts before what people made of them.
    moments.sort_by_key(|(time, _)| *time);
    Ok(moments.into_iter().map(|(_, moment)| moment).collect())
}

fn happened(group: &GroupRecord, activity: &ActivityRecord, tally: &TallyRecord) -> Moment {
    let why = match activity.links.first() {
        Some(link) => reason::of_link(link),
        None => reason::standing(group, activity),
    };
    Moment {
        time: tally.first.to_rfc3339(),
        clock: "event",
        kind: "activity",
        text: activity.title.to_string(),
        reason: Some(why),
        severity: Some(tally.severity.as_str()),
        alerts: Some(tally.count),
        activity: Some(activity.id.0),
        case: None,
        act: None,
    }
}

fn acted(entry: &EntryRecord) -> Moment {
    let act = ActShape::new(entry);
    Moment {
        kind: match entry.actor.is_person() {
            true => "action",
            false => "automatic",
        },
        act: Some(act),
        ..automatic(entry.time, sentence(entry), None)
    }
}

fn automatic(time: Timestamp, text: String, case: Option<CaseId>) -> Moment {
    Moment {
        time: time.to_rfc3339(),
        clock: "wall",
        kind: "automatic",
        text,
        reason: None,
        severity: None,
        alerts: None,
        activity: None,
        case,
        act: None,
    }
}

/// What somebody did, in a sentence for people.
pub(super) fn sentence(entry: &EntryRecord) -> String {
    let about = entry.about.unwrap_or(0);
    let changes = || {
        let each = entry.changes.iter().map(|change| {
            match (change.from.is_empty(), change.to.is_empty()) {
                (true, _) => format!("{} {}", change.field, change.to),
                (false, true) => format!("no {} (was {})", change.field, change.from),
                (false, false) => format!("{} {} to {}", change.field, change.from, change.to),
            }
        });
        each.collect::<Vec<_>>().join(", ")
    };
    match entry.verb {
        Verb::Changed if entry.changes.is_empty() => "left a note with the case".to_owned(),
        Verb::Changed => format!("set {}", changes()),
        Verb::Noted => format!("wrote note {about}"),
        Verb::NoteEdited => format!("wrote note {about} anew"),
        Verb::TaskAdded => format!("added task {about}: {}", changes()),
        Verb::TaskChanged => format!("changed task {about}: {}", changes()),
        Verb::EvidenceAdded => format!("added evidence {about}: {}", changes()),
        Verb::EvidenceTaken => format!("took a copy of evidence {about}"),
        Verb::Approved => "made the candidate a case".to_owned(),
        Verb::Dismissed => "dismissed the candidate".to_owned(),
    }
}

impl TaskShape {
    fn new(task: &Task) -> Self {
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
