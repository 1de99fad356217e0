//! What can't be judged alone: values that depend on each other, on the file's place, on other files or on the
//! environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use caseloom_engine::input::{BuiltIn, Format, Mapping};

use super::env::Environment;
use super::error::{Problem, suggestion};
use super::kafka::{Property, Written};
use super::mappings;
use super::section::{HttpConfig, InputConfig, OutputConfig};
use super::tree::{KeyPath, Node, Step};

/// Reports what is wrong between values, at the place where the value stands.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    pub(super) tree: &'a Node,
    pub(super) environment: &'a Environment,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    pub(super) fn report(&mut self, key: KeyPath, message: impl Into<String>) {
        self.problems.push(Problem {
            place: self.tree.place_of(&key),
            key: key.to_string(),
            message: message.into(),
        });
    }

    pub(super) fn inputs(&mut self, inputs: &[InputConfig]) {
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

    pub(super) fn mappings(&mut self, dir: Option<PathBuf>) -> Vec<Mapping> {
        let Some(dir) = dir else {
            return Vec::new();
        };
        mappings::load(&dir, self.problems).unwrap_or_else(|error| {
            let message = format!("cannot read the directory {}: {error}", dir.display());
            self.report(KeyPath::of("mappings.dir"), message);
            Vec::new()
        })
    }

    pub(super) fn formats(&mut self, inputs: &[InputConfig], mappings: &[Mapping]) {
        let mut known: Vec<&str> = vec![Format::Auto.as_str()];
        BuiltIn::all().for_each(|format| known.push(format.as_str()));
        known.extend(mappings.iter().map(Mapping::name));
        for (index, input) in inputs.iter().enumerate() {
            if !known.contains(&input.format.as_str()) {
                let hint = suggestion(&input.format, &known);
                let message = format!("unknown format {:?}{hint}", input.format);
                self.report(KeyPath::of_input(index, "format"), message);
            }
        }
    }

    /// An output that is also an input would feed on itself; two outputs on one topic could not be told apart.
    pub(super) fn outputs(&mut self, output: &OutputConfig, inputs: &[InputConfig]) {
        let mut taken: BTreeMap<&str, &str> = inputs
            .iter()
            .map(|input| (input.topic.as_str(), "an input"))
            .collect();
        for (key, topic) in [
            ("output.events_topic", &output.events_topic),
            ("output.state_topic", &output.state_topic),
            ("output.dlq_topic", &output.dlq_topic),
            ("output.progress_topic", &output.progress_topic),
            ("output.audit_topic", &output.audit_topic),
        ] {
            if let Some(other) = taken.insert(topic, key) {
                self.report(KeyPath::of(key), format!("{topic} is {other} already"));
            }
        }
    }

    pub(super) fn http(&mut self, http: &HttpConfig) {
        if http.listen.ip().is_loopback() {
            return;
        }
        if http.anonymous_writes {
            let message =
                "is for loopback only: from other machines nobody may write without a token";
            self.report(KeyPath::of("http.anonymous_writes"), message.to_owned());
        }
        let is_guarded = http.tokens.is_some() && http.tls_at_proxy;
        if !is_guarded && !http.insecure_listen {
            let message = format!(
                "{} can be reached from other machines; listen on 127.0.0.1, or name a file of tokens and write \
                 tls_at_proxy = true where a proxy speaks TLS for it, or insecure_listen = true where a proxy or a \
                 firewall guards it altogether",
                http.listen
            );
            self.report(KeyPath::of("http.listen"), message);
        }
    }

    pub(super) fn property(
        &mut self,
        name: String,
        written: Written,
        base: &Path,
    ) -> Option<(String, Property)> {
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
