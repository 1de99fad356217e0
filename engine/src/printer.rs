//! Prints: what tells one happening from another, as a 128-bit keyed hash of names.
//!
//! XXH3 with 128 bits and a secret seed for each name; a print is a sum over them. Two of 10 million live happenings
//! share a print by chance with a probability below 10^-24; who doesn't know the store's secret can't make them share
//! one.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::activities::Print;
use crate::entity::{Entity, EntityKind, Role};
use crate::ids::ScopeId;

/// Makes the parts of which prints are the sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    seeds: [u64; 2],
}

/// The hash of an entity's kind and value, whatever its scope and its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(Print);

/// Odd numbers without a pattern (the first bits of the square roots of primes): factors that lose nothing.
const FACTORS: [u64; 5] = [
    0x6a09_e667_f3bc_c909,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
];

impl Printer {
    /// Depends on the store's secret.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| secret[from + i]));
        Self {
            seeds: [half(0), half(8)],
        }
    }

    /// The hash of an entity.
    pub(crate) fn mark(self, kind: EntityKind, value: &str) -> Mark {
        let seed = self.seeds[0].wrapping_add(FACTORS[0].wrapping_mul(kind as u64 + 1));
        Mark(halves(xxh3_128_with_seed(value.as_bytes(), seed)))
    }

    /// The part of a rule in a scope.
    pub(crate) fn rule(self, scope: ScopeId, source: &str, rule: &str) -> Print {
        let seed = self.seeds[1].wrapping_add(FACTORS[1].wrapping_mul(u64::from(scope.0)));
        let source = halves(xxh3_128_with_seed(source.as_bytes(), seed));
        let rule = halves(xxh3_128_with_seed(rule.as_bytes(), !seed));
        [0, 1].map(|at| source[at].wrapping_mul(FACTORS[2]).wrapping_add(rule[at]))
    }
}

impl Mark {
    /// Under which hash the entity is found in a scope.
    pub(crate) fn in_scope(self, scope: ScopeId) -> u64 {
        self.0[0].wrapping_add(FACTORS[3].wrapping_mul(u64::from(scope.0)))
    }

    /// The part of the entity in its role in a print.
    pub(crate) fn part(self, role: Role, is_linkable: bool, is_subject: bool) -> Print {
        self.0.map(|half| {
            let half = half.wrapping_mul(FACTORS[role as usize]);
            let as_linkable = if is_linkable { half } else { 0 };
            let as_subject = if is_subject { half.rotate_left(1) } else { 0 };
            as_linkable.wrapping_add(as_subject)
        })
    }
}

impl Printer {
    /// The hash of an alert's entity.
    pub(crate) fn mark_of(self, entity: &Entity) -> Mark {
        self.mark(entity.kind, &entity.value)
    }
}

fn halves(hash: u128) -> Print {
    [hash as u64, (hash >> 64) as u64]
}
