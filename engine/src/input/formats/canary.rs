//! Thinkst Canary: incidents and triggered tokens of the console's webhook, incidents of its API, the webhooks of
//! canarytokens.org, and the log of OpenCanary. Changes of settings are no alerts; the console's dummy incident is a
//! sample.
//!
//! A canary is a machine that nobody has reason to touch: it is the affected one. There is no severity. Details are
//! pairs of a label and a value. Fields: <https://docs.canary.tools/webhooks/generic.html>,
//! <https://docs.canary.tools/incidents/queries.html>, <https://opencanary.readthedocs.io/>.

use crate::alert::Lifecycle;
use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::dotted::{self, KeyBuffer, squeezed};
use super::super::draft::{Account, Desk, Draft, Paths, Reading, first_text, thing};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "canary",
    &[
        &[
            Need::present("AlertType"),
            Need::present("Timestamp"),
            Need::present("Intro"),
        ],
        &[Need::present("AlertType"), Need::present("CanaryName")],
        &[Need::present("AlertType"), Need::present("IncidentHash")],
        &[Need::present("IncidentKey"), Need::present("Intro")],
        &[
            Need::present("hash_id"),
            Need::present("summary"),
            Need::present("description"),
        ],
        &[
            Need::present("manage_url"),
            Need::present("memo"),
            Need::present("time"),
        ],
        &[
            Need::present("logtype"),
            Need::present("node_id"),
            Need::present("src_host"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "Timestamp",
    rule: "Description",
};

/// The canary's id in the console's test.
const DUMMY: &str = "0000000testnode";

/// The fields that matter, gathered in any order. Keys are squeezed and without the objects around them.
#[derive(Default)]
struct Incident<'a> {
    kind: Option<&'a str>,
    ids: [Option<Value<'a>>; 3],
    names: [Option<Value<'a>>; 4],
    intro: Option<Value<'a>>,
    count: Option<Value<'a>>,
    times: [Option<&'a str>; 4],
    logtype: Option<Value<'a>>,
    source: [Option<Value<'a>>; 2],
    reverse: Option<Value<'a>>,
    canary: [Option<Value<'a>>; 3],
    user: Account<'a>,
    file: Option<Value<'a>>,
    workstation: Option<Value<'a>>,
    url: Option<Value<'a>>,
    details: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut incident = Incident::default();
    dotted::leaves(record, |path, value| {
        let field = path.rsplit('.').next().unwrap_or(path);
        let mut buffer: KeyBuffer = [0; 40];
        if let Some(key) = squeezed(field, &mut buffer).filter(|_| !value.is_nothing()) {
            incident.set(key, value);
        }
    });
    if !incident.is_alert() {
        return Ok(Reading::NotAnAlert);
    }
    incident.set_details();
    let mut draft = desk.draft(ROOM.name);
    incident.tell(&mut draft)?;
    draft.finish(PATHS)
}

impl<'a> Incident<'a> {
    fn set(&mut self, key: &[u8], value: Value<'a>) {
        let text = value.as_str();
        match key {
            b"alerttype" => self.kind = text,
            b"timestamp" => self.times[0] = text,
            b"createdstd" => self.times[1] = text,
            b"utctime" => self.times[2] = text,
            b"time" | b"localtime" => self.times[3] = text,
            _ => {
                let slot = match key {
                    b"incidenthash" | b"hashid" => &mut self.ids[0],
                    b"incidentkey" => &mut self.ids[1],
                    b"id" => &mut self.ids[2],
                    b"description" => &mut self.names[0],
                    b"summary" => &mut self.names[1],
                    b"memo" => &mut self.names[2],
                    b"channel" => &mut self.names[3],
                    b"intro" => &mut self.intro,
                    b"triggered" | b"eventscount" => &mut self.count,
                    b"logtype" => &mut self.logtype,
                    b"sourceip" | b"srchost" => &mut self.source[0],
                    b"srcip" => &mut self.source[1],
                    b"reversedns" | b"srchostreverse" => &mut self.reverse,
                    b"canaryname" | b"name" => &mut self.canary[0],
                    b"canaryip" | b"dsthost" => &mut self.canary[1],
                    b"canaryid" | b"nodeid" => &mut self.canary[2],
                    b"username" => &mut self.user.name,
                    b"filename" => &mut self.file,
                    b"additionaldetails" => &mut self.details,
                    _ => return,
                };
                *slot = Some(value);
            }
        }
    }

    /// OpenCanary numbers what it logs: below 2000 it tells of itself.
    fn is_alert(&self) -> bool {
        let is_incident = self.kind.is_none_or(|kind| kind.contains("Incident"));
        let logtype = self.logtype.and_then(|number| number.scalar()?.text());
        let is_own = logtype.is_some_and(|number| number.len() == 4 && number.starts_with('1'));
        is_incident && !is_own
    }

    /// Pairs of a label and a value.
    fn set_details(&mut self) {
        let Some(details) = self.details else { return };
        for pair in details.elements().into_iter().flatten() {
            let mut pair = pair.elements().into_iter().flatten();
            let (Some(label), Some(value)) = (pair.next().and_then(Value::as_str), pair.next())
            else {
                continue;
            };
            let mut buffer: KeyBuffer = [0; 40];
            let slot = match squeezed(label, &mut buffer) {
                Some(b"user" | b"username" | b"login") => &mut self.user.name,
                Some(b"domain" | b"userdomain") => &mut self.user.domain,
                Some(b"filename" | b"file" | b"filepath") => &mut self.file,
                Some(
                    b"workstation" | b"sourceworkstation" | b"hostname" | b"localname"
                    | b"clienthostname",
                ) => &mut self.workstation,
                Some(b"url" | b"requestedurl") => &mut self.url,
                _ => continue,
            };
            *slot = Some(value).filter(|value| !value.is_nothing());
        }
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        draft.id(
            scalar(self.ids.into_iter().flatten().next()),
            "IncidentHash",
        )?;
        if let Some(time) = self.times.into_iter().flatten().next() {
            // `2024-05-30 08:55:35 (UTC)`, `2020-04-08 09:39:02 UTC+0000`.
            let time = time.split(" (").next().unwrap_or(time);
            let time = time.split(" UTC").next().unwrap_or(time);
            draft.time(Scalar::Text(time), Unit::Auto, PATHS.time)?;
        }
        let name = self.names.into_iter().flatten().next().or(self.logtype);
        draft.rule_name(scalar(name));
        draft.title(scalar(self.intro));
        draft.count(scalar(self.count));
        let is_dummy = self.canary[2].and_then(Value::as_str) == Some(DUMMY);
        if is_dummy {
            draft.lifecycle_read(Lifecycle::Sample);
        }
        for source in self.source.into_iter().flatten() {
            draft.hosts_or_ips(Role::Source, source, thing::SOURCE);
        }
        if let Some(name) = self.reverse {
            draft.hosts_or_ips(Role::Source, name, thing::SOURCE);
        }
        if let Some(workstation) = self.workstation {
            draft.hosts_or_ips(Role::Source, workstation, thing::SOURCE);
        }
        for canary in self.canary.into_iter().flatten() {
            draft.hosts_or_ips(Role::Affected, canary, thing::HOST);
        }
        draft.account(self.user, Role::Actor, thing::USER);
        if let Some(file) = self.file {
            draft.entities(EntityKind::File, Role::Target, file, thing::FILE);
        }
        let url = self
            .url
            .and_then(first_text)
            .filter(|url| url.contains("://"));
        if let Some(url) = url {
            draft.push(Entity::new(EntityKind::Url, Role::Target, url), 0);
        }
        Ok(())
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}
