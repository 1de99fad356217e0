//! Events of the Unified Data Model: nouns (`principal`, `target`, `src`, `observer` ...) with machines, users, processes and files.

use crate::alert::Severity;
use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;
use super::super::super::names::{self, Account, Names, Things};
use super::super::super::severity;

/// The role of a noun.
pub(super) fn role_of(noun: &str) -> Option<Role> {
    Some(match noun {
        "principal" | "src" => Role::Source,
        "target" => Role::Target,
        "about" => Role::Affected,
        "observer" | "intermediary" => Role::Observer,
        _ => return None,
    })
}

/// Tells the entities of an event.
pub(super) fn tell(event: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    for (key, value) in event.keys_and_values() {
        match key {
            "network" => tell_network(value, draft),
            "securityResult" => value.each(|result| tell_result(result, things, draft)),
            noun => {
                if let Some(role) = role_of(noun) {
                    value.each(|noun| tell_noun(noun, role, things, draft));
                }
            }
        }
    }
}

/// Tells an entity of the entity graph, which a rule may refer to instead of an event.
pub(super) fn tell_entity(entity: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let noun = entity.get("entity").unwrap_or(entity);
    tell_noun(noun, Role::Affected, things, draft);
}

/// How bad the event's product says it is.
pub(super) fn severity(event: Value<'_>) -> Option<Severity> {
    let mut worst = None;
    if let Some(results) = event.get("securityResult") {
        results.each(|result| {
            let word = result.get("severity").and_then(Value::as_str);
            worst = worst.max(word.and_then(severity::word));
        });
    }
    worst
}

fn text<'v>(object: Value<'v>, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Value::as_str)
}

fn tell_noun(noun: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    tell_machine(noun, role, things, draft);
    // Who acts, and what runs, is the actor wherever it acts from.
    let doer = if role == Role::Source {
        Role::Actor
    } else {
        role
    };
    let domain = text(noun, "administrativeDomain");
    for (key, value) in noun.keys_and_values() {
        match key {
            "user" => tell_user(value, domain, doer, things, draft),
            "process" => tell_process(value, doer, things, draft),
            "processAncestors" => value.each(|process| tell_process(process, doer, things, draft)),
            "file" => tell_file(value, EntityKind::File, role, things, draft),
            "url" => names::url_or_host(draft, role, value.as_str()),
            "email" => names::one(draft, EntityKind::Email, role, value.as_str()),
            "domain" => names::one(draft, EntityKind::Domain, role, text(value, "name")),
            "resource" => tell_resource(value, things, draft),
            "cloud" => {
                let project = value
                    .get("project")
                    .and_then(|project| text(project, "name"));
                names::one(draft, EntityKind::Account, Role::Affected, project);
            }
            _ => {}
        }
    }
}

fn tell_machine(noun: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    for machine in [Some(noun), noun.get("asset")].into_iter().flatten() {
        for (key, value) in machine.keys_and_values() {
            match key {
                "hostname" => names.add_host_or_ip(role, value.as_str()),
                "ip" | "natIp" => value.each(|ip| names.add(EntityKind::Ip, role, ip.as_str())),
                "assetId" => {
                    // `DeviceId:4f22..`, with the product's word for it before the id.
                    let id = value.as_str().and_then(|id| id.rsplit(':').next());
                    names.add(EntityKind::Host, role, id);
                }
                _ => {}
            }
        }
    }
    names.tell(things, draft);
}

fn tell_user(
    user: Value<'_>,
    domain: Option<&str>,
    role: Role,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    let mut names = Names::default();
    let account = Account {
        name: text(user, "userid"),
        domain,
        sid: text(user, "windowsSid"),
        id: text(user, "productObjectId"),
        ..Account::default()
    };
    names.add_account(role, &account);
    if let Some(addresses) = user.get("emailAddresses") {
        addresses.each(|address| names.add(EntityKind::Email, role, address.as_str()));
    }
    names.tell(things, draft);
}

fn tell_process(process: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut process = Some(process);
    while let Some(running) = process {
        if let Some(file) = running.get("file") {
            tell_file(file, EntityKind::Process, role, things, draft);
        }
        process = running.get("parentProcess");
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
    names.add(kind, role, text(file, "fullPath"));
    if names.is_empty()
        && let Some(short) = file.get("names")
    {
        short.each(|name| names.add(kind, role, name.as_str()));
    }
    for key in ["sha256", "sha1", "md5"] {
        names.add(EntityKind::Hash, role, text(file, key));
    }
    names.tell(things, draft);
}

fn tell_resource(resource: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    for key in ["name", "productObjectId"] {
        names.add(
            EntityKind::CloudResource,
            Role::Affected,
            text(resource, key),
        );
    }
    names.tell(things, draft);
}

fn tell_network(network: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in network.keys_and_values() {
        match key {
            "dns" => {
                if let Some(questions) = value.get("questions") {
                    questions.each(|question| {
                        let name = text(question, "name");
                        names::one(draft, EntityKind::Domain, Role::Target, name);
                    });
                }
                if let Some(answers) = value.get("answers") {
                    answers.each(|answer| {
                        if let Some(address) = text(answer, "data") {
                            names::peer(draft, Role::Target, Some(address));
                        }
                    });
                }
            }
            "email" => tell_mail(value, draft),
            "http" => names::url_or_host(draft, Role::Target, text(value, "referralUrl")),
            "tls" => {
                let name = value
                    .get("client")
                    .and_then(|client| text(client, "serverName"));
                names::peer(draft, Role::Target, name);
            }
            _ => {}
        }
    }
}

fn tell_mail(mail: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in mail.keys_and_values() {
        let role = match key {
            "from" | "replyTo" => Role::Source,
            "to" | "cc" | "bcc" => Role::Target,
            _ => continue,
        };
        value.each(|address| names::one(draft, EntityKind::Email, role, address.as_str()));
    }
}

fn tell_result(result: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    if let Some(about) = result.get("about") {
        about.each(|noun| tell_noun(noun, Role::Affected, things, draft));
    }
    let Some(attack) = result.get("attackDetails") else {
        return;
    };
    for key in ["tactics", "techniques"] {
        if let Some(told) = attack.get(key) {
            told.each(|told| draft.attack_if_known(text(told, "id").unwrap_or_default()));
        }
    }
}
