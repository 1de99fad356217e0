//! Which of an alert's things goes into which field.

use crate::generate::alert::{Alert, Role, Thing};

pub(super) fn is_ip(thing: Thing) -> bool {
    thing.kind() == "ip"
}

pub(super) fn is_host(thing: Thing) -> bool {
    matches!(thing, Thing::Host(_))
}

pub(super) fn is_user(thing: Thing) -> bool {
    matches!(thing, Thing::User(_) | Thing::Admin(_))
}

pub(super) fn is_domain(thing: Thing) -> bool {
    thing.kind() == "domain"
}

/// What a reader would say the alert is about.
pub(super) fn subject(alert: &Alert) -> Option<Thing> {
    let entities = &alert.entities;
    let host = entities
        .find(Role::Affected, is_host)
        .or_else(|| entities.find(Role::Target, is_host));
    let address = || {
        entities
            .find(Role::Target, is_ip)
            .or_else(|| entities.find(Role::Source, is_ip))
    };
    host.or_else(|| entities.any(is_user)).or_else(address)
}
