//! The events topic against the store: case by case, in the order of the topic.

use std::collections::BTreeMap;

use caseloom_engine::ids::CaseId;
use caseloom_engine::record::GroupRecord;
use serde::Serialize;

use super::event::{Event, Standing};
use super::finding::Findings;
use crate::events::{event_id, key};
use crate::ports::Destination;
use crate::store::{ChainLink, OutboxReader, StoreError, StoreReader};

/// One record of the events topic.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: &'a [u8],
    /// Header `ce_id`.
    pub id: Option<&'a [u8]>,
    /// Header `ce_chain`.
    pub chain: Option<&'a [u8]>,
    /// Its value.
    pub value: &'a [u8],
    /// It was there before the snapshot of the store.
    pub is_old: bool,
}

/// What the events topic amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutputSums {
    /// Records read.
    pub events: u64,
    /// Cases that they speak of.
    pub cases: u64,
    /// Records that came again, as delivery at least once allows.
    pub repeated: u64,
    /// Cases whose first events the topic keeps no more.
    pub begin_later: u64,
    /// Events that were published after the snapshot of the store.
    pub newer: u64,
    /// Records that wait in the outbox.
    pub waiting: u64,
}

/// Takes the events one by one, then compares with the store.
#[derive(Debug)]
pub struct OutputCheck {
    cases: BTreeMap<Vec<u8>, Seen>,
    sums: OutputSums,
    repeats_allowed: bool,
}

/// What was seen of a case.
#[derive(Debug)]
struct Seen {
    last: ChainLink,
    /// Ends of the chain by number, of those after the snapshot; the store's is one of them, or the last before.
    old: ChainLink,
    standing: Standing,
}

impl OutputCheck {
    /// Nothing was read yet.
    #[must_use]
    pub fn new(repeats_allowed: bool) -> Self {
        Self {
            cases: BTreeMap::new(),
            sums: OutputSums::default(),
            repeats_allowed,
        }
    }

    /// Takes the next event of a partition.
    pub fn take(&mut self, delivered: &Delivered<'_>, findings: &mut Findings) {
        self.sums.events += 1;
        let place = || format!("event at {}/{}", delivered.partition, delivered.offset);
        let Some(event) = Event::parse(delivered.value) else {
            return findings.add("event_unreadable", place);
        };
        let (uid, sequence) = (event.metadata.uid.clone(), event.metadata.sequence);
        let standing = event.standing();
        let expected = event_id(&standing.scope, standing.case_id, sequence);
        let is_itself = delivered.key == key(&standing.scope, standing.case_id)
            && delivered.id == Some(expected.as_bytes())
            && uid == expected;
        findings.expect(is_itself, "event_altered", || {
            format!("{}: key, id and content don't belong together", place())
        });
        self.follow(delivered, sequence, standing, findings);
    }

    /// Puts an event behind those of its case.
    fn follow(
        &mut self,
        delivered: &Delivered<'_>,
        sequence: u64,
        standing: Standing,
        findings: &mut Findings,
    ) {
        let place = || {
            format!(
                "event {sequence} at {}/{}",
                delivered.partition, delivered.offset
            )
        };
        let before = self.cases.get(delivered.key).map(|seen| seen.last);
        let last = before.unwrap_or_default();
        if before.is_some() && sequence <= last.sequence {
            if self.repeats_allowed {
                self.sums.repeated += 1;
            } else {
                findings.add("event_doubled", place);
            }
            return;
        }
        if sequence > last.sequence + 1 {
            // Retention takes the oldest, so only a beginning may be missing.
            match before {
                None => self.sums.begin_later += 1,
                Some(_) => findings.add("event_missing", || {
                    format!("{} comes after {}", place(), last.sequence)
                }),
            }
        }
        let link = link(last, sequence, delivered, findings);
        let old = match (delivered.is_old, self.cases.get(delivered.key)) {
            (true, _) => link,
            (false, Some(seen)) => seen.old,
            (false, None) => ChainLink::default(),
        };
        let seen = Seen {
            last: link,
            old,
            standing,
        };
        self.cases.insert(delivered.key.to_vec(), seen);
    }

    /// Compares with the store, whose outbox holds what is not published yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn finish(
        mut self,
        reader: &StoreReader,
        outbox: &OutboxReader,
        findings: &mut Findings,
    ) -> Result<OutputSums, StoreError> {
        let waiting = self.waiting(outbox)?;
        self.sums.cases = self.cases.len() as u64;
        for group in reader.groups() {
            let group = group?;
            if group.event_seq > 0 {
                let link = reader.chain(group.case)?;
                let key = key(&group.scope_name, group.case);
                let waiting = waiting.get(&key).copied().unwrap_or(0);
                let seen = self.cases.remove(&key);
                self.compare(&group, link, waiting, seen, findings);
            }
        }
        for (key, seen) in &self.cases {
            self.sums.newer += 1;
            findings.expect(seen.old.sequence == 0, "case_unknown", || {
                let key = String::from_utf8_lossy(key);
                format!("{key} has events, and the store has no such case")
            });
        }
        Ok(self.sums)
    }

    /// How many events of each case wait.
    fn waiting(&mut self, outbox: &OutboxReader) -> Result<BTreeMap<Vec<u8>, u64>, StoreError> {
        let mut waiting = BTreeMap::new();
        let mut sequence = 0;
        loop {
            let page = outbox.outbox_after(sequence, 10_000, 8 << 20)?;
            let Some((last, _)) = page.last() else {
                return Ok(waiting);
            };
            sequence = *last;
            self.sums.waiting += page.len() as u64;
            for (_, record) in page {
                if record.destination == Destination::Events {
                    *waiting.entry(record.key).or_default() += 1;
                }
            }
        }
    }

    fn compare(
        &mut self,
        group: &GroupRecord,
        link: ChainLink,
        waiting: u64,
        seen: Option<Seen>,
        findings: &mut Findings,
    ) {
        let case = group.case;
        let Some(seen) = seen else {
            return findings.expect(waiting >= group.event_seq, "event_missing", || {
                format!(
                    "case {case} has {} events, and none is in the topic",
                    group.event_seq
                )
            });
        };
        let last = seen.last.sequence;
        findings.expect(last + waiting >= group.event_seq, "event_missing", || {
            format!(
                "case {case} has {} events, the topic ends at {last}",
                group.event_seq
            )
        });
        findings.expect(seen.old.sequence <= group.event_seq, "store_behind", || {
            let old = seen.old.sequence;
            format!(
                "case {case} has {} events, the topic has {old}",
                group.event_seq
            )
        });
        self.sums.newer += last.saturating_sub(group.event_seq);
        if last == group.event_seq {
            compare_last(case, group, link, &seen, findings);
        }
    }
}

/// What the last event said, against the case as it is.
fn compare_last(
    case: CaseId,
    group: &GroupRecord,
    link: ChainLink,
    seen: &Seen,
    findings: &mut Findings,
) {
    let chained = link.sequence == seen.last.sequence;
    findings.expect(!chained || link == seen.last, "event_altered", || {
        format!("case {case}: the events in the topic are not those that were announced")
    });
    if group.unannounced {
        return;
    }
    for what in seen.standing.differences(group) {
        findings.add("case_altered", || {
            format!("case {case}: {what} is not what its last event said")
        });
    }
}

/// The event's link; by its header where it has one and what came before is not known.
fn link(
    last: ChainLink,
    sequence: u64,
    delivered: &Delivered<'_>,
    findings: &mut Findings,
) -> ChainLink {
    let own = last.then(sequence, delivered.value);
    let Some(header) = delivered.chain else {
        return own;
    };
    let follows = last.sequence + 1 == sequence;
    findings.expect(
        !follows || header == own.text().as_bytes(),
        "event_altered",
        || {
            format!(
                "event {sequence} at {}/{}: its chain is broken",
                delivered.partition, delivered.offset
            )
        },
    );
    ChainLink::parse(sequence, header).unwrap_or(own)
}
