//! Wiz: issues and threat detections, as webhooks bring them and as the API returns them.
//!
//! An issue's webhook has `issue`, `control` and `resource`; the API's issue has `sourceRule` and `entitySnapshot`. A detection has
//! `triggeringEvents`, `actors` and `resources`, its rule in `tdrId` and `title` or in `ruleMatch.rule`. An issue that was resolved
//! no longer holds, a rejected one is for the record.
//!
//! <https://docs.wiz.io/wiz-docs/docs/webhook-integration>, <https://integrate.wiz.io/reference/issues-query>,
//! <https://integrate.wiz.io/reference/pull-detections>; shapes also from
//! <https://github.com/elastic/integrations/tree/main/packages/wiz> and
//! <https://github.com/panther-labs/panther-analysis/tree/main/rules/wiz_rules>

use crate::alert::Lifecycle;
use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{self, Names, Things};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "wiz",
    &[
        &[
            Need::present("issue"),
            Need::present("control"),
            Need::present("resource"),
        ],
        &[Need::present("issue.id"), Need::present("trigger")],
        &[Need::present("tdrId"), Need::present("severity")],
        &[
            Need::present("triggeringEvents"),
            Need::present("primaryResource"),
        ],
        &[
            Need::present("ruleMatch"),
            Need::present("triggeringEvents"),
        ],
        &[
            Need::present("entitySnapshot"),
            Need::present("severity"),
            Need::present("createdAt"),
        ],
        &[Need::present("data"), Need::present("data.issues.nodes")],
        &[Need::present("data"), Need::present("data.issuesV2.nodes")],
        &[
            Need::present("data"),
            Need::present("data.detections.nodes"),
        ],
        &[Need::present("sourceRule"), Need::present("entitySnapshot")],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "createdAt",
    rule: "tdrId",
};

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let pages = ["issues", "issuesV2", "detections"];
    let data = record.get("data");
    let page = |key| data?.get(key)?.get("nodes");
    match pages.into_iter().find_map(page) {
        Some(nodes) => Ok(desk.each_part(nodes, read_one)),
        None => read_one(record, desk),
    }
}

fn read_one(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(ROOM.name);
    let mut things = Things::default();
    let issue = record
        .get("issue")
        .filter(|issue| issue.len() > 0 && record.get("control").is_some());
    let mut head = Head::default();
    head.take(issue.unwrap_or(record));
    for key in ["control", "sourceRule", "rule"] {
        head.take_rule(record.get(key));
    }
    let matched = record.get("ruleMatch").and_then(|told| told.get("rule"));
    head.take_rule(matched);
    head.tell(&mut draft)?;
    tell_entities(record, &mut things, &mut draft);
    draft.finish(PATHS)
}

/// What an issue or a detection says of itself.
#[derive(Default)]
struct Head<'a> {
    id: Option<Scalar<'a>>,
    rule_id: Option<Scalar<'a>>,
    rule_name: Option<Scalar<'a>>,
    title: Option<Scalar<'a>>,
    severity: Option<Scalar<'a>>,
    created: Option<Scalar<'a>>,
    start: Option<Scalar<'a>>,
    updated: Option<Scalar<'a>>,
    status: Option<&'a str>,
    attack: [Option<Value<'a>>; 2],
}

impl<'a> Head<'a> {
    fn take(&mut self, object: Value<'a>) {
        for (key, value) in object.keys_and_values() {
            match key {
                "id" => self.id = value.scalar(),
                "tdrId" => self.rule_id = value.scalar(),
                "title" => self.title = value.scalar(),
                "severity" => self.severity = value.scalar(),
                "created" | "createdAt" => self.created = value.scalar(),
                "timeframe" => self.start = value.get("start").and_then(Value::scalar),
                "updatedAt" | "updated" => self.updated = value.scalar(),
                "status" => self.status = value.as_str(),
                "mitreTactics" => self.attack[0] = Some(value),
                "mitreTechniques" => self.attack[1] = Some(value),
                _ => {}
            }
        }
    }

    fn take_rule(&mut self, rule: Option<Value<'a>>) {
        for (key, value) in rule.into_iter().flat_map(Value::keys_and_values) {
            match key {
                "id" => self.rule_id = self.rule_id.or_else(|| value.scalar()),
                "name" => self.rule_name = self.rule_name.or_else(|| value.scalar()),
                "severity" => self.severity = self.severity.or_else(|| value.scalar()),
                "securitySubCategories" => self.attack[0] = self.attack[0].or(Some(value)),
                _ => {}
            }
        }
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let or_null = |value: Option<Scalar<'a>>| value.unwrap_or(Scalar::Null);
        draft.id(or_null(self.id), "id")?;
        draft.first_time(&[self.created, self.start], PATHS.time)?;
        draft.updated(or_null(self.updated), Unit::Auto);
        let name = or_null(self.rule_name.or(self.title));
        draft.rule_name(name);
        draft.rule_id(self.rule_id.unwrap_or(name), PATHS.rule)?;
        if self.rule_name.is_some() {
            draft.title(or_null(self.title));
        }
        draft.severity(or_null(self.severity));
        draft.lifecycle_read(match self.status {
            Some("RESOLVED") => Lifecycle::Inactive,
            Some("REJECTED") => Lifecycle::Archived,
            _ => Lifecycle::Active,
        });
        for ids in self.attack.into_iter().flatten() {
            ids.each(|id| {
                let id = id
                    .as_str()
                    .or_else(|| id.get("category")?.get("name")?.as_str());
                draft.attack_if_known(id.unwrap_or_default());
            });
        }
        Ok(())
    }
}

fn tell_entities(record: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    for (key, value) in record.keys_and_values() {
        match key {
            "actors" | "primaryActor" => value.each(|actor| tell_actor(actor, things, draft)),
            "resource" | "resources" | "primaryResource" | "entitySnapshot" => {
                value.each(|resource| tell_resource(resource, things, draft));
            }
            "cloudAccounts" | "cloudAccount" => value.each(|account| tell_account(account, draft)),
            "triggeringEvents" => {
                let events = value.get("nodes").unwrap_or(value);
                events.each(|event| tell_event(event, things, draft));
            }
            _ => {}
        }
    }
}

fn text<'v>(object: Value<'v>, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Value::as_str)
}

/// Tells who did it: an address, or an account with its names.
fn tell_actor(actor: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    if text(actor, "type") == Some("NETWORK_ADDRESS") {
        let address = text(actor, "externalId").or_else(|| text(actor, "name"));
        names::peer(draft, Role::Source, address);
        return;
    }
    names.add(EntityKind::User, Role::Actor, text(actor, "name"));
    for key in ["externalId", "providerUniqueId"] {
        let id = text(actor, key);
        let kind = match id {
            Some(id) if id.starts_with("arn:") || id.starts_with('/') => EntityKind::CloudResource,
            _ => EntityKind::User,
        };
        names.add(kind, Role::Actor, id);
    }
    names.add(EntityKind::Email, Role::Actor, text(actor, "email"));
    names.add(
        EntityKind::CloudResource,
        Role::Actor,
        text(actor, "accessKeyId"),
    );
    names.tell(things, draft);
    if let Some(session) = actor.get("actingAs").filter(|session| session.len() > 0) {
        tell_actor(session, things, draft);
    }
}

/// Tells what it happened to, by its ids; a machine also by its name.
fn tell_resource(resource: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    let mut names = Names::default();
    let role = Role::Affected;
    let kind = text(resource, "type").unwrap_or_default();
    for key in ["providerUniqueId", "providerId", "externalId"] {
        names.add(EntityKind::CloudResource, role, text(resource, key));
    }
    // The webhook's is the provider's; the API's is Wiz' own.
    let id = text(resource, "id").filter(|id| id.contains('/') || id.starts_with("arn:"));
    names.add(EntityKind::CloudResource, role, id);
    let is_machine = kind.eq_ignore_ascii_case("VIRTUAL_MACHINE")
        || kind.eq_ignore_ascii_case("virtualMachine")
        || kind.eq_ignore_ascii_case("SERVER");
    let is_user = matches!(
        kind,
        "USER_ACCOUNT" | "SERVICE_ACCOUNT" | "userAccount" | "serviceAccount"
    );
    let kind = match () {
        () if is_machine => EntityKind::Host,
        () if is_user => EntityKind::User,
        () => EntityKind::CloudResource,
    };
    names.add(kind, role, text(resource, "name"));
    if names.is_empty() {
        names.add(EntityKind::CloudResource, role, text(resource, "id"));
    }
    names.tell(things, draft);
    if let Some(account) = resource.get("cloudAccount") {
        tell_account(account, draft);
    }
    for key in ["subscriptionId", "subscriptionExternalId"] {
        names::one(draft, EntityKind::Account, role, text(resource, key));
    }
}

fn tell_account(account: Value<'_>, draft: &mut Draft<'_>) {
    // AWS's are written as numbers now and then.
    let id = account.get("externalId").and_then(|id| id.scalar()?.text());
    names::one(draft, EntityKind::Account, Role::Affected, id.as_deref());
}

fn tell_event(event: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    names::one(draft, EntityKind::Ip, Role::Source, text(event, "actorIP"));
    if let Some(actor) = event.get("actor").filter(|actor| actor.len() > 0) {
        tell_actor(actor, things, draft);
    }
    if let Some(resources) = event.get("resources") {
        resources.each(|resource| tell_resource(resource, things, draft));
    }
    for key in ["runtimeProgram", "parentRuntimeProgram"] {
        let Some(program) = event.get(key) else {
            continue;
        };
        let mut names = Names::default();
        let path = text(program, "path").or_else(|| text(program, "name"));
        names.add(EntityKind::Process, Role::Actor, path);
        for hash in ["sha256", "fileSha256", "hash"] {
            names.add(EntityKind::Hash, Role::Actor, text(program, hash));
        }
        names.tell(things, draft);
    }
    let host = event
        .get("rawAuditLogRecord")
        .and_then(|raw| text(raw.get("common")?.get("hostInfo")?, "hostname"));
    names::one(draft, EntityKind::Host, Role::Affected, host);
}
