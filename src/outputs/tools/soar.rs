//! Splunk SOAR: a case is a container, its entities are artifacts in it. Fields from "REST Containers", "REST Artifact" and
//! "REST Severity" of the REST API reference of SOAR 6.4.
//!
//! `source_data_identifier` is unique within a label: a second creation answers `existing_container_id` and makes nothing.
//! Name, description, severity and data follow the case; status and owner are left alone. Artifacts go along with the
//! creation, because SOAR does not tell repeats of them, and starts its playbooks when the last one is there.

use serde_json::{Map, Value, json};

use super::known::Known;
use super::{Links, Tool, encoded, strange, text_of};
use crate::outputs::client::{Answer, Client, Method, Trouble};
use crate::outputs::told::{Entity, Told};
use crate::outputs::words::{comment, description, line, mark, plain, rfc3339};

/// Characters of a name.
const NAME_MAX: usize = 256;

/// The product.
#[derive(Debug)]
pub(super) struct SplunkSoar {
    links: Links,
    label: String,
    known: Known,
}

impl SplunkSoar {
    pub(super) fn new(links: Links, label: &str) -> Self {
        Self {
            links,
            label: label.to_owned(),
            known: Known::default(),
        }
    }

    fn standing(&self, told: &Told<'_>) -> Value {
        json!({
            "name": line(&told.title, NAME_MAX),
            "description": description(told, self.links.of(told).as_deref(), plain),
            "severity": severity(told.severity),
            "data": {
                "case_id": told.own.case_id,
                "scope": told.own.scope,
                "status": told.own.status,
                "risk": told.risk,
                "event_id": told.id,
                "attack": told.attacks,
            },
        })
    }

    /// The container of the case and whether it was made just now.
    fn container(&mut self, told: &Told<'_>, client: &Client) -> Result<(String, bool), Trouble> {
        let reference = told.reference();
        if let Some(id) = self.known.get(&reference) {
            return Ok((id, false));
        }
        let mut container = self.standing(told);
        container["label"] = self.label.as_str().into();
        container["source_data_identifier"] = reference.as_str().into();
        container["start_time"] = rfc3339(told.span_ms.0).into();
        container["tags"] = json!(["caseloom"]);
        let entities = told.own.entities.iter();
        let artifacts: Vec<_> = entities
            .map(|entity| artifact(entity, &reference, &self.label))
            .collect();
        container["artifacts"] = artifacts.into();
        let asked = client.ask(Method::Post, "/rest/container", &told.id, Some(&container));
        let answer = match asked {
            Ok(Answer { json }) => json,
            // That there is one already comes with 400.
            Err(Trouble::Refused { answer, .. }) if existing(&answer).is_some() => answer,
            Err(trouble) => return Err(trouble),
        };
        let (id, is_new) = match existing(&answer) {
            Some(id) => (id, false),
            None if answer["failed"] == true => return Err(failed(&answer)),
            None => (text_of(&answer["id"]).ok_or_else(|| strange("id"))?, true),
        };
        self.known.put(&reference, &id);
        Ok((id, is_new))
    }
}

impl Tool for SplunkSoar {
    fn deliver(&mut self, told: &Told<'_>, in_doubt: bool, client: &Client) -> Result<(), Trouble> {
        let (id, is_new) = self.container(told, client)?;
        let path = format!("/rest/container/{}", encoded(&id));
        if !is_new {
            let standing = self.standing(told);
            let answer = client.ask(Method::Post, &path, &told.id, Some(&standing))?;
            if answer.json["failed"] == true {
                return Err(failed(&answer.json));
            }
        }
        if !told.is_word() || (in_doubt && is_said(told, &path, client)?) {
            return Ok(());
        }
        let id: Value = id.parse::<u64>().map_or_else(|_| id.into(), Value::from);
        let text = json!({"container_id": id, "comment": comment(told, plain)});
        client.ask(
            Method::Post,
            "/rest/container_comment",
            &told.id,
            Some(&text),
        )?;
        Ok(())
    }
}

/// Whether a comment of this event is there.
fn is_said(told: &Told<'_>, path: &str, client: &Client) -> Result<bool, Trouble> {
    let path = format!("{path}/comments?page_size=100");
    let answer = client.ask(Method::Get, &path, "", None)?;
    let comments = answer.json["data"].as_array().into_iter().flatten();
    let mut texts = comments.filter_map(|comment| comment["comment"].as_str());
    let mark = mark(told);
    Ok(texts.any(|text| text.contains(&mark)))
}

fn existing(answer: &Value) -> Option<String> {
    text_of(&answer["existing_container_id"])
}

/// SOAR refuses with 200 too.
fn failed(answer: &Value) -> Trouble {
    let message = answer["message"].as_str().unwrap_or("it gives no reason");
    Trouble::Refused {
        status: 200,
        reason: line(message, NAME_MAX),
        answer: answer.clone(),
    }
}

/// Three names are there in every installation.
fn severity(ocsf: u8) -> &'static str {
    match ocsf {
        0 | 3 => "medium",
        1 | 2 => "low",
        _ => "high",
    }
}

/// An entity by the names of the Common Event Format, whose meaning playbooks know.
fn artifact(entity: &Entity, reference: &str, label: &str) -> Value {
    let is_source = matches!(&*entity.role, "source" | "actor");
    let (field, contains) = match (&*entity.kind, is_source) {
        ("ip", true) => ("sourceAddress", "ip"),
        ("ip", false) => ("destinationAddress", "ip"),
        ("host", true) => ("sourceHostName", "host name"),
        ("host", false) => ("destinationHostName", "host name"),
        ("user" | "account", true) => ("sourceUserName", "user name"),
        ("user" | "account", false) => ("destinationUserName", "user name"),
        ("domain", _) => ("destinationDnsDomain", "domain"),
        ("url", _) => ("requestURL", "url"),
        ("hash", _) => ("fileHash", "hash"),
        ("file", _) => ("fileName", "file name"),
        ("process", _) => ("sourceProcessName", "process name"),
        ("email", _) => ("emailAddress", "email"),
        _ => ("deviceCustomString1", ""),
    };
    let hash = blake3::hash(format!("{reference}|{}|{}", entity.kind, entity.value).as_bytes());
    let (mut cef, mut types) = (Map::new(), Map::new());
    cef.insert(field.into(), entity.value.as_str().into());
    if !contains.is_empty() {
        types.insert(field.into(), json!([contains]));
    }
    json!({
        "name": line(&format!("{} {}", entity.kind, entity.role), NAME_MAX),
        "label": label,
        "source_data_identifier": &hash.to_hex()[..32],
        "cef": cef,
        "cef_types": types,
    })
}
