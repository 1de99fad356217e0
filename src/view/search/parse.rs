//! How a search is written.
//!
//! ```text
//! search  := term*                          all of them
//! term    := ["-"] (field ":" values | text)
//! values  := text ("," text)*               one of them
//! text    := word | '"' any '"'             in quotes \" is a quote and \\ a backslash
//! ```
//!
//! `host:web-01 severity:high+ -status:closed "lateral movement"`. A star behind a word of a field stands for any end.
//! What is not understood is refused with its place: a search that passes a part over shows too much, and nobody notices.

use std::iter::Peekable;
use std::str::Chars;

use caseloom_engine::time::Timestamp;

use super::words::{Field, Value, anywhere};
use super::{Term, Test};

/// Most terms and values of a search.
pub const SEARCH_TERMS_MAX: usize = 32;

/// What is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {message}")]
pub struct SearchError {
    /// Number of the character where it begins, from 1.
    pub position: usize,
    /// What is wrong there, and what to write instead.
    pub message: String,
}

pub(super) fn parse(text: &str, now: Timestamp) -> Result<Vec<Term>, SearchError> {
    let mut reader = Reader {
        chars: text.chars().peekable(),
        position: 1,
        now,
    };
    let (mut terms, mut count) = (Vec::new(), 0);
    while reader.skip_blanks() {
        let begin = reader.position;
        let term = reader.term()?;
        count += term.any.len();
        if count > SEARCH_TERMS_MAX {
            let message = format!("a search has at most {SEARCH_TERMS_MAX} terms; leave some out");
            return Err(SearchError {
                position: begin,
                message,
            });
        }
        terms.push(term);
    }
    Ok(terms)
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    /// Number of the next character.
    position: usize,
    now: Timestamp,
}

impl Reader<'_> {
    /// Whether anything is left behind the blanks.
    fn skip_blanks(&mut self) -> bool {
        while self.next_if(char::is_whitespace).is_some() {}
        self.chars.peek().is_some()
    }

    fn term(&mut self) -> Result<Term, SearchError> {
        let begin = self.position;
        let is_negated = self.next_if(|c| c == '-').is_some();
        let any = match self.chars.peek() {
            None => {
                return Err(error(
                    begin,
                    "a minus stands before what must not be there: -status:closed",
                ));
            }
            Some(c) if c.is_whitespace() => {
                return Err(error(
                    begin,
                    "write the minus without a blank behind it: -status:closed",
                ));
            }
            Some('"') => vec![self.text(begin)?],
            Some(_) => self.word_or_field()?,
        };
        Ok(Term { is_negated, any })
    }

    fn text(&mut self, begin: usize) -> Result<Test, SearchError> {
        let text = self.quoted()?;
        if text.trim().is_empty() {
            return Err(error(
                begin,
                "there is nothing between the quotes; leave them out",
            ));
        }
        Ok(anywhere(&text))
    }

    fn word_or_field(&mut self) -> Result<Vec<Test>, SearchError> {
        let begin = self.position;
        let mut word = String::new();
        while let Some(c) = self.next_if(|c| !c.is_whitespace()) {
            if c == ':'
                && !word.is_empty()
                && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
            {
                return self.values(begin, &word);
            }
            self.refuse_quote(c)?;
            word.push(c);
        }
        if matches!(word.as_str(), "AND" | "OR" | "NOT") {
            let message = format!(
                "{word} is no operator here: terms apart from each other must all hold, host:a,b is one of them, \
                -term is without it; in quotes, \"{word}\", it is a word"
            );
            return Err(error(begin, message));
        }
        let text = word.trim_end_matches('*');
        if text.is_empty() {
            return Err(error(begin, "a star alone asks for nothing; leave it out"));
        }
        Ok(vec![anywhere(text)])
    }

    fn values(&mut self, begin: usize, name: &str) -> Result<Vec<Test>, SearchError> {
        let Some(field) = Field::from_word(&name.to_ascii_lowercase()) else {
            let message = format!(
                "{name} is no field; fields are {}; for a text with a colon in it write quotes around it",
                Field::names()
            );
            return Err(error(begin, message));
        };
        let mut any = Vec::new();
        loop {
            let begin = self.position;
            let value = self.value(name)?;
            let test = field.test(&value, self.now);
            any.push(test.map_err(|message| error(begin, message))?);
            if self.next_if(|c| c == ',').is_none() {
                return Ok(any);
            }
        }
    }

    fn value(&mut self, name: &str) -> Result<Value, SearchError> {
        let begin = self.position;
        let is_quoted = self.chars.peek() == Some(&'"');
        let text = match is_quoted {
            true => self.quoted()?,
            false => {
                let mut text = String::new();
                while let Some(c) = self.next_if(|c| !c.is_whitespace() && c != ',') {
                    self.refuse_quote(c)?;
                    text.push(c);
                }
                text
            }
        };
        if text.trim().is_empty() {
            let message = format!(
                "{name}: has no value; write one behind the colon, without a blank: {name}:VALUE"
            );
            return Err(error(begin, message));
        }
        let beginning = text.strip_suffix('*').unwrap_or(&text);
        if beginning.contains('*') && !is_quoted {
            return Err(error(
                begin,
                "a star may stand at the end only; in quotes it is a star",
            ));
        }
        Ok(Value { text, is_quoted })
    }

    /// What stands between two quotes, the first of which is next.
    fn quoted(&mut self) -> Result<String, SearchError> {
        let begin = self.position;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => {
                    return Err(error(
                        begin,
                        "this quote is never closed; write another at the end of the text",
                    ));
                }
                Some('"') => break,
                Some('\\') => {
                    let escaped = self.next_if(|c| matches!(c, '"' | '\\'));
                    text.push(escaped.unwrap_or('\\'));
                }
                Some(c) => text.push(c),
            }
        }
        match self.chars.peek() {
            Some(c) if !c.is_whitespace() && *c != ',' => Err(error(
                self.position,
                "write a blank behind the closing quote",
            )),
            _ => Ok(text),
        }
    }

    fn refuse_quote(&self, c: char) -> Result<(), SearchError> {
        match c {
            '"' => Err(error(
                self.position - 1,
                "a quote begins and ends a text; for a quote in a text write \\\" between quotes",
            )),
            _ => Ok(()),
        }
    }

    fn next(&mut self) -> Option<char> {
        self.next_if(|_| true)
    }

    fn next_if(&mut self, is_it: impl FnOnce(char) -> bool) -> Option<char> {
        let next = self.chars.next_if(|c| is_it(*c));
        self.position += usize::from(next.is_some());
        next
    }
}

fn error(position: usize, message: impl Into<String>) -> SearchError {
    SearchError {
        position,
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_769_846_400_000);

    fn position(text: &str) -> usize {
        parse(text, NOW).unwrap_err().position
    }

    #[test]
    fn searches_are_read() {
        for (text, terms) in [
            ("", 0),
            ("  ", 0),
            ("ssh brute", 2),
            ("\"ssh brute\"", 1),
            ("host:WEB-01. -user:\"corp\\\\bo\"", 2),
            (
                "ip:192.0.2.1,198.51.100.7 hash:0123456789abcdef0123456789abcdef domain:evil.example",
                3,
            ),
            (
                "rule:\"LSASS read\",R-1* status:new,on_hold owner:none severity:>=high tag:vip scope:acme",
                6,
            ),
            (
                "risk:>=50 alerts:10..99 opened:2026-01-31 updated:>now-24h last:2026-01-01..2026-02-01",
                5,
            ),
            (
                "closed:..2026-02-01T08:00:00Z verdict:benign attack:T1059* 12:30 größe",
                5,
            ),
            ("-\"not this\"", 1),
        ] {
            let read = parse(text, NOW);
            assert_eq!(read.as_ref().map(Vec::len), Ok(terms), "{text}: {read:?}");
        }
    }

    #[test]
    fn refusals_name_their_place_and_the_way_out() {
        for (text, place) in [
            ("a \"b", 3),
            ("größe hots:web", 7),
            ("host:", 6),
            ("host: web", 6),
            ("status:open", 8),
            ("status:new,opne", 12),
            ("ip:nowhere", 4),
            ("host:a*b", 6),
            ("opened:yesterday", 8),
            ("opened:2026-01-31T08:00:00Z", 8),
            ("risk:much", 6),
            ("a OR b", 3),
            ("a -", 3),
            ("a - b", 3),
            ("\"\"", 1),
            ("\"a\"b", 4),
            ("a\"b", 2),
            ("*", 1),
            ("host:a,", 8),
            ("risk:..", 6),
            ("updated:>now-9999999999999999d", 9),
        ] {
            assert_eq!(position(text), place, "{text}");
        }
        let many = "a ".repeat(SEARCH_TERMS_MAX + 1);
        assert_eq!(position(&many), 2 * SEARCH_TERMS_MAX + 1);
    }

    #[test]
    fn no_text_ends_it() {
        for text in [
            "ü*:\"",
            "host:ü",
            "host:*",
            "\\",
            "-\\\"",
            ":",
            "a:b:c",
            "host:\u{1}\n",
            "é,é",
        ] {
            drop(parse(text, NOW));
        }
    }
}
