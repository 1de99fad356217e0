//! Milliseconds since 1970 as calendar text (UTC), written digit by digit because every line carries a time.
//!
//! No time zones and no clock: the generator is told its time. Days to dates as in Howard Hinnant's "chrono-compatible
//! low-level date algorithms" (days_from_civil / civil_from_days).

pub(super) const DAY_MS: i64 = 86_400_000;
pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const MINUTE_MS: i64 = 60_000;

/// Hour of the day, 0 to 23.
pub(super) fn hour(ms: i64) -> usize {
    (ms.rem_euclid(DAY_MS) / HOUR_MS) as usize
}

/// 0 is Monday.
pub(super) fn weekday(ms: i64) -> i64 {
    (ms.div_euclid(DAY_MS) + 3).rem_euclid(7)
}

/// `2026-01-05T08:30:00.250`, to which the formats add their zone.
pub(super) fn push_time(out: &mut String, ms: i64) {
    let (year, month, day) = date(ms.div_euclid(DAY_MS));
    let of_day = ms.rem_euclid(DAY_MS) as u64;
    push_padded(out, year, 4);
    for (mark, value) in [
        ('-', month),
        ('-', day),
        ('T', of_day / 3_600_000),
        (':', of_day / 60_000 % 60),
    ] {
        out.push(mark);
        push_padded(out, value, 2);
    }
    out.push(':');
    push_padded(out, of_day / 1000 % 60, 2);
    out.push('.');
    push_padded(out, of_day % 1000, 3);
}

fn date(days: i64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u64, month as u64, day as u64)
}

/// At least `width` digits, up to 20.
pub(super) fn push_padded(out: &mut String, value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let (mut at, mut rest) = (digits.len(), value);
    while rest > 0 || digits.len() - at < width.max(1) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend(digits[at..].iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ms: i64) -> String {
        let mut out = String::new();
        push_time(&mut out, ms);
        out
    }

    #[test]
    fn writes_known_dates() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000");
        assert_eq!(text(1_767_571_200_250), "2026-01-05T00:00:00.250");
        assert_eq!(text(1_709_251_199_999), "2024-02-29T23:59:59.999");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999");
    }

    #[test]
    fn knows_hours_and_weekdays() {
        assert_eq!(weekday(1_767_571_200_000), 0);
        assert_eq!(weekday(0), 3);
        assert_eq!(hour(1_767_571_200_000 + 5 * HOUR_MS + 1), 5);
    }

    #[test]
    fn pads_and_never_loses_digits() {
        let mut out = String::new();
        push_padded(&mut out, 7, 3);
        push_padded(&mut out, 1234, 2);
        push_padded(&mut out, 0, 0);
        push_padded(&mut out, u64::MAX, 0);
        assert_eq!(out, "0071234018446744073709551615");
    }
}
