//! Vocabulary: what a field of an unknown product holds, told by the words of its name alone.
//!
//! A name is cut into words (`srcIpAddr`, `src_ip`, `source.ip`, `srcip`), the last of which say what it is and the others
//! whose: `src`, `source`, `client` came from there; `dst`, `target`, `server` went there; `user`, `actor`, `principal`
//! did it; `host`, `device`, `computer` it happened on; `sensor`, `observer`, `collector` saw it. A name that
//! says nothing holds nothing: no value is an entity because it looks like one.

mod description;
mod entity;
mod words;

use crate::entity::{EntityKind, Role};

pub(crate) use words::Words;

/// What a field holds. A rank orders fields of the same meaning: the lowest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Entity(Holds, Role),
    Time(u8),
    /// The date alone, whose time stands in a field of its own.
    Date,
    RuleId(u8),
    /// Ranks below [`WEAK`] are of fields that only alerts have.
    RuleName(u8),
    /// A line for people, which is the rule's name where nothing else is.
    Headline,
    /// A line for people.
    Title(u8),
    Severity(u8),
    /// A severity of which 1 is the worst.
    Priority,
    Attack,
    Id(u8),
}

/// What an entity's field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Kind(EntityKind),
    HostOrIp,
    /// An address, or something else altogether.
    PerhapsIp,
    /// A person's account, unless the record also has the id of a customer's.
    AccountName,
    /// An address of mail, or something else altogether.
    PerhapsEmail,
    /// A user's id: its name in some products, and a number that means nothing in others.
    UserId,
    /// Hashes, each with its name or without.
    Hashes,
    /// The same, of the program that started another.
    ParentHashes,
    /// A cloud's name of a resource, or something else altogether.
    PerhapsResource,
}

/// The rank of a rule's name that is a policy's.
pub(crate) const POLICY: u8 = 8;
/// The rank of a rule's name that is what was done about it.
pub(crate) const ACTION: u8 = WEAK + 4;
/// The rank of a title that says why.
pub(crate) const REASON: u8 = 3;
/// Ranks from here on are of fields that other records than alerts have too.
pub(crate) const WEAK: u8 = 10;

/// What a field holds by the words since the last container alone: what describes the alert, ranked behind what says so
/// by its whole name.
pub(crate) fn inner_meaning(words: &Words) -> Option<Meaning> {
    Some(match meaning(words)? {
        Meaning::Time(rank) => Meaning::Time(rank + 1),
        Meaning::RuleId(rank) => Meaning::RuleId(rank + 1),
        // A name stays as strong as it was.
        Meaning::RuleName(rank) if rank + 1 != WEAK => Meaning::RuleName(rank + 1),
        Meaning::Title(rank) => Meaning::Title(rank + 1),
        other @ (Meaning::RuleName(_)
        | Meaning::Headline
        | Meaning::Severity(_)
        | Meaning::Priority
        | Meaning::Attack) => other,
        Meaning::Entity(..) | Meaning::Date | Meaning::Id(_) => return None,
    })
}

/// What a field of that name holds; `None` when the name says nothing.
pub(crate) fn meaning(words: &Words) -> Option<Meaning> {
    let mut words: smallvec::SmallVec<[&str; 8]> = words.iter().collect();
    if let [.., "date", "time"] | [.., "time", "stamp"] = *words
        && words.len() > 2
    {
        words.pop();
    }
    let words = trimmed(&words);
    if words.is_empty() || words.len() > 6 {
        return None;
    }
    entity::entity(words)
        .map(|(holds, role)| Meaning::Entity(holds, role))
        .or_else(|| description::description(words))
}

/// Without words that say nothing: what all fields of a product begin with, and of what type they are.
fn trimmed<'a, 'w>(mut words: &'a [&'w str]) -> &'a [&'w str] {
    while let [first, rest @ ..] = words
        && matches!(
            *first,
            "data"
                | "fields"
                | "details"
                | "detail"
                | "properties"
                | "attributes"
                | "extra"
                | "result"
                | "payload"
                | "body"
                | "additional"
                | "custom"
                | "the"
        )
        && !rest.is_empty()
    {
        words = rest;
    }
    while let [rest @ .., last] = words
        && matches!(
            *last,
            "value" | "str" | "string" | "text" | "keyword" | "s" | "list" | "raw"
        )
        && !rest.is_empty()
    {
        words = rest;
    }
    words
}

/// Whether the name says that the record is about an attack, whatever it holds.
pub(crate) fn smells(words: &Words) -> bool {
    const OF_ALERTS: &[&str] = &[
        "alert",
        "detection",
        "detected",
        "threat",
        "threats",
        "attack",
        "malware",
        "virus",
        "finding",
        "incident",
        "notable",
        "offense",
        "violation",
        "suspicious",
        "phish",
        "intrusion",
        "anomaly",
        "ransomware",
        "exploit",
    ];
    words.iter().any(|word| OF_ALERTS.contains(&word))
}

/// Whether a key is of an object that only holds the record's own fields.
pub(crate) fn is_container(key: &str) -> bool {
    const CONTAINERS: [&str; 27] = [
        "alert",
        "event",
        "events",
        "finding",
        "detection",
        "incident",
        "transaction",
        "messages",
        "input",
        "match",
        "metadata",
        "meta",
        "params",
        "records",
        "alerts",
        "labels",
        "annotations",
        "data",
        "detail",
        "details",
        "properties",
        "fields",
        "notification",
        "context",
        "attributes",
        "payload",
        "eventdata",
    ];
    CONTAINERS
        .iter()
        .any(|container| container.eq_ignore_ascii_case(key))
}

fn has(words: &[&str], wanted: &[&str]) -> bool {
    words.iter().any(|word| wanted.contains(word))
}
