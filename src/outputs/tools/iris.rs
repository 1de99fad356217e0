//! DFIR-IRIS 2: a case is an alert. Fields from its API reference (<https://docs.dfir-iris.org/_static/iris_api_reference_v2.0.4.html>)
//! and the routes of `iris-web` 2.4 (`alerts_routes.py`).
//!
//! IRIS takes as many alerts of one `alert_source_ref` as it is sent, so it is asked before one is made; the customer and
//! the reference are what tells a case. Numbers of severities and states differ between installations: they are asked for by name.
//! An update without an owner would make us the owner, so the present one is sent along.

use serde_json::{Value, json};

use super::{Links, Tool, encoded, strange};
use crate::outputs::client::{Client, Method, Trouble};
use crate::outputs::told::Told;
use crate::outputs::words::{comment, description, line, mark, plain};

/// Characters of a title, a source, a reference: text columns, bounded here for the reader's sake.
const LINE_MAX: usize = 512;

/// The product.
#[derive(Debug)]
pub(super) struct Iris {
    links: Links,
    customer: i64,
    /// Numbers of severities by their name, and of the state of new alerts.
    numbers: Option<Numbers>,
}

#[derive(Clone, Debug)]
struct Numbers {
    severities: Vec<(String, i64)>,
    new: i64,
}

/// An alert that is there.
struct Found {
    id: i64,
    owner: Option<i64>,
}

impl Iris {
    pub(super) fn new(links: Links, customer: i64) -> Self {
        Self {
            links,
            customer,
            numbers: None,
        }
    }

    fn numbers(&mut self, client: &Client) -> Result<Numbers, Trouble> {
        if let Some(numbers) = &self.numbers {
            return Ok(numbers.clone());
        }
        let list = |path: &str, (name, id): (&str, &str)| -> Result<Vec<(String, i64)>, Trouble> {
            let answer = client.ask(Method::Get, path, "", None)?;
            let items = answer.json["data"].as_array().cloned().unwrap_or_default();
            let pair = |item: &Value| {
                let name = item[name].as_str()?.to_lowercase();
                Some((name, item[id].as_i64()?))
            };
            Ok(items.iter().filter_map(pair).collect())
        };
        let severities = list("/manage/severities/list", ("severity_name", "severity_id"))?;
        let states = list("/manage/alert-status/list", ("status_name", "status_id"))?;
        let new = states.iter().find(|(name, _)| name == "new");
        let new = new.ok_or_else(|| strange("alert status named New"))?.1;
        let numbers = Numbers { severities, new };
        self.numbers = Some(numbers.clone());
        Ok(numbers)
    }

    fn find(&self, reference: &str, client: &Client) -> Result<Option<Found>, Trouble> {
        let path = format!(
            "/alerts/filter?source_reference={}&alert_customer_id={}&per_page=50&sort=asc",
            encoded(reference),
            self.customer
        );
        let answer = client.ask(Method::Get, &path, "", None)?;
        let alerts = answer.json["data"]["alerts"].as_array();
        let alerts = alerts.ok_or_else(|| strange("list of alerts"))?;
        // The filter may find more than the exact reference.
        let exact = alerts
            .iter()
            .find(|alert| alert["alert_source_ref"] == reference);
        let Some(alert) = exact else {
            return Ok(None);
        };
        let id = alert["alert_id"].as_i64();
        Ok(Some(Found {
            id: id.ok_or_else(|| strange("alert_id"))?,
            owner: alert["alert_owner_id"].as_i64(),
        }))
    }

    /// What follows the case.
    fn standing(&self, told: &Told<'_>, numbers: &Numbers) -> Result<Value, Trouble> {
        let wanted = match told.severity {
            1 => "informational",
            2 => "low",
            3 => "medium",
            4 => "high",
            5.. => "critical",
            0 => "unspecified",
        };
        let found = numbers.severities.iter().find(|(name, _)| name == wanted);
        let severity = found
            .ok_or_else(|| strange(&format!("severity named {wanted}")))?
            .1;
        let entities = told.own.entities.iter();
        let entities: Vec<_> = entities
            .map(|entity| json!({"kind": entity.kind, "value": entity.value, "role": entity.role}))
            .collect();
        Ok(json!({
            "alert_title": line(&told.title, LINE_MAX),
            "alert_description": description(told, self.links.of(told).as_deref(), plain),
            "alert_severity_id": severity,
            "alert_source_content": {
                "case_id": told.own.case_id,
                "scope": told.own.scope,
                "status": told.own.status,
                "risk": told.risk,
                "rules": told.rules,
                "entities": entities,
            },
        }))
    }

    fn create(&self, told: &Told<'_>, numbers: &Numbers, client: &Client) -> Result<i64, Trouble> {
        let mut alert = self.standing(told, numbers)?;
        let tags: Vec<_> = std::iter::once("caseloom".to_owned())
            // A comma would part a tag.
            .chain(told.attacks.iter().map(|id| plain(id).replace(',', " ")))
            .collect();
        alert["alert_source"] = "caseloom".into();
        alert["alert_source_ref"] = told.reference().into();
        alert["alert_source_link"] = self.links.of(told).unwrap_or_default().into();
        alert["alert_source_event_time"] = iso(told.span_ms.0).into();
        alert["alert_status_id"] = numbers.new.into();
        alert["alert_customer_id"] = self.customer.into();
        alert["alert_tags"] = tags.join(",").into();
        let answer = client.ask(Method::Post, "/alerts/add", &told.id, Some(&alert))?;
        let id = answer.json["data"]["alert_id"].as_i64();
        id.ok_or_else(|| strange("alert_id"))
    }
}

impl Tool for Iris {
    fn deliver(&mut self, told: &Told<'_>, in_doubt: bool, client: &Client) -> Result<(), Trouble> {
        let numbers = self.numbers(client)?;
        let id = match self.find(&told.reference(), client)? {
            None => self.create(told, &numbers, client)?,
            Some(found) => {
                let mut standing = self.standing(told, &numbers)?;
                // -1: nobody.
                standing["alert_owner_id"] = found.owner.unwrap_or(-1).into();
                let path = format!("/alerts/update/{}", found.id);
                client.ask(Method::Post, &path, &told.id, Some(&standing))?;
                found.id
            }
        };
        if !told.is_word() || (in_doubt && is_said(told, id, client)?) {
            return Ok(());
        }
        let text = json!({"comment_text": comment(told, plain)});
        let path = format!("/alerts/{id}/comments/add");
        client.ask(Method::Post, &path, &told.id, Some(&text))?;
        Ok(())
    }
}

/// Whether a comment of this event is there.
fn is_said(told: &Told<'_>, id: i64, client: &Client) -> Result<bool, Trouble> {
    let path = format!("/alerts/{id}/comments/list");
    let answer = client.ask(Method::Get, &path, "", None)?;
    let comments = answer.json["data"].as_array().into_iter().flatten();
    let mut texts = comments.filter_map(|comment| comment["comment_text"].as_str());
    let mark = mark(told);
    Ok(texts.any(|text| text.contains(&mark)))
}

/// `2026-01-31T08:00:00`, in UTC.
fn iso(ms: i64) -> String {
    let text = crate::outputs::words::rfc3339(ms);
    text.get(..19).unwrap_or_default().to_owned()
}
