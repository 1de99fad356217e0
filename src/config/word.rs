//! Single values with an alphabet or a form of their own: topics, scopes, addresses, starting points.

use std::fmt;
use std::net::SocketAddr;

use caseloom_engine::time::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, Unexpected};

use super::section::Delivery;

/// Where the first start of an input begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record there is.
    #[default]
    Earliest,
    /// With the first record that arrives after the start.
    Latest,
    /// With the first record whose broker time is not before this moment.
    At(Timestamp),
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            moment => match moment.parse::<jiff::Timestamp>() {
                Ok(moment) => Ok(Self::At(Timestamp(moment.as_millisecond()))),
                Err(_) => refuse(
                    moment,
                    "earliest, latest or a time such as 2026-01-31T00:00:00Z",
                ),
            },
        }
    }
}

/// The format that detects the product.
pub(super) fn auto() -> String {
    "auto".into()
}

/// Whether `text` is a scope: `[A-Za-z0-9._-]{1,128}`.
#[must_use]
pub fn is_scope(text: &str) -> bool {
    is_plain(text, 128)
}

fn is_plain(text: &str, length_max: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=length_max).contains(&text.len()) && text.bytes().all(plain)
}

fn is_topic(text: &str) -> bool {
    is_plain(text, 249) && text != "." && text != ".."
}

/// A topic's name by Kafka's rule.
pub(super) fn topic<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        is_topic,
        "a topic: 1 to 249 of A-Z a-z 0-9 . _ -",
    )
}

/// A scope; present, or the key is left out.
pub(super) fn scope<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    checked(
        deserializer,
        is_scope,
        "a scope: 1 to 128 of A-Z a-z 0-9 . _ -",
    )
    .map(Some)
}

/// The name of a format.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        |text| is_plain(text, 64),
        "a name: 1 to 64 of A-Z a-z 0-9 . _ -",
    )
}

/// A short text for people.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let fits = |text: &str| (1..=256).contains(&text.len()) && !text.chars().any(char::is_control);
    checked(
        deserializer,
        fits,
        "1 to 256 bytes of text without control characters",
    )
}

/// A log level or directives.
pub(super) fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        is_level,
        "error, warn, info, debug, trace, or directives such as info,caseloom::kafka=debug",
    )
}

fn is_level(text: &str) -> bool {
    // A lone word that is no level would be taken for a module's name and silence everything else.
    let has_level = text
        .split(',')
        .any(|directive| directive.parse::<tracing::Level>().is_ok());
    has_level && tracing_subscriber::EnvFilter::builder().parse(text).is_ok()
}

/// An address and port to listen on.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .or_else(|_| refuse(&text, "an IP address and a port such as 127.0.0.1:8080"))
}

/// The promise to readers.
pub(super) fn delivery<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Delivery, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "at_least_once" => Ok(Delivery::AtLeastOnce),
        "exactly_once" => Ok(Delivery::ExactlyOnce),
        other => refuse(other, "exactly_once or at_least_once"),
    }
}

fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    fits: impl Fn(&str) -> bool,
    expected: &str,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if fits(&text) {
        Ok(text)
    } else {
        refuse(&text, expected)
    }
}

fn refuse<T, E: Error>(found: &str, expected: &str) -> Result<T, E> {
    Err(E::invalid_value(Unexpected::Str(found), &expected))
}

impl From<Start> for crate::kafka::Start {
    fn from(start: Start) -> Self {
        match start {
            Start::Earliest => Self::Earliest,
            Start::Latest => Self::Latest,
            Start::At(moment) => Self::Timestamp(moment.0),
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::At(moment) => f.write_str(&moment.to_rfc3339()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_and_topics_keep_to_their_alphabets() {
        assert!(is_scope("tenant-1.eu_west"));
        assert!(!is_scope(""));
        assert!(!is_scope("a b"));
        assert!(!is_scope(&"a".repeat(129)));
        assert!(is_topic("alerts"));
        assert!(!is_topic(".."));
    }

    #[test]
    fn a_level_is_one_of_five_words_or_directives_with_one() {
        for level in ["info", "warn", "info,caseloom::kafka=debug"] {
            assert!(is_level(level), "{level}");
        }
        for level in ["verbose", "", "caseloom=loud", "info,caseloom=loud"] {
            assert!(!is_level(level), "{level}");
        }
    }
}
