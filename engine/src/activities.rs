//! The table of live activities, found by what makes two alerts "the same happening": scope, rule and entities.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use smallvec::SmallVec;
use std::hash::BuildHasher;

use crate::alert::Severity;
use crate::entities::{Known, Mention};
use crate::groups::Group;
use crate::ids::{ActivityId, GroupId, ScopeId};
use crate::record::TallyRecord;
use crate::rules::Rule;
use crate::slots::{No, Slots};
use crate::time::{Span, Timestamp};

/// The entities of an activity in canonical order; almost always four or fewer.
pub(crate) type Mentions = SmallVec<[Mention; 4]>;

/// The same happening again and again, inside one dedup window.
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) id: ActivityId,
    /// The group in which it opened.
    pub(crate) home: GroupId,
    pub(crate) window_end: Timestamp,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) count: u64,
    pub(crate) mentions: Mentions,
    pub(crate) links: Vec<LinkNo>,
    /// The activity of the same key that opened before, if it is still live.
    older: Option<No<Self>>,
    /// The group it is in now.
    pub(crate) group: No<Group>,
    pub(crate) rule: No<Rule>,
    pub(crate) scope: ScopeId,
    pub(crate) subject: Option<No<Known>>,
    pub(crate) severity: Severity,
    /// The day bucket of its rows: the event day of its first alert.
    pub(crate) day: i32,
    /// Changed since the last seal.
    pub(crate) dirty: bool,
}

/// A link, by numbers.
#[derive(Debug)]
pub(crate) struct LinkNo {
    pub(crate) other: ActivityId,
    pub(crate) gap: Span,
    pub(crate) entities: SmallVec<[No<Known>; 2]>,
}

/// All live activities.
#[derive(Debug)]
pub(crate) struct ActivityTable {
    slots: Slots<Activity>,
    /// The youngest activity of each key.
    youngest: HashTable<No<Activity>>,
    hasher: FixedState,
}

impl Activity {
    /// Whether an alert at `time` repeats it.
    pub(crate) fn covers(&self, time: Timestamp, window: Span) -> bool {
        time < self.window_end && time >= self.window_end.minus(window)
    }

    /// What changes in it, for the store.
    pub(crate) fn tally(&self) -> TallyRecord {
        TallyRecord {
            id: self.id,
            group: self.home,
            first: self.first,
            last: self.last,
            count: self.count,
            severity: self.severity,
        }
    }

    /// A new activity of one alert; the caller fills `links`.
    pub(crate) fn new(
        id: ActivityId,
        home: GroupId,
        key: (ScopeId, No<Rule>, Mentions),
        at: Timestamp,
    ) -> Self {
        let (scope, rule, mentions) = key;
        Self {
            id,
            home,
            window_end: at,
            first: at,
            last: at,
            count: 1,
            mentions,
            links: Vec::new(),
            older: None,
            group: No::from_bare(0),
            rule,
            scope,
            subject: None,
            severity: Severity::ASSUMED,
            day: at.day(),
            dirty: false,
        }
    }
}

impl ActivityTable {
    /// An empty table whose hashing depends on `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Slots::default(),
            youngest: HashTable::new(),
            hasher: FixedState::with_seed(seed),
        }
    }

    /// The activity that an alert of this key at `time` repeats. `mentions` must be sorted. Without mentions there
    /// is no key, and nothing repeats.
    pub(crate) fn find(
        &self,
        scope: ScopeId,
        rule: No<Rule>,
        mentions: &[Mention],
        (time, window): (Timestamp, Span),
    ) -> Option<No<Activity>> {
        if mentions.is_empty() {
            return None;
        }
        let mut next = self.youngest_of(scope, rule, mentions);
        while let Some(no) = next {
            let activity = &self.slots[no];
            if activity.covers(time, window) {
                return Some(no);
            }
            next = activity.older;
        }
        None
    }

    /// Adds an activity, the youngest of its key.
    pub(crate) fn insert(&mut self, mut activity: Activity) -> No<Activity> {
        if activity.mentions.is_empty() {
            return self.slots.insert(activity);
        }
        let hash = self.hash(activity.scope, activity.rule, &activity.mentions);
        activity.older = self.youngest_of(activity.scope, activity.rule, &activity.mentions);
        let older = activity.older;
        let no = self.slots.insert(activity);
        if let Some(older) = older {
            if let Some(entry) = self.youngest.find_mut(hash, |&other| other == older) {
                *entry = no;
            }
            return no;
        }
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.youngest.insert_unique(hash, no, |&no| {
            let activity = &slots[no];
            hash_of(hasher, activity.scope, activity.rule, &activity.mentions)
        });
        no
    }

    /// Takes an activity out.
    pub(crate) fn remove(&mut self, no: No<Activity>) -> Activity {
        let (scope, rule) = (self.slots[no].scope, self.slots[no].rule);
        let mentions = self.slots[no].mentions.clone();
        if !mentions.is_empty() {
            self.unchain(
                no,
                self.hash(scope, rule, &mentions),
                self.youngest_of(scope, rule, &mentions),
            );
        }
        self.slots.remove(no)
    }

    /// The activity.
    pub(crate) fn get(&self, no: No<Activity>) -> &Activity {
        &self.slots[no]
    }

    /// The activity, to change it.
    pub(crate) fn get_mut(&mut self, no: No<Activity>) -> &mut Activity {
        &mut self.slots[no]
    }

    /// The activity, unless its number is free now.
    pub(crate) fn if_live(&mut self, no: No<Activity>) -> Option<&mut Activity> {
        self.slots.get_mut(no)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All, in no stable order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Activity> {
        self.slots.iter()
    }

    fn youngest_of(
        &self,
        scope: ScopeId,
        rule: No<Rule>,
        mentions: &[Mention],
    ) -> Option<No<Activity>> {
        let same = |no: &No<Activity>| {
            let activity = &self.slots[*no];
            activity.rule == rule
                && activity.scope == scope
                && activity.mentions.as_slice() == mentions
        };
        self.youngest
            .find(self.hash(scope, rule, mentions), same)
            .copied()
    }

    /// Takes `no` out of the chain that begins at `youngest`.
    fn unchain(&mut self, no: No<Activity>, hash: u64, youngest: Option<No<Activity>>) {
        let after = self.slots[no].older;
        if youngest == Some(no) {
            if let Ok(mut entry) = self.youngest.find_entry(hash, |&other| other == no) {
                match after {
                    Some(after) => *entry.get_mut() = after,
                    None => drop(entry.remove()),
                }
            }
            return;
        }
        let mut next = youngest;
        while let Some(at) = next {
            next = self.slots[at].older;
            if next == Some(no) {
                self.slots[at].older = after;
                return;
            }
        }
    }

    fn hash(&self, scope: ScopeId, rule: No<Rule>, mentions: &[Mention]) -> u64 {
        hash_of(&self.hasher, scope, rule, mentions)
    }
}

fn hash_of(hasher: &FixedState, scope: ScopeId, rule: No<Rule>, mentions: &[Mention]) -> u64 {
    hasher.hash_one((scope, rule, mentions))
}
