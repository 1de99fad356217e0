//! `data` of a Wazuh 4 alert: what its decoders and modules found.

use compact_str::CompactString;

use crate::entity::{EntityKind, Role};

use super::super::super::dotted;
use super::super::super::draft::{Account, Draft, first_text, thing};
use super::super::super::json::{Scalar, Value};
use super::super::super::reject::Reject;
use super::super::super::windows::WindowsEvent;
use super::super::suricata;

/// The parts of `data`, of which an alert has one or two.
#[derive(Default)]
pub(super) struct Data<'a> {
    flat: Flat<'a>,
    windows: Option<Value<'a>>,
    virustotal: Option<Value<'a>>,
    aws: Option<Value<'a>>,
    office365: Option<Value<'a>>,
    gcp: Option<Value<'a>>,
    github: Option<Value<'a>>,
    audit: Option<Value<'a>>,
    /// `data` of the alert that an active response answered.
    answered: Option<Value<'a>>,
    /// All of `data`, which is a Suricata event.
    suricata: Option<Value<'a>>,
}

/// Fields of the decoders for syslog and the like.
#[derive(Default)]
struct Flat<'a> {
    source: [Option<Value<'a>>; 2],
    target: [Option<Value<'a>>; 2],
    actor: Option<Value<'a>>,
    user: Option<Value<'a>>,
    target_user: Option<Value<'a>>,
    hostname: Option<Value<'a>>,
    url: Option<Value<'a>>,
    file: [Option<Value<'a>>; 2],
    hashes: [Option<Value<'a>>; 3],
    process: Option<Value<'a>>,
    query: Option<Value<'a>>,
}

impl<'a> Data<'a> {
    pub(super) fn of(data: Value<'a>) -> Self {
        let mut parts = Self::default();
        let flat = &mut parts.flat;
        for (key, value) in data.keys_and_values() {
            let slot = match key {
                "srcip" => &mut flat.source[0],
                "src_ip" | "srcaddr" | "client_ip" | "remote_ip" | "attacker_ip" => {
                    &mut flat.source[1]
                }
                "dstip" => &mut flat.target[0],
                "dst_ip" | "dest_ip" | "dstaddr" => &mut flat.target[1],
                "srcuser" => &mut flat.actor,
                "user" | "username" | "account_name" => &mut flat.user,
                "dstuser" | "target_user" => &mut flat.target_user,
                "hostname" | "system_name" | "computer" | "computer_name" => &mut flat.hostname,
                "url" => &mut flat.url,
                "file" | "path" | "filename" => &mut flat.file[0],
                "yara_scanned_file" | "scanned_file" | "file_path" => &mut flat.file[1],
                "md5" => &mut flat.hashes[0],
                "sha1" => &mut flat.hashes[1],
                "sha256" => &mut flat.hashes[2],
                "process" | "process_name" | "exe" => &mut flat.process,
                "query" | "dns_query" => &mut flat.query,
                "win" => &mut parts.windows,
                "virustotal" => &mut parts.virustotal,
                "aws" => &mut parts.aws,
                "office365" => &mut parts.office365,
                "gcp" => &mut parts.gcp,
                "github" => &mut parts.github,
                "audit" => &mut parts.audit,
                // A log line of an active response holds the alert that it answered.
                "parameters" => {
                    if let Some(data) = value.at("alert.data") {
                        parts.answered = Some(data);
                    }
                    continue;
                }
                // Sysmon for Linux, without `win` around it.
                "eventdata" => {
                    parts.windows = Some(data);
                    continue;
                }
                "alert" if value.get("signature_id").is_some() => {
                    parts.suricata = Some(data);
                    continue;
                }
                _ => continue,
            };
            *slot = Some(value);
        }
        parts
    }

    /// Whether it tells of something else than the machine that sent it.
    pub(super) fn is_of_elsewhere(&self) -> bool {
        let clouds = [self.aws, self.office365, self.gcp, self.github];
        self.suricata.is_some() || clouds.into_iter().any(|cloud| cloud.is_some())
    }

    /// Says every entity.
    pub(super) fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        if let Some(event) = self.suricata {
            tell_suricata(event, draft)?;
            return Ok(());
        }
        self.flat.tell(draft);
        if let Some(answered) = self.answered {
            Data::of(answered).flat.tell(draft);
        }
        if let Some(windows) = self.windows {
            tell_windows(windows, draft);
        }
        if let Some(virustotal) = self.virustotal {
            tell_virustotal(virustotal, draft);
        }
        let mut cloud = Cloud::default();
        let parts = [self.aws, self.office365, self.gcp, self.github, self.audit];
        for part in parts.into_iter().flatten() {
            dotted::leaves(part, |path, value| cloud.set(path, value));
        }
        cloud.tell(draft);
        Ok(())
    }
}

impl Data<'_> {
    /// Whether it tells of two machines, so that a third has seen it.
    pub(super) fn is_between(&self) -> bool {
        let flat = &self.flat;
        flat.source.iter().any(Option::is_some) && flat.target.iter().any(Option::is_some)
    }
}

impl Flat<'_> {
    fn tell(&self, draft: &mut Draft<'_>) {
        // Between two sides with something asked for, the name is the web server's that was asked.
        let is_asked = self.url.is_some()
            && self.source.iter().any(Option::is_some)
            && self.target.iter().any(Option::is_some);
        match self.hostname {
            Some(name) if is_asked => draft.domains_or_ips(Role::Target, name, thing::TARGET),
            Some(name) => draft.hosts_or_ips(Role::Affected, name, thing::OWN + 1),
            None => {}
        }
        for ip in self.source.into_iter().flatten() {
            draft.hosts_or_ips(Role::Source, ip, thing::SOURCE);
        }
        for ip in self.target.into_iter().flatten() {
            draft.hosts_or_ips(Role::Target, ip, thing::TARGET);
        }
        for name in [self.actor, self.user].into_iter().flatten() {
            let account = Account {
                name: Some(name),
                ..Account::default()
            };
            draft.account(account, Role::Actor, thing::USER);
        }
        if let Some(name) = self.target_user {
            let account = Account {
                name: Some(name),
                ..Account::default()
            };
            draft.account(account, Role::Target, thing::TARGET_USER);
        }
        if let Some(url) = self
            .url
            .filter(|url| first_text(*url).is_some_and(is_absolute))
        {
            draft.entities(EntityKind::Url, Role::Target, url, thing::TARGET);
        }
        if let Some(query) = self.query {
            draft.entities(EntityKind::Domain, Role::Target, query, thing::TARGET);
        }
        if let Some(process) = self.process {
            draft.entities(EntityKind::Process, Role::Actor, process, thing::PROCESS);
        }
        for file in self.file.into_iter().flatten() {
            draft.entities(EntityKind::File, Role::Target, file, thing::FILE);
        }
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(Role::Target, hash, thing::FILE);
        }
    }
}

fn is_absolute(url: &str) -> bool {
    url.contains("://")
}

/// A whole Suricata event: its entities, and its rule under Suricata's own id, so that both feeds agree.
fn tell_suricata(event: Value<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    suricata::tell(event, draft)?;
    let alert = event.get("alert");
    let text = |key| alert.and_then(|alert| alert.get(key)?.scalar()?.text());
    if let Some(sid) = text("signature_id") {
        let gid = text("gid");
        let mut id = CompactString::new(gid.as_deref().unwrap_or("1"));
        id.push(':');
        id.push_str(&sid);
        draft.rule_id_made(id, "data.alert.signature_id")?;
    }
    if let Some(name) = text("signature") {
        draft.rule_name(Scalar::Text(&name));
    }
    Ok(())
}

fn tell_windows(windows: Value<'_>, draft: &mut Draft<'_>) {
    let mut event = WindowsEvent::default();
    for (part, fields) in windows.keys_and_values() {
        for (key, value) in fields.keys_and_values() {
            match part {
                "eventdata" => {
                    event.set(key, value);
                }
                "system" if key == "computer" => {
                    event.set(key, value);
                }
                _ => {}
            }
        }
    }
    event.tell(draft);
}

/// A file that the agent found and VirusTotal knows.
fn tell_virustotal(virustotal: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in virustotal.keys_and_values() {
        match key {
            "source" => {
                for (key, value) in value.keys_and_values() {
                    match key {
                        "file" => {
                            draft.entities(EntityKind::File, Role::Target, value, thing::FILE);
                        }
                        "md5" | "sha1" | "sha256" => {
                            draft.hashes(Role::Target, value, thing::FILE);
                        }
                        _ => {}
                    }
                }
            }
            "md5" | "sha1" | "sha256" => draft.hashes(Role::Target, value, thing::FILE),
            _ => {}
        }
    }
}

/// What the logs of clouds, SaaS and the Linux audit daemon name.
#[derive(Default)]
struct Cloud<'a> {
    source: [Option<Value<'a>>; 3],
    target: Option<Value<'a>>,
    user: Account<'a>,
    identity: Option<Value<'a>>,
    account: Option<Value<'a>>,
    resources: [Option<Value<'a>>; 3],
    query: Option<Value<'a>>,
    url: Option<Value<'a>>,
    process: Option<Value<'a>>,
    file: Option<Value<'a>>,
}

impl<'a> Cloud<'a> {
    fn set(&mut self, path: &str, value: Value<'a>) {
        let slot = match path {
            "sourceIPAddress"
            | "source_ip_address"
            | "ClientIP"
            | "srcaddr"
            | "actor_ip"
            | "protoPayload.requestMetadata.callerIp"
            | "jsonPayload.sourceIP" => &mut self.source[0],
            "ClientIPAddress" | "httpRequest.clientIp" => &mut self.source[1],
            "ActorIpAddress"
            | "service.action.networkConnectionAction.remoteIpDetails.ipAddressV4"
            | "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4"
            | "service.action.portProbeAction.portProbeDetails.remoteIpDetails.ipAddressV4" => {
                &mut self.source[2]
            }
            "dstaddr" => &mut self.target,
            "userIdentity.userName"
            | "resource.accessKeyDetails.userName"
            | "UserId"
            | "actor"
            | "protoPayload.authenticationInfo.principalEmail" => &mut self.user.name,
            "userIdentity.arn" => &mut self.identity,
            "aws_account_id"
            | "accountId"
            | "recipientAccountId"
            | "userIdentity.accountId"
            | "resource.labels.project_id"
            | "OrganizationId"
            | "org" => &mut self.account,
            "resource.instanceDetails.instanceId" | "instance_id" => &mut self.resources[0],
            "arn" | "protoPayload.resourceName" => &mut self.resources[1],
            "requestParameters.instanceId" => &mut self.resources[2],
            "service.action.dnsRequestAction.domain" | "jsonPayload.queryName" => &mut self.query,
            "SiteUrl" | "ObjectId" => &mut self.url,
            "exe" => &mut self.process,
            "file.name" => &mut self.file,
            _ => return,
        };
        *slot = Some(value);
    }

    fn tell(&self, draft: &mut Draft<'_>) {
        for ip in self.source.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
        }
        if let Some(ip) = self.target {
            draft.entities(EntityKind::Ip, Role::Target, ip, thing::TARGET);
        }
        draft.account(self.user, Role::Actor, thing::USER);
        if let Some(identity) = self.identity {
            draft.entities(
                EntityKind::CloudResource,
                Role::Actor,
                identity,
                thing::USER,
            );
        }
        for resource in self.resources.into_iter().flatten() {
            draft.entities(EntityKind::CloudResource, Role::Affected, resource, 0);
        }
        if let Some(account) = self.account {
            draft.entities(EntityKind::Account, Role::Affected, account, 0);
        }
        if let Some(query) = self.query {
            draft.entities(EntityKind::Domain, Role::Target, query, thing::TARGET);
        }
        if let Some(url) = self
            .url
            .filter(|url| first_text(*url).is_some_and(is_absolute))
        {
            draft.entities(EntityKind::Url, Role::Target, url, thing::TARGET);
        }
        if let Some(process) = self.process {
            draft.entities(EntityKind::Process, Role::Actor, process, thing::PROCESS);
        }
        if let Some(file) = self.file {
            draft.entities(EntityKind::File, Role::Target, file, thing::FILE);
        }
    }
}
