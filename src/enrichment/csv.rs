//! CSV as RFC 4180 says it, read from memory row by row: quoted fields, doubled quotes, line breaks inside quotes. Blank
//! lines and lines that begin with `#` are passed over, as the lists of abuse.ch have them.

/// The rows of a text, each with the line on which it begins.
#[derive(Debug)]
pub(super) struct Rows<'t> {
    rest: &'t str,
    line: usize,
}

/// A row that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A quote is not closed before the text ends.
    OpenQuote,
    /// Something stands behind a closing quote.
    BehindQuote,
}

/// The fields of a row, or why there are none.
pub(super) type Row = Result<Vec<String>, Broken>;

impl<'t> Rows<'t> {
    /// All rows of `text`; a byte order mark at its begin is no part of it.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            line: 1,
        }
    }

    fn skip_line(&mut self) {
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        self.rest = &self.rest[end..];
        self.line += 1;
    }

    fn row(&mut self) -> Row {
        let mut fields = Vec::new();
        loop {
            let (field, is_last) = match self.rest.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted)?,
                None => self.bare(),
            };
            fields.push(field);
            if is_last {
                return Ok(fields);
            }
        }
    }

    /// A field up to the next comma or the end of the line; whether it is the line's last.
    fn bare(&mut self) -> (String, bool) {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let field = self.rest[..end].trim().to_owned();
        (field, self.pass(end))
    }

    fn quoted(&mut self, text: &'t str) -> Result<(String, bool), Broken> {
        let (mut field, mut at) = (String::new(), 0);
        loop {
            let Some(quote) = text[at..].find('"').map(|place| at + place) else {
                // Only this line is lost, or one stray quote would take the whole file along.
                self.skip_line();
                return Err(Broken::OpenQuote);
            };
            field.push_str(&text[at..quote]);
            at = quote + 1;
            if !text[at..].starts_with('"') {
                break;
            }
            field.push('"');
            at += 1;
        }
        self.line += text[..at].matches('\n').count();
        self.rest = &text[at..];
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        if !self.rest[..end].trim().is_empty() {
            self.skip_line();
            return Err(Broken::BehindQuote);
        }
        let field = field.trim().to_owned();
        Ok((field, self.pass(end)))
    }

    /// Passes the separator at `end`. Whether it ended the row.
    fn pass(&mut self, end: usize) -> bool {
        let is_last = !self.rest[end..].starts_with(',');
        if is_last {
            self.line += 1;
        }
        self.rest = self.rest.get(end + 1..).unwrap_or("");
        is_last
    }
}

impl Iterator for Rows<'_> {
    type Item = (usize, Row);

    fn next(&mut self) -> Option<(usize, Row)> {
        loop {
            let line = self.rest.split('\n').next().unwrap_or("").trim();
            if self.rest.is_empty() {
                return None;
            }
            if !line.is_empty() && !line.starts_with('#') {
                let begin = self.line;
                return Some((begin, self.row()));
            }
            self.skip_line();
        }
    }
}

impl Broken {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::OpenQuote => "a quote is not closed",
            Self::BehindQuote => "something stands behind a closing quote",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(usize, Row)> {
        Rows::new(text).collect()
    }

    fn row(fields: &[&str]) -> Row {
        Ok(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn rows_are_read_as_rfc_4180_says() {
        let text = "\u{feff}a,b,c\r\n# a comment\r\n\r\n\"x, \"\"y\"\"\", z ,\r\n\"two\nlines\",,\"\"\nlast";
        let expected = vec![
            (1, row(&["a", "b", "c"])),
            (4, row(&["x, \"y\"", "z", ""])),
            (5, row(&["two\nlines", "", ""])),
            (7, row(&["last"])),
        ];
        assert_eq!(rows(text), expected);
    }

    #[test]
    fn a_stray_quote_costs_one_line() {
        let text = "a,b\n\"x\"y,1\nc,d\n\"open,1\ne,f\n";
        let expected = vec![
            (1, row(&["a", "b"])),
            (2, Err(Broken::BehindQuote)),
            (3, row(&["c", "d"])),
            (4, Err(Broken::OpenQuote)),
            (5, row(&["e", "f"])),
        ];
        assert_eq!(rows(text), expected);
    }
}
