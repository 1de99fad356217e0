//! Rejects: why a message, or one alert of a message, was not understood. A reject is data, not an error: it is
//! counted by [`Reject::reason`] and goes to the dead letters with its text.
//!
//! Texts say what, where, and the remedy. What they quote from a message is cut and escaped.

use compact_str::CompactString;

use super::Rejects;

/// Why a message, or one alert of it, was rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// The value is larger than [`Limits::message_bytes_max`](super::Limits::message_bytes_max).
    #[error("message of {bytes} bytes exceeds {max}: let the producer split it")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// Objects and arrays nest too deeply.
    #[error("nesting exceeds {max} levels at byte {offset}: no known product does this")]
    TooDeep {
        /// Where the bound was reached.
        offset: usize,
        /// The bound.
        max: usize,
    },
    /// One alert holds too many values.
    #[error(
        "alert of {nodes} keys and values exceeds {max}: let the producer drop raw events from it"
    )]
    TooManyNodes {
        /// Its keys and values.
        nodes: usize,
        /// The bound.
        max: usize,
    },
    /// One object holds too many keys.
    #[error("object of {keys} keys exceeds {max}: let the producer drop raw fields from it")]
    TooManyKeys {
        /// Its keys.
        keys: usize,
        /// The bound.
        max: usize,
    },
    /// More records of one message were rejected than are told one by one.
    #[error(
        "{more} more records of this message were rejected: let the producer send smaller batches"
    )]
    TooManyRejects {
        /// How many.
        more: u32,
    },
    /// Envelopes hold envelopes too deeply.
    #[error("more than {max} envelopes around each other: no known pipeline does this")]
    TooManyEnvelopes {
        /// The bound.
        max: usize,
    },
    /// One message holds too many alerts.
    #[error("message of {alerts} alerts exceeds {max}: let the producer send smaller batches")]
    TooManyAlerts {
        /// Its records.
        alerts: usize,
        /// The bound.
        max: usize,
    },
    /// The value is compressed and can't be inflated.
    #[error("broken {name}: send it whole, or uncompressed")]
    BadCompression {
        /// What it begins like.
        name: &'static str,
    },
    /// The value is Avro or Protobuf behind the header of a schema registry.
    #[error("a binary value of schema {schema}: let a converter write JSON")]
    BinaryValue {
        /// The schema's number in the registry.
        schema: u32,
    },
    /// The value can't be read, and its `content-type` says that it is no text.
    #[error("a binary value of type {content_type:?}: let the producer write JSON")]
    BinaryContent {
        /// What the header says.
        content_type: CompactString,
    },
    /// A string that should hold base64 holds something else.
    #[error("no base64 in {envelope}")]
    BadBase64 {
        /// The envelope around it.
        envelope: &'static str,
    },
    /// The bytes are not UTF-8.
    #[error("byte {offset} is not UTF-8: send JSON as UTF-8, uncompressed")]
    InvalidUtf8 {
        /// The first wrong byte.
        offset: usize,
    },
    /// The bytes are not JSON, or hold a number beyond 64 bits.
    #[error("invalid JSON at byte {offset}: {what}")]
    InvalidJson {
        /// Where reading failed.
        offset: usize,
        /// What was wrong there.
        what: CompactString,
    },
    /// An object has the same key twice: readers disagree on which one counts, so an attacker could hide one.
    #[error("key {key:?} occurs twice in one object: send each key once")]
    DuplicateKey {
        /// The key.
        key: CompactString,
    },
    /// The message, or an element of its list, is a string, a number or the like.
    #[error("expected an object, found {found}: send one JSON object per alert")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// `format = "auto"` and no format knows these keys.
    #[error(
        "no format knows an object with the keys {keys:?}: set the topic's format, or add a mapping"
    )]
    UnknownFormat {
        /// Its first keys.
        keys: CompactString,
    },
    /// `format = "auto"` and no format knows such a text.
    #[error("no format knows a text that begins {start:?}: set the topic's format")]
    UnknownText {
        /// Its beginning.
        start: CompactString,
    },
    /// It says no time.
    #[error("no time at {path}")]
    MissingTime {
        /// Where the format keeps it.
        path: CompactString,
    },
    /// Its time can't be read, or lies outside the years 1990 to 2099.
    #[error("time {value:?} at {path} is none of 1990..2100: send RFC 3339 or a number since 1970")]
    BadTime {
        /// Where it stands.
        path: CompactString,
        /// What stands there.
        value: CompactString,
    },
    /// It says neither a rule's id nor its name.
    #[error("no rule at {path}")]
    MissingRule {
        /// Where the format keeps it.
        path: CompactString,
    },
    /// It has neither entities nor a title.
    #[error("neither entities nor a title: an alert needs one of them")]
    MissingEntity,
    /// Its scope has other characters than `A-Z a-z 0-9 . _ -`, or more than 128.
    #[error("scope {value:?} is not of [A-Za-z0-9._-]{{1,128}}")]
    BadScope {
        /// The scope.
        value: CompactString,
    },
    /// A string that forms an identity is too long to keep.
    #[error("string of {bytes} bytes at {path} exceeds {max}")]
    StringTooLong {
        /// Where it stands.
        path: CompactString,
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
}

impl Reject {
    /// Every value of [`Self::reason`], for the labels of a metric.
    pub const ALL_REASONS: [&'static str; 21] = [
        "too_large",
        "too_deep",
        "too_many_nodes",
        "too_many_keys",
        "too_many_rejects",
        "too_many_envelopes",
        "too_many_alerts",
        "bad_compression",
        "binary_value",
        "bad_base64",
        "invalid_utf8",
        "invalid_json",
        "duplicate_key",
        "not_an_object",
        "unknown_format",
        "missing_time",
        "bad_time",
        "missing_rule",
        "missing_entity",
        "bad_scope",
        "string_too_long",
    ];

    /// The reason in one word of a bounded set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyNodes { .. } => "too_many_nodes",
            Self::TooManyKeys { .. } => "too_many_keys",
            Self::TooManyEnvelopes { .. } => "too_many_envelopes",
            Self::TooManyRejects { .. } => "too_many_rejects",
            Self::TooManyAlerts { .. } => "too_many_alerts",
            Self::BadCompression { .. } => "bad_compression",
            Self::BinaryValue { .. } | Self::BinaryContent { .. } => "binary_value",
            Self::BadBase64 { .. } => "bad_base64",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::InvalidJson { .. } => "invalid_json",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::NotAnObject { .. } => "not_an_object",
            Self::UnknownFormat { .. } | Self::UnknownText { .. } => "unknown_format",
            Self::MissingTime { .. } => "missing_time",
            Self::BadTime { .. } => "bad_time",
            Self::MissingRule { .. } => "missing_rule",
            Self::MissingEntity => "missing_entity",
            Self::BadScope { .. } => "bad_scope",
            Self::StringTooLong { .. } => "string_too_long",
        }
    }
}

/// Adds a reject to those of a message; beyond 16 it is only counted.
pub(crate) fn keep(rejects: &mut Rejects, index: u32, reject: Reject) {
    const REJECTS_MAX: usize = 16;
    if rejects.len() < REJECTS_MAX {
        rejects.push((index, reject));
    } else if let Some((_, Reject::TooManyRejects { more })) = rejects.last_mut() {
        *more += 1;
    } else {
        rejects.push((index, Reject::TooManyRejects { more: 1 }));
    }
}

/// The beginning of `text` for a reject's text: at most 64 bytes, `…` where it was cut.
pub(crate) fn excerpt(text: &str) -> CompactString {
    const BYTES_MAX: usize = 64;
    if text.len() <= BYTES_MAX {
        return CompactString::new(text);
    }
    let mut cut = CompactString::new(&text[..text.floor_char_boundary(BYTES_MAX)]);
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded_words() {
        for reason in Reject::ALL_REASONS {
            assert!(
                reason
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            );
        }
        assert!(Reject::ALL_REASONS.contains(&Reject::MissingEntity.reason()));
    }

    #[test]
    fn texts_say_where_and_are_escaped() {
        let reject = Reject::BadTime {
            path: "time".into(),
            value: excerpt("\u{1b}[31m\nnow"),
        };
        assert_eq!(
            reject.to_string(),
            r#"time "\u{1b}[31m\nnow" at time is none of 1990..2100: send RFC 3339 or a number since 1970"#
        );
    }

    #[test]
    fn excerpts_are_cut_at_a_character() {
        assert_eq!(excerpt("short"), "short");
        let cut = excerpt(&"ä".repeat(60));
        assert!(cut.len() <= 64 + 3 && cut.ends_with('…'));
    }
}
