//! A time that comes again: on these days, from then to then, in this time zone.
//!
//! Becomes a list of times when a silence is made, because the engine knows no time zones. A clock that is put forward
//! or back within a time makes it shorter or longer, as it does for those who work then.

use caseloom_engine::silence::TIMES_MAX;
use caseloom_engine::time::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use serde::{Deserialize, Serialize};

/// The days of a week as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A time that comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// mon, tue, wed, thu, fri, sat, sun: on which it begins; none: on each.
    #[serde(default)]
    pub days: Vec<String>,
    /// When it begins, as 22:00.
    pub from: String,
    /// When it ends, as 06:00; not later than `from`: on the next day.
    pub to: String,
    /// The time zone, as Europe/Berlin or UTC.
    pub zone: String,
}

/// A time that is not said well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepeat {
    /// A day that there is not.
    #[error("days must be of mon, tue, wed, thu, fri, sat and sun, not {0:?}")]
    Day(String),
    /// A time of day that there is not.
    #[error("from and to must be times of day such as 22:00, not {0:?}")]
    Time(String),
    /// A time zone that is not known.
    #[error("zone must be a time zone such as Europe/Berlin or UTC, not {0:?}")]
    Zone(String),
    /// It never comes, or too often.
    #[error("it comes {0} times until it expires; it may 1 to {TIMES_MAX} times")]
    Times(usize),
    /// A text that `Display` of a [`Repeat`] did not write.
    #[error("not a repetition: {0:?}")]
    Text(String),
}

/// What was read.
struct Plan {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
}

impl std::fmt::Display for Repeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = match self.days.is_empty() {
            true => "daily".to_owned(),
            false => self.days.join(","),
        };
        write!(f, "{days} {}-{} {}", self.from, self.to, self.zone)
    }
}

impl std::str::FromStr for Repeat {
    type Err = InvalidRepeat;

    /// Reads `daily 22:00-06:00 Europe/Berlin` or `sat,sun 22:00-06:00 Europe/Berlin`.
    fn from_str(text: &str) -> Result<Self, InvalidRepeat> {
        let refused = || InvalidRepeat::Text(text.to_owned());
        let mut words = text.split_whitespace();
        let mut next = || words.next().ok_or_else(refused);
        let (days, time, zone) = (next()?, next()?, next()?);
        let (from, to) = time.split_once('-').ok_or_else(refused)?;
        if words.next().is_some() {
            return Err(refused());
        }
        let days = match days {
            "daily" => Vec::new(),
            days => days.split(',').map(str::to_owned).collect(),
        };
        Ok(Self {
            days,
            from: from.to_owned(),
            to: to.to_owned(),
            zone: zone.to_owned(),
        })
    }
}

impl Repeat {
    /// When it comes between `starts` and `expires`, ascending; the first and the last are cut to them.
    ///
    /// # Errors
    /// What is not said well.
    pub fn times(
        &self,
        starts: Timestamp,
        expires: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>, InvalidRepeat> {
        let plan = self.plan()?;
        let mut times: Vec<(Timestamp, Timestamp)> = Vec::new();
        let mut date = plan.day_of(starts).and_then(|day| day.yesterday().ok());
        while let Some(day) = date.filter(|_| times.len() <= TIMES_MAX) {
            let Some((begin, end)) = plan.on(day) else {
                break;
            };
            if begin >= expires {
                break;
            }
            if plan.is_on(day) && end > starts {
                // Where a day has 23 hours, one time may reach into the next.
                let begin = times.last().map_or(begin, |(_, last)| begin.max(*last));
                let cut = (begin.max(starts), end.min(expires));
                times.extend((cut.0 < cut.1).then_some(cut));
            }
            date = day.tomorrow().ok();
        }
        match times.len() {
            1..=TIMES_MAX => Ok(times),
            count => Err(InvalidRepeat::Times(count)),
        }
    }

    fn plan(&self) -> Result<Plan, InvalidRepeat> {
        let day = |word: &String| {
            let known = DAYS.iter().find(|(name, _)| name == word);
            let day = known.map(|(_, day)| *day);
            day.ok_or_else(|| InvalidRepeat::Day(word.clone()))
        };
        let time = |text: &String| {
            let parsed = (text.len() == 5).then(|| text.parse().ok()).flatten();
            parsed.ok_or_else(|| InvalidRepeat::Time(text.clone()))
        };
        let zone = TimeZone::get(&self.zone);
        Ok(Plan {
            days: self.days.iter().map(day).collect::<Result<_, _>>()?,
            from: time(&self.from)?,
            to: time(&self.to)?,
            zone: zone.map_err(|_| InvalidRepeat::Zone(self.zone.clone()))?,
        })
    }
}

impl Plan {
    fn day_of(&self, time: Timestamp) -> Option<Date> {
        let moment = jiff::Timestamp::from_millisecond(time.0).ok()?;
        Some(Zoned::new(moment, self.zone.clone()).date())
    }

    fn is_on(&self, day: Date) -> bool {
        self.days.is_empty() || self.days.contains(&day.weekday())
    }

    /// Begin and end on a day, in wall time; a time that the clock leaves out is the one after it.
    fn on(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let last = match self.to > self.from {
            true => day,
            false => day.checked_add(1.day()).ok()?,
        };
        let at = |day: Date, time: Time| {
            let zoned = day.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
            Some(Timestamp(zoned.timestamp().as_millisecond()))
        };
        Some((at(day, self.from)?, at(last, self.to)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp(moment.as_millisecond())
    }

    fn times(repeat: &str, starts: &str, expires: &str) -> Vec<(String, String)> {
        let repeat: Repeat = repeat.parse().unwrap();
        let times = repeat.times(moment(starts), moment(expires)).unwrap();
        let written = |time: Timestamp| time.to_rfc3339()[..16].to_owned();
        times
            .into_iter()
            .map(|(begin, end)| (written(begin), written(end)))
            .collect()
    }

    #[test]
    fn nights_of_the_weekend_across_the_change_of_the_clock() {
        // Berlin puts its clocks forward on 2026-03-29 at 2:00, a Sunday.
        let found = times(
            "sat,sun 22:00-06:00 Europe/Berlin",
            "2026-03-28T00:00:00Z",
            "2026-03-30T12:00:00Z",
        );
        let pair = |begin: &str, end: &str| (begin.to_owned(), end.to_owned());
        assert_eq!(
            found,
            [
                pair("2026-03-28T21:00", "2026-03-29T04:00"),
                pair("2026-03-29T20:00", "2026-03-30T04:00"),
            ],
            "the first night has seven hours"
        );
    }

    #[test]
    fn what_is_under_way_is_cut() {
        let found = times(
            "daily 20:00-20:00 UTC",
            "2026-01-05T12:00:00Z",
            "2026-01-06T12:00:00Z",
        );
        let pair = |begin: &str, end: &str| (begin.to_owned(), end.to_owned());
        assert_eq!(
            found,
            [
                pair("2026-01-05T12:00", "2026-01-05T20:00"),
                pair("2026-01-05T20:00", "2026-01-06T12:00"),
            ]
        );
    }

    #[test]
    fn what_is_not_said_well_is_refused() {
        let refused = |text: &str| {
            let repeat: Repeat = text.parse().unwrap();
            let (from, to) = (
                moment("2026-01-05T12:00:00Z"),
                moment("2026-01-05T13:00:00Z"),
            );
            repeat.times(from, to).unwrap_err()
        };
        assert!(matches!(
            refused("someday 1:00-2:00 UTC"),
            InvalidRepeat::Day(_)
        ));
        assert!(matches!(
            refused("daily 1-2:00 UTC"),
            InvalidRepeat::Time(_)
        ));
        assert!(matches!(
            refused("daily 01:00-02:00 Mars/Olympus"),
            InvalidRepeat::Zone(_)
        ));
        assert_eq!(
            refused("tue 01:00-02:00 UTC"),
            InvalidRepeat::Times(0),
            "it is over before it comes"
        );
        assert!("daily 01:00-02:00".parse::<Repeat>().is_err());
        let written = "sat,sun 22:00-06:00 Europe/Berlin";
        assert_eq!(written.parse::<Repeat>().unwrap().to_string(), written);
    }
}
