//! The machines and programs of a detection.

use compact_str::CompactString;

use crate::entity::{Entity, EntityKind, Role};

use super::super::super::dotted::{KeyBuffer, squeezed};
use super::super::super::draft::{Draft, each_text, first_text};
use super::super::super::json::Value;

#[derive(Default)]
pub(super) struct Host<'a> {
    pub(super) names: [Option<Value<'a>>; 2],
    pub(super) domain: Option<Value<'a>>,
    pub(super) ids: [Option<Value<'a>>; 2],
    pub(super) local: Option<Value<'a>>,
    pub(super) external: Option<Value<'a>>,
}

/// A program: its path may be its folder alone.
#[derive(Default)]
pub(super) struct Image<'a> {
    pub(super) path: Option<Value<'a>>,
    pub(super) name: Option<Value<'a>>,
    pub(super) hashes: [Option<Value<'a>>; 3],
}

impl<'a> Host<'a> {
    pub(super) fn set(&mut self, key: &[u8], value: Value<'a>) -> bool {
        let slot = match key {
            b"computername" | b"hostname" | b"hostnamefield" => &mut self.names[0],
            b"endpointname" => &mut self.names[1],
            b"machinedomain" => &mut self.domain,
            b"agentid" | b"agentidstring" | b"sensorid" | b"aid" | b"deviceid" => &mut self.ids[0],
            b"hostid" => &mut self.ids[1],
            b"localip" | b"endpointip" => &mut self.local,
            b"externalip" => &mut self.external,
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    pub(super) fn tell(&self, number: u8, draft: &mut Draft<'_>) {
        let role = Role::Affected;
        for name in self.names.into_iter().flatten() {
            draft.hosts_or_ips(role, name, number);
            let name = first_text(name).unwrap_or_default();
            let domain = self.domain.and_then(first_text).unwrap_or_default();
            if !name.is_empty() && !name.contains('.') && domain.contains('.') {
                let mut whole = CompactString::new(name);
                whole.push('.');
                whole.push_str(domain);
                draft.entity(EntityKind::Host, role, &whole, number);
            }
        }
        for ip in [self.local, self.external].into_iter().flatten() {
            draft.entities(EntityKind::Ip, role, ip, number);
        }
        for id in self.ids.into_iter().flatten() {
            each_text(id, |id| {
                // Zeros stand where there is none.
                if id.bytes().any(|byte| byte != b'0') {
                    draft.entity(EntityKind::Host, role, id, number);
                }
            });
        }
    }
}

impl<'a> Image<'a> {
    pub(super) fn set(&mut self, key: &[u8], value: Value<'a>) -> bool {
        let slot = match key {
            b"filepath" | b"imagefilename" | b"imagefilepath" => &mut self.path,
            b"filename" => &mut self.name,
            b"sha256string" | b"sha256" => &mut self.hashes[0],
            b"sha1string" | b"sha1" => &mut self.hashes[1],
            b"md5string" | b"md5" => &mut self.hashes[2],
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    pub(super) fn set_all(&mut self, details: Value<'a>) {
        for (key, value) in details.keys_and_values() {
            let mut buffer: KeyBuffer = [0; 40];
            if let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing()) {
                self.set(key, value);
            }
        }
    }

    pub(super) fn tell(&self, role: Role, number: u8, draft: &mut Draft<'_>) {
        self.with_path(|path| draft.entity(EntityKind::Process, role, path, number));
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(role, hash, number);
        }
    }

    /// As a file, unless the alert has the same as its program.
    pub(super) fn tell_fresh(&self, number: u8, draft: &mut Draft<'_>) {
        self.with_path(|path| {
            let is_program = Entity::new(EntityKind::Process, Role::Actor, path)
                .is_some_and(|program| draft.has(EntityKind::Process, &program.value));
            if !is_program {
                draft.fresh(EntityKind::File, Role::Target, path, number);
            }
        });
        for hash in self.hashes.into_iter().flatten() {
            each_text(hash, |hash| {
                draft.fresh(EntityKind::Hash, Role::Target, hash, number)
            });
        }
    }

    /// Shows the whole path: a folder with the name, a path that has it already, or what there is of both.
    fn with_path(&self, show: impl FnOnce(&str)) {
        let path = self.path.and_then(first_text).unwrap_or_default();
        let name = self.name.and_then(first_text).unwrap_or_default();
        let is_whole = name.is_empty() || path.ends_with(name) || path.is_empty();
        if is_whole {
            let text = if path.is_empty() { name } else { path };
            if !text.is_empty() {
                show(text);
            }
            return;
        }
        let tail = path.rsplit(['\\', '/']).next().unwrap_or(path);
        // Some write another name than the path's own: the path tells more.
        if tail.contains('.') {
            return show(path);
        }
        let mut whole = CompactString::new(path);
        if !path.ends_with(['\\', '/']) {
            whole.push(if path.contains('\\') { '\\' } else { '/' });
        }
        whole.push_str(name);
        show(&whole);
    }
}
