//! The things that an alert of noise names, by the shape of its rule.
//!
//! All that is not the asset itself comes from the seed of the run, so that the alerts of a run repeat each other. Hubs are
//! everywhere on purpose: the NAT address, the name server, the SYSTEM user, content networks, the vulnerability scanner.

use super::alert::{Entities, Role, Thing};
use super::catalog::noise::{Row, Shape};
use super::rng::Mix;
use super::world::{Class, World};

/// Numbers from here on never appear in a story.
pub(super) const NOISE_BASE: u32 = 1 << 31;

pub(super) fn entities(row: &Row, world: &World, asset: u32, seed: u64) -> Entities {
    let mut mix = Mix(seed);
    let mut all = Entities::new();
    let user = user_at(row.class, world, asset, &mut mix);
    let client = Thing::HostIp(world.workstation_of(mix.below(world.users())));
    let here = Thing::HostIp(asset);
    match row.shape {
        Shape::HostLog => host_log(&mut all, asset, &mut mix),
        Shape::HostUser => host_user(&mut all, asset, user, &mut mix),
        Shape::Login => login(&mut all, world, asset, &mut mix),
        Shape::Av => found_file(&mut all, asset, user, &mut mix),
        Shape::Inbound => {
            let stranger = NOISE_BASE | mix.below(40_000);
            traffic(&mut all, Thing::External(stranger), here);
        }
        Shape::Outbound => outbound(&mut all, asset, &mut mix),
        Shape::DnsQuery => {
            traffic(&mut all, client, here);
            all.add(Thing::PopularDomain(mix.below(48)), Role::Target);
        }
        Shape::Lan => traffic(&mut all, client, here),
        Shape::Scan => traffic(&mut all, Thing::HostIp(world.scanner()), here),
        Shape::Cloud => {
            all.add(Thing::User(user), Role::Actor);
            all.add(Thing::Account(user), Role::Affected);
            all.add(Thing::Nat, Role::Source);
        }
        Shape::Letter => {
            let sender = NOISE_BASE | mix.below(3_000);
            traffic(&mut all, Thing::Sender(sender), Thing::Mailbox(user));
        }
    }
    all
}

fn traffic(all: &mut Entities, source: Thing, target: Thing) {
    all.add(source, Role::Source);
    all.add(target, Role::Target);
}

fn host(all: &mut Entities, asset: u32, role: Role) {
    all.add(Thing::Host(asset), role);
    all.add(Thing::HostIp(asset), role);
}

fn host_log(all: &mut Entities, asset: u32, mix: &mut Mix) {
    host(all, asset, Role::Affected);
    if mix.below(2) == 0 {
        all.add(Thing::System, Role::Actor);
    }
}

fn found_file(all: &mut Entities, asset: u32, user: u32, mix: &mut Mix) {
    host(all, asset, Role::Affected);
    all.add(Thing::User(user), Role::Actor);
    all.add(Thing::File(NOISE_BASE | mix.below(5_000)), Role::Affected);
    all.add(program(mix), Role::Affected);
}

/// Mostly a widespread program, now and then one that nobody has seen.
fn program(mix: &mut Mix) -> Thing {
    let rare = NOISE_BASE | mix.below(NOISE_BASE);
    if mix.below(4) == 0 {
        Thing::Hash(rare)
    } else {
        Thing::CommonHash(rare)
    }
}

fn host_user(all: &mut Entities, asset: u32, user: u32, mix: &mut Mix) {
    host(all, asset, Role::Affected);
    all.add(Thing::User(user), Role::Actor);
    if mix.below(4) == 0 {
        all.add(Thing::System, Role::Actor);
    }
    all.add(Thing::Process(mix.below(12)), Role::Actor);
    all.add(Thing::CommonHash(mix.below(6)), Role::Affected);
}

fn login(all: &mut Entities, world: &World, asset: u32, mix: &mut Mix) {
    let user = mix.below(world.users());
    host(all, asset, Role::Target);
    all.add(Thing::User(user), Role::Actor);
    all.add(Thing::HostIp(world.workstation_of(user)), Role::Source);
}

fn outbound(all: &mut Entities, asset: u32, mix: &mut Mix) {
    // A sensor outside the NAT sees its address only.
    let source = if mix.below(5) == 0 {
        Thing::Nat
    } else {
        Thing::HostIp(asset)
    };
    let visited = mix.below(48);
    traffic(all, source, Thing::Popular(visited));
    all.add(Thing::PopularDomain(visited), Role::Target);
}

/// Shared machines and servers have a different user in each run, workstations their owner.
fn user_at(class: Class, world: &World, asset: u32, mix: &mut Mix) -> u32 {
    let someone = mix.below(world.users());
    if class == Class::Workstation {
        world.owner(asset)
    } else {
        someone
    }
}
