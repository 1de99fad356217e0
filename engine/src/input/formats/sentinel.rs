//! Microsoft Sentinel and Defender for Cloud: security alerts.
//!
//! One alert in four shapes: a row of the table `SecurityAlert` (`AlertSeverity`, `StartTime`), the older row
//! (`Severity`, `StartTimeUtc`), the continuous export of Defender for Cloud (`AlertDisplayName`, `Intent`, `Entities` as a list),
//! and the resource of the APIs, with all of it under `properties` in lower camel case. They differ in letter case and in a
//! few names, so keys are read in lower case. `Entities`, `ExtendedProperties` and `Techniques` are JSON in strings, or not.
//!
//! A row of another table of the same workspace (`Type` `SecurityEvent`) is no alert. A `SIMULATED_` type is a sample.
//!
//! <https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/securityalert>,
//! <https://learn.microsoft.com/en-us/azure/sentinel/security-alert-schema>,
//! <https://learn.microsoft.com/en-us/azure/defender-for-cloud/alerts-schemas>,
//! <https://learn.microsoft.com/en-us/rest/api/defenderforcloud/alerts/get-resource-group-level>

use crate::alert::Lifecycle;
use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Nested, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{KEY, Names, Things, lowered};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;
use super::microsoft::{self, entities};

pub(super) const ROOM: Room = Room::json(
    "sentinel",
    &[
        &[Need::present("SystemAlertId")],
        &[Need::equal("Type", "SecurityAlert")],
        &[
            Need::equal("kind", "SecurityAlert"),
            Need::present("properties"),
        ],
        &[
            Need::present("properties"),
            Need::present("properties.alertDisplayName"),
        ],
        &[
            Need::present("VendorOriginalId"),
            Need::present("AlertName"),
        ],
        &[Need::present("ProviderAlertId"), Need::present("AlertType")],
        &[Need::present("systemAlertId"), Need::present("alertType")],
        &[
            Need::equal("Type", "SecurityEvent"),
            Need::present("TenantId"),
            Need::present("EventID"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "StartTime",
    rule: "AlertType",
};

/// The fields of an alert, whatever it calls them.
#[derive(Default)]
struct Fields<'a> {
    system_id: Option<Value<'a>>,
    vendor_id: Option<Value<'a>>,
    provider: Option<&'a str>,
    product: Option<&'a str>,
    alert_type: Option<Value<'a>>,
    title: Option<Value<'a>>,
    name: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    start: Option<Value<'a>>,
    end: Option<Value<'a>>,
    generated: Option<Value<'a>>,
    updated: Option<Value<'a>>,
    status: Option<&'a str>,
    tactics: Option<Value<'a>>,
    intent: Option<Value<'a>>,
    techniques: [Option<Value<'a>>; 2],
    entities: Option<Value<'a>>,
    compromised: Option<&'a str>,
    resource: Option<&'a str>,
    resources: Option<Value<'a>>,
    extended: Option<Value<'a>>,
    table: Option<&'a str>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    read_within(record, desk, |_| {})
}

/// Reads an alert, to which `tell` adds what stands beside it.
pub(super) fn read_within(
    record: Value<'_>,
    desk: &mut Desk<'_>,
    tell: impl FnOnce(&mut Draft<'_>),
) -> Result<Reading, Reject> {
    let mut fields = Fields::default();
    let properties = record.get("properties").filter(|value| value.len() > 0);
    fields.take(properties.unwrap_or(record));
    if fields.table == Some("SecurityEvent") {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(microsoft::SOURCE);
    fields.tell_head(&mut draft)?;
    fields.tell_entities(&mut draft);
    tell(&mut draft);
    draft.finish(PATHS)
}

impl<'a> Fields<'a> {
    fn take(&mut self, object: Value<'a>) {
        let mut buffer = KEY;
        for (key, value) in object.keys_and_values() {
            if value.is_nothing() {
                continue;
            }
            let place = match lowered(key, &mut buffer) {
                b"systemalertid" => &mut self.system_id,
                b"vendororiginalid" | b"provideralertid" | b"vendoralertid" => &mut self.vendor_id,
                b"alerttype" => &mut self.alert_type,
                b"displayname" | b"alertdisplayname" => &mut self.title,
                b"alertname" | b"friendlyname" => &mut self.name,
                b"alertseverity" | b"severity" | b"reportedseverity" => &mut self.severity,
                b"starttime" | b"starttimeutc" => &mut self.start,
                b"endtime" | b"endtimeutc" => &mut self.end,
                b"timegenerated" | b"timegeneratedutc" => &mut self.generated,
                b"processingendtime" | b"processingendtimeutc" => &mut self.updated,
                b"tactics" => &mut self.tactics,
                b"intent" => &mut self.intent,
                b"techniques" => &mut self.techniques[0],
                b"subtechniques" => &mut self.techniques[1],
                b"entities" => &mut self.entities,
                b"resourceidentifiers" => &mut self.resources,
                b"extendedproperties" => &mut self.extended,
                name => {
                    self.take_text(name, value.as_str());
                    continue;
                }
            };
            *place = Some(value);
        }
    }

    fn take_text(&mut self, name: &[u8], text: Option<&'a str>) {
        let place = match name {
            b"providername" => &mut self.provider,
            b"productname" => &mut self.product,
            b"status" => &mut self.status,
            b"compromisedentity" => &mut self.compromised,
            b"resourceid" | b"azureresourceid" => &mut self.resource,
            b"type" => &mut self.table,
            _ => return,
        };
        *place = text;
    }

    fn tell_head(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let id = self.id().map_or(Scalar::Null, |id| {
            Scalar::Text(microsoft::alert_id(id.as_str().unwrap_or_default()))
        });
        draft.id(id, "SystemAlertId")?;
        let times = [self.start, self.end, self.generated];
        draft.first_time(&times.map(|time| time?.scalar()), PATHS.time)?;
        let updated = self.generated.or(self.updated).and_then(Value::scalar);
        draft.updated(updated.unwrap_or(Scalar::Null), Unit::Auto);
        self.tell_rule(draft)?;
        if let Some(severity) = self.severity.and_then(Value::scalar)
            && let Some(severity) = microsoft::severity(severity)
        {
            draft.severity_read(severity);
        }
        draft.lifecycle_read(self.lifecycle());
        self.tell_attack(draft);
        Ok(())
    }

    /// The id of the product that found it; of Sentinel's own alerts Sentinel's, as Defender XDR calls them by it.
    fn id(&self) -> Option<Value<'a>> {
        let is_own = self
            .provider
            .is_some_and(|provider| provider.starts_with("ASI "))
            || matches!(self.product, Some("Azure Sentinel" | "Microsoft Sentinel"));
        if is_own {
            self.system_id.or(self.vendor_id)
        } else {
            self.vendor_id.or(self.system_id)
        }
    }

    /// The type is the rule, unless all alerts of the product have the same: then the detector, or the name is.
    fn tell_rule(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let name = self.title.or(self.name).or(self.alert_type);
        let name = name.map_or(Scalar::Null, Value::scalar_or_null);
        draft.rule_name(name);
        let told = self.alert_type.and_then(Value::scalar);
        match told.filter(|told| !is_products_type(*told)) {
            Some(told) => draft.rule_id(told, PATHS.rule),
            None => draft.rule_id(name, "AlertName"),
        }
    }

    fn lifecycle(&self) -> Lifecycle {
        let is_sample = self
            .alert_type
            .and_then(Value::as_str)
            .is_some_and(|told| told.starts_with("SIMULATED_"));
        if is_sample {
            return Lifecycle::Sample;
        }
        self.status.map_or(Lifecycle::Active, microsoft::lifecycle)
    }

    fn tell_attack(&self, draft: &mut Draft<'_>) {
        for tactics in [self.tactics, self.intent].into_iter().flatten() {
            tactics.each(|tactic| {
                let tactic = tactic.as_str().unwrap_or_default();
                if !matches!(tactic, "Unknown" | "PreAttack") {
                    draft.attack(tactic);
                }
            });
        }
        for techniques in self.techniques.into_iter().flatten() {
            each_text(techniques, draft, |text, draft| draft.attack(text));
        }
    }

    fn tell_entities(&self, draft: &mut Draft<'_>) {
        let mut things = Things::default();
        if let Some(entities) = self.entities {
            match entities.as_str() {
                Some(text) => {
                    draft.nested(text, |value, draft| {
                        entities::tell(value, &mut things, draft);
                    });
                }
                None => entities::tell(entities, &mut things, draft),
            }
        }
        let mut resources = Names::default();
        if let Some(list) = self.resources {
            list.each(|resource| {
                let id = resource
                    .get("AzureResourceId")
                    .or_else(|| resource.get("azureResourceId"))
                    .and_then(Value::as_str);
                resources.add(EntityKind::CloudResource, Role::Affected, id);
            });
        }
        resources.add(EntityKind::CloudResource, Role::Affected, self.resource);
        self.add_compromised(&mut resources, draft);
        resources.tell(&mut things, draft);
    }

    /// What was hit, by a name that may be of anything; where an entity has it already, that says what it is.
    fn add_compromised(&self, resources: &mut Names, draft: &Draft<'_>) {
        let Some(name) = self.compromised.map(str::trim_ascii) else {
            return;
        };
        let told = &draft.alert().entities;
        let is_told = told.iter().any(|entity| {
            Entity::new(entity.kind, entity.role, name)
                .is_some_and(|known| known.value == entity.value)
        });
        if is_told || name.is_empty() {
            return;
        }
        let is_remark = name.contains(char::is_whitespace);
        if name.contains('@') || name.contains('\\') {
            resources.add(EntityKind::User, Role::Affected, Some(name));
        } else if name.starts_with('/') {
            resources.add(EntityKind::CloudResource, Role::Affected, Some(name));
        } else if !is_remark && self.is_machine() {
            resources.add_host_or_ip(Role::Affected, Some(name));
        }
    }

    /// Whether the resource, if there is one, is a machine.
    fn is_machine(&self) -> bool {
        const MACHINES: [&str; 3] = [
            "/virtualmachines/",
            "/machines/",
            "/virtualmachinescalesets/",
        ];
        let Some(resource) = self.resource else {
            return true;
        };
        let resource = resource.to_ascii_lowercase();
        !resource.contains("/providers/") || MACHINES.iter().any(|kind| resource.contains(kind))
    }
}

/// Whether a type names a product and no rule.
fn is_products_type(told: Scalar<'_>) -> bool {
    matches!(
        told,
        Scalar::Text("WindowsDefenderAtp" | "MicrosoftThreatProtection" | "CustomAlertRule")
    )
}

/// Shows each text of a list, of JSON in a string, or the only one.
fn each_text(value: Value<'_>, draft: &mut Draft<'_>, show: fn(&str, &mut Draft<'_>)) {
    let Some(text) = value.as_str() else {
        value.each(|element| show(element.as_str().unwrap_or_default(), draft));
        return;
    };
    let is_list = draft.nested(text, |list, draft| {
        list.each(|element| show(element.as_str().unwrap_or_default(), draft));
    });
    if is_list.is_none() {
        show(text, draft);
    }
}
