//! A tail's layout: where its fields begin and end, and what a backslash means in them.

use std::borrow::Cow;

/// Shows the fields of a tail in which blanks part them: a key is a word that begins after a blank and ends in `=`, and
/// a value goes up to the next key, whatever blanks it has.
pub(in super::super) fn each_field<'a>(tail: &'a str, mut show: impl FnMut(&'a str, &'a str)) {
    let mut open: Option<(&'a str, usize)> = None;
    let bytes = tail.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'=', &bytes[from..]) {
        let equals = from + found;
        from = equals + 1;
        let Some(start) = key_start(bytes, equals) else {
            continue;
        };
        if let Some((key, value_start)) = open
            && value_start <= start
        {
            show(key, tail[value_start..start].trim());
        }
        open = Some((&tail[start..equals], equals + 1));
    }
    if let Some((key, value_start)) = open {
        show(key, tail[value_start..].trim());
    }
}

/// Where the key that ends at `equals` begins, if one does.
fn key_start(bytes: &[u8], equals: usize) -> Option<usize> {
    let is_key = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']' | b'-')
    };
    let length = bytes[..equals]
        .iter()
        .rev()
        .take_while(|byte| is_key(byte))
        .count();
    let start = equals - length;
    let is_first = start == 0 || bytes[start - 1].is_ascii_whitespace();
    (length > 0 && is_first && bytes[start].is_ascii_alphanumeric()).then_some(start)
}

/// `text` without its backslashes: `\=`, `\|` and `\\` stand for themselves, `\n` and `\r` for line ends,
/// which become blanks.
pub(in super::super) fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('=' | '|' | '\\')) => plain.extend(chars.next()),
            // A path like `C:\new` is seldom escaped as it should be.
            ('\\', Some('n' | 'r')) if !plain.ends_with(':') => {
                plain.push(' ');
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(tail: &str) -> Vec<(&str, &str)> {
        let mut fields = Vec::new();
        each_field(tail, |key, value| fields.push((key, value)));
        fields
    }

    #[test]
    fn values_keep_blanks_and_equals_signs() {
        assert_eq!(
            fields("src=10.0.0.1 msg=Two words  request=http://a/?b=c&d=e cs1= cs1Label=x y"),
            [
                ("src", "10.0.0.1"),
                ("msg", "Two words"),
                ("request", "http://a/?b=c&d=e"),
                ("cs1", ""),
                ("cs1Label", "x y"),
            ]
        );
        assert_eq!(fields("no fields here"), []);
        assert_eq!(fields("=x a=1"), [("a", "1")]);
        assert_eq!(fields(r"msg=q\=1 a=2"), [("msg", r"q\=1"), ("a", "2")]);
        assert_eq!(fields("a=b=c"), [("a", "b=c")]);
    }

    #[test]
    fn escapes_stand_for_themselves() {
        assert_eq!(unescaped("plain"), "plain");
        assert_eq!(unescaped(r"a\=b\|c\\d\ne"), "a=b|c\\d e");
        assert_eq!(unescaped(r"C:\new\temp"), "C:\\new\\temp");
        assert_eq!(unescaped("tail\\"), "tail\\");
    }
}
