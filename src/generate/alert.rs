//! One generated alert before any product has put it into words: a rule, a time, and the things it is about.
//!
//! Things are numbers until they are rendered, so an alert is small, can be copied, and five million hosts cost no memory;
//! `world` turns the numbers into names and addresses.

use super::catalog::{Rule, Sensor};

/// Something an alert can name. The number says which one of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Host(u32),
    HostIp(u32),
    User(u32),
    /// The administrator's second account of a user.
    Admin(u32),
    Mailbox(u32),
    Account(u32),
    /// `NT AUTHORITY\SYSTEM`, on every Windows host.
    System,
    Root,
    /// The one address that the whole enterprise shows to the internet.
    Nat,
    External(u32),
    /// Addresses and names of content networks, which everybody visits.
    Popular(u32),
    PopularDomain(u32),
    Domain(u32),
    Url(u32),
    Sender(u32),
    Hash(u32),
    /// Programs that are on every host: powershell.exe and the like.
    CommonHash(u32),
    File(u32),
    Process(u32),
    Bucket(u32),
    Observer(Sensor),
}

impl Thing {
    /// The word of the native format.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Host(_) | Self::Observer(_) => "host",
            Self::HostIp(_) | Self::Nat | Self::External(_) | Self::Popular(_) => "ip",
            Self::User(_) | Self::Admin(_) | Self::System | Self::Root => "user",
            Self::Mailbox(_) | Self::Sender(_) => "email",
            Self::Account(_) => "account",
            Self::PopularDomain(_) | Self::Domain(_) => "domain",
            Self::Url(_) => "url",
            Self::Hash(_) | Self::CommonHash(_) => "hash",
            Self::File(_) => "file",
            Self::Process(_) => "process",
            Self::Bucket(_) => "cloud_resource",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Source,
    Target,
    Actor,
    Affected,
    Observer,
}

impl Role {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Actor => "actor",
            Self::Affected => "affected",
            Self::Observer => "observer",
        }
    }
}

/// The things of one alert, in order; at most [`Entities::MAX`], further ones are left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entities {
    items: [(Thing, Role); Self::MAX],
    len: u8,
}

impl Entities {
    pub(super) const MAX: usize = 10;

    pub(super) fn new() -> Self {
        let nothing = (Thing::System, Role::Observer);
        Self {
            items: [nothing; Self::MAX],
            len: 0,
        }
    }

    pub(super) fn add(&mut self, thing: Thing, role: Role) {
        if let Some(slot) = self.items.get_mut(usize::from(self.len)) {
            *slot = (thing, role);
            self.len += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Thing, Role)> + '_ {
        self.items[..usize::from(self.len)].iter().copied()
    }

    /// Puts `other` in the place of each thing with this role that `wanted` accepts.
    pub(super) fn replace(&mut self, role: Role, wanted: fn(Thing) -> bool, other: Thing) {
        for (thing, r) in &mut self.items[..usize::from(self.len)] {
            if *r == role && wanted(*thing) {
                *thing = other;
            }
        }
    }

    /// The first thing with this role that `wanted` accepts.
    pub(super) fn find(&self, role: Role, wanted: fn(Thing) -> bool) -> Option<Thing> {
        self.iter()
            .find(|&(thing, r)| r == role && wanted(thing))
            .map(|(thing, _)| thing)
    }

    pub(super) fn any(&self, wanted: fn(Thing) -> bool) -> Option<Thing> {
        self.iter()
            .map(|(thing, _)| thing)
            .find(|&thing| wanted(thing))
    }
}

/// Which attack an alert belongs to: the number of the story within its scope, and the name of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StoryRef {
    pub template: &'static str,
    pub number: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Alert {
    pub event_ms: i64,
    pub scope: u16,
    pub rule: &'static Rule,
    pub entities: Entities,
    /// Unfolds into ports, flow ids and the other things that mean nothing, the same ones at each rendering.
    pub seed: u64,
    pub story: Option<StoryRef>,
}
