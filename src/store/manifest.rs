//! A look at RocksDB's files before it opens them. Two of its kindnesses would turn damage into silence: without a
//! `CURRENT` it makes a new database over what is there, and a manifest that ends within a record counts as one whose
//! writer died, so that a single wrong bit in a length hides all tables that were named behind it. What it doesn't know
//! of it then deletes.
//!
//! A manifest is a log: blocks of 32 KiB; in each, records of
//!
//! ```text
//! crc:u32  length:u16  type:u8  payload        little-endian; crc is the masked CRC-32C of type and payload
//! ```
//!
//! A block ends with zeros where no header fits. A writer that died leaves a record that is cut off, and nothing behind
//! it; rot leaves a record whose bytes are all there under another length, or whole records behind the broken one.

use std::fs;
use std::path::Path;

use super::error::StoreError;

const BLOCK: usize = 32 << 10;
const HEADER: usize = 7;

/// Refuses a directory whose database is there only in parts. `true`: there is a database.
pub(super) fn check(path: &Path) -> Result<bool, StoreError> {
    let Ok(current) = fs::read_to_string(path.join("CURRENT")) else {
        return match holds_tables(path) {
            true => Err(StoreError::Damaged {
                path: path.join("CURRENT"),
                what: "it is missing or unreadable, and there are tables",
            }),
            false => Ok(false),
        };
    };
    let manifest = path.join(current.trim_end());
    // What can't be read RocksDB tells in its own words.
    let bytes = fs::read(&manifest).unwrap_or_default();
    if is_rotten(&bytes) {
        return Err(StoreError::Damaged {
            path: manifest,
            what: "it has a broken record that no crash leaves",
        });
    }
    Ok(true)
}

fn holds_tables(path: &Path) -> bool {
    let files = fs::read_dir(path).into_iter().flatten().flatten();
    let mut names = files.map(|file| file.file_name());
    names.any(|name| name.to_string_lossy().ends_with(".sst"))
}

/// Whether it breaks off where no writer stopped. Other damage RocksDB finds.
fn is_rotten(log: &[u8]) -> bool {
    let mut at = 0;
    while at < log.len() {
        let left = BLOCK - at % BLOCK;
        if left < HEADER {
            at += left;
            continue;
        }
        match record_at(log, at) {
            Some(length) => at += HEADER + length,
            None => return !is_cut_off(log, at),
        }
    }
    false
}

/// The length of the whole record at a place.
fn record_at(log: &[u8], at: usize) -> Option<usize> {
    let header = log.get(at..at + HEADER)?;
    let length = usize::from(u16::from_le_bytes([header[4], header[5]]));
    let checked = log.get(at + 6..at + HEADER + length)?;
    let crc = checked
        .iter()
        .fold(u32::MAX, |crc, byte| extend(crc, *byte));
    (at % BLOCK + HEADER + length <= BLOCK && masked(crc) == said(header)).then_some(length)
}

/// Nothing that is whole begins at the place or behind it, whatever its length says.
fn is_cut_off(log: &[u8], at: usize) -> bool {
    let Some(header) = log.get(at..at + HEADER) else {
        return true;
    };
    let mut crc = u32::MAX;
    for byte in &log[at + 6..] {
        crc = extend(crc, *byte);
        if masked(crc) == said(header) {
            return false;
        }
    }
    (at + 1..log.len()).all(|place| !is_record(log, place))
}

/// A record of some length; zeros are none.
fn is_record(log: &[u8], at: usize) -> bool {
    record_at(log, at).is_some_and(|length| length > 0)
}

fn said(header: &[u8]) -> u32 {
    u32::from_le_bytes([header[0], header[1], header[2], header[3]])
}

fn masked(crc: u32) -> u32 {
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), a byte further.
fn extend(crc: u32, byte: u8) -> u32 {
    (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)]
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn log(payloads: &[&[u8]]) -> Vec<u8> {
        let mut log = Vec::new();
        for payload in payloads {
            let crc = extend(u32::MAX, 1);
            let crc = payload.iter().fold(crc, |crc, byte| extend(crc, *byte));
            log.extend(masked(crc).to_le_bytes());
            log.extend((payload.len() as u16).to_le_bytes());
            log.push(1);
            log.extend(*payload);
        }
        log
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        let crc = b"123456789"
            .iter()
            .fold(u32::MAX, |crc, byte| extend(crc, *byte));
        assert_eq!(!crc, 0xe306_9283);
    }

    #[test]
    fn what_a_crash_leaves_is_not_rotten_and_a_wrong_bit_is() {
        let whole = log(&[b"the first", b"the second", b"the third"]);
        for end in 0..=whole.len() {
            assert!(!is_rotten(&whole[..end]), "cut at {end}");
        }
        // In the length of the last record nothing follows, and in all others two records do.
        let lengths = [4, 5, 20, 21, 37, 38];
        for bit in lengths.into_iter().flat_map(|byte| byte * 8..byte * 8 + 8) {
            let mut rotten = whole.clone();
            rotten[bit / 8] ^= 1 << (bit % 8);
            assert!(is_rotten(&rotten), "bit {bit}");
        }
    }
}
