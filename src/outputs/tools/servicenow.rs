//! ServiceNow Event Management: each event of a case is an `em_event`, which ServiceNow gathers into one alert by its
//! `message_key`. Address, fields and lengths from "Pushing events to the instance using web service API" and "Event field
//! format for event collection" of the Australia release.
//!
//! Telling twice is harmless: the same key and time only count. An end is severity 0 (clear) with resolution state
//! Closing, which closes the alert there.

use serde_json::{Map, Value, json};

use super::{Links, Tool};
use crate::outputs::client::{Client, Method, Trouble};
use crate::outputs::told::Told;
use crate::outputs::words::{comment, cut, description, line, plain, rfc3339};

/// Characters of source, node, type, resource and event class.
const NAME_MAX: usize = 100;
/// Characters of a message key.
const KEY_MAX: usize = 1_024;
/// Characters of a description.
const TEXT_MAX: usize = 4_000;
/// Characters of a value in the additional information.
const VALUE_MAX: usize = 1_000;

/// The product.
#[derive(Debug)]
pub(super) struct ServiceNow {
    links: Links,
}

impl ServiceNow {
    pub(super) fn new(links: Links) -> Self {
        Self { links }
    }

    fn rendered(&self, told: &Told<'_>) -> Value {
        let is_over = told.is_over();
        let mut text = format!("{}\n", line(&told.title, 500));
        if told.is_word() {
            text.push_str(&comment(told, plain));
            text.push('\n');
        }
        text.push_str(&description(told, self.links.of(told).as_deref(), plain));
        json!({
            "source": "caseloom",
            "event_class": line(&told.own.scope, NAME_MAX),
            "node": line(&node(told), NAME_MAX),
            "resource": line(&format!("case {}", told.own.case_id), NAME_MAX),
            "type": "security_case",
            "metric_name": "security_case",
            "message_key": line(&format!("caseloom:{}", told.reference()), KEY_MAX),
            "severity": if is_over { "0" } else { severity(told.severity) },
            "resolution_state": if is_over { "Closing" } else { "New" },
            "time_of_event": time(told.time_ms),
            "description": cut(&text, TEXT_MAX),
            // A text that holds JSON, whose values are texts.
            "additional_info": Value::Object(self.more(told)).to_string(),
        })
    }

    fn more(&self, told: &Told<'_>) -> Map<String, Value> {
        let mut more = Map::new();
        let mut say = |name: &str, value: String| {
            more.insert(name.into(), line(&value, VALUE_MAX).into());
        };
        say("case_id", told.own.case_id.clone());
        say("scope", told.own.scope.clone());
        say("event", told.event.clone());
        say("event_id", told.id.clone());
        say("status", told.own.status.clone());
        say("owner", told.owner.clone());
        say("risk", told.risk.to_string());
        say("attack", told.attacks.join(" "));
        if let Some(link) = self.links.of(told) {
            say("link", link);
        }
        more
    }
}

impl Tool for ServiceNow {
    fn deliver(&mut self, told: &Told<'_>, _: bool, client: &Client) -> Result<(), Trouble> {
        let body = json!({"records": [self.rendered(told)]});
        client.ask(Method::Post, "/api/global/em/jsonv2", &told.id, Some(&body))?;
        Ok(())
    }
}

/// What the case is about: an affected host, else any host, else an address, else nothing.
fn node(told: &Told<'_>) -> String {
    let find = |kind: &str, role: Option<&str>| {
        told.own
            .entities
            .iter()
            .find(|entity| entity.kind == kind && role.is_none_or(|role| entity.role == role))
    };
    find("host", Some("affected"))
        .or_else(|| find("host", None))
        .or_else(|| find("ip", None))
        .map(|entity| entity.value.clone())
        .unwrap_or_default()
}

/// 1 critical, 2 major, 3 minor, 4 warning, 5 information.
fn severity(ocsf: u8) -> &'static str {
    match ocsf {
        0 | 3 => "3",
        1 => "5",
        2 => "4",
        4 => "2",
        _ => "1",
    }
}

/// `2026-01-31 08:00:00`, in UTC.
fn time(ms: i64) -> String {
    let text = rfc3339(ms);
    text.get(..19).unwrap_or_default().replace('T', " ")
}
