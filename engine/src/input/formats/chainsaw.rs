//! Chainsaw: detections of `hunt --json` and `--jsonl`, of one event (`document`) or of several that one rule counted
//! (`documents`). Fields: <https://github.com/WithSecureLabs/chainsaw/wiki>.

use super::super::detect::Need;
use super::super::dotted;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::Value;
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::super::windows::WindowsEvent;
use super::{Room, sigma};

pub(super) const ROOM: Room = Room::json(
    "chainsaw",
    &[
        &[
            Need::present("document"),
            Need::present("name"),
            Need::present("timestamp"),
        ],
        &[
            Need::present("documents"),
            Need::present("name"),
            Need::present("timestamp"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "timestamp",
    rule: "name",
};

/// Events of one detection that are read for entities.
const EVENTS_MAX: usize = 16;

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut draft = desk.draft(ROOM.name);
    let (mut rule, mut document, mut documents) = (None, None, None);
    for (key, value) in record.keys_and_values() {
        let scalar = value.scalar_or_null();
        match key {
            "timestamp" => draft.time(scalar, Unit::Auto, PATHS.time)?,
            "name" => draft.rule_name(scalar),
            "id" => {
                rule = Some(value);
                draft.rule_id(scalar, "id")?;
            }
            "level" => sigma::tell_level(value, &mut draft),
            "tags" => sigma::tell_tags(value, &mut draft),
            "document" => document = Some(value),
            "documents" => documents = Some(value),
            _ => {}
        }
    }
    if let Some(document) = document {
        let event = Event::of(document);
        let id = [
            event.computer,
            event.channel,
            event.record,
            rule.or_else(|| record.get("name")),
        ];
        sigma::tell_id(&id, &mut draft)?;
        event.tell(&mut draft);
    }
    if let Some(documents) = documents {
        let mut count = 0;
        documents.each(|document| {
            if count < EVENTS_MAX {
                let told = draft.told();
                Event::of(document).tell(&mut draft);
                // What two events have in the same place is not the same thing.
                if count > 0 {
                    draft.without_things(told);
                }
            }
            count += 1;
        });
        draft.count_of(count);
    }
    draft.finish(PATHS)
}

/// An event log record as JSON: `data.Event.System` and `data.Event.EventData`.
#[derive(Default)]
struct Event<'a> {
    computer: Option<Value<'a>>,
    channel: Option<Value<'a>>,
    record: Option<Value<'a>>,
    fields: WindowsEvent<'a>,
}

impl<'a> Event<'a> {
    fn of(document: Value<'a>) -> Self {
        let mut event = Self::default();
        dotted::leaves(document, |path, value| {
            let Some(path) = path.strip_prefix("data.Event.") else {
                return;
            };
            match path {
                "System.Computer" => event.computer = Some(value),
                "System.Channel" => event.channel = Some(value),
                "System.EventRecordID" => event.record = Some(value),
                "System.Security_attributes.UserID" => {
                    event.fields.set("SubjectUserSid", value);
                    return;
                }
                _ => {}
            }
            let field = path.rsplit('.').next().unwrap_or(path);
            event.fields.set(field, value);
        });
        event
    }

    fn tell(&self, draft: &mut Draft<'_>) {
        self.fields.tell(draft);
    }
}
