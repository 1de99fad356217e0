//! Entities of the schema that Sentinel made common: objects with a `Type` (or `kind`), `$id` and `$ref`.
//!
//! ```json
//! [{"$id": "2", "HostName": "ws1", "DnsDomain": "corp.example", "Type": "host"},
//!  {"$id": "3", "Name": "a.miller", "NTDomain": "CORP", "Host": {"$ref": "2"}, "Type": "account"},
//!  {"$id": "4", "ImageFile": {"$id": "5", "Directory": "C:\\x", "Name": "y.exe", "Type": "file"}, "Type": "process"},
//!  {"$ref": "5"}]
//! ```
//!
//! An object stands where it is met first, often inside another, and everywhere else there is a `$ref` to it. So all
//! objects are walked, and a reference is followed only where the thing it names is told by way of it: a process's image.
//! Machines, accounts and addresses are told first and files last, because there is a bound on entities.

use smallvec::SmallVec;

use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;
use super::super::super::names::{self, Account, KEY, Names, Things, at_lowered, joined, lowered};

/// References that can be followed in one alert; the largest real one has 120 objects.
const REFS_MAX: usize = 512;

/// Tells every entity in `entities`: a list of them, or an object with several.
pub(in super::super) fn tell(entities: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut walk = Walk {
        things,
        draft,
        objects: SmallVec::new(),
        files: SmallVec::new(),
    };
    walk.visit(entities, "");
    walk.tell_files();
}

/// One walk over the entities of an alert.
struct Walk<'w, 'm, 'v> {
    things: &'w mut Things,
    draft: &'w mut Draft<'m>,
    /// Objects with an id, for references.
    objects: SmallVec<[(&'v str, Value<'v>); 32]>,
    /// What is told last: processes, files, hashes, with their types.
    files: SmallVec<[(Type, Value<'v>); 32]>,
}

/// Types whose names are told in ways of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Account,
    Host,
    Process,
    File,
    FileHash,
    Ip,
    Mailbox,
    Mail,
    /// What has nothing but an address of its own, wherever it stands.
    Other,
}

impl Type {
    fn of(word: &str) -> Self {
        let mut buffer = KEY;
        match lowered(word, &mut buffer) {
            b"account" | b"loggedonusers" => Self::Account,
            b"host" | b"iotdevice" => Self::Host,
            b"process" => Self::Process,
            b"file" => Self::File,
            b"filehash" => Self::FileHash,
            b"ip" | b"ipaddress" => Self::Ip,
            b"mailbox" => Self::Mailbox,
            b"mailmessage" | b"mail-message" | b"submissionmail" | b"submission-mail" => Self::Mail,
            _ => Self::Other,
        }
    }
}

impl<'v> Walk<'_, '_, 'v> {
    /// Visits a value that stands at `key` of another.
    fn visit(&mut self, value: Value<'v>, key: &str) {
        if let Some(elements) = value.elements() {
            elements.for_each(|element| self.visit(element, key));
        } else if value.fields().is_some() {
            self.visit_object(value, key);
        }
    }

    fn visit_object(&mut self, object: Value<'v>, key: &str) {
        let (mut id, mut word, mut properties) = (None, None, None);
        for (key, value) in object.keys_and_values() {
            match key {
                "$id" => id = value.as_str(),
                "$ref" => return,
                "Type" | "type" => word = word.or(value.as_str()),
                "kind" | "Kind" => word = value.as_str(),
                "properties" => properties = value.fields().map(|_| value),
                _ => {}
            }
        }
        if let Some(id) = id.filter(|_| self.objects.len() < REFS_MAX) {
            self.objects.push((id, object));
        }
        // An incident's entities stand one level deeper.
        let object = properties.unwrap_or(object);
        let what = Type::of(word.unwrap_or(key));
        match what {
            Type::Account => self.tell_account(object),
            Type::Host => self.tell_host(object),
            Type::Ip => self.tell_address(object),
            Type::Mailbox => self.tell_mailbox(object),
            Type::Mail => self.tell_mail(object),
            // Told with the process or file that has them.
            _ if matches!(key, "ImageFile" | "imageFile" | "FileHashes" | "fileHashes") => {}
            Type::Process | Type::File | Type::FileHash => self.files.push((what, object)),
            Type::Other => self.tell_other(object),
        }
        for (key, value) in object.keys_and_values() {
            if value.len() > 0 && !is_remark(key) {
                self.visit(value, key);
            }
        }
    }

    fn tell_account(&mut self, object: Value<'v>) {
        let (mut account, mut role) = (Account::default(), Roles::default());
        let mut display = None;
        let mut buffer = KEY;
        for (key, value) in object.keys_and_values() {
            role.take(key, value);
            let text = value.as_str();
            match lowered(key, &mut buffer) {
                b"name" | b"accountname" => account.name = text,
                b"ntdomain" | b"ntdomainname" | b"domainname" => account.domain = text,
                b"upnsuffix" => account.suffix = text,
                b"userprincipalname" => account.upn = text,
                b"sid" => account.sid = text,
                b"aaduserid" | b"objectguid" => account.id = account.id.or(text),
                b"fullname" | b"friendlyname" => display = text,
                _ => {}
            }
        }
        // `CORP\a.miller`, where the name is not told in parts.
        if account.name.is_none() && display.is_some_and(|name| name.contains(['\\', '@'])) {
            account.name = display;
        }
        let mut names = Names::default();
        names.add_account(role.or(Role::Actor), &account);
        names.tell(self.things, self.draft);
    }

    fn tell_host(&mut self, object: Value<'v>) {
        let (mut name, mut domain, mut fqdn, mut roles) = (None, None, None, Roles::default());
        let mut rest: SmallVec<[(EntityKind, &str); 6]> = SmallVec::new();
        let mut buffer = KEY;
        for (key, value) in object.keys_and_values() {
            roles.take(key, value);
            let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
                continue;
            };
            match lowered(key, &mut buffer) {
                b"hostname" | b"devicename" => name = Some(text),
                b"dnsdomain" => domain = Some(text),
                b"fqdn" => fqdn = Some(text),
                b"netbiosname" | b"mdatpdeviceid" | b"aaddeviceid" | b"deviceid" => {
                    rest.push((EntityKind::Host, text));
                }
                b"lastipaddress" | b"lastexternalipaddress" | b"ipaddress" => {
                    rest.push((EntityKind::Ip, text));
                }
                b"azureid" | b"azureresourceid" => rest.push((EntityKind::CloudResource, text)),
                _ => {}
            }
        }
        let role = roles.or(Role::Affected);
        let mut names = Names::default();
        match (fqdn, name, domain) {
            (None, Some(name), Some(domain)) if !name.contains('.') => {
                let full = joined(name, ".", domain);
                names.add(EntityKind::Host, role, Some(&full));
            }
            (fqdn, ..) => names.add(EntityKind::Host, role, fqdn),
        }
        names.add_host_or_ip(role, name);
        for (kind, text) in rest {
            names.add(kind, role, Some(text));
        }
        names.tell(self.things, self.draft);
    }

    fn tell_address(&mut self, object: Value<'v>) {
        let mut roles = Roles::default();
        for (key, value) in object.keys_and_values() {
            roles.take(key, value);
        }
        let address = at_lowered(object, b"address").and_then(Value::as_str);
        names::one(self.draft, EntityKind::Ip, roles.or(Role::Source), address);
    }

    fn tell_mailbox(&mut self, object: Value<'v>) {
        let (mut names, mut account, mut role) =
            (Names::default(), Account::default(), Roles::default());
        let mut address = None;
        let mut buffer = KEY;
        for (key, value) in object.keys_and_values() {
            role.take(key, value);
            match lowered(key, &mut buffer) {
                b"mailboxprimaryaddress" => address = value.as_str(),
                b"upn" => account.upn = value.as_str(),
                b"aaduserid" => account.id = value.as_str(),
                _ => {}
            }
        }
        let role = role.or(Role::Affected);
        names.add(EntityKind::Email, role, address);
        names.add_account(role, &account);
        names.tell(self.things, self.draft);
    }

    fn tell_mail(&mut self, object: Value<'v>) {
        let mut buffer = KEY;
        for (key, value) in object.keys_and_values() {
            let (kind, role) = match lowered(key, &mut buffer) {
                b"recipient" | b"recipients" => (EntityKind::Email, Role::Target),
                b"sender" | b"p1sender" | b"p2sender" => (EntityKind::Email, Role::Source),
                b"submitter" => (EntityKind::Email, Role::Affected),
                b"senderip" => (EntityKind::Ip, Role::Source),
                b"urls" => (EntityKind::Url, Role::Target),
                b"p1senderdomain" | b"p2senderdomain" => (EntityKind::Domain, Role::Source),
                _ => continue,
            };
            value.each(|text| match kind {
                EntityKind::Url => names::url_or_host(self.draft, role, text.as_str()),
                kind => names::one(self.draft, kind, role, text.as_str()),
            });
        }
    }

    /// Addresses of things that have no type of their own here: URLs, DNS answers, resources of clouds.
    fn tell_other(&mut self, object: Value<'v>) {
        let mut buffer = KEY;
        let mut roles = Roles::default();
        for (key, value) in object.keys_and_values() {
            roles.take(key, value);
        }
        for (key, value) in object.keys_and_values() {
            let (kind, role) = match lowered(key, &mut buffer) {
                b"url" => (EntityKind::Url, Role::Target),
                b"domainname" | b"activedirectorydomainname" => (EntityKind::Domain, Role::Target),
                b"resourceid" | b"azureresourceid" | b"amazonresourceid" | b"fullresourcename" => {
                    (EntityKind::CloudResource, Role::Affected)
                }
                b"oauthappid" => (EntityKind::CloudResource, Role::Actor),
                b"amazonaccountid" | b"projectid" => (EntityKind::Account, Role::Affected),
                // Of network connections, where no object stands for the address.
                b"sourceaddress" => (EntityKind::Ip, Role::Source),
                b"destinationaddress" => (EntityKind::Ip, Role::Target),
                _ => continue,
            };
            let role = roles.or(role);
            match kind {
                EntityKind::Url => names::url_or_host(self.draft, role, value.as_str()),
                kind => names::one(self.draft, kind, role, value.as_str()),
            }
        }
    }

    fn tell_files(&mut self) {
        let files = std::mem::take(&mut self.files);
        for (what, object) in &files {
            match what {
                Type::Process => self.tell_process(*object),
                Type::File => self.tell_file(EntityKind::File, Role::Target, *object),
                _ => names::one(self.draft, EntityKind::Hash, Role::Target, sum_of(*object)),
            }
        }
    }

    fn tell_process(&mut self, object: Value<'v>) {
        let mut buffer = KEY;
        let image = object
            .keys_and_values()
            .find(|(key, _)| lowered(key, &mut buffer) == b"imagefile");
        let image = image.map(|(_, image)| self.resolved(image));
        if let Some(image) = image {
            self.tell_file(EntityKind::Process, Role::Actor, image);
        }
    }

    /// A file, or a process by its image: path and hashes.
    fn tell_file(&mut self, kind: EntityKind, role: Role, object: Value<'v>) {
        let (mut folder, mut name, mut hashes, mut roles) = (None, None, None, Roles::default());
        let mut buffer = KEY;
        for (key, value) in object.keys_and_values() {
            roles.take(key, value);
            match lowered(key, &mut buffer) {
                b"directory" => folder = value.as_str(),
                b"name" | b"filename" => name = value.as_str(),
                b"filehashes" => hashes = Some(value),
                _ => {}
            }
        }
        let role = roles.or(role);
        let mut names = Names::default();
        // What is told of the cloud stands at a link.
        if folder.is_some_and(|folder| folder.contains("://")) {
            names.add_path(EntityKind::Url, role, folder, name);
        } else {
            names.add_path(kind, role, folder, name);
        }
        if kind == EntityKind::Process {
            names.add_path(EntityKind::File, role, folder, name);
        }
        if let Some(hashes) = hashes {
            hashes.each(|hash| {
                names.add(EntityKind::Hash, role, sum_of(self.resolved(hash)));
            });
        }
        names.tell(self.things, self.draft);
    }

    /// What a reference names; anything else names itself.
    fn resolved(&self, value: Value<'v>) -> Value<'v> {
        let Some(id) = value.get("$ref").and_then(Value::as_str) else {
            return value;
        };
        let known = self.objects.iter().find(|(known, _)| *known == id);
        known.map_or(value, |(_, object)| *object)
    }
}

/// The hash itself; an incident calls it `hashValue`.
fn sum_of(object: Value<'_>) -> Option<&str> {
    let hash = at_lowered(object, b"value").or_else(|| at_lowered(object, b"hashvalue"));
    hash?.as_str()
}

/// What an object says of its part in the alert.
#[derive(Default)]
struct Roles(Option<Role>);

impl Roles {
    fn take(&mut self, key: &str, value: Value<'_>) {
        match key {
            "Roles" | "roles" => self.0 = super::first_role(value).or(self.0),
            _ => {}
        }
    }

    fn or(&self, role: Role) -> Role {
        self.0.unwrap_or(role)
    }
}

/// Objects that describe and name nothing.
fn is_remark(key: &str) -> bool {
    matches!(
        key,
        "Tags"
            | "tags"
            | "Location"
            | "location"
            | "Roles"
            | "roles"
            | "FileHashes"
            | "fileHashes"
            | "DetailedRoles"
            | "ThreatIntelligence"
            | "RbacScopes"
            | "Metadata"
            | "metadata"
    )
}
