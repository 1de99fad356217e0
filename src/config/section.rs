//! The sections whose written form is also the form used: every value is checked as it is read.
//!
//! Defaults stand here and, with the reason of each, in `config/caseloom.toml`; a test holds the two together.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use super::word::{self, Start};
use super::{duration, size};

/// `[[input]]`: a topic to read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputConfig {
    /// The topic.
    #[serde(deserialize_with = "word::topic")]
    pub topic: String,
    /// The format of its messages: `auto`, a product's or a mapping's name.
    #[serde(default = "word::auto", deserialize_with = "word::name")]
    pub format: String,
    /// Whose all alerts of this topic are, whatever they say, so that who may write to the topic can't write to another
    /// tenant. Unset: the alert says it, else it is `default`.
    #[serde(default, deserialize_with = "word::scope")]
    pub scope: Option<String>,
    /// Where the first start begins. Later starts go on where the store says.
    #[serde(default)]
    pub start: Start,
    /// A longer message is rejected unparsed.
    #[serde(default = "message_bytes_max", deserialize_with = "size::deserialize")]
    pub message_bytes_max: usize,
    /// Which messages to keep as they came.
    #[serde(default)]
    pub store_raw: StoreRaw,
}

/// Which of an activity's messages are kept as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreRaw {
    /// The first, and the first of each higher severity.
    #[default]
    First,
    /// Every one.
    All,
}

/// `[output]`: where results go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputConfig {
    /// Case events.
    #[serde(deserialize_with = "word::topic")]
    pub events_topic: String,
    /// Compacted case snapshots.
    #[serde(deserialize_with = "word::topic")]
    pub state_topic: String,
    /// Dead letters.
    #[serde(deserialize_with = "word::topic")]
    pub dlq_topic: String,
    /// What was published so far.
    #[serde(deserialize_with = "word::topic")]
    pub progress_topic: String,
    /// Heads of the audit.
    #[serde(deserialize_with = "word::topic")]
    pub audit_topic: String,
    /// A scope's head goes out at most so often.
    #[serde(deserialize_with = "duration::deserialize")]
    pub audit_every: Duration,
    /// What readers of the output topics may rely on.
    #[serde(deserialize_with = "word::delivery")]
    pub delivery: Delivery,
    /// The name under which Kafka knows this installation's transactions.
    #[serde(deserialize_with = "word::name")]
    pub transactional_id: String,
    /// OCSF `assignee_group` of a case without an owner.
    #[serde(deserialize_with = "word::text")]
    pub assignee_group: String,
    /// CloudEvents `source`.
    #[serde(deserialize_with = "word::text")]
    pub source: String,
}

/// What readers of the output topics may rely on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Every event once, for readers of committed records.
    #[default]
    ExactlyOnce,
    /// Every event, after a crash some of them twice under the same id.
    AtLeastOnce,
}

/// `[store]`: the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The directory; once loaded, it begins with that of the configuration file.
    pub path: std::path::PathBuf,
    /// Input pauses while more records than this wait to be published.
    #[serde(deserialize_with = "size::count")]
    pub outbox_records_max: usize,
    /// Input pauses while more bytes than this wait to be published.
    #[serde(deserialize_with = "size::deserialize")]
    pub outbox_bytes_max: usize,
    /// Input pauses while less than this is free on the store's file system.
    #[serde(deserialize_with = "size::deserialize")]
    pub free_bytes_min: usize,
    /// The feed of the outputs forgets its oldest events above this.
    #[serde(deserialize_with = "size::deserialize")]
    pub feed_bytes_max: usize,
    /// The feed of the outputs forgets events older than this.
    #[serde(deserialize_with = "duration::deserialize")]
    pub feed_age_max: Duration,
    /// Memory for blocks read from disk.
    #[serde(deserialize_with = "size::deserialize")]
    pub cache_bytes: usize,
}

/// `[http]`: the API and the console.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on.
    #[serde(deserialize_with = "word::address")]
    pub listen: SocketAddr,
    /// Allow listening off loopback though nobody has to prove who they are.
    pub insecure_listen: bool,
    /// The file of tokens, see `caseloom token`; unset: nobody can prove who they are.
    pub tokens: Option<std::path::PathBuf>,
    /// On loopback, let anybody write, as `anonymous`.
    pub anonymous_writes: bool,
    /// A proxy in front of it speaks TLS.
    pub tls_at_proxy: bool,
    /// Names under which it may be asked for on loopback, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// How often somebody may ask, for each token and each address without one; 0: no limit.
    pub requests_per_second: u32,
    /// Most cases in the lists; more are served by id only.
    #[serde(deserialize_with = "size::count")]
    pub view_cases_max: usize,
}

/// `[pipeline]`: what one batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineConfig {
    /// Commit after so many messages at the latest.
    #[serde(deserialize_with = "size::count")]
    pub batch_alerts_max: usize,
    /// Commit after so many bytes of messages at the latest.
    #[serde(deserialize_with = "size::deserialize")]
    pub batch_bytes_max: usize,
    /// Commit so long after the first message of a batch at the latest.
    #[serde(deserialize_with = "duration::deserialize")]
    pub batch_age_max: Duration,
}

/// `[log]`: what goes to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, or directives such as `info,caseloom::kafka=debug`.
    #[serde(deserialize_with = "word::level")]
    pub level: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One readable line.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

fn message_bytes_max() -> usize {
    1 << 20
}

impl InputConfig {
    /// `topic` with everything else at its default.
    #[must_use]
    pub fn of(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            format: word::auto(),
            scope: None,
            start: Start::default(),
            message_bytes_max: message_bytes_max(),
            store_raw: StoreRaw::default(),
        }
    }
}

impl Default for OutputConfig {
    fn default() -> Self {
        Self {
            events_topic: "caseloom.cases.events".into(),
            state_topic: "caseloom.cases.state".into(),
            dlq_topic: "caseloom.dlq".into(),
            progress_topic: "caseloom.progress".into(),
            audit_topic: "caseloom.audit.heads".into(),
            audit_every: Duration::from_secs(60),
            delivery: Delivery::default(),
            transactional_id: "caseloom".into(),
            assignee_group: "unassigned".into(),
            source: "caseloom".into(),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: "data".into(),
            outbox_records_max: 100_000,
            outbox_bytes_max: 256 << 20,
            free_bytes_min: 512 << 20,
            feed_bytes_max: 256 << 20,
            feed_age_max: Duration::from_secs(7 * 24 * 3_600),
            cache_bytes: 64 << 20,
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            insecure_listen: false,
            tokens: None,
            anonymous_writes: false,
            tls_at_proxy: false,
            hosts: Vec::new(),
            requests_per_second: 100,
            view_cases_max: 200_000,
        }
    }
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            batch_alerts_max: 8_192,
            batch_bytes_max: 16 << 20,
            batch_age_max: Duration::from_millis(20),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            level: "info".into(),
        }
    }
}
