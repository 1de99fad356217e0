//! What the bodies of writes look like. An unknown field is refused: a misspelt one would change nothing, and nobody
//! would notice.

use std::collections::BTreeMap;

use caseloom_engine::command::{Action, Change, NewTask, TaskChange, TaskState, Verdict};
use caseloom_engine::record::Status;
use caseloom_engine::time::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::http::problem::HttpError;

/// `PATCH` of a case. Only what is named changes; `null` or an empty text takes a value away.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChangeBody {
    #[serde(deserialize_with = "nullable")]
    owner: Option<String>,
    #[serde(deserialize_with = "nullable")]
    team: Option<String>,
    #[schema(value_type = Option<crate::http::words::StatusWord>)]
    status: Option<Status>,
    #[schema(value_type = Option<crate::http::words::VerdictWord>)]
    verdict: Option<Verdict>,
    #[serde(deserialize_with = "nullable")]
    resolution: Option<String>,
    tags: Option<Vec<String>>,
    fields: BTreeMap<String, Option<String>>,
    note: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteBody {
    pub(super) text: String,
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReasonBody {
    pub(super) reason: String,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskBody {
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    assignee: String,
    due: Option<String>,
    #[serde(default)]
    after: Vec<u64>,
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TaskChangeBody {
    title: Option<String>,
    #[serde(deserialize_with = "nullable")]
    assignee: Option<String>,
    due: Option<String>,
    #[schema(value_type = Option<crate::http::words::TaskStateWord>)]
    state: Option<TaskState>,
    note: Option<String>,
}

/// One wish for many cases: exactly one of `change`, `note`, `approve` and `dismiss`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    cases: Vec<BulkCase>,
    #[serde(default)]
    change: Option<ChangeBody>,
    #[serde(default)]
    note: Option<NoteBody>,
    #[serde(default)]
    approve: Option<ReasonBody>,
    #[serde(default)]
    dismiss: Option<ReasonBody>,
}

/// A case, and the revision that was seen of it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkCase {
    pub(super) id: String,
    pub(super) revision: u64,
}

impl BulkBody {
    pub(super) fn into_wish(self) -> Result<(Vec<BulkCase>, Action), HttpError> {
        let mut wishes = Vec::new();
        if let Some(change) = self.change {
            wishes.push(Action::Change(Box::new(change.into_change()?)));
        }
        wishes.extend(self.note.map(|note| Action::Note {
            text: note.text.into(),
        }));
        wishes.extend(self.approve.map(|body| Action::Approve {
            reason: body.reason.into(),
        }));
        wishes.extend(self.dismiss.map(|body| Action::Dismiss {
            reason: body.reason.into(),
        }));
        match (wishes.pop(), wishes.is_empty()) {
            (Some(wish), true) => Ok((self.cases, wish)),
            _ => Err(HttpError::Body(
                "name exactly one of change, note, approve and dismiss".into(),
            )),
        }
    }
}

impl ChangeBody {
    pub(super) fn into_change(self) -> Result<Change, HttpError> {
        let fields = self.fields.into_iter();
        let fields = fields.map(|(name, value)| (name.into(), value.unwrap_or_default().into()));
        Ok(Change {
            owner: self.owner.map(Into::into),
            team: self.team.map(Into::into),
            status: self.status,
            verdict: self.verdict,
            resolution: self.resolution.map(Into::into),
            tags: self
                .tags
                .map(|tags| tags.into_iter().map(Into::into).collect()),
            fields: fields.collect(),
            note: self.note.map(Into::into),
        })
    }
}

impl TaskBody {
    pub(super) fn into_task(self) -> Result<NewTask, HttpError> {
        Ok(NewTask {
            title: self.title.into(),
            text: self.text.into(),
            assignee: self.assignee.into(),
            due: self.due.as_deref().map(moment).transpose()?,
            after: self.after,
            ..NewTask::default()
        })
    }
}

impl TaskChangeBody {
    pub(super) fn into_change(self) -> Result<TaskChange, HttpError> {
        Ok(TaskChange {
            title: self.title.map(Into::into),
            assignee: self.assignee.map(Into::into),
            due: self.due.as_deref().map(moment).transpose()?,
            state: self.state,
            note: self.note.map(Into::into),
        })
    }
}

/// `null` is the empty text: there, and to be taken away.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Option::<String>::deserialize(deserializer)?;
    Ok(Some(value.unwrap_or_default()))
}

fn moment(text: &str) -> Result<Timestamp, HttpError> {
    let moment: Result<jiff::Timestamp, _> = text.parse();
    moment
        .map(|moment| Timestamp(moment.as_millisecond()))
        .map_err(|_| HttpError::Body("due must be a time such as 2026-01-31T00:00:00Z".into()))
}
