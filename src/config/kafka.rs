//! `[kafka]`: how to reach the brokers, with librdkafka's own properties passed through.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::env::Environment;
use super::secret::Secret;
use crate::kafka::KafkaOptions;
use crate::kafka::client::RESERVED;

/// How to reach the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaConfig {
    /// Addresses to begin with, separated by commas: librdkafka's `bootstrap.servers`.
    pub brokers: String,
    /// How the brokers' logs and quotas call this client.
    pub client_id: String,
    /// Create output topics that are not there.
    pub create_topics: bool,
    /// librdkafka's other properties by their own names.
    pub properties: BTreeMap<String, Property>,
}

/// A property's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// As written.
    Plain(String),
    /// By reference.
    Secret(Secret),
}

/// Reserved properties that have a key of ours, and the key.
const INSTEAD: [(&str, &str); 4] = [
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("client.id", "kafka.client_id"),
    ("auto.offset.reset", "start of the input"),
];

impl KafkaConfig {
    /// What the Kafka clients are made of.
    #[must_use]
    pub fn options(&self, accept_gap: bool) -> KafkaOptions {
        let properties = self.properties.iter();
        KafkaOptions {
            client_id: self.client_id.clone(),
            properties: properties
                .map(|(name, property)| (name.clone(), property.value().to_owned()))
                .collect(),
            accept_gap,
            ..KafkaOptions::new(&*self.brokers)
        }
    }
}

impl Property {
    /// The value to give to librdkafka.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

/// A property as written: a text, a number or a truth value.
pub(super) struct Written(String);

impl Written {
    /// Follows a reference, and refuses a secret that is none and what caseloom decides itself.
    pub(super) fn resolve(
        self,
        name: &str,
        base: &Path,
        environment: &Environment,
    ) -> Result<Property, String> {
        if let Some((_, key)) = INSTEAD.iter().find(|(reserved, _)| *reserved == name) {
            return Err(format!("write {key} instead"));
        }
        if RESERVED.contains(&name) {
            return Err("caseloom's promises rest on its own value; leave it out".into());
        }
        if is_secret(name) || Secret::is_reference(&self.0) {
            let secret = Secret::resolve(&self.0, base, environment);
            return secret
                .map(Property::Secret)
                .map_err(|error| error.to_string());
        }
        Ok(Property::Plain(self.0))
    }
}

/// Whether the property's value must not be seen. `sasl.oauthbearer.config` may hold one among other things.
fn is_secret(name: &str) -> bool {
    let telling = ["password", "secret", "key.pem", "private.key"];
    name == "sasl.oauthbearer.config" || telling.iter().any(|word| name.contains(word))
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written(..)")
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl Visitor<'_> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a truth value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Written, E> {
        Ok(Written(flag.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Written, E> {
        Ok(Written(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Written, E> {
        Ok(Written(number.to_string()))
    }
}
