//! What can go wrong in the store. [`StoreError::is_fatal`] tells what ends the process from what ends a request.

use std::path::PathBuf;

/// Why the store can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock of the data directory. Remedy: stop it, or give this one another
    /// `[store] path`.
    #[error("the store at {path} is in use by another process")]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The data directory can't be made. Remedy: rights and space of its parent.
    #[error("cannot create the store's directory {path}")]
    CreateDirectory {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// RocksDB refuses to open what is there.
    #[error("cannot open store at {path}")]
    Open {
        /// The data directory.
        path: PathBuf,
        /// What RocksDB said.
        source: rocksdb::Error,
    },
    /// A file of the database is not what RocksDB left. Remedy: restore a backup, and check the disk.
    #[error("the store is damaged: {path}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The system gave no random bytes for a new store's lineage and hash key.
    #[error("no random bytes from the system for a new store: {0}")]
    Random(getrandom::Error),
    /// The store was made by a later version. Remedy: run that version, or restore an older backup.
    #[error(
        "the store has schema {found}, this version knows schemas up to {known}: run the version that made it, or a later one"
    )]
    UnknownSchema {
        /// The schema found in the store.
        found: u32,
        /// The schema of this version.
        known: u32,
    },
    /// The store was made by an earlier version, and is opened only to be read. Remedy: start the daemon on it once.
    #[error(
        "the store has schema {found}, older than this version's {known}: caseloom run brings it there when it starts"
    )]
    OldSchema {
        /// The schema found in the store.
        found: u32,
        /// The schema of this version.
        known: u32,
    },
    /// A value was written by a later version. Remedy: run that version.
    #[error(
        "column family {family} holds a value of format {version}, which this version does not know"
    )]
    UnknownVersion {
        /// The column family.
        family: &'static str,
        /// The format found.
        version: u8,
    },
    /// A value or key is not what its format says. Remedy: restore a backup, and check the disk.
    #[error("column family {family} holds a broken value: {what}")]
    Corrupt {
        /// The column family.
        family: &'static str,
        /// What was expected.
        what: &'static str,
    },
    /// A value can't be written in its format; a mistake in the program.
    #[error("cannot encode a value for column family {family}: {source}")]
    Encode {
        /// The column family.
        family: &'static str,
        /// What the codec said.
        source: postcard::Error,
    },
    /// A read failed.
    #[error("cannot read column family {family}")]
    Read {
        /// The column family.
        family: &'static str,
        /// What RocksDB said.
        source: rocksdb::Error,
    },
    /// A write or its fsync failed. Never tried again: after a failed fsync nobody knows what is on the disk. Remedy:
    /// exit with 75 and start again, which replays what is there.
    #[error("cannot write to the store")]
    Write {
        /// What RocksDB said.
        source: rocksdb::Error,
    },
    /// A flush or a compaction failed. Remedy: space, and a look at the disk; then start again.
    #[error("the store met an error in the background: {0}")]
    Background(String),
    /// A copy can't be made.
    #[error("cannot copy the store to {path}")]
    Copy {
        /// Where to.
        path: PathBuf,
        /// What RocksDB said.
        source: rocksdb::Error,
    },
    /// An earlier write failed, so nothing is written any more until the store is opened again.
    #[error("the store takes no writes since one failed")]
    Stopped,
    /// An output record is above [`super::OUTPUT_RECORD_BYTES_MAX`]; nothing of its batch was written.
    #[error("an output record of {bytes} bytes is above the limit of {bytes_max}")]
    OutputTooLarge {
        /// Its length as stored.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A page's cursor was not made by this store for this case. Remedy: begin at the first page.
    #[error("the cursor is not one of this case")]
    InvalidCursor,
}

impl StoreError {
    /// Whether the process must end: everything but a refused request.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::InvalidCursor)
    }
}
