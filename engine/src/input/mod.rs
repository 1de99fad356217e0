//! Input: bytes of one message -> alerts, or a named [`Reject`].
//!
//! `unwrap` finds the records in a message, `detect` tells their format, a room of `formats` or a mapping reads each into
//! a `draft`, which becomes an [`Alert`]. No record of a message affects another: a bad one is rejected alone.

#![allow(dead_code, reason = "the frame is here before all of its rooms are")]

mod attack;
mod detect;
mod dotted;
mod draft;
mod ecs;
mod facts;
mod formats;
mod json;
mod limits;
mod line;
mod mapping;
mod names;
mod parser;
mod reject;
mod severity;
mod timestamp;
mod unwrap;
mod vocabulary;
mod windows;

use smallvec::SmallVec;

use crate::accounting::MessageOutcome;
use crate::alert::Position;
use crate::time::Timestamp;

pub use detect::{BuiltIn, Format};
pub use limits::Limits;
pub use mapping::{Example, Mapping, MappingError};
pub use parser::{Guess, Parser};
pub use reject::Reject;

#[cfg(doc)]
use crate::alert::Alert;

/// One message as it came.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its value; empty for a tombstone.
    pub bytes: &'a [u8],
    /// What it is, or [`Format::Auto`].
    pub format: Format,
    /// Whose it is.
    pub scope: Scope<'a>,
    /// Its place; the index is filled in per alert.
    pub position: Position,
    /// The broker's time stamp, against which event times are clamped.
    pub broker_time: Option<Timestamp>,
    /// Its headers; a parser looks only at [`Self::HEADERS`].
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl Message<'_> {
    /// The headers that a parser looks at, so that a source need bring no others: those of CloudEvents' binary mode, by
    /// their Kafka protocol binding, and what the value is.
    pub const HEADERS: [&'static str; 4] = ["ce_specversion", "ce_time", "ce_type", "content-type"];
}

/// Records that were rejected, with their index in the message, in order. At most 16, and behind them how many more there
/// were: each becomes a dead letter with the whole message, so a message of 10,000 bad records must not become as many.
pub type Rejects = SmallVec<[(u32, Reject); 1]>;

/// Who says which scope an alert belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The alert; this one where it says none.
    Default(&'a str),
    /// The topic: whatever an alert claims, so that who may write to the topic can't write to another tenant.
    Fixed(&'a str),
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The format of the first record whose format was told; `None` when there was none.
    pub format: Option<Format>,
    /// The envelopes that were opened, each name once, the outermost of the first record first.
    pub envelopes: SmallVec<[&'static str; 4]>,
    /// How many alerts were appended.
    pub alerts: u32,
    /// How many records were understood and are no alerts, such as flow events.
    pub not_alerts: u32,
    /// Records that were rejected.
    pub rejects: Rejects,
    /// What was left out or changed.
    pub notes: Notes,
}

/// What was left out of alerts or changed in them: each a number of occurrences in one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Entities that mean nothing (`-`, loopback, `SYSTEM`) or are malformed for their kind.
    pub entities_dropped: u32,
    /// Entities beyond [`Limits::entities_max`].
    pub entities_over: u32,
    /// ATT&CK ids that are none, or beyond [`Limits::attack_max`].
    pub attack_dropped: u32,
    /// Severities that stood there but mean nothing; Medium was assumed.
    pub severity_unknown: u32,
    /// Alerts without a usable severity; Medium was assumed.
    pub severity_assumed: u32,
    /// Alerts that claimed another scope than their topic's.
    pub scope_overruled: u32,
    /// Event times that lay too far after the broker's.
    pub time_clamped: u32,
    /// Titles and names that were cut.
    pub texts_cut: u32,
    /// A `count`, `updated` or `lifecycle` that stood there but means nothing.
    pub values_ignored: u32,
}

impl Parsed {
    /// Notes that an envelope was opened.
    fn note_envelope(&mut self, name: &'static str) {
        const ENVELOPES_MAX: usize = 16;
        if self.envelopes.len() < ENVELOPES_MAX && !self.envelopes.contains(&name) {
            self.envelopes.push(name);
        }
    }

    /// The message's term in the accounting.
    #[must_use]
    pub fn outcome(&self) -> MessageOutcome {
        if self.alerts > 0 {
            MessageOutcome::WithAlerts
        } else if self.rejects.is_empty() {
            MessageOutcome::Empty
        } else {
            MessageOutcome::Rejected
        }
    }
}

impl std::ops::AddAssign for Notes {
    fn add_assign(&mut self, other: Self) {
        let Self {
            entities_dropped,
            entities_over,
            attack_dropped,
            severity_unknown,
            severity_assumed,
            scope_overruled,
            time_clamped,
            texts_cut,
            values_ignored,
        } = other;
        self.entities_dropped += entities_dropped;
        self.entities_over += entities_over;
        self.attack_dropped += attack_dropped;
        self.severity_unknown += severity_unknown;
        self.severity_assumed += severity_assumed;
        self.scope_overruled += scope_overruled;
        self.time_clamped += time_clamped;
        self.texts_cut += texts_cut;
        self.values_ignored += values_ignored;
    }
}
