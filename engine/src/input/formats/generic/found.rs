//! Found: the fields of a record whose names say what they hold, gathered in one walk.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::entity::{EntityKind, Role};

use super::super::super::json::{Scalar, Value};
use super::super::super::vocabulary::{self, Holds, Meaning, Words};
use super::pairs::pairs;

/// A value with its rank among those of the same meaning.
type Ranked<'a> = Option<(u8, Scalar<'a>)>;

#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) mentions: SmallVec<[Mention<'a>; 8]>,
    pub(super) times: SmallVec<[(u8, Scalar<'a>); 4]>,
    pub(super) date: Option<Scalar<'a>>,
    /// The zone of date and time, as an offset.
    pub(super) zone: Option<Scalar<'a>>,
    pub(super) rule_id: Ranked<'a>,
    pub(super) rule_name: Ranked<'a>,
    pub(super) title: Ranked<'a>,
    pub(super) severity: Ranked<'a>,
    pub(super) priority: Option<Scalar<'a>>,
    pub(super) attack: SmallVec<[CompactString; 4]>,
    pub(super) id: Ranked<'a>,
    /// Some field is named after an attack and says something.
    pub(super) smells: bool,
    /// Some field is named after what was asked of a server.
    pub(super) asks: bool,
}

/// An entity's field.
#[derive(Clone, Copy)]
pub(super) struct Mention<'a> {
    pub(super) holds: Holds,
    pub(super) role: Role,
    pub(super) value: Scalar<'a>,
}

/// Objects in objects, the record being the first.
const LEVELS_MAX: usize = 4;
/// Entities looked at; an alert keeps at most 64.
const MENTIONS_MAX: usize = 256;
const TIMES_MAX: usize = 16;
const ATTACK_MAX: usize = 64;

impl<'a> Found<'a> {
    pub(super) fn of_record(record: Value<'a>) -> Self {
        let mut found = Self::default();
        found.walk(record, &Words::default(), &Words::default(), 0);
        found
    }

    pub(super) fn of_text(text: &'a str) -> Self {
        let mut found = Self::default();
        let (prose, pairs) = pairs(text);
        for (key, value) in pairs {
            let Some(words) = Words::default().with(key) else {
                continue;
            };
            found.put(&words, &words, Scalar::Text(value));
        }
        if found.title.is_none() && !prose.is_empty() {
            found.title = Some((u8::MAX, Scalar::Text(prose)));
        }
        found
    }

    /// `above` are the words of all keys so far, `bare` those since the last container.
    fn walk(&mut self, object: Value<'a>, above: &Words, bare: &Words, level: usize) {
        if level >= LEVELS_MAX {
            return;
        }
        self.observable(object);
        // An object has no order, so none may decide between fields of the same meaning.
        let mut fields: SmallVec<[(&str, Value<'a>); 32]> = object.keys_and_values().collect();
        fields.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in fields {
            // `@type` and the like are about the document.
            if key.starts_with('@') && key != "@timestamp" {
                continue;
            }
            let (Some(words), Some(bare)) = (above.with(key), bare.with(key)) else {
                continue;
            };
            let inner = match vocabulary::is_container(key) {
                true => &Words::default(),
                false => &bare,
            };
            value.each(|value| match value.scalar() {
                Some(scalar) => self.put(&words, &bare, scalar),
                None => self.walk(value, &words, inner, level + 1),
            });
        }
    }

    /// `{"type": "ip", "value": "192.0.2.1"}`, as lists of observables have them.
    fn observable(&mut self, object: Value<'a>) {
        let first = |keys: &[&str]| keys.iter().find_map(|key| object.get(key));
        let kind = first(&[
            "type",
            "kind",
            "dataType",
            "data_type",
            "entity_type",
            "entityType",
            "ioc_type",
            "indicator_type",
        ]);
        let value = first(&[
            "value",
            "data",
            "ioc",
            "indicator",
            "entity_value",
            "entityValue",
            "indicator_value",
        ]);
        let (Some(kind), Some(value)) = (kind.and_then(Value::as_str), value) else {
            return;
        };
        let Some(holds) = observable_kind(kind) else {
            return;
        };
        let said = object
            .get("role")
            .and_then(|role| Role::from_word(role.as_str()?));
        let role = said.unwrap_or_else(|| observable_role(holds));
        if let Some(value) = value.scalar() {
            self.mention(holds, role, value);
        } else if holds == Holds::HostOrIp {
            // A machine with its name and addresses.
            for (key, holds) in [
                ("name", holds),
                ("hostname", holds),
                ("ip", Holds::Kind(EntityKind::Ip)),
                ("ips", Holds::Kind(EntityKind::Ip)),
            ] {
                let Some(values) = value.get(key) else {
                    continue;
                };
                values.each(|value| {
                    if let Some(value) = value.scalar() {
                        self.mention(holds, role, value);
                    }
                });
            }
        }
    }

    fn put(&mut self, words: &Words, bare: &Words, value: Scalar<'a>) {
        if value.is_nothing() {
            return;
        }
        self.smells = self.smells || (vocabulary::smells(words) && says_so(value));
        self.asks = self.asks || words.iter().any(|word| matches!(word, "url" | "uri"));
        let meaning = vocabulary::meaning(words).or_else(|| vocabulary::inner_meaning(bare));
        let Some(meaning) = meaning else {
            if words.iter().eq(["tz"]) || words.iter().eq(["timezone"]) {
                self.zone = Some(value);
            }
            return;
        };
        match meaning {
            Meaning::Entity(holds, role) => self.mention(holds, role, value),
            Meaning::Time(rank) => self.time(rank, value),
            Meaning::Date => {
                self.date = Some(value);
                self.time(4, value);
            }
            Meaning::RuleId(rank) => keep(&mut self.rule_id, rank, value),
            Meaning::RuleName(rank) => keep(&mut self.rule_name, rank, value),
            Meaning::Headline => {
                keep(&mut self.rule_name, 6, value);
                keep(&mut self.title, 0, value);
            }
            Meaning::Title(rank) => keep(&mut self.title, rank, value),
            Meaning::Severity(rank) => keep(&mut self.severity, rank, value),
            Meaning::Priority => self.priority = Some(value),
            Meaning::Id(rank) if is_unique(value) => keep(&mut self.id, rank, value),
            Meaning::Id(_) => {}
            Meaning::Attack => {
                if let Some(text) = value.text()
                    && self.attack.len() < ATTACK_MAX
                {
                    self.attack.push(text.into_owned());
                }
            }
        }
    }

    fn mention(&mut self, holds: Holds, role: Role, value: Scalar<'a>) {
        if self.mentions.len() < MENTIONS_MAX
            && !matches!(value, Scalar::Bool(_) | Scalar::Float(_))
        {
            self.mentions.push(Mention { holds, role, value });
        }
    }

    fn time(&mut self, rank: u8, value: Scalar<'a>) {
        if self.times.len() < TIMES_MAX {
            self.times.push((rank, value));
        }
    }
}

/// Whether an id can be one alert's alone: short numbers are ids of rules, lines and kinds of events.
pub(super) fn is_unique(id: Scalar<'_>) -> bool {
    const BYTES_MIN: usize = 8;
    id.text().is_some_and(|id| id.len() >= BYTES_MIN)
}

/// Keeps the value of the lowest rank; of equals the first.
fn keep<'a>(slot: &mut Ranked<'a>, rank: u8, value: Scalar<'a>) {
    if matches!(value, Scalar::Bool(_)) {
        return;
    }
    if slot.is_none_or(|(known, _)| rank < known) {
        *slot = Some((rank, value));
    }
}

/// Whether a value is not how products write that there was nothing.
fn says_so(value: Scalar<'_>) -> bool {
    const NOT_SO: [&str; 9] = [
        "none",
        "no",
        "false",
        "0",
        "clean",
        "n/a",
        "-",
        "not_detected",
        "benign",
    ];
    match value {
        Scalar::Bool(is_so) => is_so,
        Scalar::Integer(number) => number != 0,
        Scalar::Text(text) => !NOT_SO.iter().any(|word| word.eq_ignore_ascii_case(text)),
        _ => true,
    }
}

fn observable_role(holds: Holds) -> Role {
    match holds {
        Holds::Hashes | Holds::Kind(EntityKind::Url | EntityKind::Domain | EntityKind::File) => {
            Role::Target
        }
        Holds::Kind(EntityKind::User | EntityKind::Process) => Role::Actor,
        _ => Role::Affected,
    }
}

fn observable_kind(word: &str) -> Option<Holds> {
    let bare: CompactString = word
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .take(24)
        .collect();
    Some(Holds::Kind(match &*bare {
        "ip" | "ipv4" | "ipv6" | "ipaddress" | "ipv4addr" | "ipv6addr" | "ipv4address" => {
            EntityKind::Ip
        }
        "host" | "hostname" | "computer" | "device" | "endpoint" | "machine" => {
            return Some(Holds::HostOrIp);
        }
        "user" | "username" | "account" | "useraccount" | "accountname" | "upn" => EntityKind::User,
        "email" | "mail" | "emailaddress" | "emailaddr" => return Some(Holds::PerhapsEmail),
        "hash" | "filehash" | "sha256" | "sha1" | "md5" | "sha512" | "filesha256" | "filesha1"
        | "filemd5" | "hashsha256" | "hashsha1" | "hashmd5" => return Some(Holds::Hashes),
        "url" | "uri" => EntityKind::Url,
        "domain" | "domainname" | "fqdn" => EntityKind::Domain,
        "process" | "processname" => EntityKind::Process,
        "file" | "filename" | "filepath" | "fullpath" => EntityKind::File,
        _ => return None,
    }))
}
