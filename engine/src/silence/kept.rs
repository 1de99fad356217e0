//! What was suppressed, folded: the same happening again under the same silence counts on one record, as it would on one
//! activity. It has the number of an activity, so that its rows and messages lie where those of activities do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::activities::Print;
use crate::alert::{Alert, Position, Severity};
use crate::decision::Decision;
use crate::entity::Entity;
use crate::ids::{ActivityId, ScopeId, SilenceId};
use crate::record::Record;
use crate::time::{Span, Timestamp};

/// The latest so many can count repeats; some 600 bytes each. Further back a repeat is filed anew.
pub const SUPPRESSED_KEPT: usize = 20_000;

/// Alerts that a silence kept out: the same happening, within one dedup window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressedRecord {
    /// Its number, among those of the activities.
    pub id: ActivityId,
    /// Its scope.
    pub scope: ScopeId,
    /// The day bucket of its rows: the first alert's event day.
    pub day: i32,
    /// Which silence.
    pub silence: SilenceId,
    /// Counts repeats from then.
    pub window_begin: Timestamp,
    /// Counts repeats until then (exclusive).
    pub window_end: Timestamp,
    /// The product.
    pub source: CompactString,
    /// The rule's id.
    pub rule_id: CompactString,
    /// The rule's name.
    pub rule_name: CompactString,
    /// One line for people.
    pub title: CompactString,
    /// The first alert's native id, or empty.
    pub alert_id: CompactString,
    /// Where the first alert stood.
    pub position: Position,
    /// ATT&CK ids of the first alert.
    pub attack: Vec<CompactString>,
    /// The first alert's entities.
    pub entities: Vec<Entity>,
    /// Index of the subject in `entities`.
    pub subject: Option<u16>,
    /// Highest severity.
    pub severity: Severity,
    /// Earliest event time.
    pub first: Timestamp,
    /// Latest event time.
    pub last: Timestamp,
    /// Alerts counted.
    pub count: u64,
}

/// The print of what has nothing by which it could be told from others: it repeats nothing.
const NO_KEY: Print = [0; 2];

/// A happening under a silence.
pub(crate) type KeptKey = (Print, SilenceId);

/// The latest of them.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    all: BTreeMap<ActivityId, (KeptKey, SuppressedRecord)>,
    /// By what they are, the youngest last.
    by_key: BTreeMap<KeptKey, VecDeque<ActivityId>>,
    dirty: BTreeSet<ActivityId>,
    /// Changed, and no longer among the latest.
    leaving: Vec<SuppressedRecord>,
}

impl Kept {
    /// Counts an alert on the record that it repeats, if there is one; returns its number and day.
    pub(crate) fn count(&mut self, key: KeptKey, alert: &Alert) -> Option<(ActivityId, i32)> {
        let ids = self.by_key.get(&key)?;
        let holds = |id: &&ActivityId| {
            let (_, record) = &self.all[*id];
            record.window_begin <= alert.time && alert.time < record.window_end
        };
        let id = *ids.iter().rev().find(holds)?;
        let (_, record) = self.all.get_mut(&id)?;
        record.count += 1;
        record.first = record.first.min(alert.time);
        record.last = record.last.max(alert.time);
        if alert.severity.score > record.severity.score {
            record.severity = alert.severity;
        }
        self.dirty.insert(id);
        Some((id, record.day))
    }

    /// Files an alert that repeats none.
    pub(crate) fn open(&mut self, key: KeptKey, record: SuppressedRecord) {
        self.dirty.insert(record.id);
        self.restore(key, record);
    }

    /// Takes one over from the store. Call in the order of the numbers.
    pub(crate) fn restore(&mut self, key: KeptKey, record: SuppressedRecord) {
        if key.0 != NO_KEY {
            self.by_key.entry(key).or_default().push_back(record.id);
        }
        self.all.insert(record.id, (key, record));
        while self.all.len() > SUPPRESSED_KEPT {
            let Some((id, (key, record))) = self.all.pop_first() else {
                break;
            };
            if self.dirty.remove(&id) {
                self.leaving.push(record);
            }
            // Numbers ascend, so it is the first of its kind.
            if let Some(ids) = self.by_key.get_mut(&key) {
                ids.pop_front();
                if ids.is_empty() {
                    self.by_key.remove(&key);
                }
            }
        }
    }

    /// By number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SuppressedRecord> {
        self.all.values().map(|(_, record)| record)
    }

    /// Hands out what changed.
    pub(crate) fn seal(&mut self, decision: &mut Decision) {
        for record in std::mem::take(&mut self.leaving) {
            decision.record(|| Record::Suppressed(Box::new(record)));
        }
        for id in std::mem::take(&mut self.dirty) {
            if let Some((_, record)) = self.all.get(&id) {
                decision.record(|| Record::Suppressed(Box::new(record.clone())));
            }
        }
    }
}

impl SuppressedRecord {
    /// The record of an alert that repeats none.
    pub(crate) fn of(
        alert: &Alert,
        (id, scope, silence): (ActivityId, ScopeId, SilenceId),
        title: CompactString,
        window: Span,
    ) -> Self {
        let subject = alert.subject_index();
        Self {
            id,
            scope,
            day: alert.time.day(),
            silence,
            window_begin: alert.time,
            window_end: alert.time.plus(window),
            source: alert.source.clone(),
            rule_id: alert.rule_id.clone(),
            rule_name: alert.rule_name.clone(),
            title,
            alert_id: alert.id.clone().unwrap_or_default(),
            position: alert.position,
            attack: alert.attack.iter().cloned().collect(),
            entities: alert.entities.iter().cloned().collect(),
            subject: subject.and_then(|at| u16::try_from(at).ok()),
            severity: alert.severity,
            first: alert.time,
            last: alert.time,
            count: 1,
        }
    }

    /// The entity that is its subject.
    #[must_use]
    pub fn subject_entity(&self) -> Option<&Entity> {
        self.entities.get(usize::from(self.subject?))
    }
}
