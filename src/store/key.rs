//! Keys: how numbers become bytes that sort like them. Which keys there are is in `schema`.

use std::ops::Range;

use super::codec::corrupt;
use super::error::StoreError;
use super::schema::Family;

/// The only shard of this version.
const SHARD: u16 = 0;
/// In place of the shard: the feed, whose entries stand in the outbox's family and must not be in its ranges.
const FEED: u16 = 0xFFFE;

/// A key under construction and afterwards; lives on the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

impl Key {
    /// The longest key is that of a raw message, with 32 bytes.
    const BYTES_MAX: usize = 32;

    pub(super) fn new() -> Self {
        Self {
            bytes: [0; Self::BYTES_MAX],
            length: 0,
        }
        .with(&SHARD.to_be_bytes())
    }

    /// The beginning of all keys of the feed.
    pub(super) fn feed() -> Self {
        Self {
            bytes: [0; Self::BYTES_MAX],
            length: 0,
        }
        .with(&FEED.to_be_bytes())
        .with(&SHARD.to_be_bytes())
    }

    pub(super) fn with(mut self, part: &[u8]) -> Self {
        let end = self.length + part.len();
        self.bytes[self.length..end].copy_from_slice(part);
        self.length = end;
        self
    }

    pub(super) fn day(self, day: i32) -> Self {
        self.with(&(day ^ i32::MIN).to_be_bytes())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.as_ref().to_vec()
    }

    /// All keys that begin with this one.
    pub(super) fn range(&self) -> Range<Vec<u8>> {
        self.bytes()..self.successor()
    }

    /// The first key behind all those that begin with this one.
    pub(super) fn successor(&self) -> Vec<u8> {
        let mut bytes = self.bytes();
        while let Some(last) = bytes.pop() {
            if last < u8::MAX {
                bytes.push(last + 1);
                return bytes;
            }
        }
        unreachable!("a key begins with the shard, which is below the highest number")
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The `N` bytes of a stored key that end `behind` bytes before its end.
pub(super) fn part<const N: usize>(
    family: Family,
    key: &[u8],
    behind: usize,
) -> Result<[u8; N], StoreError> {
    let part = key
        .len()
        .checked_sub(behind + N)
        .and_then(|start| key.get(start..start + N));
    part.and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| corrupt(family, "a key that is too short"))
}

/// The last eight bytes of a stored key as a number.
pub(super) fn last_number(family: Family, key: &[u8]) -> Result<u64, StoreError> {
    part(family, key, 0).map(u64::from_be_bytes)
}

/// The day in a stored key of a family that is kept by day, whose keys go on for `behind` bytes.
pub(super) fn day(family: Family, key: &[u8], behind: usize) -> Result<i32, StoreError> {
    part(family, key, behind).map(|bytes| i32::from_be_bytes(bytes) ^ i32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_sort_as_numbers() {
        let days = [i32::MIN, -1, 0, 1, 19_000, i32::MAX];
        let keys = days.map(|day| Key::new().day(day).as_ref().to_vec());
        assert!(keys.is_sorted());
        let read = keys.map(|key| day(Family::Dedup, &key, 0).unwrap());
        assert_eq!(read, days);
    }

    #[test]
    fn the_successor_carries() {
        let key = Key::new().with(&[7, u8::MAX, u8::MAX]);
        assert_eq!(key.successor(), [0, 0, 8]);
    }

    #[test]
    fn parts_are_read_from_the_end() {
        let key = Key::new().with(&[1, 2, 3]);
        assert_eq!(part(Family::Raw, key.as_ref(), 1).unwrap(), [1, 2]);
        assert!(part::<8>(Family::Raw, key.as_ref(), 0).is_err());
    }
}
