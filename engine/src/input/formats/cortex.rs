//! Cortex XDR: alerts, with their events flat (each field a list), in `events[]` or as one object, and incidents; also as
//! the API returns them (`reply.alerts`, `reply.incidents`).
//!
//! Who opened a connection is not told apart from who answered: the remote side is the target. Numbers of alerts and of
//! incidents overlap, so an incident's id says that it is one. Fields:
//! <https://docs-cortex.paloaltonetworks.com/r/Cortex-XDR-REST-API/Get-Alerts>.

use compact_str::CompactString;

use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{
    Account, Desk, Draft, Paths, Reading, each_text, first, first_text, thing,
};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::{self, Unit};
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "cortex",
    &[
        &[
            Need::present("alert_id"),
            Need::present("detection_timestamp"),
        ],
        &[Need::present("alert_id"), Need::present("matching_status")],
        &[Need::present("incident_id"), Need::present("alert_count")],
        &[Need::present("incident_id"), Need::present("xdr_url")],
        &[
            Need::present("reply"),
            Need::Test(|record| page(record).is_some()),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "detection_timestamp",
    rule: "name",
};

/// Events of one alert that are read; real ones have a handful.
const EVENTS_MAX: usize = 16;

fn page(record: Value<'_>) -> Option<Value<'_>> {
    let reply = record.get("reply")?;
    reply.get("alerts").or_else(|| reply.get("incidents"))
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let Some(page) = page(record) else {
        return read_one(record, desk);
    };
    desk.parts(page, |alert, desk| read_one(alert, desk))
}

/// The fields that matter, gathered in any order.
#[derive(Default)]
struct Case<'a> {
    id: Option<Value<'a>>,
    incident: Option<Value<'a>>,
    rule_id: Option<Value<'a>>,
    names: [Option<Value<'a>>; 2],
    description: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    times: [Option<Value<'a>>; 5],
    updated: Option<Value<'a>>,
    count: Option<Value<'a>>,
    attack: [Option<Value<'a>>; 4],
    events: Option<Value<'a>>,
    host: [Option<Value<'a>>; 3],
    host_ips: [Option<Value<'a>>; 3],
    endpoint: Option<Value<'a>>,
    incident_hosts: Option<Value<'a>>,
    incident_users: Option<Value<'a>>,
    artifacts: Artifacts<'a>,
}

/// What an event names; all of it may stand in the alert itself.
#[derive(Default)]
struct Artifacts<'a> {
    users: [Option<Value<'a>>; 2],
    actor: Program<'a>,
    causality: Program<'a>,
    os_actor: Program<'a>,
    action: Program<'a>,
    file: Program<'a>,
    local: [Option<Value<'a>>; 2],
    remote: [Option<Value<'a>>; 2],
    names: [Option<Value<'a>>; 4],
    urls: Option<Value<'a>>,
    forwarded: Option<Value<'a>>,
    sender: Option<Value<'a>>,
    recipient: Option<Value<'a>>,
    firewall: Option<Value<'a>>,
    remote_agent: Option<Value<'a>>,
    container: Option<Value<'a>>,
    resource: Option<Value<'a>>,
}

#[derive(Default)]
struct Program<'a> {
    path: Option<Value<'a>>,
    name: Option<Value<'a>>,
    hashes: [Option<Value<'a>>; 3],
}

fn read_one(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut case = Case::default();
    for (key, value) in record.keys_and_values() {
        if !value.is_nothing() && !case.set(key, value) {
            case.artifacts.set(key, value);
        }
    }
    let mut draft = desk.draft(ROOM.name);
    case.tell(&mut draft)?;
    draft.finish(PATHS)
}

impl<'a> Case<'a> {
    fn set(&mut self, key: &str, value: Value<'a>) -> bool {
        let slot = match key {
            "alert_id" => &mut self.id,
            "incident_id" => &mut self.incident,
            "matching_service_rule_id" => &mut self.rule_id,
            "name" | "alert_name" => &mut self.names[0],
            "incident_name" => &mut self.names[1],
            "description" | "alert_description" => &mut self.description,
            "severity" => &mut self.severity,
            "detection_timestamp" | "detection_time" => &mut self.times[0],
            "event_timestamp" => &mut self.times[1],
            "creation_time" => &mut self.times[2],
            "local_insert_ts" => &mut self.times[3],
            "timestamp" => &mut self.times[4],
            "last_modified_ts" | "modification_time" => &mut self.updated,
            "alert_count" => &mut self.count,
            "mitre_technique_id_and_name" => &mut self.attack[0],
            "mitre_tactic_id_and_name" => &mut self.attack[1],
            "mitre_techniques_ids_and_names" => &mut self.attack[2],
            "mitre_tactics_ids_and_names" => &mut self.attack[3],
            "events" => &mut self.events,
            "host_name" => &mut self.host[0],
            "agent_fqdn" => &mut self.host[1],
            "agent_hostname" | "endpoint_name" => &mut self.host[2],
            "host_ip" | "agent_ip_addresses" => &mut self.host_ips[0],
            "agent_ip_addresses_v6" => &mut self.host_ips[1],
            "host_ip_v6" => &mut self.host_ips[2],
            "endpoint_id" => &mut self.endpoint,
            "hosts" => &mut self.incident_hosts,
            "users" => &mut self.incident_users,
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        match (self.id, self.incident) {
            (None, Some(incident)) => {
                let mut id = CompactString::const_new("incident/");
                if let Some(number) = incident.scalar().and_then(|number| number.text()) {
                    id.push_str(&number);
                }
                draft.id(Scalar::Text(&id), "incident_id")?;
            }
            (id, _) => draft.id(scalar(id), "alert_id")?,
        }
        draft.rule_id(scalar(self.rule_id), "matching_service_rule_id")?;
        let name = self.names.into_iter().flatten().next();
        draft.rule_name(scalar(name.or(self.description)));
        draft.title(scalar(self.description));
        let time = self
            .times
            .into_iter()
            .flatten()
            .find_map(|time| timestamp::read(scalar(Some(time)), Unit::Auto, None));
        draft.time_read(time);
        draft.updated(scalar(self.updated), Unit::Auto);
        draft.count(scalar(self.count));
        self.tell_severity(draft);
        for ids in self.attack.into_iter().flatten() {
            draft.attacks(ids);
        }
        self.tell_entities(draft);
        Ok(())
    }

    /// A word, at times as `SEV_040_HIGH`.
    fn tell_severity(&self, draft: &mut Draft<'_>) {
        let Some(value) = self.severity else { return };
        let text = value.as_str().unwrap_or_default();
        let word = match text.strip_prefix("SEV_") {
            Some(rest) => rest.split('_').next_back().unwrap_or(rest),
            None => text,
        };
        draft.severity_read(severity::word(word).or_else(|| severity::read(scalar(Some(value)))));
    }

    fn tell_entities(&self, draft: &mut Draft<'_>) {
        let role = Role::Affected;
        for name in self.host.into_iter().flatten() {
            draft.hosts_or_ips(role, name, thing::HOST);
        }
        for ips in self.host_ips.into_iter().flatten() {
            draft.entities(EntityKind::Ip, role, ips, thing::HOST);
        }
        if let Some(endpoint) = self.endpoint {
            draft.hosts_or_ips(role, endpoint, thing::HOST);
        }
        if let Some(hosts) = self.incident_hosts {
            let mut number = thing::OWN;
            each_text(hosts, |host| {
                // A name and the agent's id.
                let (name, id) = host.rsplit_once(':').unwrap_or((host, ""));
                draft.entity(EntityKind::Host, role, name, number);
                if !id.is_empty() {
                    draft.entity(EntityKind::Host, role, id, number);
                }
                number = number.saturating_add(1);
            });
        }
        if let Some(users) = self.incident_users {
            each_text(users, |user| draft.user(None, user, role, 0));
        }
        let has_host = self.host.into_iter().any(|host| host.is_some());
        self.artifacts.tell(has_host, draft);
        let Some(events) = self.events else { return };
        let mut count = 0;
        events.each(|event| {
            count += 1;
            if count <= EVENTS_MAX {
                let mut artifacts = Artifacts::default();
                for (key, value) in event.keys_and_values() {
                    if !value.is_nothing() {
                        artifacts.set(key, value);
                    }
                }
                artifacts.tell(has_host, draft);
            }
        });
    }
}

impl<'a> Artifacts<'a> {
    fn set(&mut self, key: &str, value: Value<'a>) {
        let slot = match key {
            "user_name" => &mut self.users[0],
            "os_actor_effective_username" => &mut self.users[1],
            "action_local_ip" => &mut self.local[0],
            "action_local_ip_v6" => &mut self.local[1],
            "action_remote_ip" => &mut self.remote[0],
            "action_remote_ip_v6" => &mut self.remote[1],
            "action_external_hostname" => &mut self.names[0],
            "dns_query_name" => &mut self.names[1],
            "dst_action_external_hostname" => &mut self.names[2],
            "fw_url_domain" => &mut self.names[3],
            "malicious_urls" => &mut self.urls,
            "fw_xff" => &mut self.forwarded,
            "fw_email_sender" => &mut self.sender,
            "fw_email_recipient" => &mut self.recipient,
            "fw_device_name" => &mut self.firewall,
            "dst_agent_id" => &mut self.remote_agent,
            "container_id" => &mut self.container,
            "referenced_resource" => &mut self.resource,
            _ => return self.set_program(key, value),
        };
        *slot = Some(value);
    }

    fn set_program(&mut self, key: &str, value: Value<'a>) {
        let programs = [
            ("causality_actor_process_image_", &mut self.causality),
            ("os_actor_process_image_", &mut self.os_actor),
            ("actor_process_image_", &mut self.actor),
            ("action_process_image_", &mut self.action),
            ("action_file_", &mut self.file),
        ];
        for (prefix, program) in programs {
            let Some(field) = key.strip_prefix(prefix) else {
                continue;
            };
            let slot = match field {
                "path" => &mut program.path,
                "name" => &mut program.name,
                "sha256" => &mut program.hashes[0],
                "md5" => &mut program.hashes[1],
                "macro_sha256" => &mut program.hashes[2],
                _ => return,
            };
            *slot = Some(value);
            return;
        }
    }

    fn tell(&self, has_host: bool, draft: &mut Draft<'_>) {
        for user in self.users.into_iter().flatten() {
            let account = Account {
                name: Some(user),
                ..Account::default()
            };
            draft.account(account, Role::Actor, thing::USER);
        }
        let (role, number) = match has_host {
            true => (Role::Affected, thing::HOST),
            false => (Role::Source, thing::SOURCE),
        };
        for ip in self.local.into_iter().flatten() {
            draft.entities(EntityKind::Ip, role, ip, number);
        }
        let target = thing::TARGET;
        for ip in self.remote.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Target, ip, target);
        }
        for name in self.names.into_iter().flatten() {
            draft.domains_or_ips(Role::Target, name, target);
        }
        if let Some(agent) = self.remote_agent {
            draft.hosts_or_ips(Role::Target, agent, target);
        }
        if let Some(urls) = self.urls {
            draft.entities(EntityKind::Url, Role::Target, urls, 0);
        }
        if let Some(forwarded) = self.forwarded {
            draft.entities(EntityKind::Ip, Role::Source, forwarded, 0);
        }
        if let Some(sender) = self.sender {
            draft.entities(EntityKind::Email, Role::Source, sender, 0);
        }
        if let Some(recipient) = self.recipient {
            draft.entities(EntityKind::Email, Role::Target, recipient, 0);
        }
        if let Some(container) = self.container {
            draft.entities(
                EntityKind::Host,
                Role::Affected,
                container,
                thing::CONTAINER,
            );
        }
        if let Some(resource) = self.resource {
            draft.entities(EntityKind::CloudResource, Role::Target, resource, 0);
        }
        let process = EntityKind::Process;
        self.actor.tell(process, Role::Actor, thing::PROCESS, draft);
        self.causality
            .tell(process, Role::Actor, thing::PARENT, draft);
        self.os_actor
            .tell(process, Role::Actor, thing::OWN + 90, draft);
        self.action
            .tell(process, Role::Target, thing::TARGET_PROCESS, draft);
        self.file
            .tell(EntityKind::File, Role::Target, thing::FILE, draft);
        if let Some(firewall) = self.firewall {
            draft.entities(EntityKind::Host, Role::Observer, firewall, thing::OBSERVER);
        }
    }
}

impl Program<'_> {
    fn tell(&self, kind: EntityKind, role: Role, number: u8, draft: &mut Draft<'_>) {
        let path = self.path.filter(|path| first_text(*path).is_some());
        if let Some(path) = path.or(self.name) {
            draft.entities(kind, role, path, number);
        }
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(role, hash, number);
        }
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, |value| first(value).scalar_or_null())
}
