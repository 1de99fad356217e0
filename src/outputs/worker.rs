//! The worker of one output: takes events off the shelf in order and hands them to the tool until it has them. A state
//! machine told the time; the thread around it is in `mod`.
//!
//! ```text
//! next event -> wanted? -> told by a later one anyway? -> tool
//!                                                          has it      place moves on
//!                                                          away        the same again, later and later
//!                                                          failing     the same, a dozen times; then as refused
//!                                                          refused     dead letter; when that is durable the place moves on
//! ```
//!
//! Everything behind an event waits for it, because a tool must not hear of an end before the beginning.

use std::collections::VecDeque;
use std::sync::Arc;

use caseloom_engine::time::{Span, Timestamp};

use super::backoff::Backoff;
use super::client::{Client, Trouble};
use super::letter::letter;
use super::shelf::Shelf;
use super::told::Told;
use super::tools::Tool;
use crate::clock::Clock;
use crate::config::Wanted;
use crate::metrics::Metrics;
use crate::pipeline::{Mailbox, Receipt};
use crate::store::{FeedEntry, StoreError};

/// Events taken off the shelf at once.
const PAGE_EVENTS: usize = 64;
/// Attempts over which a tool may fail before the event is given up.
const FAILURES_MAX: u32 = 12;
/// How soon to look again whether a letter is durable; the owner commits many times a second.
const FILING: Span = Span(50);

/// What a worker is made of.
pub struct WorkerParts {
    /// The output's name.
    pub name: String,
    /// What it wants.
    pub wanted: Wanted,
    /// The product.
    pub tool: Box<dyn Tool>,
    /// The way there.
    pub client: Client,
    /// Where events come from.
    pub shelf: Arc<Shelf>,
    /// Where letters go.
    pub mailbox: Mailbox,
    /// What the operator sees.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For the waits.
    pub seed: u64,
}

/// The state machine.
pub struct Worker {
    parts: WorkerParts,
    page: VecDeque<FeedEntry>,
    /// Behind what was passed over and not noted yet.
    passed: Option<u64>,
    backoff: Backoff,
    failures: u32,
    /// The first event may have been delivered by a run that ended before it could note so; later ones, by an attempt
    /// that broke off.
    in_doubt: bool,
    not_before: Timestamp,
    filing: Option<Receipt>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The same at once.
    Going,
    /// Nothing is there.
    Idle,
    /// Nothing before then.
    At(Timestamp),
}

/// What becomes of an event.
enum Verdict {
    Pass(&'static str),
    Delivered,
    Again(Span, String),
    Dead(String),
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.parts.name)
            .field("page", &self.page.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WorkerParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerParts")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker that goes on where the output stood.
    #[must_use]
    pub fn new(parts: WorkerParts) -> Self {
        parts.metrics.output_begins(&parts.name);
        Self {
            page: VecDeque::new(),
            passed: None,
            backoff: Backoff::new(parts.seed),
            failures: 0,
            in_doubt: true,
            not_before: Timestamp::MIN,
            filing: None,
            parts,
        }
    }

    /// Does the next thing; blocks for as long as the tool takes to answer.
    ///
    /// # Errors
    /// The store failed; the process must end.
    pub fn step(&mut self) -> Result<Next, StoreError> {
        let now = self.parts.clock.now();
        self.parts.shelf.tidy(now)?;
        if let Some(receipt) = &self.filing {
            if !receipt.is_filed() {
                return Ok(Next::At(now.plus(FILING)));
            }
            self.filing = None;
            self.parts.metrics.output_dead(&self.parts.name);
            self.done()?;
            return Ok(Next::Going);
        }
        if now < self.not_before {
            return Ok(Next::At(self.not_before));
        }
        if self.page.is_empty() && !self.load()? {
            self.note_passed()?;
            self.parts.metrics.set_output_lag(&self.parts.name, 0);
            return Ok(Next::Idle);
        }
        self.tell_lag(now);
        self.handle(now)
    }

    /// `false`: there is nothing.
    fn load(&mut self) -> Result<bool, StoreError> {
        // Else what was passed over would come again.
        self.note_passed()?;
        self.page = self.parts.shelf.next(&self.parts.name, PAGE_EVENTS)?.into();
        Ok(!self.page.is_empty())
    }

    fn handle(&mut self, now: Timestamp) -> Result<Next, StoreError> {
        match self.judge() {
            Verdict::Pass(reason) => {
                self.parts.metrics.output_skipped(&self.parts.name, reason);
                self.passed = self.page.pop_front().map(|entry| entry.sequence);
            }
            Verdict::Delivered => {
                self.parts.metrics.output_delivered(&self.parts.name);
                self.done()?;
            }
            Verdict::Again(wait, reason) => {
                let (output, wait_ms) = (&self.parts.name, wait.0);
                tracing::warn!(output, reason, wait_ms, "not delivered, trying again");
                self.parts.metrics.output_retried(output);
                self.in_doubt = true;
                self.not_before = now.plus(wait);
                return Ok(Next::At(self.not_before));
            }
            Verdict::Dead(reason) => {
                let (output, entry) = (&self.parts.name, &self.page[0]);
                tracing::warn!(output, reason, "refused, to the dead letters");
                let record = letter(output, &reason, &entry.record, now);
                self.filing = self.parts.mailbox.send(record);
                if self.filing.is_none() {
                    self.not_before = now.plus(FILING);
                }
                return Ok(Next::At(now.plus(FILING)));
            }
        }
        Ok(Next::Going)
    }

    /// What becomes of the first event of the page.
    fn judge(&mut self) -> Verdict {
        let Some(told) = Told::of(&self.page[0].record) else {
            return Verdict::Dead("it is not understood".into());
        };
        if !wants(&self.parts.wanted, &told) {
            return Verdict::Pass("unwanted");
        }
        if self.parts.tool.keeps_state() && told.event == "updated" && self.comes_again(&told) {
            return Verdict::Pass("superseded");
        }
        let given = self
            .parts
            .tool
            .deliver(&told, self.in_doubt, &self.parts.client);
        match given {
            Ok(()) => Verdict::Delivered,
            Err(Trouble::Away { reason, wait }) => Verdict::Again(self.backoff.next(wait), reason),
            Err(Trouble::Failing(reason)) => {
                self.failures += 1;
                match self.failures < FAILURES_MAX {
                    true => Verdict::Again(self.backoff.next(None), reason),
                    false => Verdict::Dead(format!("{reason}, {FAILURES_MAX} times")),
                }
            }
            Err(Trouble::Refused { reason, .. }) => Verdict::Dead(reason),
        }
    }

    /// Whether a later event of the page tells the case anew.
    fn comes_again(&self, told: &Told<'_>) -> bool {
        let mut later = self.page.iter().skip(1);
        later.any(|entry| {
            entry.record.key == told.record.key
                && Told::of(&entry.record).is_some_and(|told| wants(&self.parts.wanted, &told))
        })
    }

    /// The first event of the page is off the table.
    fn done(&mut self) -> Result<(), StoreError> {
        if let Some(entry) = self.page.pop_front() {
            self.passed = Some(entry.sequence);
        }
        self.backoff.reset();
        (self.failures, self.in_doubt) = (0, false);
        self.note_passed()
    }

    fn note_passed(&mut self) -> Result<(), StoreError> {
        match self.passed.take() {
            Some(sequence) => self.parts.shelf.advance(&self.parts.name, sequence),
            None => Ok(()),
        }
    }

    /// The age of the oldest event that waits.
    fn tell_lag(&self, now: Timestamp) {
        if let Some(entry) = self.page.front() {
            let age = now.since(Timestamp(entry.record.timestamp_ms)).0.max(0);
            self.parts
                .metrics
                .set_output_lag(&self.parts.name, age / 1_000);
        }
    }
}

fn wants(wanted: &Wanted, told: &Told<'_>) -> bool {
    let is_in = |list: &[String], word: &str| list.is_empty() || list.iter().any(|one| one == word);
    is_in(&wanted.scopes, &told.own.scope)
        && is_in(&wanted.events, &told.event)
        && told.severity >= wanted.severity_min as u8
}
