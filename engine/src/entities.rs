//! The table of entities that live activities name: value -> small number, and for each the spans of event time in
//! which groups were active on it.
//!
//! An entity is here as long as a live activity names it; what is known of how busy it was stays for a day longer.

use std::collections::BTreeMap;

use compact_str::CompactString;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::activities::Activity;
use crate::busy::Busy;
use crate::entity::{EntityKind, Role};
use crate::ids::ScopeId;
use crate::policy::HubPolicy;
use crate::slots::{No, Slots};
use crate::spans::Spans;

/// An entity that is named by live activities.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its value, canonical.
    pub(crate) value: CompactString,
    /// Where groups were active on it.
    pub(crate) spans: Spans,
    /// Its scope.
    pub(crate) scope: ScopeId,
    /// Mentions by live activities, each role of one activity counted.
    mentions: u32,
    /// What it is.
    pub(crate) kind: EntityKind,
    /// How busy it was.
    pub(crate) busy: Busy,
    /// What happened on it as a subject, where background has to be held against news.
    pub(crate) scene: Option<Box<Scene>>,
}

/// The live activities of which an entity is the subject.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    /// News.
    pub(crate) news: Vec<No<Activity>>,
    /// Bins of background that stand in no group.
    pub(crate) bins: Vec<No<Activity>>,
}

/// An entity with its role in one activity, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mention(u32);

/// All of them.
#[derive(Debug)]
pub(crate) struct EntityTable {
    slots: Slots<Known>,
    by_value: HashTable<No<Known>>,
    hasher: FixedState,
    /// Entities that no live activity names, but that were busy.
    idle: BTreeMap<(ScopeId, EntityKind, CompactString), Busy>,
}

/// The result of a look-up: its hash, and the entity if it is known.
pub(crate) type Found = (u64, Option<No<Known>>);

impl Mention {
    /// `entity` in the role `role`.
    pub(crate) fn new(entity: No<Known>, role: Role) -> Self {
        Self(entity.get() << 3 | role as u32)
    }

    /// The entity.
    pub(crate) fn entity(self) -> No<Known> {
        No::from_bare(self.0 >> 3)
    }

    /// Its role.
    pub(crate) fn role(self) -> Role {
        Role::ALL[(self.0 & 7) as usize]
    }
}

impl EntityTable {
    /// An empty table whose hashing depends on `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Slots::default(),
            by_value: HashTable::new(),
            hasher: FixedState::with_seed(seed),
            idle: BTreeMap::new(),
        }
    }

    /// Looks an entity up.
    pub(crate) fn find(&self, scope: ScopeId, kind: EntityKind, value: &str) -> Found {
        let hash = self.hash(scope, kind, value);
        let found = self.by_value.find(hash, |&no| {
            let known = &self.slots[no];
            known.scope == scope && known.kind == kind && known.value == value
        });
        (hash, found.copied())
    }

    /// Adds an entity that [`Self::find`] did not find; nobody mentions it yet.
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        scope: ScopeId,
        kind: EntityKind,
        value: &str,
    ) -> No<Known> {
        let value = CompactString::new(value);
        let busy = if self.idle.is_empty() {
            Busy::default()
        } else {
            self.idle
                .remove(&(scope, kind, value.clone()))
                .unwrap_or_default()
        };
        let no = self.slots.insert(Known {
            value,
            spans: Spans::new(),
            scope,
            mentions: 0,
            kind,
            busy,
            scene: None,
        });
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_value.insert_unique(hash, no, |&no| {
            let known = &slots[no];
            hash_of(hasher, known.scope, known.kind, &known.value)
        });
        no
    }

    /// Counts a mention by a new activity.
    pub(crate) fn mention(&mut self, no: No<Known>) {
        self.slots[no].mentions += 1;
    }

    /// Takes a mention back; the entity goes with its last one. `hour` is the earliest that can still be judged.
    pub(crate) fn forget(&mut self, no: No<Known>, hour: i32, policy: &HubPolicy) {
        self.slots[no].mentions -= 1;
        if self.slots[no].mentions > 0 {
            return;
        }
        let known = self.slots.remove(no);
        let hash = self.hash(known.scope, known.kind, &known.value);
        if let Ok(entry) = self.by_value.find_entry(hash, |&other| other == no) {
            entry.remove();
        }
        if known.busy.matters(hour, policy) {
            self.idle
                .insert((known.scope, known.kind, known.value), known.busy);
        }
    }

    /// Forgets of one scope's idle entities what no longer matters. `hour` is the earliest that can still be judged.
    pub(crate) fn purge(&mut self, scope: ScopeId, hour: i32, policy: &HubPolicy) {
        self.idle
            .retain(|(of, ..), busy| *of != scope || busy.matters(hour, policy));
    }

    /// Takes over how busy an entity was.
    pub(crate) fn restore_busy(
        &mut self,
        scope: ScopeId,
        kind: EntityKind,
        value: &CompactString,
        busy: Busy,
    ) {
        self.idle.insert((scope, kind, value.clone()), busy);
    }

    /// How busy an entity was, whether a live activity names it or not.
    pub(crate) fn busy_of(
        &self,
        scope: ScopeId,
        kind: EntityKind,
        value: &CompactString,
    ) -> Option<Busy> {
        match self.find(scope, kind, value).1 {
            Some(no) => Some(self.slots[no].busy),
            None => self.idle.get(&(scope, kind, value.clone())).copied(),
        }
    }

    /// All entities with how busy they were, those that no live activity names included, in no stable order.
    pub(crate) fn busy(&self) -> impl Iterator<Item = (ScopeId, EntityKind, &CompactString, Busy)> {
        let live = self.slots.iter();
        let live = live.map(|known| (known.scope, known.kind, &known.value, known.busy));
        let idle = self.idle.iter();
        live.chain(idle.map(|((scope, kind, value), busy)| (*scope, *kind, value, *busy)))
    }

    /// The entity, to change it.
    pub(crate) fn get_mut(&mut self, no: No<Known>) -> &mut Known {
        &mut self.slots[no]
    }

    /// The entity.
    pub(crate) fn get(&self, no: No<Known>) -> &Known {
        &self.slots[no]
    }

    /// The spans of an entity.
    pub(crate) fn spans_mut(&mut self, no: No<Known>) -> &mut Spans {
        &mut self.slots[no].spans
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn hash(&self, scope: ScopeId, kind: EntityKind, value: &str) -> u64 {
        hash_of(&self.hasher, scope, kind, value)
    }
}

fn hash_of(hasher: &FixedState, scope: ScopeId, kind: EntityKind, value: &str) -> u64 {
    hasher.hash_one((u64::from(scope.0) << 8 | kind as u64, value))
}
