//! Recurrence: how regularly a rule fires on a subject, and so whether an alert is news there.
//!
//! A (rule, subject) *pair* that fired in six of the last 168 hours (`recurrence.hours`) before its present run began
//! is noise there: *background*. A run that began as news stays news for as long as it lasts, but after a horizon it
//! links nobody else: *lasting*; but what a scope brings along (its run began when the scope was less than a day old)
//! is measured by the hours of that run. A pair that recurs is news again while it bursts: more alerts in five minutes than
//! three times the most it usually has. Every judgement reads closed hours and closed bins only, see [`Hours`].
//!
//! A pair is known by a keyed hash of its names: 64 bits of SipHash-1-3 with the store's secret, so that nobody can
//! make two rules share a history. What is remembered of a pair costs at most 96 bytes; names are in the store.

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

use crate::alert::Alert;
use crate::entity::Entity;
use crate::hours::{Hours, WEEK};
use crate::ids::ScopeId;
use crate::index::Index;
use crate::policy::RecurrencePolicy;
use crate::prefetch::prefetch;
use crate::slots::{No, Slots};
use crate::time::{Span, Timestamp};

/// The width of the bins in which bursts are counted.
pub(crate) const BIN: Span = Span(5 * 60_000);

/// A bin with no more alerts than this many times the burst factor is no burst, however quiet the pair is.
const USUAL_MIN: u16 = 3;

/// How an alert stands to what is usual.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not usual: it links, and counts for risk.
    #[default]
    News,
    /// Of a run that began as news and goes on for longer than the horizon: it stays in its group and links no other.
    Lasting,
    /// Usual on its subject: it opens nothing and links nothing.
    Background,
}

/// What is remembered of a pair, or of a rule whatever its subject.
#[derive(Debug)]
pub(crate) struct Pair {
    key: u64,
    pub(crate) scope: ScopeId,
    pub(crate) hours: Hours,
    /// Counted once it has a settled hour: what fires in one hour and never again has no usual.
    bins: Option<Box<Bins>>,
    /// The earliest hour in which it fired.
    oldest: i32,
    /// The hour that was judged last, and how: most alerts ask again.
    judged: (i32, Standing),
    /// The bin whose burst was noticed last.
    pub(crate) burning: i64,
    /// Its names are in the store.
    pub(crate) named: bool,
    /// How it was judged last, whatever happened since.
    standing: Option<Standing>,
    /// Changed since the last seal.
    pub(crate) dirty: bool,
}

/// How many alerts a pair has in five minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bins {
    /// The newest bin, counted from the epoch.
    pub newest: i64,
    /// Alerts in `newest - i`; enough of them to judge the latest alert that is still in time.
    pub counts: Vec<u16>,
    /// The most alerts in any earlier bin.
    pub peak: u16,
}

/// What the store keeps of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRecord {
    /// Its keyed hash.
    pub key: u64,
    /// Its scope.
    pub scope: ScopeId,
    /// The hours in which it fired.
    pub hours: Hours,
    /// The earliest hour in which it fired.
    pub oldest: i32,
    /// Its bins, once it has a settled hour.
    pub bins: Option<Bins>,
    /// A [`PairNames`](crate::record::PairNames) was written.
    pub named: bool,
}

/// All pairs of the last days.
#[derive(Debug)]
pub(crate) struct PairTable {
    secret: [u8; 16],
    slots: Slots<Pair>,
    by_key: Index<Pair>,
    /// How many were left after the last purge.
    left: usize,
    /// Keys that were forgotten, for the store.
    gone: Vec<u64>,
    /// The hour of the last purge, in which another one would find nothing.
    purged: i32,
    /// How many pairs were judged how.
    standings: [usize; 3],
}

impl Standing {
    /// The word used in records, pages and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Lasting => "lasting",
            Self::Background => "background",
        }
    }
}

impl Bins {
    /// The bin of an event time.
    pub(crate) fn of(time: Timestamp) -> i64 {
        time.0.div_euclid(BIN.0)
    }

    /// When a bin ends.
    pub(crate) fn end(bin: i64) -> Timestamp {
        Timestamp((bin + 1).saturating_mul(BIN.0))
    }

    fn new(bin: i64, lateness: Span) -> Self {
        // The latest alert in time looks back by the lateness, and lies the lateness before the newest.
        let length = 2 * usize::try_from(lateness.0 / BIN.0).unwrap_or(0) + 4;
        let mut counts = vec![0; length];
        counts[0] = 1;
        Self {
            newest: bin,
            counts,
            peak: 0,
        }
    }

    fn add(&mut self, bin: i64) {
        let ahead = usize::try_from(bin.saturating_sub(self.newest)).unwrap_or(0);
        if ahead > 0 {
            let length = self.counts.len();
            let leaving = ahead.min(length);
            let folded = self.counts[length - leaving..].iter().copied().max();
            self.peak = self.peak.max(folded.unwrap_or(0));
            self.counts.rotate_right(leaving);
            self.counts[..leaving].fill(0);
            self.newest = bin;
        }
        if let Some(count) = self.count_mut(bin) {
            *count = count.saturating_add(1);
        }
    }

    fn count(&self, bin: i64) -> u16 {
        let back = usize::try_from(self.newest.saturating_sub(bin)).ok();
        back.and_then(|back| self.counts.get(back))
            .copied()
            .unwrap_or(0)
    }

    fn count_mut(&mut self, bin: i64) -> Option<&mut u16> {
        let back = usize::try_from(self.newest.saturating_sub(bin)).ok()?;
        self.counts.get_mut(back)
    }

    /// The most alerts in a bin that is closed for an alert at `time`.
    pub(crate) fn usual(&self, time: Timestamp, lateness: Span) -> u16 {
        // By the bin's begin: all alerts of a bin are held against the same.
        let begin = Self::end(Self::of(time) - 1);
        let closed = Self::of(begin.minus(lateness)) - 1;
        let skip = usize::try_from(self.newest.saturating_sub(closed)).unwrap_or(0);
        let open_ended = self.counts.iter().skip(skip).copied().max();
        self.peak.max(open_ended.unwrap_or(0))
    }
}

impl Hours {
    /// How a pair that fired in these hours stands in `hour`, and in how many of the last week's settled hours it fired
    /// before its present run began. `since` is the first hour of its scope: nobody saw the begin of a run that the
    /// scope brought along, so its own hours count.
    pub(crate) fn stand(
        &self,
        hour: i32,
        policy: &RecurrencePolicy,
        lateness: Span,
        since: i32,
    ) -> (Standing, u32) {
        let closed = Self::closed(hour, lateness);
        let begin = self.run_begin(closed).unwrap_or(hour);
        let settle = i32::try_from(policy.settle.0 / Span::HOUR.0).unwrap_or(i32::MAX);
        let is_brought_along = begin.saturating_sub(since) < settle;
        let before = if is_brought_along { hour } else { begin } - 1;
        let past = self.count(hour - WEEK, before.min(closed));
        let horizon = i32::try_from(policy.horizon.0 / Span::HOUR.0).unwrap_or(i32::MAX);
        let standing = if past >= policy.hours {
            Standing::Background
        } else if hour - begin > horizon {
            Standing::Lasting
        } else {
            Standing::News
        };
        (standing, past)
    }
}

impl Pair {
    /// Judges an alert of this pair at `time`, which was noted already; whether it bursts is asked by the caller.
    pub(crate) fn judge(
        &mut self,
        hour: i32,
        policy: &RecurrencePolicy,
        lateness: Span,
        since: i32,
    ) -> Standing {
        if self.judged.0 == hour {
            return self.judged.1;
        }
        let (standing, _) = self.hours.stand(hour, policy, lateness, since);
        self.judged = (hour, standing);
        standing
    }

    /// Notes an alert of `hour`. `true`: its bins are counted.
    pub(crate) fn note(&mut self, time: Timestamp, hour: i32, lateness: Span) -> bool {
        if self.hours.add(hour) {
            // What is later than allowed may change a judgement.
            self.judged = (i32::MIN, Standing::News);
        }
        self.oldest = self.oldest.min(hour);
        let is_counted = self.is_counted(hour, lateness);
        if is_counted {
            match &mut self.bins {
                Some(bins) => bins.add(Bins::of(time)),
                None => self.bins = Some(Box::new(Bins::new(Bins::of(time), lateness))),
            }
        }
        is_counted
    }

    /// Whether its bins are counted in an hour.
    pub(crate) fn is_counted(&self, hour: i32, lateness: Span) -> bool {
        self.oldest <= Hours::closed(hour, lateness)
    }

    /// Whether the bin of `time` holds a burst by now.
    pub(crate) fn bursts(
        &self,
        time: Timestamp,
        policy: &RecurrencePolicy,
        lateness: Span,
    ) -> bool {
        self.bins.as_ref().is_some_and(|bins| {
            let usual = bins.usual(time, lateness).max(USUAL_MIN);
            f64::from(bins.count(Bins::of(time))) > policy.burst * f64::from(usual)
        })
    }

    /// In how many hours of the last week before `hour` it fired, as far as that is settled.
    pub(crate) fn seen(&self, hour: i32, lateness: Span) -> u32 {
        self.hours.count(hour - WEEK, Hours::closed(hour, lateness))
    }

    /// Its keyed hash.
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// The pair as the store keeps it.
    pub(crate) fn record(&self) -> PairRecord {
        PairRecord {
            key: self.key,
            scope: self.scope,
            hours: self.hours,
            oldest: self.oldest,
            bins: self.bins.as_deref().cloned(),
            named: self.named,
        }
    }
}

impl PairTable {
    /// None yet; `secret` is the store's.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        Self {
            secret,
            slots: Slots::default(),
            by_key: Index::default(),
            left: 0,
            gone: Vec::new(),
            purged: i32::MIN,
            standings: [0; 3],
        }
    }

    /// The keys of an alert's rule, and of the rule on its subject.
    pub(crate) fn keys(
        &self,
        scope: ScopeId,
        alert: &Alert,
        subject: Option<&Entity>,
    ) -> (u64, Option<u64>) {
        let rule = (&*alert.source, &*alert.rule_id);
        let pair = subject.map(|subject| self.key_of(scope, rule, Some(subject)));
        (self.key_of(scope, rule, None), pair)
    }

    /// Fetches where a key is looked up.
    pub(crate) fn fetch_index(&self, key: u64) {
        self.by_key.begin(key).into_iter().for_each(prefetch);
    }

    /// Fetches the pair that a key leads to, if there is one.
    pub(crate) fn fetch_guess(&self, key: u64) {
        self.by_key
            .guess(key)
            .into_iter()
            .for_each(|no| self.fetch(no));
    }

    /// Fetches a pair.
    pub(crate) fn fetch(&self, no: No<Pair>) {
        self.slots.get(no).into_iter().for_each(prefetch);
    }

    /// The key of a rule by its names.
    pub(crate) fn key_of(
        &self,
        scope: ScopeId,
        (source, rule): (&str, &str),
        subject: Option<&Entity>,
    ) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        hasher.write_u32(scope.0);
        hasher.write(source.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(rule.as_bytes());
        hasher.write_u8(0xff);
        if let Some(subject) = subject {
            hasher.write_u8(subject.kind as u8);
            hasher.write(subject.value.as_bytes());
        }
        hasher.finish()
    }

    /// The pair of this key, new ones included. `None`: it is new, and `max` are remembered already.
    /// `now` tells the hour of a scope's clock.
    pub(crate) fn intern(
        &mut self,
        (key, scope): (u64, ScopeId),
        hour: i32,
        max: usize,
        now: impl Fn(ScopeId) -> i32,
    ) -> Option<No<Pair>> {
        let found = self.by_key.find(key, |no| self.slots[no].key == key);
        if let Some(no) = found {
            return Some(no);
        }
        if self.slots.len() > 2 * self.left + 65_536 || self.slots.len() >= max {
            self.purge(hour, now);
        }
        (self.slots.len() < max).then(|| self.insert(key, scope, Hours::at(hour)))
    }

    /// The pair of this key, if it is remembered.
    pub(crate) fn find(&self, key: u64) -> Option<No<Pair>> {
        self.by_key.find(key, |no| self.slots[no].key == key)
    }

    /// Forgets the pairs that fired in none of the hours that a judgement can read: `hour` is now. It changes no
    /// judgement, so it doesn't matter when it happens; scopes whose clocks are far behind keep what they have.
    fn purge(&mut self, hour: i32, now: impl Fn(ScopeId) -> i32) {
        if hour <= self.purged {
            return;
        }
        self.purged = hour;
        let gone: Vec<No<Pair>> = self
            .slots
            .numbered()
            .filter(|(_, pair)| pair.hours.newest < now(pair.scope) - 2 * WEEK)
            .map(|(no, _)| no)
            .collect();
        for no in gone {
            let pair = self.slots.remove(no);
            self.by_key.remove(pair.key, no);
            if let Some(standing) = pair.standing {
                self.standings[standing as usize] -= 1;
            }
            self.gone.push(pair.key);
        }
        self.left = self.slots.len();
    }

    /// Forgets how pairs were judged, as the policy is another one.
    pub(crate) fn judge_anew(&mut self) {
        for pair in self.slots.iter_mut() {
            pair.judged = (i32::MIN, Standing::News);
        }
    }

    /// Judges a pair in an hour, and counts how it stands.
    pub(crate) fn judge(
        &mut self,
        no: No<Pair>,
        hour: i32,
        (policy, lateness, since): (&RecurrencePolicy, Span, i32),
    ) -> Standing {
        let pair = &mut self.slots[no];
        let standing = pair.judge(hour, policy, lateness, since);
        if pair.standing != Some(standing) {
            if let Some(before) = pair.standing.replace(standing) {
                self.standings[before as usize] -= 1;
            }
            self.standings[standing as usize] += 1;
        }
        standing
    }

    /// How many pairs were judged how, in the order of [`Standing`].
    pub(crate) fn standings(&self) -> [usize; 3] {
        self.standings
    }

    /// The pairs that were background once.
    pub(crate) fn named(&self) -> Vec<No<Pair>> {
        let named = self.slots.numbered().filter(|(_, pair)| pair.named);
        named.map(|(no, _)| no).collect()
    }

    /// Takes the keys of the pairs that were forgotten since the last call.
    pub(crate) fn take_gone(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.gone)
    }

    fn insert(&mut self, key: u64, scope: ScopeId, hours: Hours) -> No<Pair> {
        let no = self.slots.insert(Pair {
            key,
            scope,
            hours,
            bins: None,
            oldest: hours.newest,
            judged: (i32::MIN, Standing::News),
            burning: i64::MIN,
            named: false,
            standing: None,
            dirty: false,
        });
        self.by_key.insert(key, no);
        no
    }

    /// Takes over a pair from the store.
    pub(crate) fn restore(&mut self, record: &PairRecord) {
        let no = self.insert(record.key, record.scope, record.hours);
        let pair = &mut self.slots[no];
        pair.oldest = record.oldest;
        pair.bins = record.bins.clone().map(Box::new);
        pair.named = record.named;
        pair.dirty = false;
    }

    /// The pair.
    pub(crate) fn get(&self, no: No<Pair>) -> &Pair {
        &self.slots[no]
    }

    /// The pair, to change it.
    pub(crate) fn get_mut(&mut self, no: No<Pair>) -> &mut Pair {
        &mut self.slots[no]
    }

    /// The pair, unless it was forgotten.
    pub(crate) fn if_live(&mut self, no: No<Pair>) -> Option<&mut Pair> {
        self.slots.get_mut(no)
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}
