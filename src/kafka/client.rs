//! How our Kafka clients are configured, and where their log lines go.
//!
//! Everything the promises depend on is set here and can't be overridden; the rest (security, timeouts, buffers) passes
//! through from `[kafka.properties]` under librdkafka's own names.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError as ClientError;

use super::error::KafkaError;

/// Where Kafka is and how to talk to it. `Debug` shows no property that could be a secret.
#[derive(Clone)]
pub struct KafkaOptions {
    /// Bootstrap servers, `host:port` separated by commas.
    pub brokers: String,
    /// How brokers name us in their logs and quotas; also the group id, which is never joined.
    pub client_id: String,
    /// librdkafka properties such as `security.protocol` or `sasl.password`. See [`RESERVED`].
    pub properties: BTreeMap<String, String>,
    /// Go on at the lowest offset where a stored offset is not in its topic any more, and report the gap.
    pub accept_gap: bool,
    /// How often topics are asked for new partitions.
    pub metadata_interval: Duration,
    /// How often lag and "caught up" are worked out. 500 ms: silent scopes wait about twice that for the time.
    pub statistics_interval: Duration,
    /// Longest wait for one metadata, offset or admin request; also bounds how long a stop may take.
    pub request_timeout: Duration,
    /// Longest time the publisher tries to deliver one record, where it uses no transactions.
    pub delivery_timeout: Duration,
    /// How far, in record time, a partition may run ahead of the slowest in a backlog.
    pub skew_max: Duration,
}

/// Properties that can't be passed through, because a promise depends on them.
pub const RESERVED: [&str; 22] = [
    "acks",
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.protocol",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.timeout.ms",
    "metadata.broker.list",
    "request.required.acks",
    "statistics.interval.ms",
    "test.mock.num.brokers",
    "transactional.id",
];

/// Defaults of ours that librdkafka knows by a second name. Both at once would win in no fixed order.
const ALIASES: [(&str, &str); 2] = [
    ("compression.type", "compression.codec"),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
];

/// Properties whose values `Debug` shows. A list of what is harmless: a list of secrets would miss the next one.
const SHOWN: [&str; 6] = [
    "broker.address.family",
    "compression.type",
    "sasl.mechanism",
    "sasl.mechanisms",
    "security.protocol",
    "ssl.ca.location",
];

impl KafkaOptions {
    /// The defaults, for `brokers`.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            client_id: "caseloom".into(),
            properties: BTreeMap::new(),
            accept_gap: false,
            metadata_interval: Duration::from_secs(30),
            statistics_interval: Duration::from_millis(500),
            request_timeout: Duration::from_secs(5),
            delivery_timeout: Duration::from_secs(30),
            skew_max: Duration::from_secs(600),
        }
    }

    /// The consumer's configuration. Sizes: 64 MiB wait in the client at most, and a message of up to about 80 MiB can
    /// be read, since a broker returns the first batch whole whatever `fetch.max.bytes` says.
    pub(super) fn consumer(&self) -> Result<ClientConfig, KafkaError> {
        let mut config = self.common(&[
            ("group.id", &self.client_id),
            ("queued.max.messages.kbytes", "65536"),
            ("fetch.message.max.bytes", "1048576"),
            ("fetch.max.bytes", "16777216"),
            ("fetch.wait.max.ms", "100"),
            ("receive.message.max.bytes", "100000000"),
        ])?;
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            .set("allow.auto.create.topics", "false")
            .set("isolation.level", "read_committed")
            .set(
                "statistics.interval.ms",
                self.statistics_interval.as_millis().to_string(),
            );
        Ok(config)
    }

    /// The configuration of a publisher with transactions. An open transaction holds all readers of committed records
    /// up, so one whose process is gone must not stay open for long; a page takes far less to send.
    pub(super) fn transactional(&self, id: &str) -> Result<ClientConfig, KafkaError> {
        let mut config = self.output(&[("transaction.timeout.ms", "15000")])?;
        // librdkafka bounds a record's delivery by the transaction's time-out.
        config.set("transactional.id", id);
        Ok(config)
    }

    /// The configuration of a publisher without: idempotent, so that a retry of librdkafka's can neither double nor reorder.
    /// The partitioner is Java's, so that our keys stand where other producers would put them.
    pub(super) fn producer(&self) -> Result<ClientConfig, KafkaError> {
        let mut config = self.output(&[])?;
        config.set(
            "delivery.timeout.ms",
            self.delivery_timeout.as_millis().to_string(),
        );
        Ok(config)
    }

    fn output(&self, more: &[(&str, &str)]) -> Result<ClientConfig, KafkaError> {
        let defaults = [
            ("compression.type", "lz4"),
            ("linger.ms", "5"),
            ("message.max.bytes", "2097152"),
            ("queue.buffering.max.kbytes", "65536"),
            ("partitioner", "murmur2_random"),
        ];
        let mut config = self.common(&[&defaults[..], more].concat())?;
        config.set("enable.idempotence", "true").set("acks", "all");
        Ok(config)
    }

    /// Defaults first, then what the user passes through.
    pub(super) fn common(&self, defaults: &[(&str, &str)]) -> Result<ClientConfig, KafkaError> {
        let mut config = ClientConfig::new();
        config
            .set_log_level(RDKafkaLogLevel::Info)
            .set("client.id", &self.client_id);
        config.set("bootstrap.servers", &self.brokers);
        for (name, value) in defaults {
            let alias = ALIASES
                .iter()
                .find(|(default, _)| default == name)
                .map(|(_, alias)| *alias);
            if !alias.is_some_and(|alias| self.properties.contains_key(alias)) {
                config.set(*name, *value);
            }
        }
        for (name, value) in &self.properties {
            if RESERVED.contains(&name.as_str()) {
                return Err(KafkaError::Reserved(name.clone()));
            }
            config.set(name, value);
        }
        Ok(config)
    }
}

impl fmt::Debug for KafkaOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &str, value| if SHOWN.contains(&name) { value } else { "***" };
        let properties: BTreeMap<&str, &str> = self
            .properties
            .iter()
            .map(|(name, value)| (name.as_str(), shown(name, value.as_str())))
            .collect();
        f.debug_struct("KafkaOptions")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("properties", &properties)
            .field("accept_gap", &self.accept_gap)
            .finish_non_exhaustive()
    }
}

/// Passes librdkafka's log lines on to `tracing`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogContext;

impl ClientContext for LogContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(target: "librdkafka", %error, reason);
    }
}

impl ConsumerContext for LogContext {}

/// One log line of librdkafka's.
pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
    match level {
        Emerg | Alert | Critical | Error => {
            tracing::error!(target: "librdkafka", facility, message)
        }
        Warning => tracing::warn!(target: "librdkafka", facility, message),
        Notice | Info => tracing::info!(target: "librdkafka", facility, message),
        Debug => tracing::debug!(target: "librdkafka", facility, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> KafkaOptions {
        let mut options = KafkaOptions::new("localhost:9092");
        options.properties.insert(name.into(), value.into());
        options
    }

    #[test]
    fn debug_shows_no_secret() {
        for name in [
            "sasl.password",
            "sasl.username",
            "ssl.key.pem",
            "sasl.oauthbearer.client.secret",
        ] {
            let shown = format!("{:?}", with(name, "hunter2"));
            assert!(
                shown.contains(name) && !shown.contains("hunter2"),
                "{shown}"
            );
        }
        assert!(format!("{:?}", with("security.protocol", "sasl_ssl")).contains("sasl_ssl"));
    }

    #[test]
    fn promises_cannot_be_configured_away() {
        for name in RESERVED {
            assert!(
                matches!(with(name, "0").consumer(), Err(KafkaError::Reserved(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn defaults_can_be_tuned() {
        let config = with("linger.ms", "50").producer().unwrap();
        assert_eq!(config.get("linger.ms"), Some("50"));
        assert_eq!(config.get("enable.idempotence"), Some("true"));
    }
}
