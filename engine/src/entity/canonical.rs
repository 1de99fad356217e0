//! Canonical forms: one spelling per thing, and nothing for values that mean nothing.
//!
//! This runs for every entity of every alert, so the usual case is a few length and byte comparisons and one
//! copy. Laws (tested as properties): a canonical value is its own canonical form, no input panics, and the
//! length stays within [`bytes_max`].

mod classes;
mod ignore;
mod name;
mod net;

use compact_str::CompactString;

use super::EntityKind;

use classes::Classes;

pub(crate) use classes::may_have_controls;

/// The canonical form of `raw`, or `None` when it means nothing or is malformed for its kind.
pub(super) fn canonical(kind: EntityKind, raw: &str) -> Option<CompactString> {
    let raw = trim(raw);
    if raw.len() > bytes_max(kind) || ignore::is_blank(raw) {
        return None;
    }
    let classes = Classes::of(raw);
    // What can't be printed makes a value suspect.
    if classes.may_have_controls() && raw.chars().any(char::is_control) {
        return None;
    }
    let value = match kind {
        EntityKind::Host => net::host(raw, classes),
        EntityKind::User => name::user(raw),
        EntityKind::Ip => net::ip(raw, classes),
        EntityKind::Hash => name::hash(raw),
        EntityKind::Domain => net::domain(raw, classes),
        EntityKind::Url => net::url(raw),
        EntityKind::Email => net::email(raw),
        EntityKind::Process | EntityKind::File => name::path(raw),
        EntityKind::CloudResource => name::cloud_resource(raw),
        EntityKind::Account => name::account(raw),
    }?;
    // Lower case may be longer than upper case, so the bound is checked again.
    (value.len() <= bytes_max(kind)).then_some(value)
}

/// `raw` without blanks around it, and without the NULs of C strings of fixed width.
fn trim(raw: &str) -> &str {
    match raw.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] => raw,
        _ => raw.trim_matches(|c: char| c.is_whitespace() || c == '\0'),
    }
}

/// The longest value of a kind in bytes: DNS allows 255, Windows 256 for a user, and longer URLs and paths are
/// seldom written twice in the same way.
fn bytes_max(kind: EntityKind) -> usize {
    match kind {
        EntityKind::Host | EntityKind::Domain => 255,
        EntityKind::User => 256,
        EntityKind::Url => 2048,
        EntityKind::Ip
        | EntityKind::Hash
        | EntityKind::Email
        | EntityKind::Process
        | EntityKind::File
        | EntityKind::CloudResource
        | EntityKind::Account => 1024,
    }
}

/// `text` in lower case.
fn lower(text: &str) -> CompactString {
    let classes = Classes::of(text);
    if classes.is_lower() {
        return CompactString::new(text);
    }
    if classes.is_ascii() {
        let mut lower = CompactString::new(text);
        lower.make_ascii_lowercase();
        return lower;
    }
    text.chars().flat_map(char::to_lowercase).collect()
}

/// `text` without a prefix in any letter case of ASCII.
fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests;
