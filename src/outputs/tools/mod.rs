//! The products: how each is told of a case, one file each. What a field means, how long it may be and how a product
//! tells repeats comes from its documentation, which each file names; a client library's types where there is none.

mod known;
mod thehive;
mod iris;
mod servicenow;
mod soar;
mod jira;
mod slack;
mod webhook;

use super::client::{Client, Trouble};
use super::told::Told;
use crate::config::{ToolConfig, ToolKind};

/// A product that is told of cases.
pub trait Tool: Send {
    /// Whether it holds one object for each case, so that an `updated` may be left out when a later event tells it anew.
    fn keeps_state(&self) -> bool {
        true
    }

    /// Tells an event. `in_doubt`: it may have been told before, and nobody knows.
    ///
    /// # Errors
    /// [`Trouble`] says what to do; part of it may be done.
    fn deliver(&mut self, told: &Told<'_>, in_doubt: bool, client: &Client) -> Result<(), Trouble>;
}

/// The product that is configured.
#[must_use]
pub fn tool(config: &ToolConfig) -> Box<dyn Tool> {
    let links = Links(config.console.clone());
    match config.kind {
        ToolKind::TheHive => Box::new(thehive::TheHive::new(links)),
        ToolKind::Iris => Box::new(iris::Iris::new(links, config.customer)),
        ToolKind::ServiceNow => Box::new(servicenow::ServiceNow::new(links)),
        ToolKind::SplunkSoar => Box::new(soar::SplunkSoar::new(links, &config.label)),
        ToolKind::Jira => Box::new(jira::Jira::new(links, config)),
        ToolKind::Slack => Box::new(slack::Slack::new(links, &config.wanted)),
        ToolKind::Webhook => Box::new(webhook::Webhook),
    }
}

/// The header for a token, where it is not `Authorization: Bearer`.
#[must_use]
pub fn token_header(kind: ToolKind) -> Option<&'static str> {
    match kind {
        ToolKind::SplunkSoar => Some("ph-auth-token"),
        _ => None,
    }
}

/// Makes links to our own pages, where their address is known.
#[derive(Clone, Debug)]
struct Links(Option<String>);

impl Links {
    fn of(&self, told: &Told<'_>) -> Option<String> {
        let base = self.0.as_ref()?;
        Some(format!("{base}/cases/{}", told.own.case_id))
    }
}

/// `text` as a part of a path or query: everything but letters, digits and `-._~` as `%XX`.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to memory can't fail");
        }
        out
    })
}

/// A number or text as text: ids of products are either.
fn text_of(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An answer that lacks what every answer of the product has: it may not be the product.
fn strange(what: &str) -> Trouble {
    Trouble::Failing(format!("its answer has no {what}"))
}
