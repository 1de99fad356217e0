//! Key figures of the work on cases. The formulas, in wall time but for the first alert:
//!
//! | figure | of a case |
//! |---|---|
//! | MTTD, to detect | it opened - event time of its first alert |
//! | MTTA, to acknowledge | a person first took it (owner, or a status other than new) - it opened |
//! | MTTC, to contain | it was first contained or closed by a person - it opened - time on hold |
//! | MTTR, to resolve | a person last closed it - it opened - time on hold |
//!
//! Each figure is over the cases that have it, so it comes with their number. A merged case counts with its survivor, with
//! the earlier of both times; a reopened one has no MTTR until it is closed again. A case that closed by silence has
//! neither MTTC nor MTTR: nobody did it. Percentiles are of the nearest rank: a value that a case really had.

use std::collections::BTreeMap;

use caseloom_engine::command::{Verdict, Work};
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::Timestamp;
use serde::Serialize;

/// What figures are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All cases together.
    All,
    /// By scope.
    Scope,
    /// By owner.
    Owner,
    /// By severity.
    Severity,
    /// By verdict.
    Verdict,
    /// By source and rule; a case counts for each of its rules.
    Rule,
    /// By source; a case counts for each.
    Source,
}

/// Figures of the cases that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// Cases.
    pub cases: u64,
    /// Of them, cases that people have yet to close.
    pub open: u64,
    /// Of them, cases without an owner that are open.
    pub unowned: u64,
    /// Of them, cases that closed because nothing came any more.
    pub closed_by_silence: u64,
    /// How often they were reopened.
    pub reopened: u64,
    /// Alerts in them.
    pub alerts: u64,
    /// Verdicts.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub verdicts: BTreeMap<&'static str, u64>,
    /// False positives among the cases with a verdict, 0 to 1.
    pub false_positive_share: Option<f64>,
    /// Seconds to detect.
    pub mttd: Summary,
    /// Seconds to acknowledge.
    pub mtta: Summary,
    /// Seconds to contain.
    pub mttc: Summary,
    /// Seconds to resolve.
    pub mttr: Summary,
}

/// Many lengths of time in few numbers, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// Of how many cases.
    pub cases: u64,
    /// The sum through the number.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// Nine of ten are at most so long.
    pub p90: Option<f64>,
    /// Ninety-five of a hundred are.
    pub p95: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

/// Collects cases under their keys.
#[derive(Debug, Default)]
pub struct Collector {
    all: BTreeMap<String, Collected>,
}

#[derive(Debug, Default)]
struct Collected {
    figures: Figures,
    detect: Vec<i64>,
    acknowledge: Vec<i64>,
    contain: Vec<i64>,
    resolve: Vec<i64>,
}

impl By {
    /// Every word in a request.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("all", Self::All),
        ("scope", Self::Scope),
        ("owner", Self::Owner),
        ("severity", Self::Severity),
        ("verdict", Self::Verdict),
        ("rule", Self::Rule),
        ("source", Self::Source),
    ];

    /// Called so in a request.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, by)| *by)
    }

    /// Whether the activities of a case must be known.
    #[must_use]
    pub fn needs_activities(self) -> bool {
        matches!(self, Self::Rule | Self::Source)
    }
}

impl Collector {
    /// Counts a case under each of the keys.
    pub fn add(&mut self, keys: &[String], group: &GroupRecord, work: Option<&Work>) {
        for key in keys {
            self.all.entry(key.clone()).or_default().add(group, work);
        }
    }

    /// The figures by key.
    #[must_use]
    pub fn finish(self) -> Vec<(String, Figures)> {
        let each = self.all.into_iter();
        each.map(|(key, collected)| (key, collected.finish()))
            .collect()
    }
}

impl Collected {
    fn add(&mut self, group: &GroupRecord, work: Option<&Work>) {
        let figures = &mut self.figures;
        figures.cases += 1;
        figures.alerts += group.alerts;
        let is_open = group.stage.is_open();
        figures.open += u64::from(is_open);
        figures.unowned += u64::from(is_open && group.owner.is_none());
        let is_touched = work.is_some_and(|work| work.is_touched);
        figures.closed_by_silence += u64::from(group.stage.is_closed() && !is_touched);
        let Some(opened) = group.opened else { return };
        self.detect.push(opened.since(group.first).0);
        let Some(work) = work else { return };
        let times = &work.times;
        figures.reopened += u64::from(times.reopened);
        if let Some(verdict) = work.verdict {
            *figures.verdicts.entry(verdict.as_str()).or_default() += 1;
        }
        let since = |time: Option<Timestamp>, held: i64| Some(time?.since(opened).0 - held);
        self.acknowledge.extend(since(times.acknowledged, 0));
        self.contain.extend(since(times.contained, times.held.0));
        self.resolve.extend(since(times.closed, times.held.0));
    }

    fn finish(self) -> Figures {
        let judged: u64 = self.figures.verdicts.values().sum();
        let wrong = self.figures.verdicts.get(Verdict::FalsePositive.as_str());
        let wrong = wrong.copied().unwrap_or(0);
        Figures {
            false_positive_share: (judged > 0).then(|| wrong as f64 / judged as f64),
            mttd: Summary::of(self.detect),
            mtta: Summary::of(self.acknowledge),
            mttc: Summary::of(self.contain),
            mttr: Summary::of(self.resolve),
            ..self.figures
        }
    }
}

impl Summary {
    /// Of milliseconds; what is negative, as by a clock that was set, counts as nothing.
    fn of(mut lengths: Vec<i64>) -> Self {
        lengths
            .iter_mut()
            .for_each(|length| *length = (*length).max(0));
        lengths.sort_unstable();
        let seconds = |length: i64| length as f64 / 1_000.0;
        let rank = |percent: usize| {
            let place = (lengths.len() * percent).div_ceil(100).max(1) - 1;
            lengths.get(place).copied().map(seconds)
        };
        let sum: i128 = lengths.iter().map(|length| i128::from(*length)).sum();
        let mean = sum as f64 / 1_000.0 / lengths.len() as f64;
        Self {
            cases: lengths.len() as u64,
            mean: (!lengths.is_empty()).then_some(mean),
            p50: rank(50),
            p90: rank(90),
            p95: rank(95),
            max: lengths.last().copied().map(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let summary = Summary::of((1..=10).map(|second| second * 1_000).collect());
        let numbers = [
            summary.mean,
            summary.p50,
            summary.p90,
            summary.p95,
            summary.max,
        ];
        assert_eq!(numbers.map(Option::unwrap), [5.5, 5.0, 9.0, 10.0, 10.0]);
        assert_eq!(Summary::of(vec![-5]).max, Some(0.0));
        assert_eq!(Summary::of(Vec::new()), Summary::default());
    }
}
