//! [`TransactionalPublisher`]: a transactional producer behind [`Publisher`]. A transaction's records, the progress among
//! them, become visible to readers of committed records together, or never.
//!
//! librdkafka retries what a retry can cure. What it reports is sorted here by its own word: *retriable*: the same call
//! goes on ([`PublishError::Unfinished`]); *fatal* with a fencing code: [`PublishError::Fenced`]; *requires abort* and
//! the rest: this producer is done. Its transaction is ended by the next one's `open`, not by an abort here: an abort
//! whose answer is lost would be as much in doubt as a commit.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use super::client::{KafkaOptions, log_line};
use super::error::{KafkaError, publish_failure};
use super::outlet::{DestinationTopics, entry};
use super::progress::encode;
use super::publisher::CALL;
use crate::ports::{OutputRecord, Progress, PublishError, Publisher};

/// How long `send` waits for room in the client's queue; a page fits into it whole as it is set by default.
const ROOM_WAIT: Duration = Duration::from_secs(10);
/// How long to wait for room before trying again.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);

/// Publishes to Kafka in transactions.
pub(super) struct TransactionalPublisher {
    producer: ThreadedProducer<Failures>,
    topics: DestinationTopics,
    progress_topic: String,
    transactional_id: String,
}

/// Keeps the first delivery that failed: the transaction's own error says less.
#[derive(Debug, Default)]
struct Failures {
    first: Mutex<Option<(Code, String)>>,
}

impl TransactionalPublisher {
    /// Makes a producer. It connects by itself.
    pub(super) fn new(
        options: &KafkaOptions,
        topics: DestinationTopics,
        progress_topic: String,
        transactional_id: String,
    ) -> Result<Self, KafkaError> {
        let config = options.transactional(&transactional_id)?;
        let created = config.create_with_context(Failures::default());
        let producer = created.map_err(|error| KafkaError::client("create a producer", error))?;
        Ok(Self {
            producer,
            topics,
            progress_topic,
            transactional_id,
        })
    }

    fn queue(&self, mut record: BaseRecord<'_, [u8], [u8], usize>) -> Result<(), PublishError> {
        let deadline = Instant::now() + ROOM_WAIT;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((ClientError::MessageProduction(Code::QueueFull), unsent))
                    if Instant::now() < deadline =>
                {
                    record = unsent;
                    std::thread::park_timeout(QUEUE_FULL_WAIT);
                }
                Err((error, _)) => return Err(self.sort(error)),
            }
        }
    }

    fn sort(&self, error: ClientError) -> PublishError {
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            return match is_fencing(code) {
                true => PublishError::Fenced(format!("{code}: {reason}")),
                false => PublishError::Fatal(format!("{code}: {reason}")),
            };
        }
        let code = match &error {
            ClientError::Transaction(error) if is_fencing(error.code()) => {
                return PublishError::Fenced(error.string());
            }
            ClientError::Transaction(error) if error.is_retriable() => {
                return PublishError::Unfinished(error.string());
            }
            // Committing begins with sending what is queued.
            ClientError::Flush(Code::OperationTimedOut) => {
                return PublishError::Unfinished(error.to_string());
            }
            ClientError::Transaction(error) => error.code(),
            other => other.rdkafka_error_code().unwrap_or(Code::Unknown),
        };
        match self.producer.context().first() {
            Some((code, reason)) => publish_failure(code, format!("{error}: {reason}")),
            None => publish_failure(code, error.to_string()),
        }
    }
}

/// Whether a later producer, or the broker's own time-out, raised the epoch.
fn is_fencing(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch
    )
}

impl Publisher for TransactionalPublisher {
    fn open(&mut self) -> Result<(), PublishError> {
        let opened = self.producer.init_transactions(CALL);
        opened.map_err(|error| self.sort(error))
    }

    fn begin(&mut self) -> Result<(), PublishError> {
        let begun = self.producer.begin_transaction();
        begun.map_err(|error| self.sort(error))
    }

    fn send(&mut self, records: &[OutputRecord], progress: &Progress) -> Result<(), PublishError> {
        for record in records {
            let topic = self.topics.name(record.destination);
            self.queue(entry(topic, record, 0))?;
        }
        let value = encode(progress);
        let mut record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(&self.progress_topic, 0).partition(0);
        record.key = Some(self.transactional_id.as_bytes());
        record.payload = Some(&value);
        self.queue(record)
    }

    /// Sends what is queued without waiting for company, then ends the transaction.
    fn commit(&mut self) -> Result<(), PublishError> {
        let committed = self.producer.commit_transaction(CALL);
        committed.map_err(|error| self.sort(error))
    }

    /// A broker that restarts may end a transaction before it knows the partitions again, and then leaves them open
    /// for good. The marker that ends a transaction of the same producer ends those too; so one that holds a record
    /// for each partition is begun, and taken back.
    fn release(&mut self) -> Result<(), PublishError> {
        tracing::warn!("the broker left a transaction open; taking it back");
        self.begin()?;
        for (topic, partition) in self.partitions()? {
            let mut record: BaseRecord<'_, [u8], [u8], usize> =
                BaseRecord::with_opaque_to(&topic, 0).partition(partition);
            record.key = Some(self.transactional_id.as_bytes());
            self.queue(record)?;
        }
        // Each partition must hold its record, or its part of the transaction would not be ended.
        let sent = self.producer.flush(ROOM_WAIT);
        sent.map_err(|error| PublishError::Temporary(error.to_string()))?;
        let ended = self.producer.abort_transaction(ROOM_WAIT);
        ended.map_err(|error| PublishError::Temporary(error.to_string()))
    }
}

impl TransactionalPublisher {
    /// All partitions that a transaction of ours may have written to.
    fn partitions(&self) -> Result<Vec<(String, i32)>, PublishError> {
        let topics = [
            &self.topics.events,
            &self.topics.state,
            &self.topics.dead_letters,
            &self.progress_topic,
        ];
        let mut partitions = Vec::new();
        for topic in topics {
            let known = self
                .producer
                .client()
                .fetch_metadata(Some(topic), ROOM_WAIT);
            let known = known.map_err(|error| PublishError::Temporary(error.to_string()))?;
            let ids = known.topics().iter().flat_map(|topic| topic.partitions());
            partitions.extend(ids.map(|partition| (topic.clone(), partition.id())));
        }
        Ok(partitions)
    }
}

impl fmt::Debug for TransactionalPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionalPublisher")
            .field("transactional_id", &self.transactional_id)
            .finish_non_exhaustive()
    }
}

impl Failures {
    fn first(&self) -> Option<(Code, String)> {
        self.first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ClientContext for Failures {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(%error, reason, "kafka output");
    }
}

impl ProducerContext for Failures {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, _: usize) {
        if let Err((error, _)) = result {
            let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| (code, error.to_string()));
        }
    }
}
