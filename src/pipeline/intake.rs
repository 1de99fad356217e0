//! Intake: a batch of records becomes decisions. First all messages are parsed, then all alerts are decided, so that
//! each step runs in its own cache and can be timed without a clock per alert.

use std::collections::BTreeMap;
use std::time::Instant;

use caseloom_engine::accounting::MessageOutcome;
use caseloom_engine::alert::{Alert, Position, TopicId};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::Decision;
use caseloom_engine::input::{Format, Message, Notes, Parsed, Parser, Reject, Scope};
use caseloom_engine::time::Timestamp;

use super::care::Place;
use super::topics::Topics;
use crate::events::{DeadLetter, dead_letter};
use crate::metrics::{Metrics, Stage};
use crate::ports::{NextOffset, OutputRecord, Record, RecordBatch};

/// The scope of alerts that bring none from topics that fix none.
const DEFAULT_SCOPE: &str = "default";

/// What a batch of records gave, until it is committed.
#[derive(Debug)]
pub(super) struct Intake {
    parser: Parser,
    pub(super) correlator: Correlator,
    pub(super) decision: Decision,
    /// All alerts of the batch; `decision.outcomes` has one outcome for each.
    pub(super) alerts: Vec<Alert>,
    /// For each alert the index of its record.
    pub(super) origins: Vec<u32>,
    /// Dead letters, to be published.
    pub(super) dead_letters: Vec<OutputRecord>,
    /// Messages read.
    pub(super) messages: u64,
    /// A message that crashed the process.
    quarantine: Option<Place>,
    /// Where to read on, for all partitions ever read.
    next: BTreeMap<(TopicId, i32), i64>,
    notes: Notes,
    received: Vec<(Format, u64)>,
}

impl Intake {
    /// Nothing yet; `next` is where the store says to go on, and the message at `quarantine` is not read.
    pub(super) fn new(
        parser: Parser,
        correlator: Correlator,
        next: &[NextOffset],
        quarantine: Option<Place>,
    ) -> Self {
        Self {
            parser,
            correlator,
            decision: Decision::default(),
            alerts: Vec::new(),
            origins: Vec::new(),
            dead_letters: Vec::new(),
            messages: 0,
            quarantine,
            next: next
                .iter()
                .map(|next| ((next.topic, next.partition), next.offset))
                .collect(),
            notes: Notes::default(),
            received: Vec::new(),
        }
    }

    /// Parses and decides all records of a batch at wall time `now`.
    pub(super) fn take(
        &mut self,
        batch: &RecordBatch,
        topics: &Topics,
        now: Timestamp,
        metrics: &Metrics,
    ) {
        let begun = Instant::now();
        for (index, record) in batch.records.iter().enumerate() {
            self.parse(index, record, batch, topics, (now, metrics));
        }
        let parsed = Instant::now();
        self.correlator
            .on_alerts(&self.alerts, |_| now, &mut self.decision);
        metrics.observe_stage(Stage::Parse, (parsed - begun).as_secs_f64());
        metrics.observe_stage(Stage::Decide, parsed.elapsed().as_secs_f64());
        metrics.observe_notes(&self.notes);
    }

    /// Alerts by the name of their format, since the last [`Self::clear`].
    pub(super) fn received(&self) -> Vec<(&str, u64)> {
        let named = |(format, count): &(Format, u64)| (self.parser.format_name(*format), *count);
        self.received.iter().map(named).collect()
    }

    /// Takes over where partitions begin or go on behind a gap.
    pub(super) fn assign(&mut self, assigned: &[NextOffset]) {
        let known = assigned
            .iter()
            .map(|next| ((next.topic, next.partition), next.offset));
        self.next.extend(known);
    }

    /// Where to read on in the partitions of this batch.
    pub(super) fn next_offsets(&self, batch: &RecordBatch) -> Vec<NextOffset> {
        let mut read: Vec<_> = batch
            .records
            .iter()
            .map(|record| (record.topic, record.partition))
            .collect();
        read.extend(
            batch
                .assigned
                .iter()
                .map(|next| (next.topic, next.partition)),
        );
        read.sort_unstable();
        read.dedup();
        let next = |(topic, partition)| NextOffset {
            topic,
            partition,
            offset: self.next[&(topic, partition)],
        };
        read.into_iter().map(next).collect()
    }

    /// Forgets the batch and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.decision.clear();
        self.alerts.clear();
        self.origins.clear();
        self.dead_letters.clear();
        self.messages = 0;
        self.notes = Notes::default();
        self.received.clear();
    }

    fn parse(
        &mut self,
        index: usize,
        record: &Record,
        batch: &RecordBatch,
        topics: &Topics,
        (now, metrics): (Timestamp, &Metrics),
    ) {
        let next = self
            .next
            .entry((record.topic, record.partition))
            .or_insert(record.offset);
        if record.offset < *next {
            // Decided already: a source that reads something twice must not count it twice.
            return;
        }
        *next = record.offset + 1;
        self.messages += 1;
        let value = batch.value(record);
        let settings = topics.get(record.topic);
        let before = self.alerts.len();
        let letter = Letter {
            record,
            topic: &settings.name,
            value,
            now,
        };
        if self.quarantine == Some((record.topic, record.partition, record.offset)) {
            return self.set_aside(&letter, settings.format, metrics);
        }
        let result = if value.len() > settings.message_bytes_max {
            Err(Reject::TooLarge {
                bytes: value.len(),
                max: settings.message_bytes_max,
            })
        } else {
            let mut headers = [("", &[][..]); Message::HEADERS.len()];
            let places = headers.iter_mut().zip(batch.headers(record));
            let count = places.map(|(place, header)| *place = header).count();
            let message = Message {
                bytes: value,
                format: settings.format,
                scope: settings
                    .scope
                    .as_deref()
                    .map_or(Scope::Default(DEFAULT_SCOPE), Scope::Fixed),
                position: position(record),
                broker_time: record.timestamp_ms.map(Timestamp),
                headers: &headers[..count],
            };
            self.parser.parse(&message, &mut self.alerts)
        };
        let origin = u32::try_from(index).expect("a batch has fewer than 2^32 records");
        self.origins.resize(self.alerts.len(), origin);
        match result {
            Ok(parsed) => self.understood(&parsed, before, &letter, metrics),
            Err(reject) => {
                self.correlator.on_message(MessageOutcome::Rejected);
                let format = self.guess(&reject).unwrap_or(settings.format);
                self.reject(&letter, format, (&reject, None), metrics);
            }
        }
    }

    /// What the parser took a rejected message for; nothing of one that it never saw.
    fn guess(&self, reject: &Reject) -> Option<Format> {
        match reject {
            Reject::TooLarge { .. } => None,
            _ => self.parser.guess().format,
        }
    }

    fn understood(
        &mut self,
        parsed: &Parsed,
        before: usize,
        letter: &Letter<'_>,
        metrics: &Metrics,
    ) {
        self.correlator.on_message(parsed.outcome());
        let format = parsed.format.unwrap_or(Format::Auto);
        let alerts = (self.alerts.len() - before) as u64;
        match self.received.iter_mut().find(|(known, _)| *known == format) {
            Some((_, count)) => *count += alerts,
            None => self.received.push((format, alerts)),
        }
        self.notes += parsed.notes;
        for (index, reject) in &parsed.rejects {
            self.reject(letter, format, (reject, Some(*index)), metrics);
        }
    }

    /// A message that is rejected without a look at it.
    fn set_aside(&mut self, letter: &Letter<'_>, format: Format, metrics: &Metrics) {
        let (partition, offset) = (letter.record.partition, letter.record.offset);
        tracing::error!(topic = letter.topic, partition, offset, "quarantined");
        self.correlator.on_message(MessageOutcome::Rejected);
        let detail = "the process crashed whenever it read this message";
        self.bury(letter, format, ("quarantined", detail, None), metrics);
    }

    fn reject(
        &mut self,
        letter: &Letter<'_>,
        format: Format,
        (reject, index): (&Reject, Option<u32>),
        metrics: &Metrics,
    ) {
        let detail = reject.to_string();
        self.bury(letter, format, (reject.reason(), &detail, index), metrics);
    }

    fn bury(
        &mut self,
        letter: &Letter<'_>,
        format: Format,
        (reason, detail, index): (&'static str, &str, Option<u32>),
        metrics: &Metrics,
    ) {
        metrics.observe_rejects(reason, 1);
        let format = self.parser.format_name(format).to_owned();
        let dead = DeadLetter {
            reason,
            detail,
            format: &format,
            topic: letter.topic,
            partition: letter.record.partition,
            offset: letter.record.offset,
            index,
            bytes: letter.value,
        };
        self.dead_letters.push(dead_letter(&dead, letter.now.0));
    }
}

/// A message that may become a dead letter.
struct Letter<'a> {
    record: &'a Record,
    topic: &'a str,
    value: &'a [u8],
    now: Timestamp,
}

fn position(record: &Record) -> Position {
    Position {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        index: 0,
    }
}
