//! What CEF and LEEF share: a tail of named fields, of which the names for addresses, users, files and the like are
//! nearly the same. Keys are compared in lower case; CEF's long names (`sourceAddress`) are read as its short ones.
//!
//! Fields of free use come as a value and a label (`cs1=.. cs1Label=..`); they count where the label says plainly what
//! the value is.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::entity::{Entity, EntityKind, Role};

use super::super::dotted::{KeyBuffer, squeezed};
use super::super::draft::{Draft, thing};

type Text<'a> = Option<Cow<'a, str>>;

/// The fields that matter, gathered in any order.
#[derive(Default)]
pub(super) struct Extension<'a> {
    source: [Text<'a>; 3],
    source_host: Text<'a>,
    target: [Text<'a>; 3],
    target_host: Text<'a>,
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
            b"identsrc" | b"srcipv6" | b"sourceip" | b"srcip" => &mut self.source[2],
            b"shost" | b"sourcehostname" | b"srchostname" => &mut self.source_host,
            b"dst" | b"destinationaddress" => &mut self.target[0],
            b"destinationtranslatedaddress" | b"dstpostnat" => &mut self.target[1],
            b"dstipv6" | b"destinationip" | b"dstip" | b"destip" => &mut self.target[2],
            b"dhost" | b"destinationhostname" | b"dsthostname" => &mut self.target_host,
            b"suser" | b"sourceusername" => &mut self.actor[0],
            b"usrname" | b"username" | b"user" => &mut self.actor[1],
            b"suid" | b"sourceuserid" => &mut self.actor[2],
            b"sntdom" | b"sourcentdomain" | b"domain" => &mut self.actor_domain,
            b"duser" | b"destinationusername" => &mut self.subject[0],
            b"accountname" => &mut self.subject[1],
            b"duid" | b"destinationuserid" => &mut self.subject[2],
            b"dntdom" | b"destinationntdomain" => &mut self.subject_domain,
            b"dvc" | b"deviceaddress" => &mut self.device[0],
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
            b"devtime" => &mut self.times[3],
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
            draft.push(Entity::host_or_ip(Role::Target, host), target);
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

    fn tell_files(&self, draft: &mut Draft<'_>) {
        let [path, name] = &self.file;
        if let Some(path) = path.as_ref().or(name.as_ref()) {
            draft.entity(EntityKind::File, Role::Target, path, thing::FILE);
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

fn texts<'t>(slots: &'t [Text<'_>]) -> impl Iterator<Item = &'t str> {
    slots.iter().flatten().map(|text| &**text)
}

/// A name with its domain, and an id where it is more than a number.
fn tell_user(names: &[Text<'_>; 3], domain: &Text<'_>, as_what: (Role, u8), draft: &mut Draft<'_>) {
    let (role, number) = as_what;
    let [first, second, id] = names;
    for name in [first, second].into_iter().flatten() {
        draft.user(domain.as_deref(), name, role, number);
    }
    if let Some(id) = id
        && id.bytes().any(|byte| byte.is_ascii_alphabetic())
    {
        draft.entity(EntityKind::User, role, id, number);
    }
}

/// A URL, or a path on the target, which is none.
fn tell_url(url: &str, draft: &mut Draft<'_>) {
    if url.contains("://") {
        draft.entity(EntityKind::Url, Role::Target, url, thing::TARGET);
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
            let entity = Entity::new(EntityKind::Domain, role, value)
                .or_else(|| Entity::new(EntityKind::Ip, role, value));
            if let Some(entity) = entity {
                draft.fresh(entity.kind, role, &entity.value, thing::TARGET);
            }
        }
        b"url" | b"requesturl" | b"maliciousurl" => tell_url(value, draft),
        b"affectedusername" | b"username" | b"user" | b"accountname" | b"targetuser" => {
            draft.user(None, value, Role::Target, thing::OWN);
        }
        b"sourceip" | b"srcip" | b"attackerip" | b"clientip" | b"sourceipv6address"
        | b"xforwardedfor" => draft.fresh(EntityKind::Ip, Role::Source, value, 0),
        b"destinationip" | b"destip" | b"dstip" | b"victimip" | b"destinationipv6address" => {
            draft.fresh(EntityKind::Ip, role, value, 0);
        }
        b"computername" | b"hostname" | b"endpoint" | b"endpointname" | b"agentname"
        | b"devicename" | b"machinename" => {
            draft.push(Entity::host_or_ip(Role::Affected, value), thing::HOST);
        }
        b"parentprocess" | b"parentimage" | b"parentprocesspath" => {
            draft.entity(EntityKind::Process, Role::Actor, value, thing::PARENT);
        }
        b"filepath" | b"filename" => draft.fresh(EntityKind::File, role, value, thing::FILE),
        b"sender" | b"mailfrom" | b"from" => {
            draft.entity(EntityKind::Email, Role::Source, value, 0);
        }
        b"recipient" | b"mailto" | b"to" => draft.entity(EntityKind::Email, role, value, 0),
        b"technique" | b"techniqueid" | b"mitretechnique" | b"mitretechniqueid"
        | b"mitreattack" | b"tactic" | b"tacticid" | b"mitretactic" | b"mitreattackid" => {
            draft.attack(value)
        }
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

/// Shows the fields of a tail in which blanks part them: a key is a word that begins after a blank and ends in `=`, and
/// a value goes up to the next key, whatever blanks it has.
pub(super) fn each_field<'a>(tail: &'a str, mut show: impl FnMut(&'a str, &'a str)) {
    let mut open: Option<(&'a str, usize)> = None;
    let bytes = tail.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'=', &bytes[from..]) {
        let equals = from + found;
        from = equals + 1;
        let Some(start) = key_start(bytes, equals) else {
            continue;
        };
        if let Some((key, value_start)) = open
            && value_start <= start
        {
            show(key, tail[value_start..start].trim());
        }
        open = Some((&tail[start..equals], equals + 1));
    }
    if let Some((key, value_start)) = open {
        show(key, tail[value_start..].trim());
    }
}

/// Where the key that ends at `equals` begins, if one does.
fn key_start(bytes: &[u8], equals: usize) -> Option<usize> {
    let is_key = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']' | b'-')
    };
    let length = bytes[..equals]
        .iter()
        .rev()
        .take_while(|byte| is_key(byte))
        .count();
    let start = equals - length;
    let is_first = start == 0 || bytes[start - 1].is_ascii_whitespace();
    (length > 0 && is_first && bytes[start].is_ascii_alphanumeric()).then_some(start)
}

/// `text` without its backslashes: `\=`, `\|` and `\\` stand for themselves, `\n` and `\r` for line ends,
/// which become blanks.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('=' | '|' | '\\')) => plain.extend(chars.next()),
            // A path like `C:\new` is seldom escaped as it should be.
            ('\\', Some('n' | 'r')) if !plain.ends_with(':') => {
                plain.push(' ');
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(tail: &str) -> Vec<(&str, &str)> {
        let mut fields = Vec::new();
        each_field(tail, |key, value| fields.push((key, value)));
        fields
    }

    #[test]
    fn values_keep_blanks_and_equals_signs() {
        assert_eq!(
            fields("src=10.0.0.1 msg=Two words  request=http://a/?b=c&d=e cs1= cs1Label=x y"),
            [
                ("src", "10.0.0.1"),
                ("msg", "Two words"),
                ("request", "http://a/?b=c&d=e"),
                ("cs1", ""),
                ("cs1Label", "x y"),
            ]
        );
        assert_eq!(fields("no fields here"), []);
        assert_eq!(fields("=x a=1"), [("a", "1")]);
        assert_eq!(fields(r"msg=q\=1 a=2"), [("msg", r"q\=1"), ("a", "2")]);
        assert_eq!(fields("a=b=c"), [("a", "b=c")]);
    }

    #[test]
    fn escapes_stand_for_themselves() {
        assert_eq!(unescaped("plain"), "plain");
        assert_eq!(unescaped(r"a\=b\|c\\d\ne"), "a=b|c\\d e");
        assert_eq!(unescaped(r"C:\new\temp"), "C:\\new\\temp");
        assert_eq!(unescaped("tail\\"), "tail\\");
    }
}
