//! Silences, and what they kept out.

use std::ops::ControlFlow;

use caseloom_engine::ids::{ActivityId, SilenceId};
use caseloom_engine::record::{ActivityRecord, TallyRecord};
use caseloom_engine::silence::{Silence, SuppressedRecord};

use super::codec;
use super::db::{self, Db};
use super::error::StoreError;
use super::query::StoreReader;
use super::schema::{self, Family, PART_ACTIVITY, PART_TALLY};

impl StoreReader {
    /// A silence, also one that is over.
    ///
    /// # Errors
    /// When something can't be read; so with every method here.
    pub fn silence(&self, id: SilenceId) -> Result<Option<Silence>, StoreError> {
        self.db.record(Family::State, &schema::silence(id))
    }

    /// Hands out the silences with a number below `before`, the latest first, until `each` breaks.
    pub fn silences_back(
        &self,
        before: SilenceId,
        each: impl FnMut(Silence) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let range = schema::silences().bytes()..schema::silence(before).bytes();
        back(&self.db, range, each)
    }

    /// What was kept out, by its number.
    pub fn suppressed(&self, id: ActivityId) -> Result<Option<SuppressedRecord>, StoreError> {
        self.db.record(Family::State, &schema::suppressed(id))
    }

    /// Hands out what was kept out with a number below `before`, the latest first, until `each` breaks.
    pub fn suppressed_back(
        &self,
        before: ActivityId,
        each: impl FnMut(SuppressedRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let range = schema::all_suppressed().bytes()..schema::suppressed(before).bytes();
        back(&self.db, range, each)
    }

    /// Hands out activities with their tallies, from the group that opened last back to the first, until `each` breaks.
    /// Their links are those with which they opened.
    pub fn activities_back(
        &self,
        mut each: impl FnMut(ActivityRecord, TallyRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut entries = self
            .db
            .entries(Family::State, schema::all_activities().range());
        entries.seek_to_last();
        let mut tally: Option<TallyRecord> = None;
        while let Some((key, value)) = entries.item() {
            match (key.last(), tally.take()) {
                (Some(&PART_TALLY), _) => tally = Some(codec::decode(Family::State, value)?),
                (Some(&PART_ACTIVITY), Some(tally)) => {
                    if each(codec::decode(Family::State, value)?, tally).is_break() {
                        return Ok(());
                    }
                }
                (_, kept) => tally = kept,
            }
            entries.prev();
        }
        let status = entries.status();
        status.map_err(|source| db::read(Family::State, source))
    }
}

/// The latest `count` of what was kept out, ascending.
pub(super) fn latest(db: &Db, count: usize) -> Result<Vec<SuppressedRecord>, StoreError> {
    let mut latest = Vec::new();
    back(db, schema::all_suppressed().range(), |kept| {
        latest.push(kept);
        match latest.len() < count {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    latest.reverse();
    Ok(latest)
}

/// Goes through a range of the state from its end.
fn back<T: serde::de::DeserializeOwned>(
    db: &Db,
    range: std::ops::Range<Vec<u8>>,
    mut each: impl FnMut(T) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut entries = db.entries(Family::State, range);
    entries.seek_to_last();
    while let Some(value) = entries.value() {
        if each(codec::decode(Family::State, value)?).is_break() {
            return Ok(());
        }
        entries.prev();
    }
    let status = entries.status();
    status.map_err(|source| db::read(Family::State, source))
}
