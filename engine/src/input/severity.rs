//! Severity words and numbers -> the common scale of 0 to 100.
//!
//! Bands: 1-19 informational, 20-39 low, 40-59 medium, 60-79 high, 80-100 critical. A word takes the middle of
//! its band: 10, 30, 50, 70, 90. Scales of single products are in their formats.

use crate::alert::Severity;

use super::json::Scalar;

/// The severity that `value` tells on the scale of 0 to 100 or by a word; `None` when it tells none.
pub(crate) fn read(value: Scalar<'_>) -> Option<Severity> {
    match value {
        Scalar::Integer(number) => u32::try_from(number).ok().map(Severity::of),
        Scalar::Unsigned(_) => Some(Severity::of(100)),
        // Saturates; negative is none.
        Scalar::Float(number) if number >= 0.0 => Some(Severity::of(number.round() as u32)),
        Scalar::Text(text) => {
            word(text).or_else(|| text.trim_ascii().parse().ok().map(Severity::of))
        }
        Scalar::Float(_) | Scalar::Null | Scalar::Bool(_) => None,
    }
}

/// The severity that a word of any letter case tells; `None` also for `unknown` and `none`, which tell nothing.
pub(crate) fn word(text: &str) -> Option<Severity> {
    let mut buffer = [0_u8; 13];
    let text = text.trim_ascii().as_bytes();
    let lower = buffer.get_mut(..text.len())?;
    lower.copy_from_slice(text);
    lower.make_ascii_lowercase();
    let score = match &*lower {
        b"informational" | b"information" | b"info" | b"notice" | b"debug" | b"verbose" => 10,
        b"low" | b"minor" => 30,
        b"medium" | b"med" | b"moderate" | b"warning" | b"warn" => 50,
        b"high" | b"major" | b"error" | b"err" | b"important" => 70,
        b"critical" | b"crit" | b"severe" | b"very-high" | b"very high" | b"very_high"
        | b"fatal" => 90,
        b"alert" | b"emergency" | b"emerg" | b"emer" => 95,
        _ => return None,
    };
    Some(Severity::of(score))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_take_the_middle_of_their_band() {
        let score = |text| read(Scalar::Text(text)).map(|severity| severity.score);
        assert_eq!(score("Informational"), Some(10));
        assert_eq!(score(" LOW "), Some(30));
        assert_eq!(score("moderate"), Some(50));
        assert_eq!(score("High"), Some(70));
        assert_eq!(score("Very-High"), Some(90));
        assert_eq!(score("73"), Some(73));
        for nothing in [
            "unknown",
            "none",
            "",
            "-5",
            "a word that is far too long",
            "hi",
        ] {
            assert_eq!(score(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn numbers_are_used_as_they_are_and_end_at_100() {
        let score = |value| read(value).map(|severity| severity.score);
        assert_eq!(score(Scalar::Integer(47)), Some(47));
        assert_eq!(score(Scalar::Integer(400)), Some(100));
        assert_eq!(score(Scalar::Integer(i64::MAX)), None);
        assert_eq!(score(Scalar::Float(72.6)), Some(73));
        assert_eq!(score(Scalar::Float(f64::INFINITY)), Some(100));
        assert_eq!(score(Scalar::Integer(-1)), None);
        assert_eq!(score(Scalar::Float(f64::NAN)), None);
        assert_eq!(score(Scalar::Bool(true)), None);
    }
}
