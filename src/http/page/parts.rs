//! Small parts that pages are made of: marks, numbers, times, addresses.

use caseloom_engine::alert::Severity;
use caseloom_engine::record::{GroupRecord, Status};
use caseloom_engine::time::{Span, Timestamp};
use maud::{Markup, html};

use crate::http::shape;
use crate::reason;

/// Older than this a date says more than a distance.
const AGO_MAX: Span = Span(60 * Span::DAY.0);

pub(super) fn severity(severity: Severity) -> Markup {
    let assumed = severity.assumed;
    html! {
        span class=(format!("severity s{}", severity.ocsf_id()))
            title=[assumed.then_some("the alert brought none; medium was assumed")] {
            (severity.as_str()) @if assumed { "?" }
        }
    }
}

pub(super) fn status(status: Status) -> Markup {
    let word = status.as_str();
    html! { span class=(format!("status {word}")) { (word.replace('_', " ")) } }
}

/// Risk as number and bar. A drawing and not a style attribute, which the page's own policy forbids.
pub(super) fn risk(group: &GroupRecord) -> Markup {
    let risk = shape::risk(group);
    // Most cases are far below the bound; the root makes the lower half tell apart.
    let width = (risk / 1_000.0).sqrt() * 60.0;
    html! {
        span.risk {
            (number(risk.round() as u64))
            svg viewBox="0 0 60 6" width="60" height="6" aria-hidden="true" {
                rect.track width="60" height="6" rx="3" {}
                rect class=(format!("fill s{}", group.severity.ocsf_id())) width=(format!("{width:.1}")) height="6" rx="3" {}
            }
        }
    }
}

pub(super) fn attack(ids: &[impl AsRef<str>], most: usize) -> Markup {
    html! {
        @for id in ids.iter().take(most) { span.tag { (super::text::Text(id.as_ref())) } }
        @if ids.len() > most { span.more { "+" (ids.len() - most) } }
    }
}

/// `3 min ago`, with the moment itself to hover.
pub(super) fn ago(moment: Timestamp, now: Timestamp) -> Markup {
    let exact = moment.to_rfc3339();
    let since = now.since(moment);
    let seconds = since.0.unsigned_abs() / 1_000;
    let text = match since {
        Span(-999..=999) => "now".to_owned(),
        since if since > AGO_MAX => exact.get(..10).unwrap_or(&exact).to_owned(),
        Span(0..) => format!("{} ago", reason::length(seconds)),
        _ => format!("in {}", reason::length(seconds)),
    };
    html! { time datetime=(exact) title=(exact) { (text) } }
}

/// `2022-01-25 08:00:01`, in UTC.
pub(super) fn moment(moment: Timestamp) -> Markup {
    let exact = moment.to_rfc3339();
    let short = exact.get(..19).unwrap_or(&exact).replace('T', " ");
    html! { time datetime=(exact) title=(exact) { (short) } }
}

/// `1,234,567`.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A query string of the pairs that have a value.
pub(super) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    let mut separator = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(separator);
        separator = '&';
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(number(count), text);
        }
    }

    #[test]
    fn addresses_carry_any_text() {
        let pairs = [("q", "a b&c=é"), ("owner", ""), ("sort", "-risk")];
        assert_eq!(address("/", &pairs), "/?q=a%20b%26c%3D%C3%A9&sort=-risk");
    }
}
