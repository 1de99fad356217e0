//! The outcome of a diff as data: what `--json` prints, complete.

use serde::Serialize;

/// What changed from A to B. Lists are by the number of alerts concerned, largest first, then by id.
#[derive(Debug, PartialEq, Serialize)]
pub struct Report {
    /// The former output.
    pub a: Output,
    /// The latter output.
    pub b: Output,
    /// Whether both have the same rows, so that a difference comes from the policy or the version alone.
    pub same_input: bool,
    /// Whether nothing differs: rows, cases and dispositions.
    pub identical: bool,
    /// Rows in both and in one only.
    pub rows: Rows,
    /// Alerts that changed.
    pub alerts: Changes,
    /// How many cases had which fate.
    pub fates: Fates,
    /// Cases of A whose alerts are in two or more cases of B.
    pub split: Vec<Parted>,
    /// Cases of B that hold alerts of two or more cases of A.
    pub merged: Vec<Parted>,
    /// Cases of B none of whose alerts was in a case.
    pub appeared: Vec<Case>,
    /// Cases of A none of whose alerts is in a case.
    pub vanished: Vec<Case>,
    /// One to one, with other alerts than before.
    pub changed: Vec<Changed>,
    /// Cases a day, by scope.
    pub workload: Vec<Workload>,
}

/// One side.
#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// Its directory.
    pub path: String,
    /// The version of its policy.
    pub policy: String,
    /// Messages read.
    pub messages: u64,
    /// Alerts read.
    pub alerts: u64,
    /// Cases.
    pub cases: u64,
    /// Hash of the final state.
    pub state_hash: String,
}

/// Rows by whether the other output has them.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// In both.
    pub both: u64,
    /// In A only.
    pub only_a: u64,
    /// In B only.
    pub only_b: u64,
}

/// Alerts that changed, of those in both.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// In a case in both, and B's is not the heir of A's.
    pub case: u64,
    /// Of another disposition.
    pub disposition: u64,
    /// The latter by their dispositions.
    pub dispositions: Vec<Turn>,
}

/// Alerts that went from one disposition to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// In A.
    pub from: String,
    /// In B.
    pub to: String,
    /// How many.
    pub alerts: u64,
}

/// Counts of cases. Of A each is in one of `same, grew, shrank, exchanged, split, merged_away, vanished`; of B each in
/// one of `same, grew, shrank, exchanged, part, merged, appeared`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fates {
    /// One to one with the same alerts.
    pub same: u64,
    /// One to one: all of the old alerts and more.
    pub grew: u64,
    /// One to one: no new alerts and fewer.
    pub shrank: u64,
    /// One to one: some gone, some new.
    pub exchanged: u64,
    /// Cases of A that were split.
    pub split: u64,
    /// Cases of B that hold a part of a split one and nothing of another.
    pub part: u64,
    /// Cases of B that hold several of A.
    pub merged: u64,
    /// Cases of A that are whole, or what is left of them, in a merged one.
    pub merged_away: u64,
    /// Cases of B with nothing of any of A.
    pub appeared: u64,
    /// Cases of A of which nothing is in a case.
    pub vanished: u64,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// Its id in its own output.
    pub id: String,
    /// Its scope; empty where `cases.jsonl` does not have the case.
    pub scope: String,
    /// Its line for people.
    pub title: String,
    /// Alerts it holds.
    pub alerts: u64,
}

/// A case and those of the other output that share its alerts.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Parted {
    /// The case.
    #[serde(flatten)]
    pub case: Case,
    /// The others, the largest overlap first.
    pub parts: Vec<Part>,
    /// Its alerts that are in no case of the other output.
    pub rest: u64,
}

/// A case of the other output.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The case.
    #[serde(flatten)]
    pub case: Case,
    /// Alerts that both hold.
    pub shared: u64,
}

/// A case and its only counterpart.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// In A.
    pub a: Case,
    /// In B.
    pub b: Case,
    /// Alerts that B's holds and A's does not.
    pub gained: u64,
    /// Alerts that A's holds and B's does not.
    pub lost: u64,
}

/// Cases by day of opening in one scope.
#[derive(Debug, PartialEq, Serialize)]
pub struct Workload {
    /// The scope.
    pub scope: String,
    /// Days from the first to the last opening in either output.
    pub days: u64,
    /// Cases in A.
    pub a: u64,
    /// Cases in B.
    pub b: u64,
    /// Cases a day in A.
    pub a_per_day: f64,
    /// Cases a day in B.
    pub b_per_day: f64,
    /// Days on which a case opened in either.
    pub by_day: Vec<Day>,
}

/// One day, UTC.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// As `2026-01-31`.
    pub day: String,
    /// Cases opened in A.
    pub a: u64,
    /// Cases opened in B.
    pub b: u64,
}

impl Report {
    /// Whether no alert and no case changed.
    pub(super) fn is_unchanged(&self) -> bool {
        self.alerts.case + self.alerts.disposition == 0
            && self.changed.is_empty()
            && self.appeared.is_empty()
            && self.vanished.is_empty()
            && self.split.is_empty()
            && self.merged.is_empty()
    }
}
