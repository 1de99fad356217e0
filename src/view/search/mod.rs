//! A search: what a case must have, and must not have. How it is written is in `parse`; what it looks through in
//! [`super::text`].

mod parse;
mod words;

use caseloom_engine::record::{GroupRecord, Status};
use caseloom_engine::time::Timestamp;

use super::Entry;
use super::query::{OwnerFilter, SeverityFilter};
use super::signature::Pattern;

pub use parse::{SEARCH_TERMS_MAX, SearchError};

/// All of these hold.
#[derive(Clone, Debug)]
pub struct Search {
    terms: Vec<Term>,
}

/// One of these holds, or none where it is negated.
#[derive(Clone, Debug)]
struct Term {
    is_negated: bool,
    any: Vec<Test>,
}

/// A question to a case.
#[derive(Clone, Debug)]
enum Test {
    /// This text stands somewhere.
    Text(Box<Pattern>),
    Status(Status),
    Severity(SeverityFilter),
    Owner(OwnerFilter),
    Scope(String),
    Id(String),
    Number(NumberField, Range<f64>),
    Time(TimeField, Range<i64>),
}

/// A number of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberField {
    Risk,
    Alerts,
    Activities,
    Entities,
}

/// A moment of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeField {
    Opened,
    Updated,
    Closed,
    First,
    Last,
}

/// From `from` on; to `to`, with it or without it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range<T> {
    from: Option<Bound<T>>,
    to: Option<Bound<T>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound<T> {
    at: T,
    is_in: bool,
}

impl Search {
    /// Reads a search. `None`: it is blank, and asks for nothing. `now` is what `now-2h` counts from.
    ///
    /// # Errors
    /// What is not understood, where, and what to write instead.
    pub fn parse(text: &str, now: Timestamp) -> Result<Option<Self>, SearchError> {
        let terms = parse::parse(text, now)?;
        Ok((!terms.is_empty()).then_some(Self { terms }))
    }

    pub(super) fn holds(&self, entry: &Entry) -> bool {
        self.terms.iter().all(|term| {
            let is_any = term.any.iter().any(|test| test.holds(entry));
            is_any != term.is_negated
        })
    }
}

impl Test {
    fn holds(&self, entry: &Entry) -> bool {
        let group = &entry.group;
        match self {
            Self::Text(pattern) => pattern.stands_in(&entry.signature, entry.texts()),
            Self::Status(status) => group.status == *status,
            Self::Severity(filter) => filter.holds(group.severity),
            Self::Owner(filter) => filter.holds(group),
            Self::Scope(scope) => *scope == *group.scope_name,
            Self::Id(id) => group.case.to_string() == *id,
            Self::Number(field, range) => range.holds(field.of(group)),
            Self::Time(field, range) => field.of(group).is_some_and(|time| range.holds(time.0)),
        }
    }
}

impl NumberField {
    fn of(self, group: &GroupRecord) -> f64 {
        match self {
            Self::Risk => group.risk,
            Self::Alerts => group.alerts as f64,
            Self::Activities => group.activities as f64,
            Self::Entities => group.entities as f64,
        }
    }
}

impl TimeField {
    fn of(self, group: &GroupRecord) -> Option<Timestamp> {
        match self {
            Self::Opened => group.opened,
            Self::Updated => Some(group.updated),
            Self::Closed => group.closed,
            Self::First => Some(group.first),
            Self::Last => Some(group.last),
        }
    }
}

impl<T: PartialOrd + Copy> Range<T> {
    fn holds(&self, value: T) -> bool {
        let from = self.from.is_none_or(|from| match from.is_in {
            true => value >= from.at,
            false => value > from.at,
        });
        from && self.to.is_none_or(|to| match to.is_in {
            true => value <= to.at,
            false => value < to.at,
        })
    }
}
