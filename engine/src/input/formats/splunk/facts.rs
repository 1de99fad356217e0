//! Entities and ATT&CK of a notable, under the names of Splunk's Common Information Model.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::entity::{Entity, EntityKind, Role};

use super::super::super::draft::{Draft, Nested, each_text, first_text, thing};
use super::super::super::json::Value;

/// The fields that matter, gathered in any order.
#[derive(Default)]
pub(super) struct Facts<'a> {
    source: [Option<Value<'a>>; 4],
    target: [Option<Value<'a>>; 4],
    user: [Option<Value<'a>>; 2],
    source_user: [Option<Value<'a>>; 2],
    target_user: Option<Value<'a>>,
    device: [Option<Value<'a>>; 2],
    origin: Option<Value<'a>>,
    sender: Option<Value<'a>>,
    recipient: Option<Value<'a>>,
    risk_objects: [Option<Value<'a>>; 2],
    risk_types: [Option<Value<'a>>; 2],
    threat: [Option<Value<'a>>; 2],
    threat_type: Option<Value<'a>>,
    process: [Option<Value<'a>>; 2],
    parent: [Option<Value<'a>>; 2],
    file: [Option<Value<'a>>; 2],
    hashes: [Option<Value<'a>>; 3],
    url: Option<Value<'a>>,
    query: [Option<Value<'a>>; 2],
    attack: [Option<Value<'a>>; 4],
    techniques: Option<Value<'a>>,
    annotations: Option<Value<'a>>,
    all_annotations: Option<Value<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn set(&mut self, key: &str, value: Value<'a>) {
        // A data model's name begins with a capital.
        let field = match key.rsplit_once('.') {
            Some((model, field)) if model.starts_with(|c: char| c.is_ascii_uppercase()) => field,
            _ => key,
        };
        let slot = match field {
            "src" | "sourceAddress" => &mut self.source[0],
            "src_ip" => &mut self.source[1],
            "src_host" | "src_nt_host" | "sourceHostName" => &mut self.source[2],
            "src_dns" => &mut self.source[3],
            "dest" | "destinationAddress" => &mut self.target[0],
            "dest_ip" => &mut self.target[1],
            "dest_host" | "dest_nt_host" | "destinationHostName" => &mut self.target[2],
            "dest_dns" => &mut self.target[3],
            "user" => &mut self.user[0],
            "user_name" | "username" => &mut self.user[1],
            "src_user" | "sourceUserName" => &mut self.source_user[0],
            "src_user_name" => &mut self.source_user[1],
            "dest_user" | "destinationUserName" => &mut self.target_user,
            "dvc" => &mut self.device[0],
            "host" => &mut self.device[1],
            "orig_host" => &mut self.origin,
            "sender" => &mut self.sender,
            "recipient" => &mut self.recipient,
            "risk_object" => &mut self.risk_objects[0],
            "entity" => &mut self.risk_objects[1],
            "risk_object_type" => &mut self.risk_types[0],
            "entity_type" => &mut self.risk_types[1],
            "threat_object" => &mut self.threat[0],
            "threat_match_value" => &mut self.threat[1],
            "threat_object_type" => &mut self.threat_type,
            "process_path" => &mut self.process[0],
            "process_name" => &mut self.process[1],
            "parent_process_path" => &mut self.parent[0],
            "parent_process_name" => &mut self.parent[1],
            "file_path" => &mut self.file[0],
            "file_name" => &mut self.file[1],
            "file_hash" | "process_hash" => &mut self.hashes[0],
            "sha256" => &mut self.hashes[1],
            "md5" => &mut self.hashes[2],
            "url" => &mut self.url,
            "query" | "dns_query" => &mut self.query[0],
            "url_domain" | "domain" => &mut self.query[1],
            "annotations.mitre_attack" => &mut self.attack[0],
            "annotations.mitre_attack.mitre_technique_id" | "mitre_technique_id" => {
                &mut self.attack[1]
            }
            "annotations.mitre_attack.mitre_tactic_id" | "mitre_tactic_id" => &mut self.attack[2],
            "annotations.mitre_attack.mitre_tactic"
            | "mitre_attack"
            | "mitre_attack_id"
            | "mitre_tactic" => &mut self.attack[3],
            "annotations.mitre_attack.mitre_technique" | "mitre_technique" => &mut self.techniques,
            "annotations" => &mut self.annotations,
            "annotations._all" => &mut self.all_annotations,
            _ => return,
        };
        *slot = Some(value);
    }

    /// Says every entity.
    pub(super) fn tell(&self, draft: &mut Draft<'_>) {
        self.tell_attack(draft);
        for value in self.source.into_iter().flatten() {
            each_line(value, |text| {
                draft.push(Entity::host_or_ip(Role::Source, text), thing::SOURCE);
            });
        }
        for value in self.target.into_iter().flatten() {
            each_line(value, |text| {
                draft.push(Entity::host_or_ip(Role::Target, text), thing::TARGET);
            });
        }
        self.tell_users(draft);
        self.tell_risk(draft);
        self.tell_programs(draft);
        if let Some(url) = self.url {
            each_line(url, |text| {
                if text.contains("://") {
                    draft.entity(EntityKind::Url, Role::Target, text, 0);
                }
            });
        }
        for value in self.query.into_iter().flatten() {
            each_line(value, |text| {
                draft.entity(EntityKind::Domain, Role::Target, text, 0)
            });
        }
        self.tell_machines(draft);
    }

    fn tell_users(&self, draft: &mut Draft<'_>) {
        for (values, role, number) in [
            (&self.source_user[..], Role::Actor, thing::USER),
            (&self.user[..], Role::Affected, thing::TARGET_USER),
            (&[self.target_user][..], Role::Target, thing::OWN),
        ] {
            for value in values.iter().flatten() {
                // Several accounts are several things.
                let is_list = value.elements().is_some()
                    || value.as_str().is_some_and(|text| text.contains('\n'));
                let number = if is_list { 0 } else { number };
                each_line(*value, |text| draft.user(None, text, role, number));
            }
        }
        if let Some(sender) = self.sender {
            each_line(sender, |text| {
                draft.entity(EntityKind::Email, Role::Source, text, 0)
            });
        }
        if let Some(recipient) = self.recipient {
            each_line(recipient, |text| {
                draft.entity(EntityKind::Email, Role::Target, text, 0)
            });
        }
    }

    /// What the risk is attributed to, and what it is about.
    fn tell_risk(&self, draft: &mut Draft<'_>) {
        for (object, kind) in self.risk_objects.into_iter().zip(self.risk_types) {
            let kind = kind.and_then(first_text).unwrap_or_default();
            let Some(object) = object else { continue };
            each_line(object, |text| {
                if draft.is_named(text) {
                    return;
                }
                let entity = match kind {
                    "user" | "identity" => Entity::user_or_host(Role::Affected, text),
                    "system" | "host" | "asset" => Entity::host_or_ip(Role::Affected, text),
                    _ => Entity::new(EntityKind::Ip, Role::Affected, text)
                        .or_else(|| Entity::new(EntityKind::Email, Role::Affected, text))
                        .or_else(|| Entity::new(EntityKind::Hash, Role::Affected, text)),
                };
                draft.push(entity, 0);
            });
        }
        // One kind for each object, in the same order.
        let mut types: SmallVec<[CompactString; 4]> = SmallVec::new();
        if let Some(list) = self.threat_type {
            each_line(list, |word| {
                if types.len() < THREATS_MAX {
                    types.push(CompactString::new(word));
                }
            });
        }
        for threat in self.threat.into_iter().flatten() {
            let mut at = 0;
            each_line(threat, |text| {
                let said = types
                    .get(at)
                    .or_else(|| types.first())
                    .and_then(|word| threat_kind(word));
                at += 1;
                if let Some((kind, role)) = said {
                    draft.fresh(kind, role, text, 0);
                    return;
                }
                let kinds = [
                    EntityKind::Ip,
                    EntityKind::Hash,
                    EntityKind::Url,
                    EntityKind::Email,
                ];
                let known = kinds
                    .into_iter()
                    .find_map(|kind| Entity::new(kind, Role::Source, text));
                if let Some(entity) = known.filter(|entity| !draft.has(entity.kind, &entity.value))
                {
                    draft.push(Some(entity), 0);
                }
            });
        }
    }

    fn tell_programs(&self, draft: &mut Draft<'_>) {
        for (paths, kind, role, number) in [
            (
                self.process,
                EntityKind::Process,
                Role::Actor,
                thing::PROCESS,
            ),
            (self.parent, EntityKind::Process, Role::Actor, thing::PARENT),
            (self.file, EntityKind::File, Role::Target, thing::FILE),
        ] {
            let [path, name] = paths;
            if let Some(path) = path.or(name) {
                each_line(path, |text| draft.entity(kind, role, text, number));
            }
        }
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(Role::Target, hash, thing::FILE);
        }
    }

    /// The sensor, and the machine whose log it was: affected where nothing else is.
    fn tell_machines(&self, draft: &mut Draft<'_>) {
        let has_machine = self
            .source
            .iter()
            .chain(&self.target)
            .chain(&self.risk_objects)
            .flatten()
            .next()
            .is_some();
        if let Some(origin) = self.origin {
            let role = if has_machine {
                Role::Observer
            } else {
                Role::Affected
            };
            each_line(origin, |text| draft.push(Entity::host_or_ip(role, text), 0));
        }
        for device in self.device.into_iter().flatten() {
            each_line(device, |text| {
                draft.push(Entity::host_or_ip(Role::Observer, text), 0);
            });
        }
    }

    fn tell_attack(&self, draft: &mut Draft<'_>) {
        for ids in self.attack.into_iter().flatten() {
            each_line(ids, |text| draft.attack(text));
        }
        if let Some(names) = self.techniques {
            each_line(names, |name| draft.attack_technique_named(name));
        }
        if let Some(all) = self.all_annotations {
            each_line(all, |text| draft.attack_if_known(text));
        }
        let Some(annotations) = self.annotations else {
            return;
        };
        // `{"mitre_attack": ["T1110"]}`, as a text.
        if let Some(text) = annotations.as_str() {
            draft.nested(text, |value, draft| {
                if let Some(ids) = value.get("mitre_attack") {
                    draft.attacks(ids);
                }
            });
        } else if let Some(ids) = annotations.get("mitre_attack") {
            draft.attacks(ids);
        }
    }
}

/// Kinds kept of a risk event's threat objects.
const THREATS_MAX: usize = 32;

/// What a `threat_object_type` says that the look of the object doesn't.
fn threat_kind(word: &str) -> Option<(EntityKind, Role)> {
    Some(match word {
        "domain" | "hostname_domain" | "dns_query" => (EntityKind::Domain, Role::Source),
        "file_name" | "file_path" | "file" => (EntityKind::File, Role::Target),
        "process" | "process_name" | "process_path" | "parent_process" | "parent_process_name" => {
            (EntityKind::Process, Role::Actor)
        }
        "user" | "user_name" => (EntityKind::User, Role::Actor),
        _ => return None,
    })
}

/// Shows each text of a list, and each line of a text: so several values are exported.
fn each_line(value: Value<'_>, mut show: impl FnMut(&str)) {
    each_text(value, |text| {
        text.lines()
            .map(str::trim_ascii)
            .filter(|line| !line.is_empty() && *line != "unknown")
            .for_each(&mut show);
    });
}
