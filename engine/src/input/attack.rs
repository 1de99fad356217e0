//! ATT&CK ids: techniques `T1059`, sub-techniques `T1059.001`, tactics `TA0002`.

use compact_str::CompactString;

/// The id in upper case, if `raw` is one; `attack.t1059.001` of Sigma's tags counts.
pub(crate) fn id(raw: &str) -> Option<CompactString> {
    let raw = raw.trim_ascii();
    let raw = match raw.get(..7) {
        Some(prefix) if prefix.eq_ignore_ascii_case("attack.") => &raw[7..],
        _ => raw,
    };
    is_id(raw.as_bytes()).then(|| {
        let mut id = CompactString::new(raw);
        id.make_ascii_uppercase();
        id
    })
}

fn is_id(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    match text {
        [b'T' | b't', b'A' | b'a', number @ ..] if number.len() == 4 => digits(number),
        [b'T' | b't', number @ ..] if number.len() == 4 => digits(number),
        [b'T' | b't', number @ ..] if number.len() == 8 => {
            digits(&number[..4]) && number[4] == b'.' && digits(&number[5..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_other_tags() {
        for (raw, wanted) in [
            ("T1059", "T1059"),
            ("t1059.001", "T1059.001"),
            (" ta0002 ", "TA0002"),
            ("attack.t1003.001", "T1003.001"),
            ("Attack.TA0006", "TA0006"),
        ] {
            assert_eq!(id(raw).as_deref(), Some(wanted), "{raw}");
        }
        for raw in [
            "",
            "T",
            "T105",
            "T10590",
            "T1059.01",
            "T1059.0001",
            "T1059/001",
            "TA002",
            "TAA002",
            "attack.",
            "attack.execution",
            "ТА0002",
        ] {
            assert_eq!(id(raw), None, "{raw}");
        }
    }
}
