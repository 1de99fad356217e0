//! The relay: the publisher lane's order of things, as a state machine. Each step makes one call to the outside, the
//! outbox or the outlet, so that `tests/sim` can stop the world between any two of them. No clock, no thread, no wait.
//!
//! ```text
//! Looking   read the progress: is this output ours, and did nobody take over since?
//! Making    a new publisher
//! Opening   shut out every earlier one; what it left in doubt is settled now
//! Reading   read the progress again: now nothing can change it but we. Skip what it covers
//! Ready     a page of the outbox, ending with a whole batch        <-+
//! Beginning a transaction                                            |
//! Sending   the page, and the progress that it makes                 |
//! Committing                                                         |
//! Marking   in the outbox: published, gone                         --+
//! ```
//!
//! The first transaction of every publisher is empty but for the progress: from then on the topic names this process,
//! and one that was shut out can tell who did it.
//!
//! **Errors.** What is unfinished is asked again. After any other error the publisher is dropped and all begins at
//! Looking: opening the next one ends the old transaction, whichever way it went, and raises the epoch, so that nothing
//! delayed on the way can count any more; the progress then says what became of it. Not chosen: aborting and going on
//! with the same publisher. It saves a connection after rare errors, and a delayed end of the old transaction would then
//! end the next one.

use crate::ports::{Outlet, Progress, PublishError, Publisher};
use crate::store::{Lineage, Outbox, OutboxPage, StoreError};

/// How often an unfinished call is repeated before a new publisher is made. Each takes about a second.
const UNFINISHED_MAX: u32 = 40;

/// Calls in vain, each of a second or more, after which an open transaction is taken for one that nobody will end: by
/// then the broker has ended those that timed out.
const RELEASE_AFTER: u32 = 25;

/// What the operator allows at a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// Go on though more was published than the store knows of; some events come again.
    pub replay: bool,
    /// Go on though another store made the output so far.
    pub adopt: bool,
}

/// What a relay begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayStart {
    /// The store's name.
    pub lineage: Lineage,
    /// The store's name before it was renewed, if it ever was.
    pub former: Option<Lineage>,
    /// Drawn at the start of the process.
    pub instance: [u8; 16],
    /// The last sequence number in the outbox at the start of the process.
    pub head: u64,
    /// The last one marked as published.
    pub published: u64,
    /// What the operator allows.
    pub accept: Acceptance,
}

/// The state machine.
pub struct Relay {
    start: RelayStart,
    stage: Stage,
    publisher: Option<Box<dyn Publisher>>,
    /// Everything up to here is published.
    published: u64,
    /// This process stands in the progress topic.
    claimed: bool,
    unfinished: u32,
}

/// What is to be done next.
#[derive(Debug)]
enum Stage {
    Looking,
    Making,
    Opening,
    Reading,
    Renewing,
    Ready,
    Beginning(OutboxPage),
    Sending(OutboxPage),
    Committing(OutboxPage),
    Marking(OutboxPage),
}

/// What a step did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do at once.
    Going,
    /// A transaction is about to begin.
    Loaded,
    /// These records are published and marked.
    Published(OutboxPage),
    /// Nothing is to be published.
    Idle,
    /// The same again, after a pause.
    Waiting(PublishError),
}

/// Why the relay can't go on in this process.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process publishes under the same transactional id. Remedy: stop one of the two, or give it an id of its
    /// own.
    #[error(
        "another process took over the output of this one: two instances share one output.transactional_id"
    )]
    TakenOver,
    /// The store is older than what it published. Remedy: restore the newer one.
    #[error(
        "the store went back in time: it knows of {head} output records, and {published} are published. Restore the newer store, or go on with --accept-replay: input is then read again from where this store stands, and up to {} output records come again under the same event ids", published.saturating_sub(*head)
    )]
    WentBack {
        /// The last sequence number of the store.
        head: u64,
        /// The last one published.
        published: u64,
    },
    /// Another store made the output so far. Remedy: use that store.
    #[error(
        "the output so far was made by another store ({found}), not by this one ({own}). Use that store or another output.transactional_id, or go on with this one by --adopt: what it announces may have been announced before"
    )]
    Foreign {
        /// The other store.
        found: Lineage,
        /// This one.
        own: Lineage,
    },
}

/// Why a step failed, before it is decided what to do about it.
enum Failure {
    Publish(PublishError),
    Final(RelayError),
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error.into())
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("stage", &self.stage)
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay that has not looked yet.
    #[must_use]
    pub fn new(start: RelayStart) -> Self {
        Self {
            start,
            stage: Stage::Looking,
            publisher: None,
            published: start.published,
            claimed: false,
            unfinished: 0,
        }
    }

    /// Whether the output was seen to be this store's, and follows from it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.claimed
    }

    /// The last sequence number that is published.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Does the next thing.
    ///
    /// # Errors
    /// [`RelayError`]; the process must end.
    pub fn step(
        &mut self,
        outbox: &mut dyn Outbox,
        outlet: &mut dyn Outlet,
    ) -> Result<Step, RelayError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Looking);
        match self.advance(stage, outbox, outlet) {
            Ok(step) => {
                self.unfinished = 0;
                Ok(step)
            }
            Err(Failure::Publish(error)) => Ok(self.endure(error)),
            Err(Failure::Final(error)) => Err(error),
        }
    }

    fn advance(
        &mut self,
        stage: Stage,
        outbox: &mut dyn Outbox,
        outlet: &mut dyn Outlet,
    ) -> Result<Step, Failure> {
        self.stage = match stage {
            Stage::Looking => {
                self.check(outlet.progress(false)?)?;
                Stage::Making
            }
            Stage::Making => {
                self.publisher = Some(outlet.publisher()?);
                Stage::Opening
            }
            Stage::Opening => self.call(Stage::Opening, |publisher| publisher.open())?,
            Stage::Reading => {
                // Should it take longer, the publisher that was opened stays.
                self.stage = Stage::Reading;
                if self.unfinished == RELEASE_AFTER {
                    self.call(Stage::Reading, |publisher| publisher.release())?;
                }
                self.settle(outlet.progress(true)?)?
            }
            Stage::Renewing => {
                self.start.former = Some(self.start.lineage);
                self.start.lineage = outbox.renew_lineage()?;
                self.claim()
            }
            Stage::Ready => return self.load(outbox.page_after(self.published)?),
            Stage::Beginning(page) => {
                self.call(Stage::Beginning(page), |publisher| publisher.begin())?
            }
            Stage::Sending(page) => self.send(page)?,
            Stage::Committing(page) => {
                let next = self.call(Stage::Committing(page), |publisher| publisher.commit())?;
                self.claimed = true;
                next
            }
            Stage::Marking(page) => return self.mark(page, outbox),
        };
        Ok(Step::Going)
    }

    /// Calls the publisher. What is unfinished leaves the stage as it is.
    fn call(
        &mut self,
        stage: Stage,
        call: impl FnOnce(&mut dyn Publisher) -> Result<(), PublishError>,
    ) -> Result<Stage, Failure> {
        let publisher = self.publisher.as_deref_mut();
        match call(publisher.expect("Making comes before every call")) {
            Ok(()) => Ok(stage.next()),
            Err(error) => {
                self.stage = stage;
                Err(error.into())
            }
        }
    }

    fn send(&mut self, page: OutboxPage) -> Result<Stage, Failure> {
        let progress = Progress {
            lineage: self.start.lineage.0,
            instance: self.start.instance,
            sequence: page.last,
        };
        let publisher = self.publisher.as_deref_mut();
        let publisher = publisher.expect("Making comes before Sending");
        // A second attempt could send the first half twice.
        publisher
            .send(&page.records, &progress)
            .map_err(|error| match error {
                PublishError::Unfinished(reason) => PublishError::Temporary(reason),
                other => other,
            })?;
        Ok(Stage::Committing(page))
    }

    /// Whether the output so far is ours to go on with.
    fn check(&self, progress: Option<Progress>) -> Result<(), Failure> {
        let Some(progress) = progress else {
            return Ok(());
        };
        if self.claimed {
            let is_ours = progress.instance == self.start.instance;
            return if is_ours {
                Ok(())
            } else {
                Err(Failure::Final(RelayError::TakenOver))
            };
        }
        let (found, own) = (Lineage(progress.lineage), self.start.lineage);
        // Renewed, and ended before the topic knew: it is still the store that went back in time.
        let was_ours = self.start.former == Some(found);
        let accept = self.start.accept;
        if found != own && !was_ours {
            return match accept.adopt {
                true => Ok(()),
                false => Err(Failure::Final(RelayError::Foreign { found, own })),
            };
        }
        if (was_ours || progress.sequence > self.start.head) && !accept.replay {
            return Err(Failure::Final(RelayError::WentBack {
                head: self.start.head,
                published: progress.sequence,
            }));
        }
        Ok(())
    }

    /// Takes over what the topic says of ours, and what to do then.
    fn settle(&mut self, progress: Option<Progress>) -> Result<Stage, Failure> {
        self.check(progress)?;
        let ours = progress.filter(|progress| progress.lineage == self.start.lineage.0);
        let Some(Progress { sequence, .. }) = ours else {
            return Ok(self.claim());
        };
        if !self.claimed && sequence > self.start.head {
            // What was published is not what this store will say under these numbers.
            return Ok(Stage::Renewing);
        }
        self.published = self.published.max(sequence);
        Ok(self.claim())
    }

    /// A transaction with nothing but our name in it.
    fn claim(&self) -> Stage {
        Stage::Beginning(OutboxPage {
            records: Vec::new(),
            last: self.published,
        })
    }

    fn load(&mut self, page: OutboxPage) -> Result<Step, Failure> {
        if page.records.is_empty() {
            self.stage = Stage::Ready;
            return Ok(Step::Idle);
        }
        self.stage = Stage::Beginning(page);
        Ok(Step::Loaded)
    }

    fn mark(&mut self, page: OutboxPage, outbox: &mut dyn Outbox) -> Result<Step, Failure> {
        outbox.mark_published(page.last)?;
        self.published = page.last;
        self.stage = Stage::Ready;
        Ok(Step::Published(page))
    }

    /// What to do about an error: the same call again, or all anew with another publisher.
    fn endure(&mut self, error: PublishError) -> Step {
        self.unfinished += 1;
        if !matches!(error, PublishError::Unfinished(_)) || self.unfinished > UNFINISHED_MAX {
            self.unfinished = 0;
            self.publisher = None;
            self.stage = Stage::Looking;
        }
        Step::Waiting(error)
    }
}

impl Stage {
    /// What follows a call that is done.
    fn next(self) -> Self {
        match self {
            Self::Opening => Self::Reading,
            Self::Beginning(page) => Self::Sending(page),
            Self::Committing(page) => Self::Marking(page),
            other => other,
        }
    }
}
