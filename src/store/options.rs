//! How RocksDB is set up, and how much memory it may take.
//!
//! Memory: `write_buffer_bytes`, which is the sum of all buffers that may be alive at once, plus `block_cache_bytes`,
//! which also holds indexes and filters; with the defaults 384 MiB. On top come the buffers of two background jobs,
//! about 10 MiB each, and the batch that is being written. A restart replays at most [`WAL_BYTES_MAX`].

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType,
    DBRecoveryMode, LruCacheOptions, Options,
};

use super::schema::Family;

const MIB: usize = 1 << 20;

/// Write buffers of a family.
const BUFFERS: usize = 2;

/// Beyond so much log the oldest write buffer is flushed, so that opening stays a matter of seconds.
const WAL_BYTES_MAX: u64 = 256 << 20;

/// Table files kept open; with tables of 64 MiB enough for 32 GiB before files are opened again and again.
const OPEN_FILES_MAX: i32 = 512;

/// The cache is cut into so many times two parts. What is larger than a part is never kept: with RocksDB's 64 parts of
/// 2 MiB the filter of a large table was read from the disk for every single look-up. A few threads read.
const CACHE_SHARD_BITS: i32 = 2;

/// Indexes and filters of tables come in pieces of about this size, so that a look-up needs one and not all.
const INDEX_BLOCK: usize = 16 << 10;

/// What an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Memory for what was written and is not in a table yet, over all column families.
    pub write_buffer_bytes: usize,
    /// Memory for blocks, indexes and filters of tables.
    pub block_cache_bytes: usize,
}

impl Default for StoreOptions {
    /// Buffers for some seconds of flood; and filters for some fifty million native ids, at 10 bits each.
    fn default() -> Self {
        Self {
            write_buffer_bytes: 256 * MIB,
            block_cache_bytes: 128 * MIB,
        }
    }
}

/// Options of the database as a whole.
pub(super) fn database() -> Options {
    let mut database = Options::default();
    database.create_if_missing(true);
    database.create_missing_column_families(true);
    database.set_paranoid_checks(true);
    database.set_track_and_verify_wals_in_manifest(true);
    // A torn last record is a batch that was never acknowledged. Anything else that is lost shows as an outbox head
    // below what was published.
    database.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    database.set_max_total_wal_size(WAL_BYTES_MAX);
    database.set_max_open_files(OPEN_FILES_MAX);
    database.set_max_background_jobs(2);
    // Tables reach the disk while they are written and not in one burst at the end, behind which a commit would wait.
    database.set_bytes_per_sync(MIB as u64);
    database.set_keep_log_file_num(4);
    database.set_max_log_file_size(8 * MIB);
    database
}

/// All column families with their options; they share one cache.
pub(super) fn families(options: &StoreOptions) -> Vec<ColumnFamilyDescriptor> {
    let mut lru = LruCacheOptions::default();
    lru.set_capacity(options.block_cache_bytes);
    lru.set_num_shard_bits(CACHE_SHARD_BITS);
    let cache = Cache::new_lru_cache_opts(&lru);
    Family::ALL
        .into_iter()
        .map(|family| {
            ColumnFamilyDescriptor::new(family.name(), of_family(family, options, &cache))
        })
        .collect()
}

fn of_family(family: Family, sizes: &StoreOptions, cache: &Cache) -> Options {
    let mut options = Options::default();
    options.set_max_write_buffer_number(BUFFERS as i32);
    options.set_block_based_table_factory(&tables(family, cache));
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    options.set_write_buffer_size(write_buffer_bytes(family, sizes.write_buffer_bytes));
    if matches!(family, Family::Outbox | Family::Index) {
        // Entries here live for seconds to hours. Tables that are half tombstones are compacted at once, or a scan
        // from the beginning would walk over all that ever was.
        options.add_compact_on_deletion_collector_factory(4_096, 1_024, 0.5);
    }
    options
}

fn tables(family: Family, cache: &Cache) -> BlockBasedOptions {
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(cache);
    tables.set_cache_index_and_filter_blocks(true);
    tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
    tables.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    tables.set_metadata_block_size(INDEX_BLOCK);
    tables.set_partition_filters(true);
    tables.set_pin_top_level_index_and_filter(true);
    match family {
        // Asked for single keys, and often for keys that are not there.
        Family::Meta | Family::State | Family::Dedup | Family::Index => {
            tables.set_bloom_filter(10.0, false);
        }
        // Read in ranges; a larger block packs better.
        Family::Alerts | Family::Raw | Family::Outbox | Family::Audit => {
            tables.set_block_size(16 << 10);
        }
    }
    tables
}

/// Size of one buffer. A family has at most [`BUFFERS`] of them: one takes writes while the other is flushed, and when
/// both are full writes wait.
fn write_buffer_bytes(family: Family, whole: usize) -> usize {
    let share = match family {
        Family::State | Family::Alerts | Family::Raw | Family::Dedup => whole / 5,
        Family::Outbox | Family::Index => whole / 16,
        Family::Meta | Family::Audit => whole / 32,
    };
    share / BUFFERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_buffers_together_are_within_their_limit() {
        let whole = StoreOptions::default().write_buffer_bytes;
        let sizes = Family::ALL.map(|family| BUFFERS * write_buffer_bytes(family, whole));
        assert!(sizes.iter().sum::<usize>() <= whole);
    }
}
