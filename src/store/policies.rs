//! Policies as stored: the time, and the policy as JSON, by name. A policy gets keys with most versions; what is written
//! by position could not be read back by the next one, and what is in force is told anew at each start anyway.

use caseloom_engine::policy::Policy;
use caseloom_engine::record::PolicyRecord;
use caseloom_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::codec::{self, corrupt};
use super::db::Db;
use super::error::StoreError;
use super::puts::Puts;
use super::schema::{self, Family, name};

#[derive(Serialize, Deserialize)]
struct Stored {
    since: Timestamp,
    policy: String,
}

/// Puts it as the one in force, and among all that were.
pub(super) fn put(puts: &mut Puts<'_>, record: &PolicyRecord) -> Result<(), StoreError> {
    let stored = Stored {
        since: record.since,
        policy: serde_json::to_string(&record.policy)
            .map_err(|_| corrupt(Family::State, "a policy that JSON can't say"))?,
    };
    let key = schema::policy(&record.policy.version);
    puts.record(Family::State, &key, &stored)?;
    puts.record(Family::Meta, &schema::meta(name::POLICY), &stored)
}

/// Reads one back.
pub(super) fn decode(family: Family, bytes: &[u8]) -> Result<PolicyRecord, StoreError> {
    let stored: Stored = codec::decode(family, bytes)?;
    let policy: Policy = serde_json::from_str(&stored.policy)
        .map_err(|_| corrupt(family, "a policy that does not read back"))?;
    Ok(PolicyRecord {
        since: stored.since,
        policy,
    })
}

/// The one in force; `None`: the store was never told.
pub(super) fn in_force(db: &Db) -> Result<Option<PolicyRecord>, StoreError> {
    let stored = db.get(Family::Meta, &schema::meta(name::POLICY))?;
    stored.map(|bytes| decode(Family::Meta, &bytes)).transpose()
}
