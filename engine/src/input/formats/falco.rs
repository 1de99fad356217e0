//! Falco: alerts as it writes them itself and as Falcosidekick forwards them, of system calls and of its plugins
//! (Kubernetes audit, CloudTrail, Okta, GitHub).
//!
//! `output_fields` is flat, with dots in its keys; what a rule's author did not ask for is not there. A container's id is a
//! host's name, since it is what the container's own programs see as such. Fields:
//! <https://falco.org/docs/reference/rules/supported-fields/>.

use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Account, Desk, Draft, Paths, Reading, each_text, first_text, thing};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "falco",
    &[
        &[
            Need::present("rule"),
            Need::present("priority"),
            Need::present("output_fields"),
        ],
        &[
            Need::present("rule"),
            Need::present("priority"),
            Need::present("output"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "time",
    rule: "rule",
};

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(ROOM.name);
    let (mut time, mut host, mut is_internal) = (None, None, false);
    let mut fields = Fields::default();
    for (key, value) in record.keys_and_values() {
        let scalar = value.scalar_or_null();
        match key {
            "time" => time = Some(value),
            "uuid" => draft.id(scalar, "uuid")?,
            "rule" => {
                draft.rule_id(scalar, PATHS.rule)?;
                draft.rule_name(scalar);
                is_internal = value
                    .as_str()
                    .is_some_and(|rule| rule.starts_with("Falco internal"));
            }
            "priority" => {
                if let Some(word) = value.as_str() {
                    draft.severity_read(severity::syslog_word(word));
                }
            }
            "hostname" => host = Some(value),
            "tags" => read_tags(value, &mut draft),
            "output_fields" => fields = Fields::of(value),
            _ => {}
        }
    }
    let time = time
        .or(fields.time)
        .map_or(Scalar::Null, Value::scalar_or_null);
    draft.time(time, Unit::Auto, PATHS.time)?;
    if let Some(host) = host {
        let (role, number) = match is_internal {
            true => (Role::Observer, thing::OBSERVER),
            false => (Role::Affected, thing::HOST),
        };
        draft.hosts_or_ips(role, host, number);
    }
    fields.tell(&mut draft);
    draft.finish(PATHS)
}

/// `mitre_execution`, `T1059`; other tags are of the rule's maturity and the like.
fn read_tags(tags: Value<'_>, draft: &mut Draft<'_>) {
    each_text(tags, |tag| {
        let is_technique = tag.as_bytes().first() == Some(&b'T')
            && tag.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if is_technique || tag.starts_with("mitre_") {
            draft.attack(tag);
        }
    });
}

/// The fields that matter, gathered in any order.
#[derive(Default)]
struct Fields<'a> {
    time: Option<Value<'a>>,
    container: Option<Value<'a>>,
    pod: Option<Value<'a>>,
    image: [Option<Value<'a>>; 3],
    parent: [Option<Value<'a>>; 3],
    user: Account<'a>,
    login_user: Option<Value<'a>>,
    descriptor: Option<Value<'a>>,
    file: Option<Value<'a>>,
    source: [Option<Value<'a>>; 3],
    target: [Option<Value<'a>>; 2],
    names: [Option<Value<'a>>; 2],
    identity: Option<Value<'a>>,
    account: Option<Value<'a>>,
    resource: Option<Value<'a>>,
}

impl<'a> Fields<'a> {
    fn of(fields: Value<'a>) -> Self {
        let mut found = Self::default();
        for (key, value) in fields.keys_and_values() {
            // A field that could not be filled in may hold its own name.
            if !value.is_nothing() && value.as_str() != Some(key) {
                found.set(key, value);
            }
        }
        found
    }

    fn set(&mut self, key: &str, value: Value<'a>) {
        let slot = match key {
            "evt.time" | "evt.time.iso8601" | "evt.rawtime" => &mut self.time,
            "container.id" => &mut self.container,
            "k8s.pod.name" | "k8smeta.pod.name" | "ka.target.pod.name" => &mut self.pod,
            "proc.exepath" => &mut self.image[0],
            "proc.exe" => &mut self.image[1],
            "proc.name" => &mut self.image[2],
            "proc.pexepath" => &mut self.parent[0],
            "proc.pexe" => &mut self.parent[1],
            "proc.pname" => &mut self.parent[2],
            "user.name"
            | "ka.user.name"
            | "ct.user"
            | "okta.actor.alternateID"
            | "gcp.user"
            | "github.user" => &mut self.user.name,
            "user.loginname" => &mut self.login_user,
            "fd.name" => &mut self.descriptor,
            "fs.path.name" | "evt.arg.path" | "fd.filename.full" => &mut self.file,
            "fd.cip" => &mut self.source[0],
            "ct.srcip" | "okta.client.ip" | "gcp.callerIP" => &mut self.source[1],
            "ka.sourceips" | "fd.lip" => &mut self.source[2],
            "fd.rip" => &mut self.target[0],
            "fd.sip" => &mut self.target[1],
            "fd.rip.name" => &mut self.names[0],
            "fd.sip.name" => &mut self.names[1],
            "ct.user.arn" => &mut self.identity,
            "ct.user.accountid" => &mut self.account,
            "ct.bucket" | "ct.request.instanceid" => &mut self.resource,
            _ => return,
        };
        *slot = Some(value);
    }

    fn tell(&self, draft: &mut Draft<'_>) {
        let container = self
            .container
            .filter(|id| first_text(*id).is_some_and(|id| id != "host"));
        for name in [container, self.pod].into_iter().flatten() {
            draft.entities(EntityKind::Host, Role::Affected, name, thing::CONTAINER);
        }
        draft.account(self.user, Role::Actor, thing::USER);
        if let Some(login) = self.login_user {
            let account = Account {
                name: Some(login),
                ..Account::default()
            };
            draft.account(account, Role::Actor, thing::OWN);
        }
        for (programs, number) in [(self.image, thing::PROCESS), (self.parent, thing::PARENT)] {
            if let Some(program) = programs.into_iter().flatten().next() {
                draft.entities(EntityKind::Process, Role::Actor, program, number);
            }
        }
        self.tell_network(draft);
        if let Some(file) = self.file {
            draft.entities(EntityKind::File, Role::Target, file, thing::FILE);
        }
        if let Some(identity) = self.identity {
            draft.entities(
                EntityKind::CloudResource,
                Role::Actor,
                identity,
                thing::USER,
            );
        }
        if let Some(resource) = self.resource {
            draft.entities(EntityKind::CloudResource, Role::Target, resource, 0);
        }
        if let Some(account) = self.account {
            draft.entities(EntityKind::Account, Role::Affected, account, 0);
        }
    }

    /// A descriptor's name is a path, or `10.0.0.1:4242->10.0.0.2:80` with the client first.
    fn tell_network(&self, draft: &mut Draft<'_>) {
        for ip in self.source.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
        }
        for ip in self.target.into_iter().flatten() {
            let known = first_text(ip).unwrap_or_default();
            draft.fresh(EntityKind::Ip, Role::Target, known, thing::TARGET);
        }
        for name in self.names.into_iter().flatten() {
            draft.domains_or_ips(Role::Target, name, thing::TARGET);
        }
        let name = self.descriptor.and_then(first_text).unwrap_or_default();
        if let Some((client, server)) = name.split_once("->") {
            for (end, role, number) in [
                (client, Role::Source, thing::SOURCE),
                (server, Role::Target, thing::TARGET),
            ] {
                let ip = Entity::new(EntityKind::Ip, role, end);
                if let Some(ip) = ip {
                    draft.fresh(EntityKind::Ip, role, &ip.value, number);
                }
            }
        } else if name.starts_with('/') {
            draft.entity(EntityKind::File, Role::Target, name, thing::FILE);
        }
    }
}
