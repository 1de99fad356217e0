//! Hayabusa: lines of its JSON and JSONL timelines, in every output profile.
//!
//! The event's fields are in `Details`, `ExtraFieldInfo` or `AllFieldInfo` as the profile has it, as an object or as text
//! with `¦` between fields. Names are short ones of its own; `Path` is the program where a command line stands beside
//! it. Fields: <https://github.com/Yamato-Security/hayabusa#output-profiles>.

use crate::entity::Role;

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading, thing};
use super::super::json::{Leaf, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::super::windows::WindowsEvent;
use super::{Room, sigma};

pub(super) const ROOM: Room = Room::json(
    "hayabusa",
    &[
        &[
            Need::present("RuleTitle"),
            Need::present("Timestamp"),
            Need::present("Computer"),
        ],
        &[
            Need::present("RuleTitle"),
            Need::present("Timestamp"),
            Need::present("Level"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "Timestamp",
    rule: "RuleTitle",
};

/// Fields read of a text; a record has some 20.
const FIELDS_MAX: usize = 64;

/// The fields that matter, gathered in any order.
#[derive(Default)]
struct Match<'a> {
    rule_id: Option<Value<'a>>,
    rule_file: Option<Value<'a>>,
    title: Option<Value<'a>>,
    computer: Option<Value<'a>>,
    channel: Option<Value<'a>>,
    event_id: Option<Value<'a>>,
    record: Option<Value<'a>>,
    details: [Option<Value<'a>>; 3],
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut found = Match::default();
    let mut draft = desk.draft(ROOM.name);
    for (key, value) in record.keys_and_values() {
        let slot = match key {
            "Timestamp" => {
                draft.time(value.scalar_or_null(), Unit::Auto, PATHS.time)?;
                continue;
            }
            "RuleTitle" => {
                found.title = Some(value);
                draft.rule_name(value.scalar_or_null());
                continue;
            }
            "Level" => {
                sigma::tell_level(value, &mut draft);
                continue;
            }
            "MitreTactics" | "MitreTags" => {
                draft.attacks(value);
                continue;
            }
            "RuleID" => &mut found.rule_id,
            "RuleFile" => &mut found.rule_file,
            "Computer" => &mut found.computer,
            "Channel" => &mut found.channel,
            "EventID" => &mut found.event_id,
            "RecordID" => &mut found.record,
            "Details" => &mut found.details[0],
            "ExtraFieldInfo" => &mut found.details[1],
            "AllFieldInfo" => &mut found.details[2],
            _ => continue,
        };
        *slot = Some(value);
    }
    found.tell(&mut draft)?;
    draft.finish(PATHS)
}

impl Match<'_> {
    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let rule = self.rule_id.or(self.rule_file);
        if let Some(rule) = rule {
            draft.rule_id(rule.scalar_or_null(), "RuleID")?;
        }
        let id = [
            self.computer,
            self.channel,
            self.record,
            rule.or(self.title),
        ];
        sigma::tell_id(&id, draft)?;
        if let Some(computer) = self.computer {
            draft.hosts_or_ips(Role::Affected, computer, thing::HOST);
        }
        for details in self.details.into_iter().flatten() {
            let told = draft.told();
            match details.as_str() {
                Some(text) => self.tell_text(text, draft),
                None => self.tell_fields(details, draft),
            }
            draft.drop_known(told);
        }
        Ok(())
    }

    fn tell_fields(&self, details: Value<'_>, draft: &mut Draft<'_>) {
        let has = |name: &str| details.keys().any(|key| key.eq_ignore_ascii_case(name));
        let is_program = has("CmdLine") || has("Cmdline") || has("CommandLine");
        let mut event = WindowsEvent::default();
        for (key, value) in details.keys_and_values() {
            event.set(self.name(key, is_program && !has("Proc")), value);
        }
        event.tell(draft);
    }

    /// `User: a ¦ Proc: b`, the form of CSV.
    fn tell_text(&self, text: &str, draft: &mut Draft<'_>) {
        let fields = || {
            text.split(" ¦ ")
                .filter_map(|field| field.trim().split_once(": "))
        };
        let has = |name: &str| fields().any(|(key, _)| key.eq_ignore_ascii_case(name));
        let is_program = has("CmdLine") && !has("Proc");
        let leaves: Vec<(&str, Leaf<'_>)> = fields()
            .take(FIELDS_MAX)
            .map(|(key, value)| (self.name(key, is_program), Leaf::String(value.trim())))
            .collect();
        let mut event = WindowsEvent::default();
        for (key, leaf) in &leaves {
            event.set(key, Value::leaf(leaf));
        }
        event.tell(draft);
    }

    /// The field's name as Windows has it, where Hayabusa's own means something else there.
    fn name<'k>(&self, key: &'k str, is_program: bool) -> &'k str {
        let is_event = |number: i64| {
            self.event_id
                .and_then(|id| id.scalar()?.text())
                .is_some_and(|id| *id == *compact_str::format_compact!("{number}"))
        };
        match key {
            "Path" if is_program => "NewProcessName",
            "Path" if is_event(7045) || is_event(4697) => "ImagePath",
            "Image" if is_event(7) => "ImageLoaded",
            "Svc" => "ServiceDisplayName",
            _ => key,
        }
    }
}
