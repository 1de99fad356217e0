//! Evidence rows: one entity of an alert in flat columns, told apart by `EntityType`.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::{Draft, Nested};
use super::super::super::json::Value;
use super::super::super::names::{self, Account, KEY, Names, Things, lowered};
use super::entities;

/// The columns of a row, in any letter case, by the names that the feeds have for them.
#[derive(Default)]
struct Row<'a> {
    what: Option<&'a str>,
    role: Option<Role>,
    /// Of a connection: whether the entity is its source or its destination.
    direction: Option<&'a str>,
    file: File<'a>,
    parent: File<'a>,
    account: Account<'a>,
    device: [Option<&'a str>; 4],
    addresses: [Option<&'a str>; 3],
    urls: [Option<&'a str>; 2],
    mail: [Option<&'a str>; 3],
    sender_ip: Option<&'a str>,
    resources: [Option<&'a str>; 3],
    subscription: Option<&'a str>,
    additional: Option<Value<'a>>,
}

#[derive(Clone, Copy, Default)]
struct File<'a> {
    folder: Option<&'a str>,
    name: Option<&'a str>,
    hashes: [Option<&'a str>; 3],
}

/// Tells the entities of one row.
pub(in super::super) fn tell(row: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let row = Row::of(row);
    row.tell_device(things, draft);
    row.tell_account(things, draft);
    row.tell_network(draft);
    row.tell_rest(draft);
    row.tell_files(things, draft);
    match row.additional {
        Some(value) if value.fields().is_some() => entities::tell(value, things, draft),
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            draft.nested(text, |value, draft| entities::tell(value, things, draft));
        }
        None => {}
    }
}

impl<'a> Row<'a> {
    fn of(row: Value<'a>) -> Self {
        let mut columns = Self::default();
        let mut buffer = KEY;
        for (key, value) in row.keys_and_values() {
            columns.take(lowered(key, &mut buffer), value);
        }
        columns
    }

    fn take(&mut self, key: &[u8], value: Value<'a>) {
        let text = value.as_str().filter(|text| !text.is_empty());
        let place = match key {
            b"entitytype" => &mut self.what,
            b"evidencerole" | b"roles" => {
                self.role = super::first_role(value);
                return;
            }
            b"evidencedirection" => &mut self.direction,
            b"filename" => &mut self.file.name,
            b"folderpath" | b"filepath" => &mut self.file.folder,
            b"sha256" => &mut self.file.hashes[0],
            b"sha1" => &mut self.file.hashes[1],
            b"md5" => &mut self.file.hashes[2],
            b"parentprocessfilename" => &mut self.parent.name,
            b"parentprocessfilepath" => &mut self.parent.folder,
            b"accountname" | b"username" => &mut self.account.name,
            b"accountdomain" | b"domainname" => &mut self.account.domain,
            b"accountupn" | b"userprincipalname" => &mut self.account.upn,
            b"accountsid" | b"usersid" => &mut self.account.sid,
            b"accountobjectid" | b"aaduserid" => &mut self.account.id,
            b"devicename" | b"devicednsname" | b"computerdnsname" => &mut self.device[0],
            b"deviceid" | b"machineid" => &mut self.device[1],
            b"mdatpdeviceid" => &mut self.device[2],
            b"aaddeviceid" => &mut self.device[3],
            b"remoteip" => &mut self.addresses[0],
            b"ipaddress" => &mut self.addresses[1],
            b"localip" => &mut self.addresses[2],
            b"remoteurl" => &mut self.urls[0],
            b"url" => &mut self.urls[1],
            b"mailboxaddress" => &mut self.mail[0],
            b"sender" => &mut self.mail[1],
            b"recipient" => &mut self.mail[2],
            b"senderip" => &mut self.sender_ip,
            b"cloudresource" | b"azureresourceid" => &mut self.resources[0],
            b"resourceid" => &mut self.resources[1],
            b"oauthapplicationid" => &mut self.resources[2],
            b"subscriptionid" => &mut self.subscription,
            b"additionalfields" => {
                self.additional = Some(value);
                return;
            }
            _ => return,
        };
        *place = text.or(*place);
    }

    /// Whether the row is about a thing of this type; rows about others name the device on which they were.
    fn is(&self, what: &str) -> bool {
        self.what
            .is_some_and(|word| word.eq_ignore_ascii_case(what))
    }

    fn role(&self, role: Role) -> Role {
        self.role.unwrap_or(role)
    }

    fn tell_device(&self, things: &mut Things, draft: &mut Draft<'_>) {
        let mut names = Names::default();
        for name in self.device {
            names.add_host_or_ip(Role::Affected, name);
        }
        names.add(EntityKind::Ip, Role::Affected, self.addresses[2]);
        names.tell(things, draft);
    }

    fn tell_account(&self, things: &mut Things, draft: &mut Draft<'_>) {
        let mut names = Names::default();
        let role = if self.is("user") || self.is("mailbox") {
            self.role(Role::Actor)
        } else {
            Role::Actor
        };
        names.add(EntityKind::Email, role, self.mail[0]);
        names.add_account(role, &self.account);
        names.tell(things, draft);
    }

    fn tell_network(&self, draft: &mut Draft<'_>) {
        let role = match self.direction {
            Some(word) => super::role(word).unwrap_or(Role::Source),
            None if self.is("ip") => self.role(Role::Source),
            None => Role::Target,
        };
        for address in &self.addresses[..2] {
            names::one(draft, EntityKind::Ip, role, *address);
        }
        for url in self.urls {
            names::url_or_host(draft, Role::Target, url);
        }
    }

    fn tell_rest(&self, draft: &mut Draft<'_>) {
        names::one(draft, EntityKind::Email, Role::Source, self.mail[1]);
        names::one(draft, EntityKind::Email, Role::Target, self.mail[2]);
        names::one(draft, EntityKind::Ip, Role::Source, self.sender_ip);
        for resource in self.resources {
            names::one(draft, EntityKind::CloudResource, Role::Affected, resource);
        }
        let subscription = self.subscription;
        names::one(draft, EntityKind::Account, Role::Affected, subscription);
    }

    fn tell_files(&self, things: &mut Things, draft: &mut Draft<'_>) {
        if self.is("process") {
            self.file
                .tell(EntityKind::Process, Role::Actor, things, draft);
        } else {
            let role = self.role(Role::Target);
            self.file.tell(EntityKind::File, role, things, draft);
        }
        self.parent
            .tell(EntityKind::Process, Role::Actor, things, draft);
    }
}

impl File<'_> {
    fn tell(&self, kind: EntityKind, role: Role, things: &mut Things, draft: &mut Draft<'_>) {
        let mut names = Names::default();
        names.add_path(kind, role, self.folder, self.name);
        if kind == EntityKind::Process {
            names.add_path(EntityKind::File, role, self.folder, self.name);
        }
        for hash in self.hashes {
            names.add(EntityKind::Hash, role, hash);
        }
        names.tell(things, draft);
    }
}
