//! A file's messages: its lines, or the whole where a document goes over several lines or no line can be text.

use std::io::{self, BufRead, Read};
use std::path::Path;

use crate::replay::Input;

/// A file that is one message is read up to here; the parser's own bound is lower.
const WHOLE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Shows each message of the file at `path` to `show`; `-` is standard input. Blank lines are none.
///
/// # Errors
/// The file can't be read, or what `show` returns.
pub fn messages(path: &Path, mut show: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let input = Input {
        scope: None,
        path: path.to_owned(),
    };
    let mut reader = input.open(&|_| ())?;
    let mut line = Vec::new();
    let mut is_first = true;
    while next_line(&mut reader, &mut line)? {
        if is_first && is_part(&line) {
            reader.take(WHOLE_BYTES_MAX).read_to_end(&mut line)?;
            return show(&line);
        }
        is_first = false;
        if !line.trim_ascii().is_empty() {
            show(&line)?;
        }
    }
    Ok(())
}

/// The next line with its end; `false` behind the last.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    reader.read_until(b'\n', line).map(|length| length > 0)
}

/// Whether a first line is the beginning of something longer: a document that is not closed, or compressed bytes.
fn is_part(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    let is_compressed =
        line.starts_with(&[0x1F, 0x8B]) || line.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
    match line.trim_ascii() {
        _ if is_compressed || line.first() == Some(&0) => true,
        [b'{' | b'[', middle @ ..] => {
            let is_closed = matches!(middle.last(), Some(b'}' | b']'));
            !is_closed && is_open(line)
        }
        _ => false,
    }
}

/// Whether a line that begins a document could go on in the next: a line that was cut off can't.
fn is_open(line: &[u8]) -> bool {
    matches!(line.trim_ascii().last(), Some(b'{' | b'[' | b',' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(bytes: &[u8]) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut found = Vec::new();
        messages(file.path(), |message| {
            found.push(String::from_utf8_lossy(message.trim_ascii()).into_owned());
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn lines_are_messages_and_so_is_a_document_of_several_lines() {
        assert_eq!(
            cut(b"{}\n\n[1]\ntext\n{\"cut"),
            ["{}", "[1]", "text", "{\"cut"]
        );
        assert_eq!(cut(b"{\"cut\n{}\n"), ["{\"cut", "{}"]);
        assert_eq!(cut(b"{\n  \"a\": 1\n}\n"), ["{\n  \"a\": 1\n}"]);
        assert_eq!(cut(b"[\n{},\n{}\n]"), ["[\n{},\n{}\n]"]);
        assert_eq!(cut(b"\x1F\x8B\x08\nx\ny").len(), 1);
        assert_eq!(cut(b"").len(), 0);
    }
}
