//! Events: what a decision becomes on its way out. A [`CaseEvent`] is rendered once, before the commit, into the
//! records that the outbox keeps and the publisher sends; a message that could not be read becomes a dead letter.
//!
//! The value is an OCSF 1.8.0 Incident Finding (class 2005), wrapped as a CloudEvent in binary mode: what the
//! event is about stands in `ce_*` headers, and consumers that know neither still read plain JSON.
//!
//! Constraints: no value above [`EVENT_BYTES_MAX`], no null, no empty list where the schema requires one, and the
//! same event always gives the same bytes. Nothing here reads a clock, a config or a store.

mod audit_head;
mod caption;
mod cloudevents;
mod dead_letter;
mod finding;
mod grounds;
mod incident;
mod json;
mod known;
mod own;
mod size;
mod text;
mod work;

use caseloom_engine::command::EntryRecord;
use caseloom_engine::decision::{CaseEvent, CaseSnapshot, EventType};
use caseloom_engine::ids::CaseId;
use caseloom_engine::record::Stage;
use caseloom_engine::time::Timestamp;

use crate::ports::{Destination, OutputRecord};
use crate::store::ChainLink;

pub use audit_head::AuditHeadEvent;
pub(crate) use cloudevents::rfc3339;
pub use dead_letter::{DEAD_LETTER_BYTES_MAX, DeadLetter, dead_letter};
pub use size::EVENT_BYTES_MAX;
pub use text::one_line;

/// Renders case events. One per process; it holds nothing but its options.
#[derive(Clone, Debug)]
pub struct Renderer {
    options: RenderOptions,
}

/// What the installation says about itself in every event.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// `ce_source`: a URI reference that names this installation.
    pub source: String,
    /// `assignee_group` of cases without an owner; OCSF demands one of the two.
    pub assignee_group: String,
    /// `metadata.product.version`.
    pub product_version: String,
}

/// The records of one event, in the order in which they are to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The event, then the same value as the case's new state.
    pub records: [OutputRecord; 2],
}

/// What is said about a case: a [`CaseEvent`] with its case borrowed, so that a snapshot alone can be said too.
#[derive(Clone, Copy, Debug)]
struct Statement<'a> {
    event: EventType,
    reason: &'a str,
    policy: &'a str,
    seq: u64,
    time: Timestamp,
    other: Option<CaseId>,
    act: Option<&'a EntryRecord>,
    case: &'a CaseSnapshot,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            source: "caseloom".to_owned(),
            assignee_group: "unassigned".to_owned(),
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Renderer {
    /// A renderer for this installation.
    #[must_use]
    pub fn new(options: RenderOptions) -> Self {
        Self { options }
    }

    /// The records that announce `event`.
    #[must_use]
    pub fn render(&self, event: &CaseEvent) -> Rendered {
        let statement = Statement::of(event);
        let uid = statement.uid();
        let value = incident::render(&self.options, &statement, &uid);
        let headers = cloudevents::headers(&self.options.source, &statement, &uid);
        let record = |destination, value| OutputRecord {
            destination,
            key: key(&event.case.group.scope_name, event.case.group.case),
            headers: headers.clone(),
            value: Some(value),
            timestamp_ms: event.time.0,
        };
        let state = record(Destination::State, value.clone());
        Rendered {
            records: [record(Destination::Events, value), state],
        }
    }

    /// The OCSF body of `event` alone.
    #[must_use]
    pub fn incident_json(&self, event: &CaseEvent) -> Vec<u8> {
        let statement = Statement::of(event);
        incident::render(&self.options, &statement, &statement.uid())
    }

    /// The OCSF body of a case as it stands, with reason `snapshot`; a line of `cases.jsonl`. Its id is that of the
    /// last event announced.
    #[must_use]
    pub fn snapshot_json(&self, case: &CaseSnapshot) -> Vec<u8> {
        let statement = Statement::standing(case);
        incident::render(&self.options, &statement, &statement.uid())
    }

    /// The record that deletes a purged case from the compacted topic.
    #[must_use]
    pub fn tombstone(&self, scope: &str, case: CaseId, time: Timestamp) -> OutputRecord {
        OutputRecord {
            destination: Destination::State,
            key: key(scope, case),
            headers: Vec::new(),
            value: None,
            timestamp_ms: time.0,
        }
    }
}

/// The name of the header that holds an event's link in its case's chain.
pub const CHAIN_HEADER: &str = "ce_chain";

/// The header `ce_chain`: the event's link in its case's chain.
#[must_use]
pub fn chain_header(link: &ChainLink) -> (String, Vec<u8>) {
    (CHAIN_HEADER.into(), link.text().into_bytes())
}

/// The key of all records about a case: `scope|case_id`.
#[must_use]
pub fn key(scope: &str, case: CaseId) -> Vec<u8> {
    format!("{scope}|{case}").into_bytes()
}

/// The id of a case's event number `seq`: the first 128 bits of BLAKE3 over the scope's length (u64) and bytes, the case id (u64)
/// and `seq` (u64), little endian, as 32 hex digits. Whoever sees an id twice saw a doubled event; whoever knows
/// case and number can name a lost one.
#[must_use]
pub fn event_id(scope: &str, case: CaseId, seq: u64) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(scope.len() as u64).to_le_bytes());
    hasher.update(scope.as_bytes());
    hasher.update(&case.0.to_le_bytes());
    hasher.update(&seq.to_le_bytes());
    let mut id = hasher.finalize().to_hex().to_string();
    id.truncate(32);
    id
}

impl<'a> Statement<'a> {
    fn of(event: &'a CaseEvent) -> Self {
        Self {
            event: event.event,
            reason: event.reason,
            policy: &event.policy,
            seq: event.seq,
            time: event.time,
            other: event.other,
            act: event.act.as_deref(),
            case: &event.case,
        }
    }

    fn standing(case: &'a CaseSnapshot) -> Self {
        let group = &case.group;
        let event = match group.stage {
            Stage::Closed | Stage::Dormant => EventType::Closed,
            Stage::Merged { .. } => EventType::Merged,
            _ if group.event_seq <= 1 => EventType::Opened,
            _ => EventType::Updated,
        };
        Self {
            event,
            reason: "snapshot",
            policy: "",
            seq: group.event_seq,
            time: group.updated,
            other: None,
            act: None,
            case,
        }
    }

    fn uid(&self) -> String {
        event_id(&self.case.group.scope_name, self.case.group.case, self.seq)
    }

    /// Whether the case was merged into another: the loser's last word.
    fn is_loser(&self) -> bool {
        matches!(self.case.group.stage, Stage::Merged { .. })
    }
}
