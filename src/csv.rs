//! CSV of text that somebody else wrote: what a replay assigns and what `generate` labels are joined by it.

/// A CSV field of hostile text: quoted where RFC 4180 asks for it, and with a leading `'` where a spreadsheet would
/// take it for a formula (OWASP, CSV injection).
pub(crate) fn push_field(row: &mut String, text: &str) {
    let formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quote = text.contains([',', '"', '\r', '\n']);
    if quote {
        row.push('"');
    }
    if formula {
        row.push('\'');
    }
    for piece in text.split_inclusive('"') {
        row.push_str(piece);
        if piece.ends_with('"') {
            row.push('"');
        }
    }
    if quote {
        row.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::push_field;

    fn field(text: &str) -> String {
        let mut row = String::new();
        push_field(&mut row, text);
        row
    }

    #[test]
    fn hostile_ids_stay_one_harmless_field() {
        assert_eq!(field("shaw-1"), "shaw-1");
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("a,\"b"), "\"a,\"\"b\"");
        assert_eq!(field("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(field("=cmd()"), "'=cmd()");
        assert_eq!(field(" \n=1"), "\"' \n=1\"");
    }
}
