//! Both `assignments.csv` in step: which row of A is which row of B.
//!
//! Replays of one input have the same ids in the same order, and then each line is compared with the line beside it. A
//! row without its partner there waits under a 128-bit hash of its id until the other file brings it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

use super::DiffError;
use super::overlap::{Cell, Overlap, Side};

const HEADER: &[u8] = b"alert_id,case_id,disposition\n";

/// How many rows had a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowCounts {
    pub(super) both: u64,
    pub(super) only_a: u64,
    pub(super) only_b: u64,
}

/// Reads both files and tells `overlap` of each row.
pub(super) fn walk(a: &Path, b: &Path, overlap: &mut Overlap) -> Result<RowCounts, DiffError> {
    let mut files = [Assignments::open(a)?, Assignments::open(b)?];
    let mut waiting = Waiting::default();
    loop {
        let [left, right] = &mut files;
        match (left.next()?, right.next()?) {
            (None, None) => break,
            (Some(row), Some(twin)) if row.id == twin.id => {
                let pair = [
                    overlap.cell(Side::A, row.case, row.disposition),
                    overlap.cell(Side::B, twin.case, twin.disposition),
                ];
                overlap.pair(pair);
                waiting.counts.both += 1;
            }
            (row, twin) => {
                for (side, row) in [(Side::A, row), (Side::B, twin)] {
                    let Some(row) = row else { continue };
                    let cell = overlap.cell(side, row.case, row.disposition);
                    waiting.meet(side, row.id, cell, overlap);
                }
            }
        }
    }
    Ok(waiting.finish())
}

/// Rows whose partner has not come yet. An id that comes twice in one file has its rows paired in their order.
#[derive(Default)]
struct Waiting {
    rows: HashMap<(u128, u32), (Side, Cell), RandomState>,
    counts: RowCounts,
}

impl Waiting {
    fn meet(&mut self, side: Side, id: &[u8], cell: Cell, overlap: &mut Overlap) {
        let hash = blake3::hash(id);
        let half: [u8; 16] = std::array::from_fn(|at| hash.as_bytes()[at]);
        let mut key = (u128::from_le_bytes(half), 0);
        let mut last = None;
        while let Some((other, _)) = self.rows.get(&key) {
            if *other == side {
                key.1 += 1;
                continue;
            }
            last = Some(key);
            key.1 += 1;
        }
        // The last of them is taken, so that no hole is left before the others: which of equal ids is paired with
        // which can't be told anyway.
        match last.and_then(|key| self.rows.remove(&key)) {
            Some((Side::A, first)) => overlap.pair([first, cell]),
            Some((Side::B, first)) => overlap.pair([cell, first]),
            None => {
                self.rows.insert(key, (side, cell));
                return;
            }
        }
        self.counts.both += 1;
    }

    /// What never found a partner is in one file only.
    fn finish(mut self) -> RowCounts {
        let of_a = self.rows.values().filter(|(side, _)| *side == Side::A);
        self.counts.only_a = of_a.count() as u64;
        self.counts.only_b = self.rows.len() as u64 - self.counts.only_a;
        self.counts
    }
}

/// One `assignments.csv`.
struct Assignments {
    path: PathBuf,
    reader: BufReader<File>,
    record: Vec<u8>,
    line: u64,
}

/// One row, the id as it is written.
struct Row<'a> {
    id: &'a [u8],
    case: &'a str,
    disposition: &'a str,
}

impl Assignments {
    fn open(directory: &Path) -> Result<Self, DiffError> {
        let path = directory.join("assignments.csv");
        let file = File::open(&path).map_err(DiffError::read(&path))?;
        let mut file = Self {
            path,
            reader: BufReader::with_capacity(1 << 17, file),
            record: Vec::new(),
            line: 0,
        };
        file.read()?;
        match file.record == HEADER {
            true => Ok(file),
            false => Err(file.malformed("expected alert_id,case_id,disposition")),
        }
    }

    fn next(&mut self) -> Result<Option<Row<'_>>, DiffError> {
        if !self.read()? {
            return Ok(None);
        }
        let record = self.record.strip_suffix(b"\n").unwrap_or(&self.record);
        // From the end: only the id can hold commas, and then it is quoted.
        let mut fields = record.rsplitn(3, |byte| *byte == b',');
        let mut word = || {
            fields
                .next()
                .and_then(|field| std::str::from_utf8(field).ok())
        };
        let (disposition, case) = (word(), word());
        match (fields.next(), case, disposition) {
            (Some(id), Some(case), Some(disposition)) => Ok(Some(Row {
                id,
                case,
                disposition,
            })),
            _ => Err(self.malformed("expected three fields")),
        }
    }

    /// Reads one record, which goes on over lines while a quote is open. False at the end of the file.
    fn read(&mut self) -> Result<bool, DiffError> {
        self.record.clear();
        loop {
            let count = self
                .reader
                .read_until(b'\n', &mut self.record)
                .map_err(DiffError::read(&self.path))?;
            self.line += 1;
            let quotes = self.record.iter().filter(|byte| **byte == b'"').count();
            if count == 0 && quotes % 2 == 1 {
                return Err(self.malformed("a quote is not closed"));
            }
            if count == 0 || quotes % 2 == 0 {
                return Ok(!self.record.is_empty());
            }
        }
    }

    fn malformed(&self, problem: &str) -> DiffError {
        DiffError::Malformed {
            path: self.path.clone(),
            line: self.line,
            problem: problem.into(),
        }
    }
}
