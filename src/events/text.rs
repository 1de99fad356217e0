//! Text from outside, made harmless for people. A title is whatever an attacker could get a sensor to write: terminal
//! escapes, characters that turn the reading direction, invisible ones.
//!
//! Two defences. What is only read (titles, names) is rewritten by [`one_line`]. What is compared (entity values,
//! ids) is kept as it is, but `json` writes every hostile character of every string as `\uXXXX`, so that the
//! bytes of an event are harmless in a terminal and still mean the same.
//!
//! Joiners (U+200C, U+200D) and variation selectors stay: scripts and emoji need them.

use std::borrow::Cow;

/// Ends a text that was cut.
const ELLIPSIS: char = '…';

/// Whether `c` can act on a screen instead of being seen: controls, bidirectional and invisible format characters,
/// tags, line separators.
pub(super) fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// `text` as one harmless line of at most `bytes_max` bytes: breaks and tabs become blanks, ASCII controls their
/// pictures (`␛`), other hostile characters U+FFFD; what is longer ends in `…`. Borrowed where nothing changes.
#[must_use]
pub fn one_line(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max && !has_hostile(text) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len().min(bytes_max) + 4);
    for c in text.chars() {
        line.push(harmless(c));
        if line.len() > bytes_max {
            end_with_ellipsis(&mut line, bytes_max);
            break;
        }
    }
    Cow::Owned(line)
}

/// `text` itself, or its beginning and `…`, in at most `bytes_max` bytes.
pub(super) fn exact(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let mut start = text[..floor(text, bytes_max)].to_owned();
    end_with_ellipsis(&mut start, bytes_max);
    Cow::Owned(start)
}

/// Whether any character is hostile. All but DEL and the ASCII controls lie outside ASCII, so most text is
/// decided byte by byte.
pub(super) fn has_hostile(text: &str) -> bool {
    if text.is_ascii() {
        text.bytes().any(|byte| byte < b' ' || byte == 0x7f)
    } else {
        text.chars().any(is_hostile)
    }
}

fn harmless(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        '\0'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        _ if is_hostile(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

fn end_with_ellipsis(line: &mut String, bytes_max: usize) {
    let room = bytes_max.saturating_sub(ELLIPSIS.len_utf8());
    line.truncate(floor(line, room));
    line.push(ELLIPSIS);
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "ET SCAN 445", "Fenêtre — 窓 👩‍💻"] {
            assert!(matches!(one_line(text, 64), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn hostile_text_becomes_visible() {
        assert_eq!(one_line("a\x1b[31mred\x07\x7f", 64), "a␛[31mred␇␡");
        assert_eq!(
            one_line("two\r\nlines\tand\u{2028}more", 64),
            "two  lines and more"
        );
        assert_eq!(
            one_line("invoice\u{202e}fdp.exe\u{200b}\u{9b}", 64),
            "invoice\u{fffd}fdp.exe\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(one_line("abcdefgh", 8), "abcdefgh");
        assert_eq!(one_line("abcdefghi", 8), "abcde…");
        assert_eq!(one_line("窓窓窓窓", 8), "窓…");
        assert_eq!(exact("窓窓窓窓", 8), "窓…");
        assert_eq!(exact("a\x1bcdefghi", 8), "a\x1bcde…");
    }

    #[test]
    fn rewriting_never_exceeds_the_bound() {
        for bytes_max in 3..40 {
            assert!(one_line(&"\x01".repeat(50), bytes_max).len() <= bytes_max);
            assert!(exact(&"é".repeat(50), bytes_max).len() <= bytes_max);
        }
    }
}
