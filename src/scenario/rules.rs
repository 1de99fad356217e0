//! A story's policy: the file it names, or that of the run, with the keys it sets.

use std::path::Path;

use caseloom_engine::policy::Policy;
use toml::{Table, Value};

use super::story::Story;
use crate::config::{parse_policy, read_file};

/// The policy of `story`; `common` is the text of the run's, `beside` the directory of the story's file.
pub(super) fn policy(story: &Story, common: &str, beside: &Path) -> Result<Policy, String> {
    let text = match &story.policy_file {
        Some(file) => read_file(&beside.join(file)).map_err(|error| error.to_string())?,
        None => common.to_owned(),
    };
    let mut table: Table = toml::from_str(&text).map_err(|error| format!("the policy: {error}"))?;
    for (line, key, value) in &story.keys {
        set(&mut table, key, read(value)).map_err(|problem| format!("line {line}: {problem}"))?;
    }
    let text = toml::to_string(&table).map_err(|error| format!("the policy: {error}"))?;
    parse_policy(&text, "policy").map_err(|error| error.to_string())
}

/// A value as policy.toml has it; what is none is a text, so that `4h` needs no quotes.
fn read(text: &str) -> Value {
    let parsed: Result<Table, _> = toml::from_str(&format!("value = {text}"));
    let value = parsed.ok().and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| text.into())
}

/// Sets `a.b.c`; tables on the way are made.
fn set(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    let Some((first, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return Ok(());
    };
    let inner = table.entry(first).or_insert_with(|| Table::new().into());
    match inner {
        Value::Table(inner) => set(inner, rest, value),
        _ => Err(format!("{first} of {key} is no table")),
    }
}
