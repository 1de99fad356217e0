//! Classes of the bytes in a text, by which most values are told to be canonical already.

/// Which classes of bytes occur in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Classes(u8);

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const DOT: u8 = 8;
/// `-` and `_`.
const DASH: u8 = 16;
/// Any other printable byte of ASCII, and the blank.
const OTHER: u8 = 32;
const CONTROL: u8 = 64;
/// Beyond ASCII.
const WIDE: u8 = 128;

const TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b'-' | b'_' => DASH,
            0..=0x1F | 0x7F => CONTROL,
            0x80.. => WIDE,
            _ => OTHER,
        };
        byte += 1;
    }
    table
}

impl Classes {
    #[inline]
    pub(super) fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .fold(0, |classes, byte| classes | TABLE[usize::from(byte)]),
        )
    }

    /// Digits and dots, and nothing else.
    pub(super) fn is_numeric(self) -> bool {
        self.0 & !(DIGIT | DOT) == 0
    }

    /// Lower-case letters, and nothing but digits, dots and dashes beside them.
    pub(super) fn is_plain_name(self) -> bool {
        self.0 & !(LOWER | DIGIT | DOT | DASH) == 0 && self.0 & LOWER != 0
    }

    /// Nothing that lower case would change, nor could.
    pub(super) fn is_lower(self) -> bool {
        self.0 & (UPPER | WIDE) == 0
    }

    pub(super) fn is_ascii(self) -> bool {
        self.0 & WIDE == 0
    }

    /// Controls of ASCII for certain, those of `U+0080..U+009F` perhaps.
    pub(super) fn may_have_controls(self) -> bool {
        self.0 & (CONTROL | WIDE) != 0
    }
}

/// Whether `text` may have control characters, of ASCII or of `U+0080..U+009F`: seldom wrong, never silent.
pub(crate) fn may_have_controls(text: &str) -> bool {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let is_suspect = words
        .iter()
        .fold(0, |found, word| found | suspects(u64::from_le_bytes(*word)));
    is_suspect != 0
        || rest
            .iter()
            .any(|byte| TABLE[usize::from(*byte)] & (CONTROL | WIDE) != 0)
}

/// The high bit of each byte of `word` that is a control or beyond ASCII, and perhaps of some above one.
fn suspects(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // Below 0x20 a byte borrows; 0x7F plus one is 0x80; beyond ASCII the high bit is there already.
    (word.wrapping_sub(LOW * 0x20) | word.wrapping_add(LOW) | word) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_is_missed_wherever_it_stands() {
        for at in 0..20 {
            for control in ["\0", "\u{1f}", "\u{7f}", "\u{80}", "\u{9f}"] {
                let text = format!("{}{control}{}", "a".repeat(at), "b".repeat(20 - at));
                assert!(may_have_controls(&text), "{text:?}");
                assert!(Classes::of(&text).may_have_controls(), "{text:?}");
            }
        }
        let printable: String = (b' '..=b'~').map(char::from).collect();
        assert!(!may_have_controls(&printable));
    }
}
