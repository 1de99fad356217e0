//! Entities and ATT&CK of a SentinelOne threat, alert or activity.

use crate::entity::{Entity, EntityKind, Role};

use super::super::super::dotted::{self, KeyBuffer, squeezed};
use super::super::super::draft::{Account, Draft, each_text, first_text, thing};
use super::super::super::json::Value;

/// Addresses kept of the agent's interfaces.
const OWN_ADDRESSES_MAX: usize = 8;

/// The fields that matter, gathered in any order. Keys are squeezed.
#[derive(Default)]
pub(super) struct Facts<'a> {
    names: [Option<Value<'a>>; 2],
    ids: [Option<Value<'a>>; 2],
    ips: [Option<Value<'a>>; 3],
    interfaces: Option<Value<'a>>,
    last_user: Account<'a>,
    user: Option<Value<'a>>,
    login: Account<'a>,
    source: Program<'a>,
    parent: Program<'a>,
    target: Program<'a>,
    file: Program<'a>,
    module: Program<'a>,
    source_ip: [Option<Value<'a>>; 2],
    target_ip: Option<Value<'a>>,
    query: Option<Value<'a>>,
    indicator: Option<Value<'a>>,
    hash_text: Option<&'a str>,
    container: [Option<Value<'a>>; 2],
    node: Option<Value<'a>>,
    attack: Option<Value<'a>>,
    assets: Option<Value<'a>>,
    detection: Option<Value<'a>>,
    attacker: [Option<Value<'a>>; 2],
    target_user: Account<'a>,
}

#[derive(Default)]
struct Program<'a> {
    path: Option<Value<'a>>,
    name: Option<Value<'a>>,
    hashes: [Option<Value<'a>>; 3],
}

impl<'a> Facts<'a> {
    /// Takes a threat without sections.
    pub(super) fn set_flat(&mut self, threat: Value<'a>) {
        self.set_fields(threat, Self::set_data);
        self.user = threat.get("username");
    }

    /// Takes a field of the record itself.
    pub(super) fn set_top(&mut self, key: &[u8], value: Value<'a>) {
        match key {
            b"threatinfo" => self.set_fields(value, Self::set_threat),
            b"alertinfo" | b"data" => self.set_fields(value, Self::set_data),
            b"agentdetectioninfo" | b"agentrealtimeinfo" => self.set_fields(value, Self::set_agent),
            b"sourceprocessinfo" => self.set_fields(value, |facts, key, value| {
                if matches!(key, b"user" | b"loginuser") {
                    facts.user = Some(value);
                }
                facts.source.set(key, value);
            }),
            b"sourceparentprocessinfo" => {
                self.set_fields(value, |facts, key, value| facts.parent.set(key, value));
            }
            b"targetprocessinfo" => self.set_fields(value, Self::set_data),
            b"kubernetesinfo" => {
                self.container[0] = value.get("pod");
                self.node = value.get("node");
            }
            b"containerinfo" => self.container[1] = value.get("id"),
            b"indicators" => self.attack = Some(value),
            b"assets" => self.assets = Some(value),
            b"detectiontime" => self.detection = Some(value),
            b"process" => self.set_process(value),
            b"secondarydescription" => self.hash_text = value.as_str(),
            b"agentid" => self.ids[1] = Some(value),
            _ => {}
        }
    }

    fn set_fields(&mut self, section: Value<'a>, set: fn(&mut Self, &[u8], Value<'a>)) {
        for (key, value) in section.keys_and_values() {
            let mut buffer: KeyBuffer = [0; 40];
            if let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing()) {
                set(self, key, value);
            }
        }
    }

    fn set_agent(&mut self, key: &[u8], value: Value<'a>) {
        let slot = match key {
            b"agentcomputername" | b"name" => &mut self.names[0],
            b"agentuuid" | b"uuid" => &mut self.ids[0],
            b"agentid" | b"id" => &mut self.ids[1],
            b"agentipv4" => &mut self.ips[0],
            b"agentipv6" => &mut self.ips[1],
            b"externalip" => &mut self.ips[2],
            b"networkinterfaces" => &mut self.interfaces,
            b"agentlastloggedinusername" => &mut self.last_user.name,
            b"agentlastloggedinupn" => &mut self.last_user.upn,
            b"agentlastloggedinusermail" => &mut self.last_user.email,
            _ => return,
        };
        *slot = Some(value);
    }

    fn set_threat(&mut self, key: &[u8], value: Value<'a>) {
        match key {
            b"filepath" => self.file.path = Some(value),
            b"originatorprocess" => self.source.path = Some(value),
            b"processuser" => self.user = Some(value),
            b"sha256" | b"sha1" | b"md5" => self.file.set(key, value),
            _ => {}
        }
    }

    /// Fields of an alert, of an activity, and of the process that was acted on.
    fn set_data(&mut self, key: &[u8], value: Value<'a>) {
        let slot = match key {
            b"computername" | b"origagentname" | b"agentcomputername" => &mut self.names[1],
            b"origagentuuid" | b"uuid" => &mut self.ids[0],
            b"agentipv4" | b"agentip" | b"srcmachineip" => &mut self.ips[0],
            b"externalip" => &mut self.ips[2],
            b"srcip" => &mut self.source_ip[0],
            b"dstip" => &mut self.target_ip,
            b"dnsrequest" => &mut self.query,
            b"tiindicatorvalue" => &mut self.indicator,
            b"loginsusername" => &mut self.login.name,
            b"loginaccountdomain" => &mut self.login.domain,
            b"loginaccountsid" => &mut self.login.id,
            b"processuser" | b"sourceprocessuser" | b"sourceprocessusername" => &mut self.user,
            b"modulepath" => &mut self.module.path,
            b"modulesha1" => &mut self.module.hashes[1],
            b"filepath" | b"tgtfilepath" => &mut self.file.path,
            b"filedisplayname" => &mut self.file.name,
            b"filecontenthash" | b"tgtfilehashsha1" => &mut self.file.hashes[1],
            b"tgtfilehashsha256" => &mut self.file.hashes[0],
            b"tgtprocimagepath" => &mut self.target.path,
            b"tgtprocname" => &mut self.target.name,
            b"sourceprocessfilepath" => &mut self.source.path,
            b"sourceprocessname" => &mut self.source.name,
            b"sourceprocessfilehashsha256" => &mut self.source.hashes[0],
            b"sourceprocessfilehashsha1" => &mut self.source.hashes[1],
            b"sourceprocessfilehashmd5" => &mut self.source.hashes[2],
            b"sourceparentprocessfilepath" => &mut self.parent.path,
            b"sourceparentprocessname" => &mut self.parent.name,
            _ => return,
        };
        *slot = Some(value);
    }

    /// `process` of a unified alert.
    fn set_process(&mut self, process: Value<'a>) {
        self.parent.name = process.get("parentName");
        if let Some(file) = process.get("file") {
            for (key, value) in file.keys_and_values() {
                let mut buffer: KeyBuffer = [0; 40];
                if let Some(key) = squeezed(key, &mut buffer) {
                    self.file
                        .set(if key == b"path" { b"filepath" } else { key }, value);
                }
            }
        }
    }

    /// Says every entity. `primary` is the activity's sentence.
    pub(super) fn tell(&mut self, primary: Option<&str>, draft: &mut Draft<'_>) {
        self.tell_attack(draft);
        self.tell_host(primary, draft);
        self.tell_assets(draft);
        self.tell_users(draft);
        for ip in self.source_ip.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
        }
        if let Some(ip) = self.target_ip {
            draft.entities(EntityKind::Ip, Role::Target, ip, thing::TARGET);
        }
        if let Some(query) = self.query {
            draft.entities(EntityKind::Domain, Role::Target, query, thing::TARGET);
        }
        let process = EntityKind::Process;
        self.source
            .tell(process, Role::Actor, thing::PROCESS, draft);
        self.parent.tell(process, Role::Actor, thing::PARENT, draft);
        self.target
            .tell(process, Role::Target, thing::TARGET_PROCESS, draft);
        self.file
            .tell(EntityKind::File, Role::Target, thing::FILE, draft);
        self.module
            .tell(EntityKind::File, Role::Target, thing::OWN, draft);
        // An activity's second line is the hash, where it is one.
        if let Some(hash) = self
            .hash_text
            .and_then(|text| Entity::new(EntityKind::Hash, Role::Target, text))
        {
            draft.fresh(EntityKind::Hash, Role::Target, &hash.value, thing::FILE);
        }
        if let Some(indicator) = self.indicator {
            each_text(indicator, |value| {
                let known = [
                    EntityKind::Hash,
                    EntityKind::Ip,
                    EntityKind::Url,
                    EntityKind::Domain,
                ]
                .into_iter()
                .find_map(|kind| Entity::new(kind, Role::Target, value));
                if let Some(entity) = known {
                    draft.fresh(entity.kind, Role::Target, &entity.value, 0);
                }
            });
        }
    }

    fn tell_attack(&self, draft: &mut Draft<'_>) {
        let Some(indicators) = self.attack else {
            return;
        };
        indicators.each(|indicator| {
            let Some(tactics) = indicator.get("tactics") else {
                return;
            };
            tactics.each(|tactic| {
                if let Some(name) = tactic.get("name") {
                    draft.attacks(name);
                }
                if let Some(techniques) = tactic.get("techniques") {
                    techniques.each(|technique| {
                        if let Some(name) = technique.get("name") {
                            draft.attacks(name);
                        }
                    });
                }
            });
        });
    }

    fn tell_host(&self, primary: Option<&str>, draft: &mut Draft<'_>) {
        let role = Role::Affected;
        for name in self.names.into_iter().flatten() {
            draft.hosts_or_ips(role, name, thing::HOST);
        }
        let is_named = self.names.into_iter().any(|name| name.is_some());
        if let Some(name) = primary.filter(|_| !is_named).and_then(detected_on) {
            draft.entity(EntityKind::Host, role, name, thing::HOST);
        }
        let mut count = 0;
        let mut own = |ips: Value<'_>, draft: &mut Draft<'_>| {
            each_text(ips, |ips| {
                for ip in ips.split(',') {
                    if count < OWN_ADDRESSES_MAX {
                        count += 1;
                        draft.entity(EntityKind::Ip, role, ip, thing::HOST);
                    }
                }
            });
        };
        for ips in self.ips.into_iter().flatten() {
            own(ips, draft);
        }
        if let Some(interfaces) = self.interfaces {
            interfaces.each(|interface| {
                for key in ["inet", "inet6"] {
                    if let Some(ips) = interface.get(key) {
                        own(ips, draft);
                    }
                }
            });
        }
        for id in self.ids.into_iter().flatten() {
            draft.entities(EntityKind::Host, role, id, thing::HOST);
        }
        for name in self.container.into_iter().flatten() {
            draft.entities(EntityKind::Host, role, name, thing::CONTAINER);
        }
        if let Some(node) = self.node {
            draft.entities(EntityKind::Host, role, node, thing::OWN + 1);
        }
    }

    /// Machines, attacker and user of a unified alert.
    fn tell_assets(&mut self, draft: &mut Draft<'_>) {
        if let Some(assets) = self.assets {
            let mut number = thing::HOST;
            assets.each(|asset| {
                for key in ["name", "agentUuid"] {
                    if let Some(name) = asset.get(key) {
                        draft.hosts_or_ips(Role::Affected, name, number);
                    }
                }
                if let Some(user) = asset.get("lastLoggedInUser") {
                    self.last_user.name = Some(user).filter(|user| !user.is_nothing());
                }
                number = number.max(thing::OWN + 40).saturating_add(1);
            });
        }
        let Some(detection) = self.detection else {
            return;
        };
        dotted::leaves(detection, |path, value| match path {
            "attacker.host" => self.attacker[0] = Some(value),
            "attacker.ip" => self.attacker[1] = Some(value),
            "targetUser.name" => self.target_user.name = Some(value),
            "targetUser.emailAddress" => self.target_user.email = Some(value),
            "assets" => value.each(|asset| {
                dotted::leaves(asset, |path, value| match path {
                    "asset.ipV4" | "asset.ipV6" => {
                        draft.entities(EntityKind::Ip, Role::Affected, value, thing::HOST);
                    }
                    "cloud.instanceId" => {
                        let kind = EntityKind::CloudResource;
                        draft.entities(kind, Role::Affected, value, thing::HOST);
                    }
                    "cloud.accountId" => {
                        draft.entities(EntityKind::Account, Role::Affected, value, 0);
                    }
                    "kubernetes.podName" | "kubernetes.containerId" => {
                        let number = thing::CONTAINER;
                        draft.entities(EntityKind::Host, Role::Affected, value, number);
                    }
                    "kubernetes.nodeName" => {
                        draft.entities(EntityKind::Host, Role::Affected, value, thing::OWN + 1);
                    }
                    _ => {}
                });
            }),
            _ => {}
        });
        for attacker in self.attacker.into_iter().flatten() {
            draft.hosts_or_ips(Role::Source, attacker, thing::SOURCE);
        }
        draft.account(self.target_user, Role::Target, thing::TARGET_USER);
    }

    fn tell_users(&self, draft: &mut Draft<'_>) {
        if let Some(user) = self.user {
            let account = Account {
                name: Some(user),
                ..Account::default()
            };
            draft.account(account, Role::Actor, thing::USER);
        }
        draft.account(self.login, Role::Target, thing::TARGET_USER);
        let last = self.last_user.name.and_then(first_text).unwrap_or_default();
        let mut last_user = self.last_user;
        if draft.is_named(last) {
            last_user.name = None;
        }
        draft.account(last_user, Role::Affected, thing::OWN + 2);
    }
}

/// The machine of `Alert created for sshd from Custom Rule: r in .., detected on WS1.`: the log's own wording.
fn detected_on(sentence: &str) -> Option<&str> {
    let (_, name) = sentence.rsplit_once("detected on ")?;
    let name = name.trim_end_matches('.');
    (!name.contains(' ')).then_some(name)
}

impl<'a> Program<'a> {
    fn set(&mut self, key: &[u8], value: Value<'a>) {
        let slot = match key {
            b"filepath" => &mut self.path,
            b"name" => &mut self.name,
            b"sha256" | b"filehashsha256" => &mut self.hashes[0],
            b"sha1" | b"filehashsha1" => &mut self.hashes[1],
            b"md5" | b"filehashmd5" => &mut self.hashes[2],
            _ => return,
        };
        *slot = Some(value);
    }

    fn tell(&self, kind: EntityKind, role: Role, number: u8, draft: &mut Draft<'_>) {
        if let Some(path) = self.path.or(self.name) {
            draft.entities(kind, role, path, number);
        }
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(role, hash, number);
        }
    }
}
