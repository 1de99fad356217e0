//! From the reader's batches to the pipeline's, which ask for other sizes.

use crate::ports::{Record, RecordBatch};

/// Up to where a batch may be filled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub records_end: usize,
    pub bytes_end: usize,
}

impl Room {
    pub(super) fn is_full(self, batch: &RecordBatch) -> bool {
        batch.records.len() >= self.records_end || batch.bytes.len() >= self.bytes_end
    }
}

/// A batch of the reader's, of which the records before `next` were handed out.
#[derive(Debug)]
pub(super) struct Carry {
    batch: RecordBatch,
    next: usize,
}

impl Carry {
    pub(super) fn new(batch: RecordBatch) -> Self {
        Self { batch, next: 0 }
    }

    /// The batch, for its buffers.
    pub(super) fn into_batch(self) -> RecordBatch {
        self.batch
    }

    /// Moves records into `out` while there is room. Returns whether nothing is left.
    pub(super) fn hand_out(&mut self, room: Room, out: &mut RecordBatch) -> bool {
        if self.fits_whole(room, out) {
            std::mem::swap(&mut self.batch.records, &mut out.records);
            std::mem::swap(&mut self.batch.bytes, &mut out.bytes);
            return true;
        }
        while let Some(record) = self.batch.records.get(self.next) {
            if room.is_full(out) {
                return false;
            }
            append(*record, &self.batch.bytes, out);
            self.next += 1;
        }
        true
    }

    fn fits_whole(&self, room: Room, out: &RecordBatch) -> bool {
        let untouched = self.next == 0 && out.records.is_empty() && out.bytes.is_empty();
        untouched
            && self.batch.records.len() <= room.records_end
            && self.batch.bytes.len() <= room.bytes_end
    }
}

fn append(record: Record, bytes: &[u8], out: &mut RecordBatch) {
    let length = record.length.unwrap_or(0) + record.headers_length;
    out.records.push(Record {
        start: out.bytes.len(),
        ..record
    });
    out.bytes
        .extend_from_slice(&bytes[record.start..record.start + length]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use caseloom_engine::alert::TopicId;

    fn batch(values: &[Option<&str>]) -> RecordBatch {
        let mut batch = RecordBatch::default();
        for (offset, value) in (0..).zip(values) {
            let record = Record {
                topic: TopicId(0),
                partition: 0,
                offset,
                timestamp_ms: None,
                start: batch.bytes.len(),
                length: value.map(str::len),
                headers_length: 0,
            };
            batch.records.push(record);
            batch
                .bytes
                .extend_from_slice(value.unwrap_or_default().as_bytes());
        }
        batch
    }

    #[test]
    fn headers_go_along_with_their_record() {
        let mut whole = batch(&[Some("a")]);
        whole.push_header("ce_type", b"t");
        let other = batch(&[Some("bcd")]);
        whole.records.push(Record {
            start: whole.bytes.len(),
            ..other.records[0]
        });
        whole.bytes.extend_from_slice(&other.bytes);
        let mut out = batch(&[None]);
        let room = Room {
            records_end: 10,
            bytes_end: 100,
        };
        assert!(Carry::new(whole).hand_out(room, &mut out));
        let headers = |index: usize| out.headers(&out.records[index]).collect::<Vec<_>>();
        assert_eq!(headers(1), [("ce_type", b"t".as_slice())]);
        assert_eq!((headers(0), headers(2)), (vec![], vec![]));
        assert_eq!(values(&out)[2].1, Some(b"bcd".as_slice()));
    }

    fn values(batch: &RecordBatch) -> Vec<(i64, Option<&[u8]>)> {
        let value = |record: &Record| record.length.map(|_| batch.value(record));
        batch
            .records
            .iter()
            .map(|record| (record.offset, value(record)))
            .collect()
    }

    #[test]
    fn a_batch_is_handed_out_in_parts() {
        let all = [Some("a"), None, Some(""), Some("bcd"), Some("e")];
        let whole = batch(&all);
        for part in 1..=6 {
            let mut carry = Carry::new(batch(&all));
            let mut out = RecordBatch::default();
            let mut parts = 1;
            while !carry.hand_out(
                Room {
                    records_end: part * parts,
                    bytes_end: 100,
                },
                &mut out,
            ) {
                parts += 1;
            }
            assert_eq!(values(&out), values(&whole), "{part} at a time");
        }
    }

    #[test]
    fn a_batch_that_fits_is_not_copied() {
        let mut carry = Carry::new(batch(&[Some("abc")]));
        let (address, mut out) = (carry.batch.bytes.as_ptr(), RecordBatch::default());
        assert!(carry.hand_out(
            Room {
                records_end: 10,
                bytes_end: 10
            },
            &mut out
        ));
        assert_eq!(out.bytes.as_ptr(), address);
    }

    #[test]
    fn one_large_message_is_handed_out_though_it_exceeds_the_bytes() {
        let mut carry = Carry::new(batch(&[Some("abcdef"), Some("g")]));
        let mut out = RecordBatch::default();
        assert!(!carry.hand_out(
            Room {
                records_end: 10,
                bytes_end: 3
            },
            &mut out
        ));
        assert_eq!(out.records.len(), 1);
    }
}
