//! [`KafkaPublisher`]: an idempotent producer behind [`Publisher`], for brokers without transactions. What it calls one
//! is a call's worth of records, all acknowledged.
//!
//! Committing waits for the delivery report of each record; librdkafka bounds that by `delivery.timeout.ms`. Records of
//! one key go to one partition, and idempotence keeps their order through retries. After an error the pipeline publishes
//! the same again, so readers may see a record twice, with the same event id.
//!
//! A thread of rdkafka's serves the reports. Not chosen: polling in `commit`, because `BaseProducer::poll` returns
//! only when its time is over, so it would either spin or wait too long.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{Producer, ProducerContext, PurgeConfig, ThreadedProducer};

use super::client::{KafkaOptions, log_line};
use super::error::{KafkaError, publish_failure};
use super::outlet::{DestinationTopics, entry};
use crate::ports::{OutputRecord, Progress, PublishError, Publisher};

/// How long to wait for room in the client's queue before trying again.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(20);
/// How much longer than librdkafka's own limit we wait for its reports.
const SLACK: Duration = Duration::from_secs(5);
/// How long one call waits.
pub(super) const CALL: Duration = Duration::from_secs(1);

/// Publishes to Kafka. After [`PublishError::Fatal`] make a new one.
pub struct KafkaPublisher {
    producer: ThreadedProducer<Reports>,
    topics: DestinationTopics,
    wait: Duration,
    deadline: Instant,
    call: usize,
}

impl KafkaPublisher {
    /// Makes a producer. It connects when it first publishes.
    ///
    /// # Errors
    /// [`KafkaError`] where a property is wrong.
    pub fn new(options: &KafkaOptions, topics: DestinationTopics) -> Result<Self, KafkaError> {
        let created = options.producer()?.create_with_context(Reports::default());
        let producer = created.map_err(|error| KafkaError::client("create a producer", error))?;
        Ok(Self {
            producer,
            topics,
            wait: options.delivery_timeout + SLACK,
            deadline: Instant::now(),
            call: 0,
        })
    }

    /// Begins, sends and commits.
    ///
    /// # Errors
    /// [`PublishError`]; none, some or all of the records may have arrived.
    pub fn publish(&mut self, records: &[OutputRecord]) -> Result<(), PublishError> {
        self.begin()?;
        self.queue(records);
        loop {
            match self.commit() {
                Err(PublishError::Unfinished(_)) => {}
                done => return done,
            }
        }
    }

    /// Puts all records into the client's queue; what it refuses is told by `commit`.
    fn queue(&mut self, records: &[OutputRecord]) {
        self.reports().begin(self.call, records.len());
        self.send_all(records, self.deadline);
    }

    /// Drops what an earlier call left in the client, after its records were not reported in time: they are published
    /// again, and must not come after what follows them.
    fn drop_leftovers(&self) {
        let leftovers = self.producer.in_flight_count();
        if leftovers > 0 {
            tracing::debug!(leftovers, "dropping records of an earlier attempt");
            self.producer
                .purge(PurgeConfig::default().queue().inflight());
        }
    }

    fn reports(&self) -> &Reports {
        self.producer.client().context()
    }

    /// Puts all records into the client's queue, or those before the first that it refuses.
    fn send_all(&self, records: &[OutputRecord], deadline: Instant) {
        for (sent, record) in records.iter().enumerate() {
            if let Err(error) = self.send(record, deadline) {
                let code = error.rdkafka_error_code().unwrap_or(Code::InvalidArgument);
                return self
                    .reports()
                    .refused(records.len() - sent, code, error.to_string());
            }
        }
    }

    fn send(&self, record: &OutputRecord, deadline: Instant) -> Result<(), ClientError> {
        let topic = self.topics.name(record.destination);
        let mut entry = entry(topic, record, self.call);
        loop {
            match self.producer.send(entry) {
                Ok(()) => return Ok(()),
                Err((ClientError::MessageProduction(Code::QueueFull), unsent))
                    if Instant::now() < deadline =>
                {
                    entry = unsent;
                    self.reports().wait_for_one(QUEUE_FULL_WAIT);
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    fn sort(&self, code: Code, reason: String) -> PublishError {
        match self.producer.client().fatal_error() {
            Some((code, why)) => PublishError::Fatal(format!("{code}: {why}")),
            None => publish_failure(code, reason),
        }
    }
}

impl Publisher for KafkaPublisher {
    fn open(&mut self) -> Result<(), PublishError> {
        Ok(())
    }

    fn begin(&mut self) -> Result<(), PublishError> {
        self.deadline = Instant::now() + self.wait;
        self.drop_leftovers();
        self.call = self.call.wrapping_add(1);
        self.reports().begin(self.call, 0);
        Ok(())
    }

    /// No progress is kept: it would be no truer than the outbox's own mark.
    fn send(&mut self, records: &[OutputRecord], _: &Progress) -> Result<(), PublishError> {
        self.queue(records);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), PublishError> {
        let until = self.deadline.min(Instant::now() + CALL);
        match self.reports().settle(until) {
            None => Ok(()),
            Some((Code::MessageTimedOut, reason))
                if self.reports().is_waiting() && Instant::now() < self.deadline =>
            {
                Err(PublishError::Unfinished(reason))
            }
            Some((code, reason)) => Err(self.sort(code, reason)),
        }
    }
}

impl fmt::Debug for KafkaPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaPublisher")
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}

/// Collects the delivery reports of one call; those of earlier calls, which ran out of time, are ignored.
#[derive(Debug, Default)]
struct Reports {
    round: Mutex<Round>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Round {
    call: usize,
    outstanding: usize,
    failure: Option<(Code, String)>,
}

impl Reports {
    fn lock(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, call: usize, outstanding: usize) {
        *self.lock() = Round {
            call,
            outstanding,
            failure: None,
        };
    }

    /// Notes that the last `unsent` records of the call will have no report.
    fn refused(&self, unsent: usize, code: Code, reason: String) {
        let mut round = self.lock();
        round.outstanding -= unsent;
        round.failure.get_or_insert((code, reason));
    }

    fn report(&self, call: usize, failure: Option<(Code, String)>) {
        let mut round = self.lock();
        if round.call != call {
            return;
        }
        round.outstanding -= 1;
        if round.failure.is_none() {
            round.failure = failure;
        }
        drop(round);
        self.changed.notify_all();
    }

    fn wait_for_one(&self, wait: Duration) {
        _ = self.changed.wait_timeout(self.lock(), wait);
    }

    /// Whether nothing went wrong so far and reports are outstanding.
    fn is_waiting(&self) -> bool {
        let round = self.lock();
        round.failure.is_none() && round.outstanding > 0
    }

    /// Waits until no report is outstanding. Returns what went wrong first.
    fn settle(&self, deadline: Instant) -> Option<(Code, String)> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), wait, |round| round.outstanding > 0);
        let (round, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let late = (round.outstanding > 0).then(|| {
            (
                Code::MessageTimedOut,
                format!("{} records were not reported in time", round.outstanding),
            )
        });
        round.failure.clone().or(late)
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(%error, reason, "kafka output");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, call: usize) {
        let failure = result.as_ref().err().map(|(error, _)| {
            let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
            (code, error.to_string())
        });
        self.report(call, failure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle_now(reports: &Reports) -> Option<Code> {
        reports.settle(Instant::now()).map(|(code, _)| code)
    }

    #[test]
    fn a_call_is_settled_by_its_own_reports() {
        let reports = Reports::default();
        reports.begin(7, 2);
        reports.report(6, Some((Code::MessageTimedOut, String::new())));
        reports.report(7, None);
        assert_eq!(
            settle_now(&reports),
            Some(Code::MessageTimedOut),
            "one report is outstanding"
        );
        reports.report(7, None);
        assert_eq!(settle_now(&reports), None);
    }

    #[test]
    fn the_first_failure_counts() {
        let reports = Reports::default();
        reports.begin(1, 4);
        reports.report(1, None);
        reports.report(1, Some((Code::NotEnoughReplicas, String::new())));
        reports.refused(2, Code::MessageSizeTooLarge, String::new());
        assert_eq!(settle_now(&reports), Some(Code::NotEnoughReplicas));
    }
}
