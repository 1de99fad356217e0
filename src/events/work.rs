//! What people did, inside `unmapped.caseloom`: how the case stands beside its status and owner, and, in an event that
//! somebody caused, who did what.

use std::borrow::Cow;

use caseloom_engine::command::{Changed, EntryRecord, TaskState, Verb, Work};
use serde::Serialize;

use super::size::Trim;

/// Most tags in an event; a case has at most 32.
const TAGS_MAX: usize = 10;
/// Most custom fields in an event; a case has at most 32.
const FIELDS_MAX: usize = 5;
/// Most changes in an event; a command that makes more sets many custom fields.
const CHANGES_MAX: usize = 12;
/// Texts that this room adds to an event at most, for the sum in `size`.
pub(super) const TEXTS_MAX: usize = TAGS_MAX + 2 * FIELDS_MAX + 3 * CHANGES_MAX + 6;

/// How the work stands.
#[derive(Debug, Serialize)]
pub(super) struct Standing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    resolution: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    team: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field<'a>>,
    notes: usize,
    tasks: usize,
    tasks_open: usize,
    evidence: usize,
}

/// A custom field; a list of them, because a key may be hostile.
#[derive(Debug, Serialize)]
struct Field<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

/// Who did what.
#[derive(Debug, Serialize)]
pub(super) struct Act<'a> {
    actor: Cow<'a, str>,
    proof: &'static str,
    verb: Verb,
    audit_seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<u64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change<'a>>,
}

/// One value before and after.
#[derive(Debug, Serialize)]
struct Change<'a> {
    field: Cow<'a, str>,
    from: Cow<'a, str>,
    to: Cow<'a, str>,
}

pub(super) fn standing<'a>(work: &'a Work, trim: &mut Trim) -> Standing<'a> {
    let tags = trim.first(&work.tags, TAGS_MAX);
    trim.cut |= work.fields.len() > FIELDS_MAX;
    let fields = work.fields.iter().take(FIELDS_MAX);
    let is_open = |task: &&caseloom_engine::command::Task| task.state == TaskState::Open;
    Standing {
        verdict: work.verdict.map(|verdict| verdict.as_str()),
        resolution: trim.line(&work.resolution),
        team: trim.line(&work.team),
        tags: tags.iter().map(|tag| trim.line(tag)).collect(),
        fields: fields
            .map(|(name, value)| Field {
                name: trim.line(name),
                value: trim.line(value),
            })
            .collect(),
        notes: work.notes.len(),
        tasks: work.tasks.len(),
        tasks_open: work.tasks.iter().filter(is_open).count(),
        evidence: work.evidence.len(),
    }
}

pub(super) fn act<'a>(entry: &'a EntryRecord, trim: &mut Trim) -> Act<'a> {
    let changes = trim.first(&entry.changes, CHANGES_MAX);
    let change = |change: &'a Changed, trim: &mut Trim| Change {
        field: trim.line(&change.field),
        from: trim.line(&change.from),
        to: trim.line(&change.to),
    };
    Act {
        actor: trim.line(&entry.actor.name),
        proof: entry.actor.proof.as_str(),
        verb: entry.verb,
        audit_seq: entry.seq,
        about: entry.about,
        text: trim.line(&entry.text),
        changes: changes.iter().map(|each| change(each, trim)).collect(),
    }
}
