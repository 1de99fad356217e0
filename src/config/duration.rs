//! Lengths of time as people write them: `250ms`, `5s`, `10m`, `1h`, `30d`.
//!
//! One whole number and one unit; a day has 24 hours. For serde: `deserialize_with`.

use std::time::Duration;

use caseloom_engine::time::Span;
use serde::de::{Deserialize, Deserializer, Error, Unexpected};

/// Units and their milliseconds. `ms` stands before `m` and `s`, because the first that fits is taken.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Says what a duration looks like.
const EXPECTED: &str = "a duration such as 250ms, 5s, 10m, 1h or 30d";

/// The duration that `text` says.
///
/// # Errors
/// What was expected, when it says none or one above 292 million years.
pub fn parse(text: &str) -> Result<Duration, String> {
    let unit_and_digits = UNITS
        .iter()
        .find_map(|(unit, unit_ms)| Some((unit_ms, text.trim().strip_suffix(unit)?)));
    let ms = unit_and_digits.and_then(|(unit_ms, digits)| {
        let count: u64 = digits.trim_end().parse().ok()?;
        count
            .checked_mul(*unit_ms)
            .filter(|ms| i64::try_from(*ms).is_ok())
    });
    ms.map(Duration::from_millis)
        .ok_or_else(|| format!("expected {EXPECTED}, found {text:?}"))
}

/// The same length as the engine writes it.
pub(super) fn span(duration: Duration) -> Span {
    Span(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// Reads a duration from a configuration.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(|_| Error::invalid_value(Unexpected::Str(&text), &EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse("1 h"), Ok(Duration::from_secs(3_600)));
        assert_eq!(parse("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn refuses_what_is_not_one() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5h",
            "1h30m",
            "5 years",
            "99999999999999999d",
        ] {
            let refused = parse(text).unwrap_err();
            assert!(
                refused.starts_with("expected a duration such as"),
                "{text}: {refused}"
            );
        }
    }
}
