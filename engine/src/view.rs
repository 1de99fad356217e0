//! What is remembered, seen from outside: how a pair or an entity stands at a time, worked out from its record by the
//! same arithmetic that judges alerts. For whoever reads records: pages, lists, explanations.

use crate::busy::{Busy, Commonness};
use crate::hours::{Hours, WEEK};
use crate::policy::{HubPolicy, Policy};
use crate::recurrence::{PairRecord, Standing};
use crate::time::{Span, Timestamp};

/// How a pair stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairStanding {
    /// How an alert at this time would stand, severity, bursts and pins aside.
    pub standing: Standing,
    /// In how many of the settled hours of the last week it fired before its present run began.
    pub hours_seen: u32,
    /// The most alerts it usually has in five minutes.
    pub usual_peak: u16,
    /// Begin of the last hour in which it fired.
    pub last_hour: Timestamp,
}

/// How an entity stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubStanding {
    /// What it is worth.
    pub commonness: Commonness,
    /// Begins of its busy hours that count now, the earliest first.
    pub busy_hours: Vec<Timestamp>,
    /// Begin of the hour from which on it stands so without a break.
    pub since: Timestamp,
    /// When it is worth more again, unless it gets busy anew.
    pub ends: Timestamp,
}

/// The begin of an hour.
fn begin(hour: i32) -> Timestamp {
    Timestamp(i64::from(hour).saturating_mul(Span::HOUR.0))
}

impl PairRecord {
    /// How the pair stands at `time`, the time of its scope, which was first met at `since`.
    #[must_use]
    pub fn standing(&self, (since, time): (Timestamp, Timestamp), policy: &Policy) -> PairStanding {
        let (hour, lateness) = (Hours::of(time), policy.lateness);
        let since = Hours::of(since);
        let (standing, hours_seen) = self.hours.stand(hour, &policy.recurrence, lateness, since);
        let usual = self.bins.as_ref().map(|bins| bins.usual(time, lateness));
        PairStanding {
            standing,
            hours_seen,
            usual_peak: usual.unwrap_or(0),
            last_hour: begin(self.hours.newest),
        }
    }
}

impl Busy {
    /// How the entity stands at `time`, the time of its scope; `None`: it is worth what its kind is.
    #[must_use]
    pub fn standing(&self, time: Timestamp, policy: &Policy) -> Option<HubStanding> {
        let (hour, lateness, hubs) = (Hours::of(time), policy.lateness, &policy.hubs);
        let of = |hour| self.commonness(hour, lateness, hubs);
        let commonness = of(hour);
        if commonness == Commonness::Normal {
            return None;
        }
        let is_so = |hour: &i32| of(*hour) >= commonness;
        let since = (hour - WEEK..=hour).rev().take_while(is_so).last();
        let ends = (hour..=hour + WEEK).find(|hour| of(*hour) < commonness);
        Some(HubStanding {
            commonness,
            busy_hours: self.busy_at(hour, lateness, hubs),
            since: begin(since.unwrap_or(hour)),
            ends: begin(ends.unwrap_or(hour + WEEK)),
        })
    }

    fn busy_at(&self, hour: i32, lateness: Span, hubs: &HubPolicy) -> Vec<Timestamp> {
        let mut hours = self.hours_read(hour, lateness, hubs);
        hours.sort_unstable();
        hours.into_iter().map(begin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_says_since_when_and_until_when() {
        let policy = Policy::default();
        let mut busy = Busy::default();
        for hour in [100, 101, 102, 103] {
            for _ in 0..policy.hubs.per_hour {
                busy.count(hour, 0, &policy.hubs);
            }
        }
        let at = |hour| busy.standing(begin(hour), &policy);
        assert_eq!(at(102), None);
        assert_eq!(at(103).map(|hub| hub.commonness), Some(Commonness::Common));
        let hub = at(110).unwrap();
        assert_eq!(hub.commonness, Commonness::Hub);
        assert_eq!(hub.busy_hours, [100, 101, 102, 103].map(begin));
        assert_eq!((hub.since, hub.ends), (begin(105), begin(125)));
    }

    #[test]
    fn a_pair_says_how_often_it_was_seen() {
        let policy = Policy::default();
        let mut hours = Hours::at(100);
        for hour in [105, 110, 115, 120, 125] {
            hours.add(hour);
        }
        let pair = PairRecord {
            key: 1,
            scope: crate::ids::ScopeId(0),
            hours,
            oldest: 100,
            bins: None,
            named: true,
        };
        let at = |hour| {
            let stands = pair.standing((begin(0), begin(hour)), &policy);
            (stands.standing, stands.hours_seen)
        };
        assert_eq!(at(126), (Standing::News, 5));
        assert_eq!(at(127), (Standing::News, 5), "its last run goes on");
        assert_eq!(at(129), (Standing::Background, 6));
        assert_eq!(at(270), (Standing::News, 5), "the first hour is forgotten");
    }
}
