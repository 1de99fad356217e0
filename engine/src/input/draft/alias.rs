//! Aliases: the short name of a machine beside its full one, and the bare name of a user beside `domain\name` or
//! `name@domain`. Products disagree on which of them they write, and would never meet otherwise.
//!
//! An alias has the number of what it is an alias of, so that both are one piece of evidence, and stands behind all that the
//! product said. It is left out where it might be somebody else: names that many machines or organisations have (`www`,
//! `admin`), names in which an address is written, what two things of the alert would share, mail addresses of providers
//! for everybody, and machines on the Internet: only what is affected, or acts, has aliases.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::entity::{Entity, EntityKind, Role};

use super::Draft;

/// Shorter names are initials, numbers of a rack and the like.
const HOST_BYTES_MIN: usize = 3;
const USER_BYTES_MIN: usize = 3;

/// An alias, and what it is one of.
struct Alias {
    at: usize,
    name: CompactString,
}

impl Draft<'_> {
    /// Adds the aliases of what was said.
    pub(super) fn tell_aliases(&mut self) {
        let entities = &self.alert.entities;
        let is_told = |kind: EntityKind| entities.iter().any(|entity| entity.kind == kind);
        if !is_told(EntityKind::Host) && !is_told(EntityKind::User) {
            return;
        }
        for alias in self.aliases() {
            if self.alert.entities.len() >= self.limits.entities_max {
                return;
            }
            let number = self.number_of(alias.at);
            let known = &self.alert.entities[alias.at];
            let entity = Entity::new(known.kind, known.role, &alias.name);
            if entity.is_some() {
                self.push(entity, number);
            }
        }
    }

    /// The aliases of what the alert has, without those that two things would share.
    fn aliases(&self) -> SmallVec<[Alias; 4]> {
        let entities = &self.alert.entities;
        let mut aliases: SmallVec<[Alias; 4]> = SmallVec::new();
        for (at, entity) in entities.iter().enumerate() {
            let name = match (entity.kind, entity.role) {
                (EntityKind::Host, Role::Affected | Role::Actor) => short_host(&entity.value),
                (EntityKind::User, Role::Affected | Role::Actor) => bare_user(&entity.value),
                // To whom something is sent or given may be anybody.
                (EntityKind::User, Role::Target) if !entity.value.contains('@') => {
                    bare_user(&entity.value)
                }
                _ => None,
            };
            if let Some(name) = name {
                let name = CompactString::new(name);
                aliases.push(Alias { at, name });
            }
        }
        let is_same =
            |a: &Entity, b: &Entity| a.value == b.value || (a.thing != 0 && a.thing == b.thing);
        let is_shared = |alias: &Alias| {
            let of = &entities[alias.at];
            let by_alias = aliases.iter().any(|other| {
                let known = &entities[other.at];
                other.name == alias.name && known.kind == of.kind && !is_same(known, of)
            });
            let by_name = entities.iter().any(|known| {
                known.kind == of.kind
                    && known.value == alias.name
                    && known.thing != 0
                    && of.thing != 0
                    && known.thing != of.thing
            });
            by_alias || by_name
        };
        let mut own: SmallVec<[Alias; 4]> = SmallVec::new();
        for alias in &aliases {
            if !is_shared(alias) {
                let (at, name) = (alias.at, alias.name.clone());
                own.push(Alias { at, name });
            }
        }
        own
    }

    /// The number of the thing that an entity names; one that nothing else has, where it stood for itself.
    fn number_of(&mut self, at: usize) -> u8 {
        let number = self.alert.entities[at].thing;
        if number != 0 {
            return number;
        }
        let is_free = |number: &u8| {
            let mut entities = self.alert.entities.iter();
            !entities.any(|entity| entity.thing == *number)
        };
        // Rooms count from below.
        let free = (1..=u8::MAX).rev().find(is_free).unwrap_or(0);
        self.alert.entities[at].thing = free;
        free
    }
}

/// The first label of a name with several, where that names the machine.
fn short_host(name: &str) -> Option<&str> {
    let (short, domain) = name.split_once('.')?;
    let has_letter = short.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_name = domain.bytes().all(|byte| byte != b' ') && !domain.is_empty();
    let is_own = short.len() >= HOST_BYTES_MIN && has_letter && is_name && !is_common_host(short);
    (is_own && !holds_address(short)).then_some(short)
}

/// Whether machines of every organisation are called so.
fn is_common_host(short: &str) -> bool {
    const COMMON: [&str; 34] = [
        "www",
        "web",
        "mail",
        "smtp",
        "imap",
        "pop",
        "mx",
        "ftp",
        "sftp",
        "vpn",
        "dns",
        "ntp",
        "ldap",
        "proxy",
        "gateway",
        "router",
        "firewall",
        "switch",
        "server",
        "host",
        "node",
        "api",
        "app",
        "apps",
        "cdn",
        "static",
        "portal",
        "login",
        "sso",
        "auth",
        "test",
        "dev",
        "localhost",
        "autodiscover",
    ];
    let stem = short.trim_end_matches(|last: char| last.is_ascii_digit());
    COMMON.contains(&stem)
}

/// Whether an address is written in the name: `ip-10-0-0-5`, `ec2-198-51-100-7`, `host198-51-100-7`.
fn holds_address(short: &str) -> bool {
    let numbers = short.split(['-', '_']).filter(|part| {
        part.len() <= 3 && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    numbers.count() >= 3
}

/// The name without the domain before or after it, where that names the account.
fn bare_user(name: &str) -> Option<&str> {
    let (name, domain) = match name.rsplit_once('\\') {
        Some((domain, name)) => (name, domain),
        None => name.rsplit_once('@')?,
    };
    let has_letter = name
        .bytes()
        .any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    let is_own = name.len() >= USER_BYTES_MIN
        && has_letter
        && !name.contains(['@', '\\', '/', ':', ' '])
        && !is_common_user(name)
        && !is_for_everybody(domain);
    is_own.then_some(name)
}

/// Whether machines or organisations have such an account each.
fn is_common_user(name: &str) -> bool {
    const COMMON: [&str; 34] = [
        "administrator",
        "admin",
        "administrateur",
        "administrador",
        "guest",
        "gast",
        "user",
        "test",
        "service",
        "svc",
        "info",
        "support",
        "help",
        "helpdesk",
        "sales",
        "contact",
        "office",
        "noreply",
        "no-reply",
        "postmaster",
        "webmaster",
        "abuse",
        "security",
        "oracle",
        "postgres",
        "mysql",
        "ubuntu",
        "ec2-user",
        "centos",
        "nobody",
        "daemon",
        "krbtgt",
        "defaultaccount",
        "backup",
    ];
    let stem = name.trim_end_matches(|last: char| last.is_ascii_digit());
    COMMON.contains(&name) || COMMON.contains(&stem)
}

/// Whether everybody may have an account there; and accounts of programs.
fn is_for_everybody(domain: &str) -> bool {
    const PROVIDERS: [&str; 16] = [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "gmx.net",
        "gmx.de",
        "web.de",
        "proton.me",
        "protonmail.com",
        "qq.com",
    ];
    PROVIDERS.contains(&domain)
        || domain.ends_with(".gserviceaccount.com")
        || domain.ends_with("amazonaws.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_of_machines() {
        for (name, wanted) in [
            ("ws-7.corp.example", Some("ws-7")),
            ("john's-mac.local", Some("john's-mac")),
            ("dc01.corp.example", Some("dc01")),
            ("ws-7", None),
            ("www.example.com", None),
            ("web03.example.com", None),
            ("ip-10-0-0-5.ec2.internal", None),
            ("10-0-0-5.example.com", None),
            ("42.example.com", None),
            ("a1.example.com", None),
        ] {
            assert_eq!(short_host(name), wanted, "{name}");
        }
    }

    #[test]
    fn bare_names_of_users() {
        for (name, wanted) in [
            (r"corp\alice", Some("alice")),
            ("alice@corp.example", Some("alice")),
            ("a.miller@corp.example", Some("a.miller")),
            ("alice", None),
            (r"ws1\administrator", None),
            ("admin2@corp.example", None),
            ("alice@gmail.com", None),
            ("build@p.iam.gserviceaccount.com", None),
            ("1042@corp.example", None),
            ("S-1-5-21-1-2-3-4", None),
            ("system:serviceaccount:x", None),
        ] {
            assert_eq!(bare_user(name), wanted, "{name}");
        }
    }
}
