//! Office hours: how much people do at which hour of the week. Machines know none.

use super::civil;

/// In percent of the busiest hour.
#[rustfmt::skip]
const BY_HOUR: [u32; 24] = [
    5, 4, 4, 4, 4, 6, 12, 35, 70, 95, 100, 95, 70, 85, 100, 95, 85, 60, 30, 18, 12, 10, 8, 6,
];
/// A day of the weekend in percent of a working day.
const WEEKEND: u32 = 15;

pub(super) fn percent(ms: i64) -> u32 {
    let percent = BY_HOUR[civil::hour(ms)];
    if civil::weekday(ms) < 5 {
        percent
    } else {
        percent * WEEKEND / 100
    }
}

/// The mean of [`percent`] over a week, as a share of one.
pub(super) fn mean_share() -> f64 {
    let day: u32 = BY_HOUR.iter().sum();
    let week = f64::from(day * 5) + f64::from(day * 2 * WEEKEND) / 100.0;
    week / (7.0 * 24.0 * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::START_MS;
    use crate::generate::civil::{DAY_MS, HOUR_MS};

    #[test]
    fn nights_and_weekends_are_quiet() {
        assert!(percent(START_MS + 10 * HOUR_MS) > 10 * percent(START_MS + 3 * HOUR_MS));
        assert!(
            percent(START_MS + 10 * HOUR_MS) > 5 * percent(START_MS + 5 * DAY_MS + 10 * HOUR_MS)
        );
        let week: u32 = (0..168)
            .map(|hour| percent(START_MS + hour * HOUR_MS))
            .sum();
        assert!((f64::from(week) / 16_800.0 - mean_share()).abs() < 0.01);
    }
}
