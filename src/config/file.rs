//! The configuration file as written, and the step from it to the [`Config`] that the program uses.
//!
//! Values are judged alone as they are read, and together by `checker`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::checker::Checker;
use super::enrichment::EnrichmentFile;
use super::kafka::{self, KafkaConfig};
use super::limits::LimitsFile;
use super::outputs::OutputFile;
use super::section::{
    HttpConfig, InputConfig, LogConfig, OutputConfig, PipelineConfig, StoreConfig,
};
use super::{Config, PolicyConfig};

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileConfig {
    kafka: KafkaFile,
    input: Option<Vec<InputConfig>>,
    output: OutputConfig,
    outputs: Vec<OutputFile>,
    store: StoreConfig,
    http: HttpConfig,
    policy: PolicyFile,
    mappings: MappingsFile,
    enrichment: EnrichmentFile,
    pipeline: PipelineConfig,
    limits: LimitsFile,
    log: LogConfig,
}

/// `[kafka]` as written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KafkaFile {
    brokers: Brokers,
    #[serde(deserialize_with = "super::word::name")]
    client_id: String,
    create_topics: bool,
    properties: BTreeMap<String, kafka::Written>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PolicyFile {
    file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MappingsFile {
    dir: Option<PathBuf>,
}

/// Addresses, as a list or as one text with commas.
#[derive(Debug)]
struct Brokers(Vec<String>);

impl Default for KafkaFile {
    fn default() -> Self {
        Self {
            brokers: Brokers(vec!["127.0.0.1:9092".into()]),
            client_id: "caseloom".into(),
            create_topics: true,
            properties: BTreeMap::new(),
        }
    }
}

impl FileConfig {
    /// The configuration to use; relative paths start at `base`. What is wrong goes to `checker`.
    pub(super) fn into_config(self, base: &Path, checker: &mut Checker<'_>) -> Config {
        let inputs = self
            .input
            .unwrap_or_else(|| vec![InputConfig::of("alerts")]);
        let mappings = checker.mappings(self.mappings.dir.map(|dir| base.join(dir)));
        checker.inputs(&inputs);
        checker.formats(&inputs, &mappings);
        checker.outputs(&self.output, &inputs);
        checker.http(&self.http);
        let outputs = checker.tools(self.outputs, base);
        let enrichment = checker.lists(self.enrichment, base);
        let properties = self.kafka.properties;
        let kafka = KafkaConfig {
            brokers: self.kafka.brokers.0.join(","),
            client_id: self.kafka.client_id,
            create_topics: self.kafka.create_topics,
            properties: properties
                .into_iter()
                .filter_map(|(name, written)| checker.property(name, written, base))
                .collect(),
        };
        let limits = self.limits.into_limits(&inputs);
        Config {
            kafka,
            inputs,
            output: self.output,
            outputs,
            store: StoreConfig {
                path: base.join(&self.store.path),
                ..self.store
            },
            http: HttpConfig {
                tokens: self.http.tokens.map(|file| base.join(file)),
                ..self.http
            },
            policy: PolicyConfig {
                file: self.policy.file.map(|file| base.join(file)),
            },
            mappings,
            enrichment,
            pipeline: self.pipeline,
            limits,
            log: self.log,
        }
    }
}

impl<'de> Deserialize<'de> for Brokers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BrokersVisitor)
    }
}

struct BrokersVisitor;

impl<'de> Visitor<'de> for BrokersVisitor {
    type Value = Brokers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("addresses such as [\"kafka-1:9092\", \"kafka-2:9092\"]")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Brokers, E> {
        let addresses: Vec<String> = text
            .split(',')
            .map(|address| address.trim().to_owned())
            .collect();
        let is_address =
            |address: &String| !address.is_empty() && !address.contains(char::is_whitespace);
        match addresses.iter().all(is_address) {
            true => Ok(Brokers(addresses)),
            false => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Brokers, A::Error> {
        let mut addresses = Vec::new();
        while let Some(item) = items.next_element::<String>()? {
            addresses.push(item);
        }
        self.visit_str(&addresses.join(","))
    }
}
