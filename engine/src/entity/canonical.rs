//! Canonical forms: one spelling per thing, and nothing for values that mean nothing.
//!
//! This runs for every entity of every alert, so the usual case is a few length and byte comparisons and one
//! copy. Laws (tested as properties): a canonical value is its own canonical form, no input panics, and the
//! length stays within [`bytes_max`].

mod ignore;
mod name;
mod net;

use compact_str::CompactString;

use super::EntityKind;

/// The canonical form of `raw`, or `None` when it means nothing or is malformed for its kind.
pub(super) fn canonical(kind: EntityKind, raw: &str) -> Option<CompactString> {
    // NULs come from C strings of fixed width; anything else that can't be printed makes the value suspect.
    let raw = raw.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if raw.len() > bytes_max(kind) || ignore::is_blank(raw) || has_controls(raw) {
        return None;
    }
    let value = match kind {
        EntityKind::Host => net::host(raw),
        EntityKind::User => name::user(raw),
        EntityKind::Ip => net::ip(raw),
        EntityKind::Hash => name::hash(raw),
        EntityKind::Domain => net::domain(raw),
        EntityKind::Url => net::url(raw),
        EntityKind::Email => net::email(raw),
        EntityKind::Process | EntityKind::File => name::path(raw),
        EntityKind::CloudResource => name::cloud_resource(raw),
        EntityKind::Account => name::account(raw),
    }?;
    // Lower case may be longer than upper case, so the bound is checked again.
    (value.len() <= bytes_max(kind)).then_some(value)
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

/// Whether `text` has control characters, of ASCII or of `U+0080..U+009F`.
fn has_controls(text: &str) -> bool {
    // 0xC2 begins the controls beyond ASCII, and some printable ones.
    let is_suspect = |byte: u8| byte < 0x20 || byte == 0x7F || byte == 0xC2;
    text.bytes().any(is_suspect) && text.chars().any(char::is_control)
}

/// `text` in lower case.
fn lower(text: &str) -> CompactString {
    if text.is_ascii() {
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
