//! What can go wrong between us and Kafka, and which of it passes by itself.
//!
//! librdkafka retries by itself whatever a retry can cure, so most errors of a running client are news, not failures.
//! Messages never hold a property's value: it may be a password.

use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaConfRes;

use crate::ports::PublishError;

/// A client that can't be made, or a request of ours that failed.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// A property under `[kafka.properties]` that caseloom sets itself, because its promises depend on it.
    #[error("kafka property {0} is set by caseloom and can't be changed")]
    Reserved(String),
    /// A property librdkafka doesn't know or whose value it refuses. The value is left out on purpose.
    #[error("kafka property {name} is refused: {reason}")]
    Property {
        /// The property's name.
        name: String,
        /// Why, without the value.
        reason: &'static str,
    },
    /// Anything else, in librdkafka's words.
    #[error("cannot {what}: {reason}")]
    Client {
        /// What was tried.
        what: &'static str,
        /// librdkafka's reason.
        reason: String,
    },
    /// Output topics that are not there. Remedy: create them, or `[kafka] create_topics = true`.
    #[error("topics are missing: {}", .0.join(", "))]
    TopicsMissing(Vec<String>),
    /// The operating system gave no thread.
    #[error("cannot start the thread {name}")]
    Thread {
        /// The thread's name.
        name: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The reader didn't end in time; its thread is left to the end of the process.
    #[error("the kafka reader did not stop within {seconds} s")]
    StopTimeout {
        /// How long we waited.
        seconds: u64,
    },
}

impl KafkaError {
    /// Wraps librdkafka's error, without any property's value.
    pub(crate) fn client(what: &'static str, error: ClientError) -> Self {
        match error {
            ClientError::ClientConfig(kind, _, name, _) => Self::Property {
                name,
                reason: refusal(kind),
            },
            error => Self::Client {
                what,
                reason: error.to_string(),
            },
        }
    }
}

fn refusal(kind: RDKafkaConfRes) -> &'static str {
    match kind {
        RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN => "librdkafka does not know it",
        _ => "its value is not valid",
    }
}

/// What the reader does about an error of its consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFailure {
    /// The offset to read is not in the partition.
    OutOfRange,
    /// Going on would leave a hole, or never succeed.
    Stop,
    /// librdkafka goes on trying.
    Passing,
}

/// Sorts an error of the consumer. The second group are errors after which librdkafka skips what it could not read:
/// going on would be a silent hole.
pub(super) fn read_failure(error: &ClientError) -> ReadFailure {
    if matches!(error, ClientError::MessageConsumptionFatal(_)) {
        return ReadFailure::Stop;
    }
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => ReadFailure::OutOfRange,
        Some(
            Code::BadMessage
            | Code::BadCompression
            | Code::NotImplemented
            | Code::InvalidMessage
            | Code::MessageSizeTooLarge
            | Code::UnsupportedFeature
            | Code::Fatal
            | Code::TopicAuthorizationFailed,
        ) => ReadFailure::Stop,
        _ => ReadFailure::Passing,
    }
}

/// Sorts a delivery's error: what the broker refuses for good is fatal, what a later attempt may cure is temporary.
pub(super) fn publish_failure(code: Code, reason: String) -> PublishError {
    match code {
        Code::Fatal
        | Code::Fenced
        | Code::InvalidProducerEpoch
        | Code::ProducerFenced
        | Code::OutOfOrderSequenceNumber
        | Code::UnknownProducerId
        | Code::MessageSizeTooLarge
        | Code::InvalidMessageSize
        | Code::InvalidMessage
        | Code::InvalidRecord
        | Code::InvalidTopic
        | Code::InvalidArgument
        | Code::PolicyViolation
        | Code::UnsupportedForMessageFormat
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed => PublishError::Fatal(reason),
        _ => PublishError::Temporary(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_property_hides_its_value() {
        let error = ClientError::ClientConfig(
            RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            "Invalid value \"hunter2\"".into(),
            "sasl.password".into(),
            "hunter2".into(),
        );
        let error = KafkaError::client("create a consumer", error);
        assert_eq!(
            error.to_string(),
            "kafka property sasl.password is refused: its value is not valid"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn what_would_leave_a_hole_stops() {
        let skipped = ClientError::MessageConsumption(Code::BadMessage);
        assert_eq!(read_failure(&skipped), ReadFailure::Stop);
        let away = ClientError::MessageConsumption(Code::AllBrokersDown);
        assert_eq!(read_failure(&away), ReadFailure::Passing);
        let fatal = ClientError::MessageConsumptionFatal(Code::AllBrokersDown);
        assert_eq!(read_failure(&fatal), ReadFailure::Stop);
    }

    #[test]
    fn a_timeout_may_be_tried_again_and_a_refusal_not() {
        let late = publish_failure(Code::MessageTimedOut, String::new());
        assert!(matches!(late, PublishError::Temporary(_)));
        let large = publish_failure(Code::MessageSizeTooLarge, String::new());
        assert!(matches!(large, PublishError::Fatal(_)));
    }
}
