//! Migration: brings a store of an older schema to this one when it is opened for writing, a step per schema. Readers of
//! a snapshot can't, and refuse it.
//!
//! A step is a list of passes; a pass goes through a range of one family and turns each entry into what the next schema
//! wants. How far it got goes into the same write as what it changed:
//!
//! ```text
//! meta/migration   (from, pass, the last key done)     with every batch; gone with the last of a step
//! meta/schema      the next number                     with the last batch of a step, synced
//! ```
//!
//! So a kill or a loss of power at any place leaves a prefix of the batches, and the next start goes on behind it: no
//! entry is turned twice, and none is left out. Not chosen: passes that may be run again over what they have done. It
//! would ask of every value that one can tell whether it is old, and postcard can't.
//!
//! **To add a schema**: raise `schema::SCHEMA`, write `from_N.rs` with the old formats (copied, never shared: the
//! engine's records change; its enums may be shared as long as they only grow at their end) and its passes, add it to [`STEPS`], and keep a dump of a store of the old schema in
//! `tests/fixtures`. A new kind of record under keys of its own is no new schema; an older version just leaves it alone.

mod from_1;
mod from_2;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::db::Db;
use super::error::StoreError;
use super::puts::Puts;
use super::schema::{self, Family, SCHEMA, name};

/// Entries in one write.
const ENTRIES: usize = 10_000;

/// From one schema to the next.
struct Step {
    from: u32,
    passes: &'static [Pass],
}

/// What is done with each entry of a range.
struct Pass {
    family: Family,
    range: fn() -> Range<Vec<u8>>,
    turn: Turn,
}

/// Puts what an entry, a key and its value, becomes. It may read what stands in the store, and change other entries of the
/// range that lie before this one.
type Turn = fn(&Db, &[u8], &[u8], &mut Puts<'_>) -> Result<(), StoreError>;

/// All steps, ascending.
const STEPS: [Step; SCHEMA as usize - 1] = [from_1::STEP, from_2::STEP];

/// How far a step got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    from: u32,
    pass: u32,
    /// The last key that was done; empty: none of this pass.
    done: Vec<u8>,
}

/// Brings a store from schema `found` to this version's.
///
/// # Errors
/// [`StoreError::UnknownSchema`] where a later version made it; else when something can't be read or written, after
/// which another start goes on.
pub(super) fn migrate(db: &Db, found: u32) -> Result<(), StoreError> {
    if found == SCHEMA {
        return Ok(());
    }
    let mut migration = Migration::of(db, found)?;
    tracing::info!(
        from = found,
        to = SCHEMA,
        "the store is brought to a newer schema"
    );
    while !migration.advance(ENTRIES)? {}
    tracing::info!(schema = SCHEMA, "done");
    Ok(())
}

/// A migration under way.
struct Migration<'a> {
    db: &'a Db,
    progress: Progress,
}

impl<'a> Migration<'a> {
    fn of(db: &'a Db, found: u32) -> Result<Self, StoreError> {
        if !(1..SCHEMA).contains(&found) {
            let known = SCHEMA;
            return Err(StoreError::UnknownSchema { found, known });
        }
        let progress: Option<Progress> = db.record(Family::Meta, &schema::meta(name::MIGRATION))?;
        let begun = progress.filter(|progress| progress.from == found);
        let progress = begun.unwrap_or_else(|| Progress {
            from: found,
            ..Progress::default()
        });
        Ok(Self { db, progress })
    }

    /// Turns the next entries, in one write. `true`: the store has this version's schema.
    fn advance(&mut self, entries_max: usize) -> Result<bool, StoreError> {
        let step = &STEPS[self.progress.from as usize - 1];
        let mut puts = Puts::new(self.db, 0);
        let is_turned = match step.passes.get(self.progress.pass as usize) {
            Some(pass) => self.turn(pass, entries_max, &mut puts)?,
            None => return self.finish(puts, step.from + 1),
        };
        if is_turned {
            self.progress.pass += 1;
            self.progress.done.clear();
        }
        puts.record(Family::Meta, &schema::meta(name::MIGRATION), &self.progress)?;
        // What is lost with the power is lost from the end, and the last write is synced.
        self.db.write(puts.into_batch(), false)?;
        Ok(false)
    }

    /// `true`: the pass is through.
    fn turn(
        &mut self,
        pass: &Pass,
        entries_max: usize,
        puts: &mut Puts<'_>,
    ) -> Result<bool, StoreError> {
        let mut range = (pass.range)();
        if !self.progress.done.is_empty() {
            range.start.clone_from(&self.progress.done);
            // The first key behind it.
            range.start.push(0);
        }
        let (mut turned, mut is_through) = (0, true);
        self.db.scan_until(pass.family, range, |key, value| {
            if turned == entries_max {
                is_through = false;
                return Ok(std::ops::ControlFlow::Break(()));
            }
            turned += 1;
            (pass.turn)(self.db, key, value, puts)?;
            self.progress.done.clear();
            self.progress.done.extend_from_slice(key);
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        Ok(is_through)
    }

    fn finish(&mut self, mut puts: Puts<'_>, to: u32) -> Result<bool, StoreError> {
        puts.delete(Family::Meta, schema::meta(name::MIGRATION));
        puts.record(Family::Meta, &schema::meta(name::SCHEMA), &to)?;
        self.db.write(puts.into_batch(), true)?;
        self.progress = Progress {
            from: to,
            ..Progress::default()
        };
        Ok(to == SCHEMA)
    }
}

#[cfg(test)]
mod tests;
