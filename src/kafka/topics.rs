//! The output topics: whether they exist, and making them where the configuration allows it.

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{IsError, RDKafkaErrorCode as Code};

use super::client::{KafkaOptions, LogContext};
use super::error::KafkaError;

/// A topic that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Partitions, if it is made.
    pub partitions: i32,
    /// Copies of each partition, if it is made; -1: the broker's default.
    pub replication: i32,
    /// Keep the last record of each key for ever, instead of all for a time.
    pub compacted: bool,
    /// Begin a new file after so long, if it is made: what stands in the last one isn't compacted.
    pub roll_ms: Option<u32>,
    /// Keep all records for ever, if it is made.
    pub kept: bool,
}

/// Checks that the topics exist, and makes those that don't if `create`.
///
/// # Errors
/// [`KafkaError::TopicsMissing`] where they don't exist and must not be made, [`KafkaError::Client`] where no broker
/// answers within the request timeout or it refuses.
pub fn ensure_topics(
    options: &KafkaOptions,
    topics: &[TopicSpec],
    create: bool,
) -> Result<(), KafkaError> {
    let missing = missing_topics(options, topics)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !create {
        let names = missing.into_iter().map(|topic| topic.name.clone());
        return Err(KafkaError::TopicsMissing(names.collect()));
    }
    create_topics(options, &missing)
}

/// Asks by a consumer: a producer's question, and an admin client is one, may itself create the topic, with the
/// broker's defaults.
fn missing_topics<'a>(
    options: &KafkaOptions,
    topics: &'a [TopicSpec],
) -> Result<Vec<&'a TopicSpec>, KafkaError> {
    let mut config = options.common(&[])?;
    config.set("allow.auto.create.topics", "false");
    let created = config.create_with_context(LogContext);
    let client: BaseConsumer<LogContext> =
        created.map_err(|error| KafkaError::client("create a metadata client", error))?;
    let mut missing = Vec::new();
    for topic in topics {
        let asked = client.fetch_metadata(Some(&topic.name), options.request_timeout);
        let metadata =
            asked.map_err(|error| KafkaError::client("ask for the output topics", error))?;
        let answer = metadata
            .topics()
            .iter()
            .find(|answer| answer.name() == topic.name);
        let error = answer
            .and_then(|answer| answer.error())
            .filter(IsError::is_error)
            .map(Code::from);
        match (answer, error) {
            (None, _) | (_, Some(Code::UnknownTopicOrPartition | Code::UnknownTopic)) => {
                missing.push(topic)
            }
            (_, Some(code)) => return Err(refused("describe a topic", &topic.name, code)),
            (Some(_), None) => {}
        }
    }
    Ok(missing)
}

fn create_topics(options: &KafkaOptions, topics: &[&TopicSpec]) -> Result<(), KafkaError> {
    let created = options.common(&[])?.create_with_context(LogContext);
    let admin: AdminClient<LogContext> =
        created.map_err(|error| KafkaError::client("create an admin client", error))?;
    let text = |topic: &&TopicSpec| topic.roll_ms.map_or(String::new(), |ms| ms.to_string());
    let rolls: Vec<String> = topics.iter().map(text).collect();
    let new: Vec<NewTopic<'_>> = topics
        .iter()
        .zip(&rolls)
        .map(|(topic, roll_ms)| new_topic(topic, roll_ms))
        .collect();
    let timeout = options.request_timeout;
    let options = AdminOptions::new()
        .operation_timeout(Some(timeout))
        .request_timeout(Some(timeout));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|source| KafkaError::Thread {
        name: "kafka-admin",
        source,
    })?;
    let answers = runtime.block_on(admin.create_topics(&new, &options));
    for answer in answers.map_err(|error| KafkaError::client("create the output topics", error))? {
        match answer {
            Ok(topic) => tracing::info!(topic, "topic created"),
            Err((topic, Code::TopicAlreadyExists)) => {
                tracing::info!(topic, "topic was created by someone else")
            }
            Err((topic, code)) => return Err(refused("create a topic", &topic, code)),
        }
    }
    Ok(())
}

fn new_topic<'a>(topic: &'a TopicSpec, roll_ms: &'a str) -> NewTopic<'a> {
    let mut new = NewTopic::new(
        &topic.name,
        topic.partitions,
        TopicReplication::Fixed(topic.replication),
    );
    if topic.compacted {
        new = new.set("cleanup.policy", "compact");
    }
    if topic.kept {
        new = new.set("retention.ms", "-1").set("retention.bytes", "-1");
    }
    if !roll_ms.is_empty() {
        new = new.set("segment.ms", roll_ms);
    }
    new
}

fn refused(what: &'static str, topic: &str, code: Code) -> KafkaError {
    KafkaError::Client {
        what,
        reason: format!("{topic}: {code}"),
    }
}
