//! Text that somebody else wrote, made harmless for a terminal: what can't be seen, and what turns the reading direction
//! or moves the cursor, is written as its code point, `invoice[U+202E]fdp.exe`.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with everything unseen as its code point.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unseen(c) {
            write!(shown, "[U+{:04X}]", u32::from(c)).expect("writing to memory can't fail");
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Controls, direction marks, invisible and tag characters, separators. Joiners and variation selectors are not: scripts
/// and emoji need them.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_reach_no_terminal() {
        assert_eq!(plain("caf\u{e9} 会议"), "caf\u{e9} 会议");
        assert_eq!(
            plain("a\u{1b}[31m\nb\u{202e}"),
            "a[U+001B][31m[U+000A]b[U+202E]"
        );
    }
}
