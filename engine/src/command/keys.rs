//! Idempotency keys: which wishes were done already, for a day and within a bound.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Command, Done};
use crate::time::{Span, Timestamp};

/// How long a key is remembered, in wall time.
pub const KEYS_KEPT: Span = Span::DAY;

/// Most keys; the oldest go first. Some 200 bytes each.
pub const KEYS_MAX: usize = 10_000;

/// A wish that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Hash of who asked and under which key.
    pub key: [u8; 16],
    /// Hash of what was asked for.
    pub wish: [u8; 16],
    /// Wall time when it was done.
    pub time: Timestamp,
    /// What it left.
    pub done: Done,
}

/// The keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    all: BTreeMap<[u8; 16], KeyRecord>,
    by_age: BTreeSet<(Timestamp, [u8; 16])>,
}

impl Keys {
    pub(super) fn get(&self, key: &[u8; 16], now: Timestamp) -> Option<&KeyRecord> {
        let known = self.all.get(key)?;
        (now.since(known.time) <= KEYS_KEPT).then_some(known)
    }

    /// Adds a key; returns those that were forgotten for it.
    pub(super) fn insert(&mut self, record: KeyRecord) -> Vec<[u8; 16]> {
        if let Some(former) = self.all.insert(record.key, record) {
            self.by_age.remove(&(former.time, former.key));
        }
        self.by_age.insert((record.time, record.key));
        let oldest = record.time.minus(KEYS_KEPT);
        let mut gone = Vec::new();
        while let Some(&(time, key)) = self.by_age.first() {
            if time >= oldest && self.all.len() <= KEYS_MAX {
                break;
            }
            self.by_age.pop_first();
            self.all.remove(&key);
            gone.push(key);
        }
        gone
    }
}

/// The key of a command, if it has one: as is asked under the name of the actor alone.
pub(super) fn key_of(command: &Command) -> Option<[u8; 16]> {
    let key = command.key.as_ref()?;
    Some(hash(&[
        command.actor.name.as_bytes(),
        command.actor.proof.as_str().as_bytes(),
        command.scope.as_bytes(),
        key.as_bytes(),
    ]))
}

/// What a command asks for. The revision it expects is no part of it: who repeats a wish may have looked again.
pub(super) fn wish_of(command: &Command) -> [u8; 16] {
    let action = serde_json::to_vec(&command.action).expect("text, numbers and lists are JSON");
    hash(&[&command.case.0.to_le_bytes(), &action])
}

fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, time: Timestamp) -> KeyRecord {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&number.to_be_bytes());
        KeyRecord {
            key,
            wish: [0; 16],
            time,
            done: Done {
                revision: 1,
                seq: 1,
                made: None,
            },
        }
    }

    #[test]
    fn keys_are_forgotten_by_age_and_by_number() {
        let mut keys = Keys::default();
        let begin = Timestamp(0);
        for number in 0..KEYS_MAX as u64 {
            assert!(keys.insert(record(number, begin)).is_empty());
        }
        assert_eq!(keys.insert(record(20_000, begin.plus(Span(1)))).len(), 1);
        let late = begin.plus(KEYS_KEPT).plus(Span(1));
        let gone = keys.insert(record(30_000, late));
        assert_eq!(
            gone.len(),
            KEYS_MAX - 1,
            "all but the one that is a day old"
        );
        assert!(keys.get(&record(20_000, begin).key, late).is_some());
        assert!(keys.get(&record(5, begin).key, late).is_none());
    }
}
