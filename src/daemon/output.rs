//! The output side from the configuration: the outlet, its topics, and what the publisher lane begins with.

use super::DaemonError;
use crate::config::{Config, Delivery};
use crate::kafka::{
    DestinationTopics, KafkaError, KafkaOptions, KafkaOutlet, OutletOptions, TopicSpec,
};
use crate::pipeline::{Acceptance, RelayStart};
use crate::store::Recovered;

/// Partitions of output topics that are made here.
const PARTITIONS: i32 = 4;
/// The progress topic grows by a record per transaction; after this time they are compacted.
const PROGRESS_ROLL_MS: u32 = 60 * 60 * 1_000;

/// The outlet, with its topics made, or at least named where they miss. A broker that is out of reach is waited for
/// later.
pub(super) fn outlet(config: &Config, options: &KafkaOptions) -> Result<KafkaOutlet, DaemonError> {
    let output = &config.output;
    let is_exact = output.delivery == Delivery::ExactlyOnce;
    let mut outlet = KafkaOutlet::new(
        options.clone(),
        OutletOptions {
            topics: topics(config),
            progress_topic: output.progress_topic.clone(),
            transactional_id: is_exact.then(|| output.transactional_id.clone()),
            needed: needed(config),
            create: config.kafka.create_topics,
        },
    );
    match outlet.check_topics() {
        Err(error @ KafkaError::TopicsMissing(_)) => return Err(error.into()),
        Err(error) => tracing::warn!(%error, "cannot check the output topics"),
        Ok(()) => {}
    }
    Ok(outlet)
}

/// What the lane begins with.
pub(super) fn start(recovered: &Recovered, accept: Acceptance) -> Result<RelayStart, DaemonError> {
    let mut instance = [0; 16];
    getrandom::fill(&mut instance).map_err(|error| DaemonError::System {
        what: "no random bytes from the system".into(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(RelayStart {
        lineage: recovered.lineage,
        former: recovered.former,
        instance,
        head: recovered.outbox_head,
        published: recovered.published,
        accept,
    })
}

pub(super) fn topics(config: &Config) -> DestinationTopics {
    DestinationTopics {
        events: config.output.events_topic.clone(),
        state: config.output.state_topic.clone(),
        dead_letters: config.output.dlq_topic.clone(),
        audit_heads: config.output.audit_topic.clone(),
    }
}

fn needed(config: &Config) -> Vec<TopicSpec> {
    let output = &config.output;
    let topic = |name: &str, compacted| TopicSpec {
        name: name.into(),
        partitions: PARTITIONS,
        replication: -1,
        compacted,
        roll_ms: None,
        kept: false,
    };
    let mut needed = vec![
        topic(&output.events_topic, false),
        topic(&output.state_topic, true),
        topic(&output.dlq_topic, false),
        TopicSpec {
            partitions: 1,
            kept: true,
            ..topic(&output.audit_topic, false)
        },
    ];
    if output.delivery == Delivery::ExactlyOnce {
        needed.push(TopicSpec {
            partitions: 1,
            roll_ms: Some(PROGRESS_ROLL_MS),
            ..topic(&output.progress_topic, true)
        });
    }
    needed
}
