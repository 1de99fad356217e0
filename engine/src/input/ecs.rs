//! Elastic Common Schema: its fields -> entities with roles. Shared by every product that writes ECS (Elastic Security,
//! Wazuh 5, Beats) and by the generic room. Keys may be nested, flat (`"source.ip"`) or both; values may be lists.
//!
//! Field sets: <https://www.elastic.co/docs/reference/ecs/ecs-field-reference>. Roles: `source` and `client` are the
//! source, `destination` and `server` the target, `host` is affected, `user` and `process` act, `user.target` and
//! `file` are acted on. `observer` is the sensor, and so is `agent` unless it sits on the host itself. What `related`
//! repeats counts only when nothing else names it.

mod sets;
mod tell;

pub(crate) use tell::attack;

use super::draft::Account;
use super::json::Value;
use super::windows::WindowsEvent;
use sets::{put, set_account};

/// The fields of a record that matter, gathered in any order.
#[derive(Default)]
pub(crate) struct Ecs<'a> {
    pub(crate) event: Event<'a>,
    pub(crate) rule: Rule<'a>,
    /// `@timestamp`.
    pub(crate) time: Option<Value<'a>>,
    pub(crate) message: Option<Value<'a>>,
    /// `threat` as a list of objects.
    threats: Option<Value<'a>>,
    /// Tactic, technique and sub-technique ids of the single `threat`.
    threat_ids: [Option<Value<'a>>; 3],
    indicator: Indicator<'a>,
    enrichments: Option<Value<'a>>,
    pub(crate) host: Machine<'a>,
    pub(crate) observer: Machine<'a>,
    agent: Machine<'a>,
    source: Side<'a>,
    destination: Side<'a>,
    client: Side<'a>,
    server: Side<'a>,
    forwarded: Option<Value<'a>>,
    user: Account<'a>,
    user_target: Account<'a>,
    user_effective: Account<'a>,
    user_changes: Account<'a>,
    process_user: Account<'a>,
    process: Program<'a>,
    parent: Program<'a>,
    target_process: Program<'a>,
    file: Program<'a>,
    dll: Program<'a>,
    question: Option<Value<'a>>,
    resolved: Option<Value<'a>>,
    url: Option<Value<'a>>,
    url_original: Option<Value<'a>>,
    url_domain: Option<Value<'a>>,
    server_name: Option<Value<'a>>,
    mail_from: [Option<Value<'a>>; 3],
    mail_to: [Option<Value<'a>>; 3],
    attachments: Option<Value<'a>>,
    cloud_account: Option<Value<'a>>,
    cloud_instance: Option<Value<'a>>,
    cloud_identity: Option<Value<'a>>,
    container: Option<Value<'a>>,
    pod: Option<Value<'a>>,
    related: Related<'a>,
    windows: WindowsEvent<'a>,
}

/// `event.*`, as far as it tells about the alert and not of its entities.
#[derive(Default)]
pub(crate) struct Event<'a> {
    pub(crate) id: Option<Value<'a>>,
    pub(crate) kind: Option<Value<'a>>,
    pub(crate) code: Option<Value<'a>>,
    pub(crate) action: Option<Value<'a>>,
    pub(crate) module: Option<Value<'a>>,
    pub(crate) dataset: Option<Value<'a>>,
    pub(crate) created: Option<Value<'a>>,
    pub(crate) start: Option<Value<'a>>,
    pub(crate) severity: Option<Value<'a>>,
    pub(crate) risk_score: Option<Value<'a>>,
    pub(crate) reason: Option<Value<'a>>,
}

/// `rule.*`.
#[derive(Default)]
pub(crate) struct Rule<'a> {
    pub(crate) id: Option<Value<'a>>,
    pub(crate) uuid: Option<Value<'a>>,
    pub(crate) name: Option<Value<'a>>,
    pub(crate) description: Option<Value<'a>>,
}

/// `host`, `observer`, `agent`.
#[derive(Default)]
pub(crate) struct Machine<'a> {
    /// The name alone, where the key holds no object.
    pub(crate) bare: Option<Value<'a>>,
    pub(crate) name: Option<Value<'a>>,
    pub(crate) hostname: Option<Value<'a>>,
    pub(crate) id: Option<Value<'a>>,
    pub(crate) ip: Option<Value<'a>>,
}

/// `source`, `destination`, `client`, `server`.
#[derive(Default)]
struct Side<'a> {
    ip: Option<Value<'a>>,
    address: Option<Value<'a>>,
    domain: Option<Value<'a>>,
    nat: Option<Value<'a>>,
    user: Account<'a>,
}

/// `process`, `process.parent`, `file`, `dll`.
#[derive(Default)]
struct Program<'a> {
    path: Option<Value<'a>>,
    name: Option<Value<'a>>,
    hashes: [Option<Value<'a>>; 4],
}

/// `threat.indicator`: what was looked for and found.
#[derive(Default)]
struct Indicator<'a> {
    ip: Option<Value<'a>>,
    domain: Option<Value<'a>>,
    url: Option<Value<'a>>,
    email: Option<Value<'a>>,
    hashes: [Option<Value<'a>>; 4],
}

#[derive(Default)]
struct Related<'a> {
    ip: Option<Value<'a>>,
    hosts: Option<Value<'a>>,
    user: Option<Value<'a>>,
    hash: Option<Value<'a>>,
}

/// Whether anything under the object at `path` can matter, so that the rest needn't be walked.
pub(crate) fn is_wanted(path: &str) -> bool {
    let (top, rest) = split(path);
    match top {
        "event" | "rule" | "threat" | "host" | "observer" | "agent" | "source" | "destination"
        | "client" | "server" | "user" | "file" | "dll" | "dns" | "url" | "tls" | "email"
        | "cloud" | "container" | "related" | "winlog" | "orchestrator" | "kubernetes"
        | "network" | "Target" => true,
        "process" => !matches!(
            rest,
            "Ext" | "entry_leader" | "session_leader" | "group_leader" | "thread" | "io" | "tty"
        ),
        "aws" => rest.is_empty() || rest.starts_with("cloudtrail"),
        _ => false,
    }
}

/// What stands before the first dot, and what after it.
pub(crate) fn split(path: &str) -> (&str, &str) {
    match memchr::memchr(b'.', path.as_bytes()) {
        Some(dot) => (&path[..dot], &path[dot + 1..]),
        None => (path, ""),
    }
}

impl<'a> Ecs<'a> {
    /// Takes the leaf at `path`. Whether it was one of these fields.
    pub(crate) fn set(&mut self, path: &str, value: Value<'a>) -> bool {
        if value.is_nothing() {
            return false;
        }
        let (top, rest) = split(path);
        match top {
            "@timestamp" => put(&mut self.time, value),
            "message" => put(&mut self.message, value),
            "event" => self.event.set(rest, value),
            "rule" => self.rule.set(rest, value),
            "threat" => self.set_threat(rest, value),
            "host" => self.host.set(rest, value),
            "observer" => self.observer.set(rest, value),
            "agent" => self.agent.set(rest, value),
            "source" => self.source.set(rest, value),
            "destination" => self.destination.set(rest, value),
            "client" => self.client.set(rest, value),
            "server" => self.server.set(rest, value),
            "user" => self.set_user(rest, value),
            "process" => self.set_process(rest, value),
            "Target" => match rest.strip_prefix("process.") {
                Some(rest) => self.target_process.set(rest, value),
                None => false,
            },
            "file" => self.file.set(rest, value),
            "dll" => self.dll.set(rest, value),
            "cloud" | "aws" | "container" | "orchestrator" | "kubernetes" => {
                self.set_cloud(path, value)
            }
            "related" => self.related.set(rest, value),
            "winlog" => self.set_winlog(rest, value),
            _ => self.set_network(path, value),
        }
    }

    /// As [`Self::set`], of a field that others name by path and value, where the event itself doesn't have it.
    pub(crate) fn set_missing(&mut self, path: &str, value: Value<'a>) {
        let is_there = match path {
            "host.name" => self.host.name.is_some(),
            "host.id" => self.host.id.is_some(),
            "host.ip" => self.host.ip.is_some(),
            "user.name" => self.user.name.is_some(),
            "source.ip" => self.source.ip.is_some(),
            "destination.ip" => self.destination.ip.is_some(),
            "process.name" => self.process.name.is_some(),
            "process.executable" => self.process.path.is_some(),
            _ => false,
        };
        if !is_there {
            self.set(path, value);
        }
    }

    fn set_network(&mut self, path: &str, value: Value<'a>) -> bool {
        let slot = match path {
            "dns.question.name" => &mut self.question,
            "dns.resolved_ip" => &mut self.resolved,
            "url.full" => &mut self.url,
            "url.original" => &mut self.url_original,
            "url.domain" => &mut self.url_domain,
            "tls.client.server_name" => &mut self.server_name,
            "network.forwarded_ip" => &mut self.forwarded,
            "email.from.address" => &mut self.mail_from[0],
            "email.sender.address" => &mut self.mail_from[1],
            "email.reply_to.address" => &mut self.mail_from[2],
            "email.to.address" => &mut self.mail_to[0],
            "email.cc.address" => &mut self.mail_to[1],
            "email.bcc.address" => &mut self.mail_to[2],
            "email.attachments" => &mut self.attachments,
            _ => return false,
        };
        put(slot, value)
    }

    fn set_cloud(&mut self, path: &str, value: Value<'a>) -> bool {
        let slot = match path {
            "cloud.account.id" => &mut self.cloud_account,
            "cloud.instance.id" => &mut self.cloud_instance,
            "aws.cloudtrail.user_identity.arn" => &mut self.cloud_identity,
            "container.id" => &mut self.container,
            "kubernetes.pod.name" | "orchestrator.resource.name" => &mut self.pod,
            _ => return false,
        };
        put(slot, value)
    }

    fn set_threat(&mut self, rest: &str, value: Value<'a>) -> bool {
        if let Some(rest) = rest.strip_prefix("enrichments.") {
            return match rest.strip_prefix("indicator.") {
                Some(rest) => self.indicator.set(rest, value),
                None => false,
            };
        }
        if let Some(rest) = rest.strip_prefix("indicator.") {
            return self.indicator.set(rest, value);
        }
        let slot = match rest {
            "" => &mut self.threats,
            "tactic.id" => &mut self.threat_ids[0],
            "technique.id" => &mut self.threat_ids[1],
            "technique.subtechnique.id" => &mut self.threat_ids[2],
            "enrichments" => &mut self.enrichments,
            _ => return false,
        };
        put(slot, value)
    }

    fn set_user(&mut self, rest: &str, value: Value<'a>) -> bool {
        let (part, field) = split(rest);
        match part {
            "target" => set_account(&mut self.user_target, field, value),
            "effective" => set_account(&mut self.user_effective, field, value),
            "changes" => set_account(&mut self.user_changes, field, value),
            _ => set_account(&mut self.user, rest, value),
        }
    }

    fn set_process(&mut self, rest: &str, value: Value<'a>) -> bool {
        let (part, field) = split(rest);
        match part {
            "parent" => self.parent.set(field, value),
            "user" | "real_user" => set_account(&mut self.process_user, field, value),
            _ => self.process.set(rest, value),
        }
    }

    fn set_winlog(&mut self, rest: &str, value: Value<'a>) -> bool {
        let (part, field) = split(rest);
        match (part, field) {
            ("event_data" | "user_data", field) => self.windows.set(field, value),
            ("computer_name", "") => self.windows.set("Computer", value),
            // Who the event's provider ran as: the subject, where the event names none.
            ("user", "identifier") => put(&mut self.process_user.id, value),
            ("user", "name") => put(&mut self.process_user.name, value),
            ("user", "domain") => put(&mut self.process_user.domain, value),
            _ => false,
        }
    }
}
