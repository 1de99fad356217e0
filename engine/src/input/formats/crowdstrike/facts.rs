//! Entities and ATT&CK of a CrowdStrike detection, whatever interface wrote it.

use smallvec::SmallVec;

use crate::entity::{Entity, EntityKind, Role};

use super::super::super::dotted::{KeyBuffer, squeezed};
use super::super::super::draft::{Account, Draft, each_text, first_text, thing};
use super::super::super::json::Value;

use super::things::{Host, Image};

/// Nested lists are read no deeper than this; real ones have two levels.
const DEPTH_MAX: usize = 3;

/// The fields that matter, gathered in any order. Keys are squeezed.
#[derive(Default)]
pub(super) struct Facts<'a> {
    host: Host<'a>,
    user: Account<'a>,
    source_user: Account<'a>,
    source_sam: Option<Value<'a>>,
    target_user: Account<'a>,
    source_hosts: [Option<Value<'a>>; 2],
    source_ips: [Option<Value<'a>>; 2],
    target_hosts: [Option<Value<'a>>; 3],
    host_lists: [Option<Value<'a>>; 2],
    ip_lists: [Option<Value<'a>>; 2],
    domain_lists: Option<Value<'a>>,
    user_lists: Option<Value<'a>>,
    process: Image<'a>,
    parents: [Image<'a>; 2],
    ioc: [Option<Value<'a>>; 2],
    ioc_values: Option<Value<'a>>,
    associated: Option<Value<'a>>,
    lists: SmallVec<[Value<'a>; 4]>,
    source_ip: Option<Value<'a>>,
    account: Option<Value<'a>>,
    /// The digest of contents that were moved: what is called the file is no program then.
    contents: Option<Value<'a>>,
    tactics: [Option<Value<'a>>; 2],
    techniques: [Option<Value<'a>>; 2],
    attack: Option<Value<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn set(&mut self, key: &[u8], value: Value<'a>) {
        if self.host.set(key, value)
            || self.process.set(key, value)
            || self.set_identity(key, value)
        {
            return;
        }
        let slot = match key {
            b"parentimagefilename" | b"parentimagefilepath" => &mut self.parents[0].path,
            b"grandparentimagefilename" | b"grandparentimagefilepath" => &mut self.parents[1].path,
            b"parentdetails" => return self.parents[0].set_all(value),
            b"grandparentdetails" => return self.parents[1].set_all(value),
            b"device" => {
                for (key, value) in value.keys_and_values() {
                    let mut buffer: KeyBuffer = [0; 40];
                    if let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing()) {
                        self.host.set(key, value);
                    }
                }
                return;
            }
            b"ioctype" => &mut self.ioc[0],
            b"iocvalue" => &mut self.ioc[1],
            b"iocvalues" | b"ipv4" | b"ipv6" => &mut self.ioc_values,
            b"associatedfile" => &mut self.associated,
            b"hostnames" => &mut self.host_lists[0],
            b"lmhostids" => &mut self.host_lists[1],
            b"ipv4addresses" => &mut self.ip_lists[0],
            b"ipv6addresses" => &mut self.ip_lists[1],
            b"domainnames" | b"domainname" => &mut self.domain_lists,
            b"users" | b"usernames" => &mut self.user_lists,
            b"networkaccesses"
            | b"dnsrequests"
            | b"executableswritten"
            | b"fileswritten"
            | b"filewrites"
            | b"associatedfiles"
            | b"documentsaccessed"
            | b"filesaccessed"
            | b"quarantinefiles"
            | b"quarantinedfiles"
            | b"behaviors"
            | b"hosts"
            | b"ioccontext"
            | b"mobileappsdetails"
            | b"threatgraphindicators" => {
                self.lists.push(value);
                return;
            }
            b"usersourceip" => &mut self.source_ip,
            b"accountid" => &mut self.account,
            b"contentsha" => &mut self.contents,
            b"tactic" | b"tactics" => &mut self.tactics[0],
            b"tacticid" | b"tacticids" => &mut self.tactics[1],
            b"technique" | b"techniques" => &mut self.techniques[0],
            b"techniqueid" | b"techniqueids" => &mut self.techniques[1],
            b"mitreattack" => &mut self.attack,
            _ => return,
        };
        *slot = Some(value);
    }

    /// Accounts and endpoints of identity detections, and who was logged on.
    fn set_identity(&mut self, key: &[u8], value: Value<'a>) -> bool {
        let slot = match key {
            b"username" => &mut self.user.name,
            b"logondomain" => &mut self.user.domain,
            b"userid" | b"usersid" => &mut self.user.id,
            b"userprincipal" | b"userprincipalname" => &mut self.user.upn,
            b"sourceaccountname" => &mut self.source_user.name,
            b"sourceaccountsamaccountname" => &mut self.source_sam,
            b"sourceaccountdomain" => &mut self.source_user.domain,
            b"sourceaccountobjectsid" => &mut self.source_user.id,
            b"sourceaccountupn" => &mut self.source_user.upn,
            b"targetaccountname" => &mut self.target_user.name,
            b"targetaccountdomain" => &mut self.target_user.domain,
            b"targetaccountobjectsid" => &mut self.target_user.id,
            b"targetaccountupn" => &mut self.target_user.upn,
            b"sourceendpointhostname" => &mut self.source_hosts[0],
            b"sourceendpointsensorid" => &mut self.source_hosts[1],
            b"sourceendpointipaddress" | b"sourceipaddress" => &mut self.source_ips[0],
            b"sourceendpointaddressip4" => &mut self.source_ips[1],
            b"targetendpointhostname" => &mut self.target_hosts[0],
            b"targetendpointsensorid" => &mut self.target_hosts[1],
            b"targetdomaincontrollerhostname" => &mut self.target_hosts[2],
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    /// Says every entity.
    pub(super) fn tell(&self, draft: &mut Draft<'_>) {
        self.tell_attack(draft);
        self.host.tell(thing::HOST, draft);
        self.tell_users(draft);
        self.tell_endpoints(draft);
        let role = Role::Actor;
        if let Some(contents) = self.contents {
            self.process.tell_fresh(thing::FILE, draft);
            draft.hashes(Role::Target, contents, thing::FILE);
        } else {
            self.process.tell(role, thing::PROCESS, draft);
        }
        self.parents[0].tell(role, thing::PARENT, draft);
        self.parents[1].tell(role, thing::OWN, draft);
        self.tell_indicators(draft);
        let mut number = thing::OWN + 1;
        for list in &self.lists {
            list.each(|element| {
                tell_element(element, number, DEPTH_MAX, draft);
                number = number.saturating_add(1);
            });
        }
        self.tell_lists(draft);
    }

    fn tell_attack(&self, draft: &mut Draft<'_>) {
        for ids in [self.tactics[1], self.techniques[1]].into_iter().flatten() {
            draft.attacks(ids);
        }
        tell_attack_names(self.tactics[0], self.techniques[0], draft);
        let Some(list) = self.attack else { return };
        list.each(|attack| {
            let mut found = Facts::default();
            for (key, value) in attack.keys_and_values() {
                let mut buffer: KeyBuffer = [0; 40];
                if let Some(key) = squeezed(key, &mut buffer) {
                    found.set(key, value);
                }
            }
            found.tell_attack_alone(draft);
        });
    }

    fn tell_attack_alone(&self, draft: &mut Draft<'_>) {
        for ids in [self.tactics[1], self.techniques[1]].into_iter().flatten() {
            draft.attacks(ids);
        }
        tell_attack_names(self.tactics[0], self.techniques[0], draft);
    }

    fn tell_users(&self, draft: &mut Draft<'_>) {
        let has_source = self.source_user.name.is_some();
        draft.account(self.source_user, Role::Actor, thing::USER);
        if let Some(sam) = self.source_sam {
            let account = Account {
                name: Some(sam),
                domain: self.source_user.domain,
                ..Account::default()
            };
            draft.account(account, Role::Actor, thing::USER);
        }
        let mut user = self.user;
        if has_source {
            // Identity alerts repeat the source's name alone.
            user.name = user
                .name
                .filter(|name| !first_text(*name).is_some_and(|name| draft.is_named(name)));
        }
        draft.account(user, Role::Actor, thing::USER);
        draft.account(self.target_user, Role::Target, thing::TARGET_USER);
    }

    fn tell_endpoints(&self, draft: &mut Draft<'_>) {
        if let Some(ip) = self.source_ip {
            draft.entities(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
        }
        if let Some(account) = self.account {
            draft.entities(EntityKind::Account, Role::Affected, account, 0);
        }
        for host in self.source_hosts.into_iter().flatten() {
            draft.hosts_or_ips(Role::Source, host, thing::SOURCE);
        }
        for ip in self.source_ips.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
        }
        let [host, sensor, controller] = self.target_hosts;
        for host in [host, sensor].into_iter().flatten() {
            draft.hosts_or_ips(Role::Target, host, thing::TARGET);
        }
        if let Some(controller) = controller {
            draft.hosts_or_ips(Role::Target, controller, thing::OBSERVER + 20);
        }
    }

    /// What was looked for and found.
    fn tell_indicators(&self, draft: &mut Draft<'_>) {
        if let Some(value) = self.ioc[1] {
            let kind = self.ioc[0].and_then(first_text).unwrap_or_default();
            each_text(value, |value| tell_indicator(kind, value, draft));
        }
        if let Some(values) = self.ioc_values {
            each_text(values, |value| tell_indicator("", value, draft));
        }
        if let Some(file) = self.associated {
            draft.entities(EntityKind::File, Role::Target, file, thing::FILE);
        }
    }

    /// `a,b,c`, or lists.
    fn tell_lists(&self, draft: &mut Draft<'_>) {
        for names in self.host_lists.into_iter().flatten() {
            each_part(names, |name| {
                draft.push(Entity::host_or_ip(Role::Affected, name), 0);
            });
        }
        for ips in self.ip_lists.into_iter().flatten() {
            each_part(ips, |ip| {
                draft.entity(EntityKind::Ip, Role::Affected, ip, 0)
            });
        }
        if let Some(domains) = self.domain_lists {
            each_part(domains, |name| {
                draft.entity(EntityKind::Domain, Role::Target, name, 0)
            });
        }
        if let Some(users) = self.user_lists {
            each_part(users, |name| draft.user(None, name, Role::Actor, 0));
        }
    }
}

fn tell_attack_names(
    tactic: Option<Value<'_>>,
    technique: Option<Value<'_>>,
    draft: &mut Draft<'_>,
) {
    if let Some(tactic) = tactic {
        each_part(tactic, |name| {
            if name != "N/A" {
                draft.attack(name);
            }
        });
    }
    if let Some(technique) = technique {
        each_part(technique, |name| {
            if name != "N/A" {
                draft.attack_technique_named(name);
            }
        });
    }
}

/// An indicator of a kind that the product names, or else by its shape where that leaves no doubt.
fn tell_indicator(kind: &str, value: &str, draft: &mut Draft<'_>) {
    let role = Role::Target;
    if kind.starts_with("hash") || matches!(kind, "sha256" | "md5" | "sha1") {
        draft.fresh(EntityKind::Hash, role, value, thing::FILE);
    } else if kind.starts_with("ip") {
        draft.fresh(EntityKind::Ip, role, value, 0);
    } else if kind == "domain" {
        draft.fresh(EntityKind::Domain, role, value, 0);
    } else if kind == "filename" || kind == "file_path" || kind == "filepath" {
        draft.fresh(EntityKind::File, role, value, thing::FILE);
    } else if let Some(hash) = Entity::new(EntityKind::Hash, role, value) {
        draft.fresh(EntityKind::Hash, role, &hash.value, thing::FILE);
    } else if let Some(ip) = Entity::new(EntityKind::Ip, role, value) {
        draft.fresh(EntityKind::Ip, role, &ip.value, 0);
    }
}

/// One element of a list: a connection, a file, a behavior, a host.
fn tell_element(element: Value<'_>, number: u8, depth: usize, draft: &mut Draft<'_>) {
    if element.fields().is_none() {
        return;
    }
    let mut facts = Facts::default();
    let (mut remote, mut local, mut is_inbound) = (None, None, false);
    let mut domain = None;
    for (key, value) in element.keys_and_values() {
        let mut buffer: KeyBuffer = [0; 40];
        let Some(key) = squeezed(key, &mut buffer).filter(|_| !value.is_nothing()) else {
            continue;
        };
        match key {
            b"remoteaddress" => remote = Some(value),
            b"localaddress" => local = Some(value),
            b"connectiondirection" => {
                is_inbound = matches!(first_text(value), Some("1" | "Inbound" | "inbound"))
                    || value.as_u8() == Some(1);
            }
            b"domainname" => domain = Some(value),
            b"name" => facts.process.path = Some(value),
            b"sha256hashdata" => facts.process.hashes[0] = Some(value),
            b"md5hashdata" => facts.process.hashes[2] = Some(value),
            _ => facts.set(key, value),
        }
    }
    let role = if is_inbound {
        Role::Source
    } else {
        Role::Target
    };
    if let Some(remote) = remote {
        draft.entities(EntityKind::Ip, role, remote, 0);
    }
    if let Some(local) = local {
        draft.entities(EntityKind::Ip, Role::Affected, local, thing::HOST);
    }
    if let Some(domain) = domain {
        draft.entities(EntityKind::Domain, Role::Target, domain, 0);
    }
    facts.host.tell(number, draft);
    draft.account(facts.user, Role::Actor, thing::USER);
    facts.process.tell_fresh(number, draft);
    facts.parents[0].tell(Role::Actor, thing::PARENT, draft);
    facts.tell_indicators(draft);
    facts.tell_attack_alone(draft);
    if depth > 0 {
        for list in &facts.lists {
            list.each(|element| tell_element(element, number, depth - 1, draft));
        }
    }
}

/// Shows each part of `a,b,c`, or each text of a list.
fn each_part(value: Value<'_>, mut show: impl FnMut(&str)) {
    each_text(value, |text| {
        text.split(',')
            .map(str::trim_ascii)
            .filter(|part| !part.is_empty())
            .for_each(&mut show);
    });
}
