//! What an event tells: the fields of a stored event that the tools have a place for, read back from the bytes that went
//! to Kafka. So a tool gets what Kafka got, also after a restart.

use serde::Deserialize;

use crate::ports::OutputRecord;

/// An event, read.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The record as stored.
    pub record: &'a OutputRecord,
    /// Its id, `ce_id`: the same at every attempt.
    pub id: String,
    /// T of `io.caseloom.case.T.v1`.
    pub event: String,
    /// When it was decided, in milliseconds since 1970.
    pub time_ms: i64,
    /// Earliest and latest alert, in milliseconds since 1970.
    pub span_ms: (i64, i64),
    /// The case's title: one harmless line.
    pub title: String,
    /// `3 alerts in 2 activities on 4 entities`.
    pub summary: String,
    /// OCSF: 1 informational to 5 critical; 0 unknown.
    pub severity: u8,
    /// Its word.
    pub severity_word: String,
    /// 0 to 1000.
    pub risk: f64,
    /// The verdict's caption, where there is one.
    pub verdict: Option<String>,
    /// Owner, or the group of cases without one.
    pub owner: String,
    /// caseloom's own part.
    pub own: Own,
    /// The strongest rules, by title.
    pub rules: Vec<String>,
    /// ATT&CK ids, most exact first.
    pub attacks: Vec<String>,
}

/// `unmapped.caseloom`.
#[derive(Clone, Debug, Deserialize)]
pub struct Own {
    /// The case, as hexadecimal digits.
    pub case_id: String,
    /// Its scope.
    pub scope: String,
    /// What happened.
    pub event: String,
    /// Why.
    pub reason: String,
    /// Where it is in its life.
    pub stage: String,
    /// How people see it.
    pub status: String,
    /// The case that took it in.
    pub merged_into: Option<String>,
    /// The other case of a merge or relation.
    pub other_case: Option<String>,
    /// What somebody did.
    pub act: Option<Act>,
    /// Its entities.
    #[serde(default)]
    pub entities: Vec<Entity>,
}

/// What somebody did.
#[derive(Clone, Debug, Deserialize)]
pub struct Act {
    /// Who.
    pub actor: String,
    /// What was said with it.
    #[serde(default)]
    pub text: String,
    /// What it changed.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// One value before and after.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Which.
    pub field: String,
    /// Before.
    #[serde(default)]
    pub from: String,
    /// After.
    #[serde(default)]
    pub to: String,
}

/// An entity: as sensors wrote it, also where that is hostile.
#[derive(Clone, Debug, Deserialize)]
pub struct Entity {
    /// `host`, `ip`, ...
    pub kind: String,
    /// Its value.
    pub value: String,
    /// `affected`, `source`, ...
    pub role: String,
}

/// The Incident Finding, as far as it is looked at.
#[derive(Debug, Deserialize)]
struct Incident {
    time: i64,
    start_time: i64,
    end_time: i64,
    message: String,
    desc: String,
    severity_id: u8,
    severity: String,
    #[serde(default)]
    verdict: Option<String>,
    #[serde(default)]
    assignee: Option<Named>,
    #[serde(default)]
    assignee_group: Option<Named>,
    #[serde(default)]
    risk_score: f64,
    #[serde(default)]
    finding_info_list: Vec<Titled>,
    #[serde(default)]
    attacks: Vec<Attack>,
    metadata: Metadata,
    unmapped: Unmapped,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    uid: String,
}

#[derive(Debug, Deserialize)]
struct Unmapped {
    caseloom: Own,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Titled {
    title: String,
}

#[derive(Debug, Deserialize)]
struct Attack {
    tactic: Option<Uid>,
    technique: Option<Uid>,
    sub_technique: Option<Uid>,
}

#[derive(Debug, Deserialize)]
struct Uid {
    uid: String,
}

impl<'a> Told<'a> {
    /// Reads a stored event. `None`: it is none that this version understands.
    #[must_use]
    pub fn of(record: &'a OutputRecord) -> Option<Self> {
        let incident: Incident = serde_json::from_slice(record.value.as_deref()?).ok()?;
        let attack = |attack: Attack| {
            let uid = attack.sub_technique.or(attack.technique).or(attack.tactic);
            uid.map(|uid| uid.uid)
        };
        let owner = incident.assignee.or(incident.assignee_group);
        Some(Self {
            record,
            id: incident.metadata.uid,
            event: incident.unmapped.caseloom.event.clone(),
            time_ms: incident.time,
            span_ms: (incident.start_time, incident.end_time),
            title: incident.message,
            summary: incident.desc,
            severity: incident.severity_id,
            severity_word: incident.severity,
            risk: incident.risk_score,
            verdict: incident.verdict,
            owner: owner.map(|owner| owner.name).unwrap_or_default(),
            own: incident.unmapped.caseloom,
            rules: incident
                .finding_info_list
                .into_iter()
                .map(|finding| finding.title)
                .collect(),
            attacks: incident.attacks.into_iter().filter_map(attack).collect(),
        })
    }

    /// What a tool calls the case: scope and case id, unique over all scopes.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}:{}", self.own.scope, self.own.case_id)
    }

    /// Whether it says more than that the case grew.
    #[must_use]
    pub fn is_word(&self) -> bool {
        !matches!(&*self.event, "opened" | "updated")
    }

    /// Whether the case needs nobody any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(&*self.own.stage, "closed" | "merged") || self.own.status == "closed"
    }
}
