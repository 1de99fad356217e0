//! `/api/v1/cases/{id}/timeline`: everything of a case in one list, activities by the time at which they happened, the
//! rest by wall time.
//!
//! A page is a pass over all of it that keeps the first of what stands behind the cursor, so no length of a timeline
//! needs more memory than a page.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use caseloom_engine::command::{EntryRecord, Verb};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::{ActivityRecord, GroupRecord, TallyRecord};
use caseloom_engine::time::Timestamp;
use serde::Serialize;

use super::App;
use super::case::Id;
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::{ActShape, List};
use super::work::{answer, of_group};
use crate::{known, reason};

/// What a line may be.
const KINDS: [&str; 3] = ["activity", "action", "automatic"];

/// One line of the timeline. `clock` says which time it is: of the happening, or of the action.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Moment {
    pub(super) time: String,
    #[schema(value_type = String)]
    pub(super) clock: &'static str,
    #[schema(value_type = String)]
    pub(super) kind: &'static str,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alerts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) activity: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) case: Option<CaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<ActShape>,
}

/// Where a line stands: time, then alerts before what people made of them, then its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    time: Timestamp,
    rank: u8,
    number: u64,
}

/// What a page is of.
pub(super) struct Wanted {
    kind: Option<String>,
    after: Option<Place>,
    limit: usize,
}

/// The first lines behind a place, one more than the page if there are more.
struct Pages<'a> {
    wanted: &'a Wanted,
    first: BTreeMap<Place, Moment>,
}

/// `GET /api/v1/cases/{id}/timeline?kind=&limit=&cursor=`
#[utoipa::path(get, path = "/cases/{id}/timeline", tag = "case", operation_id = "timeline", params(("kind" = Option<String>, Query, description = "activity, action or automatic"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "What happened and who did what", body = List<Moment>)))]
pub(super) async fn timeline(
    State(app): State<App>,
    Id(id): Id,
    params: Params,
) -> Result<Response, HttpError> {
    let wanted = Wanted::read(&params)?;
    let read = move |data: &Data| of_group(data, id, |data, group| page(data, group, &wanted));
    let found = app.reads.run(read).await?;
    Ok(answer(found, id, "timeline"))
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, HttpError> {
        params.only(&["kind", "limit", "cursor"])?;
        let kind = params.get("kind").map(str::to_owned);
        if kind
            .as_ref()
            .is_some_and(|kind| !KINDS.contains(&kind.as_str()))
        {
            return Err(HttpError::parameter(
                "kind",
                "must be activity, action or automatic",
            ));
        }
        let after = params.get("cursor").map(Place::parse);
        Ok(Self {
            kind,
            after: after.map_or(Ok(None), |place| {
                place.map(Some).ok_or_else(|| {
                    HttpError::parameter("cursor", "must be the next_cursor of an earlier page")
                })
            })?,
            limit: params.limit()?,
        })
    }

    /// All of it, up to `limit` lines.
    pub(super) fn whole(limit: usize) -> Self {
        Self {
            kind: None,
            after: None,
            limit,
        }
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('_');
        let place = Self {
            time: Timestamp(parts.next()?.parse().ok()?),
            rank: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }

    fn to_text(self) -> String {
        format!("{}_{}_{}", self.time.0, self.rank, self.number)
    }
}

impl Pages<'_> {
    /// Takes a line, if it stands on the page; `make` writes it.
    fn offer(&mut self, kind: &str, place: Place, make: impl FnOnce() -> Moment) {
        let is_wanted = self.wanted.kind.as_ref().is_none_or(|only| only == kind);
        let is_behind = self.wanted.after.is_none_or(|after| place > after);
        let is_full = self.first.len() > self.wanted.limit;
        let is_late = is_full
            && self
                .first
                .last_key_value()
                .is_some_and(|(last, _)| place > *last);
        if !is_wanted || !is_behind || is_late {
            return;
        }
        self.first.insert(place, make());
        if is_full {
            self.first.pop_last();
        }
    }

    fn automatic(&mut self, number: u64, time: Timestamp, text: String, case: Option<CaseId>) {
        let place = Place {
            time,
            rank: 2,
            number,
        };
        self.offer("automatic", place, || automatic(time, text, case));
    }
}

/// A page of the timeline.
pub(super) fn page(
    data: &Data,
    group: &GroupRecord,
    wanted: &Wanted,
) -> Result<List<Moment>, HttpError> {
    let mut pages = Pages {
        wanted,
        first: BTreeMap::new(),
    };
    data.store.for_each_activity(group, |activity, tally| {
        let place = Place {
            time: tally.first,
            rank: 0,
            number: activity.id.0,
        };
        pages.offer("activity", place, || happened(group, &activity, &tally));
    })?;
    data.store.for_each_entry(group, 0, |entry| {
        let place = Place {
            time: entry.time,
            rank: 1,
            number: entry.seq,
        };
        pages.offer(kind(&entry), place, || acted(&entry));
    })?;
    add_life(data, group, &mut pages)?;
    let has_more = pages.first.len() > wanted.limit;
    if has_more {
        pages.first.pop_last();
    }
    let last = pages.first.last_key_value().filter(|_| has_more);
    Ok(List {
        next_cursor: last.map(|(place, _)| place.to_text()),
        items: pages.first.into_values().collect(),
    })
}

/// What happened to the case by itself.
fn add_life(data: &Data, group: &GroupRecord, pages: &mut Pages<'_>) -> Result<(), HttpError> {
    if let Some(opened) = group.opened {
        pages.automatic(0, opened, "the case opened".into(), None);
    }
    for (number, part) in (1..).zip(group.parts.iter().skip(1)) {
        let part = data.store.group(*part)?;
        if let Some(part) = part.filter(|part| part.opened.is_some()) {
            let text = format!("case {} was merged into this one", part.case);
            pages.automatic(number, part.updated, text, Some(part.case));
        }
    }
    let facts = data.store.facts(group.id)?;
    for (number, fact) in (0..).zip(facts.iter().flat_map(|known| &known.facts)) {
        let place = Place {
            time: fact.since,
            rank: 3,
            number,
        };
        let text = format!("enriched: {}", known::sentence(fact));
        pages.offer("automatic", place, || automatic(fact.since, text, None));
    }
    let work = data.store.work(group.id)?;
    let is_touched = work.is_some_and(|work| work.is_touched);
    if let (true, Some(closed), false) = (group.stage.is_closed(), group.closed, is_touched) {
        let text = "the case closed: nothing came any more, and nobody had touched it";
        pages.automatic(u64::MAX, closed, text.into(), None);
    }
    Ok(())
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
        kind: kind(entry),
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

fn kind(entry: &EntryRecord) -> &'static str {
    match entry.actor.is_person() {
        true => "action",
        false => "automatic",
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
        Verb::Recurred => format!("found that it comes back: {}", changes()),
        Verb::Merged => format!("made one of two cases: {}", changes()),
        Verb::Unmerged => format!("took a merged case out again: {}", changes()),
        Verb::Split => format!("made a case of its own of {}", changes()),
        Verb::Moved => format!("moved {}", changes()),
        Verb::Silenced => format!("changed silence {about}: {}", changes()),
        Verb::Pinned => format!("set whether cases stay apart: {}", changes()),
    }
}
