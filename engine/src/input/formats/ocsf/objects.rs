//! Objects of OCSF: endpoints, users, processes, files, links, resources, wherever an event has them. An object is told by
//! the attribute that holds it; its role is that of the outermost attribute that has one.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::{Draft, Nested};
use super::super::super::json::Value;
use super::super::super::names::{self, Account, Names, Things};
use super::super::aws;

/// Tells the entities of an event, or of one of its `evidences`.
pub(super) fn tell_event(event: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    for (key, value) in event.keys_and_values() {
        if value.len() == 0 {
            continue;
        }
        match key {
            "evidences" => value.each(|evidence| tell_event(evidence, things, draft)),
            "resources" | "resource" => value.each(|resource| {
                tell_resource(resource, things, draft);
            }),
            "malware" => value.each(|malware| tell_malware(malware, things, draft)),
            "email" => tell_mail(value, draft),
            "query" => names::one(
                draft,
                EntityKind::Domain,
                Role::Target,
                text(value, "hostname"),
            ),
            "answers" => {}
            _ => {
                if let Some(role) = role_of(key) {
                    value.each(|object| tell_object(key, object, role, things, draft));
                }
            }
        }
    }
}

/// The role of what stands at an attribute of an event.
fn role_of(key: &str) -> Option<Role> {
    Some(match key {
        "actor" | "process" | "script" => Role::Actor,
        "src_endpoint" => Role::Source,
        "dst_endpoint" | "file" | "url" | "module" | "user" | "databucket" | "database"
        | "reg_key" | "job" => Role::Target,
        "device" | "container" => Role::Affected,
        "proxy_endpoint" | "intermediate_ips" => Role::Observer,
        _ => return None,
    })
}

fn text<'v>(object: Value<'v>, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Value::as_str)
}

/// Tells one object by the attribute that holds it.
fn tell_object(
    key: &str,
    object: Value<'_>,
    role: Role,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    match key {
        "actor" => {
            for (key, inner) in object.keys_and_values() {
                if matches!(key, "user" | "process") {
                    tell_object(key, inner, role, things, draft);
                }
            }
        }
        "user" | "owner" => tell_user(object, role, things, draft),
        "process" | "parent_process" => tell_process(object, role, things, draft),
        "file" | "module" => tell_file(object, EntityKind::File, role, things, draft),
        "script" => {
            if let Some(file) = object.get("file") {
                tell_file(file, EntityKind::File, role, things, draft);
            }
        }
        "url" => {
            let url = text(object, "url_string").or_else(|| text(object, "text"));
            names::url_or_host(draft, role, url);
            names::one(draft, EntityKind::Domain, role, text(object, "hostname"));
        }
        "container" => names::one(draft, EntityKind::Host, role, text(object, "uid")),
        "databucket" | "database" => {
            names::one(draft, EntityKind::CloudResource, role, text(object, "uid"));
        }
        _ => tell_endpoint(object, role, things, draft),
    }
}

/// A machine: of a connection or of the event itself.
fn tell_endpoint(endpoint: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    let mut owner = None;
    for (key, value) in endpoint.keys_and_values() {
        let text = value.as_str();
        match key {
            "hostname" | "name" => names.add_host_or_ip(role, text),
            "ip" => names.add(EntityKind::Ip, role, text),
            "ip_addresses" => value.each(|ip| names.add(EntityKind::Ip, role, ip.as_str())),
            "network_interfaces" => value.each(|interface| {
                names.add(EntityKind::Ip, role, self::text(interface, "ip"));
            }),
            "uid" | "uid_alt" => names.add(EntityKind::Host, role, text),
            "instance_uid" => names.add(EntityKind::CloudResource, role, text),
            "svc_name" => {}
            "owner" => owner = Some(value),
            _ => {}
        }
    }
    names.tell(things, draft);
    if let Some(owner) = owner.filter(|owner| owner.len() > 0) {
        tell_user(owner, role, things, draft);
    }
}

fn tell_user(user: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let uid = text(user, "uid");
    let is_sid = uid.is_some_and(|uid| uid.starts_with("S-1-"));
    let is_arn = uid.is_some_and(aws::is_arn);
    let account = Account {
        name: text(user, "name"),
        domain: text(user, "domain"),
        suffix: None,
        upn: None,
        sid: uid.filter(|_| is_sid),
        id: uid.filter(|_| !is_sid && !is_arn),
    };
    let mut names = Names::default();
    names.add_account(role, &account);
    names.add(EntityKind::Email, role, text(user, "email_addr"));
    names.add(EntityKind::CloudResource, role, uid.filter(|_| is_arn));
    names.add(
        EntityKind::CloudResource,
        role,
        text(user, "credential_uid"),
    );
    names.tell(things, draft);
}

fn tell_process(process: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    match process.get("file").filter(|file| file.len() > 0) {
        Some(file) => tell_file(file, EntityKind::Process, role, things, draft),
        None => names::one(draft, EntityKind::Process, role, text(process, "name")),
    }
    for key in ["user", "parent_process"] {
        if let Some(inner) = process.get(key).filter(|inner| inner.len() > 0) {
            tell_object(key, inner, role, things, draft);
        }
    }
}

fn tell_file(
    file: Value<'_>,
    kind: EntityKind,
    role: Role,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    let mut names = Names::default();
    match text(file, "path") {
        Some(path) => names.add(kind, role, Some(path)),
        None => names.add_path(kind, role, text(file, "parent_folder"), text(file, "name")),
    }
    for key in ["hashes", "fingerprints"] {
        if let Some(hashes) = file.get(key) {
            hashes.each(|hash| names.add(EntityKind::Hash, role, sum_of(hash)));
        }
    }
    names.tell(things, draft);
}

/// The value of a fingerprint whose algorithm says what a file is, and not what it is like.
fn sum_of(hash: Value<'_>) -> Option<&str> {
    let algorithm = hash.get("algorithm_id").and_then(Value::as_u8);
    match algorithm {
        // CTPH, TLSH, quickXorHash.
        Some(5..=7) => None,
        _ => text(hash, "value"),
    }
}

/// What it happened to, in the cloud; `role_id` may say that it was the actor.
fn tell_resource(resource: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let role = match resource.get("role_id").and_then(Value::as_u8) {
        Some(1) => Role::Target,
        Some(2) => Role::Actor,
        _ => Role::Affected,
    };
    let mut names = Names::default();
    match text(resource, "uid") {
        Some(id) if id.starts_with("AWS::::Account:") || aws::is_arn(id) => {
            aws::add_resource(&mut names, role, id);
        }
        Some(id) => aws::add_resource(&mut names, role, id),
        None => names.add(EntityKind::CloudResource, role, text(resource, "name")),
    }
    names.add(EntityKind::Host, role, text(resource, "hostname"));
    names.add(EntityKind::Ip, role, text(resource, "ip"));
    names.tell(things, draft);
    if let Some(owner) = resource.get("owner").filter(|owner| owner.len() > 0) {
        tell_user(owner, role, things, draft);
    }
    // What Security Hub knows of the resource.
    let details = |data: Value<'_>, things: &mut Things, draft: &mut Draft<'_>| {
        if let Some(key) = data.get("AwsIamAccessKey") {
            aws::tell_access_key(key, Role::Actor, things, draft);
        }
    };
    match resource.get("data") {
        Some(data) if data.fields().is_some() => details(data, things, draft),
        Some(data) => {
            let text = data.as_str().unwrap_or_default();
            draft.nested(text, |data, draft| details(data, things, draft));
        }
        None => {}
    }
}

fn tell_malware(malware: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    names::one(draft, EntityKind::File, Role::Target, text(malware, "path"));
    if let Some(files) = malware.get("files") {
        files.each(|file| tell_file(file, EntityKind::File, Role::Target, things, draft));
    }
}

fn tell_mail(mail: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in mail.keys_and_values() {
        let role = match key {
            "from" | "smtp_from" | "from_mailbox" | "reply_to" => Role::Source,
            "to" | "smtp_to" | "to_mailboxes" | "cc" => Role::Target,
            _ => continue,
        };
        value.each(|address| names::one(draft, EntityKind::Email, role, address.as_str()));
    }
}
