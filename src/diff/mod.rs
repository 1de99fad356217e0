//! Diff: two replay outputs side by side, to see what a policy would change before it is put in force.
//!
//! Cases have no common name across two replays, so they are matched by the alerts they hold. A case *holds* the rows
//! of `assignments.csv` that have its id and the disposition `case`; a redelivery (`duplicate`) is the same alert again
//! and is not held twice. All rules are exact:
//!
//! - The **overlap** of a case of A and one of B is the number of alerts that both hold.
//! - **Heirs**: the pairs of cases with an overlap are taken from the largest overlap down (then the larger share of all
//!   alerts of both, then by id), and each case is used once. What a case of A is paired with is its heir.
//! - A case of A is **split** when cases of B that overlap it are two or more, **vanished** when there is none. A case
//!   of B is **merged** when two or more of A overlap it, **appeared** when none does.
//! - What is left is one to one: the **same** alerts, or it **grew** (all of the old and more), **shrank** (nothing new
//!   and fewer), or **exchanged** some for others.
//! - An alert **changed case** when both outputs have it in a case, and B's is not the heir of A's. It **changed
//!   disposition** when the words differ.
//!
//! Rooms: `rows` walks both files in step, `overlap` counts and matches, `headers` knows titles and days; `compare` and
//! `workload` make the `report`, which is the outcome as data; `table` shows it to people.
//!
//! Memory: one entry for each case and each overlapping pair. A row that has no partner yet costs 50 to 100 bytes, and
//! there is none where both come from the same input.

mod rows;
mod overlap;
mod headers;
mod compare;
mod workload;
mod report;
mod table;

use std::path::{Path, PathBuf};

use headers::Headers;
use overlap::Overlap;
pub use report::Report;
pub use table::Table;

/// Why two outputs can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A file can't be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not what a replay writes.
    #[error("{path}:{line}: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
}

/// Compares the output directories `a` and `b`.
///
/// # Errors
/// The first file that can't be read or is not what a replay writes.
pub fn diff(a: &Path, b: &Path) -> Result<Report, DiffError> {
    let mut overlap = Overlap::default();
    let rows = rows::walk(a, b, &mut overlap)?;
    let headers = [Headers::read(a)?, Headers::read(b)?];
    Ok(compare::compare(rows, &overlap, headers))
}

impl DiffError {
    fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}
