//! The table of live activities, found by what makes two alerts "the same happening": scope, rule and entities, as a
//! 128-bit print of their names: a repeat, which most alerts are, needs no look-up of its entities.

use smallvec::SmallVec;

use crate::alert::Severity;
use crate::entities::{Known, Mention};
use crate::groups::Group;
use crate::hours::Hours;
use crate::ids::{ActivityId, GroupId, ScopeId};
use crate::index::Index;
use crate::keys::Key;
use crate::prefetch::prefetch;
use crate::record::{LinkKind, TallyRecord};
use crate::recurrence::{Pair, Standing};
use crate::rules::Rule;
use crate::slots::{No, Slots};
use crate::time::{Span, Timestamp};

/// The entities of an activity in canonical order; almost always four or fewer.
pub(crate) type Mentions = SmallVec<[Mention; 4]>;

/// Who an activity repeats: the sum of keyed 128-bit hashes of scope, source and rule and of each linkable entity with
/// its role. Zero: nothing repeats it.
pub(crate) type Print = [u64; 2];

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
    /// The strongest of the links that its record holds.
    pub(crate) link: Option<Box<LinkNo>>,
    /// The live activities of the same key that opened before and after it.
    pub(crate) older: Option<No<Self>>,
    younger: Option<No<Self>>,
    /// The group it is in now; [`No::NONE`] for background on its own.
    pub(crate) group: No<Group>,
    pub(crate) rule: No<Rule>,
    pub(crate) scope: ScopeId,
    pub(crate) subject: Option<No<Known>>,
    /// The (rule, subject) pair, and the rule's own memory.
    pub(crate) pair: Option<No<Pair>>,
    pub(crate) print: Print,
    /// How its alerts stand to what is usual.
    pub(crate) standing: Standing,
    /// How its pair stands in `hour`, bursts and severities aside.
    pub(crate) base: Standing,
    /// The last hour that was noted for its pair and its rule.
    pub(crate) hour: i32,
    /// The bins of its pair are counted in that hour.
    pub(crate) is_counted: bool,
    /// By what it links.
    pub(crate) grounds: Grounds,
    /// Bit `i`: an alert in the minute `i` of its window.
    pub(crate) minutes: u64,
    /// Bit `i`: counted for how busy its entities are in the hour `i` of its window.
    pub(crate) busy_hours: u32,
    pub(crate) window_begin: Timestamp,
    /// Background stands beside it that may be attached.
    pub(crate) beside: bool,
    /// A gap is so short that each repeat may connect; else spans learn of repeats when they are asked.
    pub(crate) is_short: bool,
    /// `last` as its spans know it.
    pub(crate) spanned: Timestamp,
    pub(crate) severity: Severity,
    /// The day bucket of its rows: the event day of its first alert.
    pub(crate) day: i32,
    /// Changed since the last seal.
    pub(crate) dirty: bool,
}

/// By what an activity links, decided when it opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grounds {
    /// Bit `i`: the mention `i` is enough alone.
    pub(crate) alone: u64,
    /// Everything else, with the time over which it connects.
    pub(crate) keys: SmallVec<[(Key, Span); 1]>,
    /// Its rule was never seen before in a scope that is known for long enough.
    pub(crate) is_novel: bool,
}

impl Grounds {
    /// Lets its keys connect over the times of another policy. What was decided when the activity opened stays; whether a
    /// subject it was never seen on may get hot is asked each day anew.
    pub(crate) fn measure(
        &mut self,
        subject: Option<No<Known>>,
        (run_gap, rule_gap, hot_gap): (Span, Span, Span),
    ) {
        let is_hot = |key: &Key| matches!(key, Key::Hot(_));
        self.keys
            .retain(|(key, _)| hot_gap > Span::ZERO || !is_hot(key));
        for (key, gap) in &mut self.keys {
            match key {
                Key::Both(..) => {}
                Key::Run(_) => *gap = run_gap,
                Key::Rule(..) => *gap = rule_gap,
                Key::Hot(_) => *gap = hot_gap,
            }
        }
        let may_be_hot = self.is_novel && hot_gap > Span::ZERO;
        if let (true, Some(subject)) = (may_be_hot, subject)
            && !self.keys.iter().any(|(key, _)| is_hot(key))
        {
            self.keys.push((Key::Hot(subject), hot_gap));
        }
    }
}

/// What an alert of some key may repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeat {
    pub(crate) time: Timestamp,
    pub(crate) severity: u8,
    pub(crate) standing: Standing,
}

/// Most activities of one key that are looked at, the youngest first. Enough for alerts that come more than a day
/// late; what comes even later opens an activity of its own, so that a hostile chain of windows costs no more.
const WINDOWS_MAX: usize = 32;

/// A link, by numbers.
#[derive(Debug)]
pub(crate) struct LinkNo {
    pub(crate) other: ActivityId,
    pub(crate) gap: Span,
    pub(crate) kind: LinkKind,
    /// The policy that said so, by its number.
    pub(crate) policy: u16,
    pub(crate) entities: SmallVec<[No<Known>; 2]>,
}

/// All live activities.
#[derive(Debug)]
pub(crate) struct ActivityTable {
    slots: Slots<Activity>,
    /// The youngest activity of each key.
    youngest: Index<Activity>,
}

impl Activity {
    /// Whether an alert repeats it: inside its window, as usual as it, and no more severe. A bin of background is
    /// attached as a whole, so it takes all severities.
    fn covers(&self, repeat: Repeat) -> bool {
        repeat.standing == self.standing
            && repeat.time < self.window_end
            && repeat.time >= self.window_begin
            && (repeat.severity <= self.severity.score || self.standing == Standing::Background)
    }

    /// The bit of an hour in [`Self::busy_hours`].
    fn busy_bit(&self, hour: i32) -> u32 {
        let at = hour.saturating_sub(Hours::of(self.window_begin));
        u32::try_from(at)
            .ok()
            .and_then(|at| 1_u32.checked_shl(at))
            .unwrap_or(0)
    }

    /// The hours in which it was counted for how busy its entities are.
    pub(crate) fn busy_hours(&self) -> impl Iterator<Item = i32> + use<> {
        let (begin, hours) = (Hours::of(self.window_begin), self.busy_hours);
        (0..32)
            .filter(move |bit| hours >> bit & 1 == 1)
            .map(move |bit| begin + bit)
    }

    /// Notes the minute of an alert; `true`: it is the first of this minute. Only the first 64 minutes of a window are
    /// told apart.
    pub(crate) fn note_minute(&mut self, time: Timestamp) -> bool {
        let Some(bit) = self.minute(minute_of(time)) else {
            return false;
        };
        let is_new = self.minutes & bit == 0;
        self.minutes |= bit;
        is_new
    }

    /// Whether it had an alert in a minute.
    pub(crate) fn had(&self, minute: i64) -> bool {
        self.minute(minute)
            .is_some_and(|bit| self.minutes & bit != 0)
    }

    /// The minutes in which it had alerts.
    pub(crate) fn minutes(&self) -> impl Iterator<Item = i64> + use<> {
        let (begin, minutes) = (minute_of(self.window_begin), self.minutes);
        (0..64)
            .filter(move |bit| minutes >> bit & 1 == 1)
            .map(move |bit| begin + bit)
    }

    fn minute(&self, minute: i64) -> Option<u64> {
        let bit = minute.saturating_sub(minute_of(self.window_begin));
        (0..64).contains(&bit).then(|| 1 << bit)
    }

    /// It is background that stands in no group.
    pub(crate) fn is_loose(&self) -> bool {
        self.group == No::NONE
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
            standing: self.standing,
            minutes: self.minutes,
            hour: self.hour,
            base: self.base,
            is_counted: self.is_counted,
            busy_hours: self.busy_hours,
        }
    }

    /// A new activity of one alert; the caller fills the rest.
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
            link: None,
            older: None,
            younger: None,
            group: No::NONE,
            rule,
            scope,
            subject: None,
            pair: None,
            print: [0; 2],
            standing: Standing::News,
            base: Standing::News,
            hour: i32::MIN,
            is_counted: false,
            grounds: Grounds::default(),
            minutes: 0,
            busy_hours: 0,
            window_begin: at,
            beside: false,
            is_short: true,
            spanned: at,
            severity: Severity::ASSUMED,
            day: at.day(),
            dirty: false,
        }
    }
}

impl ActivityTable {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self {
            slots: Slots::default(),
            youngest: Index::default(),
        }
    }

    /// Fetches where a print is looked up.
    pub(crate) fn fetch_index(&self, print: Print) {
        self.youngest.begin(print[0]).into_iter().for_each(prefetch);
    }

    /// Fetches the activity that a print leads to. `false`: there is none.
    pub(crate) fn fetch(&self, print: Print) -> bool {
        let likely = self.youngest.guess(print[0]);
        if let Some(no) = likely.filter(|_| print != [0; 2]) {
            prefetch(&self.slots[no]);
        }
        likely.is_some()
    }

    /// The youngest activity of a print, whatever its window.
    pub(crate) fn youngest(&self, print: Print) -> Option<No<Activity>> {
        let same = |no| self.slots[no].print == print;
        (print != [0; 2]).then(|| self.youngest.find(print[0], same))?
    }

    /// The youngest activity, from `youngest` on, that an alert repeats.
    pub(crate) fn find(
        &self,
        youngest: Option<No<Activity>>,
        repeat: Repeat,
    ) -> Option<No<Activity>> {
        let mut next = youngest;
        for _ in 0..WINDOWS_MAX {
            let activity = &self.slots[next?];
            if activity.covers(repeat) {
                return next;
            }
            next = activity.older;
        }
        None
    }

    /// Notes that an activity counts for how busy its entities are in an hour. `true`: its happening is counted for
    /// the first time.
    pub(crate) fn note_busy(&mut self, no: No<Activity>, hour: i32) -> bool {
        let activity = &mut self.slots[no];
        let bit = activity.busy_bit(hour);
        if activity.busy_hours & bit != 0 {
            return false;
        }
        activity.busy_hours |= bit;
        let print = activity.print;
        !self.is_noted(self.youngest(print), hour, |other| other != no)
    }

    /// Whether an activity counts for its happening in an hour: the oldest that was noted does.
    pub(crate) fn counts_busy(&self, no: No<Activity>, hour: i32) -> bool {
        !self.is_noted(self.slots[no].older, hour, |_| true)
    }

    fn is_noted(
        &self,
        youngest: Option<No<Activity>>,
        hour: i32,
        is_asked: impl Fn(No<Activity>) -> bool,
    ) -> bool {
        let mut next = youngest;
        for _ in 0..WINDOWS_MAX {
            let Some(no) = next else { return false };
            let activity = &self.slots[no];
            if is_asked(no) && activity.busy_hours & activity.busy_bit(hour) != 0 {
                return true;
            }
            next = activity.older;
        }
        false
    }

    /// Adds an activity. Those of a key are chained by their ids, so that a restart restores the same chain in
    /// whatever order it adds them.
    pub(crate) fn insert(&mut self, activity: Activity) -> No<Activity> {
        let keyed = activity.print != [0; 2];
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

    /// Whether a number still refers to this activity.
    pub(crate) fn is_live(&self, no: No<Activity>, id: ActivityId) -> bool {
        self.slots.get(no).is_some_and(|activity| activity.id == id)
    }

    /// The activity, unless its number is free now.
    pub(crate) fn if_live(&mut self, no: No<Activity>) -> Option<&mut Activity> {
        self.slots.get_mut(no)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All with their numbers, in no stable order.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (No<Activity>, &Activity)> {
        self.slots.numbered()
    }

    /// All, in no stable order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Activity> {
        self.slots.iter()
    }

    /// Puts an activity into the chain of its key.
    fn chain(&mut self, no: No<Activity>) {
        let activity = &self.slots[no];
        let id = activity.id;
        let print = activity.print;
        let youngest = self.youngest(print);
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
            (None, None) => self.youngest.insert(print[0], no),
        }
    }

    /// Lets a key begin at `by` instead of `former`, or end.
    fn replace_youngest(&mut self, former: No<Activity>, by: Option<No<Activity>>) {
        let hash = self.slots[former].print[0];
        match by {
            Some(by) => self.youngest.replace(hash, former, by),
            None => self.youngest.remove(hash, former),
        }
    }
}

/// When a minute begins.
pub(crate) fn begin_of(minute: i64) -> Timestamp {
    Timestamp(minute.saturating_mul(Span::MINUTE.0))
}

/// The minute of an event time, counted from the epoch.
pub(crate) fn minute_of(time: Timestamp) -> i64 {
    time.0.div_euclid(Span::MINUTE.0)
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
        activity.print = [7, 9];
        activity.window_end = at(hour + 1);
        activity
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp(Span::HOUR.times(hour).0)
    }

    fn repeated(table: &ActivityTable, hour: i64) -> Option<u64> {
        let repeat = Repeat {
            time: at(hour),
            severity: 0,
            standing: Standing::News,
        };
        let found = table.find(table.youngest([7, 9]), repeat);
        found.map(|no| table.get(no).id.0)
    }

    #[test]
    fn a_chain_is_in_the_order_of_ids_and_loses_none_of_its_links() {
        let mut table = ActivityTable::new();
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
        let mut table = ActivityTable::new();
        for hour in 1..=40 {
            table.insert(activity(hour as u64, hour));
        }
        assert_eq!(
            [40, 9, 8].map(|hour| repeated(&table, hour)),
            [Some(40), Some(9), None]
        );
    }
}
