//! The table of entities that live activities name: value -> small number, and for each the spans of event time in
//! which groups were active on it.
//!
//! An entity is here as long as a live activity names it; what is known of how busy it was stays for a day longer.

use std::collections::BTreeMap;

use compact_str::CompactString;

use crate::activities::Activity;
use crate::busy::Busy;
use crate::entity::{EntityKind, Role};
use crate::ids::ScopeId;
use crate::index::Index;
use crate::policy::HubPolicy;
use crate::prefetch::prefetch;
use crate::printer::Printer;
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
    /// Under which hash it is found.
    hash: u64,
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
    by_value: Index<Known>,
    printer: Printer,
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
    /// An empty table that is hashed by the marks of `printer`.
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            slots: Slots::default(),
            by_value: Index::default(),
            printer,
            idle: BTreeMap::new(),
        }
    }

    /// Looks an entity up.
    pub(crate) fn find(&self, scope: ScopeId, kind: EntityKind, value: &str) -> Found {
        let hash = self.hash(scope, kind, value);
        (hash, self.find_hashed(hash, scope, (kind, value)))
    }

    /// Looks an entity up whose hash is known.
    pub(crate) fn find_hashed(
        &self,
        hash: u64,
        scope: ScopeId,
        (kind, value): (EntityKind, &str),
    ) -> Option<No<Known>> {
        self.by_value.find(hash, |no| {
            let known = &self.slots[no];
            known.scope == scope && known.kind == kind && known.value == value
        })
    }

    /// Under which hash an entity is found: the same after a restart.
    pub(crate) fn hash_of(&self, no: No<Known>) -> u64 {
        self.slots[no].hash
    }

    /// Fetches where a hash is looked up.
    pub(crate) fn fetch_index(&self, hash: u64) {
        self.by_value.begin(hash).into_iter().for_each(prefetch);
    }

    /// Fetches where an entity is looked up.
    pub(crate) fn fetch_way(&self, no: No<Known>) {
        self.fetch_index(self.slots[no].hash);
    }

    /// Fetches the entity that a hash leads to, if there is one.
    pub(crate) fn fetch(&self, hash: u64) {
        self.guess(hash).into_iter().for_each(prefetch);
    }

    /// The entity that a hash most likely leads to.
    pub(crate) fn guess(&self, hash: u64) -> Option<&Known> {
        self.by_value.guess(hash).map(|no| &self.slots[no])
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
            hash,
            kind,
            busy,
            scene: None,
        });
        self.by_value.insert(hash, no);
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
        self.by_value.remove(known.hash, no);
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

    /// Takes all spans out.
    pub(crate) fn clear_spans(&mut self) {
        self.slots
            .iter_mut()
            .for_each(|known| known.spans = Spans::new());
    }

    /// The entities of which hours are counted.
    pub(crate) fn counted(&self) -> Vec<(ScopeId, EntityKind, CompactString)> {
        let is_counted = |busy: Busy| busy.bits != 0 || busy.counts.iter().any(|count| *count > 0);
        let all = self.busy().filter(|(.., busy)| is_counted(*busy));
        all.map(|(scope, kind, value, _)| (scope, kind, value.clone()))
            .collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn hash(&self, scope: ScopeId, kind: EntityKind, value: &str) -> u64 {
        self.printer.mark(kind, value).in_scope(scope)
    }
}
