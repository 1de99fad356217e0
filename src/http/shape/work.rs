//! The shapes of what people did.

use std::collections::BTreeMap;

use caseloom_engine::command::{EntryRecord, Evidence, Times, Work};
use caseloom_engine::time::Timestamp;
use serde::Serialize;

/// How the work on a case stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Work)]
pub(in crate::http) struct WorkShape {
    #[schema(value_type = Option<String>)]
    pub(in crate::http) verdict: Option<&'static str>,
    pub(in crate::http) resolution: Option<String>,
    pub(in crate::http) team: Option<String>,
    pub(in crate::http) tags: Vec<String>,
    pub(in crate::http) fields: BTreeMap<String, String>,
    pub(in crate::http) notes: usize,
    pub(in crate::http) tasks: usize,
    pub(in crate::http) evidence: usize,
    pub(in crate::http) times: TimesShape,
}

/// When what happened, in wall time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Times)]
pub(in crate::http) struct TimesShape {
    first_response: Option<String>,
    acknowledged: Option<String>,
    contained: Option<String>,
    closed: Option<String>,
    reopened: u32,
    on_hold_since: Option<String>,
    on_hold_seconds: f64,
}

/// What somebody did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Act)]
pub(in crate::http) struct ActShape {
    pub(in crate::http) seq: u64,
    pub(in crate::http) time: String,
    pub(in crate::http) actor: String,
    #[schema(value_type = String)]
    pub(in crate::http) proof: &'static str,
    #[schema(value_type = String)]
    pub(in crate::http) verb: &'static str,
    pub(in crate::http) about: Option<u64>,
    pub(in crate::http) text: String,
    pub(in crate::http) revision: u64,
    pub(in crate::http) changes: Vec<ChangeShape>,
}

/// One value before and after; empty: none.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Change)]
pub(in crate::http) struct ChangeShape {
    field: String,
    from: String,
    to: String,
}

/// A note as it reads now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Note)]
pub(in crate::http) struct NoteShape {
    pub(in crate::http) number: u64,
    pub(in crate::http) author: String,
    #[schema(value_type = String)]
    pub(in crate::http) proof: &'static str,
    pub(in crate::http) time: String,
    pub(in crate::http) text: String,
    pub(in crate::http) edited: Option<String>,
    /// What it said before, oldest first.
    pub(in crate::http) former: Vec<FormerShape>,
}

/// What a note said before.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Former)]
pub(in crate::http) struct FormerShape {
    pub(in crate::http) time: String,
    pub(in crate::http) text: String,
}

/// A task.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Task)]
pub(in crate::http) struct TaskShape {
    pub(in crate::http) number: u64,
    pub(in crate::http) title: String,
    pub(in crate::http) text: String,
    pub(in crate::http) assignee: Option<String>,
    pub(in crate::http) due: Option<String>,
    pub(in crate::http) after: Vec<u64>,
    pub(in crate::http) playbook: Option<String>,
    #[schema(value_type = String)]
    pub(in crate::http) state: &'static str,
    pub(in crate::http) added: String,
    pub(in crate::http) ended: Option<String>,
    pub(in crate::http) ended_by: Option<String>,
}

/// A piece of evidence.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Evidence)]
pub(in crate::http) struct EvidenceShape {
    pub(in crate::http) number: u64,
    pub(in crate::http) name: String,
    pub(in crate::http) text: String,
    pub(in crate::http) media_type: String,
    pub(in crate::http) bytes: u64,
    pub(in crate::http) sha256: String,
    pub(in crate::http) added: String,
    pub(in crate::http) by: String,
    /// The first entries of its custody log.
    pub(in crate::http) custody: Vec<ActShape>,
    /// How many there are.
    pub(in crate::http) custody_total: u64,
}

impl WorkShape {
    pub(in crate::http) fn new(work: &Work) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let fields = work.fields.iter();
        Self {
            verdict: work.verdict.map(|verdict| verdict.as_str()),
            resolution: text(&work.resolution),
            team: text(&work.team),
            tags: work.tags.iter().map(ToString::to_string).collect(),
            fields: fields
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            notes: work.notes.len(),
            tasks: work.tasks.len(),
            evidence: work.evidence.len(),
            times: TimesShape::new(&work.times),
        }
    }
}

impl TimesShape {
    fn new(times: &Times) -> Self {
        let text = |time: Option<Timestamp>| time.map(Timestamp::to_rfc3339);
        Self {
            first_response: text(times.first_response),
            acknowledged: text(times.acknowledged),
            contained: text(times.contained),
            closed: text(times.closed),
            reopened: times.reopened,
            on_hold_since: text(times.held_since),
            on_hold_seconds: times.held.0 as f64 / 1_000.0,
        }
    }
}

impl ActShape {
    pub(in crate::http) fn new(entry: &EntryRecord) -> Self {
        let changes = entry.changes.iter().map(|change| ChangeShape {
            field: change.field.to_string(),
            from: change.from.to_string(),
            to: change.to.to_string(),
        });
        Self {
            seq: entry.seq,
            time: entry.time.to_rfc3339(),
            actor: entry.actor.name.to_string(),
            proof: entry.actor.proof.as_str(),
            verb: entry.verb.as_str(),
            about: entry.about,
            text: entry.text.to_string(),
            revision: entry.revision,
            changes: changes.collect(),
        }
    }
}

impl NoteShape {
    pub(in crate::http) fn new(number: u64, entry: &EntryRecord) -> Self {
        Self {
            number,
            author: entry.actor.name.to_string(),
            proof: entry.actor.proof.as_str(),
            time: entry.time.to_rfc3339(),
            text: entry.text.to_string(),
            edited: None,
            former: Vec::new(),
        }
    }

    /// It reads otherwise since then.
    pub(in crate::http) fn edit(&mut self, entry: &EntryRecord) {
        let text = std::mem::replace(&mut self.text, entry.text.to_string());
        let time = self.edited.replace(entry.time.to_rfc3339());
        let time = time.unwrap_or_else(|| self.time.clone());
        self.former.push(FormerShape { time, text });
    }
}

impl EvidenceShape {
    pub(in crate::http) fn new(
        piece: &Evidence,
        custody: Vec<ActShape>,
        custody_total: u64,
    ) -> Self {
        Self {
            number: piece.no,
            name: piece.what.name.to_string(),
            text: piece.what.text.to_string(),
            media_type: piece.what.media_type.to_string(),
            bytes: piece.what.bytes,
            sha256: piece.what.sha256.to_string(),
            added: piece.added.to_rfc3339(),
            by: piece.by.name.to_string(),
            custody,
            custody_total,
        }
    }
}
