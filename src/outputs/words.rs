//! Sentences about an event, for tools that have a field for people. Titles, rules and values are whatever an attacker
//! could get a sensor to write: every text is one harmless line, and in Markdown no character of it means anything.

use std::fmt::Write as _;

use caseloom_engine::time::Timestamp;

use super::told::Told;
use crate::events::one_line;

/// Entities in a description; the rest is in the case.
const ENTITIES_MAX: usize = 50;
/// Rules in a description.
const RULES_MAX: usize = 20;
/// Bytes of a value in a description.
const VALUE_BYTES_MAX: usize = 512;

/// How a text is made harmless for where it goes.
pub(super) type Escape = fn(&str) -> String;

/// Nothing in the text means anything in Markdown.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in one_line(text, VALUE_BYTES_MAX).chars() {
        // The colon too: many renderers make links of bare addresses.
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// One harmless line, for fields that are shown as they are.
pub(super) fn plain(text: &str) -> String {
    one_line(text, VALUE_BYTES_MAX).into_owned()
}

/// At most `chars_max` characters, the last of them an ellipsis where something is missing.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One line for a field of so many characters.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    cut(&one_line(text, 4 * chars_max), chars_max)
}

/// What is known of the case, in lines.
pub(super) fn description(told: &Told<'_>, link: Option<&str>, escape: Escape) -> String {
    let own = &told.own;
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    say(escape(&told.summary));
    say(format!(
        "Severity {}, risk {}, status {}, owner {}",
        escape(&told.severity_word),
        told.risk,
        escape(&own.status),
        escape(&told.owner)
    ));
    if let Some(verdict) = &told.verdict {
        say(format!("Verdict {}", escape(verdict)));
    }
    say(format!(
        "Case {} in scope {}",
        escape(&own.case_id),
        escape(&own.scope)
    ));
    if let Some(link) = link {
        say(link.to_owned());
    }
    if !told.attacks.is_empty() {
        let ids: Vec<_> = told.attacks.iter().map(|id| escape(id)).collect();
        say(format!("ATT&CK {}", ids.join(", ")));
    }
    say(String::new());
    for rule in told.rules.iter().take(RULES_MAX) {
        say(format!("- {}", escape(rule)));
    }
    say(String::new());
    for entity in own.entities.iter().take(ENTITIES_MAX) {
        let (kind, value) = (escape(&entity.kind), escape(&entity.value));
        say(format!("- {kind} {value} ({})", escape(&entity.role)));
    }
    text
}

/// What happened, in a line or a few, ending with the event's id, by which a repeat is told.
pub(super) fn comment(told: &Told<'_>, escape: Escape) -> String {
    let own = &told.own;
    let mut text = escape(&happened(told));
    if let Some(act) = &own.act {
        // Writing to memory can't fail.
        write!(text, " by {}", escape(&act.actor)).ok();
        for change in &act.changes {
            let (from, to) = (escape(&change.from), escape(&change.to));
            write!(text, "\n{}: {from} -> {to}", escape(&change.field)).ok();
        }
        if !act.text.is_empty() {
            write!(text, "\n{}", escape(&act.text)).ok();
        }
    }
    write!(text, "\n({})", mark(told)).ok();
    text
}

/// What tells a comment of ours from others.
pub(super) fn mark(told: &Told<'_>) -> String {
    format!("caseloom event {}", told.id)
}

/// What happened, in a few words.
pub(super) fn happened(told: &Told<'_>) -> String {
    let own = &told.own;
    match (&*told.event, &own.merged_into, &own.other_case) {
        ("merged", Some(survivor), _) => format!("merged into case {survivor} ({})", own.reason),
        ("merged", None, Some(other)) => {
            format!("case {other} was merged into it ({})", own.reason)
        }
        ("related", _, Some(other)) => format!("related to case {other} ({})", own.reason),
        (event, _, _) => format!("{event} ({})", own.reason),
    }
}

/// A time in milliseconds since 1970 as RFC 3339, in UTC.
pub(super) fn rfc3339(ms: i64) -> String {
    crate::events::rfc3339(Timestamp(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_means_anything_in_markdown() {
        let hostile = "[x](http://evil) `a` <b>\n# h\u{202e}";
        let harmless = markdown(hostile);
        assert_eq!(
            harmless,
            "\\[x\\]\\(http\\:\\/\\/evil\\) \\`a\\` \\<b\\> \\# h\u{fffd}"
        );
    }

    #[test]
    fn lines_are_cut_by_characters() {
        assert_eq!(cut("窓窓窓", 3), "窓窓窓");
        assert_eq!(cut("窓窓窓窓", 3), "窓窓…");
        assert_eq!(line("a\nb", 255), "a b");
    }
}
