//! Line: one text record, with its syslog header taken apart where it has one.
//!
//! RFC 5424 (`<13>1 2026-03-01T08:00:00Z host app 42 id [sd] text`) and what is sent as RFC 3164: `<13>`, then a date in
//! BSD's form (`Mar  1 08:00:00`, with a year in Cisco's) or RFC 3339, a host, and a program up to its colon. Each part
//! may be missing. Whatever isn't a header is text, so a line without one is all text.

use crate::time::Timestamp;

use super::facts::Facts;
use super::json::Scalar;
use super::timestamp::{self, Unit};

/// One text record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Line<'a> {
    /// The text behind the header, without blanks around it.
    pub(crate) text: &'a str,
    /// The header's time. BSD's form has neither year nor zone: UTC, in the last year that is not beyond the broker's time.
    pub(crate) time: Option<Timestamp>,
    /// The sending machine's name or address.
    pub(crate) host: Option<&'a str>,
    /// The program, without its process id.
    pub(crate) program: Option<&'a str>,
    /// RFC 5424's structured data as it stands, with its brackets.
    pub(crate) data: Option<&'a str>,
    /// Facility times 8 plus level, 0 to 191.
    pub(crate) priority: Option<u8>,
}

impl<'a> Line<'a> {
    /// Takes `text` apart. `near` is a moment not long after it was written, for dates without a year.
    pub(crate) fn of(text: &'a str, near: Option<Timestamp>) -> Self {
        let text = text.trim();
        let (priority, rest) = priority(text);
        let mut line = Self {
            priority,
            ..Self::default()
        };
        line.text = match rest.strip_prefix("1 ") {
            Some(rest) if priority.is_some() => line.rfc5424(rest),
            _ => line.rfc3164(rest, near),
        }
        .trim();
        line
    }

    /// What the header says, over what the envelopes around the line said.
    pub(crate) fn facts(&self, outer: Facts<'a>) -> Facts<'a> {
        Facts {
            time: self.time.or(outer.time),
            host: self.host.or(outer.host),
            feed: self.program.or(outer.feed),
            ..outer
        }
    }

    /// The JSON object that the text is or ends with, behind a word or two that are no part of any header.
    pub(crate) fn document(&self) -> Option<&'a str> {
        const BYTES_BEFORE_MAX: usize = 256;
        let start = self
            .text
            .bytes()
            .take(BYTES_BEFORE_MAX)
            .position(|byte| byte == b'{')?;
        self.text.ends_with('}').then(|| &self.text[start..])
    }

    /// Whether there was any part of a header.
    pub(crate) fn has_header(&self) -> bool {
        self.priority.is_some() || self.time.is_some()
    }

    fn rfc5424(&mut self, rest: &'a str) -> &'a str {
        let (time, rest) = word(rest);
        let (host, rest) = part(rest);
        let (program, rest) = part(rest);
        let (_process, rest) = part(rest);
        let (_message_id, rest) = part(rest);
        self.time = timestamp::read(Scalar::Text(time), Unit::Auto, None);
        self.host = Some(host).filter(|host| *host != "-");
        self.program = Some(program).filter(|program| *program != "-");
        let rest = match rest.strip_prefix('-') {
            Some(rest) => rest,
            None => {
                let (data, rest) = rest.split_at(structured(rest));
                self.data = Some(data).filter(|data| !data.is_empty());
                rest
            }
        };
        rest.trim_start().trim_start_matches('\u{feff}')
    }

    fn rfc3164(&mut self, rest: &'a str, near: Option<Timestamp>) -> &'a str {
        let Some((time, rest)) = date(rest, near) else {
            return rest;
        };
        self.time = Some(time);
        let (host, behind) = word(rest);
        if !is_host(host) {
            return self.tag(rest);
        }
        self.host = Some(host);
        self.tag(behind)
    }

    /// `program: ` or `program[42]: ` goes; what else stands there is text.
    fn tag(&mut self, rest: &'a str) -> &'a str {
        let (tag, behind) = word(rest);
        let Some(tag) = tag.strip_suffix(':') else {
            return rest;
        };
        let program = tag.split('[').next().unwrap_or(tag);
        if !is_program(program) {
            return rest;
        }
        self.program = Some(program);
        behind
    }
}

/// `<13>` and what follows it.
fn priority(text: &str) -> (Option<u8>, &str) {
    let parsed = text.strip_prefix('<').and_then(|rest| {
        let (number, rest) = rest
            .split_once('>')
            .filter(|(number, _)| number.len() <= 3)?;
        let number = number.parse::<u8>().ok().filter(|number| *number < 192)?;
        Some((Some(number), rest.trim_start()))
    });
    parsed.unwrap_or((None, text))
}

/// The text up to the next blank, and what follows the blanks.
fn word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

/// As [`word`], of a header's part that many senders leave out: `-` where the text itself begins already.
fn part(text: &str) -> (&str, &str) {
    let (first, rest) = word(text);
    match is_known_start(first) || first.contains('=') {
        true => ("-", text),
        false => (first, rest),
    }
}

/// How many bytes the structured data at the beginning takes: elements in brackets, in which a backslash takes the
/// next byte's meaning and quotes a bracket's.
fn structured(text: &str) -> usize {
    let (mut end, mut is_open, mut is_quoted, mut is_escaped) = (0, false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' if is_open => is_quoted = !is_quoted,
            b'[' if !is_open => is_open = true,
            b']' if !is_quoted && is_open => {
                is_open = false;
                end = at + 1;
            }
            _ if !is_open => break,
            _ => {}
        }
    }
    end
}

/// A date and what follows it: BSD's, Cisco's with a year, or RFC 3339.
fn date(text: &str, near: Option<Timestamp>) -> Option<(Timestamp, &str)> {
    let (first, rest) = word(text);
    if first.len() >= 19 && first.as_bytes()[4] == b'-' {
        let time = timestamp::read(Scalar::Text(first.trim_end_matches(':')), Unit::Auto, None)?;
        return Some((time, rest));
    }
    let month = month(first.trim_start_matches('*'))?;
    let (day, rest) = word(rest);
    let day = day.parse::<i8>().ok()?;
    let (third, behind) = word(rest);
    match third.parse::<i16>() {
        Ok(year) => {
            let (clock, rest) = word(behind);
            Some((moment(year, month, day, clock)?, rest))
        }
        Err(_) => Some((nearest(near?, month, day, third)?, behind)),
    }
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    (1..)
        .zip(MONTHS)
        .find(|(_, name)| *name == word)
        .map(|(number, _)| number)
}

/// `HH:MM:SS`, with a fraction or none, on that day in UTC.
fn moment(year: i16, month: i8, day: i8, clock: &str) -> Option<Timestamp> {
    let clock = clock.trim_end_matches(':');
    if clock.len() < 8 || clock.as_bytes()[2] != b':' {
        return None;
    }
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let written = compact_str::format_compact!("{date}T{clock}Z");
    timestamp::read(Scalar::Text(&written), Unit::Auto, None)
}

/// The last year in which that day lies before `near`, or not far behind it: a line from December may be read in January,
/// and a clock may run ahead.
fn nearest(near: Timestamp, month: i8, day: i8, clock: &str) -> Option<Timestamp> {
    let year = jiff::Timestamp::from_millisecond(near.0)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .year();
    [year - 1, year, year + 1]
        .into_iter()
        .filter_map(|year| moment(year, month, day, clock))
        .filter(|time| time.0 <= near.0 + timestamp::AHEAD_MAX.0)
        .max()
}

/// A name or an address: nothing of what begins a text without a host.
fn is_host(word: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%');
    !word.is_empty()
        && !word.ends_with(':')
        && !is_known_start(word)
        && word.bytes().all(is_allowed)
}

fn is_program(word: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'@');
    (1..=64).contains(&word.len()) && !is_known_start(word) && word.bytes().all(is_allowed)
}

/// What looks like a program's name and is a format's own.
fn is_known_start(word: &str) -> bool {
    ["CEF", "LEEF"].into_iter().any(|start| {
        word == start
            || word
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let near = Some(Timestamp(1_772_352_000_000)); // 2026-03-01T08:00:00Z
        let line = Line::of(text, near);
        format!(
            "{} | {} | {} | {} | {}",
            line.time
                .map_or_else(|| "-".to_owned(), Timestamp::to_rfc3339),
            line.host.unwrap_or("-"),
            line.program.unwrap_or("-"),
            line.data.unwrap_or("-"),
            line.text
        )
    }

    #[test]
    fn headers() {
        for (text, wanted) in [
            (
                "<34>1 2026-03-01T08:00:00.003Z fw1.example.org su 42 ID47 [a@1 x=\"]\\\"\"][b] text [c]",
                "2026-03-01T08:00:00.003Z | fw1.example.org | su | [a@1 x=\"]\\\"\"][b] | text [c]",
            ),
            (
                "<34>1 - - - - - - \u{feff}{\"a\":1}",
                "- | - | - | - | {\"a\":1}",
            ),
            (
                "<5>1 2026-03-01T08:00:00Z fw1 CEF:0|a b|c",
                "2026-03-01T08:00:00.000Z | fw1 | - | - | CEF:0|a b|c",
            ),
            (
                "<13>Feb  8 09:10:11 fw1 sshd[42]: Failed password",
                "2026-02-08T09:10:11.000Z | fw1 | sshd | - | Failed password",
            ),
            (
                "Dec 31 23:59:59 10.0.0.5 CEF:0|a|b",
                "2025-12-31T23:59:59.000Z | 10.0.0.5 | - | - | CEF:0|a|b",
            ),
            (
                "<13>Mar  1 08:00:00 CEF:0|a b|c",
                "2026-03-01T08:00:00.000Z | - | - | - | CEF:0|a b|c",
            ),
            (
                "<13>2026-03-01T08:00:00+01:00 fw1 app: {}",
                "2026-03-01T07:00:00.000Z | fw1 | app | - | {}",
            ),
            (
                "Mar  1 2024 08:00:00 asa : %ASA-4-106023: Deny",
                "2024-03-01T08:00:00.000Z | asa | - | - | : %ASA-4-106023: Deny",
            ),
            ("<14>CEF: 0|a", "- | - | - | - | CEF: 0|a"),
            ("no header: at all", "- | - | - | - | no header: at all"),
            ("<999>x", "- | - | - | - | <999>x"),
            ("", "- | - | - | - | "),
        ] {
            assert_eq!(line(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_date_without_a_year_needs_a_moment_nearby() {
        let time = |text: &str, near: Option<i64>| Line::of(text, near.map(Timestamp)).time;
        assert_eq!(time("Mar  1 08:00:00 fw1 x", None), None);
        let new_year = Some(1_767_225_600_000); // 2026-01-01T00:00:00Z
        let december = time("Dec 31 23:00:00 fw1 x", new_year);
        assert_eq!(december, Some(Timestamp(1_767_222_000_000)));
        assert_eq!(time("Feb 30 23:00:00 fw1 x", new_year), None);
    }
}
