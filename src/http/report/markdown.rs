//! Blocks as Markdown (CommonMark with the tables of GitHub). Every character that means something there is escaped, in
//! every text; what can't be seen is named.

use std::fmt::Write;

use super::block::Block;
use crate::plain::plain;

pub(super) fn set(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        one(block, &mut text).expect("writing to memory can't fail");
    }
    text
}

fn one(block: &Block, text: &mut String) -> std::fmt::Result {
    match block {
        Block::Title(title) => writeln!(text, "# {}\n", escaped(title)),
        Block::Heading(title) => writeln!(text, "## {title}\n"),
        Block::Said(said) => writeln!(text, "{}\n", escaped(said)),
        Block::Quote(quote) => {
            for line in quote.lines() {
                // The two blanks keep the break.
                writeln!(text, "> {}  ", escaped(line))?;
            }
            writeln!(text)
        }
        Block::Facts(facts) => {
            for (name, value) in facts {
                writeln!(text, "- **{}**: {}", escaped(name), escaped(value))?;
            }
            writeln!(text)
        }
        Block::Table(head, rows) => table(head, rows, text),
    }
}

fn table(head: &[&str], rows: &[Vec<String>], text: &mut String) -> std::fmt::Result {
    writeln!(text, "| {} |", head.join(" | "))?;
    writeln!(text, "|{}", "---|".repeat(head.len()))?;
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| escaped(cell)).collect();
        writeln!(text, "| {} |", cells.join(" | "))?;
    }
    writeln!(text)
}

/// With a backslash before what means something: no markup, no link, no end of a cell. Marks of HTML are written as
/// HTML does, so that they are harmless also where nobody knows Markdown.
fn escaped(text: &str) -> String {
    let plain = plain(text);
    let mut escaped = String::with_capacity(plain.len() + 16);
    for (place, c) in plain.char_indices() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            c => {
                if acts(c, &plain[..place], &plain[place + c.len_utf8()..]) {
                    escaped.push('\\');
                }
                escaped.push(c);
            }
        }
    }
    escaped
}

/// Whether a character can begin or end something where it stands.
fn acts(c: char, before: &str, after: &str) -> bool {
    match c {
        ',' | ';' | '/' | '\'' | '"' | '%' | '?' | '(' => false,
        // Addresses become links where nobody asked for it.
        ':' => after.starts_with('/'),
        '.' => before.ends_with("www") || is_number(before),
        ')' => is_number(before),
        // Lists and underlines.
        '-' | '+' | '=' => before.trim().is_empty(),
        c => c.is_ascii_punctuation(),
    }
}

/// A number at the beginning of a line, with a dot or bracket behind it, begins a list.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        for (text, shown) in [
            (
                "<img src=x onerror=alert(1)>",
                "&lt;img src=x onerror=alert(1)&gt;",
            ),
            (
                "[here](http://evil.example)",
                r"\[here\](http\://evil.example)",
            ),
            ("a | b", r"a \| b"),
            ("www.evil.example", r"www\.evil.example"),
            ("1. list", r"1\. list"),
            ("1) list", r"1\) list"),
            ("- list", r"\- list"),
            ("===", r"\==="),
            ("web-01 192.0.2.1 08:00:00", "web-01 192.0.2.1 08:00:00"),
            ("a\nb\u{202e}", r"a\[U+000A\]b\[U+202E\]"),
            (r"corp\bo", r"corp\\bo"),
            (
                "`code` *bold* _it_ ~no~ &amp;",
                r"\`code\` \*bold\* \_it\_ \~no\~ &amp;amp;",
            ),
        ] {
            assert_eq!(escaped(text), shown);
        }
        let quote = set(&[Block::Quote("# one\n\n| two".to_owned())]);
        assert_eq!(quote, "> \\# one  \n>   \n> \\| two  \n\n");
    }
}
