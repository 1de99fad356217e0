//! Evidence of an alert in Microsoft Graph: one object, which may have others in it.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;
use super::super::super::names::{self, Account, Names, Things};
use super::super::microsoft;

/// Tells one piece of evidence that stands at `key` of its alert, or in another piece.
pub(super) fn tell(piece: Value<'_>, key: &str, things: &mut Things, draft: &mut Draft<'_>) {
    let kind = kind_of(piece).unwrap_or(key);
    let role = piece.get("roles").and_then(microsoft::first_role);
    let or = |default: Role| role.unwrap_or(default);
    match kind {
        "deviceEvidence" | "iotDeviceEvidence" => {
            tell_device(piece, or(Role::Affected), things, draft)
        }
        "userEvidence" => tell_account(piece, or(Role::Actor), things, draft),
        "mailboxEvidence" => tell_mailbox(piece, or(Role::Affected), things, draft),
        "processEvidence" => tell_process(piece, or(Role::Actor), things, draft),
        "fileEvidence" => {
            if let Some(file) = piece.get("fileDetails") {
                tell_file(file, EntityKind::File, or(Role::Target), things, draft);
            }
        }
        "analyzedMessageEvidence" | "submissionMailEvidence" => tell_mail(piece, draft),
        "ipEvidence" => {
            let address = piece.get("ipAddress").and_then(Value::as_str);
            // Of a connection, and of a DNS answer, where the address stands says its side.
            let default = match key {
                "destinationAddress" | "ipAddresses" | "dnsServerIp" => Role::Target,
                "podIp" => Role::Affected,
                _ => Role::Source,
            };
            names::one(draft, EntityKind::Ip, or(default), address);
        }
        "kubernetesPodEvidence" => {
            let role = or(Role::Affected);
            names::one(draft, EntityKind::Host, role, text(piece, "name"));
        }
        "containerEvidence" => {
            let role = or(Role::Affected);
            names::one(draft, EntityKind::Host, role, text(piece, "containerId"));
        }
        "teamsMessageEvidence" => tell_chat(piece, draft),
        _ => tell_other(piece, role, draft),
    }
    for (key, value) in piece.keys_and_values() {
        value.each(|inner| {
            if inner.fields().is_some()
                && kind_of(inner).is_some_and(|kind| kind.ends_with("Evidence"))
            {
                tell(inner, key, things, draft);
            }
        });
    }
}

/// The last word of its type.
fn kind_of(piece: Value<'_>) -> Option<&str> {
    let kind = piece.keys_and_values().find(|(key, _)| {
        matches!(
            *key,
            "@odata.type" | "at_sign_odata_type" | "odata_type" | "odataType"
        )
    });
    kind?.1.as_str()?.rsplit('.').next()
}

fn text<'v>(object: Value<'v>, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Value::as_str)
}

fn tell_device(piece: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    for key in [
        "deviceDnsName",
        "hostName",
        "deviceName",
        "mdeDeviceId",
        "azureAdDeviceId",
    ] {
        names.add_host_or_ip(role, text(piece, key));
    }
    for key in ["lastIpAddress", "lastExternalIpAddress", "ipAddress"] {
        names.add(EntityKind::Ip, role, text(piece, key));
    }
    if let Some(addresses) = piece.get("ipInterfaces") {
        addresses.each(|address| names.add(EntityKind::Ip, role, address.as_str()));
    }
    if let Some(machine) = piece.get("vmMetadata") {
        names.add(EntityKind::CloudResource, role, text(machine, "resourceId"));
    }
    names.tell(things, draft);
    if let Some(users) = piece.get("loggedOnUsers") {
        users.each(|user| tell_user(user, role, things, draft));
    }
}

fn tell_account(piece: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    if let Some(user) = piece.get("userAccount") {
        tell_user(user, role, things, draft);
    }
}

fn tell_user(user: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    names.add_account(role, &account(user));
    names.tell(things, draft);
}

fn account(user: Value<'_>) -> Account<'_> {
    Account {
        name: text(user, "accountName"),
        domain: text(user, "domainName"),
        suffix: None,
        upn: text(user, "userPrincipalName"),
        sid: text(user, "userSid"),
        id: text(user, "azureAdUserId"),
    }
}

fn tell_mailbox(piece: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    names.add(EntityKind::Email, role, text(piece, "primaryAddress"));
    names.add(EntityKind::User, role, text(piece, "upn"));
    if let Some(user) = piece.get("userAccount") {
        names.add_account(role, &account(user));
    }
    names.tell(things, draft);
}

fn tell_process(piece: Value<'_>, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
    tell_account(piece, role, things, draft);
    for key in ["imageFile", "parentProcessImageFile"] {
        if let Some(image) = piece.get(key) {
            tell_file(image, EntityKind::Process, role, things, draft);
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
    let (folder, name) = (text(file, "filePath"), text(file, "fileName"));
    let mut names = Names::default();
    names.add_path(kind, role, folder, name);
    if kind == EntityKind::Process {
        names.add_path(EntityKind::File, role, folder, name);
    }
    for key in ["sha256", "sha1", "md5"] {
        names.add(EntityKind::Hash, role, text(file, key));
    }
    names.tell(things, draft);
}

fn tell_mail(piece: Value<'_>, draft: &mut Draft<'_>) {
    for key in ["p1Sender", "p2Sender"] {
        if let Some(sender) = piece.get(key) {
            names::one(
                draft,
                EntityKind::Email,
                Role::Source,
                text(sender, "emailAddress"),
            );
            names::one(
                draft,
                EntityKind::Domain,
                Role::Source,
                text(sender, "domainName"),
            );
        }
    }
    for (key, kind, role) in [
        ("sender", EntityKind::Email, Role::Source),
        ("recipientEmailAddress", EntityKind::Email, Role::Target),
        ("recipient", EntityKind::Email, Role::Target),
        ("senderIp", EntityKind::Ip, Role::Source),
    ] {
        names::one(draft, kind, role, text(piece, key));
    }
    if let Some(urls) = piece.get("urls") {
        urls.each(|url| names::url_or_host(draft, Role::Target, url.as_str()));
    }
}

/// A message of Teams; its files and links are pieces of their own.
fn tell_chat(piece: Value<'_>, draft: &mut Draft<'_>) {
    let sender = text(piece, "senderFromAddress");
    names::one(draft, EntityKind::Email, Role::Source, sender);
    names::one(draft, EntityKind::Ip, Role::Source, text(piece, "senderIP"));
    if let Some(recipients) = piece.get("recipients") {
        recipients.each(|to| names::one(draft, EntityKind::Email, Role::Target, to.as_str()));
    }
}

/// What is named by one field wherever it stands: URLs, domains, resources of clouds, hashes.
fn tell_other(piece: Value<'_>, role: Option<Role>, draft: &mut Draft<'_>) {
    for (key, value) in piece.keys_and_values() {
        let (kind, default) = match key {
            "url" => {
                names::url_or_host(draft, role.unwrap_or(Role::Target), value.as_str());
                continue;
            }
            "domainName" | "activeDirectoryDomainName" => (EntityKind::Domain, Role::Target),
            "resourceId" | "amazonResourceId" | "fullResourceName" => {
                (EntityKind::CloudResource, Role::Affected)
            }
            "amazonAccountId" | "projectId" => (EntityKind::Account, Role::Affected),
            // An application is known by its registration; names of applications are everybody's.
            "appId" if kind_of(piece) != Some("cloudApplicationEvidence") => {
                (EntityKind::CloudResource, Role::Actor)
            }
            "value" if kind_of(piece) == Some("fileHashEvidence") => {
                (EntityKind::Hash, Role::Target)
            }
            _ => continue,
        };
        names::one(draft, kind, role.unwrap_or(default), value.as_str());
    }
}
