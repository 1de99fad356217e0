//! Where everything lies: column families and keys. No values here; those are in `codec`, `chunk` and `output`.
//!
//! Every key begins with the shard (u16, 0 in this version) and numbers are big-endian, so that key order is number
//! order. A day is written with its sign bit turned, which makes negative days sort first.
//!
//! | family | key after the shard | value |
//! |---|---|---|
//! | meta | name | lineage, hash key, schema, head, published, accounting, lost, former, attempt, migration |
//! | meta | policy | `PolicyRecord` of the one in force |
//! | meta | `topic/` topic:u16 | the topic's name |
//! | meta | `offset/` topic:u16 partition:u32 | next offset to read |
//! | meta | `feed/` hash of the name:16 bytes | how far an output is, see `feed` |
//! | state | 1 scope:u32 | `ScopeRecord` |
//! | state | 2 group:u64 | `GroupRecord` |
//! | state | 3 group:u64 activity:u64 0 | `ActivityRecord` |
//! | state | 3 group:u64 activity:u64 1 | links found after the activity opened |
//! | state | 3 group:u64 activity:u64 2 | `TallyRecord` |
//! | state | 4 pair:u64 | `PairRecord` |
//! | state | 5 pair:u64 | `PairNames` of one that was background |
//! | state | 6 scope:u32 kind:u8 hash of the value:16 bytes | `BusyRecord` |
//! | state | 7 group:u64 | `Work` of a group that was touched |
//! | state | 8 scope:u32 | `AuditHead`: the end of the scope's chain |
//! | state | 9 key:16 bytes | `KeyRecord`: a wish that was done |
//! | state | 10 group:u64 seq:u64 | `EntryRecord` |
//! | state | 11 scope:u32 hash of the name:16 bytes | `TurnsRecord` of an assignment |
//! | state | 12 hash of the version:16 bytes | `PolicyRecord` of one that was in force |
//! | state | 13 group:u64 | `MergeRecord`: how the group's case was merged into another |
//! | state | 14 group:u64 | `PastRecord`: a case that ended, by what it linked |
//! | state | 15 silence:u64 | `Silence`, also one that is over |
//! | state | 16 activity:u64 | `SuppressedRecord`: alerts that a silence kept out |
//! | state | 17 group:u64 | `FactsRecord`: what is known of the group's entities |
//! | alerts | scope:u32 day:u32 activity:u64 batch:u64 | the activity's alerts of that batch, see `chunk` |
//! | raw | scope:u32 day:u32 activity:u64 topic:u16 partition:u32 offset:u64 | a raw message |
//! | dedup | scope:u32 day:u32 key:16 bytes | a native id that was met |
//! | outbox | sequence:u64 | an output record that is not known to be published |
//! | outbox | 0xFFFE in place of the shard, shard, sequence:u64 | an event that not every output has, see `feed` |
//! | audit | scope:u32 seq:u64 | `AuditRecord` |
//! | index | 1 case:u64 | the case's group |
//! | index | 2 group:u64 | empty; there is one for each live group |
//! | index | 3 case:u64 | the end of the case's chain of events, see `chain` |
//! | index | 4 group:u64 activity:u64 | empty; there is one for background in memory that is in no group |
//!
//! Alerts, raw and dedup carry the day, so that retention is one range delete per scope (`retention`). What belongs to
//! a group is keyed by group and not by scope: a case is asked for by its id alone, and a group's activities must be
//! one range. A tally stands behind its activity, so that both come with one scan.

use std::ops::Range;

use caseloom_engine::alert::{Position, TopicId};
use caseloom_engine::command::TurnsRecord;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId, SilenceId};

use super::key::Key;

/// The schema this version reads and writes. A change of a key, of the meaning of a family or of a value is a new schema,
/// and a step in `migrate`.
pub(super) const SCHEMA: u32 = 3;

const STATE_SCOPE: u8 = 1;
const STATE_GROUP: u8 = 2;
const STATE_ACTIVITY: u8 = 3;
const STATE_PAIR: u8 = 4;
const STATE_PAIR_NAMES: u8 = 5;
const STATE_BUSY: u8 = 6;
const STATE_WORK: u8 = 7;
const STATE_AUDIT_HEAD: u8 = 8;
const STATE_KEY: u8 = 9;
const STATE_ENTRY: u8 = 10;
const STATE_TURNS: u8 = 11;
const STATE_POLICY: u8 = 12;
const STATE_MERGE: u8 = 13;
const STATE_PAST: u8 = 14;
const STATE_SILENCE: u8 = 15;
const STATE_SUPPRESSED: u8 = 16;
const STATE_FACTS: u8 = 17;
const INDEX_CASE: u8 = 1;
const INDEX_LIVE: u8 = 2;
const INDEX_CHAIN: u8 = 3;
const INDEX_LOOSE: u8 = 4;

/// Last byte of an activity's key.
pub(super) const PART_ACTIVITY: u8 = 0;
/// Last byte of the key of links that were found after an activity opened; they replace those of its record.
pub(super) const PART_LINKS: u8 = 1;
/// Last byte of a tally's key.
pub(super) const PART_TALLY: u8 = 2;

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Meta,
    State,
    Alerts,
    Raw,
    Dedup,
    Outbox,
    Audit,
    Index,
}

impl Family {
    pub(super) const ALL: [Self; 8] = [
        Self::Meta,
        Self::State,
        Self::Alerts,
        Self::Raw,
        Self::Dedup,
        Self::Outbox,
        Self::Audit,
        Self::Index,
    ];

    /// Those whose keys are scope, then day.
    pub(super) const BY_DAY: [Self; 3] = [Self::Alerts, Self::Raw, Self::Dedup];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::State => "state",
            Self::Alerts => "alerts",
            Self::Raw => "raw",
            Self::Dedup => "dedup",
            Self::Outbox => "outbox",
            Self::Audit => "audit",
            Self::Index => "index",
        }
    }
}

/// Names in the meta family.
pub(super) mod name {
    pub(in super::super) const SCHEMA: &str = "schema";
    pub(in super::super) const LINEAGE: &str = "lineage";
    pub(in super::super) const HASH_KEY: &str = "hash_key";
    pub(in super::super) const HEAD: &str = "head";
    pub(in super::super) const PUBLISHED: &str = "published";
    pub(in super::super) const ACCOUNTING: &str = "accounting";
    pub(in super::super) const LOST: &str = "lost";
    pub(in super::super) const FORMER: &str = "former";
    pub(in super::super) const POLICY: &str = "policy";
    pub(in super::super) const ATTEMPT: &str = "attempt";
    pub(in super::super) const MIGRATION: &str = "migration";
}

pub(super) fn meta(name: &str) -> Key {
    Key::new().with(name.as_bytes())
}

pub(super) fn topics() -> Key {
    meta("topic/")
}

pub(super) fn topic(topic: TopicId) -> Key {
    topics().with(&topic.0.to_be_bytes())
}

pub(super) fn next_offsets() -> Key {
    meta("offset/")
}

pub(super) fn next_offset(topic: TopicId, partition: i32) -> Key {
    next_offsets()
        .with(&topic.0.to_be_bytes())
        .with(&partition.to_be_bytes())
}

pub(super) fn feed_places() -> Key {
    meta("feed/")
}

/// Names may be longer than a [`Key`]: they stand as BLAKE3, 16 bytes of it.
pub(super) fn feed_place(name: &str) -> Key {
    feed_places().with(&blake3::hash(name.as_bytes()).as_bytes()[..16])
}

/// All of the feed.
pub(super) fn feed() -> Key {
    Key::feed()
}

pub(super) fn feed_entry(sequence: u64) -> Key {
    feed().with(&sequence.to_be_bytes())
}

/// The entries of the feed with a number above this one.
pub(super) fn feed_behind(sequence: u64) -> Range<Vec<u8>> {
    feed_entry(sequence.saturating_add(1)).bytes()..feed().successor()
}

pub(super) fn scopes() -> Key {
    Key::new().with(&[STATE_SCOPE])
}

pub(super) fn scope(scope: ScopeId) -> Key {
    scopes().with(&scope.0.to_be_bytes())
}

pub(super) fn groups() -> Key {
    Key::new().with(&[STATE_GROUP])
}

pub(super) fn group(group: GroupId) -> Key {
    groups().with(&group.0.to_be_bytes())
}

/// All activities, with their tallies.
pub(super) fn all_activities() -> Key {
    Key::new().with(&[STATE_ACTIVITY])
}

/// All activities that opened in a group, with their tallies.
pub(super) fn activities(group: GroupId) -> Key {
    Key::new()
        .with(&[STATE_ACTIVITY])
        .with(&group.0.to_be_bytes())
}

/// What is said of one activity: `part` is [`PART_ACTIVITY`], [`PART_LINKS`] or
/// [`PART_TALLY`].
pub(super) fn activity(group: GroupId, activity: ActivityId, part: u8) -> Key {
    activities(group)
        .with(&activity.0.to_be_bytes())
        .with(&[part])
}

pub(super) fn pairs() -> Key {
    Key::new().with(&[STATE_PAIR])
}

pub(super) fn pair(key: u64) -> Key {
    pairs().with(&key.to_be_bytes())
}

pub(super) fn all_pair_names() -> Key {
    Key::new().with(&[STATE_PAIR_NAMES])
}

pub(super) fn pair_names(key: u64) -> Key {
    all_pair_names().with(&key.to_be_bytes())
}

pub(super) fn all_busy() -> Key {
    Key::new().with(&[STATE_BUSY])
}

/// Values may be longer than a [`Key`]: they stand as BLAKE3, 16 bytes of it.
pub(super) fn busy(scope: ScopeId, kind: EntityKind, value: &str) -> Key {
    let hash = blake3::hash(value.as_bytes());
    all_busy()
        .with(&scope.0.to_be_bytes())
        .with(&[kind as u8])
        .with(&hash.as_bytes()[..16])
}

pub(super) fn works() -> Key {
    Key::new().with(&[STATE_WORK])
}

pub(super) fn work(group: GroupId) -> Key {
    works().with(&group.0.to_be_bytes())
}

pub(super) fn audit_heads() -> Key {
    Key::new().with(&[STATE_AUDIT_HEAD])
}

pub(super) fn audit_head(scope: ScopeId) -> Key {
    audit_heads().with(&scope.0.to_be_bytes())
}

pub(super) fn wishes() -> Key {
    Key::new().with(&[STATE_KEY])
}

pub(super) fn wish(key: [u8; 16]) -> Key {
    wishes().with(&key)
}

pub(super) fn all_turns() -> Key {
    Key::new().with(&[STATE_TURNS])
}

pub(super) fn turns(record: &TurnsRecord) -> Key {
    let hash = blake3::hash(record.name.as_bytes());
    all_turns()
        .with(&record.scope.0.to_be_bytes())
        .with(&hash.as_bytes()[..16])
}

/// All that was done to a group.
pub(super) fn entries(group: GroupId) -> Key {
    Key::new().with(&[STATE_ENTRY]).with(&group.0.to_be_bytes())
}

pub(super) fn entry(group: GroupId, seq: u64) -> Key {
    entries(group).with(&seq.to_be_bytes())
}

/// The audit chain of a scope.
pub(super) fn audit(scope: ScopeId) -> Key {
    Key::new().with(&scope.0.to_be_bytes())
}

pub(super) fn audit_record(scope: ScopeId, seq: u64) -> Key {
    audit(scope).with(&seq.to_be_bytes())
}

/// Cases that ended and are remembered.
pub(super) fn all_past() -> Key {
    Key::new().with(&[STATE_PAST])
}

pub(super) fn past(group: GroupId) -> Key {
    all_past().with(&group.0.to_be_bytes())
}

pub(super) fn merge(loser: GroupId) -> Key {
    Key::new().with(&[STATE_MERGE]).with(&loser.0.to_be_bytes())
}

pub(super) fn silences() -> Key {
    Key::new().with(&[STATE_SILENCE])
}

pub(super) fn silence(id: SilenceId) -> Key {
    silences().with(&id.0.to_be_bytes())
}

pub(super) fn all_suppressed() -> Key {
    Key::new().with(&[STATE_SUPPRESSED])
}

pub(super) fn suppressed(id: ActivityId) -> Key {
    all_suppressed().with(&id.0.to_be_bytes())
}

pub(super) fn all_facts() -> Key {
    Key::new().with(&[STATE_FACTS])
}

pub(super) fn facts(group: GroupId) -> Key {
    all_facts().with(&group.0.to_be_bytes())
}

pub(super) fn policies() -> Key {
    Key::new().with(&[STATE_POLICY])
}

pub(super) fn policy(version: &str) -> Key {
    policies().with(&blake3::hash(version.as_bytes()).as_bytes()[..16])
}

/// Everything of a scope in one of [`Family::BY_DAY`].
pub(super) fn in_scope(scope: ScopeId) -> Key {
    Key::new().with(&scope.0.to_be_bytes())
}

/// Everything of a day of a scope in one of [`Family::BY_DAY`].
pub(super) fn in_day(scope: ScopeId, day: i32) -> Key {
    in_scope(scope).day(day)
}

/// Everything of an activity in the alerts or the raw family.
pub(super) fn of_activity(scope: ScopeId, day: i32, activity: ActivityId) -> Key {
    in_day(scope, day).with(&activity.0.to_be_bytes())
}

pub(super) fn alerts(scope: ScopeId, day: i32, activity: ActivityId, batch_no: u64) -> Key {
    of_activity(scope, day, activity).with(&batch_no.to_be_bytes())
}

/// One message; the alert's index in it is part of the value.
pub(super) fn raw(scope: ScopeId, day: i32, activity: ActivityId, position: Position) -> Key {
    of_activity(scope, day, activity)
        .with(&position.topic.0.to_be_bytes())
        .with(&position.partition.to_be_bytes())
        .with(&position.offset.to_be_bytes())
}

pub(super) fn identity(scope: ScopeId, day: i32, key: [u8; 16]) -> Key {
    in_day(scope, day).with(&key)
}

pub(super) fn outbox(sequence: u64) -> Key {
    Key::new().with(&sequence.to_be_bytes())
}

/// The entries with a number above this one.
pub(super) fn outbox_behind(sequence: u64) -> Range<Vec<u8>> {
    let first = outbox(sequence.saturating_add(1));
    first.bytes()..Key::new().successor()
}

pub(super) fn case(case: CaseId) -> Key {
    Key::new().with(&[INDEX_CASE]).with(&case.0.to_be_bytes())
}

/// The end of the case's chain of events.
pub(super) fn chain(case: CaseId) -> Key {
    Key::new().with(&[INDEX_CHAIN]).with(&case.0.to_be_bytes())
}

pub(super) fn live_groups() -> Key {
    Key::new().with(&[INDEX_LIVE])
}

pub(super) fn live(group: GroupId) -> Key {
    live_groups().with(&group.0.to_be_bytes())
}

pub(super) fn all_loose() -> Key {
    Key::new().with(&[INDEX_LOOSE])
}

pub(super) fn loose(home: GroupId, activity: ActivityId) -> Key {
    all_loose()
        .with(&home.0.to_be_bytes())
        .with(&activity.0.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_with_its_key_and_no_more() {
        let range = activities(GroupId(u64::MAX)).range();
        let last = activity(GroupId(u64::MAX), ActivityId(u64::MAX), u8::MAX);
        assert!(range.contains(&last.as_ref().to_vec()));
        assert!(!range.contains(&activities(GroupId(0)).as_ref().to_vec()));
        assert_eq!(in_scope(ScopeId(u32::MAX)).successor(), [0, 1]);
    }

    #[test]
    fn the_longest_key_fits() {
        let key = raw(ScopeId(1), 2, ActivityId(3), Position::default());
        assert_eq!(key.as_ref().len(), 32);
    }
}
