//! Splunk Enterprise Security: notables, findings and risk events, as a search exports them or a webhook sends them.
//! There is no fixed set of entity fields: what a correlation search outputs is there under the names of the Common
//! Information Model, alone or with the data model's name before it (`IDS_Attacks.src`).
//!
//! Urgency (severity times the asset's priority) counts before severity. A title may hold unexpanded `$token$`s and is
//! left out then. Every value may be a text, a list, or a text of several lines. Fields:
//! <https://docs.splunk.com/Documentation/ES/latest/User/Howurgencyisassigned>,
//! <https://docs.splunk.com/Documentation/CIM/latest/User/Overview>.

mod facts;

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading, first};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::{self, Unit};
use super::Room;

use facts::Facts;

pub(super) const ROOM: Room = Room::json(
    "splunk",
    &[
        &[Need::present("event_id"), Need::Test(is_notable)],
        &[Need::present("rule_id"), Need::Test(is_notable)],
        &[
            Need::present("search_name"),
            Need::present("security_domain"),
        ],
        &[
            Need::present("search_name"),
            Need::present("info_search_time"),
        ],
        &[Need::present("search_name"), Need::present("risk_object")],
        &[
            Need::present("source"),
            Need::present("risk_object"),
            Need::present("risk_score"),
        ],
        &[Need::present("finding_id"), Need::present("finding_score")],
        &[Need::equal("index", "notable"), Need::present("source")],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "_time",
    rule: "search_name",
};

/// `GUID@@notable@@hash`.
fn is_notable(record: Value<'_>) -> bool {
    ["event_id", "rule_id"].into_iter().any(|key| {
        let id = record.get(key).and_then(Value::as_str);
        id.is_some_and(|id| id.contains("@@notable@@"))
    })
}

/// What tells about the alert and not of its entities.
#[derive(Default)]
struct Head<'a> {
    ids: [Option<Value<'a>>; 3],
    rules: [Option<Value<'a>>; 2],
    names: [Option<Value<'a>>; 2],
    titles: [Option<Value<'a>>; 3],
    urgency: Option<Value<'a>>,
    severity: Option<Value<'a>>,
    scores: [Option<Value<'a>>; 2],
    times: [Option<Value<'a>>; 4],
    updated: Option<Value<'a>>,
    count: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut head = Head::default();
    let mut facts = Facts::default();
    for (key, value) in record.keys_and_values() {
        if !value.is_nothing() && !head.set(key, value) {
            facts.set(key, value);
        }
    }
    let mut draft = desk.draft(ROOM.name);
    head.tell(&mut draft)?;
    facts.tell(&mut draft);
    draft.finish(PATHS)
}

impl<'a> Head<'a> {
    fn set(&mut self, key: &str, value: Value<'a>) -> bool {
        let slot = match key {
            "event_id" => &mut self.ids[0],
            "rule_id" => &mut self.ids[1],
            "finding_id" | "notable_id" => &mut self.ids[2],
            "search_name" => &mut self.rules[0],
            "source" => &mut self.rules[1],
            "rule_name" => &mut self.names[0],
            "savedsearch_name" | "detection_name" => &mut self.names[1],
            "rule_title" => &mut self.titles[0],
            "finding_title" => &mut self.titles[1],
            "risk_message" => &mut self.titles[2],
            "urgency" => &mut self.urgency,
            "severity" => &mut self.severity,
            "finding_score" => &mut self.scores[0],
            "risk_score" => &mut self.scores[1],
            "_time" => &mut self.times[0],
            "orig_time" => &mut self.times[1],
            "info_max_time" => &mut self.times[2],
            "info_min_time" => &mut self.times[3],
            "review_time" | "mod_time" => &mut self.updated,
            "count" => &mut self.count,
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let ids = [self.ids[0], self.ids[1], self.ids[2]];
        draft.id(scalar(ids.into_iter().flatten().next()), "event_id")?;
        let rule = self.rules.into_iter().flatten().next();
        draft.rule_id(scalar(rule), PATHS.rule)?;
        let name = self.names.into_iter().flatten().next();
        draft.rule_name(scalar(name.or(rule)));
        let title = self.titles.into_iter().flatten().find(|title| {
            // An unexpanded token names a field, and not what was in it.
            first(*title)
                .as_str()
                .is_some_and(|title| title.matches('$').count() < 2)
        });
        draft.title(scalar(title));
        let time = self
            .times
            .into_iter()
            .flatten()
            .find_map(|time| timestamp::read(scalar(Some(time)), Unit::Auto, None));
        draft.time_read(time);
        draft.updated(scalar(self.updated), Unit::Auto);
        draft.count(scalar(self.count));
        self.tell_severity(draft);
        Ok(())
    }

    fn tell_severity(&self, draft: &mut Draft<'_>) {
        let word = |value: Option<Value<'_>>| {
            let text = scalar(value).text()?;
            severity::word(&text)
        };
        if let Some(known) = word(self.urgency).or_else(|| word(self.severity)) {
            draft.severity_read(Some(known));
        } else if let Some(score) = self.scores.into_iter().flatten().next() {
            draft.severity_read(severity::read(scalar(Some(score))));
        } else if self.urgency.or(self.severity).is_some() {
            draft.severity_read(None);
        }
    }
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, |value| first(value).scalar_or_null())
}
