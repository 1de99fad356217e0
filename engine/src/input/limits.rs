//! Limits: what one message may cost. Every bound has a default and its reason here; reaching one is a
//! [`Reject`](super::Reject) or a counted [`Notes`](super::Notes) entry, never a silent loss.
//!
//! There is no bound on strings that nobody reads, such as payloads and packets: the message's own size bounds
//! them, and a reject for a long payload would be a way to hide an attack. Entities have a bound per kind.

use crate::time::Span;

/// The bounds of one message. [`Limits::default`] suits a broker with its usual `message.max.bytes` of 1 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message's value. Default 1 MiB, the broker's own default. The tape of a message costs up to
    /// 24 times its bytes, so this also bounds the memory of a parser (about 25 MiB).
    pub message_bytes_max: usize,
    /// Envelopes around each other, each a document of its own or not. Default 4: a cloud's bus in a shipper's line
    /// in a collector's list has three.
    pub envelopes_max: usize,
    /// Nesting of objects and arrays. Default 64: the deepest real alert has 11 levels.
    pub depth_max: usize,
    /// Alerts in one message. Default 10,000: a message of 1 MiB holds 4,000 of the smallest real alerts.
    pub alerts_max: usize,
    /// Values and keys of one alert. Default 20,000: the largest real alert has about 2,000.
    pub nodes_max: usize,
    /// Keys of one object. Default 512: the widest real alert has 130.
    pub keys_max: usize,
    /// Bytes of an id, a rule's id and a source's name; longer is a reject, because a cut id could equal
    /// another. Default 512.
    pub id_bytes_max: usize,
    /// Bytes of a title and a rule's name; longer is cut and counted. Default 1,024.
    pub text_bytes_max: usize,
    /// Entities of one alert; the first are kept, the rest is counted. Default 64: they bound the links that
    /// one alert can make, and the largest real alert has 43.
    pub entities_max: usize,
    /// ATT&CK ids of one alert; the first are kept, the rest is counted. Default 32.
    pub attack_max: usize,
    /// How far an event time may lie after the broker's time. Default 5 minutes: clocks differ, but the clock
    /// of an attacker must not close windows.
    pub skew_max: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 1024 * 1024,
            envelopes_max: 4,
            depth_max: 64,
            alerts_max: 10_000,
            nodes_max: 20_000,
            keys_max: 512,
            id_bytes_max: 512,
            text_bytes_max: 1024,
            entities_max: 64,
            attack_max: 32,
            skew_max: Span::MINUTE.times(5),
        }
    }
}
