//! Keys: what connects alerts besides a single entity, each with the spans of event time in which groups were active
//! on it, like an entity's.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::activities::Activity;
use crate::entities::Known;
use crate::groups::Group;
use crate::ids::{ActivityId, ScopeId};
use crate::rules::Rule;
use crate::slots::No;
use crate::spans::{self, Span, Spans};
use crate::time::Span as Length;

/// Something two alerts may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// Two entities together, neither of which is enough alone, or which together connect over a longer time.
    Both(No<Known>, No<Known>),
    /// A rule that is rare in its scope, whatever its subject.
    Rule(ScopeId, No<Rule>),
    /// A rule on its subject, by the pair's key: the same happening goes on.
    Run(u64),
    /// A subject on which rules fired that its scope had never seen.
    Hot(No<Known>),
}

/// The spans of all keys of live activities.
#[derive(Debug)]
pub(crate) struct KeyTable {
    spans: HashMap<Key, Spans, FixedState>,
}

impl KeyTable {
    /// None yet; hashing depends on `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            spans: HashMap::with_hasher(FixedState::with_seed(seed)),
        }
    }

    /// Where groups were active on a key.
    pub(crate) fn spans(&self, key: Key) -> &[Span] {
        self.spans.get(&key).map_or(&[], |spans| spans.as_slice())
    }

    /// Adds an extent; `true`: its group was not active on the key so far.
    pub(crate) fn add(
        &mut self,
        key: Key,
        extent: Span,
        gap: Length,
        id: impl Fn(No<Activity>) -> ActivityId,
    ) -> bool {
        let spans = self.spans.entry(key).or_default();
        let is_new = spans.iter().all(|span| span.group != extent.group);
        spans::add(spans, extent, gap, id);
        is_new
    }

    /// Takes the spans of a group out.
    pub(crate) fn take(&mut self, key: Key, group: No<Group>) -> Spans {
        let Some(spans) = self.spans.get_mut(&key) else {
            return Spans::new();
        };
        let taken = spans::take(spans, group);
        if spans.is_empty() {
            self.spans.remove(&key);
        }
        taken
    }

    /// Takes all spans out.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }
}
