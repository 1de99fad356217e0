//! Patterns: a value, a text with `*` and `?`, or a network of addresses.

use std::net::IpAddr;

use compact_str::CompactString;

use crate::entity::{Entity, EntityKind, Role};

/// Longest pattern in bytes. A comparison takes at most its length times that of the value.
pub(super) const BYTES_MAX: usize = 256;

/// What a value is compared with. Letter case of ASCII doesn't matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This value.
    Is(CompactString),
    /// Like this, where `*` stands for any text and `?` for one character.
    Like(CompactString),
    /// An address in this network, by its first bits.
    In(IpAddr, u8),
}

impl Pattern {
    /// The pattern that a text says; `None`: it is empty, too long, or nothing but `*` and `?`, which says nothing.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_wild = |c: char| matches!(c, '*' | '?');
        if text.len() > BYTES_MAX || text.chars().all(is_wild) || text.chars().any(char::is_control)
        {
            return None;
        }
        Some(match text.contains(is_wild) {
            true => Self::Like(text.into()),
            false => Self::Is(text.into()),
        })
    }

    /// The pattern that a text says of an entity: a value without `*` and `?` in its canonical form, for an address also
    /// `10.0.0.0/8`. `None`: as [`Self::of`], or it means nothing for the kind.
    #[must_use]
    pub fn of_entity(kind: EntityKind, text: &str) -> Option<Self> {
        if kind == EntityKind::Ip
            && let Some((address, bits)) = text.trim().split_once('/')
        {
            let address: IpAddr = address.parse().ok()?;
            let bits: u8 = bits.parse().ok()?;
            // All addresses there are: as nothing.
            return (1..=width(address))
                .contains(&bits)
                .then_some(Self::In(address, bits));
        }
        match Self::of(text)? {
            Self::Is(value) => {
                let entity = Entity::new(kind, Role::Affected, &value)?;
                Some(Self::Is(entity.value))
            }
            other => Some(other),
        }
    }

    /// Whether a value is as the pattern says.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(text) => text.eq_ignore_ascii_case(value),
            Self::Like(text) => is_like(text.as_bytes(), value.as_bytes()),
            Self::In(network, bits) => value
                .parse()
                .is_ok_and(|address: IpAddr| is_in(address, *network, *bits)),
        }
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let number = |address: IpAddr| match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let width = width(network);
    let shift = u32::from(width - bits);
    address.is_ipv4() == network.is_ipv4() && number(address) >> shift == number(network) >> shift
}

/// The usual way: at a mismatch go back to the last `*` and let it stand for one byte more. `?` stands for a whole
/// character of UTF-8.
fn is_like(pattern: &[u8], value: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while place < value.len() {
        let same = pattern
            .get(at)
            .is_some_and(|byte| byte.eq_ignore_ascii_case(&value[place]));
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                place += 1;
                while value.get(place).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    place += 1;
                }
            }
            _ if same => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star_at, from)) = star else {
                    return false;
                };
                star = Some((star_at, from + 1));
                (at, place) = (star_at + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        let like = |pattern: &str, value: &str| Pattern::of(pattern).unwrap().holds(value);
        assert!(like("ET SCAN*", "et scan Nmap"));
        assert!(like("*nmap*", "ET SCAN Nmap -sS"));
        assert!(like("a*b*c", "a-b-b-c"));
        assert!(!like("a*b*c", "a-b-b-c-"));
        assert!(like("web-??", "web-01") && !like("web-??", "web-1"));
        assert!(like("na?ve", "naïve"));
        assert!(like("x", "X") && !like("x", "xx"));
        assert_eq!(Pattern::of("*?*"), None);
        assert_eq!(Pattern::of(""), None);
        assert_eq!(Pattern::of(&"a".repeat(BYTES_MAX + 1)), None);
    }

    #[test]
    fn networks_hold_their_addresses() {
        let ip = |text: &str| Pattern::of_entity(EntityKind::Ip, text);
        let ten = ip("10.0.0.0/8").unwrap();
        assert!(ten.holds("10.255.0.1") && !ten.holds("11.0.0.1") && !ten.holds("::a00:1"));
        let six = ip("2001:db8::/32").unwrap();
        assert!(six.holds("2001:db8:1::1") && !six.holds("2001:db9::1"));
        assert!(ip("192.0.2.7/32").unwrap().holds("192.0.2.7"));
        for nothing in ["0.0.0.0/0", "10.0.0.0/33", "10.0.0/8", "/8", "host"] {
            assert_eq!(ip(nothing), None, "{nothing}");
        }
        assert!(ip("::ffff:192.0.2.1").unwrap().holds("192.0.2.1"));
    }

    #[test]
    fn the_worst_pattern_ends() {
        let pattern = Pattern::of(&"*a".repeat(BYTES_MAX / 2)).unwrap();
        assert!(!pattern.holds(&format!("{}b", "a".repeat(2_000))));
    }
}
