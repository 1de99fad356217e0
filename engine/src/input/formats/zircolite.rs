//! Zircolite: one object for each rule, with the events that matched in `matches[]`. Each match is an alert of its own.
//! Fields: <https://github.com/wagga40/Zircolite/blob/master/docs/Usage.md>.

use super::super::detect::Need;
use super::super::draft::{Desk, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::super::windows::WindowsEvent;
use super::{Room, sigma};

pub(super) const ROOM: Room = Room::json(
    "zircolite",
    &[&[
        Need::present("title"),
        Need::present("rule_level"),
        Need::present("matches"),
    ]],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "matches[].SystemTime",
    rule: "title",
};

/// What every match of a rule shares.
#[derive(Default)]
struct Rule<'a> {
    id: Option<Value<'a>>,
    title: Option<Value<'a>>,
    level: Option<Value<'a>>,
    tags: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut rule = Rule::default();
    let mut matches = None;
    for (key, value) in record.keys_and_values() {
        match key {
            "id" => rule.id = Some(value).filter(|id| !id.is_nothing()),
            "title" => rule.title = Some(value),
            "rule_level" => rule.level = Some(value),
            "tags" => rule.tags = Some(value),
            "matches" => matches = Some(value),
            _ => {}
        }
    }
    match matches {
        Some(matches) => desk.parts(matches, |found, desk| rule.read_match(found, desk)),
        None => Ok(Reading::NotAnAlert),
    }
}

impl Rule<'_> {
    fn read_match(&self, found: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
        let mut draft = desk.draft(ROOM.name);
        if let Some(id) = self.id {
            draft.rule_id(id.scalar_or_null(), "id")?;
        }
        if let Some(title) = self.title {
            draft.rule_name(title.scalar_or_null());
        }
        if let Some(level) = self.level {
            sigma::tell_level(level, &mut draft);
        }
        if let Some(tags) = self.tags {
            sigma::tell_tags(tags, &mut draft);
        }
        let mut event = WindowsEvent::default();
        let (mut time, mut computer, mut channel, mut number) = (None, None, None, None);
        for (key, value) in found.keys_and_values() {
            match key {
                "SystemTime" => time = Some(value),
                "UtcTime" | "timestamp" | "@timestamp" | "_time" => time = time.or(Some(value)),
                "Computer" => computer = Some(value),
                "Channel" => channel = Some(value),
                "EventRecordID" => number = Some(value),
                _ => {}
            }
            event.set(key, value);
        }
        let time = time.map_or(Scalar::Null, Value::scalar_or_null);
        draft.time(time, Unit::Auto, PATHS.time)?;
        draft.time_of_broker();
        let id = [computer, channel, number, self.id.or(self.title)];
        sigma::tell_id(&id, &mut draft)?;
        event.tell(&mut draft);
        draft.finish(PATHS)
    }
}
