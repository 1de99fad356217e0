//! Sizes as people write them, `64 KiB`, and counts that can't be 0.
//!
//! Powers of 1,024 only: `KB` and `MB` mean two things, so they are refused. A bare number is bytes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Units and their bytes. `B` stands last, because the first that fits is taken.
const UNITS: [(&str, usize); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("B", 1),
];

const EXPECTED: &str = "a size above 0 such as 512 B, 64 KiB, 1 MiB or 2 GiB";

/// The number of bytes that `text` says; `None` when it says none, 0, or more than memory can hold.
fn parse(text: &str) -> Option<usize> {
    let text = text.trim();
    let (unit, digits) = UNITS
        .iter()
        .find_map(|(word, unit)| Some((*unit, text.strip_suffix(word)?)))
        .unwrap_or((1, text));
    let count: usize = digits.trim_end().parse().ok()?;
    count.checked_mul(unit).filter(|bytes| *bytes > 0)
}

/// Reads a size in bytes from a configuration.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    deserializer.deserialize_any(SizeVisitor)
}

/// Reads a count of at least 1 from a configuration.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(Error::invalid_value(
            Unexpected::Unsigned(0),
            &"a whole number, 1 or more",
        )),
        count => Ok(count),
    }
}

/// Reads a count from 1 to `MAX` from a configuration.
pub(super) fn count_to<'de, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<usize, D::Error> {
    let count = usize::deserialize(deserializer)?;
    match (1..=MAX).contains(&count) {
        true => Ok(count),
        false => Err(Error::custom(format!(
            "expected a whole number from 1 to {MAX}, found {count}"
        ))),
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<usize, E> {
        let positive = usize::try_from(bytes).ok().filter(|bytes| *bytes > 0);
        positive.ok_or_else(|| E::invalid_value(Unexpected::Signed(bytes), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        assert_eq!(parse("512 B"), Some(512));
        assert_eq!(parse("64 KiB"), Some(65_536));
        assert_eq!(parse("1MiB"), Some(1_048_576));
        assert_eq!(parse("2 GiB"), Some(2_147_483_648));
        assert_eq!(parse("1000"), Some(1_000));
    }

    #[test]
    fn refuses_what_is_not_one() {
        for text in [
            "",
            "0",
            "0 KiB",
            "KiB",
            "1 KB",
            "1 MB",
            "-1",
            "1.5 MiB",
            "99999999999 GiB",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
