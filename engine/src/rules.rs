//! The table of rules that live activities name: (source, rule id) -> small number.

use compact_str::CompactString;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::slots::{No, Slots};

/// A rule of a product.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The product.
    pub(crate) source: CompactString,
    /// The rule's id.
    pub(crate) id: CompactString,
    /// Its name, as first met.
    pub(crate) name: CompactString,
    mentions: u32,
}

/// All rules of live activities.
#[derive(Debug)]
pub(crate) struct RuleTable {
    slots: Slots<Rule>,
    by_id: HashTable<No<Rule>>,
    hasher: FixedState,
}

impl RuleTable {
    /// An empty table whose hashing depends on `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Slots::default(),
            by_id: HashTable::new(),
            hasher: FixedState::with_seed(seed),
        }
    }

    /// Looks a rule up.
    pub(crate) fn find(&self, source: &str, id: &str) -> Option<No<Rule>> {
        let hash = self.hasher.hash_one((source, id));
        self.by_id
            .find(hash, |&no| {
                let rule = &self.slots[no];
                rule.id == id && rule.source == source
            })
            .copied()
    }

    /// Counts a mention by a new activity; adds the rule if it is new.
    pub(crate) fn mention(&mut self, source: &str, id: &str, name: &str) -> No<Rule> {
        let no = self
            .find(source, id)
            .unwrap_or_else(|| self.insert(source, id, name));
        self.slots[no].mentions += 1;
        no
    }

    /// Counts a mention of a rule that is known.
    pub(crate) fn hold(&mut self, no: No<Rule>) {
        self.slots[no].mentions += 1;
    }

    /// Takes a mention back; the rule goes with its last one.
    pub(crate) fn forget(&mut self, no: No<Rule>) {
        self.slots[no].mentions -= 1;
        if self.slots[no].mentions > 0 {
            return;
        }
        let rule = self.slots.remove(no);
        let hash = self.hasher.hash_one((&*rule.source, &*rule.id));
        if let Ok(entry) = self.by_id.find_entry(hash, |&other| other == no) {
            entry.remove();
        }
    }

    /// The rule.
    pub(crate) fn get(&self, no: No<Rule>) -> &Rule {
        &self.slots[no]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn insert(&mut self, source: &str, id: &str, name: &str) -> No<Rule> {
        let (source, id, name) = (source.into(), id.into(), name.into());
        let no = self.slots.insert(Rule {
            source,
            id,
            name,
            mentions: 0,
        });
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_of = |no: &No<Rule>| hasher.hash_one((&*slots[*no].source, &*slots[*no].id));
        self.by_id.insert_unique(hash_of(&no), no, hash_of);
        no
    }
}
