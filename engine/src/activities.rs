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
    /// The live activities of the same key that opened before and after it.
    older: Option<No<Self>>,
    younger: Option<No<Self>>,
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

/// What an alert of some key may repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeat {
    pub(crate) time: Timestamp,
    /// How long its source counts repeats.
    pub(crate) window: Span,
    pub(crate) severity: u8,
}

/// Most activities of one key that are looked at, the youngest first. Enough for alerts that come more than a day
/// late; what comes even later opens an activity of its own, so that a hostile chain of windows costs no more.
const WINDOWS_MAX: usize = 32;

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
    /// Whether an alert repeats it: inside its window, and no more severe.
    fn covers(&self, repeat: Repeat) -> bool {
        let Repeat {
            time,
            window,
            severity,
        } = repeat;
        time < self.window_end
            && time >= self.window_end.minus(window)
            && severity <= self.severity.score
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
            younger: None,
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

    /// The youngest activity that an alert of this key repeats. `mentions` must be sorted. Without mentions there is no
    /// key, and nothing repeats.
    pub(crate) fn find(
        &self,
        scope: ScopeId,
        rule: No<Rule>,
        mentions: &[Mention],
        repeat: Repeat,
    ) -> Option<No<Activity>> {
        if mentions.is_empty() {
            return None;
        }
        let mut next = self.youngest_of(scope, rule, mentions);
        for _ in 0..WINDOWS_MAX {
            let activity = &self.slots[next?];
            if activity.covers(repeat) {
                return next;
            }
            next = activity.older;
        }
        None
    }

    /// Adds an activity. Those of a key are chained by their ids, so that a restart restores the same chain in
    /// whatever order it adds them.
    pub(crate) fn insert(&mut self, activity: Activity) -> No<Activity> {
        let keyed = !activity.mentions.is_empty();
        let no = self.slots.insert(activity);
        if keyed {
            self.chain(no);
        }
        no
    }

    /// Takes an activity out.
    pub(crate) fn remove(&mut self, no: No<Activity>) -> Activity {
        let activity = &self.slots[no];
        let (older, younger) = (activity.older, activity.younger);
        if let Some(older) = older {
            self.slots[older].younger = younger;
        }
        match younger {
            Some(younger) => self.slots[younger].older = older,
            None => self.replace_youngest(no, older),
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

    /// Puts an activity into the chain of its key.
    fn chain(&mut self, no: No<Activity>) {
        let activity = &self.slots[no];
        let id = activity.id;
        let hash = self.hash(activity.scope, activity.rule, &activity.mentions);
        let youngest = self.youngest_of(activity.scope, activity.rule, &activity.mentions);
        let (mut younger, mut older) = (None, youngest);
        while let Some(at) = older.filter(|at| self.slots[*at].id > id) {
            (younger, older) = (older, self.slots[at].older);
        }
        (self.slots[no].younger, self.slots[no].older) = (younger, older);
        if let Some(older) = older {
            self.slots[older].younger = Some(no);
        }
        match (younger, youngest) {
            (Some(younger), _) => self.slots[younger].older = Some(no),
            (None, Some(youngest)) => self.replace_youngest(youngest, Some(no)),
            (None, None) => self.add_youngest(hash, no),
        }
    }

    fn add_youngest(&mut self, hash: u64, no: No<Activity>) {
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.youngest.insert_unique(hash, no, |&no| {
            let activity = &slots[no];
            hash_of(hasher, activity.scope, activity.rule, &activity.mentions)
        });
    }

    /// Lets a key begin at `by` instead of `former`, or end.
    fn replace_youngest(&mut self, former: No<Activity>, by: Option<No<Activity>>) {
        let activity = &self.slots[former];
        let hash = self.hash(activity.scope, activity.rule, &activity.mentions);
        if let Ok(mut entry) = self.youngest.find_entry(hash, |&other| other == former) {
            match by {
                Some(by) => *entry.get_mut() = by,
                None => drop(entry.remove()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Role;

    fn activity(id: u64, hour: i64) -> Activity {
        let mention = Mention::new(No::from_bare(0), Role::Affected);
        let key = (
            ScopeId(0),
            No::from_bare(0),
            Mentions::from_slice(&[mention]),
        );
        let mut activity = Activity::new(ActivityId(id), GroupId(1), key, at(hour));
        activity.window_end = at(hour + 1);
        activity
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp(Span::HOUR.times(hour).0)
    }

    fn repeated(table: &ActivityTable, hour: i64) -> Option<u64> {
        let mention = Mention::new(No::from_bare(0), Role::Affected);
        let repeat = Repeat {
            time: at(hour),
            window: Span::HOUR,
            severity: 0,
        };
        let found = table.find(ScopeId(0), No::from_bare(0), &[mention], repeat);
        found.map(|no| table.get(no).id.0)
    }

    #[test]
    fn a_chain_is_in_the_order_of_ids_and_loses_none_of_its_links() {
        let mut table = ActivityTable::new(1);
        let numbers =
            [(2, 12), (4, 14), (1, 11), (3, 13)].map(|(id, hour)| table.insert(activity(id, hour)));
        table.insert(activity(5, 13));
        assert_eq!(
            [11, 12, 13, 14].map(|hour| repeated(&table, hour)),
            [Some(1), Some(2), Some(5), Some(4)]
        );
        for (gone, left) in [
            (3, [Some(1), Some(2), Some(4)]),
            (0, [Some(1), None, Some(4)]),
            (1, [Some(1), None, None]),
        ] {
            table.remove(numbers[gone]);
            assert_eq!([11, 12, 14].map(|hour| repeated(&table, hour)), left);
        }
    }

    #[test]
    fn a_long_chain_is_not_followed_to_its_end() {
        let mut table = ActivityTable::new(1);
        for hour in 1..=40 {
            table.insert(activity(hour as u64, hour));
        }
        assert_eq!(
            [40, 9, 8].map(|hour| repeated(&table, hour)),
            [Some(40), Some(9), None]
        );
    }
}
