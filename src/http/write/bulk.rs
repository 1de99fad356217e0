//! `/api/v1/bulk`: one wish for many cases. Each case is a command of its own, with its own revision, answer and audit
//! record; one that is refused keeps no other from being done.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use caseloom_engine::command::{Action, Answer};
use futures_util::future::join_all;
use serde::Serialize;

use super::bodies::{BulkBody, BulkCase};
use super::wish::{Asked, Body, key, refusal, submit};
use crate::access::Principal;
use crate::http::App;
use crate::http::case::case_id;
use crate::http::problem::{HttpError, Problem};

/// Most cases of a request.
pub(super) const CASES_MAX: usize = 100;

/// Cases under way at once: a share of the desk's queue.
const AT_ONCE: usize = 16;

/// After this no further case is begun, so that the answer comes within the request's time.
const BEGIN_WITHIN: Duration = Duration::from_secs(6);

/// What became of all.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct BulkAnswer {
    /// How many are as was asked for.
    done: usize,
    /// How many are not.
    refused: usize,
    /// One for each case, in the order of the request.
    items: Vec<BulkItem>,
}

/// What became of one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct BulkItem {
    /// As in the request.
    id: String,
    /// The status that the same request for this case alone would have had.
    status: u16,
    /// The revision since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// Number of the audit record; none where nothing had to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_seq: Option<u64>,
    /// Number of the note.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// It was done when this key was used before.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<bool>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// `POST /api/v1/bulk`
#[utoipa::path(post, path = "/bulk", tag = "work", operation_id = "bulk", request_body = BulkBody, responses((status = 200, description = "One answer for each case", body = BulkAnswer)))]
pub(super) async fn bulk(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Body(body): Body<BulkBody>,
) -> Result<Json<BulkAnswer>, HttpError> {
    let key = key(&headers)?;
    let (cases, action) = body.into_wish()?;
    check(&cases)?;
    let begun = Instant::now();
    let mut items = Vec::with_capacity(cases.len());
    for some in cases.chunks(AT_ONCE) {
        let is_late = begun.elapsed() > BEGIN_WITHIN;
        let each = some.iter().map(|case| async {
            let key = key.as_ref().map(|key| format!("{key}/{}", case.id).into());
            match is_late {
                true => Err(HttpError::Busy),
                false => one(&app, &who, case, key, action.clone()).await,
            }
        });
        let answers = join_all(each).await;
        let told = some.iter().zip(answers);
        items.extend(told.map(|(case, answer)| BulkItem::new(&case.id, answer)));
    }
    let done = items.iter().filter(|item| item.problem.is_none()).count();
    Ok(Json(BulkAnswer {
        done,
        refused: items.len() - done,
        items,
    }))
}

fn check(cases: &[BulkCase]) -> Result<(), HttpError> {
    if cases.is_empty() || cases.len() > CASES_MAX {
        let message = format!("cases must be 1 to {CASES_MAX}");
        return Err(HttpError::Body(message));
    }
    let mut ids = BTreeSet::new();
    match cases.iter().find(|case| !ids.insert(&case.id)) {
        Some(case) => Err(HttpError::Body(format!("{:?} is named twice", case.id))),
        None => Ok(()),
    }
}

async fn one(
    app: &App,
    who: &Principal,
    case: &BulkCase,
    key: Option<compact_str::CompactString>,
    action: Action,
) -> Result<Answer, HttpError> {
    let id = case_id(&case.id)?;
    let asked = Asked {
        case: id,
        expected: Some(case.revision),
        key,
    };
    match submit(app, who, asked, action).await? {
        done @ (Answer::Done(_) | Answer::Repeated(_) | Answer::Same { .. }) => Ok(done),
        refused => Err(refusal(refused, id)),
    }
}

impl BulkItem {
    fn new(id: &str, answer: Result<Answer, HttpError>) -> Self {
        let mut item = Self {
            id: id.to_owned(),
            status: 200,
            revision: None,
            audit_seq: None,
            number: None,
            repeated: None,
            problem: None,
        };
        match answer {
            Ok(Answer::Done(done)) | Ok(Answer::Repeated(done)) => {
                item.revision = Some(done.revision);
                item.audit_seq = Some(done.seq);
                item.number = done.made;
                item.repeated = Some(matches!(answer, Ok(Answer::Repeated(_))));
            }
            Ok(Answer::Same { revision }) => item.revision = Some(revision),
            Ok(_) => item.refuse(&HttpError::Failed),
            Err(error) => item.refuse(&error),
        }
        item
    }

    fn refuse(&mut self, error: &HttpError) {
        self.status = error.status().as_u16();
        if let HttpError::Stale(revision) = error {
            self.revision = Some(*revision);
        }
        self.problem = Some(error.document());
    }
}
