//! How many cases open a day, by scope: what an analyst has to do.

use std::collections::{BTreeMap, BTreeSet};

use caseloom_engine::time::{Span, Timestamp};

use super::headers::Headers;
use super::report::{Day, Workload};

/// Both sides' cases by scope and day of opening.
pub(super) fn workload(a: &Headers, b: &Headers) -> Vec<Workload> {
    let keys = a.workload.keys().chain(b.workload.keys());
    let scopes: BTreeSet<&str> = keys.map(|(scope, _)| scope.as_str()).collect();
    scopes
        .into_iter()
        .map(|scope| workload_of(scope, a, b))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn workload_of(scope: &str, a: &Headers, b: &Headers) -> Workload {
    let mut days: BTreeMap<i32, [u64; 2]> = BTreeMap::new();
    for (side, headers) in [a, b].into_iter().enumerate() {
        let range = (scope.to_owned(), i32::MIN)..=(scope.to_owned(), i32::MAX);
        for ((_, day), cases) in headers.workload.range(range) {
            days.entry(*day).or_default()[side] += cases;
        }
    }
    let first = days.keys().next().copied().unwrap_or(0);
    let last = days.keys().next_back().copied().unwrap_or(0);
    let span = u64::from(last.abs_diff(first)) + 1;
    let [of_a, of_b] = [0, 1].map(|side| days.values().map(|pair| pair[side]).sum::<u64>());
    let per_day = |cases: u64| (cases as f64 / span as f64 * 100.0).round() / 100.0;
    Workload {
        scope: scope.to_owned(),
        days: span,
        a: of_a,
        b: of_b,
        a_per_day: per_day(of_a),
        b_per_day: per_day(of_b),
        by_day: days
            .into_iter()
            .map(|(day, [a, b])| Day {
                day: date(day),
                a,
                b,
            })
            .collect(),
    }
}

/// A day since 1970 as `2026-01-31`.
fn date(day: i32) -> String {
    let midnight = Timestamp(0).plus(Span::DAY.times(day.into()));
    let mut text = midnight.to_rfc3339();
    text.truncate(text.find('T').unwrap_or(text.len()));
    text
}
