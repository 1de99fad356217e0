//! osquery: results of scheduled queries, as events, batches (`diffResults`) and snapshots.
//!
//! osquery collects and judges nothing, so most of its results are no alerts. Alerts are rows that a query of a *pack*
//! reports as added: packs are how detections are shipped (`pack_osx-attacks_..`, `pack/incident-response/..`). Left out are
//! the packs that ship as inventories (it-compliance, hardware-monitoring, osquery-monitoring, vuln-management), removed
//! rows, and snapshots of packs that don't say in their name that they look for attacks, since a snapshot repeats
//! everything each time; so are Fleet's schedules (`pack/Global/..`), which hold queries of any purpose. A row has no severity. Fields:
//! <https://osquery.readthedocs.io/en/stable/deployment/logging/>.

use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Account, Desk, Draft, Paths, Reading, first_text, thing};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "osquery",
    &[
        &[
            Need::present("name"),
            Need::present("action"),
            Need::present("columns"),
        ],
        &[
            Need::present("name"),
            Need::present("hostIdentifier"),
            Need::present("snapshot"),
        ],
        &[Need::present("name"), Need::present("diffResults")],
        // What osquery says of itself.
        &[
            Need::present("hostIdentifier"),
            Need::present("severity"),
            Need::present("filename"),
            Need::present("line"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "unixTime",
    rule: "name",
};

const INVENTORIES: [&str; 4] = [
    "it-compliance",
    "hardware-monitoring",
    "osquery-monitoring",
    "vuln-management",
];

const ATTACKS: [&str; 8] = [
    "attack",
    "rootkit",
    "malware",
    "threat",
    "detect",
    "unwanted",
    "suspicious",
    "ioc",
];

/// A line of the result log.
#[derive(Default)]
struct Line<'a> {
    name: Option<&'a str>,
    action: Option<&'a str>,
    host: Option<Value<'a>>,
    times: [Option<Value<'a>>; 2],
    columns: Option<Value<'a>>,
    snapshot: Option<Value<'a>>,
    batch: Option<Value<'a>>,
    decorations: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut line = Line::default();
    for (key, value) in record.keys_and_values() {
        match key {
            "name" => line.name = value.as_str(),
            "action" => line.action = value.as_str(),
            "hostIdentifier" => line.host = Some(value),
            "unixTime" => line.times[0] = Some(value),
            "calendarTime" => line.times[1] = Some(value),
            "columns" => line.columns = Some(value),
            "snapshot" => line.snapshot = Some(value),
            "diffResults" => line.batch = Some(value),
            "decorations" => line.decorations = Some(value),
            _ => {}
        }
    }
    if !line.is_alert() {
        return Ok(Reading::NotAnAlert);
    }
    if let Some(columns) = line.columns {
        return line.read_row(columns, desk);
    }
    let rows = line.snapshot.or_else(|| line.batch?.get("added"));
    match rows {
        Some(rows) if rows.len() > 0 => desk.parts(rows, |row, desk| line.read_row(row, desk)),
        _ => Ok(Reading::NotAnAlert),
    }
}

impl Line<'_> {
    fn is_alert(&self) -> bool {
        let Some(pack) = self.name.and_then(|name| name.strip_prefix("pack")) else {
            return false;
        };
        let has = |words: &[&str]| {
            words.iter().any(|word| {
                pack.as_bytes()
                    .windows(word.len())
                    .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            })
        };
        let is_pack = pack.starts_with(|c: char| !c.is_alphanumeric());
        // Fleet calls its own schedules packs.
        let is_schedule = pack.starts_with("/Global/") || pack.starts_with("/team-");
        let is_snapshot = self.snapshot.is_some() || self.action == Some("snapshot");
        is_pack
            && self.action != Some("removed")
            && !has(&INVENTORIES)
            && (!(is_snapshot || is_schedule) || has(&ATTACKS))
    }

    fn read_row(&self, row: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
        let mut draft = desk.draft(ROOM.name);
        let time = self.times.into_iter().flatten().next();
        draft.time(scalar(time), Unit::Auto, PATHS.time)?;
        draft.time_of_broker();
        let name = self.name.map_or(Scalar::Null, Scalar::Text);
        draft.rule_id(name, PATHS.rule)?;
        draft.rule_name(name);
        if let Some(host) = self.host {
            draft.hosts_or_ips(Role::Affected, host, thing::HOST);
        }
        let mut user = Account::default();
        for (key, value) in self
            .decorations
            .into_iter()
            .flat_map(Value::keys_and_values)
        {
            match key {
                "hostname" | "computer_name" | "host_uuid" | "hostIdentifier" => {
                    draft.hosts_or_ips(Role::Affected, value, thing::HOST);
                }
                "username" | "user" | "logged_in_user" => user.name = Some(value),
                _ => {}
            }
        }
        draft.account(user, Role::Affected, thing::OWN);
        Columns::of(row).tell(&mut draft);
        draft.finish(PATHS)
    }
}

/// Columns of a row that name something, in whatever table.
#[derive(Default)]
struct Columns<'a> {
    path: Option<Value<'a>>,
    is_process: bool,
    parent: Option<Value<'a>>,
    file: Option<Value<'a>>,
    user: Account<'a>,
    remote: [Option<Value<'a>>; 2],
    local: Option<Value<'a>>,
    hashes: [Option<Value<'a>>; 3],
    url: Option<Value<'a>>,
    domain: Option<Value<'a>>,
}

impl<'a> Columns<'a> {
    fn of(row: Value<'a>) -> Self {
        let mut columns = Self::default();
        for (key, value) in row.keys_and_values() {
            let slot = match key {
                "path" | "binary_path" | "executable" => &mut columns.path,
                "pid" => {
                    columns.is_process = true;
                    continue;
                }
                "parent_path" => &mut columns.parent,
                "target_path" | "filename" => &mut columns.file,
                "username" | "user" => &mut columns.user.name,
                "sid" => &mut columns.user.id,
                "remote_address" => &mut columns.remote[0],
                "host" => &mut columns.remote[1],
                "local_address" => &mut columns.local,
                "sha256" => &mut columns.hashes[0],
                "sha1" => &mut columns.hashes[1],
                "md5" => &mut columns.hashes[2],
                "url" | "download_url" => &mut columns.url,
                "domain" | "hostnames" => &mut columns.domain,
                _ => continue,
            };
            *slot = Some(value).filter(|value| !value.is_nothing());
        }
        columns
    }

    fn tell(&self, draft: &mut Draft<'_>) {
        draft.account(self.user, Role::Actor, thing::USER);
        let (kind, role, number) = match self.is_process {
            true => (EntityKind::Process, Role::Actor, thing::PROCESS),
            false => (EntityKind::File, Role::Target, thing::FILE),
        };
        if let Some(path) = self.path {
            draft.entities(kind, role, path, number);
        }
        for hash in self.hashes.into_iter().flatten() {
            draft.hashes(role, hash, number);
        }
        if let Some(parent) = self.parent {
            draft.entities(EntityKind::Process, Role::Actor, parent, thing::PARENT);
        }
        if let Some(file) = self.file.filter(|file| is_path(*file)) {
            draft.entities(EntityKind::File, Role::Target, file, thing::OWN + 1);
        }
        for remote in self.remote.into_iter().flatten() {
            draft.hosts_or_ips(Role::Target, remote, thing::TARGET);
        }
        if let Some(local) = self.local {
            draft.entities(EntityKind::Ip, Role::Affected, local, thing::HOST);
        }
        if let Some(url) = self
            .url
            .filter(|url| first_text(*url).is_some_and(|url| url.contains("://")))
        {
            draft.entities(EntityKind::Url, Role::Target, url, 0);
        }
        if let Some(domain) = self.domain {
            draft.entities(EntityKind::Domain, Role::Target, domain, 0);
        }
    }
}

fn is_path(value: Value<'_>) -> bool {
    first_text(value).is_some_and(|text| text.contains(['/', '\\']))
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}
