//! Canonical forms of what has to do with the network: hosts, addresses, domains, URLs, mail addresses.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use compact_str::CompactString;

use super::classes::Classes;
use super::{ignore, lower, strip_prefix_ignoring_case};

/// A machine's name: without `\\` or `DOMAIN\` before it, without dot, port or machine account's `$` after it.
/// An IP literal is no host's name.
pub(super) fn host(raw: &str, classes: Classes) -> Option<CompactString> {
    if classes.is_plain_name() && !raw.ends_with('.') {
        return (!ignore::is_local_host(raw)).then(|| CompactString::new(raw));
    }
    let name = raw.rsplit('\\').next().unwrap_or(raw);
    let is_tail = |c: char| matches!(c, '$' | '.') || c.is_whitespace();
    let name = strip_port(name.trim_end_matches(is_tail))
        .trim_end_matches(is_tail)
        .trim_start();
    let is_name = !name.is_empty()
        && !name.bytes().any(|byte| {
            matches!(
                byte,
                b'/' | b':' | b'@' | b'"' | b'<' | b'>' | b'|' | b'*' | b'?'
            )
        })
        && !looks_like_address(name);
    if !is_name || ignore::is_blank(name) {
        return None;
    }
    let host = lower(name);
    (!ignore::is_local_host(&host)).then_some(host)
}

/// Digits and dots only: an address, or a broken one.
fn looks_like_address(name: &str) -> bool {
    name.contains('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// An address, without brackets, port, zone and a prefix length of one machine.
pub(super) fn ip(raw: &str, classes: Classes) -> Option<CompactString> {
    // What std reads as IPv4 is canonical text already: it refuses leading zeros.
    if classes.is_numeric() {
        let address: Ipv4Addr = raw.parse().ok()?;
        return (!ignore::is_common_v4(address)).then(|| CompactString::new(raw));
    }
    let address = odd_address(raw)?;
    let is_common = match address {
        IpAddr::V4(address) => ignore::is_common_v4(address),
        IpAddr::V6(address) => ignore::is_common_v6(address),
    };
    (!is_common).then(|| written(address))
}

fn odd_address(raw: &str) -> Option<IpAddr> {
    let text = &*refang(raw)?;
    let text = text
        .strip_suffix("/32")
        .or_else(|| text.strip_suffix("/128"))
        .unwrap_or(text);
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        return is_port_suffix(after).then(|| v6(inside))?;
    }
    match text.parse::<Ipv4Addr>() {
        Ok(address) => Some(IpAddr::V4(address)),
        Err(_) => strip_port(text)
            .parse()
            .map(IpAddr::V4)
            .ok()
            .or_else(|| v6(text)),
    }
}

fn v6(text: &str) -> Option<IpAddr> {
    let unzoned = text.split('%').next().unwrap_or(text);
    let address: Ipv6Addr = unzoned.parse().ok()?;
    Some(address.to_canonical())
}

fn written(address: IpAddr) -> CompactString {
    let mut text = CompactString::default();
    // Writing into a string can't fail.
    write!(text, "{address}").expect("writing to memory can't fail");
    text
}

/// `text` without `:443`. An IPv6 address has several colons and stays as it is.
fn strip_port(text: &str) -> &str {
    match text.split_once(':') {
        Some((before, port)) if is_port(port) => before,
        _ => text,
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_port_suffix(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(is_port)
}

/// A DNS name with at least two labels; names for reverse look-up and every machine's own name are none.
pub(super) fn domain(raw: &str, classes: Classes) -> Option<CompactString> {
    if classes.is_plain_name() && has_labels(raw.as_bytes()) {
        return (!ignore::is_common_domain(raw)).then(|| CompactString::new(raw));
    }
    let text = &*refang(raw)?;
    let text = strip_port(text);
    let text = text.strip_prefix("*.").unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    if !is_domain(text) || looks_like_address(text) {
        return None;
    }
    let domain = lower(text);
    (!ignore::is_common_domain(&domain)).then_some(domain)
}

/// At least two labels of 1 to 63 bytes, of letters, digits, `-` and `_`; letters of any script, as no producer
/// agrees on punycode.
fn is_domain(text: &str) -> bool {
    let is_letters = text.bytes().all(is_domain_byte) || text.chars().all(is_domain_char);
    is_letters && has_labels(text.as_bytes())
}

/// Two or more parts of 1 to 63 bytes with dots between them.
fn has_labels(text: &[u8]) -> bool {
    let (mut labels, mut length) = (0, 0);
    for byte in text.iter().chain(b".") {
        if *byte != b'.' {
            length += 1;
            continue;
        }
        if !(1..=63).contains(&length) {
            return false;
        }
        labels += 1;
        length = 0;
    }
    labels >= 2
}

fn is_domain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn is_domain_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || is_mark(c)
}

/// Combining marks that lower-casing can bring about (`İ` becomes `i` and U+0307).
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// An absolute URL: scheme and host in lower case, without fragment, default port and a lone `/` as its path.
pub(super) fn url(raw: &str) -> Option<CompactString> {
    if is_canonical_url(raw) {
        return Some(CompactString::new(raw));
    }
    any_url(raw)
}

/// Whether a URL surely has its canonical form: of HTTP, with a host of small letters, digits, dots and dashes, and
/// nothing in it that [`any_url`] looks for.
fn is_canonical_url(raw: &str) -> bool {
    let rest = raw.strip_prefix("http");
    let rest = rest.map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://")) else {
        return false;
    };
    let is_host_byte = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let host = rest.bytes().take_while(|byte| is_host_byte(byte)).count();
    let path = &rest.as_bytes()[host..];
    let is_path_byte =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'[' | b'(' | b'{');
    let name = &rest.as_bytes()[..host];
    name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.last().is_some_and(u8::is_ascii_alphanumeric)
        && matches!(path, [] | [b'?', ..] | [b'/', _, ..])
        && path.iter().all(is_path_byte)
}

fn any_url(raw: &str) -> Option<CompactString> {
    let text = &*refang(raw)?;
    let (scheme, rest) = text.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let scheme = canonical_scheme(scheme)?;
    let rest = rest.split('#').next().unwrap_or(rest).trim_end();
    let host_end = memchr::memchr3(b'/', b'?', b'\\', rest.as_bytes()).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host_end);
    let (user, host) = authority
        .rsplit_once('@')
        .map_or(("", authority), |(user, host)| (user, host));
    let host = without_default_port(&scheme, host);
    if host.is_empty() || authority.contains(char::is_whitespace) {
        return None;
    }
    let mut url = scheme;
    url.push_str("://");
    if !user.is_empty() {
        url.push_str(user);
        url.push('@');
    }
    url.push_str(&lower(host));
    if path != "/" {
        url.push_str(path);
    }
    Some(url)
}

/// The scheme in lower case; `hxxp` and its like become `http` again.
fn canonical_scheme(scheme: &str) -> Option<CompactString> {
    let is_scheme = scheme
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme || scheme.len() > 16 {
        return None;
    }
    let scheme = lower(scheme);
    Some(match scheme.as_str() {
        "hxxp" | "htxp" | "hxtp" | "meow" => CompactString::const_new("http"),
        "hxxps" | "htxps" | "hxtps" => CompactString::const_new("https"),
        "fxp" => CompactString::const_new("ftp"),
        _ => scheme,
    })
}

/// `host` without the port that its scheme has anyway, and without dots at its end.
fn without_default_port<'t>(scheme: &str, host: &'t str) -> &'t str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        "ftp" => ":21",
        _ => "",
    };
    let mut host = host.trim_end_matches('.');
    while let Some(rest) = host
        .strip_suffix(port)
        .filter(|rest| rest.len() < host.len())
    {
        host = rest.trim_end_matches('.');
    }
    host
}

/// A mail address, out of `Name <address>` and `mailto:` where need be.
pub(super) fn email(raw: &str) -> Option<CompactString> {
    let inside = raw
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(raw, |(inside, _)| inside);
    let inside = strip_prefix_ignoring_case(inside, "mailto:")
        .unwrap_or(inside)
        .trim();
    let address = &*refang(inside)?;
    let (user, domain) = address.rsplit_once('@')?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let is_user = !user.is_empty()
        && !user.chars().any(|c| {
            c.is_whitespace() || matches!(c, '@' | '<' | '>' | ',' | ';' | '"' | '(' | ')')
        });
    if !is_user || domain.split('.').any(str::is_empty) || !domain.chars().all(is_domain_char) {
        return None;
    }
    let mut email = lower(user);
    email.push('@');
    email.push_str(&lower(domain));
    Some(email)
}

/// How people make addresses unclickable.
const DEFANGED: [(&str, &str); 9] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("[:]", ":"),
    ("[://]", "://"),
    ("[@]", "@"),
    ("[at]", "@"),
];

/// `text` made clickable again; `None` when it is still not, because the ways were nested.
fn refang(text: &str) -> Option<Cow<'_, str>> {
    let has_brackets = memchr::memchr3(b'[', b'(', b'{', text.as_bytes()).is_some();
    let is_defanged = |text: &str| DEFANGED.iter().any(|(way, _)| text.contains(way));
    if !has_brackets || !is_defanged(text) {
        return Some(Cow::Borrowed(text));
    }
    let plain = DEFANGED.iter().fold(text.to_owned(), |text, (way, plain)| {
        text.replace(way, plain)
    });
    (!is_defanged(&plain)).then_some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn most_urls_take_the_short_way() {
        for url in [
            "http://cdn.example.org/cache/update.php?id=8841",
            "https://203.0.113.9",
            "https://bad.example.org?x=%7B1%7D",
        ] {
            assert!(is_canonical_url(url), "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_url_that_takes_the_short_way_is_canonical_already(
            url in "(http|https|HTTP|hxxp|ftp)(://|:/)[a-zA-Z0-9.:@-]{0,6}([/?#\\\\][ -~]{0,6})?",
        ) {
            if is_canonical_url(&url) {
                let long_way = any_url(&url);
                prop_assert_eq!(long_way.as_deref(), Some(&*url));
            }
        }
    }
}
