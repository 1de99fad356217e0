//! TheHive 5: a case is an alert. Fields and lengths from the API documentation of TheHive 5
//! (<https://docs.strangebee.com/thehive/api-docs/>) and the types of `thehive4py` 2.
//!
//! `type`, `source` and `sourceRef` together are unique: a second creation is refused, and the alert that is there is
//! looked up and updated. Title, description and severity follow the case; status, assignee and what else people set there
//! are left alone. What people or merges did is a comment.

use serde_json::{Value, json};

use super::known::Known;
use super::{Links, Tool, encoded, strange, text_of};
use crate::outputs::client::{Answer, Client, Method, Trouble};
use crate::outputs::told::{Entity, Told};
use crate::outputs::words::{comment, cut, description, line, mark, markdown};

/// Characters of a title.
const TITLE_MAX: usize = 512;
/// Characters of a reference.
const REFERENCE_MAX: usize = 128;
/// Characters of a description, a comment, a message.
const TEXT_MAX: usize = 1_048_576;
/// Characters of a tag.
const TAG_MAX: usize = 128;
/// Characters of an observable's value that the index takes.
const DATA_MAX: usize = 4_096;
/// Characters of a link.
const LINK_MAX: usize = 512;
/// Comments looked through for one of ours.
const COMMENTS_MAX: u32 = 100;

/// The product.
#[derive(Debug)]
pub(super) struct TheHive {
    links: Links,
    known: Known,
}

impl TheHive {
    pub(super) fn new(links: Links) -> Self {
        Self {
            links,
            known: Known::default(),
        }
    }

    /// The alert of the case and whether it was made just now.
    fn alert(
        &mut self,
        told: &Told<'_>,
        in_doubt: bool,
        client: &Client,
    ) -> Result<(String, bool), Trouble> {
        let reference = reference(told);
        if let Some(id) = self.known.get(&reference) {
            return Ok((id, false));
        }
        let is_first = told.event == "opened" && !in_doubt;
        let found = match is_first {
            true => None,
            false => find(&reference, client)?,
        };
        let (id, is_new) = match found {
            Some(id) => (id, false),
            None => self.create(told, &reference, client)?,
        };
        self.known.put(&reference, &id);
        Ok((id, is_new))
    }

    fn create(
        &self,
        told: &Told<'_>,
        reference: &str,
        client: &Client,
    ) -> Result<(String, bool), Trouble> {
        let alert = self.rendered(told, reference);
        match client.ask(Method::Post, "/api/v1/alert", &told.id, Some(&alert)) {
            Ok(Answer { json }) => {
                let id = text_of(&json["_id"]).ok_or_else(|| strange("_id"))?;
                Ok((id, true))
            }
            Err(refused) if is_duplicate(&refused) => match find(reference, client)? {
                Some(id) => Ok((id, false)),
                None => Err(refused),
            },
            Err(trouble) => Err(trouble),
        }
    }

    fn rendered(&self, told: &Told<'_>, reference: &str) -> Value {
        let link = self.links.of(told);
        let mut alert = json!({
            "type": "caseloom",
            "source": "caseloom",
            "sourceRef": reference,
            "title": line(&told.title, TITLE_MAX),
            "description": self.description(told),
            "severity": severity(told.severity),
            "date": told.span_ms.0,
            "tags": tags(told),
            "observables": observables(&told.own.entities),
        });
        if let Some(link) = link.filter(|link| link.chars().count() <= LINK_MAX) {
            alert["externalLink"] = link.into();
        }
        alert
    }

    fn description(&self, told: &Told<'_>) -> String {
        let text = description(told, self.links.of(told).as_deref(), markdown);
        // A single line break is none in Markdown.
        cut(&text.replace('\n', "  \n"), TEXT_MAX)
    }
}

impl Tool for TheHive {
    fn deliver(&mut self, told: &Told<'_>, in_doubt: bool, client: &Client) -> Result<(), Trouble> {
        let (id, is_new) = self.alert(told, in_doubt, client)?;
        let path = format!("/api/v1/alert/{}", encoded(&id));
        if !is_new {
            let fields = json!({
                "title": line(&told.title, TITLE_MAX),
                "description": self.description(told),
                "severity": severity(told.severity),
            });
            client.ask(Method::Patch, &path, &told.id, Some(&fields))?;
        }
        if !told.is_word() || (in_doubt && is_said(told, &id, client)?) {
            return Ok(());
        }
        let message = json!({"message": cut(&comment(told, markdown), TEXT_MAX)});
        let path = format!("{path}/comment");
        client.ask(Method::Post, &path, &told.id, Some(&message))?;
        Ok(())
    }
}

/// Scope and case; of a scope that is too long its hash.
fn reference(told: &Told<'_>) -> String {
    let reference = told.reference();
    if reference.len() <= REFERENCE_MAX {
        return reference;
    }
    let hash = blake3::hash(told.own.scope.as_bytes()).to_hex();
    format!("{}:{}", &hash[..32], told.own.case_id)
}

fn find(reference: &str, client: &Client) -> Result<Option<String>, Trouble> {
    let is = |field: &str, value: &str| json!({"_eq": {"_field": field, "_value": value}});
    let query = json!({"query": [
        {"_name": "listAlert"},
        {"_name": "filter", "_and": [
            is("type", "caseloom"),
            is("source", "caseloom"),
            is("sourceRef", reference),
        ]},
        {"_name": "page", "from": 0, "to": 1},
    ]});
    let answer = client.ask(
        Method::Post,
        "/api/v1/query?name=alerts",
        reference,
        Some(&query),
    )?;
    Ok(text_of(&answer.json[0]["_id"]))
}

/// Whether a comment of this event is there.
fn is_said(told: &Told<'_>, id: &str, client: &Client) -> Result<bool, Trouble> {
    let query = json!({"query": [
        {"_name": "getAlert", "idOrName": id},
        {"_name": "comments"},
        {"_name": "sort", "_fields": [{"_createdAt": "desc"}]},
        {"_name": "page", "from": 0, "to": COMMENTS_MAX},
    ]});
    let path = "/api/v1/query?name=alert-comments";
    let answer = client.ask(Method::Post, path, &told.id, Some(&query))?;
    let mark = markdown(&mark(told));
    let comments = answer.json.as_array().into_iter().flatten();
    let mut messages = comments.filter_map(|comment| comment["message"].as_str());
    Ok(messages.any(|message| is_marked(message, &mark, &told.id)))
}

fn is_marked(message: &str, mark: &str, id: &str) -> bool {
    message.contains(mark) || message.contains(id)
}

/// `{"type": "CreateError", "message": "Alert ... already exist"}`, with 400.
fn is_duplicate(trouble: &Trouble) -> bool {
    let Trouble::Refused { status, answer, .. } = trouble else {
        return false;
    };
    let message = answer["message"].as_str().unwrap_or_default();
    *status == 409 || (*status == 400 && message.to_lowercase().contains("already exist"))
}

/// 1 low to 4 critical.
fn severity(ocsf: u8) -> u8 {
    match ocsf {
        0 | 3 => 2,
        1 | 2 => 1,
        4 => 3,
        _ => 4,
    }
}

fn tags(told: &Told<'_>) -> Vec<String> {
    let attacks = told.attacks.iter().map(|id| line(id, TAG_MAX));
    let scope = line(&format!("scope:{}", told.own.scope), TAG_MAX);
    std::iter::once("caseloom".into())
        .chain([scope])
        .chain(attacks)
        .collect()
}

/// The values that TheHive has a type for. The same value twice would be refused.
fn observables(entities: &[Entity]) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    let mut observables = Vec::new();
    for entity in entities {
        let data_type = match &*entity.kind {
            "ip" => "ip",
            "domain" => "domain",
            "url" => "url",
            "hash" => "hash",
            "email" => "mail",
            "host" => "hostname",
            "file" => "filename",
            _ => "other",
        };
        let fits = entity.value.chars().count() <= DATA_MAX && !entity.value.is_empty();
        if fits && seen.insert((data_type, &entity.value)) {
            let role = line(&format!("role:{}", entity.role), TAG_MAX);
            observables.push(json!({
                "dataType": data_type,
                "data": entity.value,
                "tags": [role, line(&entity.kind, TAG_MAX)],
            }));
        }
    }
    observables
}
