//! Health: what a probe and the metrics ask RocksDB.

use rocksdb::properties::{
    BACKGROUND_ERRORS, BLOCK_CACHE_USAGE, CUR_SIZE_ALL_MEM_TABLES,
    ESTIMATE_PENDING_COMPACTION_BYTES, IS_WRITE_STOPPED, PropName, TOTAL_SST_FILES_SIZE,
};

use super::error::StoreError;
use super::query::StoreReader;
use super::schema::Family;

/// How the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Errors of flushes and compactions since it was opened; above 0 the store is not to be trusted with more.
    pub background_errors: u64,
    /// Whether writes wait until compaction has caught up.
    pub is_write_stopped: bool,
    /// Bytes of all tables on disk.
    pub table_bytes: u64,
    /// Bytes of all write buffers.
    pub write_buffer_bytes: u64,
    /// Bytes of the block cache in use.
    pub block_cache_bytes: u64,
    /// Bytes that compaction has still to rewrite.
    pub compaction_bytes: u64,
}

impl Health {
    /// Whether writes can be expected to succeed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.background_errors == 0 && !self.is_write_stopped
    }
}

impl StoreReader {
    /// How the store is; cheap enough for each scrape.
    ///
    /// # Errors
    /// When RocksDB does not say.
    pub fn health(&self) -> Result<Health, StoreError> {
        // Errors and stops are told by each family for the whole database; so is the cache, which they share.
        let of_database = |property| self.property(Family::Meta, property);
        Ok(Health {
            background_errors: of_database(BACKGROUND_ERRORS)?,
            is_write_stopped: of_database(IS_WRITE_STOPPED)? != 0,
            table_bytes: self.sum(TOTAL_SST_FILES_SIZE)?,
            write_buffer_bytes: self.sum(CUR_SIZE_ALL_MEM_TABLES)?,
            block_cache_bytes: of_database(BLOCK_CACHE_USAGE)?,
            compaction_bytes: self.sum(ESTIMATE_PENDING_COMPACTION_BYTES)?,
        })
    }

    /// Bytes that the store takes, without its log: tables and write buffers.
    ///
    /// # Errors
    /// When RocksDB does not say.
    pub fn approximate_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.sum(TOTAL_SST_FILES_SIZE)? + self.sum(CUR_SIZE_ALL_MEM_TABLES)?)
    }

    fn sum(&self, property: &'static PropName) -> Result<u64, StoreError> {
        Family::ALL
            .into_iter()
            .map(|family| self.property(family, property))
            .sum()
    }

    fn property(&self, family: Family, property: &'static PropName) -> Result<u64, StoreError> {
        let value = self
            .db
            .rocks()
            .property_int_value_cf(self.db.family(family), property);
        let value = value.map_err(|source| StoreError::Read {
            family: family.name(),
            source,
        })?;
        Ok(value.unwrap_or_default())
    }
}
