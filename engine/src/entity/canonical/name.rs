//! Canonical forms of names and numbers: users, hashes, paths, cloud resources, accounts.

use std::borrow::Cow;

use compact_str::CompactString;

use super::{ignore, lower, strip_prefix_ignoring_case};

/// `name`, `domain\name`, `name@domain` in lower case, or a SID in upper case. Users that are on every machine are
/// none, nor are machine accounts (`WS1$`): those are hosts.
pub(super) fn user(raw: &str) -> Option<CompactString> {
    let raw = without_local_domain(raw);
    if strip_prefix_ignoring_case(raw, "s-1-").is_some_and(is_sid_tail) {
        let mut sid = CompactString::new(raw);
        sid.make_ascii_uppercase();
        return (!ignore::is_well_known_sid(&sid)).then_some(sid);
    }
    if raw.is_empty() || raw.ends_with('$') || ignore::is_blank(raw) {
        return None;
    }
    let user = lower(&without_escapes(raw));
    let (domain, name) = match user.rsplit_once('\\') {
        Some((domain, name)) => (domain, name),
        None => user
            .rsplit_once('@')
            .map_or(("", user.as_str()), |(name, domain)| (domain, name)),
    };
    let is_nobody = name.trim().is_empty()
        || ignore::is_blank(name)
        || ignore::is_system_user(name)
        || ignore::is_system_domain(domain);
    (!is_nobody).then_some(user)
}

/// `raw` without `.\` or `\` before it, which name the machine itself, and without dots and blanks after it.
fn without_local_domain(raw: &str) -> &str {
    let mut name = raw.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    loop {
        let start = name.trim_start();
        match start
            .strip_prefix(r".\")
            .or_else(|| start.strip_prefix('\\'))
        {
            Some(rest) => name = rest,
            None => return start,
        }
    }
}

fn is_sid_tail(tail: &str) -> bool {
    !tail.is_empty()
        && tail
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// A hash in lower case, without the algorithm before it: its length tells.
pub(super) fn hash(raw: &str) -> Option<CompactString> {
    let digits = match raw.find(['=', ':']) {
        Some(at) if is_algorithm(&raw[..at]) => raw[at + 1..].trim_start(),
        _ => raw,
    };
    let is_hash = matches!(digits.len(), 32 | 40 | 64 | 128)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hash {
        return None;
    }
    let hash = lower(digits);
    (!ignore::is_empty_hash(&hash)).then_some(hash)
}

fn is_algorithm(name: &str) -> bool {
    const KNOWN: [&str; 9] = [
        "md5", "sha1", "sha-1", "sha256", "sha-256", "sha512", "sha-512", "imphash", "hash",
    ];
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A path or a bare file name: without quotes and without the device or drive that differs between products. Windows
/// paths are in lower case, others keep theirs.
pub(super) fn path(raw: &str) -> Option<CompactString> {
    let raw = without_escapes(raw);
    let mut tail = &*raw;
    // What stands under a prefix may have quotes or a prefix again.
    loop {
        let inside = windows_tail(tail.trim_matches(|c: char| c == '"' || c.is_whitespace()));
        if inside.len() == tail.len() {
            break;
        }
        tail = inside;
    }
    let is_windows = tail.contains('\\') || has_windows_suffix(tail);
    if tail.is_empty() || ignore::is_blank(tail) {
        return None;
    }
    Some(if is_windows {
        lower(tail)
    } else {
        CompactString::new(tail)
    })
}

/// `text` with single backslashes where a collector has escaped them twice, as Wazuh does with Windows' events; two at the
/// beginning are a network's path.
fn without_escapes(text: &str) -> Cow<'_, str> {
    let start = text.bytes().take_while(|byte| *byte == b'\\').count();
    if !text[start..].contains(r"\\") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    plain.push_str(match start {
        0 => "",
        1 | 2 => r"\",
        _ => r"\\",
    });
    for letter in text[start..].chars() {
        if letter != '\\' || !plain.ends_with('\\') {
            plain.push(letter);
        }
    }
    Cow::Owned(plain)
}

/// `path` after `\Device\HarddiskVolume3`, `\??\` and `C:`, which name the same file to different products.
fn windows_tail(path: &str) -> &str {
    let path = path
        .strip_prefix(r"\??\")
        .or_else(|| path.strip_prefix(r"\\?\"))
        .unwrap_or(path);
    if let Some(rest) = strip_prefix_ignoring_case(path, r"\device\harddiskvolume") {
        let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if tail.starts_with('\\') {
            return tail;
        }
    }
    match path.as_bytes() {
        [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic() => &path[2..],
        _ => path,
    }
}

/// Names of programs are written in any case on Windows.
fn has_windows_suffix(name: &str) -> bool {
    let Some((_, suffix)) = name.rsplit_once('.') else {
        return false;
    };
    [
        "exe", "dll", "sys", "ps1", "bat", "cmd", "vbs", "scr", "msi", "lnk",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(suffix))
}

/// A resource's id. Azure's ids mean the same in any letter case; ARNs and Google's don't.
pub(super) fn cloud_resource(raw: &str) -> Option<CompactString> {
    let is_azure = strip_prefix_ignoring_case(raw, "/subscriptions/").is_some();
    Some(if is_azure {
        lower(raw.trim_end_matches('/'))
    } else {
        CompactString::new(raw)
    })
}

/// An account's id in lower case.
pub(super) fn account(raw: &str) -> Option<CompactString> {
    Some(lower(raw))
}
