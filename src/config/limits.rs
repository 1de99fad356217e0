//! `[limits]`: what the parser accepts of one message, as the engine's [`Limits`].

use std::time::Duration;

use caseloom_engine::input::Limits;
use serde::Deserialize;

use super::section::InputConfig;
use super::{duration, size};

/// The section as written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsFile {
    #[serde(deserialize_with = "size::count")]
    envelopes_max: usize,
    #[serde(deserialize_with = "size::count_to::<64, _>")]
    depth_max: usize,
    #[serde(deserialize_with = "size::count")]
    alerts_max: usize,
    #[serde(deserialize_with = "size::count")]
    nodes_max: usize,
    #[serde(deserialize_with = "size::count")]
    keys_max: usize,
    #[serde(deserialize_with = "size::deserialize")]
    id_bytes_max: usize,
    #[serde(deserialize_with = "size::deserialize")]
    text_bytes_max: usize,
    // The policy's check of caps.entities counts on no more.
    #[serde(deserialize_with = "size::count_to::<64, _>")]
    entities_max: usize,
    #[serde(deserialize_with = "size::count")]
    attack_max: usize,
    #[serde(deserialize_with = "duration::deserialize")]
    skew_max: Duration,
}

impl LimitsFile {
    /// The limits of the one parser that reads all `inputs`: each has its own bound on a message's bytes, and this is
    /// the largest.
    pub(super) fn into_limits(self, inputs: &[InputConfig]) -> Limits {
        let message_bytes_max = inputs.iter().map(|input| input.message_bytes_max).max();
        let defaults = Limits::default();
        Limits {
            message_bytes_max: message_bytes_max.unwrap_or(defaults.message_bytes_max),
            envelopes_max: self.envelopes_max,
            depth_max: self.depth_max,
            alerts_max: self.alerts_max,
            nodes_max: self.nodes_max,
            keys_max: self.keys_max,
            id_bytes_max: self.id_bytes_max,
            text_bytes_max: self.text_bytes_max,
            entities_max: self.entities_max,
            attack_max: self.attack_max,
            skew_max: duration::span(self.skew_max),
        }
    }
}

impl Default for LimitsFile {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            envelopes_max: limits.envelopes_max,
            depth_max: limits.depth_max,
            alerts_max: limits.alerts_max,
            nodes_max: limits.nodes_max,
            keys_max: limits.keys_max,
            id_bytes_max: limits.id_bytes_max,
            text_bytes_max: limits.text_bytes_max,
            entities_max: limits.entities_max,
            attack_max: limits.attack_max,
            skew_max: Duration::from_millis(limits.skew_max.0.unsigned_abs()),
        }
    }
}
