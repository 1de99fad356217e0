//! `[enrichment]` of the policy file: by how much what is known raises the risk.

use std::collections::BTreeMap;

use caseloom_engine::knowledge::Criticality;
use caseloom_engine::policy::RaisePolicy;
use serde::Deserialize;

/// `[enrichment]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RaiseFile {
    vip: f64,
    assets: BTreeMap<Criticality, f64>,
    intel: f64,
    max: f64,
}

impl RaiseFile {
    pub(super) fn into_policy(self) -> RaisePolicy {
        let mut assets = RaisePolicy::default().assets;
        for (criticality, bonus) in self.assets {
            assets[criticality as usize] = bonus;
        }
        RaisePolicy {
            vip: self.vip,
            assets,
            intel: self.intel,
            max: self.max,
        }
    }
}

impl Default for RaiseFile {
    fn default() -> Self {
        let policy = RaisePolicy::default();
        Self {
            vip: policy.vip,
            assets: BTreeMap::new(),
            intel: policy.intel,
            max: policy.max,
        }
    }
}
