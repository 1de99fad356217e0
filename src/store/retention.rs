//! Retention: whole days of a scope go at once.

use rocksdb::WriteBatch;

use caseloom_engine::ids::ScopeId;

use super::commit::StoreWriter;
use super::error::StoreError;
use super::schema::{self, Family};

impl StoreWriter {
    /// Deletes the alert rows, raw messages and native ids of a scope whose day bucket is before `day`. Activities,
    /// groups and sums stay: what was counted was counted.
    ///
    /// # Errors
    /// [`StoreError::Write`]; the process must end.
    pub fn drop_days_before(&mut self, scope: ScopeId, day: i32) -> Result<(), StoreError> {
        let (from, to) = (schema::in_scope(scope), schema::in_day(scope, day));
        let mut batch = WriteBatch::default();
        for family in Family::BY_DAY {
            batch.delete_range_cf(self.db.family(family), from, to);
        }
        self.write(batch)?;
        // Tables that hold nothing else go now; compaction takes the rest with time.
        for family in Family::BY_DAY {
            let files = self
                .db
                .rocks()
                .delete_file_in_range_cf(self.db.family(family), from, to);
            files.map_err(|source| StoreError::Write { source })?;
        }
        Ok(())
    }
}
