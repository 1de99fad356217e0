//! Reads of what is remembered: policies, pairs, busy entities. Pages begin behind a key and end where the caller has
//! enough.

use std::ops::ControlFlow;

use caseloom_engine::record::{BusyRecord, PairNames, PolicyRecord};
use caseloom_engine::recurrence::PairRecord;
use serde::de::DeserializeOwned;

use super::codec;
use super::error::StoreError;
use super::key::Key;
use super::policies;
use super::query::StoreReader;
use super::schema::{self, Family};

impl StoreReader {
    /// The policy in force; `None`: the store was never told.
    ///
    /// # Errors
    /// When something can't be read; so with every method here.
    pub fn policy(&self) -> Result<Option<PolicyRecord>, StoreError> {
        policies::in_force(&self.db)
    }

    /// Every policy that was in force, each with the time when it last came into force.
    pub fn policies(&self) -> Result<Vec<PolicyRecord>, StoreError> {
        let mut all = Vec::new();
        let range = schema::policies().range();
        self.db.scan(Family::State, range, |_, value| {
            all.push(policies::decode(Family::State, value)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// How regularly a rule fires on a subject.
    pub fn pair(&self, key: u64) -> Result<Option<PairRecord>, StoreError> {
        self.db.record(Family::State, &schema::pair(key))
    }

    /// Hands out who was background, until `each` has enough (`false`). Returns where the next page begins.
    pub fn pair_names(
        &self,
        after: Option<&[u8]>,
        each: impl FnMut(PairNames) -> bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.page(&schema::all_pair_names(), after, each)
    }

    /// Hands out how busy entities were, likewise.
    pub fn busy(
        &self,
        after: Option<&[u8]>,
        each: impl FnMut(BusyRecord) -> bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.page(&schema::all_busy(), after, each)
    }

    /// A page of the records behind `prefix`; a cursor is what follows the prefix in the last key that was handed out.
    fn page<T: DeserializeOwned>(
        &self,
        prefix: &Key,
        after: Option<&[u8]>,
        mut each: impl FnMut(T) -> bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut range = prefix.range();
        if let Some(after) = after {
            range.start.extend_from_slice(after);
            // The next key, whatever its length.
            range.start.push(0);
        }
        let length = prefix.as_ref().len();
        let mut last = None;
        self.db.scan_until(Family::State, range, |key, value| {
            if each(codec::decode(Family::State, value)?) {
                return Ok(ControlFlow::Continue(()));
            }
            last = Some(key[length..].to_vec());
            Ok(ControlFlow::Break(()))
        })?;
        Ok(last)
    }
}
