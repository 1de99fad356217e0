//! A Kafka inside the process, for `caseloom demo` and for tests: librdkafka's mock cluster.
//!
//! It keeps 5 MiB per partition and drops the oldest silently, has no admin requests and no look-up by time, shows
//! aborted records and fences nobody. So it shows that the pipes fit, and can't show exactly-once.

use std::fmt;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::error::KafkaError;

/// A running mock cluster of one broker on a free port of 127.0.0.1. It ends when dropped; it stays on its thread.
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl EmbeddedBroker {
    /// Starts a broker with `topics` of `partitions` each. Topics written to are made by themselves.
    ///
    /// # Errors
    /// [`KafkaError::Client`] where it can't be started.
    pub fn start(topics: &[&str], partitions: i32) -> Result<Self, KafkaError> {
        let cluster = MockCluster::new(1)
            .map_err(|error| KafkaError::client("start the embedded broker", error))?;
        let broker = Self { cluster };
        for topic in topics {
            broker.create_topic(topic, partitions)?;
        }
        Ok(broker)
    }

    /// Its address, for `[kafka] brokers`.
    pub fn bootstrap(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// [`KafkaError::Client`] where there is one already.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), KafkaError> {
        let created = self.cluster.create_topic(topic, partitions, 1);
        created.map_err(|error| KafkaError::client("create a topic", error))
    }

    /// Lets the next requests of a kind fail, one for each error.
    pub fn fail_requests(&self, kind: RDKafkaApiKey, errors: &[RDKafkaRespErr]) {
        self.cluster.request_errors(kind, errors);
    }

    /// Lets requests of a kind succeed again.
    pub fn heal_requests(&self, kind: RDKafkaApiKey) {
        self.cluster.clear_request_errors(kind);
    }

    /// Closes all connections and accepts none.
    ///
    /// # Errors
    /// [`KafkaError::Client`] where the cluster refuses.
    pub fn go_down(&self) -> Result<(), KafkaError> {
        self.cluster
            .broker_down(-1)
            .map_err(|error| KafkaError::client("take the broker down", error))
    }

    /// Accepts connections again.
    ///
    /// # Errors
    /// [`KafkaError::Client`] where the cluster refuses.
    pub fn come_up(&self) -> Result<(), KafkaError> {
        self.cluster
            .broker_up(-1)
            .map_err(|error| KafkaError::client("take the broker up", error))
    }
}

impl fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedBroker")
            .field("bootstrap", &self.bootstrap())
            .finish()
    }
}
