//! Output records as stored in the outbox, with the batch they belong to.
//!
//! ```text
//! version:u8  batch:varint  destination:u8  timestamp:signed  key:bytes
//! headers:varint (name:bytes value:bytes)*  0 | 1 value:rest
//! ```

use crate::ports::{Destination, OutputRecord};

use super::codec::{self, VERSION, corrupt};
use super::error::StoreError;
use super::pack::{Unpack, put_bytes, put_signed, put_varint};
use super::schema::Family;

/// Longest output record, as stored. The renderer promises a quarter of it; this is the guard behind that promise, so
/// that nothing can get in which no broker takes.
pub const OUTPUT_RECORD_BYTES_MAX: usize = 1 << 20;

/// Refuses records that no broker would take.
pub(super) fn check_lengths(records: &[OutputRecord]) -> Result<(), StoreError> {
    let bytes_max = OUTPUT_RECORD_BYTES_MAX;
    match records.iter().map(length).find(|bytes| *bytes > bytes_max) {
        Some(bytes) => Err(StoreError::OutputTooLarge { bytes, bytes_max }),
        None => Ok(()),
    }
}

fn length(record: &OutputRecord) -> usize {
    let headers: usize = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    record.key.len() + headers + record.value.as_ref().map_or(0, Vec::len)
}

pub(super) fn encode(batch_no: u64, record: &OutputRecord, out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
    put_varint(out, batch_no);
    out.push(match record.destination {
        Destination::Events => 0,
        Destination::State => 1,
        Destination::DeadLetters => 2,
        Destination::AuditHeads => 3,
    });
    put_signed(out, record.timestamp_ms);
    put_bytes(out, &record.key);
    put_varint(out, record.headers.len() as u64);
    for (name, value) in &record.headers {
        put_bytes(out, name.as_bytes());
        put_bytes(out, value);
    }
    out.push(record.value.is_some().into());
    out.extend_from_slice(record.value.as_deref().unwrap_or_default());
}

pub(super) fn decode(bytes: &[u8]) -> Result<(u64, OutputRecord), StoreError> {
    let body = codec::body(Family::Outbox, bytes)?;
    unpack(body).ok_or_else(|| corrupt(Family::Outbox, "an output record that does not read back"))
}

fn unpack(body: &[u8]) -> Option<(u64, OutputRecord)> {
    let mut unpack = Unpack::new(body);
    let batch_no = unpack.varint()?;
    let destination = match unpack.byte()? {
        0 => Destination::Events,
        1 => Destination::State,
        2 => Destination::DeadLetters,
        3 => Destination::AuditHeads,
        _ => return None,
    };
    let timestamp_ms = unpack.signed()?;
    let key = unpack.bytes()?.to_vec();
    let count: usize = unpack.number()?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((unpack.text()?.to_owned(), unpack.bytes()?.to_vec()));
    }
    let value = match (unpack.byte()?, unpack.rest()) {
        (0, []) => None,
        (1, rest) => Some(rest.to_vec()),
        _ => return None,
    };
    Some((
        batch_no,
        OutputRecord {
            destination,
            key,
            headers,
            value,
            timestamp_ms,
        },
    ))
}
