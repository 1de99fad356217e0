//! Scopes (tenants) and their clocks.

use std::collections::BTreeMap;

use compact_str::CompactString;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::activities::Activity;
use crate::deadlines::Deadlines;
use crate::ids::{ActivityId, GroupId, ScopeId};
use crate::record::ScopeRecord;
use crate::recurrence::Bins;
use crate::slots::No;
use crate::time::{Span, Timestamp};

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
    /// The earliest event time seen.
    pub(crate) since: Timestamp,
    /// Bins of background that may still burst or be attached.
    pub(crate) bins: BTreeMap<i64, Vec<(No<Activity>, ActivityId)>>,
    /// How long they are kept after their end.
    pub(crate) bins_kept: Span,
    /// Ends of groups, in event time.
    pub(crate) deadlines: Deadlines<GroupId>,
    /// When it is looked at if it stays silent, as entered into [`Scopes::silences`].
    look_at: Option<Timestamp>,
    /// Changed since the last seal.
    pub(crate) dirty: bool,
}

/// All scopes ever met; a scope never goes.
#[derive(Debug)]
pub(crate) struct Scopes {
    all: Vec<Scope>,
    by_name: HashMap<CompactString, ScopeId, FixedState>,
    /// The scope of the last alert.
    recent: ScopeId,
    /// Wall times at which something falls due in a scope if it stays silent, or earlier: a time that moved away is
    /// left where it is until it comes.
    silences: Deadlines<ScopeId>,
    bins_kept: Span,
}

impl Scopes {
    /// None yet; hashing depends on `seed`, as names may come from alerts. Bins of background are kept so long after
    /// their end.
    pub(crate) fn new(seed: u64, bins_kept: Span) -> Self {
        Self {
            all: Vec::new(),
            by_name: HashMap::with_hasher(FixedState::with_seed(seed)),
            recent: ScopeId::default(),
            silences: Deadlines::default(),
            bins_kept,
        }
    }

    /// The scope of this name; a new one begins with its clock at `time`.
    pub(crate) fn intern(&mut self, name: &CompactString, time: Timestamp) -> ScopeId {
        if let Some(id) = self.find(name) {
            self.recent = id;
            return id;
        }
        let id = ScopeId(u32::try_from(self.all.len()).expect("fewer than 2^32 scopes"));
        self.by_name.insert(name.clone(), id);
        self.all.push(Scope {
            name: name.clone(),
            time,
            heard: Timestamp::MIN,
            heard_time: time,
            since: time,
            bins: BTreeMap::new(),
            bins_kept: self.bins_kept,
            deadlines: Deadlines::default(),
            look_at: None,
            dirty: false,
        });
        id
    }

    /// The number of a scope that was met.
    pub(crate) fn find(&self, name: &CompactString) -> Option<ScopeId> {
        // Alerts of a scope come in runs.
        let recent = self.all.get(self.recent.0 as usize);
        if recent.is_some_and(|scope| scope.name == *name) {
            return Some(self.recent);
        }
        self.by_name.get(name).copied()
    }

    /// The number of a scope, or the first number.
    pub(crate) fn id_of(&self, name: &CompactString) -> ScopeId {
        self.find(name).unwrap_or_default()
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

    /// Notes when something falls due in a scope if it stays silent. Call after what may make that earlier.
    pub(crate) fn watch(&mut self, id: ScopeId) {
        let scope = &mut self.all[id.0 as usize];
        let Some(due) = scope.due_in_silence() else {
            return;
        };
        if scope.look_at.is_some_and(|at| at <= due) {
            return;
        }
        if let Some(at) = scope.look_at.replace(due) {
            self.silences.disarm(at, id);
        }
        self.silences.arm(due, id);
    }

    /// The scopes to be looked at by `now`, by number; each is to be watched again.
    pub(crate) fn take_silent(&mut self, now: Timestamp) -> Vec<ScopeId> {
        let mut silent = Vec::new();
        while let Some((_, id)) = self.silences.pop_due(now) {
            self.all[id.0 as usize].look_at = None;
            silent.push(id);
        }
        silent.sort_unstable();
        silent
    }

    /// When the next scope is to be looked at.
    pub(crate) fn next_silence(&self) -> Option<Timestamp> {
        self.silences.next()
    }
}

impl Scope {
    /// What its time is at wall time `now`, if no alert came since the last one.
    pub(crate) fn time_in_silence(&self, now: Timestamp) -> Timestamp {
        self.heard_time.plus(now.since(self.heard)).max(self.time)
    }

    /// The event time at which something falls due next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let bin = self.bins.first_key_value();
        let bin = bin.map(|(bin, _)| Bins::end(*bin).plus(self.bins_kept).plus(Span(1)));
        [self.deadlines.next(), bin].into_iter().flatten().min()
    }

    /// The wall time at which something falls due if no alert comes.
    fn due_in_silence(&self) -> Option<Timestamp> {
        let due = self.next_due()?;
        Some(self.heard.plus(due.since(self.heard_time)))
    }

    /// The scope as the store keeps it.
    pub(crate) fn record(&self, id: ScopeId) -> ScopeRecord {
        ScopeRecord {
            id,
            name: self.name.clone(),
            time: self.time,
            heard: self.heard,
            heard_time: self.heard_time,
            since: self.since,
        }
    }
}
