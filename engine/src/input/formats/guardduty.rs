//! Amazon GuardDuty: findings, as EventBridge and S3 exports bring them (lower camel case) and as the API `GetFindings` returns
//! them (upper camel case, booleans sometimes as text).
//!
//! A finding that happens again is sent again under its id, with a higher `count` and a later `updatedAt`: an update of the
//! same alert. Archived and sample findings are told apart by `archived` and `additionalInfo.sample`, which may also
//! stand in the JSON string `additionalInfo.value`.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html>,
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>

mod resource;

use crate::alert::Lifecycle;
use crate::entity::{EntityKind, Role};

use super::super::attack;
use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Nested, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{self, KEY, Names, Things, lowered};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;
use super::aws::{self, Part, action};

pub(super) const ROOM: Room = Room::json(
    "guardduty",
    &[
        &[
            Need::present("accountId"),
            Need::present("service"),
            Need::present("type"),
            Need::Test(is_finding),
        ],
        &[
            Need::present("AccountId"),
            Need::present("Service"),
            Need::present("Type"),
            Need::Test(is_finding),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "service.eventLastSeen",
    rule: "type",
};

fn is_finding(record: Value<'_>) -> bool {
    let Some(service) = aws::get_either(record, "service", "Service") else {
        return false;
    };
    let name = aws::get_either(service, "serviceName", "ServiceName").and_then(Value::as_str);
    name == Some("guardduty") || aws::get_either(service, "detectorId", "DetectorId").is_some()
}

/// What a finding says beside its resource and its service.
#[derive(Default)]
struct Finding<'a> {
    account: Option<Value<'a>>,
    resource: Option<Value<'a>>,
    service: Option<Value<'a>>,
    created: Option<Scalar<'a>>,
    title: &'a str,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(aws::GUARDDUTY);
    let mut finding = Finding::default();
    let mut arn = None;
    let mut buffer = KEY;
    for (key, value) in record.keys_and_values() {
        let scalar = value.scalar_or_null();
        match lowered(key, &mut buffer) {
            b"id" => draft.id(scalar, "id")?,
            b"arn" => arn = value.as_str().and_then(aws::guardduty_id),
            b"type" => {
                draft.rule_id(scalar, PATHS.rule)?;
                let purpose = value.as_str().and_then(|told| told.split(':').next());
                if let Some(tactic) = purpose.and_then(attack::threat_purpose) {
                    draft.attack(tactic);
                }
            }
            b"title" => {
                draft.title(scalar);
                finding.title = value.as_str().unwrap_or_default();
            }
            b"severity" if !scalar.is_nothing() => draft.severity_read(severity::guardduty(scalar)),
            b"createdat" => finding.created = value.scalar(),
            b"updatedat" => draft.updated(scalar, Unit::Auto),
            b"accountid" => finding.account = Some(value),
            b"resource" => finding.resource = Some(value),
            b"service" => finding.service = Some(value),
            _ => {}
        }
    }
    if draft.alert().id.is_none() {
        draft.id(arn.map_or(Scalar::Null, Scalar::Text), "arn")?;
    }
    finding.tell(&mut draft)?;
    draft.finish(PATHS)
}

impl Finding<'_> {
    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let mut things = Things::default();
        let service = Service::of(self.service, draft);
        let times = [service.last_seen, service.first_seen, self.created];
        draft.first_time(&times, PATHS.time)?;
        if let Some(resource) = self.resource {
            resource::tell(resource, service.part, &mut things, draft);
        }
        service.tell(&mut things, draft);
        aws::tell_account(self.account, Role::Affected, draft);
        let is_sample = service.is_sample || self.title.starts_with("[SAMPLE]");
        draft.lifecycle_read(match (is_sample, service.is_archived) {
            (true, _) => Lifecycle::Sample,
            (false, true) => Lifecycle::Archived,
            (false, false) => Lifecycle::Active,
        });
        Ok(())
    }
}

/// The `service` of a finding: what was seen.
#[derive(Default)]
struct Service<'a> {
    part: Part,
    first_seen: Option<Scalar<'a>>,
    last_seen: Option<Scalar<'a>>,
    is_archived: bool,
    is_sample: bool,
    action: Option<Value<'a>>,
    runtime: Option<Value<'a>>,
    sequence: Option<Value<'a>>,
    /// Scans and evidence, in which files stand at any depth.
    scans: [Option<Value<'a>>; 3],
}

impl<'a> Service<'a> {
    fn of(service: Option<Value<'a>>, draft: &mut Draft<'_>) -> Self {
        let mut told = Self::default();
        let Some(service) = service else { return told };
        let mut buffer = KEY;
        for (key, value) in service.keys_and_values() {
            match lowered(key, &mut buffer) {
                b"resourcerole" => told.part = Part::of(value.as_str()),
                b"eventfirstseen" => told.first_seen = value.scalar(),
                b"eventlastseen" => told.last_seen = value.scalar(),
                b"archived" => told.is_archived = is_true(value),
                b"count" => draft.count(value.scalar_or_null()),
                b"additionalinfo" => told.is_sample = is_sample(value, draft),
                b"action" => told.action = Some(value),
                b"runtimedetails" => told.runtime = Some(value),
                b"detection" => told.sequence = aws::get_either(value, "sequence", "Sequence"),
                b"ebsvolumescandetails" => told.scans[0] = Some(value),
                b"malwarescandetails" => told.scans[1] = Some(value),
                b"evidence" => told.scans[2] = Some(value),
                _ => {}
            }
        }
        told
    }

    fn tell(&self, things: &mut Things, draft: &mut Draft<'_>) {
        if let Some(action) = self.action {
            action::tell(action, self.part, draft);
        }
        if let Some(sequence) = self.sequence {
            aws::tell_sequence(sequence, self.part, things, draft);
        }
        if let Some(runtime) = self.runtime {
            tell_runtime(runtime, things, draft);
        }
        for scan in self.scans.into_iter().flatten() {
            tell_files(scan, things, draft);
        }
    }
}

fn is_true(value: Value<'_>) -> bool {
    match value.scalar_or_null() {
        Scalar::Bool(is) => is,
        Scalar::Text(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn is_sample(info: Value<'_>, draft: &mut Draft<'_>) -> bool {
    let says = |info: Value<'_>| aws::get_either(info, "sample", "Sample").is_some_and(is_true);
    let text = aws::get_either(info, "value", "Value").and_then(Value::as_str);
    says(info)
        || text
            .and_then(|text| draft.nested(text, |info, _| says(info)))
            .unwrap_or(false)
}

/// The process that was seen at run time, and what it changed.
fn tell_runtime(runtime: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    for (key, value) in runtime.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"process" => tell_process(value, things, draft),
            b"context" => tell_context(value, things, draft),
            _ => {}
        }
    }
}

fn tell_process(process: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let (mut names, mut name) = (Names::default(), None);
    let mut buffer = KEY;
    for (key, value) in process.keys_and_values() {
        let text = value.as_str();
        match lowered(key, &mut buffer) {
            b"executablepath" => names.add(EntityKind::Process, Role::Actor, text),
            b"executablesha256" => names.add(EntityKind::Hash, Role::Actor, text),
            b"name" => name = text,
            b"user" => names::one(draft, EntityKind::User, Role::Actor, text),
            b"lineage" => value.each(|parent| {
                let path = aws::get_either(parent, "executablePath", "ExecutablePath")
                    .or_else(|| aws::get_either(parent, "name", "Name"));
                let path = path.and_then(Value::as_str);
                names::one(draft, EntityKind::Process, Role::Actor, path);
            }),
            _ => {}
        }
    }
    if names.is_empty() {
        names.add(EntityKind::Process, Role::Actor, name);
    }
    names.tell(things, draft);
}

fn tell_context(context: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut buffer = KEY;
    for (key, value) in context.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"modifyingprocess" | b"targetprocess" => tell_process(value, things, draft),
            b"scriptpath"
            | b"threatfilepath"
            | b"modulefilepath"
            | b"librarypath"
            | b"shellhistoryfilepath" => {
                names::one(draft, EntityKind::File, Role::Target, value.as_str());
            }
            b"modulesha256" => names::one(draft, EntityKind::Hash, Role::Target, value.as_str()),
            _ => {}
        }
    }
}

/// Files that a scan found bad, with their hashes; nothing else under it names anything.
fn tell_files(scan: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    let mut buffer = KEY;
    for (key, value) in scan.keys_and_values() {
        if value.len() > 0 && value.scalar().is_none() {
            value.each(|inner| tell_files(inner, things, draft));
            continue;
        }
        match lowered(key, &mut buffer) {
            b"filepath" | b"nesteditempath" => {
                names.add(EntityKind::File, Role::Target, value.as_str());
            }
            b"hash" | b"filesha256" | b"threatfilesha256" => {
                names.add(EntityKind::Hash, Role::Target, value.as_str());
            }
            _ => {}
        }
    }
    names.tell(things, draft);
}
