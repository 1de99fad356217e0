//! The sections of the policy file that say what is noise, what connects, and what touches too much.

use std::collections::BTreeMap;

use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::policy::{EvidencePolicy, HubPolicy, Pin, Policy, RecurrencePolicy};
use serde::Deserialize;

use super::Length;
use crate::config::size;

/// `[recurrence]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RecurrenceFile {
    hours: u32,
    horizon: Length,
    settle: Length,
    run_gap: Length,
    burst: f64,
    never_background: u8,
    attach: bool,
    #[serde(deserialize_with = "size::count")]
    pairs_max: usize,
    pins: Vec<PinFile>,
}

/// One of `[[recurrence.pins]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinFile {
    source: String,
    rule: String,
    #[serde(default)]
    kind: Option<EntityKind>,
    #[serde(default)]
    value: Option<String>,
    background: bool,
}

/// `[evidence]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EvidenceFile {
    join: u8,
    rule_gap: Length,
    rule_hours: u32,
    hot_gap: Length,
    hot_rules: u32,
    baseline: Length,
    together: Vec<TogetherFile>,
    weights: BTreeMap<EntityKind, u8>,
}

/// One of `[[evidence.together]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TogetherFile {
    kinds: [EntityKind; 2],
    gap: Length,
}

/// `[hubs]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HubsFile {
    per_hour: u8,
    peers: u8,
    common_hours: u32,
    hub_hours: u32,
}

impl RecurrenceFile {
    pub(super) fn into_policy(self) -> RecurrencePolicy {
        let mut pins: Vec<Pin> = self.pins.into_iter().map(PinFile::into_policy).collect();
        pins.sort();
        RecurrencePolicy {
            hours: self.hours,
            horizon: self.horizon.0,
            settle: self.settle.0,
            run_gap: self.run_gap.0,
            burst: self.burst,
            never_background: self.never_background,
            attach: self.attach,
            pairs_max: self.pairs_max,
            pins,
        }
    }
}

impl PinFile {
    fn into_policy(self) -> Pin {
        let subject = self.kind.zip(self.value).map(|(kind, value)| {
            let canonical = Entity::new(kind, Role::Affected, &value).map(|entity| entity.value);
            (kind, canonical.unwrap_or_else(|| value.into()))
        });
        Pin {
            source: self.source.into(),
            rule_id: self.rule.into(),
            subject,
            is_background: self.background,
        }
    }
}

impl EvidenceFile {
    pub(super) fn into_policy(self) -> EvidencePolicy {
        let mut weights = Policy::default().evidence.weights;
        for (kind, weight) in self.weights {
            weights[kind as usize] = weight;
        }
        let together = self
            .together
            .into_iter()
            .map(|TogetherFile { kinds, gap }| {
                let [a, b] = kinds;
                (a.min(b), a.max(b), gap.0)
            });
        EvidencePolicy {
            weights,
            join: self.join,
            together: together.collect(),
            rule_gap: self.rule_gap.0,
            rule_hours: self.rule_hours,
            hot_gap: self.hot_gap.0,
            hot_rules: self.hot_rules,
            baseline: self.baseline.0,
        }
    }
}

impl HubsFile {
    pub(super) fn into_policy(self) -> HubPolicy {
        HubPolicy {
            per_hour: self.per_hour,
            peers: self.peers,
            common_hours: self.common_hours,
            hub_hours: self.hub_hours,
        }
    }
}

impl Default for RecurrenceFile {
    fn default() -> Self {
        let policy = Policy::default().recurrence;
        Self {
            hours: policy.hours,
            horizon: Length(policy.horizon),
            settle: Length(policy.settle),
            run_gap: Length(policy.run_gap),
            burst: policy.burst,
            never_background: policy.never_background,
            attach: policy.attach,
            pairs_max: policy.pairs_max,
            pins: Vec::new(),
        }
    }
}

impl Default for EvidenceFile {
    fn default() -> Self {
        let policy = Policy::default().evidence;
        let together = policy.together.iter().map(|(a, b, gap)| TogetherFile {
            kinds: [*a, *b],
            gap: Length(*gap),
        });
        Self {
            join: policy.join,
            rule_gap: Length(policy.rule_gap),
            rule_hours: policy.rule_hours,
            hot_gap: Length(policy.hot_gap),
            hot_rules: policy.hot_rules,
            baseline: Length(policy.baseline),
            together: together.collect(),
            weights: BTreeMap::new(),
        }
    }
}

impl Default for HubsFile {
    fn default() -> Self {
        let policy = Policy::default().hubs;
        Self {
            per_hour: policy.per_hour,
            peers: policy.peers,
            common_hours: policy.common_hours,
            hub_hours: policy.hub_hours,
        }
    }
}
