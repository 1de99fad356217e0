//! Entities: the typed, canonical values through which alerts are connected.
//!
//! [`Entity::new`] is the only way to make one: it brings the value into its canonical form and refuses what
//! means nothing (blanks, `-`, loopback, `SYSTEM` ...), so that equal strings mean the same thing and noise
//! never links. Canonical forms and the ignore list are in `entity/canonical.rs`.

mod canonical;

pub(crate) use canonical::may_have_controls;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// What an entity is. The order is part of stored keys: append, never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EntityKind {
    /// A machine, by lower-case name without trailing dot.
    Host,
    /// A person's or service's account name: `name`, `domain\name` or `name@domain`, lower case.
    User,
    /// An IPv4 or IPv6 address in canonical text; IPv4-mapped IPv6 becomes IPv4.
    Ip,
    /// A file hash: 32, 40, 64 or 128 lower-case hex digits.
    Hash,
    /// A DNS name that is not one of our machines.
    Domain,
    /// An absolute URL with lower-case scheme and host.
    Url,
    /// An e-mail address, lower case.
    Email,
    /// A process: its image path or name.
    Process,
    /// A file path or name.
    File,
    /// A cloud resource: ARN, Azure or GCP resource id.
    CloudResource,
    /// A cloud or SaaS account or subscription.
    Account,
}

/// What an entity did in an alert. The order is part of stored values: append, never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// Where it came from.
    Source,
    /// Where it went.
    Target,
    /// Who did it.
    Actor,
    /// What it happened to or on.
    Affected,
    /// The reporting sensor; never links.
    Observer,
}

/// A typed, canonical value with its role in one alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// What it did.
    pub role: Role,
    /// Its canonical value; never empty.
    pub value: CompactString,
    /// Entities of one alert with the same number other than 0 name the same thing (a host and its address,
    /// a user's name and mail address). 0: stands for itself.
    pub thing: u8,
}

impl Entity {
    /// The canonical entity for `raw`, or `None` when the value means nothing or is malformed for its kind.
    #[must_use]
    pub fn new(kind: EntityKind, role: Role, raw: &str) -> Option<Self> {
        let value = canonical::canonical(kind, raw)?;
        Some(Self {
            kind,
            role,
            value,
            thing: 0,
        })
    }

    /// The entity for a field that holds either a host's name or its address.
    #[must_use]
    pub fn host_or_ip(role: Role, raw: &str) -> Option<Self> {
        Self::new(EntityKind::Ip, role, raw).or_else(|| Self::new(EntityKind::Host, role, raw))
    }

    /// The entity for a field that holds a user's account or, with a `$` at its end, a machine's.
    #[must_use]
    pub fn user_or_host(role: Role, raw: &str) -> Option<Self> {
        let kind = if raw.trim_end().ends_with('$') {
            EntityKind::Host
        } else {
            EntityKind::User
        };
        Self::new(kind, role, raw)
    }

    /// The same entity, marked as naming the thing number `thing` of its alert.
    #[must_use]
    pub fn naming(mut self, thing: u8) -> Self {
        self.thing = thing;
        self
    }

    /// Whether the entity may connect alerts at all; observers never do.
    #[must_use]
    pub fn is_linkable(&self) -> bool {
        self.role != Role::Observer
    }
}

impl EntityKind {
    /// Every kind, in stored order.
    pub const ALL: [Self; 11] = [
        Self::Host,
        Self::User,
        Self::Ip,
        Self::Hash,
        Self::Domain,
        Self::Url,
        Self::Email,
        Self::Process,
        Self::File,
        Self::CloudResource,
        Self::Account,
    ];

    /// The word used in messages, policies, metrics and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::User => "user",
            Self::Ip => "ip",
            Self::Hash => "hash",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Email => "email",
            Self::Process => "process",
            Self::File => "file",
            Self::CloudResource => "cloud_resource",
            Self::Account => "account",
        }
    }

    /// The kind named by `word`, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }
}

impl Role {
    /// Every role, in stored order.
    pub const ALL: [Self; 5] = [
        Self::Source,
        Self::Target,
        Self::Actor,
        Self::Affected,
        Self::Observer,
    ];

    /// The word used in messages, policies and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Actor => "actor",
            Self::Affected => "affected",
            Self::Observer => "observer",
        }
    }

    /// The role named by `word`, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(word))
    }
}
