//! The enterprise of one scope, as arithmetic: which host numbers are which kind of machine, and who sits where.
//!
//! Nothing is stored per host or user, so a world of five million hosts is as small as one of sixty. All scopes have the
//! same layout and so the same private addresses, as tenants of a real provider do.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Dns,
    Dc,
    Mail,
    Proxy,
    Scanner,
    Web,
    Db,
    File,
    Server,
    /// Terminal servers: many users on one machine.
    Terminal,
    Workstation,
}

impl Class {
    const ALL: [Self; 11] = [
        Self::Dns,
        Self::Dc,
        Self::Mail,
        Self::Proxy,
        Self::Scanner,
        Self::Web,
        Self::Db,
        Self::File,
        Self::Server,
        Self::Terminal,
        Self::Workstation,
    ];

    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Dc => "dc",
            Self::Mail => "mail",
            Self::Proxy => "proxy",
            Self::Scanner => "vulnscan",
            Self::Web => "web",
            Self::Db => "db",
            Self::File => "file",
            Self::Server => "srv",
            Self::Terminal => "ts",
            Self::Workstation => "ws",
        }
    }

    /// How many of `hosts` machines are of this kind; workstations are the rest.
    fn size(self, hosts: u32) -> u32 {
        match self {
            Self::Dns | Self::Dc => 2,
            Self::Mail => 3,
            Self::Proxy | Self::Scanner => 1,
            Self::Web | Self::Db => (hosts / 250).clamp(2, 60),
            Self::File => (hosts / 200).clamp(2, 60),
            Self::Terminal => (hosts / 150).clamp(2, 60),
            Self::Server => (hosts / 20).clamp(4, 2_000),
            Self::Workstation => 0,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    pub scope: &'static str,
    /// First host of each class, in the order of [`Class::ALL`].
    first: [u32; 11],
    hosts: u32,
}

impl World {
    /// At least 40 hosts, so that there are workstations beside the servers.
    pub(super) fn new(scope: &'static str, hosts: u32) -> Self {
        let hosts = hosts.max(40);
        let mut next = 0;
        let first = Class::ALL.map(|class| {
            let here = next;
            next += class.size(hosts);
            here
        });
        Self {
            scope,
            first,
            hosts,
        }
    }

    pub(super) fn count(&self, class: Class) -> u32 {
        let next = self
            .first
            .get(class as usize + 1)
            .copied()
            .unwrap_or(self.hosts);
        next - self.first[class as usize]
    }

    /// The `n`-th machine of a class, counting round and round.
    pub(super) fn host(&self, class: Class, n: u32) -> u32 {
        self.first[class as usize] + n % self.count(class)
    }

    /// The class of a host and its place there.
    pub(super) fn place(&self, host: u32) -> (Class, u32) {
        let is_below = |&class: &Class| self.first[class as usize] <= host;
        let class = Class::ALL
            .into_iter()
            .rev()
            .find(is_below)
            .unwrap_or(Class::Dns);
        (class, host - self.first[class as usize])
    }

    /// One user for each workstation.
    pub(super) fn users(&self) -> u32 {
        self.count(Class::Workstation)
    }

    pub(super) fn workstation_of(&self, user: u32) -> u32 {
        self.host(Class::Workstation, user)
    }

    pub(super) fn owner(&self, host: u32) -> u32 {
        match self.place(host) {
            (Class::Workstation, n) => n,
            _ => host % self.users(),
        }
    }

    /// Users who also have an administrator's account: one in fifty.
    pub(super) fn admins(&self) -> u32 {
        (self.users() / 50).max(3)
    }

    pub(super) fn resolver(&self, n: u32) -> u32 {
        self.host(Class::Dns, n)
    }

    pub(super) fn scanner(&self) -> u32 {
        self.host(Class::Scanner, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_one_place() {
        for hosts in [60, 2_000, 5_000_000] {
            let world = World::new("default", hosts);
            let total: u32 = Class::ALL.iter().map(|&class| world.count(class)).sum();
            assert_eq!(total, hosts);
            for class in Class::ALL {
                let last = world.count(class) - 1;
                assert_eq!(world.place(world.host(class, last)), (class, last));
                assert_eq!(world.host(class, last + 1), world.host(class, 0));
            }
        }
    }

    #[test]
    fn users_and_workstations_go_together() {
        let world = World::new("default", 2_000);
        assert_eq!(world.owner(world.workstation_of(17)), 17);
        assert!(world.users() > 1_800);
        assert!(world.owner(world.scanner()) < world.users());
    }
}
