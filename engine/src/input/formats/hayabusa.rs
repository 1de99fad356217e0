//! Hayabusa: lines of its JSON and JSONL timelines, in every output profile.
//!
//! The event's fields are in `Details`, `ExtraFieldInfo` or `AllFieldInfo` as the profile has it, as an object or as text
//! with `¦` between fields. Names are short ones of its own; `Path` is the program where a command line stands beside
//! it. Fields: <https://github.com/Yamato-Security/hayabusa#output-profiles>.

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
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
        self.tell_event(draft);
        Ok(())
    }

    /// The event's fields, of all the places that a profile has them in.
    fn tell_event(&self, draft: &mut Draft<'_>) {
        let places = || self.details.into_iter().flatten();
        // `User: a ¦ Proc: b`, the form of CSV.
        let texts: Vec<(&str, Leaf<'_>)> = places()
            .filter_map(Value::as_str)
            .flat_map(|text| text.split(" ¦ "))
            .filter_map(|field| field.trim().split_once(": "))
            .take(FIELDS_MAX)
            .map(|(key, value)| (key, Leaf::String(value.trim())))
            .collect();
        let has = |name: &str| {
            let is = |key: &str| key.eq_ignore_ascii_case(name);
            places().flat_map(Value::keys).any(is) || texts.iter().any(|(key, _)| is(key))
        };
        let is_program = !has("Proc") && (has("CmdLine") || has("CommandLine"));
        let mut event = WindowsEvent::default();
        if let Some(computer) = self.computer {
            event.set("Computer", computer);
        }
        for (key, value) in places().flat_map(Value::keys_and_values) {
            event.set(self.name(key, is_program), value);
        }
        for (key, leaf) in &texts {
            event.set(self.name(key, is_program), Value::leaf(leaf));
        }
        event.tell(draft);
    }

    /// The field's name as Windows has it, where Hayabusa's own short one means something else there or nothing.
    /// See <https://github.com/Yamato-Security/hayabusa-rules/blob/main/config/default_details.txt>.
    fn name<'k>(&self, key: &'k str, is_program: bool) -> &'k str {
        let number = self.event_id.and_then(|id| id.scalar()?.text());
        let is_event = |numbers: &[&str]| number.as_deref().is_some_and(|id| numbers.contains(&id));
        match key {
            "Path" if is_program => "NewProcessName",
            "Path" if is_event(&["7045", "4697"]) => "ImagePath",
            "Image" if is_event(&["7"]) => "ImageLoaded",
            "Svc" if is_event(&["4768", "4769"]) => "ServiceName",
            "Svc" | "Name" => "",
            "SID" => "SubjectUserSid",
            "SrcSID" if is_event(&["4728", "4732", "4756"]) => "MemberSid",
            "SrcSID" => "SubjectUserSid",
            "Domain" => "SubjectDomainName",
            "TgtDomain" => "TargetDomainName",
            "OldTgtUser" => "OldTargetUserName",
            "NewTgtUser" => "NewTargetUserName",
            "ObjName" => "ObjectName",
            "JobOwner" => "User",
            "App" => "Application",
            _ => key,
        }
    }
}
