//! Google Security Command Center: findings, as notifications on Pub/Sub (`{finding, resource}`), alone, as Cloud Logging
//! entries of the continuous export, and as the log entries of Event Threat Detection.
//!
//! What is known of the attack stands in the finding (`access`, `indicator`, `connections`, `processes` ...); older detectors
//! put it into `sourceProperties`, in shapes of their own that use the same few names. Findings of another class than
//! `THREAT` say what is, not what happened: they are no alerts. Without a class the finding is read.
//!
//! <https://cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.sources.findings>,
//! <https://cloud.google.com/security-command-center/docs/how-to-api-manage-notifications>,
//! <https://cloud.google.com/security-command-center/docs/how-to-use-event-threat-detection>

mod details;

use crate::alert::Lifecycle;
use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{self, KEY, Names, Things, lowered};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "google_scc",
    &[
        &[Need::present("finding"), Need::present("finding.category")],
        &[
            Need::present("category"),
            Need::present("parent"),
            Need::present("name"),
            Need::Test(is_finding),
        ],
        &[
            Need::present("jsonPayload"),
            Need::present("jsonPayload.finding"),
        ],
        &[
            Need::present("jsonPayload"),
            Need::present("jsonPayload.detectionCategory"),
        ],
        &[Need::present("listFindingsResults")],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "finding.eventTime",
    rule: "finding.category",
};

fn is_finding(record: Value<'_>) -> bool {
    let name = record.get("name").and_then(Value::as_str);
    name.is_some_and(|name| name.contains("/findings/"))
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    match record.get("listFindingsResults") {
        Some(page) => Ok(desk.each_part(page, read_finding)),
        None => read_finding(record, desk),
    }
}

fn read_finding(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let payload = record.get("jsonPayload");
    let inside = payload.unwrap_or(record);
    let (finding, resource) = match inside.get("finding") {
        Some(finding) => (finding, inside.get("resource")),
        None => (inside, inside.get("resource").filter(|_| payload.is_none())),
    };
    let mut told = Finding::of(finding);
    if told.is_no_threat() {
        return Ok(Reading::NotAnAlert);
    }
    if payload.is_some() {
        told.written = [record.get("timestamp"), record.get("receiveTimestamp")];
    }
    let mut draft = desk.draft("google_scc");
    told.tell_head(&mut draft)?;
    told.tell_entities(resource, &mut draft);
    draft.finish(PATHS)
}

/// The parts of a finding that are not entities.
#[derive(Default)]
struct Finding<'a> {
    whole: Option<Value<'a>>,
    name: Option<Scalar<'a>>,
    category: Option<&'a str>,
    class: Option<&'a str>,
    state: Option<&'a str>,
    mute: Option<&'a str>,
    severity: [Option<&'a str>; 3],
    event_time: Option<Scalar<'a>>,
    create_time: Option<Scalar<'a>>,
    /// When the log entry around it was written.
    written: [Option<Value<'a>>; 2],
    resource: Option<&'a str>,
    mitre: Option<Value<'a>>,
    /// Of Event Threat Detection.
    detection: Option<Value<'a>>,
}

impl<'a> Finding<'a> {
    fn of(finding: Value<'a>) -> Self {
        let mut told = Self {
            whole: Some(finding),
            ..Self::default()
        };
        let mut buffer = KEY;
        for (key, value) in finding.keys_and_values() {
            let text = value.as_str();
            match lowered(key, &mut buffer) {
                b"name" => told.name = value.scalar(),
                b"category" => told.category = text,
                b"findingclass" => told.class = text,
                b"state" => told.state = text,
                b"mute" => told.mute = text,
                b"severity" => told.severity[0] = text,
                b"detectionpriority" => told.severity[2] = text,
                b"eventtime" => told.event_time = value.scalar(),
                b"createtime" => told.create_time = value.scalar(),
                b"resourcename" => told.resource = text,
                b"mitreattack" => told.mitre = Some(value),
                b"detectioncategory" => told.detection = Some(value),
                b"sourceproperties" => {
                    let level = value.get("SeverityLevel").and_then(Value::as_str);
                    told.severity[1] = level;
                    let priority = value.get("detectionPriority").and_then(Value::as_str);
                    told.severity[2] = priority;
                    told.detection = value.get("detectionCategory");
                }
                _ => {}
            }
        }
        told
    }

    fn is_no_threat(&self) -> bool {
        self.class
            .is_some_and(|class| !matches!(class, "THREAT" | "FINDING_CLASS_UNSPECIFIED" | ""))
    }

    fn tell_head(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        draft.id(self.name.unwrap_or(Scalar::Null), "finding.name")?;
        let [written, received] = self.written.map(|time| time?.scalar());
        let times = [self.event_time, self.create_time, written, received];
        draft.first_time(&times, PATHS.time)?;
        draft.updated(self.event_time.unwrap_or(Scalar::Null), Unit::Auto);
        let rule = self
            .detection
            .and_then(|detection| detection.get("ruleName")?.as_str());
        if let Some(rule) = self.category.or(rule) {
            draft.rule_id(Scalar::Text(rule), PATHS.rule)?;
        }
        let severity = self.severity.into_iter().flatten();
        if let Some(known) = severity.filter_map(severity::word).next() {
            draft.severity_read(Some(known));
        }
        draft.lifecycle_read(match (self.state, self.mute) {
            (Some("INACTIVE"), _) => Lifecycle::Inactive,
            (_, Some("MUTED")) => Lifecycle::Archived,
            _ => Lifecycle::Active,
        });
        self.tell_attack(draft);
        Ok(())
    }

    /// MITRE's names, as enumerations write them; else what the category begins with (`Persistence: ...`).
    fn tell_attack(&self, draft: &mut Draft<'_>) {
        let ids = self.mitre.into_iter().flat_map(Value::keys_and_values);
        let mut buffer = KEY;
        for (key, value) in ids {
            let is_technique = match lowered(key, &mut buffer) {
                b"primarytactic" | b"additionaltactics" => false,
                b"primarytechniques" | b"additionaltechniques" => true,
                _ => continue,
            };
            value.each(|name| match name.as_str() {
                Some(name) if is_technique => match enumerated(name) {
                    Some(id) => draft.attack(id),
                    None => draft.attack_technique_named(name),
                },
                Some(name) => draft.attack_if_known(name),
                None => {}
            });
        }
        let technique = self
            .detection
            .and_then(|detection| detection.get("technique")?.as_str());
        let category = self.category.and_then(|category| category.split_once(':'));
        if draft.alert().attack.is_empty() {
            draft.attack_if_known(category.map_or("", |(tactic, _)| tactic));
            draft.attack_if_known(technique.unwrap_or_default());
        }
    }

    fn tell_entities(&self, resource: Option<Value<'_>>, draft: &mut Draft<'_>) {
        let mut things = Things::default();
        let mut names = Names::default();
        names.add(EntityKind::CloudResource, Role::Affected, self.resource);
        let mut projects: [Option<&str>; 2] = [None; 2];
        if let Some(resource) = resource {
            let text = |keys: &[&str]| keys.iter().find_map(|key| resource.get(key)?.as_str());
            names.add(EntityKind::CloudResource, Role::Affected, text(&["name"]));
            // A virtual machine is called so by itself as well.
            let is_machine = text(&["type"]).is_some_and(|kind| kind.ends_with("compute.Instance"));
            if is_machine {
                let name = text(&["displayName", "display_name"]);
                names.add(EntityKind::Host, Role::Affected, name);
            }
            projects[0] = text(&["projectDisplayName", "project_display_name"]);
            projects[1] = resource
                .get("gcpMetadata")
                .and_then(|gcp| gcp.get("projectDisplayName")?.as_str());
        }
        names.tell(&mut things, draft);
        if let Some(finding) = self.whole {
            details::tell(finding, &mut things, draft);
        }
        for project in projects {
            names::one(draft, EntityKind::Account, Role::Affected, project);
        }
    }
}

/// Words of the enumeration whose names by themselves belong to several techniques, or to none.
/// <https://cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.sources.findings#technique>
fn enumerated(word: &str) -> Option<&'static str> {
    Some(match word {
        "DEFAULT_ACCOUNTS" => "T1078.001",
        "LOCAL_ACCOUNTS" => "T1078.003",
        "CLOUD_ACCOUNTS" => "T1078.004",
        "DNS" => "T1071.004",
        "ACCOUNT_DISCOVERY_LOCAL_ACCOUNT" => "T1087.001",
        "LOCAL_ACCOUNT" => "T1136.001",
        "DOMAIN_POLICY_MODIFICATION" => "T1484",
        "MULTI_FACTOR_AUTHENTICATION" => "T1556.006",
        "INDICATOR_REMOVAL_FILE_DELETION" => "T1070.004",
        "HIJACK_EXECUTION_FLOW_DYNAMIC_LINKER_HIJACKING" => "T1574.006",
        "DEVELOP_CAPABILITIES_MALWARE" => "T1587.001",
        "OBTAIN_CAPABILITIES_MALWARE" => "T1588.001",
        "OBTAIN_CAPABILITIES_VULNERABILITIES" => "T1588.006",
        "OBFUSCATED_FILES_OR_INFO" => "T1027",
        _ => return None,
    })
}
