//! Prints: what tells one happening from another, as a 128-bit keyed hash of names.
//!
//! Two independent 64-bit hashes with secret seeds. Two of 10 million live happenings share a print by chance with a
//! probability below 10^-24; who doesn't know the store's secret can't make them share one.

use foldhash::quality::FixedState;
use std::hash::BuildHasher;

use crate::activities::Print;
use crate::entity::{Entity, EntityKind, Role};
use crate::ids::ScopeId;

/// Makes the parts of which prints are the sums.
#[derive(Debug)]
pub(crate) struct Printer {
    hashers: [FixedState; 2],
}

impl Printer {
    /// Depends on the store's secret.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| secret[from + i]));
        Self {
            hashers: [half(0), half(8)]
                .map(|seed| FixedState::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15)),
        }
    }

    /// The part of an entity.
    pub(crate) fn entity(&self, entity: &Entity) -> Print {
        self.parts(entity.kind, entity.role, &entity.value)
    }

    /// The part of a rule in a scope.
    pub(crate) fn rule(&self, scope: ScopeId, source: &str, rule: &str) -> Print {
        [0, 1].map(|at| self.hashers[at].hash_one((scope.0, source, rule)))
    }

    fn parts(&self, kind: EntityKind, role: Role, value: &str) -> Print {
        let tag = (kind as u16) << 8 | role as u16;
        [0, 1].map(|at| self.hashers[at].hash_one((tag, value)))
    }
}
