//! [`KafkaOutlet`]: makes publishers of the kind that is configured, and reads the progress topic.

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::client::KafkaOptions;
use super::error::KafkaError;
use super::progress::read_progress;
use super::publisher::KafkaPublisher;
use super::topics::{TopicSpec, ensure_topics};
use super::transactions::TransactionalPublisher;
use crate::ports::{Destination, Outlet, OutputRecord, Progress, PublishError, Publisher};

/// The topic of each destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationTopics {
    /// `[output] events_topic`.
    pub events: String,
    /// `[output] state_topic`.
    pub state: String,
    /// `[output] dlq_topic`.
    pub dead_letters: String,
    /// `[output] audit_topic`.
    pub audit_heads: String,
}

/// Where output goes, and how.
#[derive(Clone, Debug)]
pub struct OutletOptions {
    /// The topics of the records.
    pub topics: DestinationTopics,
    /// `[output] progress_topic`.
    pub progress_topic: String,
    /// `[output] transactional_id`; `None`: without transactions, at least once.
    pub transactional_id: Option<String>,
    /// The topics that must be there.
    pub needed: Vec<TopicSpec>,
    /// Make those that are not.
    pub create: bool,
}

/// Kafka as the place where output goes.
#[derive(Debug)]
pub struct KafkaOutlet {
    client: KafkaOptions,
    options: OutletOptions,
    /// The topics are known to be there.
    checked: bool,
}

impl DestinationTopics {
    /// The name for a destination.
    #[must_use]
    pub fn name(&self, destination: Destination) -> &str {
        match destination {
            Destination::Events => &self.events,
            Destination::State => &self.state,
            Destination::DeadLetters => &self.dead_letters,
            Destination::AuditHeads => &self.audit_heads,
        }
    }
}

impl KafkaOutlet {
    /// An outlet; it connects when it is first used.
    #[must_use]
    pub fn new(client: KafkaOptions, options: OutletOptions) -> Self {
        Self {
            client,
            options,
            checked: false,
        }
    }

    /// Makes the topics that are missing, or says which they are: a producer would have them made with the broker's
    /// defaults, and the compacted ones would not be compacted.
    ///
    /// # Errors
    /// [`KafkaError::TopicsMissing`], or that no broker is in reach.
    pub fn check_topics(&mut self) -> Result<(), KafkaError> {
        if !self.checked {
            ensure_topics(&self.client, &self.options.needed, self.options.create)?;
            self.checked = true;
        }
        Ok(())
    }
}

impl Outlet for KafkaOutlet {
    fn progress(&mut self, settled: bool) -> Result<Option<Progress>, PublishError> {
        self.check_topics()
            .map_err(|error| PublishError::Temporary(error.to_string()))?;
        match &self.options.transactional_id {
            Some(id) => read_progress(&self.client, &self.options.progress_topic, id, settled),
            None => Ok(None),
        }
    }

    fn publisher(&mut self) -> Result<Box<dyn Publisher>, PublishError> {
        let topics = self.options.topics.clone();
        let made: Result<Box<dyn Publisher>, KafkaError> = match &self.options.transactional_id {
            Some(id) => {
                let progress_topic = self.options.progress_topic.clone();
                TransactionalPublisher::new(&self.client, topics, progress_topic, id.clone())
                    .map(|publisher| Box::new(publisher) as _)
            }
            None => {
                KafkaPublisher::new(&self.client, topics).map(|publisher| Box::new(publisher) as _)
            }
        };
        made.map_err(|error| PublishError::Fatal(error.to_string()))
    }
}

/// A record as the client takes it.
pub(super) fn entry<'a>(
    topic: &'a str,
    record: &'a OutputRecord,
    call: usize,
) -> BaseRecord<'a, [u8], [u8], usize> {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (name, value) in &record.headers {
        headers = headers.insert(Header {
            key: name,
            value: Some(value),
        });
    }
    let mut entry: BaseRecord<'_, [u8], [u8], usize> = BaseRecord::with_opaque_to(topic, call);
    entry.key = Some(&record.key);
    entry.payload = record.value.as_deref();
    entry.timestamp(record.timestamp_ms).headers(headers)
}
