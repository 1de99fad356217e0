//! The post: output records that neither an alert nor a command brings about. The owner puts them into its batches, so
//! that they go out as everything does: durable first, then once.
//!
//! Two senders: tools downstream that refuse an event ([`Mailbox`], the letter says why), and the audit, whose heads are
//! published so that somebody else can keep them ([`Heads`]).

use std::collections::BTreeMap;

use caseloom_engine::ids::ScopeId;
use caseloom_engine::record::Record;
use caseloom_engine::time::{Span, Timestamp};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, never};

use crate::events::AuditHeadEvent;
use crate::ports::OutputRecord;
use crate::store::{StoreError, StoreReader};

/// Letters that wait for the owner; each sender waits for its own, so more would need more outputs.
const LETTERS_MAX: usize = 64;
/// Letters in one batch. Each may be as long as an event.
const LETTERS_IN_BATCH_MAX: usize = 16;
/// Heads in one batch, of about 300 bytes each. The rest goes with the next.
const HEADS_IN_BATCH_MAX: usize = 1_000;

/// A record for the owner, and who wants to know when it is durable.
struct Letter {
    record: OutputRecord,
    filed: Sender<()>,
}

/// Takes records for the owner. Clones share it.
#[derive(Clone, Debug)]
pub struct Mailbox(Sender<Letter>);

/// A letter on its way.
#[derive(Debug)]
pub struct Receipt(Receiver<()>);

/// The owner's side.
pub struct Post {
    letters: Receiver<Letter>,
    /// Of letters in the batch at hand.
    filed: Vec<Sender<()>>,
    heads: Option<Heads>,
}

/// Says the ends of the audit chains when they have moved, at most so often.
#[derive(Debug)]
pub struct Heads {
    reader: StoreReader,
    every: Span,
    /// Number of the last record that was said, by scope.
    said: BTreeMap<ScopeId, u64>,
    /// Those in the batch at hand.
    saying: Vec<(ScopeId, u64)>,
    /// Something may not be said yet. At first everything: what the last run said is not known.
    is_due: bool,
    not_before: Timestamp,
}

/// A mailbox, and the post that empties it.
#[must_use]
pub fn post(heads: Heads) -> (Mailbox, Post) {
    let (to, letters) = bounded(LETTERS_MAX);
    let post = Post {
        letters,
        filed: Vec::new(),
        heads: Some(heads),
    };
    (Mailbox(to), post)
}

impl Mailbox {
    /// Hands a record over. `None`: too many wait, try again later.
    #[must_use]
    pub fn send(&self, record: OutputRecord) -> Option<Receipt> {
        let (filed, receipt) = bounded(1);
        match self.0.try_send(Letter { record, filed }) {
            // Whoever ended will not be told; the event is sent again by the next start.
            Ok(()) | Err(TrySendError::Disconnected(_)) => Some(Receipt(receipt)),
            Err(TrySendError::Full(_)) => None,
        }
    }
}

impl Receipt {
    /// Whether the record is durable.
    #[must_use]
    pub fn is_filed(&self) -> bool {
        self.0.try_recv().is_ok()
    }
}

impl Post {
    /// A post that nobody writes to.
    #[must_use]
    pub fn none() -> Self {
        Self {
            letters: never(),
            filed: Vec::new(),
            heads: None,
        }
    }

    /// Appends what is to go with this batch.
    pub(super) fn collect(
        &mut self,
        now: Timestamp,
        records: &mut Vec<OutputRecord>,
    ) -> Result<(), StoreError> {
        for letter in self.letters.try_iter().take(LETTERS_IN_BATCH_MAX) {
            records.push(letter.record);
            self.filed.push(letter.filed);
        }
        match &mut self.heads {
            Some(heads) => heads.collect(now, records),
            None => Ok(()),
        }
    }

    /// The batch is durable, with these records of the engine's.
    pub(super) fn committed(&mut self, records: &[Record]) {
        for filed in self.filed.drain(..) {
            filed.try_send(()).ok();
        }
        if let Some(heads) = &mut self.heads {
            heads.committed(records);
        }
    }

    /// Whether heads wait for their time. They no longer do.
    pub(super) fn hurry(&mut self) -> bool {
        let Some(heads) = &mut self.heads else {
            return false;
        };
        heads.not_before = Timestamp::MIN;
        heads.is_due
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post")
            .field("heads", &self.heads)
            .finish_non_exhaustive()
    }
}

impl Heads {
    /// Heads of this store's chains, each scope's at most once in `every`.
    #[must_use]
    pub fn new(reader: StoreReader, every: Span) -> Self {
        Self {
            reader,
            every,
            said: BTreeMap::new(),
            saying: Vec::new(),
            is_due: true,
            not_before: Timestamp::MIN,
        }
    }

    /// Only what is durable is said: what the batch at hand adds is not in the store yet.
    fn collect(
        &mut self,
        now: Timestamp,
        records: &mut Vec<OutputRecord>,
    ) -> Result<(), StoreError> {
        if !self.is_due || now < self.not_before {
            return Ok(());
        }
        let lineage = self.reader.lineage()?;
        self.is_due = false;
        for scope in self.reader.scopes()? {
            let Some(head) = self.reader.audit_head(scope.id)? else {
                continue;
            };
            if head.seq == 0 || self.said.get(&scope.id) == Some(&head.seq) {
                continue;
            }
            if self.saying.len() == HEADS_IN_BATCH_MAX {
                self.is_due = true;
                break;
            }
            self.saying.push((scope.id, head.seq));
            let event = AuditHeadEvent::new(&scope.name, &head, lineage, now);
            records.push(event.record(now));
        }
        if !self.is_due && !self.saying.is_empty() {
            self.not_before = now.plus(self.every);
        }
        Ok(())
    }

    fn committed(&mut self, records: &[Record]) {
        self.said.extend(self.saying.drain(..));
        self.is_due |= records
            .iter()
            .any(|record| matches!(record, Record::AuditHead(_)));
    }
}
