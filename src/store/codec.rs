//! Values: the first byte is the format's version, the rest is postcard. Alert rows and output records have packed
//! formats of their own (`chunk`, `output`) with the same first byte.
//!
//! Postcard writes fields in their order and without names: a change of a record's fields changes the format. The
//! test `formats_stay` fails then, and whoever changes it raises [`VERSION`] and reads both.

use serde::Serialize;
use serde::de::DeserializeOwned;

use caseloom_engine::alert::Lifecycle;
use caseloom_engine::ids::{ActivityId, GroupId, ScopeId};
use caseloom_engine::record::IdentityRecord;
use caseloom_engine::time::Timestamp;

use super::error::StoreError;
use super::key;
use super::schema::Family;

/// The format that this version writes, and the only one it reads so far.
pub(super) const VERSION: u8 = 1;

/// Writes a value into an emptied buffer.
pub(super) fn encode<T: Serialize>(
    family: Family,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    out.clear();
    out.push(VERSION);
    let encoded = postcard::to_extend(value, std::mem::take(out));
    *out = encoded.map_err(|source| StoreError::Encode {
        family: family.name(),
        source,
    })?;
    Ok(())
}

/// Reads a value; nothing may follow it.
pub(super) fn decode<T: DeserializeOwned>(family: Family, bytes: &[u8]) -> Result<T, StoreError> {
    let body = body(family, bytes)?;
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(corrupt(family, "bytes behind the end of a record")),
        Err(_) => Err(corrupt(family, "a record that does not read back")),
    }
}

/// What follows the version, which must be known.
pub(super) fn body(family: Family, bytes: &[u8]) -> Result<&[u8], StoreError> {
    match bytes.split_first() {
        Some((&VERSION, body)) => Ok(body),
        Some((&version, _)) => Err(StoreError::UnknownVersion {
            family: family.name(),
            version,
        }),
        None => Err(corrupt(family, "an empty value")),
    }
}

pub(super) fn corrupt(family: Family, what: &'static str) -> StoreError {
    StoreError::Corrupt {
        family: family.name(),
        what,
    }
}

/// An identity without what its key says already: there is one per alert, so its bytes count.
type IdentityValue = (
    Timestamp,
    ActivityId,
    GroupId,
    u32,
    Option<Timestamp>,
    Lifecycle,
);

pub(super) fn encode_identity(
    identity: &IdentityRecord,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let IdentityRecord {
        scope: _,
        key: _,
        time,
        activity,
        group,
        count,
        updated,
        lifecycle,
    } = *identity;
    let value: IdentityValue = (time, activity, group, count, updated, lifecycle);
    encode(Family::Dedup, &value, out)
}

pub(super) fn decode_identity(
    scope: ScopeId,
    key: &[u8],
    bytes: &[u8],
) -> Result<IdentityRecord, StoreError> {
    let (time, activity, group, count, updated, lifecycle): IdentityValue =
        decode(Family::Dedup, bytes)?;
    let key = key::part(Family::Dedup, key, 0)?;
    Ok(IdentityRecord {
        scope,
        key,
        time,
        activity,
        group,
        count,
        updated,
        lifecycle,
    })
}
