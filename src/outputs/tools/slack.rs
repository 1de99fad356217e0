//! Slack's incoming webhooks (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>), and what
//! understands the same messages: Mattermost, Rocket.Chat, Discord's `/slack`. Not blocks, which only Slack shows, but a
//! text with an attachment (<https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments>).
//!
//! A message can't be changed or told twice: after an answer that was lost it may come again, with the same event id in
//! its footer. Unless the configuration says which events are wanted, `updated` is left out.

use serde_json::{Value, json};

use super::{Links, Tool};
use crate::config::Wanted;
use crate::outputs::client::{Client, Method, Trouble};
use crate::outputs::told::Told;
use crate::outputs::words::{happened, line, mark, plain};

/// Characters of a text; Slack cuts at 40,000 and advises 4,000.
const TEXT_MAX: usize = 4_000;
/// Characters of a field's value.
const VALUE_MAX: usize = 1_000;
/// Characters of a footer.
const FOOTER_MAX: usize = 300;
/// Entities in a message.
const ENTITIES_MAX: usize = 10;

/// The product.
#[derive(Debug)]
pub(super) struct Slack {
    links: Links,
    tells_updates: bool,
}

impl Slack {
    pub(super) fn new(links: Links, wanted: &Wanted) -> Self {
        Self {
            links,
            tells_updates: !wanted.events.is_empty(),
        }
    }

    fn rendered(&self, told: &Told<'_>) -> Value {
        let headline = format!(
            "[{}] {}: case {}",
            told.severity_word,
            told.title,
            happened(told)
        );
        let field = |title: &str, value: &str, is_short: bool| json!({"title": title, "value": shown(value, VALUE_MAX), "short": is_short});
        let entities = told.own.entities.iter().take(ENTITIES_MAX);
        let entities: Vec<_> = entities
            .map(|entity| format!("{} {}", plain(&entity.kind), plain(&entity.value)))
            .collect();
        let mut fields = vec![
            field("Scope", &told.own.scope, true),
            field("Status", &told.own.status, true),
            field("Owner", &told.owner, true),
            field("Risk", &told.risk.to_string(), true),
            field("Entities", &entities.join(", "), false),
        ];
        if let Some(act) = &told.own.act {
            fields.push(field("By", &act.actor, true));
            if !act.text.is_empty() {
                fields.push(field("Said", &act.text, false));
            }
        }
        let mut attachment = json!({
            "fallback": shown(&headline, TEXT_MAX),
            "color": color(told),
            "title": shown(&told.title, VALUE_MAX),
            "text": shown(&told.summary, TEXT_MAX),
            "fields": fields,
            "footer": line(&mark(told), FOOTER_MAX),
            "ts": told.time_ms.div_euclid(1_000),
            // Nothing in it is markup.
            "mrkdwn_in": [],
        });
        if let Some(link) = self.links.of(told) {
            attachment["title_link"] = link.into();
        }
        json!({
            "text": shown(&headline, TEXT_MAX),
            "mrkdwn": false,
            "unfurl_links": false,
            "attachments": [attachment],
        })
    }
}

impl Tool for Slack {
    fn keeps_state(&self) -> bool {
        false
    }

    fn deliver(&mut self, told: &Told<'_>, _: bool, client: &Client) -> Result<(), Trouble> {
        if told.event == "updated" && !self.tells_updates {
            return Ok(());
        }
        client.ask(Method::Post, "", &told.id, Some(&self.rendered(told)))?;
        Ok(())
    }
}

/// One harmless line in which nothing is a link, a channel or a call for everybody. Slack wants `&`, `<` and `>` as
/// entities, and finds its commands between the latter; others look for the words.
fn shown(text: &str, chars_max: usize) -> String {
    // An entity is up to five characters, and none may be cut.
    let text = line(text, chars_max / 5);
    let mut text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    for word in ["channel", "here", "all", "everyone"] {
        text = text.replace(&format!("@{word}"), &format!("\u{ff20}{word}"));
    }
    text
}

fn color(told: &Told<'_>) -> &'static str {
    if told.is_over() {
        return "#7f8c8d";
    }
    match told.severity {
        5.. => "#a30200",
        4 => "#e8590c",
        3 => "#f2c744",
        _ => "#3b82c4",
    }
}
