//! The open database: the only place that reads RocksDB, and the only one that writes it.

use std::fmt;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use rocksdb::{
    ColumnFamily, DB, DBPinnableSlice, DBRawIterator, ErrorKind, ReadOptions, WriteBatch,
    WriteOptions,
};
use serde::de::DeserializeOwned;

use super::codec;
use super::error::StoreError;
use super::key::Key;
use super::options::{self, StoreOptions};
use super::schema::Family;

/// One open RocksDB. The directory stays locked until the last reference is gone.
pub(super) struct Db {
    rocks: DB,
}

impl Db {
    /// Opens what is at `path`, or makes it.
    pub(super) fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        create_directory(path).map_err(|source| StoreError::CreateDirectory {
            path: path.into(),
            source,
        })?;
        DB::open_cf_descriptors(&options::database(), path, options::families(options))
            .map(|rocks| Self { rocks })
            .map_err(|source| {
                if is_locked(&source) {
                    StoreError::InUse { path: path.into() }
                } else {
                    StoreError::Open {
                        path: path.into(),
                        source,
                    }
                }
            })
    }

    /// Opens what is at `path` as it is now, without its lock: for a look, also beside the process that works on it.
    pub(super) fn open_read_only(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let mut database = options::database();
        database.create_if_missing(false);
        database.create_missing_column_families(false);
        // All tables are opened at once: those that compaction takes away stay readable.
        database.set_max_open_files(-1);
        DB::open_cf_descriptors_read_only(&database, path, options::families(options), false)
            .map(|rocks| Self { rocks })
            .map_err(|source| StoreError::Open {
                path: path.into(),
                source,
            })
    }

    pub(super) fn rocks(&self) -> &DB {
        &self.rocks
    }

    pub(super) fn family(&self, family: Family) -> &ColumnFamily {
        self.rocks
            .cf_handle(family.name())
            .expect("the database is opened with every column family")
    }

    /// The bytes under a key.
    pub(super) fn get(
        &self,
        family: Family,
        key: &Key,
    ) -> Result<Option<DBPinnableSlice<'_>>, StoreError> {
        self.rocks
            .get_pinned_cf(self.family(family), key)
            .map_err(|source| read(family, source))
    }

    /// The record under a key.
    pub(super) fn record<T: DeserializeOwned>(
        &self,
        family: Family,
        key: &Key,
    ) -> Result<Option<T>, StoreError> {
        self.get(family, key)?
            .map(|value| codec::decode(family, &value))
            .transpose()
    }

    /// Hands out each key and value of a range in key order.
    pub(super) fn scan(
        &self,
        family: Family,
        range: Range<Vec<u8>>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.scan_until(family, range, |key, value| {
            each(key, value).map(ControlFlow::Continue)
        })
    }

    /// The same, until `each` breaks.
    pub(super) fn scan_until(
        &self,
        family: Family,
        range: Range<Vec<u8>>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut entries = self.entries(family, range);
        entries.seek_to_first();
        while let Some((key, value)) = entries.item() {
            if each(key, value)?.is_break() {
                return Ok(());
            }
            entries.next();
        }
        entries.status().map_err(|source| read(family, source))
    }

    /// The last key of a range.
    pub(super) fn last_key(
        &self,
        family: Family,
        range: Range<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut entries = self.entries(family, range);
        entries.seek_to_last();
        let last = entries.key().map(<[u8]>::to_vec);
        entries.status().map_err(|source| read(family, source))?;
        Ok(last)
    }

    /// Whether nothing was ever written that is still there.
    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        for family in Family::ALL {
            if self.last_key(family, Vec::new()..vec![u8::MAX])?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An iterator over a range, which stands nowhere yet. It pins table files: let it go soon.
    pub(super) fn entries(&self, family: Family, range: Range<Vec<u8>>) -> DBRawIterator<'_> {
        let mut options = ReadOptions::default();
        options.set_iterate_range(range);
        self.rocks.raw_iterator_cf_opt(self.family(family), options)
    }

    /// Writes a batch whole or not at all. `synced`: returns when it is on the disk.
    pub(super) fn write(&self, batch: WriteBatch, synced: bool) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(synced);
        self.rocks
            .write_opt(batch, &options)
            .map_err(|source| StoreError::Write { source })
    }

    /// Writes what a family has in memory to a table.
    pub(super) fn flush(&self, family: Family) -> Result<(), StoreError> {
        let flushed = self.rocks.flush_cf(self.family(family));
        flushed.map_err(|source| StoreError::Write { source })
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("path", &self.rocks.path())
            .finish()
    }
}

pub(super) fn read(family: Family, source: rocksdb::Error) -> StoreError {
    StoreError::Read {
        family: family.name(),
        source,
    }
}

/// Makes a missing directory for its owner alone: alerts name people. One that is there keeps its rights.
fn create_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// RocksDB has no kind for it; its text names the file, both for another process and for this one.
fn is_locked(error: &rocksdb::Error) -> bool {
    error.kind() == ErrorKind::IOError
        && error.as_ref().contains("lock")
        && error.as_ref().contains("/LOCK")
}
