//! The ledger: one compact row per alert in input order, and what became of the groups, so that at the end each row
//! can be told with its final state after merges and expiries.
//!
//! 24 bytes a row plus the id's text: a million alerts stay far under 100 MB.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use caseloom_engine::accounting::Disposition;
use caseloom_engine::alert::{Alert, Position};
use caseloom_engine::decision::Outcome;
use caseloom_engine::ids::{ActivityId, CaseId, GroupId};
use caseloom_engine::record::{Record, Stage};
use caseloom_engine::recurrence::Standing;

/// Rows and groups.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    rows: Vec<Row>,
    /// All native ids, one after the other.
    ids: String,
    /// Ids that have a row, by 64-bit hash: a collision only makes a row say its position instead.
    seen: HashSet<u64, RandomState>,
    hasher: RandomState,
    /// The group in which each activity opened, by activity number.
    homes: Vec<u32>,
    /// Whether it is background, by activity number.
    background: Vec<bool>,
    /// What each group is, by group number.
    groups: Vec<Option<(Stage, CaseId)>>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    /// End of its id in `ids`; the same as the row before: it has none, the position names it.
    id_end: u32,
    /// The activity; 0: none.
    activity: u32,
    /// Topic, line and index.
    line: u32,
    index: u16,
    topic: u16,
    kind: Kind,
}

/// What a row is besides its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counted,
    Duplicate,
    Ignored,
    Suppressed,
    Rejected,
}

/// A row as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assignment<'a> {
    /// The native id; `None`: the position names it.
    pub(crate) id: Option<&'a str>,
    pub(crate) position: Position,
    /// The case, where the alert is in one.
    pub(crate) case: Option<CaseId>,
    /// The word of the disposition.
    pub(crate) disposition: &'static str,
}

impl Ledger {
    /// Notes an alert with what became of it.
    pub(crate) fn add(&mut self, alert: &Alert, outcome: Outcome) {
        if let Some(id) = &alert.id
            && self.seen.insert(self.hasher.hash_one(id.as_str()))
        {
            self.ids.push_str(id);
        }
        let (kind, activity) = match outcome {
            Outcome::Counted(activity) | Outcome::Opened { activity, .. } => {
                (Kind::Counted, activity)
            }
            Outcome::Redelivered { original } | Outcome::Updated { original } => {
                (Kind::Duplicate, original)
            }
            Outcome::Ignored(_) => (Kind::Ignored, ActivityId(0)),
            Outcome::Suppressed { .. } => (Kind::Suppressed, ActivityId(0)),
        };
        self.push(alert.position, activity, kind);
    }

    /// Notes a record that was rejected.
    pub(crate) fn reject(&mut self, position: Position, index: u32) {
        self.push(
            Position { index, ..position },
            ActivityId(0),
            Kind::Rejected,
        );
    }

    /// Takes over what the engine says of activities and groups.
    pub(crate) fn learn(&mut self, record: &Record) {
        match record {
            Record::Activity(activity) => {
                let at = small(activity.id.0) as usize;
                self.homes.resize(self.homes.len().max(at + 1), 0);
                self.homes[at] = small(activity.group.0);
            }
            Record::Group(group) => {
                let at = small(group.id.0) as usize;
                self.groups.resize(self.groups.len().max(at + 1), None);
                self.groups[at] = Some((group.stage, group.case));
            }
            Record::Tally(tally) => {
                let at = small(tally.id.0) as usize;
                self.background
                    .resize(self.background.len().max(at + 1), false);
                self.background[at] = tally.standing == Standing::Background;
            }
            _ => {}
        }
    }

    /// All rows with their final state, in input order.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = Assignment<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let id = &self.ids[start as usize..row.id_end as usize];
            start = row.id_end;
            let (case, disposition) = self.state(*row);
            Assignment {
                id: (!id.is_empty()).then_some(id),
                position: row.position(),
                case,
                disposition,
            }
        })
    }

    fn push(&mut self, position: Position, activity: ActivityId, kind: Kind) {
        self.rows.push(Row {
            id_end: u32::try_from(self.ids.len()).expect("ids of a replay fit 4 GiB"),
            activity: small(activity.0),
            line: u32::try_from(position.offset)
                .expect("a replayed file has fewer than 2^32 lines"),
            index: u16::try_from(position.index).unwrap_or(u16::MAX),
            topic: position.topic.0,
            kind,
        });
    }

    /// The case and the word of a row.
    fn state(&self, row: Row) -> (Option<CaseId>, &'static str) {
        let (case, word) = self.group_state(row.activity);
        match row.kind {
            Kind::Counted => (case, word),
            Kind::Duplicate => (case, "duplicate"),
            Kind::Ignored => (None, "ignored"),
            Kind::Suppressed => (None, "suppressed"),
            Kind::Rejected => (None, "rejected"),
        }
    }

    /// The case and the word of an activity's group, after merges.
    fn group_state(&self, activity: u32) -> (Option<CaseId>, &'static str) {
        let is_background = self.background.get(activity as usize) == Some(&true);
        let mut group = self.homes.get(activity as usize).copied().unwrap_or(0);
        while let Some(Some((stage, case))) = self.groups.get(group as usize).copied() {
            if let Stage::Merged {
                into: GroupId(into),
                ..
            } = stage
            {
                group = small(into);
                continue;
            }
            let mut disposition = stage.disposition().unwrap_or(Disposition::Candidate);
            if is_background && disposition != Disposition::Case {
                disposition = Disposition::Background;
            }
            return (
                (disposition == Disposition::Case).then_some(case),
                disposition.as_str(),
            );
        }
        let disposition = if is_background {
            Disposition::Background
        } else {
            Disposition::Ignored
        };
        (None, disposition.as_str())
    }
}

impl Row {
    fn position(self) -> Position {
        Position {
            topic: caseloom_engine::alert::TopicId(self.topic),
            partition: 0,
            offset: i64::from(self.line),
            index: u32::from(self.index),
        }
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("a replay has fewer than 2^32 activities and groups")
}
