//! The resource of a GuardDuty finding: instance, access key, bucket, cluster, function, database.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;
use super::super::super::names::{self, KEY, Names, Things, lowered};
use super::super::aws::{self, Part};

/// Tells the entities of `resource`, which had this part.
pub(super) fn tell(resource: Value<'_>, part: Part, things: &mut Things, draft: &mut Draft<'_>) {
    let role = part.resource();
    let mut buffer = KEY;
    for (key, value) in resource.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"instancedetails" => tell_instance(value, role, things, draft),
            // Whoever holds the key did it, whichever part the resource had.
            b"accesskeydetails" => aws::tell_access_key(value, Role::Actor, things, draft),
            b"kubernetesdetails" => tell_kubernetes(value, role, things, draft),
            b"rdsdbuserdetails" => {
                let user = aws::get_either(value, "user", "User").and_then(Value::as_str);
                names::one(draft, EntityKind::User, Role::Actor, user);
            }
            // A container is a machine to its programs: by default its id is its host name.
            b"containerdetails" => {
                let id = aws::get_either(value, "id", "Id").and_then(Value::as_str);
                names::one(draft, EntityKind::Host, role, id);
            }
            _ => value.each(|details| tell_named(details, role, things, draft)),
        }
    }
}

fn tell_instance(instance: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    let mut profile = None;
    let mut buffer = KEY;
    for (key, value) in instance.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"instanceid" => names.add(EntityKind::CloudResource, role, value.as_str()),
            b"networkinterfaces" => {
                value.each(|interface| add_interface(&mut names, role, interface))
            }
            b"iaminstanceprofile" => profile = aws::get_either(value, "arn", "Arn"),
            _ => {}
        }
    }
    names.tell(things, draft);
    let profile = profile.and_then(Value::as_str);
    names::one(draft, EntityKind::CloudResource, role, profile);
}

fn add_interface(names: &mut Names, role: Role, interface: Value<'_>) {
    let mut buffer = KEY;
    for (key, value) in interface.keys_and_values() {
        let text = value.as_str();
        match lowered(key, &mut buffer) {
            b"privateipaddress" | b"publicip" => names.add(EntityKind::Ip, role, text),
            b"ipv6addresses" => {
                value.each(|address| names.add(EntityKind::Ip, role, address.as_str()));
            }
            b"privatednsname" | b"publicdnsname" => {
                names.add(EntityKind::Host, role, text.and_then(host));
            }
            b"privateipaddresses" => {
                value.each(|address| add_interface(names, role, address));
            }
            _ => {}
        }
    }
}

/// Editors make links of names, and examples say `[name](https://name/)`.
fn host(text: &str) -> Option<&str> {
    match text.strip_prefix('[') {
        Some(link) => link.split(']').next(),
        None => Some(text),
    }
}

/// A resource that is named by its ARN, else by its id or name.
fn tell_named(details: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let (mut names, mut id) = (Names::default(), None);
    let mut buffer = KEY;
    for (key, value) in details.keys_and_values() {
        let Some(text) = value.as_str() else {
            continue;
        };
        match lowered(key, &mut buffer) {
            _ if aws::is_arn(text) => aws::add_resource(&mut names, role, text),
            b"name" | b"functionname" | b"dbinstanceidentifier" => id = id.or(Some(text)),
            _ => {}
        }
    }
    names.add(EntityKind::CloudResource, role, id);
    names.tell(things, draft);
}

fn tell_kubernetes(details: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    for (key, value) in details.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"kubernetesuserdetails" => {
                let mut names = Names::default();
                let text =
                    |lower, upper| aws::get_either(value, lower, upper).and_then(Value::as_str);
                names.add(EntityKind::User, Role::Actor, text("username", "Username"));
                names.add(EntityKind::User, Role::Actor, text("uid", "Uid"));
                names.tell(things, draft);
            }
            b"kubernetesworkloaddetails" => {
                let name = aws::get_either(value, "name", "Name").and_then(Value::as_str);
                names::one(draft, EntityKind::Host, role, name);
            }
            _ => {}
        }
    }
}
