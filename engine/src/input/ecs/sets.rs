//! The fields of ECS's small sets, each into its slot.

use super::super::draft::Account;
use super::super::json::Value;
use super::{Event, Indicator, Machine, Program, Related, Rule, Side};

impl<'a> Event<'a> {
    pub(super) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "id" => &mut self.id,
            "kind" => &mut self.kind,
            "code" => &mut self.code,
            "action" => &mut self.action,
            "module" => &mut self.module,
            "dataset" => &mut self.dataset,
            "created" => &mut self.created,
            "start" => &mut self.start,
            "severity" => &mut self.severity,
            "risk_score" | "risk_score_norm" => &mut self.risk_score,
            "reason" => &mut self.reason,
            _ => return false,
        };
        put(slot, value)
    }
}

impl<'a> Rule<'a> {
    pub(super) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "id" => &mut self.id,
            "uuid" => &mut self.uuid,
            "name" => &mut self.name,
            "description" => &mut self.description,
            _ => return false,
        };
        put(slot, value)
    }
}

impl<'a> Machine<'a> {
    pub(crate) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "" => &mut self.bare,
            "name" => &mut self.name,
            "hostname" => &mut self.hostname,
            "id" => &mut self.id,
            "ip" => &mut self.ip,
            _ => return false,
        };
        put(slot, value)
    }

    /// Each of its names.
    pub(crate) fn names(&self) -> impl Iterator<Item = Value<'a>> {
        [self.name, self.hostname, self.bare].into_iter().flatten()
    }
}

impl<'a> Side<'a> {
    pub(super) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "ip" => &mut self.ip,
            "address" => &mut self.address,
            "domain" => &mut self.domain,
            "nat.ip" => &mut self.nat,
            _ => {
                return match field.strip_prefix("user.") {
                    Some(field) => set_account(&mut self.user, field, value),
                    None => false,
                };
            }
        };
        put(slot, value)
    }
}

impl<'a> Program<'a> {
    pub(super) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "path" | "executable" => &mut self.path,
            "name" => &mut self.name,
            "hash.sha256" => &mut self.hashes[0],
            "hash.sha1" => &mut self.hashes[1],
            "hash.md5" => &mut self.hashes[2],
            "hash.sha512" => &mut self.hashes[3],
            _ => return false,
        };
        put(slot, value)
    }
}

impl<'a> Indicator<'a> {
    pub(super) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "ip" => &mut self.ip,
            "domain" | "url.domain" => &mut self.domain,
            "url.full" => &mut self.url,
            "email.address" => &mut self.email,
            "file.hash.sha256" => &mut self.hashes[0],
            "file.hash.sha1" => &mut self.hashes[1],
            "file.hash.md5" => &mut self.hashes[2],
            "file.hash.sha512" => &mut self.hashes[3],
            _ => return false,
        };
        put(slot, value)
    }
}

impl<'a> Related<'a> {
    pub(super) fn set(&mut self, field: &str, value: Value<'a>) -> bool {
        let slot = match field {
            "ip" => &mut self.ip,
            "hosts" => &mut self.hosts,
            "user" => &mut self.user,
            "hash" => &mut self.hash,
            _ => return false,
        };
        put(slot, value)
    }
}

pub(super) fn set_account<'a>(account: &mut Account<'a>, field: &str, value: Value<'a>) -> bool {
    let slot = match field {
        "" | "name" => &mut account.name,
        "domain" => &mut account.domain,
        "id" => &mut account.id,
        "email" => &mut account.email,
        _ => return false,
    };
    put(slot, value)
}

pub(super) fn put<'a>(slot: &mut Option<Value<'a>>, value: Value<'a>) -> bool {
    *slot = Some(value);
    true
}
