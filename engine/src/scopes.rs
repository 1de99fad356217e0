//! Scopes (tenants) and their clocks.

use compact_str::CompactString;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::deadlines::Deadlines;
use crate::ids::ScopeId;
use crate::record::ScopeRecord;
use crate::time::Timestamp;

/// A scope with its clock and what falls due in it.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) name: CompactString,
    /// The highest clamped event time seen; never goes back.
    pub(crate) time: Timestamp,
    /// Wall time of the last alert.
    pub(crate) heard: Timestamp,
    /// What `time` was then.
    pub(crate) heard_time: Timestamp,
    /// Ends of groups, in event time.
    pub(crate) deadlines: Deadlines,
    /// Changed since the last seal.
    pub(crate) dirty: bool,
}

/// All scopes ever met; a scope never goes.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    all: Vec<Scope>,
    by_name: HashMap<CompactString, ScopeId, FixedState>,
}

impl Scopes {
    /// The scope of this name; a new one begins with its clock at `time`.
    pub(crate) fn intern(&mut self, name: &CompactString, time: Timestamp) -> ScopeId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let id = ScopeId(u32::try_from(self.all.len()).expect("fewer than 2^32 scopes"));
        self.by_name.insert(name.clone(), id);
        self.all.push(Scope {
            name: name.clone(),
            time,
            heard: Timestamp::MIN,
            heard_time: time,
            deadlines: Deadlines::default(),
            dirty: false,
        });
        id
    }

    /// The scope.
    pub(crate) fn get(&self, id: ScopeId) -> &Scope {
        &self.all[id.0 as usize]
    }

    /// The scope, to change it.
    pub(crate) fn get_mut(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.all[id.0 as usize]
    }

    /// All, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ScopeId, &Scope)> {
        (0..).map(ScopeId).zip(&self.all)
    }

    /// The numbers of all.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ScopeId> + use<> {
        (0..u32::try_from(self.all.len()).unwrap_or(u32::MAX)).map(ScopeId)
    }
}

impl Scope {
    /// The scope as the store keeps it.
    pub(crate) fn record(&self, id: ScopeId) -> ScopeRecord {
        ScopeRecord {
            id,
            name: self.name.clone(),
            time: self.time,
            heard: self.heard,
            heard_time: self.heard_time,
        }
    }
}
