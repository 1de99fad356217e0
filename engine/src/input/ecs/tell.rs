//! From gathered ECS fields to the entities of an alert.

use crate::entity::{Entity, EntityKind, Role};

use super::super::dotted;
use super::super::draft::{Draft, each_text, first_text, thing};
use super::super::json::Value;
use super::{Ecs, Indicator, Machine, Program, Side};

/// Addresses kept of a list of a machine's own: agents list those of every container bridge.
const OWN_ADDRESSES_MAX: usize = 8;

impl<'a> Ecs<'a> {
    /// Says every entity and ATT&CK id, what is affected first and what is only related last.
    pub(crate) fn tell(&self, draft: &mut Draft<'_>) {
        self.tell_attack(draft);
        self.tell_host(draft);
        self.tell_users(draft);
        let (source, target) = (thing::SOURCE, thing::TARGET);
        self.source.tell(Role::Source, source, draft);
        self.client.tell(Role::Source, source, draft);
        if let Some(forwarded) = self.forwarded {
            draft.entities(EntityKind::Ip, Role::Source, forwarded, 0);
        }
        self.destination.tell(Role::Target, target, draft);
        self.server.tell(Role::Target, target, draft);
        self.tell_names(draft);
        let process = EntityKind::Process;
        self.process
            .tell(process, Role::Actor, thing::PROCESS, draft);
        self.parent.tell(process, Role::Actor, thing::PARENT, draft);
        let number = thing::TARGET_PROCESS;
        self.target_process
            .tell(process, Role::Target, number, draft);
        self.file
            .tell(EntityKind::File, Role::Target, thing::FILE, draft);
        self.dll
            .tell(EntityKind::File, Role::Target, thing::OWN, draft);
        self.tell_mail(draft);
        self.tell_cloud(draft);
        let told = draft.told();
        self.windows.tell(draft);
        draft.drop_known(told);
        self.tell_indicators(draft);
        self.tell_observer(draft);
        self.tell_related(draft);
    }

    /// ATT&CK ids, of one `threat` or of a list.
    fn tell_attack(&self, draft: &mut Draft<'_>) {
        for ids in self.threat_ids.into_iter().flatten() {
            draft.attacks(ids);
        }
        if let Some(threats) = self.threats {
            threats.each(|threat| attack(threat, draft));
        }
    }

    fn tell_host(&self, draft: &mut Draft<'_>) {
        if self.is_sensor() {
            return;
        }
        self.host.tell(Role::Affected, thing::HOST, draft);
    }

    /// Whether `host` is the observer under another key.
    fn is_sensor(&self) -> bool {
        /// Products that see what others do, and log where they run.
        const SENSORS: [&str; 12] = [
            "suricata",
            "zeek",
            "snort",
            "panw",
            "fortinet",
            "checkpoint",
            "sophos",
            "juniper",
            "cisco",
            "pfsense",
            "netflow",
            "network_traffic",
        ];
        let module = self
            .event
            .module
            .or(self.event.dataset)
            .and_then(first_text);
        let product = module.map(|module| module.split(['.', '_']).next().unwrap_or(module));
        if product.is_some_and(|product| SENSORS.contains(&product)) {
            return true;
        }
        let sensor = self.observer.names().next().and_then(first_text);
        let host = self.host.names().next().and_then(first_text);
        matches!((sensor, host), (Some(sensor), Some(host)) if sensor.eq_ignore_ascii_case(host))
    }

    fn tell_users(&self, draft: &mut Draft<'_>) {
        draft.account(self.user, Role::Actor, thing::USER);
        draft.account(self.user_effective, Role::Target, thing::OWN + 1);
        draft.account(self.user_target, Role::Target, thing::TARGET_USER);
        draft.account(self.user_changes, Role::Target, thing::TARGET_USER);
        let is_told = self.user.name.is_some() || self.user.id.is_some();
        if !is_told {
            draft.account(self.process_user, Role::Actor, thing::USER);
        }
    }

    fn tell_names(&self, draft: &mut Draft<'_>) {
        if let Some(question) = self.question {
            draft.entities(EntityKind::Domain, Role::Target, question, thing::TARGET);
        }
        if let Some(resolved) = self.resolved {
            draft.entities(EntityKind::Ip, Role::Target, resolved, thing::TARGET);
        }
        for name in [self.url_domain, self.server_name].into_iter().flatten() {
            draft.domains_or_ips(Role::Target, name, thing::TARGET);
        }
        let original = self
            .url_original
            .filter(|url| first_text(*url).is_some_and(|url| url.contains("://")));
        if let Some(url) = self.url.or(original) {
            draft.entities(EntityKind::Url, Role::Target, url, thing::TARGET);
        }
    }

    fn tell_mail(&self, draft: &mut Draft<'_>) {
        for from in self.mail_from.into_iter().flatten() {
            draft.entities(EntityKind::Email, Role::Source, from, 0);
        }
        for to in self.mail_to.into_iter().flatten() {
            draft.entities(EntityKind::Email, Role::Target, to, 0);
        }
        let Some(attachments) = self.attachments else {
            return;
        };
        let mut number = thing::OWN + 8;
        attachments.each(|attachment| {
            let mut file = Program::default();
            dotted::leaves(attachment, |path, value| {
                if let Some(field) = path.strip_prefix("file.") {
                    file.set(field, value);
                }
            });
            file.tell(EntityKind::File, Role::Target, number, draft);
            number = number.saturating_add(1);
        });
    }

    fn tell_cloud(&self, draft: &mut Draft<'_>) {
        if let Some(instance) = self.cloud_instance {
            let number = thing::HOST;
            draft.entities(EntityKind::CloudResource, Role::Affected, instance, number);
        }
        if let Some(identity) = self.cloud_identity {
            draft.entities(
                EntityKind::CloudResource,
                Role::Actor,
                identity,
                thing::USER,
            );
        }
        if let Some(account) = self.cloud_account {
            draft.entities(EntityKind::Account, Role::Affected, account, 0);
        }
        // A container is a machine to its programs: by default its id is its host name.
        for name in [self.container, self.pod].into_iter().flatten() {
            draft.entities(EntityKind::Host, Role::Affected, name, thing::CONTAINER);
        }
    }

    fn tell_indicators(&self, draft: &mut Draft<'_>) {
        self.indicator.tell(draft);
        if let Some(enrichments) = self.enrichments {
            enrichments.each(|enrichment| {
                let mut indicator = Indicator::default();
                dotted::leaves(enrichment, |path, value| {
                    if let Some(field) = path.strip_prefix("indicator.") {
                        indicator.set(field, value);
                    }
                });
                indicator.tell(draft);
            });
        }
    }

    fn tell_related(&self, draft: &mut Draft<'_>) {
        let related = &self.related;
        if let Some(ips) = related.ip {
            each_text(ips, |ip| draft.fresh(EntityKind::Ip, Role::Source, ip, 0));
        }
        for (kind, names) in [
            (EntityKind::Host, related.hosts),
            (EntityKind::User, related.user),
        ] {
            let Some(names) = names else { continue };
            each_text(names, |name| {
                if !draft.is_named(name) {
                    draft.push(Entity::new(kind, Role::Source, name), 0);
                }
            });
        }
        if let Some(hashes) = related.hash {
            each_text(hashes, |hash| {
                draft.fresh(EntityKind::Hash, Role::Source, hash, 0);
            });
        }
    }

    fn tell_observer(&self, draft: &mut Draft<'_>) {
        if self.is_sensor() {
            self.host.tell(Role::Observer, thing::OBSERVER, draft);
        }
        self.observer.tell(Role::Observer, thing::OBSERVER, draft);
        for agent in self.agent.names().filter_map(first_text) {
            if self.is_of_host(agent) {
                draft.fresh(EntityKind::Host, Role::Affected, agent, thing::HOST);
            } else {
                draft.entity(EntityKind::Host, Role::Observer, agent, thing::OBSERVER);
            }
        }
    }

    /// Whether an agent's name is the host's own, perhaps without its domain.
    fn is_of_host(&self, agent: &str) -> bool {
        self.host.names().filter_map(first_text).any(|host| {
            let short = |name: &'a str| name.split('.').next().unwrap_or(name);
            host.eq_ignore_ascii_case(agent)
                || short(host).eq_ignore_ascii_case(agent)
                || agent
                    .split('.')
                    .next()
                    .is_some_and(|agent| agent.eq_ignore_ascii_case(host))
        })
    }
}

/// Tactic, techniques and sub-techniques of one element of `threat`.
pub(crate) fn attack(threat: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in threat.keys_and_values() {
        match key {
            "tactic" | "technique" | "subtechnique" => value.each(|part| {
                if let Some(id) = part.get("id") {
                    draft.attacks(id);
                }
                attack(part, draft);
            }),
            _ => {}
        }
    }
}

impl Machine<'_> {
    pub(crate) fn tell(&self, role: Role, number: u8, draft: &mut Draft<'_>) {
        for name in self.names() {
            draft.hosts_or_ips(role, name, number);
        }
        let mut count = 0;
        if let Some(ips) = self.ip {
            each_text(ips, |ip| {
                // The bridge of every machine that runs Docker.
                if ip != "172.17.0.1" && count < OWN_ADDRESSES_MAX {
                    count += 1;
                    draft.entity(EntityKind::Ip, role, ip, number);
                }
            });
        }
        if let Some(id) = self.id {
            each_text(id, |id| {
                let is_number = id.len() < 8 && id.bytes().all(|byte| byte.is_ascii_digit());
                let is_instance = id.starts_with("i-");
                if is_instance {
                    draft.entity(EntityKind::CloudResource, role, id, number);
                } else if !is_number && !draft.is_named(id) {
                    draft.entity(EntityKind::Host, role, id, number);
                }
            });
        }
    }
}

impl Side<'_> {
    fn tell(&self, role: Role, number: u8, draft: &mut Draft<'_>) {
        for ips in [self.ip, self.nat].into_iter().flatten() {
            draft.entities(EntityKind::Ip, role, ips, number);
        }
        for names in [self.domain, self.address].into_iter().flatten() {
            each_text(names, |name| {
                if let Some(ip) = Entity::new(EntityKind::Ip, role, name) {
                    draft.push(Some(ip), number);
                } else if name.contains('.') {
                    draft.entity(EntityKind::Domain, role, name, number);
                } else if name.parse::<std::net::IpAddr>().is_err() && !draft.is_named(name) {
                    draft.entity(EntityKind::Host, role, name, number);
                }
            });
        }
        let actor = match role {
            Role::Source => (Role::Actor, thing::USER),
            _ => (Role::Target, thing::TARGET_USER),
        };
        draft.account(self.user, actor.0, actor.1);
    }
}

impl Program<'_> {
    fn tell(&self, kind: EntityKind, role: Role, number: u8, draft: &mut Draft<'_>) {
        if let Some(path) = self.path.or(self.name) {
            draft.entities(kind, role, path, number);
        }
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(role, hash, number);
        }
    }
}

impl Indicator<'_> {
    /// As targets, where the event itself doesn't name them.
    fn tell(&self, draft: &mut Draft<'_>) {
        let target = Role::Target;
        for (kind, values) in [
            (EntityKind::Ip, self.ip),
            (EntityKind::Domain, self.domain),
            (EntityKind::Url, self.url),
            (EntityKind::Email, self.email),
        ] {
            if let Some(values) = values {
                each_text(values, |value| draft.fresh(kind, target, value, 0));
            }
        }
        for hash in self.hashes.into_iter().flatten() {
            each_text(hash, |hash| {
                draft.fresh(EntityKind::Hash, target, hash, thing::OWN + 2)
            });
        }
    }
}
