//! Native ids that were met: tells a redelivery from an update from something new.
//!
//! Known for `dedup.ids_kept` of event time per scope, to the millisecond, and at most `dedup.ids_max` in all; when that
//! is reached the oldest goes first, which is counted. An id that is forgotten is new when it comes again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::alert::Alert;
use crate::ids::{ActivityId, GroupId, ScopeId};
use crate::record::IdentityRecord;
use crate::time::{Span, Timestamp};

/// The ids in memory.
#[derive(Debug)]
pub(crate) struct Identities {
    key: [u8; 16],
    met: HashTable<IdentityRecord>,
    /// Keys by hour of event time, so that those too old to be known go together. A key that was forgotten and met
    /// again also stands in its old hour until that goes.
    hours: BTreeMap<(ScopeId, i64), VecDeque<[u8; 16]>>,
    /// The hours of all scopes, the oldest first.
    oldest: BTreeSet<(i64, ScopeId)>,
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
            oldest: BTreeSet::new(),
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

    /// Compares an alert with what was met under its key at or after `since`.
    pub(crate) fn meet(&self, key: &[u8; 16], alert: &Alert, since: Timestamp) -> Meeting {
        let met = self.met.find(short(key), |met| met.key == *key);
        let Some(met) = met.filter(|met| met.time >= since) else {
            return Meeting::New;
        };
        if is_news(met, alert) {
            Meeting::Updated(*met)
        } else {
            Meeting::Redelivered(*met)
        }
    }

    /// Remembers a key, or what is new about it.
    pub(crate) fn remember(&mut self, record: IdentityRecord) {
        let hash = short(&record.key);
        let known = self.met.find_mut(hash, |met| met.key == record.key);
        let same_hour = known
            .as_ref()
            .is_some_and(|met| bucket(met) == bucket(&record));
        match known {
            Some(met) => *met = record,
            None => {
                self.met.insert_unique(hash, record, |met| short(&met.key));
            }
        }
        if !same_hour {
            let (scope, hour) = bucket(&record);
            self.oldest.insert((hour, scope));
            self.hours
                .entry((scope, hour))
                .or_default()
                .push_back(record.key);
        }
    }

    /// Forgets what is older than `kept` before `now` in one scope, by whole hours; `before` was the last `now`.
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
        let too_old = (scope, i64::MIN)..(scope, hour(now.minus(kept)));
        while let Some((&(_, hour), _)) = self.hours.range(too_old.clone()).next() {
            for key in self.hours.remove(&(scope, hour)).unwrap_or_default() {
                self.forget(&key, (scope, hour));
            }
            self.oldest.remove(&(hour, scope));
        }
    }

    /// Brings the number down to `ids_max`; returns how many went early.
    pub(crate) fn shrink(&mut self, ids_max: usize) -> u64 {
        let mut evicted = 0;
        while self.met.len() > ids_max {
            let Some(&(hour, scope)) = self.oldest.first() else {
                break;
            };
            let keys = self.hours.get_mut(&(scope, hour));
            match keys.and_then(VecDeque::pop_front) {
                Some(key) => evicted += u64::from(self.forget(&key, (scope, hour))),
                None => {
                    self.hours.remove(&(scope, hour));
                    self.oldest.remove(&(hour, scope));
                }
            }
        }
        evicted
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.met.len()
    }

    /// Forgets a key, unless it was met again in another hour.
    fn forget(&mut self, key: &[u8; 16], stood: (ScopeId, i64)) -> bool {
        let stands = |met: &IdentityRecord| met.key == *key && bucket(met) == stood;
        let Ok(entry) = self.met.find_entry(short(key), stands) else {
            return false;
        };
        entry.remove();
        true
    }
}

impl IdentityRecord {
    /// Whether a silence kept it out: what is counted and in no group.
    pub(crate) fn is_suppressed(&self) -> bool {
        self.group == GroupId(0) && self.activity != ActivityId(0)
    }

    /// The record after a newer version of the alert was met.
    pub(crate) fn renewed(self, alert: &Alert) -> Self {
        let newer = version_of(alert) > version(&self);
        let current = version_of(alert) >= version(&self);
        Self {
            count: self.count.max(alert.count),
            updated: if newer {
                Some(version_of(alert))
            } else {
                self.updated
            },
            lifecycle: if current {
                alert.lifecycle
            } else {
                self.lifecycle
            },
            ..self
        }
    }
}

/// Whether the alert is newer than what was met: by its time, its count, or its status where its time is not older.
fn is_news(met: &IdentityRecord, alert: &Alert) -> bool {
    version_of(alert) > version(met)
        || alert.count > met.count
        || (alert.lifecycle != met.lifecycle && version_of(alert) == version(met))
}

/// When the product last changed an alert; where it doesn't say, when that happened.
fn version_of(alert: &Alert) -> Timestamp {
    alert.updated.unwrap_or(alert.time)
}

fn version(met: &IdentityRecord) -> Timestamp {
    met.updated.unwrap_or(met.time)
}

/// The keys are hashes already: half of one serves the table.
fn short(key: &[u8; 16]) -> u64 {
    u64::from_le_bytes([
        key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7],
    ])
}

fn bucket(met: &IdentityRecord) -> (ScopeId, i64) {
    (met.scope, hour(met.time))
}

fn hour(time: Timestamp) -> i64 {
    time.0.div_euclid(Span::HOUR.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Lifecycle;
    use crate::ids::{ActivityId, GroupId};

    fn met(number: u8, scope: u32, hour: i64) -> IdentityRecord {
        IdentityRecord {
            scope: ScopeId(scope),
            key: [number; 16],
            time: Timestamp(Span::HOUR.times(hour).0),
            activity: ActivityId(1),
            group: GroupId(1),
            count: 1,
            updated: None,
            lifecycle: Lifecycle::Active,
        }
    }

    fn known(ids: &Identities, number: u8) -> bool {
        ids.met
            .find(short(&[number; 16]), |met| met.key == [number; 16])
            .is_some()
    }

    #[test]
    fn too_many_ids_go_one_by_one_the_oldest_first() {
        let mut ids = Identities::new([0; 16]);
        for (number, scope, hour) in [(1, 0, 7), (2, 1, 5), (3, 0, 7), (4, 0, 9)] {
            ids.remember(met(number, scope, hour));
        }
        assert_eq!(ids.shrink(2), 2);
        assert_eq!(
            [1, 2, 3, 4].map(|number| known(&ids, number)),
            [false, false, true, true]
        );
    }

    #[test]
    fn an_id_met_again_does_not_go_with_its_old_hour() {
        let mut ids = Identities::new([0; 16]);
        ids.remember(met(1, 0, 1));
        ids.remember(met(1, 0, 30));
        let (before, now) = (met(1, 0, 30).time, met(1, 0, 31).time);
        ids.advance(ScopeId(0), before, now, Span::DAY);
        assert!(known(&ids, 1));
        ids.advance(ScopeId(0), now, met(1, 0, 60).time, Span::DAY);
        assert_eq!((ids.len(), ids.hours.len(), ids.oldest.len()), (0, 0, 0));
    }
}
