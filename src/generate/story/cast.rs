//! Who plays in one story: the machines and people it happens to, and the attacker's own things.
//!
//! The attacker's things are numbered by the story, so no two stories of a scope share one by accident. Machines and people
//! are drawn like cards: nobody comes twice before everybody has come once.

use super::template::{Machine, Outside, Person, Who};
use crate::generate::alert::{Entities, Role, Thing};
use crate::generate::catalog::Sensor;
use crate::generate::rng::Rng;
use crate::generate::shape::NOISE_BASE;
use crate::generate::world::{Class, World};

/// A prime: unless the number of users is a multiple of it, its multiples go round through all of them.
const STRIDE: u64 = 7_919;
/// Things of one kind that belong to one story.
const PER_STORY: u32 = 4;

#[derive(Clone, Copy, Debug)]
pub(super) struct Cast {
    pub number: u32,
    /// The number, shifted: what is drawn in turn is drawn by it.
    turn: u32,
    /// Number of the victim, the second and the third user; each sits at his own workstation.
    users: [u32; 3],
    admin: u32,
    /// Where `EachUser` and `EachMachine` begin to count.
    base: u32,
}

impl Cast {
    /// `shift` is the same for all stories of one seed.
    pub(super) fn new(world: &World, number: u32, shift: u32, rng: &mut Rng) -> Self {
        let turn = number.wrapping_add(shift);
        let card = |i: u64| ((u64::from(turn) * 3 + i) * STRIDE % u64::from(world.users())) as u32;
        Self {
            number,
            turn,
            users: [card(0), card(1), card(2)],
            admin: turn % world.admins(),
            base: rng.below(world.users()),
        }
    }

    /// Adds `who` as `sensor` would report it in the `nth` alert of a step.
    pub(super) fn add(
        &self,
        who: Who,
        sensor: Sensor,
        nth: u32,
        world: &World,
        all: &mut Entities,
    ) {
        match who {
            Who::On(machine) => self.add_machine(machine, Role::Affected, sensor, world, all),
            Who::From(machine) => self.add_machine(machine, Role::Source, sensor, world, all),
            Who::To(machine) => self.add_machine(machine, Role::Target, sensor, world, all),
            Who::EachMachine => {
                let machine = world.host(Class::Server, self.base.wrapping_add(nth));
                all.add(Thing::HostIp(machine), Role::Target);
            }
            _ if sensor == Sensor::Ids => self.add_seen_on_the_wire(who, all),
            _ => self.add_one(who, nth, world, all),
        }
    }

    fn add_machine(
        &self,
        machine: Machine,
        role: Role,
        sensor: Sensor,
        world: &World,
        all: &mut Entities,
    ) {
        let host = self.machine(machine, world);
        if sensor != Sensor::Ids {
            all.add(Thing::Host(host), role);
        }
        all.add(Thing::HostIp(host), role);
    }

    fn add_seen_on_the_wire(&self, who: Who, all: &mut Entities) {
        match who {
            Who::FromOutside(whose) => all.add(self.address(whose), Role::Source),
            Who::ToOutside(whose) => all.add(self.address(whose), Role::Target),
            Who::ToDomain(whose) => all.add(self.domain(whose), Role::Target),
            _ => {}
        }
    }

    fn add_one(&self, who: Who, nth: u32, world: &World, all: &mut Entities) {
        let (thing, role) = match who {
            Who::By(person) => (self.user(person), Role::Actor),
            Who::Of(person) => (self.user(person), Role::Target),
            Who::MailTo(person) => (Thing::Mailbox(self.user_number(person)), Role::Target),
            Who::MailBy(person) => (Thing::Mailbox(self.user_number(person)), Role::Source),
            Who::AccountOf(person) => (Thing::Account(self.user_number(person)), Role::Affected),
            Who::FromOutside(whose) => (self.address(whose), Role::Source),
            Who::ToOutside(whose) => (self.address(whose), Role::Target),
            Who::ToDomain(whose) => (self.domain(whose), Role::Target),
            Who::Sender => (Thing::Sender(self.own(0)), Role::Source),
            Who::Lure => (Thing::Url(self.own(3)), Role::Target),
            Who::LureDomain => (Thing::Domain(self.own(3)), Role::Target),
            Who::Malware => (Thing::Hash(self.own(0)), Role::Affected),
            Who::Tool => (Thing::Hash(self.own(1)), Role::Affected),
            Who::CommonProgram => (Thing::CommonHash(self.turn), Role::Affected),
            Who::Process(n) => (Thing::Process(n), Role::Actor),
            Who::Dropped => (Thing::File(self.own(0)), Role::Affected),
            Who::System => (Thing::System, Role::Actor),
            Who::Root => (Thing::Root, Role::Actor),
            Who::Bucket => (Thing::Bucket(self.turn % 40), Role::Target),
            Who::EachUser => {
                let user = self.base.wrapping_add(nth) % world.users();
                (Thing::User(user), Role::Target)
            }
            Who::EachFile => (
                Thing::File(NOISE_BASE / 2 + self.base + nth),
                Role::Affected,
            ),
            Who::On(_) | Who::From(_) | Who::To(_) | Who::EachMachine => return,
        };
        all.add(thing, role);
    }

    fn machine(&self, machine: Machine, world: &World) -> u32 {
        // One more for each round of the templates: where there are as many machines of a class as templates, every
        // attack of one kind would otherwise fall on the same machine.
        let rounds = self.number / super::templates::ALL.len() as u32;
        let n = self.turn.wrapping_add(rounds);
        match machine {
            Machine::Victim => world.workstation_of(self.users[0]),
            Machine::Second => world.workstation_of(self.users[1]),
            Machine::Third => world.workstation_of(self.users[2]),
            Machine::Server => world.host(Class::Server, n.wrapping_mul(2)),
            Machine::Other => world.host(Class::Server, n.wrapping_mul(2) + 1),
            Machine::Files => world.host(Class::File, n),
            Machine::Web => world.host(Class::Web, n),
            Machine::Db => world.host(Class::Db, n),
            Machine::Terminal => world.host(Class::Terminal, n),
            Machine::Dc => world.host(Class::Dc, n),
            Machine::Dns => world.resolver(n),
        }
    }

    fn user(&self, person: Person) -> Thing {
        match person {
            Person::Admin => Thing::Admin(self.admin),
            _ => Thing::User(self.user_number(person)),
        }
    }

    fn user_number(&self, person: Person) -> u32 {
        match person {
            Person::Victim => self.users[0],
            Person::Second => self.users[1],
            Person::Third => self.users[2],
            Person::Admin => self.admin,
        }
    }

    fn address(&self, whose: Outside) -> Thing {
        Thing::External(self.own(whose as u32))
    }

    fn domain(&self, whose: Outside) -> Thing {
        Thing::Domain(self.own(whose as u32))
    }

    /// The `i`-th of the story's own things of a kind.
    fn own(&self, i: u32) -> u32 {
        (self.turn.wrapping_mul(PER_STORY) + i) % (NOISE_BASE / 2)
    }
}
