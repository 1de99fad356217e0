//! Parameters of list requests. A parameter that is unknown, doubled or out of its range is refused: a misspelt filter
//! that is passed over shows everything, and nobody notices.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use caseloom_engine::record::Status;
use caseloom_engine::time::Timestamp;

use super::problem::HttpError;
use crate::view::{CaseQuery, Cursor, OwnerFilter, Search, SeverityFilter, Sort};

/// Most items on a page.
pub(super) const LIMIT_MAX: usize = 500;

/// Longest value of a parameter.
const VALUE_BYTES_MAX: usize = 512;

/// Every workflow status.
pub(super) const STATUS_ALL: [Status; 5] = [
    Status::New,
    Status::Investigating,
    Status::Contained,
    Status::OnHold,
    Status::Closed,
];

/// The request's parameters as written, each name once. An empty value stands for no value, as forms send it.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| HttpError::parameter("query", "must be name=value pairs"))?;
        for (place, (name, value)) in pairs.iter().enumerate() {
            if pairs[..place].iter().any(|(other, _)| other == name) {
                return Err(refused(name, "must be given once"));
            }
            if value.len() > VALUE_BYTES_MAX {
                return Err(refused(name, "must be at most 512 bytes long"));
            }
        }
        Ok(Self(pairs))
    }
}

impl Params {
    /// The value of `name`, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(other, _)| other == name);
        value
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The same without `name`, if its value is `value`.
    pub(super) fn without(&self, name: &str, value: &str) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(n, v)| (n.as_str(), v.as_str()) != (name, value))
            .cloned();
        Self(kept.collect())
    }

    /// Refuses every name that is not in `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), HttpError> {
        match self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(refused(
                name,
                format!("is not known here; known are {}", known.join(", ")),
            )),
            None => Ok(()),
        }
    }

    /// `limit`, or 50.
    pub(super) fn limit(&self) -> Result<usize, HttpError> {
        let Some(text) = self.get("limit") else {
            return Ok(50);
        };
        let limit = text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| refused("limit", format!("must be a number from 1 to {LIMIT_MAX}")))
    }
}

/// The parameters of a list of cases.
pub(super) const CASE_PARAMS: [&str; 9] = [
    "status",
    "owner",
    "scope",
    "severity",
    "q",
    "updated_since",
    "sort",
    "limit",
    "cursor",
];

/// What a list request asks for. `now` is what `now-2h` in a search counts from.
pub(super) fn case_query(params: &Params, now: Timestamp) -> Result<CaseQuery, HttpError> {
    let sort =
        read(params, "sort", Sort::from_word, SORTS)?.unwrap_or_else(|| CaseQuery::default().sort);
    let cursor = read(
        params,
        "cursor",
        |text| Cursor::from_str(text).ok(),
        CURSORS,
    )?;
    if cursor.is_some_and(|cursor| cursor.sort() != sort) {
        return Err(refused(
            "cursor",
            "must be used with the sort of the page that gave it",
        ));
    }
    Ok(CaseQuery {
        status: read(params, "status", statuses, STATUSES)?.unwrap_or_default(),
        owner: params.get("owner").map(OwnerFilter::from_word),
        scope: params.get("scope").map(str::to_owned),
        scopes: None,
        severity: read(params, "severity", SeverityFilter::from_word, SEVERITY)?,
        search: search(params, now)?,
        updated_since: read(params, "updated_since", moment, MOMENT)?,
        sort,
        limit: params.limit()?,
        cursor,
    })
}

const SORTS: &str =
    "must be updated, risk, severity, opened, first or last, with - before it for descending";
const CURSORS: &str = "must be the next_cursor of an earlier page";
const STATUSES: &str =
    "must be new, investigating, contained, on_hold or closed, or several with commas between them";
const SEVERITY: &str = "must be unknown, informational, low, medium, high or critical; high+ or >=high for that and above";
const MOMENT: &str = "must be a time such as 2026-01-31T00:00:00Z";

fn search(params: &Params, now: Timestamp) -> Result<Option<Search>, HttpError> {
    let Some(text) = params.get("q") else {
        return Ok(None);
    };
    Search::parse(text, now).map_err(HttpError::Search)
}

fn read<T>(
    params: &Params,
    name: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
    must: &'static str,
) -> Result<Option<T>, HttpError> {
    let Some(text) = params.get(name) else {
        return Ok(None);
    };
    parse(text).map(Some).ok_or_else(|| refused(name, must))
}

fn statuses(text: &str) -> Option<Vec<Status>> {
    text.split(',').map(status).collect()
}

fn status(word: &str) -> Option<Status> {
    STATUS_ALL
        .into_iter()
        .find(|status| status.as_str() == word)
}

pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

fn refused(name: &str, must: impl Into<std::borrow::Cow<'static, str>>) -> HttpError {
    HttpError::parameter(name.to_owned(), must)
}
