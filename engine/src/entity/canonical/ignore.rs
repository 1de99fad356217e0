//! What is ignored: values that many things share because they name nothing in particular.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether `text` is how products write "there is none".
pub(super) fn is_blank(text: &str) -> bool {
    let Some(first) = text.bytes().next() else {
        return true;
    };
    // Few values begin like one of these words.
    if !matches!(
        first,
        b'-' | b'?' | b'*' | b'.' | b'_' | b'n' | b'N' | b'u' | b'U' | b'e' | b'E' | b'<' | b'('
    ) {
        return false;
    }
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.len() {
        1 => matches!(text, "-" | "?" | "*" | "." | "_"),
        2 => is("na") || is("--"),
        3 => is("n/a") || is("nil"),
        4 => is("null") || is("none") || is("<na>"),
        5 => is("empty"),
        6 => is("(null)") || is("<null>") || is("(none)") || is("<none>"),
        7 => is("unknown") || is("<blank>") || is("(empty)"),
        9 => is("undefined") || is("<unknown>") || is("(unknown)"),
        13 => is("not available"),
        14 => is("not applicable"),
        _ => false,
    }
}

/// Whether every machine has this name for itself. `host` is lower case.
pub(super) fn is_local_host(host: &str) -> bool {
    matches!(
        host,
        "localhost"
            | "localhost4"
            | "localhost6"
            | "ip6-localhost"
            | "ip6-loopback"
            | "localdomain"
            | "localhost.localdomain"
            | "localhost4.localdomain4"
            | "localhost6.localdomain6"
    )
}

/// Whether a domain is for reverse look-up, or every machine's own. `domain` is lower case.
pub(super) fn is_common_domain(domain: &str) -> bool {
    domain.ends_with(".in-addr.arpa") || domain.ends_with(".ip6.arpa") || is_local_host(domain)
}

/// Addresses that name no machine, and the public resolvers, which everybody talks to.
pub(super) fn is_common_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // This network, loopback, multicast, reserved and broadcast.
        [0 | 127 | 224..=255, ..] => true,
        // The metadata service of the clouds.
        [169, 254, 169, 254] => true,
        // Cloudflare, Google, Quad9, OpenDNS.
        [1, 1, 1, 1..=3] | [1, 0, 0, 1..=3] | [8, 8, 8, 8] | [8, 8, 4, 4] | [9, 9, 9, 9] => true,
        [149, 112, 112, 112] | [208, 67, 222, 222] | [208, 67, 220, 220] => true,
        _ => false,
    }
}

/// As [`is_common_v4`].
pub(super) fn is_common_v6(address: Ipv6Addr) -> bool {
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
        return true;
    }
    matches!(
        address.segments(),
        [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111 | 0x1001]
            | [0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888 | 0x8844]
            | [0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe | 9]
            | [0x2620, 0x119, 0x35, 0, 0, 0, 0, 0x35]
            | [0x2620, 0x119, 0x53, 0, 0, 0, 0, 0x53]
            // The metadata service of AWS.
            | [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
    )
}

/// Whether a user of this name is on every machine. `name` is lower case and without domain.
pub(super) fn is_system_user(name: &str) -> bool {
    matches!(
        name,
        "system"
            | "root"
            | "localsystem"
            | "local system"
            | "local service"
            | "localservice"
            | "network service"
            | "networkservice"
            | "anonymous logon"
            | "anonymous"
            | "local account"
            | "everyone"
            | "lokaler dienst"
            | "netzwerkdienst"
            | "système"
            | "sistema"
    )
}

/// Whether a domain holds only users that are on every Windows machine. `domain` is lower case.
pub(super) fn is_system_domain(domain: &str) -> bool {
    matches!(
        domain,
        "nt authority"
            | "nt service"
            | "window manager"
            | "font driver host"
            | "iis apppool"
            | "nt virtual machine"
            | "builtin"
            | "nt-autorität"
            | "autorite nt"
            | "autorité nt"
            | "autoridad nt"
            | "autoridade nt"
    )
}

/// Whether a SID in upper case means the same on every machine, or nobody.
pub(super) fn is_well_known_sid(sid: &str) -> bool {
    let Some(tail) = sid.strip_prefix("S-1-") else {
        return true;
    };
    // Only accounts of a domain or machine (S-1-5-21), of Entra ID (S-1-12) and packages (S-1-15) name someone.
    !(tail.starts_with("5-21-") || tail.starts_with("12-") || tail.starts_with("15-"))
}

/// Whether a hash in lower case is of the empty file, or a placeholder.
pub(super) fn is_empty_hash(hash: &str) -> bool {
    match hash.as_bytes() {
        [b'd', b'4', ..] => hash == "d41d8cd98f00b204e9800998ecf8427e",
        [b'd', b'a', ..] => hash == "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        [b'e', b'3', ..] => {
            hash == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        }
        [b'c', b'f', ..] => {
            hash == "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                     47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        }
        [first, rest @ ..] => rest.iter().all(|byte| byte == first),
        [] => true,
    }
}
