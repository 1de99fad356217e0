//! What a finding says of the attack. Its objects, and those that older detectors put into `sourceProperties`, nest in
//! many ways but name their leaves alike, so leaves are told by their names wherever they stand, but under links and notes.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;
use super::super::super::names::{self, KEY, Names, Things, lowered};

/// Tells the entities of a finding.
pub(super) fn tell(finding: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    for (key, value) in finding.keys_and_values() {
        match lowered(key, &mut buffer) {
            // Links, notes, and what concerns the finding itself.
            b"contexturis" | b"evidence" | b"securitymarks" | b"contacts" | b"compliances"
            | b"externalsystems" | b"logentries" | b"findingid" | b"sourceid" | b"mitreattack"
            | b"vulnerability" | b"nextsteps" | b"muteinfo" | b"networks" => {}
            b"connections" | b"ipconnection" => value.each(|side| tell_connection(side, draft)),
            b"processes" => value.each(|process| tell_process(process, things, draft)),
            b"files" => value.each(|file| tell_file(file, EntityKind::File, things, draft)),
            b"kubernetes" => tell_kubernetes(value, draft),
            b"exfiltration" => tell_exfiltration(value, draft),
            b"application" => {
                let url = value.get("fullUri").or_else(|| value.get("baseUri"));
                names::url_or_host(draft, Role::Target, url.and_then(Value::as_str));
            }
            name => tell_leaf(name, value, things, draft),
        }
    }
}

/// Tells a leaf by its name, or goes on below it.
fn tell_leaf(name: &[u8], value: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let (kind, role) = match name {
        b"principalemail" | b"useremail" | b"accountemail" | b"principalsubject" => {
            (EntityKind::User, Role::Actor)
        }
        b"username" => (EntityKind::User, Role::Target),
        b"member" | b"members" | b"externalmembers" | b"grantees" => {
            value.each(|member| tell_member(member.as_str().unwrap_or_default(), draft));
            return;
        }
        b"callerip" | b"sourceip" | b"srcip" | b"clientip" | b"ip" | b"ipaddress"
        | b"ipaddresses" | b"ips" => (EntityKind::Ip, Role::Source),
        b"domain" | b"domains" => (EntityKind::Domain, Role::Target),
        b"uris" | b"uri" if value.len() > 0 => (EntityKind::Url, Role::Target),
        b"instancedetails" | b"sourceinstancedetails" | b"destinationinstancedetails" => {
            if let Some(path) = value.as_str() {
                tell_instance(path, things, draft);
            }
            return;
        }
        b"gcpresourcename" => (EntityKind::CloudResource, Role::Affected),
        b"projectid" => (EntityKind::Account, Role::Affected),
        b"vmname" => (EntityKind::Host, Role::Affected),
        b"sha256" => (EntityKind::Hash, Role::Target),
        _ => {
            value.each(|inner| {
                if inner.fields().is_some() {
                    tell(inner, things, draft);
                }
            });
            return;
        }
    };
    value.each(|inner| match inner.as_str() {
        // A principal may be written as a member is.
        Some(text) if name == b"principalsubject" => tell_member(text, draft),
        Some(text) => names::one(draft, kind, role, Some(text)),
        None => tell(inner, things, draft),
    });
}

/// Tells an IAM member: `user:name@example.com`, `serviceAccount:..`. Groups, domains and everybody are no one.
fn tell_member(member: &str, draft: &mut Draft<'_>) {
    let user = match member.split_once(':') {
        Some(("user" | "serviceAccount", user)) => user,
        Some(_) => return,
        None => member,
    };
    if user.contains('@') {
        names::one(draft, EntityKind::User, Role::Target, Some(user));
    }
}

/// Tells a virtual machine by its path, `/projects/p/zones/z/instances/name`.
fn tell_instance(path: &str, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    names.add(EntityKind::CloudResource, Role::Affected, Some(path));
    let name = path.split_once("/instances/").map(|(_, name)| name);
    names.add(EntityKind::Host, Role::Affected, name);
    names.tell(things, draft);
    let project = path
        .split_once("projects/")
        .and_then(|(_, rest)| rest.split('/').next());
    names::one(draft, EntityKind::Account, Role::Affected, project);
}

fn tell_connection(side: Value<'_>, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    for (key, value) in side.keys_and_values() {
        let role = match lowered(key, &mut buffer) {
            b"sourceip" | b"srcip" => Role::Source,
            b"destinationip" | b"destip" | b"dstip" => Role::Target,
            _ => continue,
        };
        names::one(draft, EntityKind::Ip, role, value.as_str());
    }
}

fn tell_process(process: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    if let Some(binary) = process.get("binary") {
        tell_file(binary, EntityKind::Process, things, draft);
    } else {
        let name = process.get("name").and_then(Value::as_str);
        names::one(draft, EntityKind::Process, Role::Actor, name);
    }
    for key in ["script", "libraries"] {
        if let Some(files) = process.get(key) {
            files.each(|file| tell_file(file, EntityKind::File, things, draft));
        }
    }
}

fn tell_file(file: Value<'_>, kind: EntityKind, things: &mut Things, draft: &mut Draft<'_>) {
    let role = match kind {
        EntityKind::Process => Role::Actor,
        _ => Role::Target,
    };
    let text = |key| file.get(key).and_then(Value::as_str);
    let mut names = Names::default();
    names.add(kind, role, text("path"));
    names.add(EntityKind::Hash, role, text("sha256"));
    names.tell(things, draft);
}

/// Pods and nodes are machines to what runs on them; subjects of bindings are users.
fn tell_kubernetes(kubernetes: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in kubernetes.keys_and_values() {
        value.each(|object| {
            let name = object.get("name").and_then(Value::as_str);
            match key {
                "pods" | "nodes" => {
                    // A node is named by its resource.
                    let name = name.and_then(|name| name.rsplit('/').next());
                    names::one(draft, EntityKind::Host, Role::Affected, name);
                }
                "bindings" => {
                    if let Some(subjects) = object.get("subjects") {
                        subjects.each(|subject| {
                            let name = subject.get("name").and_then(Value::as_str);
                            names::one(draft, EntityKind::User, Role::Target, name);
                        });
                    }
                }
                _ => {}
            }
        });
    }
}

fn tell_exfiltration(exfiltration: Value<'_>, draft: &mut Draft<'_>) {
    for (key, role) in [("sources", Role::Affected), ("targets", Role::Target)] {
        if let Some(resources) = exfiltration.get(key) {
            resources.each(|resource| {
                let name = resource.get("name").and_then(Value::as_str);
                names::one(draft, EntityKind::CloudResource, role, name);
            });
        }
    }
}
