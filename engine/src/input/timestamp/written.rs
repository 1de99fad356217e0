//! Dates as people and logs write them, word by word: with the name of a month, with a clock of twelve hours, without
//! a year.
//!
//! `Tue, 30 Sep 2014 17:37:30 +0200` (mail), `Tue Sep 30 17:37:30 2014 UTC` (osquery), `Sep 30 2014 17:37:30.123 CEST`
//! (CEF), `30/Sep/2014:17:37:30 +0000` (web servers), `Sep 30 17:37:30` (syslog), `9/30/2014 5:37:30 PM` (.NET).

use crate::time::{Span, Timestamp};

use super::{days_from_civil, fraction, in_range, offset, pair};

/// The longest text that is looked at.
const BYTES_MAX: usize = 64;

/// How far ahead of the broker's a clock that writes no year may be. What would be further is of the year before.
pub(in super::super) const AHEAD_MAX: Span = Span(7 * Span::DAY.0);

/// What the words of a date have said so far.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    /// Milliseconds since midnight.
    clock: Option<i64>,
    is_afternoon: Option<bool>,
    offset_minutes: Option<i64>,
}

/// The moment in milliseconds. Without a year it is the last that brings the moment not far beyond `near`; without a zone it
/// is UTC.
#[cold]
pub(super) fn read(text: &str, near: Option<Timestamp>) -> Option<i64> {
    if text.len() > BYTES_MAX {
        return None;
    }
    if let Some(moment) = snort(text, near) {
        return Some(moment);
    }
    // What stands in brackets is a remark, such as the zone's name.
    let text = text.split('(').next()?;
    let mut parts = Parts::default();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        parts.take(word)?;
    }
    parts.moment(near)
}

/// `03/01-08:00:00.123456`, with the year before it or without: Snort's alerts, and Suricata's `fast.log`.
fn snort(text: &str, near: Option<Timestamp>) -> Option<i64> {
    let (date, clock) = text.split_once('-')?;
    let mut numbers = date.split('/');
    let number = |text: &str| two_digits(text.as_bytes());
    let (first, second) = (number(numbers.next()?)?, number(numbers.next()?)?);
    let third = numbers.next();
    if numbers.next().is_some() {
        return None;
    }
    let mut parts = Parts::default();
    parts.take_clock(clock)?;
    (parts.year, parts.month, parts.day) = match third {
        // Suricata writes `MM/DD/YYYY`, Snort 3 `YY/MM/DD`, and Snort 2 `MM/DD/YY`.
        Some(year) if year.len() == 4 => (Some(year.parse().ok()?), Some(first), Some(second)),
        Some(day) if first > 12 => (Some(2000 + first), Some(second), Some(number(day)?)),
        Some(year) => (Some(2000 + number(year)?), Some(first), Some(second)),
        None => (None, Some(first), Some(second)),
    };
    parts.moment(near)
}

impl Parts {
    /// Takes in one word; `None` when it is out of place.
    fn take(&mut self, word: &str) -> Option<()> {
        // `+08:00`, also behind what it is counted from.
        let ahead = ["GMT", "UTC"]
            .iter()
            .find_map(|zone| word.strip_prefix(zone));
        let ahead = ahead.unwrap_or(word);
        if ahead.starts_with(['+', '-']) {
            return set(&mut self.offset_minutes, offset(ahead.as_bytes())?);
        }
        if word.contains(':') {
            return self.take_clock(word);
        }
        if word.contains('/') || (word.contains('-') && word.contains(|c: char| c.is_alphabetic()))
        {
            return self.take_date(word);
        }
        if let Some(month) = month(word) {
            return set(&mut self.month, month);
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            let place = match word.len() {
                1 | 2 => &mut self.day,
                4 => &mut self.year,
                _ => return None,
            };
            return set(place, word.parse().ok()?);
        }
        if word.eq_ignore_ascii_case("AM") || word.eq_ignore_ascii_case("PM") {
            return set(&mut self.is_afternoon, word.eq_ignore_ascii_case("PM"));
        }
        match zone(word).or_else(|| offset(word.as_bytes())) {
            Some(minutes) => set(&mut self.offset_minutes, minutes),
            None => is_weekday(word).then_some(()),
        }
    }

    /// `17:37:30`, `5:37:30.123` or `17:37`, perhaps with its zone or behind a date and a colon.
    fn take_clock(&mut self, word: &str) -> Option<()> {
        let word = match word.split_once(':') {
            Some((date, rest)) if date.contains('/') => {
                self.take_date(date)?;
                rest
            }
            _ => word,
        };
        let (hour, rest) = word.split_once(':')?;
        let hour = two_digits(hour.as_bytes())?;
        let (minute, rest) = rest.as_bytes().split_at_checked(2)?;
        let minute = two_digits(minute)?;
        let (second, rest) = match rest {
            [b':', tens, ones, rest @ ..] => (pair(*tens, *ones)?, rest),
            rest => (0, rest),
        };
        let (millis, rest) = fraction(rest)?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        if !rest.is_empty() {
            set(&mut self.offset_minutes, offset(rest)?)?;
        }
        let seconds = hour * 3_600 + minute * 60 + second;
        set(&mut self.clock, seconds * 1_000 + millis)
    }

    /// `30/Sep/2014`, `30-Sep-2014`, `9/30/2014` with the month first, or `2014/09/30`.
    fn take_date(&mut self, word: &str) -> Option<()> {
        let mut pieces = word.split(['/', '-']);
        let (first, second, third) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let (first, second, year) = match first.len() {
            4 => (second, third, first),
            _ => (first, second, third),
        };
        if pieces.next().is_some() || year.len() != 4 {
            return None;
        }
        set(&mut self.year, year.parse().ok()?)?;
        match month(second) {
            Some(month) => {
                set(&mut self.day, two_digits(first.as_bytes())?)?;
                set(&mut self.month, month)
            }
            None => {
                set(&mut self.month, two_digits(first.as_bytes())?)?;
                set(&mut self.day, two_digits(second.as_bytes())?)
            }
        }
    }

    fn moment(&self, near: Option<Timestamp>) -> Option<i64> {
        let (month, day, clock) = (self.month?, self.day?, self.clock?);
        let clock = self.on_24_hours(clock)?;
        let offset_ms = self.offset_minutes.unwrap_or(0) * 60_000;
        let in_year = |year| {
            let days = days_from_civil(year, month, day)?;
            Some(days * Span::DAY.0 + clock - offset_ms)
        };
        if let Some(year) = self.year {
            return in_year(year);
        }
        // Written in December and read in January, or by a clock that is a little ahead.
        let near = near.filter(|near| in_range(near.0).is_some())?;
        let year = 1970 + near.0.div_euclid(365 * Span::DAY.0 + Span::DAY.0 / 4);
        (year - 1..=year + 1)
            .filter_map(in_year)
            .filter(|moment| *moment <= near.0 + AHEAD_MAX.0)
            .max()
    }

    fn on_24_hours(&self, clock: i64) -> Option<i64> {
        const HALF_DAY_MS: i64 = 12 * 3_600_000;
        let Some(is_afternoon) = self.is_afternoon else {
            return Some(clock);
        };
        let is_twelve = clock >= HALF_DAY_MS;
        if clock >= HALF_DAY_MS + 3_600_000 {
            return None;
        }
        Some(match (is_afternoon, is_twelve) {
            (true, false) => clock + HALF_DAY_MS,
            (false, true) => clock - HALF_DAY_MS,
            _ => clock,
        })
    }
}

/// Fills an empty place; a date that says something twice is none.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn two_digits(text: &[u8]) -> Option<i64> {
    match *text {
        [ones] => pair(b'0', ones),
        [tens, ones] => pair(tens, ones),
        _ => None,
    }
}

/// The month by its English name or the first three letters of that.
fn month(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.strip_suffix('.').unwrap_or(word);
    let names = NAMES.iter().zip(1..);
    let is_word =
        |name: &str| word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(&name[..3]);
    names
        .into_iter()
        .find_map(|(name, number)| is_word(name).then_some(number))
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let start = word.get(..3).unwrap_or_default();
    word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && DAYS.iter().any(|day| day.eq_ignore_ascii_case(start))
}

/// Minutes east of UTC of the zones' names that mean one thing in logs.
fn zone(word: &str) -> Option<i64> {
    let hours = match word {
        "UTC" | "GMT" | "UT" | "Z" | "WET" => 0,
        "CET" | "BST" | "WEST" => 1,
        "CEST" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" | "KST" => 9,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, near: Option<&str>) -> Option<String> {
        let near = near.map(|near| Timestamp(super::super::rfc3339(near.as_bytes()).unwrap()));
        read(text, near).map(|millis| Timestamp(millis).to_rfc3339())
    }

    #[test]
    fn dates_of_mail_logs_and_net() {
        for (text, wanted) in [
            (
                "Tue, 30 Sep 2014 17:37:30 +0200",
                "2014-09-30T15:37:30.000Z",
            ),
            ("Tue Sep 30 17:37:30 2014 UTC", "2014-09-30T17:37:30.000Z"),
            ("Tue Sep 30 17:37:30 EDT 2014", "2014-09-30T21:37:30.000Z"),
            ("Sep 30 2014 17:37:30.123 CEST", "2014-09-30T15:37:30.123Z"),
            ("sep  3 2014 17:37:30", "2014-09-03T17:37:30.000Z"),
            ("30/Sep/2014:17:37:30 -0700", "2014-10-01T00:37:30.000Z"),
            ("30-Sep-2014 17:37:30", "2014-09-30T17:37:30.000Z"),
            ("2014/09/30 17:37:30", "2014-09-30T17:37:30.000Z"),
            ("Sep 30 2014 17:37:30 GMT+08:00", "2014-09-30T09:37:30.000Z"),
            ("Sep 30 2014 17:37:30 -05:00", "2014-09-30T22:37:30.000Z"),
            ("9/3/2014 5:37:30 PM", "2014-09-03T17:37:30.000Z"),
            ("09/30/2014, 12:05:30.500 AM", "2014-09-30T00:05:30.500Z"),
            ("07/04/2024 22:33:57", "2024-07-04T22:33:57.000Z"),
            ("September 30, 2014 17:37 GMT", "2014-09-30T17:37:00.000Z"),
            (
                "Tue Sep 30 2014 17:37:30 +0200 (Central European Summer Time)",
                "2014-09-30T15:37:30.000Z",
            ),
        ] {
            assert_eq!(told(text, None).as_deref(), Some(wanted), "{text}");
        }
        for text in [
            "Sep 30 17:37:30",
            "30/09/2014 17:37:30",
            "Sep 30 2014",
            "Sep 31 2014 17:37:30",
            "Sep 30 2014 17:37:30 17:37:30",
            "Sep 30 2014 17:37:30 somewhere",
            "Sep 30 2014 13:37:30 PM",
            "at noon",
        ] {
            assert_eq!(told(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_date_without_year_is_the_closest() {
        for (text, near, wanted) in [
            (
                "Dec 31 23:59:59",
                "2026-01-01T00:00:10Z",
                "2025-12-31T23:59:59.000Z",
            ),
            (
                "Jan  1 00:00:05",
                "2025-12-31T23:59:58Z",
                "2026-01-01T00:00:05.000Z",
            ),
            (
                "Feb 29 12:00:00",
                "2025-03-01T00:00:00Z",
                "2024-02-29T12:00:00.000Z",
            ),
            (
                "Jun 15 12:00:00",
                "2026-06-15T12:00:01Z",
                "2026-06-15T12:00:00.000Z",
            ),
        ] {
            assert_eq!(told(text, Some(near)).as_deref(), Some(wanted), "{text}");
        }
    }
}
