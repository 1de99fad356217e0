//! Names: everything that one thing of an alert is called, told together so that its names share a number
//! ([`Entity::thing`]): a machine's FQDN, short name, ids and addresses; an account's name, UPN, SID and directory id.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::entity::{Entity, EntityKind, Role};

use super::draft::Draft;
use super::json::Value;

/// Numbers of the things of one alert, from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Things(u8);

impl Things {
    /// The next number; 0, which stands for itself, after 255.
    pub(crate) fn next(&mut self) -> u8 {
        match self.0.checked_add(1) {
            Some(next) => {
                self.0 = next;
                next
            }
            None => 0,
        }
    }

    /// Goes on after the things that the alert has already.
    pub(crate) fn of(draft: &Draft<'_>) -> Self {
        let told = draft.alert().entities.iter();
        Self(told.map(|entity| entity.thing).max().unwrap_or(0))
    }
}

/// What one thing is called.
#[derive(Default)]
pub(crate) struct Names {
    entities: SmallVec<[Entity; 4]>,
    dropped: u32,
}

impl Names {
    /// Adds a name as the product wrote it; nothing is passed over.
    pub(crate) fn add(&mut self, kind: EntityKind, role: Role, raw: Option<&str>) {
        let Some(raw) = raw.filter(|raw| !raw.trim_ascii().is_empty()) else {
            return;
        };
        match Entity::new(kind, role, raw) {
            Some(entity) => self.entities.push(entity),
            None => self.dropped += 1,
        }
    }

    /// Adds the name in a field that holds a machine's name or its address.
    pub(crate) fn add_host_or_ip(&mut self, role: Role, raw: Option<&str>) {
        let Some(raw) = raw.filter(|raw| !raw.trim_ascii().is_empty()) else {
            return;
        };
        match Entity::host_or_ip(role, raw) {
            Some(entity) => self.entities.push(entity),
            None => self.dropped += 1,
        }
    }

    /// Adds the names of an account: `domain\name`, or the bare name where no domain is known, UPN, SID and directory id.
    /// A machine's account is a host.
    pub(crate) fn add_account(&mut self, role: Role, account: &Account<'_>) {
        let some = |raw: Option<&str>| raw.is_some_and(|raw| !raw.trim_ascii().is_empty());
        // Who is on every machine is nobody by any name.
        let is_nobody = |name: &str| Entity::new(EntityKind::User, role, name).is_none();
        if account.name.is_some_and(|name| {
            some(Some(name)) && !name.trim_ascii_end().ends_with('$') && is_nobody(name)
        }) {
            self.dropped += 1;
            return;
        }
        if let Some(name) = account.name.filter(|name| some(Some(name))) {
            if name.trim_ascii_end().ends_with('$') {
                self.add(EntityKind::Host, role, Some(name));
                return;
            }
            match account.domain.filter(|domain| some(Some(domain))) {
                // The domain may be that of the UPN, which says the same.
                Some(domain) if account.upn.is_some_and(|upn| is_upn(upn, name, domain)) => {}
                Some(domain) if !name.contains(['\\', '@']) => {
                    let full = joined(domain.trim_ascii(), "\\", name.trim_ascii());
                    self.add(EntityKind::User, role, Some(&full));
                }
                _ if some(account.suffix) || some(account.upn) => {}
                _ => self.add(EntityKind::User, role, Some(name)),
            }
            if let Some(suffix) = account.suffix.filter(|suffix| some(Some(suffix)))
                && !name.contains('@')
            {
                let upn = joined(name.trim_ascii(), "@", suffix.trim_ascii());
                self.add(EntityKind::User, role, Some(&upn));
            }
        }
        for raw in [account.upn, account.sid, account.id] {
            self.add(EntityKind::User, role, raw);
        }
    }

    /// Adds a file by its folder and name, or by either.
    pub(crate) fn add_path(
        &mut self,
        kind: EntityKind,
        role: Role,
        folder: Option<&str>,
        name: Option<&str>,
    ) {
        let (folder, name) = (folder.unwrap_or_default(), name.unwrap_or_default());
        if name.is_empty() || folder.is_empty() || ends_with_name(folder, name) {
            let whole = if folder.is_empty() { name } else { folder };
            self.add(kind, role, Some(whole).filter(|_| !name.is_empty()));
            return;
        }
        let is_windows = folder.contains('\\') || folder.ends_with(':');
        let separator = match folder.as_bytes().last() {
            Some(b'\\' | b'/') => "",
            _ if is_windows => "\\",
            _ => "/",
        };
        self.add(kind, role, Some(&joined(folder, separator, name)));
    }

    /// Whether there is no name so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Tells them all. A thing that was told before keeps its number, and one with a single name needs none.
    pub(crate) fn tell(self, things: &mut Things, draft: &mut Draft<'_>) {
        for _ in 0..self.dropped {
            draft.push(None, 0);
        }
        let known = self.entities.iter().find_map(|name| {
            let told = &draft.alert().entities;
            let is_same = |other: &&Entity| {
                other.thing != 0 && other.kind == name.kind && other.value == name.value
            };
            Some(told.iter().find(is_same)?.thing)
        });
        let thing = match known {
            Some(thing) => thing,
            None if self.entities.len() > 1 => things.next(),
            None => 0,
        };
        for entity in self.entities {
            if thing != 0 {
                draft.number(entity.kind, &entity.value, thing);
            }
            // A program's file may be told as a process and as a file; once is enough.
            let is_told = matches!(entity.kind, EntityKind::Hash | EntityKind::File)
                && draft
                    .alert()
                    .entities
                    .iter()
                    .any(|other| other.kind == entity.kind && other.value == entity.value);
            if !is_told {
                draft.push(Some(entity), thing);
            }
        }
    }
}

/// What an account is called.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account<'a> {
    /// Its name in the domain.
    pub(crate) name: Option<&'a str>,
    /// The domain of Windows or of DNS.
    pub(crate) domain: Option<&'a str>,
    /// What its UPN has after the `@`, where it stands alone.
    pub(crate) suffix: Option<&'a str>,
    /// `name@domain`.
    pub(crate) upn: Option<&'a str>,
    /// `S-1-5-21-..`.
    pub(crate) sid: Option<&'a str>,
    /// Its id in a directory.
    pub(crate) id: Option<&'a str>,
}

/// Whether `upn` is `name@domain`.
fn is_upn(upn: &str, name: &str, domain: &str) -> bool {
    upn.trim_ascii()
        .split_once('@')
        .is_some_and(|(user, host)| {
            user.eq_ignore_ascii_case(name) && host.eq_ignore_ascii_case(domain)
        })
}

/// Three texts in a row.
pub(crate) fn joined(first: &str, separator: &str, last: &str) -> CompactString {
    let mut text = CompactString::with_capacity(first.len() + separator.len() + last.len());
    text.push_str(first);
    text.push_str(separator);
    text.push_str(last);
    text
}

/// Whether `path` ends with the file's `name` already: some products write the whole path as the folder.
fn ends_with_name(path: &str, name: &str) -> bool {
    let Some(at) = path.len().checked_sub(name.len()) else {
        return false;
    };
    let is_tail = path
        .get(at..)
        .is_some_and(|tail| tail.eq_ignore_ascii_case(name));
    is_tail && (at == 0 || matches!(path.as_bytes()[at - 1], b'\\' | b'/'))
}

/// Tells one entity, which stands for itself unless it was named as something before; nothing is passed over.
pub(crate) fn one(draft: &mut Draft<'_>, kind: EntityKind, role: Role, raw: Option<&str>) {
    if let Some(raw) = raw.filter(|raw| !raw.trim_ascii().is_empty()) {
        push(draft, Entity::new(kind, role, raw));
    }
}

fn push(draft: &mut Draft<'_>, entity: Option<Entity>) {
    let told = &draft.alert().entities;
    let is_it = |other: &&Entity| {
        entity
            .as_ref()
            .is_some_and(|entity| other.kind == entity.kind && other.value == entity.value)
    };
    let thing = told.iter().find(is_it).map_or(0, |other| other.thing);
    draft.push(entity, thing);
}

/// Tells a URL, or the bare host that some products write for one; nothing is passed over.
pub(crate) fn url_or_host(draft: &mut Draft<'_>, role: Role, raw: Option<&str>) {
    if let Some(raw) = raw.filter(|raw| !raw.trim_ascii().is_empty()) {
        let kinds = [EntityKind::Url, EntityKind::Ip, EntityKind::Domain];
        let entity = kinds
            .into_iter()
            .find_map(|kind| Entity::new(kind, role, raw));
        push(draft, entity);
    }
}

/// Tells the other side of a connection, by its address or its name.
pub(crate) fn peer(draft: &mut Draft<'_>, role: Role, raw: Option<&str>) {
    if let Some(raw) = raw.filter(|raw| !raw.trim_ascii().is_empty()) {
        let kinds = [EntityKind::Ip, EntityKind::Domain, EntityKind::Host];
        let entity = kinds
            .into_iter()
            .find_map(|kind| Entity::new(kind, role, raw));
        push(draft, entity);
    }
}

/// Room for a lowered key; longer ones are none that a format knows.
pub(crate) type KeyBuffer = [u8; 48];

/// An empty one.
pub(crate) const KEY: KeyBuffer = [0; 48];

/// The value at `wanted`, a key in lower case, however the object writes it.
pub(crate) fn at_lowered<'v>(object: Value<'v>, wanted: &[u8]) -> Option<Value<'v>> {
    let mut buffer = KEY;
    object
        .keys_and_values()
        .find(|(key, _)| lowered(key, &mut buffer) == wanted)
        .map(|(_, value)| value)
}

/// `key` in lower case and without `_`, because products and what carries them disagree on it: `AlertId`, `alertId`,
/// `alert_id`.
#[inline]
pub(crate) fn lowered<'b>(key: &str, buffer: &'b mut KeyBuffer) -> &'b [u8] {
    let mut length = 0;
    for byte in key.bytes().filter(|byte| *byte != b'_') {
        let Some(place) = buffer.get_mut(length) else {
            return b"";
        };
        *place = byte.to_ascii_lowercase();
        length += 1;
    }
    &buffer[..length]
}
