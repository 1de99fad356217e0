//! The configuration file as written, and the step from it to the [`Config`] that the program uses.
//!
//! Only what can't be judged alone is judged here: values that depend on each other, on the file's place or on the
//! environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use caseloom_engine::input::{Format, Mapping};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::env::Environment;
use super::error::{Problem, suggestion};
use super::kafka::{self, KafkaConfig};
use super::limits::LimitsFile;
use super::mappings;
use super::section::{
    HttpConfig, InputConfig, LogConfig, OutputConfig, PipelineConfig, StoreConfig,
};
use super::tree::{KeyPath, Node, Step};
use super::{Config, PolicyConfig};

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileConfig {
    kafka: KafkaFile,
    input: Option<Vec<InputConfig>>,
    output: OutputConfig,
    store: StoreConfig,
    http: HttpConfig,
    policy: PolicyFile,
    mappings: MappingsFile,
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
            store: StoreConfig {
                path: base.join(&self.store.path),
                ..self.store
            },
            http: self.http,
            policy: PolicyConfig {
                file: self.policy.file.map(|file| base.join(file)),
            },
            mappings,
            pipeline: self.pipeline,
            limits,
            log: self.log,
        }
    }
}

/// Reports what is wrong between values, at the place where the value stands.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    pub(super) tree: &'a Node,
    pub(super) environment: &'a Environment,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn report(&mut self, key: KeyPath, message: impl Into<String>) {
        self.problems.push(Problem {
            place: self.tree.place_of(&key),
            key: key.to_string(),
            message: message.into(),
        });
    }

    fn inputs(&mut self, inputs: &[InputConfig]) {
        let mut topics = BTreeSet::new();
        for (index, input) in inputs.iter().enumerate() {
            if !topics.insert(&input.topic) {
                self.report(
                    KeyPath::of_input(index, "topic"),
                    format!("{} is read by another input already", input.topic),
                );
            }
        }
        let fault_reported = self
            .problems
            .iter()
            .any(|problem| problem.key.starts_with("input"));
        if inputs.is_empty() && !fault_reported {
            self.report(KeyPath::of("input"), "at least one topic to read is needed");
        }
    }

    fn mappings(&mut self, dir: Option<PathBuf>) -> Vec<Mapping> {
        let Some(dir) = dir else {
            return Vec::new();
        };
        mappings::load(&dir, self.problems).unwrap_or_else(|error| {
            let message = format!("cannot read the directory {}: {error}", dir.display());
            self.report(KeyPath::of("mappings.dir"), message);
            Vec::new()
        })
    }

    fn formats(&mut self, inputs: &[InputConfig], mappings: &[Mapping]) {
        let built_in = Format::BUILT_IN.iter().map(|format| format.as_str());
        let known: Vec<&str> = built_in.chain(mappings.iter().map(Mapping::name)).collect();
        for (index, input) in inputs.iter().enumerate() {
            if !known.contains(&input.format.as_str()) {
                let hint = suggestion(&input.format, &known);
                let message = format!("unknown format {:?}{hint}", input.format);
                self.report(KeyPath::of_input(index, "format"), message);
            }
        }
    }

    /// An output that is also an input would feed on itself; two outputs on one topic could not be told apart.
    fn outputs(&mut self, output: &OutputConfig, inputs: &[InputConfig]) {
        let mut taken: BTreeMap<&str, &str> = inputs
            .iter()
            .map(|input| (input.topic.as_str(), "an input"))
            .collect();
        for (key, topic) in [
            ("output.events_topic", &output.events_topic),
            ("output.state_topic", &output.state_topic),
            ("output.dlq_topic", &output.dlq_topic),
            ("output.progress_topic", &output.progress_topic),
        ] {
            if let Some(other) = taken.insert(topic, key) {
                self.report(KeyPath::of(key), format!("{topic} is {other} already"));
            }
        }
    }

    fn http(&mut self, http: &HttpConfig) {
        if !http.listen.ip().is_loopback() && !http.insecure_listen {
            let message = format!(
                "{} can be reached from other machines, and nobody has to prove who they are; \
                 listen on 127.0.0.1, or write insecure_listen = true where a proxy or a firewall guards it",
                http.listen
            );
            self.report(KeyPath::of("http.listen"), message);
        }
    }

    fn property(
        &mut self,
        name: String,
        written: kafka::Written,
        base: &Path,
    ) -> Option<(String, kafka::Property)> {
        match written.resolve(&name, base, self.environment) {
            Ok(property) => Some((name, property)),
            Err(message) => {
                let mut key = KeyPath::of("kafka.properties");
                key.0.push(Step::Key(name));
                self.report(key, message);
                None
            }
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
