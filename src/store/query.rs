//! Reads for the HTTP side: cases, activities, raw messages and single alerts. Pages of alerts are in `page`.
//!
//! Each call reads what is committed at its moment; two calls may see different batches. All of them block on the
//! disk: call them from a blocking thread.

use std::ops::ControlFlow;
use std::sync::Arc;

use rocksdb::DBRawIterator;
use rocksdb::checkpoint::Checkpoint;

use caseloom_engine::accounting::{Accounting, Disposition};
use caseloom_engine::alert::{Position, TopicId};
use caseloom_engine::command::Recall;
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::record::{ActivityRecord, GroupRecord, IdentityRecord, Stage, TallyRecord};

use super::chunk::ChunkReader;
use super::codec::{self, corrupt};
use super::db::{self, Db};
use super::error::StoreError;
use super::key::{self, Key};
use super::pack::Unpack;
use super::recover;
use super::schema::{self, Family, PART_ACTIVITY, PART_LINKS, PART_TALLY};

/// Most merges that a redirect is followed through. A survivor is always older, so that a chain ends; the bound is for
/// a store that lies.
const REDIRECTS_MAX: usize = 1_000;

/// Reads the store. Cheap to clone; each clone keeps the directory locked.
#[derive(Clone, Debug)]
pub struct StoreReader {
    pub(super) db: Arc<Db>,
}

impl StoreReader {
    pub(super) fn new(db: Arc<Db>) -> Self {
        Self { db }
    }

    /// The group with this public id, as it is stored: a merged one says into which.
    ///
    /// # Errors
    /// When something can't be read; so with every method here.
    pub fn case(&self, case: CaseId) -> Result<Option<GroupRecord>, StoreError> {
        match self.db.record(Family::Index, &schema::case(case))? {
            Some(group) => self.group(group),
            None => Ok(None),
        }
    }

    /// The group that holds this case's alerts now: itself, or what it was merged into, over any number of merges.
    pub fn resolve(&self, case: CaseId) -> Result<Option<GroupRecord>, StoreError> {
        let mut found = self.case(case)?;
        for _ in 0..REDIRECTS_MAX {
            match found {
                Some(GroupRecord {
                    stage: Stage::Merged { into, .. },
                    ..
                }) => found = self.group(into)?,
                other => return Ok(other),
            }
        }
        Err(corrupt(
            Family::State,
            "merged groups that redirect in a circle",
        ))
    }

    /// A group by its number.
    pub fn group(&self, group: GroupId) -> Result<Option<GroupRecord>, StoreError> {
        self.db.record(Family::State, &schema::group(group))
    }

    /// All groups by number ascending, in every stage, as they were when the iterator was made. It pins files: drop
    /// it soon.
    #[must_use]
    pub fn groups(&self) -> Groups<'_> {
        let mut entries = self.db.entries(Family::State, schema::groups().range());
        entries.seek_to_first();
        Groups { entries }
    }

    /// The first `limit` activities of a group, with their tallies: by part, then by number.
    pub fn activities(
        &self,
        group: &GroupRecord,
        limit: usize,
    ) -> Result<Vec<(ActivityRecord, TallyRecord)>, StoreError> {
        let mut activities = Vec::new();
        for part in &group.parts {
            scan_activities(&self.db, *part, ActivityId(0), |activity, tally| {
                if activities.len() >= limit {
                    return Ok(ControlFlow::Break(()));
                }
                activities.push((activity, tally));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(activities)
    }

    /// Hands out every activity of a group with its tally: by part, then by number.
    pub fn for_each_activity(
        &self,
        group: &GroupRecord,
        mut each: impl FnMut(ActivityRecord, TallyRecord),
    ) -> Result<(), StoreError> {
        for part in &group.parts {
            scan_activities(&self.db, *part, ActivityId(0), |activity, tally| {
                each(activity, tally);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(())
    }

    /// The first `limit` messages kept for an activity, by topic, partition and offset.
    pub fn raw(
        &self,
        activity: &ActivityRecord,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StoreError> {
        let mut messages = Vec::new();
        let range = schema::of_activity(activity.scope, activity.day, activity.id).range();
        self.db.scan_until(Family::Raw, range, |key, value| {
            if messages.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            messages.push(raw_message(key, value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(messages)
    }

    /// The alert with a native id, by the keyed hash of (source, id): where it was counted. Looks through the scope's
    /// days from the latest, so that no second index has to be written for each alert.
    pub fn alert_by_id(
        &self,
        scope: ScopeId,
        key: [u8; 16],
    ) -> Result<Option<IdentityRecord>, StoreError> {
        let from = schema::in_scope(scope).bytes();
        let mut to = schema::in_scope(scope).successor();
        while let Some(last) = self.db.last_key(Family::Dedup, from.clone()..to)? {
            let day = key::day(Family::Dedup, &last, key.len())?;
            let wanted = schema::identity(scope, day, key);
            if let Some(value) = self.db.get(Family::Dedup, &wanted)? {
                return codec::decode_identity(scope, wanted.as_ref(), &value).map(Some);
            }
            to = schema::in_day(scope, day).bytes();
        }
        Ok(None)
    }

    /// Topic names by their numbers, ascending.
    pub fn topics(&self) -> Result<Vec<(TopicId, String)>, StoreError> {
        recover::topics(&self.db)
    }

    /// Makes a consistent copy in a directory that does not exist yet: hard links where that is possible.
    pub fn checkpoint(&self, to: &std::path::Path) -> Result<(), StoreError> {
        let made = Checkpoint::new(self.db.rocks()).and_then(|copy| copy.create_checkpoint(to));
        made.map_err(|source| StoreError::Copy {
            path: to.into(),
            source,
        })
    }

    /// Input records that were passed over.
    pub fn lost(&self) -> Result<u64, StoreError> {
        recover::lost(&self.db)
    }

    /// Hands out the activity and the fixed term of every alert row, in the order of the store.
    pub fn for_each_row(
        &self,
        mut each: impl FnMut(ActivityId, Option<Disposition>),
    ) -> Result<(), StoreError> {
        let all = Key::new().range();
        self.db.scan(Family::Alerts, all, |key, value| {
            let activity = ActivityId(u64::from_be_bytes(key::part(Family::Alerts, key, 8)?));
            for row in ChunkReader::new(value)? {
                each(activity, row?.disposition);
            }
            Ok(())
        })
    }

    /// Hands out every tally, in the order of the store: also of background that is in no group.
    pub fn for_each_tally(&self, mut each: impl FnMut(TallyRecord)) -> Result<(), StoreError> {
        let all = schema::all_activities().range();
        self.db.scan(Family::State, all, |key, value| {
            if key.last() == Some(&PART_TALLY) {
                each(codec::decode(Family::State, value)?);
            }
            Ok(())
        })
    }

    /// The sums.
    pub fn accounting(&self) -> Result<Accounting, StoreError> {
        recover::accounting(&self.db)
    }
}

/// See [`StoreReader::groups`].
pub struct Groups<'a> {
    entries: DBRawIterator<'a>,
}

impl Iterator for Groups<'_> {
    type Item = Result<GroupRecord, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(value) = self.entries.value() else {
            let failed = self.entries.status().err()?;
            return Some(Err(db::read(Family::State, failed)));
        };
        let group = codec::decode(Family::State, value);
        self.entries.next();
        Some(group)
    }
}

impl std::fmt::Debug for Groups<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Groups").finish_non_exhaustive()
    }
}

/// Hands out the activities that opened in a group, from number `first` on, each with its tally, until `each` breaks.
pub(super) fn scan_activities(
    db: &Db,
    group: GroupId,
    first: ActivityId,
    mut each: impl FnMut(ActivityRecord, TallyRecord) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let first = schema::activity(group, first, PART_ACTIVITY).bytes();
    let range = first..schema::activities(group).successor();
    let mut pairs = ActivityPairs::default();
    db.scan_until(Family::State, range, |key, value| {
        match pairs.take(key, value)? {
            Some((activity, tally)) => each(activity, tally),
            None => Ok(ControlFlow::Continue(())),
        }
    })
}

/// Puts together what is said of an activity in entries that follow each other: itself, perhaps links, its tally.
#[derive(Default)]
pub(super) struct ActivityPairs {
    opened: Option<ActivityRecord>,
}

impl ActivityPairs {
    /// Takes the next entry. Returns an activity with its tally once both came.
    pub(super) fn take(
        &mut self,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<(ActivityRecord, TallyRecord)>, StoreError> {
        match (key.last(), self.opened.take()) {
            (Some(&PART_ACTIVITY), None) => {
                self.opened = Some(codec::decode(Family::State, value)?);
                Ok(None)
            }
            (Some(&PART_LINKS), Some(mut activity)) => {
                activity.links = codec::decode(Family::State, value)?;
                self.opened = Some(activity);
                Ok(None)
            }
            (Some(&PART_TALLY), Some(activity)) => {
                let tally = codec::decode(Family::State, value)?;
                Ok(Some((activity, tally)))
            }
            _ => Err(corrupt(
                Family::State,
                "an activity and a tally that are not a pair",
            )),
        }
    }
}

/// See [`BatchStore::recall`](super::BatchStore::recall).
pub(super) fn recall(
    db: &Db,
    case: CaseId,
    is_live: &dyn Fn(GroupId) -> bool,
) -> Result<Option<Recall>, StoreError> {
    let Some(id) = db.record::<GroupId>(Family::Index, &schema::case(case))? else {
        return Ok(None);
    };
    let Some(group) = db.record::<GroupRecord>(Family::State, &schema::group(id))? else {
        return Ok(None);
    };
    let work = db.record(Family::State, &schema::work(id))?;
    let facts = db.record(Family::State, &schema::facts(id))?;
    let merge = match group.stage {
        Stage::Merged { .. } => db.record(Family::State, &schema::merge(id))?,
        _ => None,
    };
    let mut activities = Vec::new();
    if !is_live(id) && !matches!(group.stage, Stage::Merged { .. }) {
        for part in &group.parts {
            scan_activities(db, *part, ActivityId(0), |activity, tally| {
                activities.push((activity, tally));
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    Ok(Some(Recall {
        group,
        work,
        activities,
        facts,
        merge,
    }))
}

fn raw_message(key: &[u8], value: &[u8]) -> Result<(Position, Vec<u8>), StoreError> {
    let mut unpack = Unpack::new(codec::body(Family::Raw, value)?);
    let index = unpack.number();
    let position = Position {
        topic: TopicId(u16::from_be_bytes(key::part(Family::Raw, key, 12)?)),
        partition: i32::from_be_bytes(key::part(Family::Raw, key, 8)?),
        offset: i64::from_be_bytes(key::part(Family::Raw, key, 0)?),
        index: index.ok_or_else(|| corrupt(Family::Raw, "a message without its index"))?,
    };
    Ok((position, unpack.rest().to_vec()))
}
