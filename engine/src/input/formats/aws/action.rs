//! The action of a finding: an API call, a connection, a DNS request, a probe, a log-in. GuardDuty and ASFF write the same
//! objects, in lower and upper camel case.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;
use super::super::super::names::{self, KEY, lowered};
use super::{Part, is_arn};

/// Tells the entities of one action.
pub(in super::super) fn tell(action: Value<'_>, part: Part, draft: &mut Draft<'_>) {
    for (_, inner) in action.keys_and_values() {
        if inner.fields().is_some() {
            tell_one(inner, part, draft);
        }
    }
}

fn tell_one(action: Value<'_>, part: Part, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    let direction = names::at_lowered(action, b"connectiondirection").and_then(Value::as_str);
    let remote = part.remote(direction);
    for (key, value) in action.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"remoteipdetails" => tell_addresses(value, remote, draft),
            b"localipdetails" => tell_addresses(value, part.resource(), draft),
            b"sourceips" => value.each(|address| {
                names::one(draft, EntityKind::Ip, Role::Source, address.as_str());
            }),
            b"portprobedetails" => value.each(|probe| tell_one(probe, part, draft)),
            b"domain" => names::one(draft, EntityKind::Domain, Role::Target, value.as_str()),
            b"domaindetails" => {
                let domain = names::at_lowered(value, b"domain").and_then(Value::as_str);
                // A service of AWS calls for everybody: it stands there, and connects nothing.
                let is_aws = domain.is_some_and(|domain| domain.ends_with(".amazonaws.com"));
                let role = if is_aws { Role::Observer } else { remote };
                names::one(draft, EntityKind::Domain, role, domain);
            }
            b"remoteaccountdetails" => {
                super::tell_account(names::at_lowered(value, b"accountid"), remote, draft);
            }
            b"affectedresources" => {
                for (kind, resource) in value.keys_and_values() {
                    let is_id = |text: &&str| is_arn(text) || kind.starts_with("AWS::");
                    let id = resource.as_str().filter(is_id);
                    names::one(draft, EntityKind::CloudResource, part.resource(), id);
                }
            }
            _ => {}
        }
    }
}

fn tell_addresses(details: Value<'_>, role: Role, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    for (key, value) in details.keys_and_values() {
        if matches!(lowered(key, &mut buffer), b"ipaddressv4" | b"ipaddressv6") {
            names::one(draft, EntityKind::Ip, role, value.as_str());
        }
    }
}
