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
    /// An address of mail, or something else altogether.
    PerhapsEmail,
    /// A user's id: its name in some products, and a number that means nothing in others.
    UserId,
    /// Hashes, each with its name or without.
    Hashes,
    /// A cloud's name of a resource, or something else altogether.
    PerhapsResource,
}

/// Ranks from here on are of fields that other records than alerts have too.
pub(crate) const WEAK: u8 = 10;

/// What a field of that name holds; `None` when the name says nothing.
pub(crate) fn meaning(words: &Words) -> Option<Meaning> {
    let words: smallvec::SmallVec<[&str; 8]> = words.iter().collect();
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

fn has(words: &[&str], wanted: &[&str]) -> bool {
    words.iter().any(|word| wanted.contains(word))
}
