//! Desk: where a record's alerts go, one by one or part by part.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::alert::{Alert, Lifecycle, Position, Severity};
use crate::time::Timestamp;

use super::super::facts::Facts;
use super::super::json::{Readers, Value};
use super::super::limits::Limits;
use super::super::reject::{self, Reject};
use super::super::{Message, Notes, Rejects};
use super::{Draft, Nested};

/// Where a record's alerts go, and what its message and its envelopes say of it.
pub(crate) struct Desk<'m> {
    pub(crate) message: &'m Message<'m>,
    pub(crate) limits: &'m Limits,
    /// What the envelopes around the record said.
    pub(crate) facts: Facts<'m>,
    /// The place in the message of the next alert.
    pub(crate) next: u32,
    pub(crate) notes: &'m mut Notes,
    pub(crate) alerts: &'m mut Vec<Alert>,
    /// Parts that were rejected alone, with their places.
    pub(crate) rejects: &'m mut Rejects,
    pub(crate) readers: &'m mut Readers,
}

/// What a format made of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The record's alerts, one or several, are the last on the desk.
    Alert,
    /// The record was understood and is no alert.
    NotAnAlert,
}

impl Desk<'_> {
    /// An empty draft of an alert from `source`, on top of the alerts. Whoever gets a reject takes it away.
    pub(crate) fn draft(&mut self, source: &str) -> Draft<'_> {
        let position = Position {
            index: self.next,
            ..self.message.position
        };
        self.next += 1;
        let at = self.alerts.len();
        self.alerts.push(Alert {
            id: None,
            position,
            time: Timestamp::MIN,
            scope: CompactString::default(),
            source: CompactString::new(source),
            rule_id: CompactString::default(),
            rule_name: CompactString::default(),
            title: CompactString::default(),
            severity: Severity::ASSUMED,
            attack: SmallVec::new(),
            entities: SmallVec::new(),
            lifecycle: Lifecycle::Active,
            count: 1,
            updated: None,
        });
        Draft {
            message: self.message,
            limits: self.limits,
            facts: self.facts,
            notes: self.notes,
            readers: self.readers,
            alert: &mut self.alerts[at],
            time: None,
            has_severity: false,
        }
    }

    /// The alert that this message brought with that id, or with that id and `mark` before something else, to be told
    /// on. Only the last alerts are looked at: what belongs together stands together.
    pub(crate) fn again(&mut self, source: &str, id: &str, mark: char) -> Option<Draft<'_>> {
        const LOOKED_AT: usize = 64;
        let here = self.message.position;
        let is_it = |alert: &Alert| {
            let place = alert.position;
            let is_here = (place.topic, place.partition, place.offset)
                == (here.topic, here.partition, here.offset);
            let tail = alert.id.as_deref().and_then(|known| known.strip_prefix(id));
            is_here
                && alert.source == source
                && tail.is_some_and(|tail| tail.is_empty() || tail.starts_with(mark))
        };
        let alert = self.alerts.iter_mut().rev().take(LOOKED_AT);
        let alert = alert.into_iter().find(|alert| is_it(alert))?;
        Some(Draft {
            message: self.message,
            limits: self.limits,
            facts: self.facts,
            notes: self.notes,
            readers: self.readers,
            time: Some(alert.time),
            has_severity: !alert.severity.assumed,
            alert,
        })
    }

    /// Reads one part of a record that is an alert of its own: a bad one is rejected alone. `false` when it was.
    pub(crate) fn part(&mut self, read: impl FnOnce(&mut Self) -> Result<Reading, Reject>) -> bool {
        let (index, before) = (self.next, self.alerts.len());
        match read(self) {
            Ok(_) => true,
            Err(reject) => {
                self.alerts.truncate(before);
                reject::keep(self.rejects, index, reject);
                self.next = self.next.max(index + 1);
                false
            }
        }
    }

    /// Reads each element of a list as a part of its own. No alert, when none of them was one and none was rejected.
    pub(crate) fn each_part(
        &mut self,
        list: Value<'_>,
        mut read: impl FnMut(Value<'_>, &mut Self) -> Result<Reading, Reject>,
    ) -> Reading {
        let before = (self.alerts.len(), self.rejects.len());
        list.each(|part| {
            if !part.is_null() {
                self.part(|desk| read(part, desk));
            }
        });
        if before == (self.alerts.len(), self.rejects.len()) {
            Reading::NotAnAlert
        } else {
            Reading::Alert
        }
    }
}

impl Nested for Desk<'_> {
    fn reading(&mut self) -> (&mut Readers, &Limits) {
        (self.readers, self.limits)
    }
}
