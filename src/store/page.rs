//! Pages of a case's alerts: by part, activity, batch and place in the batch, so that pages never overlap while the
//! case grows.

use std::ops::ControlFlow;

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::Position;
use caseloom_engine::ids::{ActivityId, GroupId};
use caseloom_engine::record::{ActivityRecord, GroupRecord};
use caseloom_engine::time::Timestamp;

use super::chunk::{ChunkReader, ChunkRow};
use super::error::StoreError;
use super::key;
use super::query::{self, StoreReader};
use super::schema::{self, Family};

/// An alert as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// The activity it counts on.
    pub activity: ActivityId,
    /// Its native id.
    pub id: Option<String>,
    /// Where it stood.
    pub position: Position,
    /// Its event time.
    pub time: Timestamp,
    /// Its term of the accounting; `None`: the one of its activity's group.
    pub disposition: Option<Disposition>,
}

/// Some alerts of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertsPage {
    /// The alerts.
    pub alerts: Vec<StoredAlert>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<Vec<u8>>,
}

/// The first alert of a page: opaque to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cursor {
    part: GroupId,
    activity: ActivityId,
    batch_no: u64,
    row: usize,
}

impl StoreReader {
    /// The next `limit` alerts of a group, which the caller has resolved; without a cursor the first ones.
    ///
    /// # Errors
    /// [`StoreError::InvalidCursor`] when the cursor is not one of this case; else when something can't be read.
    pub fn alerts_page(
        &self,
        group: &GroupRecord,
        cursor: Option<&[u8]>,
        limit: usize,
    ) -> Result<AlertsPage, StoreError> {
        let from = match cursor {
            Some(bytes) => Cursor::decode(bytes).ok_or(StoreError::InvalidCursor)?,
            None => Cursor {
                part: group.id,
                ..Cursor::default()
            },
        };
        let start = group.parts.iter().position(|part| *part == from.part);
        let parts = &group.parts[start.ok_or(StoreError::InvalidCursor)?..];
        let mut page = AlertsPage::default();
        for part in parts {
            self.fill_from_part(from.in_part(*part), limit, &mut page)?;
            if page.next.is_some() {
                break;
            }
        }
        Ok(page)
    }

    fn fill_from_part(
        &self,
        from: Cursor,
        limit: usize,
        page: &mut AlertsPage,
    ) -> Result<(), StoreError> {
        query::scan_activities(&self.db, from.part, from.activity, |activity, _| {
            let from = from.in_activity(activity.id);
            self.fill_from_activity(&activity, from, limit, page)?;
            Ok(if page.next.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
    }

    fn fill_from_activity(
        &self,
        activity: &ActivityRecord,
        from: Cursor,
        limit: usize,
        page: &mut AlertsPage,
    ) -> Result<(), StoreError> {
        let ActivityRecord { scope, day, id, .. } = *activity;
        let first = schema::alerts(scope, day, id, from.batch_no).bytes();
        let range = first..schema::of_activity(scope, day, id).successor();
        self.db.scan_until(Family::Alerts, range, |key, value| {
            let from = from.in_batch(key::last_number(Family::Alerts, key)?);
            for (row, alert) in (0..).zip(ChunkReader::new(value)?).skip(from.row) {
                let alert = alert?;
                if page.alerts.len() >= limit {
                    page.next = Some(Cursor { row, ..from }.encode());
                    return Ok(ControlFlow::Break(()));
                }
                page.alerts.push(StoredAlert::new(id, &alert));
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}

impl StoredAlert {
    fn new(activity: ActivityId, row: &ChunkRow<'_>) -> Self {
        let ChunkRow {
            id,
            position,
            time,
            disposition,
        } = *row;
        Self {
            activity,
            id: id.map(str::to_owned),
            position,
            time,
            disposition,
        }
    }
}

impl Cursor {
    fn in_part(self, part: GroupId) -> Self {
        if part == self.part {
            self
        } else {
            Self {
                part,
                ..Self::default()
            }
        }
    }

    fn in_activity(self, activity: ActivityId) -> Self {
        if activity == self.activity {
            self
        } else {
            Self {
                activity,
                batch_no: 0,
                row: 0,
                ..self
            }
        }
    }

    fn in_batch(self, batch_no: u64) -> Self {
        if batch_no == self.batch_no {
            self
        } else {
            Self {
                batch_no,
                row: 0,
                ..self
            }
        }
    }

    fn encode(self) -> Vec<u8> {
        [self.part.0, self.activity.0, self.batch_no, self.row as u64]
            .into_iter()
            .flat_map(u64::to_be_bytes)
            .collect()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks() else {
            return None;
        };
        let &[part, activity, batch_no, row] = numbers else {
            return None;
        };
        Some(Self {
            part: GroupId(u64::from_be_bytes(part)),
            activity: ActivityId(u64::from_be_bytes(activity)),
            batch_no: u64::from_be_bytes(batch_no),
            row: usize::try_from(u64::from_be_bytes(row)).ok()?,
        })
    }
}
