//! Text from outside on a page. It is escaped, kept from turning the reading direction of what is around it, and what
//! can't be seen is written as its code point: `invoice[U+202E]fdp.exe`.

use maud::{Escaper, Render};
use std::fmt::Write;

use crate::plain::is_unseen;

/// Text that somebody else wrote.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Text<'a>(pub(in crate::http) &'a str);

impl Render for Text<'_> {
    fn render_to(&self, page: &mut String) {
        // Its own direction stays its own.
        page.push_str("<bdi>");
        let mut rest = self.0;
        while let Some(at) = rest.find(is_unseen) {
            let (seen, from) = rest.split_at(at);
            escape(seen, page);
            let mut chars = from.chars();
            if let Some(unseen) = chars.next() {
                mark(unseen, page);
            }
            rest = chars.as_str();
        }
        escape(rest, page);
        page.push_str("</bdi>");
    }
}

fn escape(text: &str, page: &mut String) {
    Escaper::new(page)
        .write_str(text)
        .expect("writing to memory can't fail");
}

fn mark(unseen: char, page: &mut String) {
    let code = u32::from(unseen);
    write!(page, "<span class=\"unseen\">U+{code:04X}</span>")
        .expect("writing to memory can't fail");
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    fn shown(text: &str) -> String {
        html! { (Text(text)) }.into_string()
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            shown("<script>alert('x')</script> & \"y\""),
            "<bdi>&lt;script&gt;alert('x')&lt;/script&gt; &amp; &quot;y&quot;</bdi>"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert_eq!(
            shown("invoice\u{202e}fdp.exe\n"),
            "<bdi>invoice<span class=\"unseen\">U+202E</span>fdp.exe<span class=\"unseen\">U+000A</span></bdi>"
        );
        assert_eq!(shown("窓 👩‍💻"), "<bdi>窓 👩‍💻</bdi>");
    }
}
