//! What CEF and LEEF share: a tail of named fields, of which the names for addresses, users, files and the like are
//! nearly the same. Keys are compared in lower case; CEF's long names (`sourceAddress`) are read as its short ones.
//!
//! Fields of free use come as a value and a label (`cs1=.. cs1Label=..`); they count where the label says plainly what
//! the value is.

mod fields;

use std::borrow::Cow;
use std::net::IpAddr;

use compact_str::format_compact;
use smallvec::SmallVec;

use crate::entity::{Entity, EntityKind, Role};

use super::super::dotted::{KeyBuffer, squeezed};
use super::super::draft::{Draft, thing};

pub(super) use fields::{each_field, unescaped};

type Text<'a> = Option<Cow<'a, str>>;

/// The fields that matter, gathered in any order.
#[derive(Default)]
pub(super) struct Extension<'a> {
    source: [Text<'a>; 3],
    source_host: Text<'a>,
    target: [Text<'a>; 3],
    target_host: Text<'a>,
    /// The site that a web firewall protects.
    site: Text<'a>,
    actor: [Text<'a>; 3],
    actor_domain: Text<'a>,
    subject: [Text<'a>; 3],
    subject_domain: Text<'a>,
    device: [Text<'a>; 2],
    own_host: [Text<'a>; 2],
    file: [Text<'a>; 2],
    hashes: [Text<'a>; 4],
    url: Text<'a>,
    process: [Text<'a>; 2],
    pub(super) id: Text<'a>,
    pub(super) count: Text<'a>,
    pub(super) message: Text<'a>,
    pub(super) category: Text<'a>,
    pub(super) severity: Text<'a>,
    /// `rt`, `start`, `end`; LEEF's `devTime`.
    pub(super) times: [Text<'a>; 4],
    /// Values and labels of the fields of free use, by the key without `Label`.
    free: SmallVec<[(Cow<'a, str>, Text<'a>, Text<'a>); 8]>,
}

/// Fields of free use that are kept; CEF has 20.
const FREE_MAX: usize = 32;

impl<'a> Extension<'a> {
    /// Takes one field. Blank values are none; quotes around a value go.
    pub(super) fn set(&mut self, key: &'a str, value: Cow<'a, str>) {
        let Some(value) = unquoted(value) else { return };
        let mut buffer: KeyBuffer = [0; 40];
        let Some(name) = squeezed(key, &mut buffer) else {
            return;
        };
        let slot = match name {
            b"src" | b"sourceaddress" => &mut self.source[0],
            b"sourcetranslatedaddress" | b"srcpostnat" => &mut self.source[1],
            b"identsrc" | b"srcipv6" | b"sourceip" | b"srcip" | b"xff" => &mut self.source[2],
            b"shost" | b"sourcehostname" | b"srchostname" => &mut self.source_host,
            b"dst" | b"destinationaddress" => &mut self.target[0],
            b"destinationtranslatedaddress" | b"dstpostnat" => &mut self.target[1],
            b"dstipv6" | b"destinationip" | b"dstip" | b"destip" | b"sip" => &mut self.target[2],
            b"dhost" | b"destinationhostname" | b"dsthostname" => &mut self.target_host,
            b"sourceservicename" => &mut self.site,
            b"suser" | b"sourceusername" => &mut self.actor[0],
            b"usrname" | b"username" | b"user" => &mut self.actor[1],
            b"suid" | b"sourceuserid" => &mut self.actor[2],
            b"sntdom" | b"sourcentdomain" | b"domain" => &mut self.actor_domain,
            b"duser" | b"destinationusername" => &mut self.subject[0],
            b"accountname" => &mut self.subject[1],
            b"duid" | b"destinationuserid" => &mut self.subject[2],
            b"dntdom" | b"destinationntdomain" => &mut self.subject_domain,
            b"dvc" | b"deviceaddress" | b"origin" | b"agt" => &mut self.device[0],
            b"dvchost" | b"devicehostname" | b"devname" => &mut self.device[1],
            b"identhostname" | b"computername" | b"hostname" => &mut self.own_host[0],
            b"identnetbios" => &mut self.own_host[1],
            b"filepath" => &mut self.file[0],
            b"fname" | b"filename" => &mut self.file[1],
            b"filehash" => &mut self.hashes[0],
            b"sha256" | b"filesha256" => &mut self.hashes[1],
            b"sha1" => &mut self.hashes[2],
            b"md5" | b"filemd5" => &mut self.hashes[3],
            b"request" | b"requesturl" | b"url" => &mut self.url,
            b"sproc" | b"sourceprocessname" => &mut self.process[0],
            b"dproc" | b"destinationprocessname" => &mut self.process[1],
            b"externalid" => &mut self.id,
            b"cnt" | b"baseeventcount" => &mut self.count,
            b"msg" | b"message" => &mut self.message,
            b"cat" | b"deviceeventcategory" => &mut self.category,
            b"sev" | b"severity" => &mut self.severity,
            b"rt" | b"devicereceipttime" | b"receipttime" => &mut self.times[0],
            b"start" | b"starttime" => &mut self.times[1],
            b"end" | b"endtime" => &mut self.times[2],
            b"devtime" | b"devicecustomdate1" => &mut self.times[3],
            // Vendors put their own name before these.
            _ if name.ends_with(b"filesha256") => &mut self.hashes[1],
            _ if name.ends_with(b"filesha1") => &mut self.hashes[2],
            _ if name.ends_with(b"filemd5") => &mut self.hashes[3],
            _ => return self.set_free(key, value),
        };
        *slot = Some(value);
    }

    fn set_free(&mut self, key: &'a str, value: Cow<'a, str>) {
        let (name, is_label) = match key.strip_suffix("Label") {
            Some(name) => (name, true),
            None => (key, false),
        };
        let known = self.free.iter().position(|(known, ..)| *known == name);
        let at = match known {
            Some(at) => at,
            None if self.free.len() < FREE_MAX => {
                self.free.push((Cow::Borrowed(name), None, None));
                self.free.len() - 1
            }
            None => return,
        };
        let field = &mut self.free[at];
        if is_label {
            field.2 = Some(value);
        } else {
            field.1 = Some(value);
        }
    }

    /// Says every entity.
    pub(super) fn tell(&self, draft: &mut Draft<'_>) {
        let (source, target) = (thing::SOURCE, thing::TARGET);
        for text in texts(&self.source) {
            draft.push(Entity::host_or_ip(Role::Source, text), source);
        }
        if let Some(host) = &self.source_host {
            draft.push(Entity::host_or_ip(Role::Source, host), source);
        }
        for text in texts(&self.target) {
            draft.push(Entity::host_or_ip(Role::Target, text), target);
        }
        if let Some(host) = &self.target_host {
            self.tell_target_host(host, draft);
        }
        if let Some(site) = &self.site {
            tell_name(site, draft);
        }
        for host in texts(&self.own_host) {
            draft.push(Entity::host_or_ip(Role::Affected, host), thing::HOST);
        }
        let user = (Role::Actor, thing::USER);
        tell_user(&self.actor, &self.actor_domain, user, draft);
        let user = (Role::Target, thing::TARGET_USER);
        tell_user(&self.subject, &self.subject_domain, user, draft);
        if let Some(url) = &self.url {
            tell_url(url, draft);
        }
        self.tell_files(draft);
        for (name, value, label) in &self.free {
            if let (Some(value), label) = (value, label.as_deref().unwrap_or(name)) {
                tell_labelled(label, value, draft);
            }
        }
        for device in texts(&self.device) {
            draft.push(Entity::host_or_ip(Role::Observer, device), thing::OBSERVER);
        }
    }

    /// A machine of ours, or a name on the Internet where the address beside it is there too.
    fn tell_target_host(&self, host: &str, draft: &mut Draft<'_>) {
        let address = self.target[0].as_deref().unwrap_or_default();
        let is_far = address.parse::<IpAddr>().is_ok() && !is_private(address);
        if is_far && host.contains('.') {
            tell_name(host, draft);
        } else {
            draft.push(Entity::host_or_ip(Role::Target, host), thing::TARGET);
        }
    }

    fn tell_files(&self, draft: &mut Draft<'_>) {
        let [path, name] = &self.file;
        match (path, name) {
            // Some give the folder and the name.
            (Some(path), Some(name)) if is_folder(path, name) => {
                let dash = if path.contains('\\') { '\\' } else { '/' };
                let folder = path.trim_end_matches(dash);
                let whole = format_compact!("{folder}{dash}{name}");
                draft.entity(EntityKind::File, Role::Target, &whole, thing::FILE);
            }
            (Some(path), _) | (None, Some(path)) => {
                draft.entity(EntityKind::File, Role::Target, path, thing::FILE);
            }
            (None, None) => {}
        }
        for hash in texts(&self.hashes) {
            draft.entity(EntityKind::Hash, Role::Target, hash, thing::FILE);
        }
        let [source, target] = &self.process;
        if let Some(process) = source {
            draft.entity(EntityKind::Process, Role::Actor, process, thing::PROCESS);
        }
        if let Some(process) = target {
            let number = thing::TARGET_PROCESS;
            draft.entity(EntityKind::Process, Role::Target, process, number);
        }
    }
}

/// Whether `path` is where the file `name` is, and not the file itself.
fn is_folder(path: &str, name: &str) -> bool {
    let last = path.rsplit(['\\', '/']).next().unwrap_or(path);
    path.contains(['\\', '/']) && !name.contains(['\\', '/']) && !last.contains('.')
}

fn texts<'t>(slots: &'t [Text<'_>]) -> impl Iterator<Item = &'t str> {
    slots.iter().flatten().map(|text| &**text)
}

/// A name with its domain, and an id where it is an account's: others put a session's there.
fn tell_user(names: &[Text<'_>; 3], domain: &Text<'_>, as_what: (Role, u8), draft: &mut Draft<'_>) {
    let (role, number) = as_what;
    let [first, second, id] = names;
    for name in [first, second].into_iter().flatten() {
        draft.user(domain.as_deref(), name, role, number);
    }
    if let Some(id) = id
        && (id.starts_with("S-1-") || id.contains('@'))
    {
        draft.entity(EntityKind::User, role, id, number);
    }
}

/// A URL. Without a scheme its host is told, if it has one: others hold a path on the target.
fn tell_url(url: &str, draft: &mut Draft<'_>) {
    if url.contains("://") {
        draft.entity(EntityKind::Url, Role::Target, url, thing::TARGET);
        return;
    }
    let host = url.split(['/', '?']).next().unwrap_or(url);
    tell_name(host, draft);
}

/// The name of something on the Internet, or its address, if `text` is one.
fn tell_name(text: &str, draft: &mut Draft<'_>) {
    let entity = Entity::new(EntityKind::Domain, Role::Target, text)
        .or_else(|| Entity::new(EntityKind::Ip, Role::Target, text));
    if let Some(entity) = entity {
        draft.fresh(entity.kind, Role::Target, &entity.value, thing::TARGET);
    }
}

/// Whether `text` is an address that only our own networks use.
fn is_private(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => false,
    }
}

/// A field of free use, where its label says what it is.
fn tell_labelled(label: &str, value: &str, draft: &mut Draft<'_>) {
    let mut buffer: KeyBuffer = [0; 40];
    let Some(label) = squeezed(label, &mut buffer) else {
        return;
    };
    let role = Role::Target;
    // What a field of its own has said already.
    if draft.is_named(value) {
        return;
    }
    match label {
        b"sha256" | b"sha1" | b"md5" | b"hash" | b"filehash" | b"sha256hash" | b"md5hash"
        | b"sha1hash" | b"filesha256" | b"filesha1" | b"filemd5" | b"processsha256" => {
            draft.fresh(EntityKind::Hash, role, value, thing::FILE);
        }
        b"cnchost" | b"c2host" | b"destinationdomain" | b"domain" | b"domainname" | b"dnsquery"
        | b"query" | b"queryname" | b"fqdn" | b"requestedhost" => {
            tell_name(value, draft);
        }
        b"requesturl" | b"maliciousurl" => tell_url(value, draft),
        b"affectedusername" | b"username" | b"user" | b"accountname" | b"targetuser" => {
            draft.user(None, value, Role::Target, thing::OWN);
        }
        b"sourceip"
        | b"srcip"
        | b"attackerip"
        | b"clientip"
        | b"sourceipv6address"
        | b"xforwardedfor"
        | b"xforwardedforheadervalue" => draft.fresh(EntityKind::Ip, Role::Source, value, 0),
        b"destinationip" | b"destip" | b"dstip" | b"victimip" | b"destinationipv6address" => {
            draft.fresh(EntityKind::Ip, role, value, 0);
        }
        b"computername" | b"hostname" | b"endpoint" | b"endpointname" | b"agentname"
        | b"devicename" | b"machinename" => {
            // Between two sides a device is what has seen them.
            let has = |role: Role| {
                draft
                    .alert()
                    .entities
                    .iter()
                    .any(|other| other.role == role)
            };
            let is_seen = label == b"devicename" && has(Role::Source) && has(Role::Target);
            let (role, number) = match is_seen {
                true => (Role::Observer, thing::OBSERVER),
                false => (Role::Affected, thing::HOST),
            };
            draft.push(Entity::host_or_ip(role, value), number);
        }
        b"parentprocess" | b"parentimage" | b"parentprocesspath" => {
            draft.entity(EntityKind::Process, Role::Actor, value, thing::PARENT);
        }
        b"filepath" | b"filename" => draft.fresh(EntityKind::File, role, value, thing::FILE),
        b"sender" | b"mailfrom" | b"from" => {
            draft.entity(EntityKind::Email, Role::Source, value, 0);
        }
        b"recipient" | b"mailto" | b"to" => draft.entity(EntityKind::Email, role, value, 0),
        b"technique" | b"techniquename" => draft.attack_technique_named(value),
        b"techniqueid" | b"mitretechnique" | b"mitretechniqueid" | b"mitreattack" | b"tactic"
        | b"tacticid" | b"mitretactic" | b"mitreattackid" => draft.attack(value),
        _ => {}
    }
}

/// `value` without blanks and quotes around it, if anything is left.
fn unquoted(value: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let inside = |text: &str| -> (usize, usize) {
        let trimmed = text.trim();
        let start = text.len() - text.trim_start().len();
        let is_quoted = trimmed.len() >= 2 && trimmed.starts_with('"') && trimmed.ends_with('"');
        let cut = usize::from(is_quoted);
        (start + cut, start + trimmed.len() - cut)
    };
    let (start, end) = inside(&value);
    let value = match value {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
    };
    (!value.trim().is_empty()).then_some(value)
}
