//! Pairs: `key=value` and `key:"value"` out of a line of text, or `Key: value, Other key: value`.
//!
//! A value in quotes ends at the next quote that no backslash stands before; another one ends where the next key
//! begins. A blank, a comma, a semicolon or a bar parts pairs.

use memchr::memchr2_iter;
use smallvec::SmallVec;

/// Pairs looked at in one line.
const PAIRS_MAX: usize = 256;
/// Fewer are prose with an equals sign in it.
const PAIRS_MIN: usize = 3;

type Pairs<'a> = SmallVec<[(&'a str, &'a str); 32]>;

/// What stands before the first pair, and the pairs; none when there are too few.
pub(super) fn pairs(text: &str) -> (&str, Pairs<'_>) {
    let mut pairs = Pairs::new();
    let mut prose_end = None;
    // Where the key of the pair that is still open begins, and its value.
    let mut open: Option<(&str, usize)> = None;
    let mut quoted_end = 0;
    for mark in memchr2_iter(b'=', b':', text.as_bytes()) {
        if mark < quoted_end || pairs.len() >= PAIRS_MAX {
            continue;
        }
        let Some(key_start) = key_start(text, mark, quoted_end) else {
            continue;
        };
        let value_start = mark + 1;
        let quote = quote(text, value_start);
        // `http://` and clocks have colons too.
        if text.as_bytes()[mark] == b':' && quote.is_none() {
            continue;
        }
        if let Some((key, start)) = open.take() {
            pairs.push((key, bare(&text[start..key_start])));
        }
        prose_end.get_or_insert(key_start);
        let key = &text[key_start..mark];
        match quote {
            Some(end) => {
                pairs.push((key, &text[value_start + 1..end]));
                quoted_end = end + 1;
            }
            None => open = Some((key, value_start)),
        }
    }
    if let Some((key, start)) = open {
        pairs.push((key, bare(&text[start..])));
    }
    if pairs.len() < PAIRS_MIN {
        return colons(text);
    }
    (bare(&text[..prose_end.unwrap_or_default()]), pairs)
}

/// `SrcIP: 192.0.2.1, DstPort: 80, Message: "a, b"`, parted by commas or by semicolons.
fn colons(text: &str) -> (&str, Pairs<'_>) {
    /// Fewer are prose with lists in it.
    const COLONS_MIN: usize = 4;
    let separator = match memchr::memchr_iter(b';', text.as_bytes()).count() >= COLONS_MIN - 1 {
        true => b';',
        false => b',',
    };
    let mut pairs = Pairs::new();
    let mut prose = text;
    let (mut start, mut is_quoted) = (0, false);
    let ends = memchr2_iter(b'"', separator, text.as_bytes()).chain([text.len()]);
    for end in ends {
        if text.as_bytes().get(end) == Some(&b'"') {
            is_quoted = !is_quoted;
            continue;
        }
        if (is_quoted && end < text.len()) || pairs.len() >= PAIRS_MAX {
            continue;
        }
        let piece = &text[start..end];
        // Before the first there may be more, with colons of its own.
        let (piece, before) = match pairs.is_empty() {
            true => last_pair(piece),
            false => (piece, ""),
        };
        start = (end + 1).min(text.len());
        let Some((key, value)) = piece.split_once(": ") else {
            continue;
        };
        let key = key.trim_ascii();
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-');
        if (1..=32).contains(&key.len()) && key.bytes().all(is_key) {
            if pairs.is_empty() {
                prose = before;
            }
            pairs.push((key, value.trim_ascii().trim_matches('"')));
        }
    }
    match pairs.len() < COLONS_MIN {
        true => (text, Pairs::new()),
        false => (bare(prose), pairs),
    }
}

/// The last `key: value` in a text, the key being a word, and what stands before it.
fn last_pair(text: &str) -> (&str, &str) {
    let Some(colon) = text.rfind(": ") else {
        return (text, "");
    };
    let key = text[..colon].rfind(' ').map_or(0, |blank| blank + 1);
    (&text[key..], &text[..key])
}

/// Where the key that ends at `mark` begins: behind the start, a separator, or a closing quote.
fn key_start(text: &str, mark: usize, after: usize) -> Option<usize> {
    let is_key =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@');
    let bytes = &text.as_bytes()[after..mark];
    let length = bytes.iter().rev().take_while(|byte| is_key(**byte)).count();
    let start = mark - length;
    let before = bytes.get(..bytes.len() - length)?.last();
    let is_parted =
        before.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'|' | b'(' | b'['));
    (length > 0 && is_parted).then_some(start)
}

/// Where the quoted value that begins at `start` ends.
fn quote(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes
        .get(start)
        .filter(|byte| matches!(byte, b'"' | b'\''))?;
    let mut is_escaped = false;
    let length = bytes[start + 1..].iter().position(|byte| {
        let is_end = *byte == quote && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some(start + 1 + length)
}

fn bare(value: &str) -> &str {
    value.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '|'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let (prose, pairs) = pairs(text);
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        format!("{prose} | {}", pairs.join(" | "))
    }

    #[test]
    fn lines() {
        for (text, wanted) in [
            (
                r#"date=2026-03-01 msg="a b=c \" d" src=10.0.0.1"#,
                r#" | date=2026-03-01 | msg=a b=c \" d | src=10.0.0.1"#,
            ),
            (
                "Alert: x a=1, b=two words, c=3;",
                "Alert: x | a=1 | b=two words | c=3",
            ),
            (
                r#"src:"10.0.0.1"; url:"http://a/"; n:"1""#,
                " | src=10.0.0.1 | url=http://a/ | n=1",
            ),
            ("a=1 b=http://x/?q=2 c=", " | a=1 | b=http://x/?q=2 | c="),
            ("one = two, 1+1=2", "one = two, 1+1=2 | "),
            ("a=\"open b=1 c=2", " | a=\"open | b=1 | c=2"),
            (
                "%FTD-1-430001: Priority: High, SrcIP: 10.0.0.1, Message: \"a, b\", SID: 3",
                "%FTD-1-430001: | Priority=High | SrcIP=10.0.0.1 | Message=a, b | SID=3",
            ),
            (
                "Type: a;Device Name: b;Users: c, d;URL: http://x/;",
                " | Type=a | Device Name=b | Users=c, d | URL=http://x/",
            ),
            (
                "Note: one, two, three: four, five",
                "Note: one, two, three: four, five | ",
            ),
        ] {
            assert_eq!(written(text), wanted, "{text}");
        }
    }
}
