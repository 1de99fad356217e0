//! IBM QRadar: offenses, as the API returns them and forwarders send them on.
//!
//! The API gives most of an offense's addresses as numbers of other objects; its subject (`offense_source`) is there in
//! text, and `offense_type` says of which kind. Addresses that a forwarder has looked up are read too. An offense grows:
//! the same id with more events is an update. `inactive` only says that it has not grown for days, so an open one is
//! work to do all the same. Fields: <https://ibmsecuritydocs.github.io/qradar_api_20.0/20.0--siem-offenses-GET.html>.

use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading, each_text, first, first_text, thing};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "qradar",
    &[
        &[
            Need::present("offense_source"),
            Need::present("offense_type"),
        ],
        &[
            Need::present("magnitude"),
            Need::present("credibility"),
            Need::present("relevance"),
        ],
        &[Need::present("offense_id"), Need::present("magnitude")],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "start_time",
    rule: "description",
};

/// The fields that matter, gathered in any order.
#[derive(Default)]
struct Offense<'a> {
    id: Option<Value<'a>>,
    times: [Option<Value<'a>>; 2],
    updated: [Option<Value<'a>>; 2],
    description: Option<Value<'a>>,
    rules: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    magnitude: Option<Value<'a>>,
    counts: [Option<Value<'a>>; 2],
    kind: Option<Value<'a>>,
    subject: Option<Value<'a>>,
    sources: [Option<Value<'a>>; 3],
    targets: [Option<Value<'a>>; 3],
    users: Option<Value<'a>>,
    log_sources: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut offense = Offense::default();
    for (key, value) in record.keys_and_values() {
        if !value.is_nothing() {
            offense.set(key, value);
        }
    }
    let mut draft = desk.draft(ROOM.name);
    offense.tell_head(&mut draft)?;
    offense.tell_entities(&mut draft);
    draft.finish(PATHS)
}

impl<'a> Offense<'a> {
    fn set(&mut self, key: &str, value: Value<'a>) {
        let slot = match key {
            "id" | "offense_id" => &mut self.id,
            "start_time" => &mut self.times[0],
            "first_persisted_time" => &mut self.times[1],
            "last_updated_time" => &mut self.updated[0],
            "last_persisted_time" => &mut self.updated[1],
            "description" | "offense_name" => &mut self.description,
            "rules" => &mut self.rules,
            "severity" => &mut self.severity,
            "magnitude" => &mut self.magnitude,
            "event_count" => &mut self.counts[0],
            "flow_count" => &mut self.counts[1],
            "offense_type" | "offense_type_str" => &mut self.kind,
            "offense_source" => &mut self.subject,
            "source_ips" | "source_ip" => &mut self.sources[0],
            "source_addresses" | "source_address" => &mut self.sources[1],
            "sourceip" | "src_ip" => &mut self.sources[2],
            "destination_ips" | "destination_ip" | "local_destination_addresses" => {
                &mut self.targets[0]
            }
            "destination_addresses" | "remote_destination_addresses" => &mut self.targets[1],
            "destinationip" | "dst_ip" => &mut self.targets[2],
            "usernames" | "username" => &mut self.users,
            "log_sources" => &mut self.log_sources,
            _ => return,
        };
        *slot = Some(value);
    }

    fn tell_head(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        draft.id(scalar(self.id), "id")?;
        let time = self.times.into_iter().flatten().next();
        draft.time(scalar(time), Unit::Auto, PATHS.time)?;
        draft.updated(
            scalar(self.updated.into_iter().flatten().next()),
            Unit::Auto,
        );
        if let Some(rule) = self.rules.map(first) {
            let id = rule.get("id").unwrap_or(rule);
            draft.rule_id(id.scalar_or_null(), "rules[].id")?;
        }
        draft.rule_name(scalar(self.description));
        // Severity is of the attack; magnitude also weighs how much the network cares.
        let worth = self.severity.or(self.magnitude);
        if let Some(worth) = worth {
            draft.severity_read(severity::cef(worth.scalar_or_null()));
        }
        let number = |value: Option<Value<'_>>| {
            value
                .and_then(|value| severity::number(value.scalar_or_null()))
                .unwrap_or_default()
        };
        // Saturates.
        let count = number(self.counts[0]) + number(self.counts[1]);
        draft.count_of(count as usize);
        Ok(())
    }

    fn tell_entities(&self, draft: &mut Draft<'_>) {
        if let Some(subject) = self.subject.and_then(first_text) {
            self.tell_subject(subject, draft);
        }
        for ips in self.sources.into_iter().flatten() {
            each_text(ips, |ip| draft.fresh(EntityKind::Ip, Role::Source, ip, 0));
        }
        for ips in self.targets.into_iter().flatten() {
            each_text(ips, |ip| draft.fresh(EntityKind::Ip, Role::Target, ip, 0));
        }
        if let Some(users) = self.users {
            each_text(users, |user| {
                if !draft.is_named(user) {
                    draft.user(None, user, Role::Actor, 0);
                }
            });
        }
        let Some(log_sources) = self.log_sources else {
            return;
        };
        log_sources.each(|source| {
            // `Snort @ sensor1`: how a log source is named when nobody renames it.
            let name = source.get("name").unwrap_or(source).as_str();
            if let Some((_, host)) = name.and_then(|name| name.rsplit_once(" @ ")) {
                draft.push(Entity::host_or_ip(Role::Observer, host), 0);
            }
        });
    }

    /// What the offense is indexed by; other types are of rules, ports, categories and the like.
    fn tell_subject(&self, subject: &str, draft: &mut Draft<'_>) {
        let kind = self.kind.and_then(|kind| kind.scalar()?.text());
        let kind = kind.as_deref().unwrap_or_default();
        match kind {
            "0" | "10" | "Source IP" | "Source IPv6" => {
                draft.entity(EntityKind::Ip, Role::Source, subject, thing::SOURCE);
            }
            "1" | "11" | "Destination IP" | "Destination IPv6" => {
                draft.entity(EntityKind::Ip, Role::Target, subject, thing::TARGET);
            }
            "3" | "Username" => draft.user(None, subject, Role::Actor, thing::USER),
            "7" | "Hostname" | "Host Name" => {
                draft.push(Entity::host_or_ip(Role::Affected, subject), thing::HOST);
            }
            _ => {}
        }
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}
