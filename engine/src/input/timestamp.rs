//! Time stamps: the texts and numbers in which products tell the time -> [`Timestamp`].
//!
//! RFC 3339 and its common slips (a blank for the `T`, an offset without colon, no offset) are read by hand in some
//! 15 ns, because every alert has one; dates with the name of a month and the like are read word by word in `written`.
//! A number's unit shows in its magnitude: seconds, milliseconds, microseconds, nanoseconds and Windows' FILETIME don't
//! overlap between 1990 and 2100.

mod written;

pub(super) use written::AHEAD_MAX;

use crate::time::Timestamp;

use super::json::Scalar;

/// 1990-01-01T00:00:00Z in seconds; earlier is a broken clock.
const EARLIEST_S: i64 = 631_152_000;
/// 2100-01-01T00:00:00Z in seconds; that and later is a wrong unit.
const LATEST_S: i64 = 4_102_444_800;
/// From 1601-01-01, where FILETIME begins, to 1970-01-01, in seconds.
const FILETIME_EPOCH_S: i64 = 11_644_473_600;

/// The unit of a number that tells the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    /// By its magnitude; texts are welcome too.
    #[default]
    Auto,
    Seconds,
    Millis,
    Micros,
    Nanos,
    /// 100 ns since 1601.
    FileTime,
}

/// The moment that `value` tells, if it does and lies in 1990..2100. A text without a year, as in syslog, is understood
/// only where `near`, the broker's time, says which.
pub(crate) fn read(value: Scalar<'_>, unit: Unit, near: Option<Timestamp>) -> Option<Timestamp> {
    match value {
        Scalar::Text(text) => from_text(text, unit, near),
        Scalar::Integer(number) => from_integer(number, unit),
        Scalar::Float(number) => from_float(number, unit),
        Scalar::Null | Scalar::Bool(_) | Scalar::Unsigned(_) => None,
    }
}

fn from_text(text: &str, unit: Unit, near: Option<Timestamp>) -> Option<Timestamp> {
    let text = text.trim_ascii();
    if unit == Unit::Auto
        && let Some(moment) = rfc3339(text.as_bytes())
    {
        return in_range(moment);
    }
    if let Ok(number) = text.parse::<i64>() {
        return from_integer(number, unit);
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return from_float(text.parse().ok()?, unit);
    }
    if unit != Unit::Auto {
        return None;
    }
    // As .NET once wrote dates into JSON.
    if let Some(millis) = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.split_once(")/"))
    {
        let digits = millis.0.split(['+', '-']).next()?;
        return from_integer(digits.parse().ok()?, Unit::Millis);
    }
    written::read(text, near).and_then(in_range)
}

fn from_integer(number: i64, unit: Unit) -> Option<Timestamp> {
    let millis = match unit {
        Unit::Auto => return by_magnitude(number),
        Unit::Seconds => number.checked_mul(1_000)?,
        Unit::Millis => number,
        Unit::Micros => number.div_euclid(1_000),
        Unit::Nanos => number.div_euclid(1_000_000),
        Unit::FileTime => number
            .div_euclid(10_000)
            .checked_sub(FILETIME_EPOCH_S * 1_000)?,
    };
    in_range(millis)
}

fn by_magnitude(number: i64) -> Option<Timestamp> {
    [
        Unit::Seconds,
        Unit::Millis,
        Unit::Micros,
        Unit::Nanos,
        Unit::FileTime,
    ]
    .into_iter()
    .find_map(|unit| from_integer(number, unit))
}

/// Floats come as seconds with a fraction, seldom as milliseconds.
fn from_float(number: f64, unit: Unit) -> Option<Timestamp> {
    let millis = match unit {
        Unit::Auto => {
            return from_float(number, Unit::Seconds).or_else(|| from_float(number, Unit::Millis));
        }
        Unit::Seconds => number * 1_000.0,
        Unit::Millis => number,
        Unit::Micros => number / 1_000.0,
        Unit::Nanos => number / 1_000_000.0,
        Unit::FileTime => number / 10_000.0 - (FILETIME_EPOCH_S * 1_000) as f64,
    };
    // A float beyond i64 saturates and falls out of range; NaN becomes 0 and does so too.
    in_range(millis.round() as i64)
}

fn in_range(millis: i64) -> Option<Timestamp> {
    (EARLIEST_S * 1_000..LATEST_S * 1_000)
        .contains(&millis)
        .then_some(Timestamp(millis))
}

/// `YYYY-MM-DD`, `T`, `t` or a blank, `HH:MM:SS`, a fraction of 1 to 9 digits or none, a blank or none, and `Z`,
/// `±HH:MM`, `±HHMM`, `±HH` or nothing, which is UTC. In milliseconds.
fn rfc3339(text: &[u8]) -> Option<i64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let punctuated = head[4] == b'-'
        && head[7] == b'-'
        && matches!(head[10], b'T' | b't' | b' ')
        && head[13] == b':'
        && head[16] == b':';
    if !punctuated {
        return None;
    }
    let year = pair(head[0], head[1])? * 100 + pair(head[2], head[3])?;
    let days = days_from_civil(year, pair(head[5], head[6])?, pair(head[8], head[9])?)?;
    let (hour, minute, second) = (
        pair(head[11], head[12])?,
        pair(head[14], head[15])?,
        pair(head[17], head[18])?,
    );
    // A leap second is the first of the next minute, as POSIX counts.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, rest) = fraction(rest)?;
    let offset_minutes = offset(rest)?;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset_minutes * 60;
    Some(seconds * 1_000 + millis)
}

#[inline]
fn pair(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// Days since 1970-01-01 in the Gregorian calendar, by Howard Hinnant's `days_from_civil`; for years from 0.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The milliseconds of a leading fraction, and what follows it. Digits beyond the third are cut off.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.' | b',', digits)) = text.split_first() else {
        return Some((0, text));
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (digits, rest) = digits.split_at(count);
    let digit = |at: usize| digits.get(at).map_or(0, |byte| i64::from(byte - b'0'));
    Some((digit(0) * 100 + digit(1) * 10 + digit(2), rest))
}

/// Minutes east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, hours, minutes) = match *text {
        [] | [b'Z' | b'z'] => return Some(0),
        // Some libraries write both.
        [b'+', b'0', b'0', b':', b'0', b'0', b'Z'] | [b'+', b'0', b'0', b'0', b'0', b'Z'] => {
            return Some(0);
        }
        [b'U', b'T', b'C'] | [b'G', b'M', b'T'] => return Some(0),
        [sign, h1, h2] => (sign, pair(h1, h2)?, 0),
        [sign, h1, h2, m1, m2] => (sign, pair(h1, h2)?, pair(m1, m2)?),
        [sign, h1, h2, b':', m1, m2] => (sign, pair(h1, h2)?, pair(m1, m2)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    match sign {
        b'+' => Some(hours * 60 + minutes),
        b'-' => Some(-(hours * 60 + minutes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Option<String> {
        read(Scalar::Text(text), Unit::Auto, None).map(Timestamp::to_rfc3339)
    }

    #[test]
    fn texts() {
        for (written, wanted) in [
            ("2022-01-25T00:00:01Z", "2022-01-25T00:00:01.000Z"),
            (
                "2017-11-04T13:20:24.289881+0000",
                "2017-11-04T13:20:24.289Z",
            ),
            (
                "2017-03-25T16:49:58.856335-0600",
                "2017-03-25T22:49:58.856Z",
            ),
            ("2016-08-19 08:06:57.658 +09:00", "2016-08-18T23:06:57.658Z"),
            (
                "2024-07-04 22:35:00.746663+00:00",
                "2024-07-04T22:35:00.746Z",
            ),
            ("2024-02-29T23:59:60.5Z", "2024-03-01T00:00:00.500Z"),
            ("2019-01-02T03:50:11.315110", "2019-01-02T03:50:11.315Z"),
            ("2024-07-04t01:02:03,5z", "2024-07-04T01:02:03.500Z"),
            ("2024-07-04T01:02:03+05", "2024-07-03T20:02:03.000Z"),
            ("2024-07-04T01:02:03.123456789Z", "2024-07-04T01:02:03.123Z"),
            (" 2024-07-04 01:02:03 UTC ", "2024-07-04T01:02:03.000Z"),
            ("1500000000", "2017-07-14T02:40:00.000Z"),
            ("1500000000.25", "2017-07-14T02:40:00.250Z"),
            ("1500000000123", "2017-07-14T02:40:00.123Z"),
            (
                "Tue, 30 Sep 2014 17:37:30 +0200",
                "2014-09-30T15:37:30.000Z",
            ),
            ("Tue Sep 30 17:37:30 2014 UTC", "2014-09-30T17:37:30.000Z"),
            (
                "2024-07-04T22:35:00.7466639+00:00Z",
                "2024-07-04T22:35:00.746Z",
            ),
            ("2024-07-04 22:35:00.746663123", "2024-07-04T22:35:00.746Z"),
            ("/Date(1500000000123)/", "2017-07-14T02:40:00.123Z"),
            ("/Date(1500000000123+0200)/", "2017-07-14T02:40:00.123Z"),
        ] {
            assert_eq!(text(written).as_deref(), Some(wanted), "{written}");
        }
    }

    #[test]
    fn not_a_time() {
        for written in [
            "",
            "-",
            "now",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1234567890Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00 PST",
            "2024-01-01",
            "1989-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "0",
            "-1500000000",
            "99999999999999999999999",
            "1.5.5",
        ] {
            assert_eq!(text(written), None, "{written}");
        }
    }

    #[test]
    fn the_unit_of_a_number_shows_in_its_magnitude() {
        let moment = Some(Timestamp(1_500_000_000_123));
        for number in [
            1_500_000_000_123,
            1_500_000_000_123_456,
            1_500_000_000_123_456_789,
            131_444_736_001_234_567,
        ] {
            assert_eq!(
                read(Scalar::Integer(number), Unit::Auto, None),
                moment,
                "{number}"
            );
        }
        assert_eq!(
            read(Scalar::Integer(1_500_000_000), Unit::Auto, None),
            Some(Timestamp(1_500_000_000_000))
        );
        assert_eq!(
            read(Scalar::Float(1_500_000_000.123), Unit::Auto, None),
            moment
        );
        assert_eq!(read(Scalar::Float(f64::NAN), Unit::Auto, None), None);
        assert_eq!(read(Scalar::Float(1e300), Unit::Auto, None), None);
        assert_eq!(read(Scalar::Unsigned(u64::MAX), Unit::Auto, None), None);
        assert_eq!(
            read(Scalar::Integer(1_500_000_000), Unit::Millis, None),
            None
        );
        assert_eq!(read(Scalar::Integer(i64::MIN), Unit::FileTime, None), None);
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(millis in EARLIEST_S * 1_000..LATEST_S * 1_000, minutes in -23 * 60..23 * 60) {
            let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
            let moment = jiff::Timestamp::from_millisecond(millis).unwrap();
            let written = moment.display_with_offset(offset).to_string();
            prop_assert_eq!(rfc3339(written.as_bytes()), Some(millis), "{}", written);
        }

        #[test]
        fn never_panics(text in "[0-9TZ:. +/,()-]{0,40}|([0-9:]{1,9}[ ,/.-]?(Jan|march|UTC|PM|Tue,|Date)?[ ,/-]?){0,6}|\\PC{0,40}", number in any::<i64>(), float in any::<f64>()) {
            for unit in [Unit::Auto, Unit::Seconds, Unit::Millis, Unit::Micros, Unit::Nanos, Unit::FileTime] {
                for value in [Scalar::Text(&text), Scalar::Integer(number), Scalar::Float(float)] {
                    if let Some(moment) = read(value, unit, Some(Timestamp(float as i64))) {
                        prop_assert!(in_range(moment.0).is_some());
                    }
                }
            }
        }
    }
}
