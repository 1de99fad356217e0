//! An alert in one line, `ID TIME RULE SEVERITY WORD...`, as the native message that it stands for.

use caseloom_engine::alert::Lifecycle;
use caseloom_engine::entity::{Entity, EntityKind, Role};

use caseloom_engine::time::Timestamp;
use serde_json::{Map, Value, json};

use super::story;

/// The words of the line.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) id: Option<String>,
    pub(super) time: Timestamp,
    rule: String,
    severity: Option<u8>,
    entities: Vec<Value>,
    attack: Vec<String>,
    /// Further keys of the native format.
    more: Map<String, Value>,
}

impl Words {
    /// ID `-`: the alert has none. SEVERITY `-`: it brings none. A word is `KIND:VALUE[/ROLE]` or `KEY=VALUE`.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let mut next = || {
            words
                .next()
                .ok_or("expected alert ID TIME RULE SEVERITY WORD...")
        };
        let (id, time, rule, severity) = (next()?, next()?, next()?, next()?);
        let severity = match severity {
            "-" => None,
            number => Some(severity_of(number)?),
        };
        let mut alert = Self {
            id: (id != "-").then(|| id.to_owned()),
            time: story::time(time)?,
            rule: rule.to_owned(),
            severity,
            entities: Vec::new(),
            attack: Vec::new(),
            more: Map::new(),
        };
        alert.more.insert("source".into(), "ids".into());
        words.try_for_each(|word| alert.add(word))?;
        Ok(alert)
    }

    fn add(&mut self, word: &str) -> Result<(), String> {
        // An entity's value may hold `=`, but no key holds `:`.
        let key = word.split_once('=').filter(|(key, _)| !key.contains(':'));
        let Some((key, value)) = key else {
            self.entities.push(entity(word)?);
            return Ok(());
        };
        let value: Value = match key {
            "attack" => {
                self.attack.push(value.to_owned());
                return Ok(());
            }
            "scope" | "source" | "title" => value.into(),
            "count" => value
                .parse::<u32>()
                .map_err(|_| "count must be a number")?
                .into(),
            "updated" => story::time(value)?.to_rfc3339().into(),
            "status" => {
                Lifecycle::from_word(value).ok_or_else(|| format!("unknown status {value:?}"))?;
                value.into()
            }
            other => {
                return Err(format!(
                    "unknown key {other:?}; known are scope, source, title, attack, count, updated, status"
                ));
            }
        };
        let key = if key == "status" { "lifecycle" } else { key };
        self.more.insert(key.to_owned(), value);
        Ok(())
    }

    /// The native message.
    pub(super) fn to_json(&self) -> Value {
        let mut message = self.more.clone();
        let mut put = |key: &str, value: Value| drop(message.insert(key.to_owned(), value));
        put("time", self.time.to_rfc3339().into());
        put("rule", json!({"id": self.rule, "name": self.rule}));
        put("entities", self.entities.clone().into());
        put("attack", self.attack.clone().into());
        if let Some(id) = &self.id {
            put("id", id.as_str().into());
        }
        if let Some(severity) = self.severity {
            put("severity", severity.into());
        }
        if self.entities.is_empty() && !message.contains_key("title") {
            message.insert("title".into(), self.rule.as_str().into());
        }
        message.into()
    }
}

fn severity_of(text: &str) -> Result<u8, String> {
    let number = text.parse().ok().filter(|number| *number <= 100);
    number.ok_or_else(|| format!("the severity must be 0 to 100 or -, not {text:?}"))
}

/// `KIND:VALUE[/ROLE]`; affected where no role is named. A value that the engine would pass over is a mistake here.
fn entity(word: &str) -> Result<Value, String> {
    let (kind, rest) = word
        .split_once(':')
        .ok_or_else(|| format!("expected KIND:VALUE or KEY=VALUE, not {word:?}"))?;
    let known = EntityKind::from_word(kind).ok_or_else(|| {
        let all = EntityKind::ALL.map(EntityKind::as_str).join(", ");
        format!("unknown kind {kind:?}; known are {all}")
    })?;
    // Addresses of pages and files hold slashes too: only a word that is a role is one.
    let role = rest
        .rsplit_once('/')
        .and_then(|(value, role)| Some((value, Role::from_word(role)?)));
    let (value, role) = role.unwrap_or((rest, Role::Affected));
    if Entity::new(known, role, value).is_none() {
        return Err(format!(
            "{value:?} means nothing as {kind}, so it would be passed over"
        ));
    }
    Ok(json!({"kind": known.as_str(), "value": value, "role": role.as_str()}))
}
