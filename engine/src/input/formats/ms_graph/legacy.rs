//! Alerts of the first version of Microsoft Graph security (`/security/alerts`): states of hosts, users, files and connections
//! in lists of their own.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/alert?view=graph-rest-1.0>

use crate::entity::{EntityKind, Role};

use super::super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::super::json::{Scalar, Value};
use super::super::super::names::{self, Account, Names, Things};
use super::super::super::reject::Reject;
use super::super::super::timestamp::Unit;
use super::super::microsoft;

const PATHS: Paths<'static> = Paths {
    time: "eventDateTime",
    rule: "title",
};

pub(super) fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(microsoft::SOURCE);
    let mut things = Things::default();
    let (mut event, mut created) = (None, None);
    for (key, value) in record.keys_and_values() {
        let scalar = value.scalar_or_null();
        match key {
            "id" => {
                let id = microsoft::alert_id(value.as_str().unwrap_or_default());
                draft.id(Scalar::Text(id), "id")?;
            }
            "title" => draft.rule_name(scalar),
            "category" => draft.rule_id(scalar, "category")?,
            "severity" => {
                if let Some(severity) = microsoft::severity(scalar) {
                    draft.severity_read(severity);
                }
            }
            "eventDateTime" => event = value.scalar(),
            "createdDateTime" => created = value.scalar(),
            "lastModifiedDateTime" => draft.updated(scalar, Unit::Auto),
            "status" => draft.lifecycle_read(microsoft::lifecycle(value.as_str().unwrap_or(""))),
            "hostStates" => value.each(|host| tell_host(host, &mut things, &mut draft)),
            "userStates" => value.each(|user| tell_user(user, &mut things, &mut draft)),
            "networkConnections" => value.each(|side| tell_connection(side, &mut draft)),
            "fileStates" => value.each(|file| {
                tell_file(
                    file,
                    EntityKind::File,
                    Role::Target,
                    &mut things,
                    &mut draft,
                );
            }),
            "processes" => value.each(|process| {
                tell_file(
                    process,
                    EntityKind::Process,
                    Role::Actor,
                    &mut things,
                    &mut draft,
                );
            }),
            _ => {}
        }
    }
    draft.first_time(&[event, created], PATHS.time)?;
    draft.finish(PATHS)
}

fn text<'v>(object: Value<'v>, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Value::as_str)
}

fn tell_host(host: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    for key in ["fqdn", "netBiosName"] {
        names.add_host_or_ip(Role::Affected, text(host, key));
    }
    for key in ["privateIpAddress", "publicIpAddress"] {
        names.add(EntityKind::Ip, Role::Affected, text(host, key));
    }
    names.tell(things, draft);
}

fn tell_user(user: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let account = Account {
        name: text(user, "accountName"),
        domain: text(user, "domainName"),
        suffix: None,
        upn: text(user, "userPrincipalName"),
        sid: text(user, "onPremisesSecurityIdentifier"),
        id: text(user, "aadUserId"),
    };
    let mut names = Names::default();
    names.add_account(Role::Actor, &account);
    names.tell(things, draft);
    names::one(draft, EntityKind::Ip, Role::Source, text(user, "logonIp"));
}

fn tell_connection(side: Value<'_>, draft: &mut Draft<'_>) {
    for (key, kind, role) in [
        ("sourceAddress", EntityKind::Ip, Role::Source),
        ("destinationAddress", EntityKind::Ip, Role::Target),
        ("destinationDomain", EntityKind::Domain, Role::Target),
    ] {
        names::one(draft, kind, role, text(side, key));
    }
    names::url_or_host(draft, Role::Target, text(side, "destinationUrl"));
}

fn tell_file(
    file: Value<'_>,
    kind: EntityKind,
    role: Role,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    let mut names = Names::default();
    names.add_path(kind, role, text(file, "path"), text(file, "name"));
    let hash = file
        .get("fileHash")
        .and_then(|hash| text(hash, "hashValue"));
    names.add(EntityKind::Hash, role, hash);
    names.tell(things, draft);
    names::one(
        draft,
        EntityKind::Process,
        Role::Actor,
        text(file, "parentProcessName"),
    );
}
