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
