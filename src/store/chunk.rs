//! Alert rows: all alerts of one activity in one batch are one value, so that a flood of thousands of alerts on one
//! activity is one put.
//!
//! ```text
//! version:u8  row*
//! row: flags:u8  time:signed  [topic:varint partition:signed]  offset:signed  [index:varint]  [id:bytes]
//! flags: bits 0-3  disposition + 1, 0: that of the activity's group
//!        bit 4     has a native id
//!        bit 5     topic and partition follow; else those of the row before
//!        bit 6     index follows; else 0
//!        bit 7     0
//! ```
//! Time and offset are differences to the row before (the first one: to 0), wrapping, so every value can be written. A
//! row takes at most 34 bytes and its id; alerts of one partition that arrive in order take about 4.

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::{Position, TopicId};
use caseloom_engine::time::Timestamp;

use super::codec::{self, VERSION};
use super::error::StoreError;
use super::pack::{Unpack, put_bytes, put_signed, put_varint};
use super::schema::Family;

const DISPOSITION: u8 = 0x0f;
const HAS_ID: u8 = 0x10;
const HAS_PARTITION: u8 = 0x20;
const HAS_INDEX: u8 = 0x40;
const UNUSED: u8 = 0x80;

/// One alert in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkRow<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) position: Position,
    pub(super) time: Timestamp,
    pub(super) disposition: Option<Disposition>,
}

/// What the next row is a difference to.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    time: i64,
    topic: TopicId,
    partition: i32,
    offset: i64,
}

/// Writes the rows of a chunk into a buffer.
#[derive(Debug)]
pub(super) struct ChunkWriter<'a> {
    out: &'a mut Vec<u8>,
    before: Before,
}

/// Reads the rows of a chunk, in the order written.
#[derive(Debug)]
pub(super) struct ChunkReader<'a> {
    unpack: Unpack<'a>,
    before: Before,
}

impl<'a> ChunkWriter<'a> {
    /// Begins a chunk in an emptied buffer.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        out.clear();
        out.push(VERSION);
        Self {
            out,
            before: Before::default(),
        }
    }

    pub(super) fn push(&mut self, row: &ChunkRow<'_>) {
        let Position {
            topic,
            partition,
            offset,
            index,
        } = row.position;
        let moved = (topic, partition) != (self.before.topic, self.before.partition);
        let disposition = row
            .disposition
            .map_or(0, |disposition| disposition as u8 + 1);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        self.out.push(
            disposition
                | flag(row.id.is_some(), HAS_ID)
                | flag(moved, HAS_PARTITION)
                | flag(index != 0, HAS_INDEX),
        );
        put_signed(self.out, row.time.0.wrapping_sub(self.before.time));
        if moved {
            put_varint(self.out, topic.0.into());
            put_signed(self.out, partition.into());
        }
        put_signed(self.out, offset.wrapping_sub(self.before.offset));
        if index != 0 {
            put_varint(self.out, index.into());
        }
        if let Some(id) = row.id {
            put_bytes(self.out, id.as_bytes());
        }
        self.before = Before {
            time: row.time.0,
            topic,
            partition,
            offset,
        };
    }
}

impl<'a> ChunkReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let body = codec::body(Family::Alerts, bytes)?;
        Ok(Self {
            unpack: Unpack::new(body),
            before: Before::default(),
        })
    }

    fn row(&mut self) -> Option<ChunkRow<'a>> {
        let flags = self.unpack.byte()?;
        if flags & UNUSED != 0 {
            return None;
        }
        let disposition = disposition(flags & DISPOSITION)?;
        let mut next = self.before;
        next.time = next.time.wrapping_add(self.unpack.signed()?);
        if flags & HAS_PARTITION != 0 {
            next.topic = TopicId(self.unpack.number()?);
            next.partition = i32::try_from(self.unpack.signed()?).ok()?;
        }
        next.offset = next.offset.wrapping_add(self.unpack.signed()?);
        let index = if flags & HAS_INDEX != 0 {
            self.unpack.number()?
        } else {
            0
        };
        let id = if flags & HAS_ID != 0 {
            Some(self.unpack.text()?)
        } else {
            None
        };
        self.before = next;
        let Before {
            time,
            topic,
            partition,
            offset,
        } = next;
        let position = Position {
            topic,
            partition,
            offset,
            index,
        };
        Some(ChunkRow {
            id,
            position,
            time: Timestamp(time),
            disposition,
        })
    }
}

impl<'a> Iterator for ChunkReader<'a> {
    type Item = Result<ChunkRow<'a>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.unpack.is_empty() {
            return None;
        }
        let row = self.row();
        if row.is_none() {
            self.unpack = Unpack::new(&[]);
        }
        Some(row.ok_or_else(|| codec::corrupt(Family::Alerts, "a chunk that does not read back")))
    }
}

/// The disposition of a code, where `Some(None)` is that of the group.
fn disposition(code: u8) -> Option<Option<Disposition>> {
    match code.checked_sub(1) {
        None => Some(None),
        Some(number) => Disposition::ALL.get(usize::from(number)).copied().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Id, position, time, number of the disposition.
    type Plain = (Option<String>, (u16, i32, i64, u32), i64, Option<u8>);

    fn row((id, (topic, partition, offset, index), time, disposition): &Plain) -> ChunkRow<'_> {
        ChunkRow {
            id: id.as_deref(),
            position: Position {
                topic: TopicId(*topic),
                partition: *partition,
                offset: *offset,
                index: *index,
            },
            time: Timestamp(*time),
            disposition: disposition
                .as_ref()
                .map(|number| Disposition::ALL[usize::from(*number) % 9]),
        }
    }

    fn written(rows: &[Plain]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = ChunkWriter::new(&mut out);
        rows.iter().for_each(|plain| writer.push(&row(plain)));
        out
    }

    proptest! {
        #[test]
        fn chunks_read_back(rows: Vec<Plain>) {
            let bytes = written(&rows);
            let read: Vec<_> = ChunkReader::new(&bytes).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(read, rows.iter().map(row).collect::<Vec<_>>());
        }

        #[test]
        fn broken_bytes_end_in_an_error(mut bytes: Vec<u8>) {
            bytes.insert(0, VERSION);
            let errors = ChunkReader::new(&bytes).unwrap().filter(Result::is_err).count();
            prop_assert!(errors <= 1);
        }
    }

    #[test]
    fn the_longest_row_is_within_64_bytes_and_its_id() {
        let farthest: Plain = (
            None,
            (u16::MAX, i32::MIN, i64::MIN, u32::MAX),
            i64::MIN,
            Some(8),
        );
        assert_eq!(written(&[farthest]).len(), 1 + 34);
    }

    #[test]
    fn alerts_in_order_take_few_bytes() {
        let rows: Vec<Plain> = (0..1_000)
            .map(|n| (None, (1, 3, 5_000 + n, 0), 1_643_068_801_000 + 15 * n, None))
            .collect();
        assert!(written(&rows).len() < 1_000 * 4);
    }
}
