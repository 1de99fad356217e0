//! Native ids that were met: tells a redelivery from an update from something new.
//!
//! Kept `dedup.ids_kept` of event time per scope and at most `dedup.ids_max` in all; when that is reached the oldest
//! hour of ids goes first, which is counted. An id that is forgotten is new when it comes again.

use std::collections::BTreeMap;
use std::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::alert::Alert;
use crate::ids::ScopeId;
use crate::record::IdentityRecord;
use crate::time::{Span, Timestamp};

/// The ids in memory.
#[derive(Debug)]
pub(crate) struct Identities {
    key: [u8; 16],
    met: HashTable<IdentityRecord>,
    /// Keys by hour of event time, so that the oldest can go together.
    hours: BTreeMap<(i64, ScopeId), Vec<[u8; 16]>>,
}

/// How an alert stands to what was met before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meeting {
    /// The same again.
    Redelivered(IdentityRecord),
    /// The same id with a newer time, count or status.
    Updated(IdentityRecord),
    /// Not met before, or forgotten.
    New,
}

impl Identities {
    /// None yet; `key` is the store's secret, so that nobody can craft an id that hides another.
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            met: HashTable::new(),
            hours: BTreeMap::new(),
        }
    }

    /// The key of a native id: SipHash-1-3 with 128 bits over scope, source and id, each ended by a byte that no
    /// text holds.
    pub(crate) fn key_of(&self, scope: ScopeId, source: &str, id: &str) -> [u8; 16] {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u32(scope.0);
        hasher.write(source.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(id.as_bytes());
        hasher.finish128().as_bytes()
    }

    /// Compares an alert with what was met under its key.
    pub(crate) fn meet(&self, key: &[u8; 16], alert: &Alert) -> Meeting {
        let Some(met) = self.met.find(short(key), |met| met.key == *key) else {
            return Meeting::New;
        };
        let newer = alert.updated > met.updated
            || alert.count > met.count
            || alert.lifecycle != met.lifecycle
            || (alert.updated.is_none() && alert.time > met.time);
        if newer {
            Meeting::Updated(*met)
        } else {
            Meeting::Redelivered(*met)
        }
    }

    /// Remembers a key, or what is new about it.
    pub(crate) fn remember(&mut self, record: IdentityRecord) {
        match self
            .met
            .find_mut(short(&record.key), |met| met.key == record.key)
        {
            Some(met) => {
                *met = IdentityRecord {
                    time: met.time,
                    ..record
                }
            }
            None => {
                self.met
                    .insert_unique(short(&record.key), record, |met| short(&met.key));
                self.hours
                    .entry((hour(record.time), record.scope))
                    .or_default()
                    .push(record.key);
            }
        }
    }

    /// Forgets what is older than `kept` before `now` in one scope; `before` was the last `now`.
    pub(crate) fn advance(
        &mut self,
        scope: ScopeId,
        before: Timestamp,
        now: Timestamp,
        kept: Span,
    ) {
        if hour(before) == hour(now) {
            return;
        }
        let oldest = hour(now.minus(kept));
        let due: Vec<_> = self
            .hours
            .keys()
            .filter(|(at, of)| *of == scope && *at < oldest)
            .copied()
            .collect();
        for bucket in due {
            self.drop_bucket(bucket);
        }
    }

    /// Brings the number down to `ids_max`; returns how many went early.
    pub(crate) fn shrink(&mut self, ids_max: usize) -> u64 {
        let mut evicted = 0;
        while self.met.len() > ids_max {
            let Some((&bucket, _)) = self.hours.first_key_value() else {
                break;
            };
            evicted += self.drop_bucket(bucket);
        }
        evicted
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.met.len()
    }

    fn drop_bucket(&mut self, bucket: (i64, ScopeId)) -> u64 {
        let keys = self.hours.remove(&bucket).unwrap_or_default();
        for key in &keys {
            if let Ok(entry) = self.met.find_entry(short(key), |met| met.key == *key) {
                entry.remove();
            }
        }
        keys.len() as u64
    }
}

/// The keys are hashes already: half of one serves the table.
fn short(key: &[u8; 16]) -> u64 {
    u64::from_le_bytes([
        key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7],
    ])
}

fn hour(time: Timestamp) -> i64 {
    time.0.div_euclid(Span::HOUR.0)
}
