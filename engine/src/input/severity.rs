//! Severity words and numbers -> the common scale of 0 to 100.
//!
//! Bands: 1-19 informational, 20-39 low, 40-59 medium, 60-79 high, 80-100 critical. A word takes the middle of
//! its band: 10, 30, 50, 70, 90. A product's number is mapped piecewise into the band that the product itself calls
//! it: its 6.5 may be a Medium. Where a product gives both, its word comes first.

use crate::alert::Severity;

use super::json::Scalar;

/// The severity that `value` tells on the scale of 0 to 100 or by a word; `None` when it tells none.
pub(crate) fn read(value: Scalar<'_>) -> Option<Severity> {
    match value {
        Scalar::Integer(number) => u32::try_from(number).ok().map(Severity::of),
        Scalar::Unsigned(_) => Some(Severity::of(100)),
        // Saturates; negative is none.
        Scalar::Float(number) if number >= 0.0 => Some(Severity::of(number.round() as u32)),
        Scalar::Text(text) => word(text).or_else(|| read(Scalar::Float(number(value)?))),
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

/// A piece of a product's scale: its numbers from and to, and the scores that these become.
struct Piece(f64, f64, u8, u8);

/// The score of `number` on a scale of ascending pieces. A number between two pieces is the end of the lower, one beyond
/// the last its end; one before the first tells nothing.
fn on_scale(number: f64, pieces: &[Piece]) -> Option<Severity> {
    let Piece(from, to, low, high) = pieces.iter().rev().find(|piece| number >= piece.0)?;
    let share = if to > from {
        ((number - from) / (to - from)).min(1.0)
    } else {
        1.0
    };
    let score = f64::from(*low) + share * f64::from(high - low);
    // Between 0 and 100, by the pieces.
    Some(Severity::of(score.round() as u32))
}

/// The number that `value` is, or writes out.
pub(crate) fn number(value: Scalar<'_>) -> Option<f64> {
    let number = match value {
        Scalar::Integer(number) => number as f64,
        Scalar::Unsigned(number) => number as f64,
        Scalar::Float(number) => number,
        Scalar::Text(text) => text.trim_ascii().parse().ok()?,
        Scalar::Null | Scalar::Bool(_) => return None,
    };
    number.is_finite().then_some(number)
}

/// Amazon GuardDuty: Low from 1 (once 0.1), Medium from 4, High from 7, Critical from 9 to 10.
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html>
pub(crate) fn guardduty(value: Scalar<'_>) -> Option<Severity> {
    const SCALE: [Piece; 5] = [
        Piece(0.1, 1.0, 20, 20),
        Piece(1.0, 3.9, 20, 39),
        Piece(4.0, 6.9, 40, 59),
        Piece(7.0, 8.9, 60, 79),
        Piece(9.0, 10.0, 80, 100),
    ];
    on_scale(number(value)?, &SCALE)
}

/// AWS Security Hub's `Severity.Normalized`: 0 informational, Low from 1, Medium from 40, High from 70, Critical from 90.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Severity>
pub(crate) fn asff_normalized(value: Scalar<'_>) -> Option<Severity> {
    const SCALE: [Piece; 5] = [
        Piece(0.0, 0.0, 10, 10),
        Piece(1.0, 39.0, 20, 39),
        Piece(40.0, 69.0, 40, 59),
        Piece(70.0, 89.0, 60, 79),
        Piece(90.0, 100.0, 80, 100),
    ];
    on_scale(number(value)?, &SCALE)
}

/// OCSF's `severity_id`: 1 informational to 5 critical and 6 fatal; 0 and 99 tell nothing.
/// <https://schema.ocsf.io/1.8.0/classes/detection_finding>
pub(crate) fn ocsf(value: Scalar<'_>) -> Option<Severity> {
    let score = match number(value)? as u32 {
        1 => 10,
        2 => 30,
        3 => 50,
        4 => 70,
        5 => 90,
        6 => 100,
        _ => return None,
    };
    Some(Severity::of(score))
}

/// The level of a Wazuh 4 rule, in the bands to which Wazuh 5 moves it: informational to 3, Low to 6, Medium to 9, High
/// to 13, Critical to 16.
/// <https://documentation.wazuh.com/current/user-manual/ruleset/rules/rules-classification.html>
pub(crate) fn wazuh(value: Scalar<'_>) -> Option<Severity> {
    const SCALE: [Piece; 5] = [
        Piece(0.0, 3.0, 1, 19),
        Piece(4.0, 6.0, 20, 39),
        Piece(7.0, 9.0, 40, 59),
        Piece(10.0, 13.0, 60, 79),
        Piece(14.0, 16.0, 80, 100),
    ];
    on_scale(number(value)?, &SCALE)
}

/// CEF and LEEF: 0 to 3 Low, to 6 Medium, to 8 High, 9 and 10 Very-High, or these words.
/// <https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/>, "Implementing ArcSight CEF"
pub(crate) fn cef(value: Scalar<'_>) -> Option<Severity> {
    const SCALE: [Piece; 4] = [
        Piece(0.0, 3.0, 20, 39),
        Piece(4.0, 6.0, 40, 59),
        Piece(7.0, 8.0, 60, 79),
        Piece(9.0, 10.0, 80, 100),
    ];
    match value {
        Scalar::Text(text) => word(text).or_else(|| on_scale(number(value)?, &SCALE)),
        value => on_scale(number(value)?, &SCALE),
    }
}

/// Falco's priority, a word of syslog.
/// <https://falco.org/docs/concepts/rules/basic-elements/#priority>
pub(crate) fn syslog_word(text: &str) -> Option<Severity> {
    let is = |word: &str| text.trim_ascii().eq_ignore_ascii_case(word);
    let score = [
        ("emergency", 95),
        ("alert", 92),
        ("critical", 90),
        ("error", 70),
        ("warning", 50),
        ("notice", 30),
        ("informational", 10),
        ("info", 10),
        ("debug", 5),
    ]
    .into_iter()
    .find_map(|(word, score)| is(word).then_some(score))?;
    Some(Severity::of(score))
}

/// CrowdStrike's number where no word stands beside it: 1 to 5 of a detection summary or an identity alert, else 0 to 100.
/// <https://www.falconpy.io/Service-Collections/Detects.html>
pub(crate) fn crowdstrike(value: Scalar<'_>) -> Option<Severity> {
    let number = number(value)?;
    let score = if (1.0..=5.0).contains(&number) {
        number * 20.0 - 10.0
    } else {
        number
    };
    // Saturates; a negative number is nothing.
    (score > 0.0).then(|| Severity::of(score.round() as u32))
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

    #[test]
    fn numbers_fall_into_the_band_that_the_product_names() {
        let check = |scale: fn(Scalar<'_>) -> Option<Severity>, rows: &[(f64, u8)]| {
            for (number, wanted) in rows {
                let score = scale(Scalar::Float(*number)).map(|severity| severity.score);
                assert_eq!(score, Some(*wanted), "{number}");
            }
        };
        check(
            guardduty,
            &[
                (0.5, 20),
                (1.0, 20),
                (3.9, 39),
                (3.95, 39),
                (4.0, 40),
                (6.5, 56),
                (8.0, 70),
                (9.0, 80),
                (10.0, 100),
                (11.0, 100),
            ],
        );
        check(
            asff_normalized,
            &[(0.0, 10), (1.0, 20), (40.0, 40), (70.0, 60), (100.0, 100)],
        );
        check(ocsf, &[(1.0, 10), (5.0, 90), (6.0, 100)]);
        check(
            wazuh,
            &[
                (0.0, 1),
                (3.0, 19),
                (7.0, 40),
                (12.0, 73),
                (15.0, 90),
                (16.0, 100),
            ],
        );
        check(
            cef,
            &[(0.0, 20), (3.0, 39), (8.0, 79), (10.0, 100), (25.0, 100)],
        );
        check(
            crowdstrike,
            &[(1.0, 10), (4.0, 70), (30.0, 30), (500.0, 100)],
        );
        assert_eq!(
            guardduty(Scalar::Text("8")).map(|severity| severity.score),
            Some(70)
        );
        for nothing in [
            Scalar::Null,
            Scalar::Float(-1.0),
            Scalar::Float(f64::NAN),
            Scalar::Text("None"),
        ] {
            assert_eq!(cef(nothing), None);
            assert_eq!(guardduty(nothing), None);
            assert_eq!(crowdstrike(nothing), None);
        }
        assert_eq!(
            cef(Scalar::Text("Very-High")).map(|severity| severity.score),
            Some(90)
        );
        assert_eq!(
            syslog_word("Notice").map(|severity| severity.score),
            Some(30)
        );
    }
}
