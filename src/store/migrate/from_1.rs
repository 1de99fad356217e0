//! From schema 1: correlation by shared entities alone, without recurrence, evidence, or background.
//!
//! Tallies move from part 1 of an activity's key to part 2; records of activities, tallies, groups and scopes got fields.
//! What was not remembered then is taken as it is for something that has just begun: all alerts were news, activities go
//! on linking by each entity that links at all, as they did, and what is usual is learnt from now on.

use serde::Deserialize;

use caseloom_engine::alert::{Position, Severity};
use caseloom_engine::entity::Entity;
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::record::{
    CapReason, GroupRecord, Link, Relation, ScopeRecord, Stage, Status, TallyRecord,
};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::{Span, Timestamp};

use super::from_2::{Activity2, Grounds2};
use super::{Pass, Step};
use crate::store::codec::{self, corrupt};
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::key;
use crate::store::puts::Puts;
use crate::store::schema::{self, Family, PART_ACTIVITY, PART_TALLY};

/// Last byte of a tally's key then.
const PART_TALLY_1: u8 = 1;

pub(super) const STEP: Step = Step {
    from: 1,
    passes: &[
        Pass {
            family: Family::State,
            range: || schema::scopes().range(),
            turn: scope,
        },
        Pass {
            family: Family::State,
            range: || schema::groups().range(),
            turn: group,
        },
        Pass {
            family: Family::State,
            range: || schema::all_activities().range(),
            turn: activity,
        },
    ],
};

#[derive(Deserialize)]
struct Scope1 {
    id: ScopeId,
    name: String,
    time: Timestamp,
    heard: Timestamp,
    heard_time: Timestamp,
}

#[derive(Deserialize)]
struct Activity1 {
    id: ActivityId,
    group: GroupId,
    scope: ScopeId,
    day: i32,
    window_end: Timestamp,
    source: String,
    rule_id: String,
    rule_name: String,
    title: String,
    alert_id: String,
    position: Position,
    attack: Vec<String>,
    entities: Vec<Entity>,
    subject: Option<u16>,
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Tally1 {
    id: ActivityId,
    group: GroupId,
    first: Timestamp,
    last: Timestamp,
    count: u64,
    severity: Severity,
}

#[derive(Deserialize)]
struct Group1 {
    id: GroupId,
    case: CaseId,
    scope: ScopeId,
    scope_name: String,
    stage: Stage,
    status: Status,
    owner: Option<String>,
    title: String,
    severity: Severity,
    risk: f64,
    first: Timestamp,
    last: Timestamp,
    opened: Option<Timestamp>,
    updated: Timestamp,
    closed: Option<Timestamp>,
    alerts: u64,
    activities: u64,
    entities: u64,
    attack: Vec<String>,
    parts: Vec<GroupId>,
    related: Vec<(Relation, CaseId)>,
    capped: Option<CapReason>,
    event_seq: u64,
    unannounced: bool,
    revision: u64,
}

fn scope(_: &Db, _: &[u8], value: &[u8], puts: &mut Puts<'_>) -> Result<(), StoreError> {
    let old: Scope1 = codec::decode(Family::State, value)?;
    let scope = ScopeRecord {
        id: old.id,
        name: old.name.into(),
        time: old.time,
        heard: old.heard,
        heard_time: old.heard_time,
        // A rule is new where the scope is known for long. What was before is not known.
        since: old.time,
    };
    puts.record(Family::State, &schema::scope(scope.id), &scope)
}

fn group(_: &Db, _: &[u8], value: &[u8], puts: &mut Puts<'_>) -> Result<(), StoreError> {
    let old: Group1 = codec::decode(Family::State, value)?;
    let group = GroupRecord {
        id: old.id,
        case: old.case,
        scope: old.scope,
        scope_name: old.scope_name.into(),
        stage: old.stage,
        status: old.status,
        owner: old.owner.map(Into::into),
        title: old.title.into(),
        severity: old.severity,
        risk: old.risk,
        first: old.first,
        last: old.last,
        opened: old.opened,
        updated: old.updated,
        closed: old.closed,
        alerts: old.alerts,
        attached: 0,
        activities: old.activities,
        entities: old.entities,
        attack: old.attack.into_iter().map(Into::into).collect(),
        parts: old.parts,
        related: old.related,
        capped: old.capped,
        event_seq: old.event_seq,
        unannounced: old.unannounced,
        revision: old.revision,
    };
    puts.record(Family::State, &schema::group(group.id), &group)
}

/// With its tally, which stands behind it and knows when it began.
fn activity(db: &Db, key: &[u8], value: &[u8], puts: &mut Puts<'_>) -> Result<(), StoreError> {
    if key.last() != Some(&PART_TALLY_1) {
        return Ok(());
    }
    let tally: Tally1 = codec::decode(Family::State, value)?;
    let home = GroupId(u64::from_be_bytes(key::part(Family::State, key, 9)?));
    let place = schema::activity(home, tally.id, PART_ACTIVITY);
    let old: Option<Activity1> = db.record(Family::State, &place)?;
    let old = old.ok_or_else(|| corrupt(Family::State, "a tally without its activity"))?;
    puts.record(Family::State, &place, &opened(old, tally.first))?;
    puts.delete(Family::State, key);
    let place = schema::activity(home, tally.id, PART_TALLY);
    puts.record(Family::State, &place, &counted(&tally))
}

fn opened(old: Activity1, first: Timestamp) -> Activity2 {
    let alone = (0..old.entities.len()).filter_map(|index| u16::try_from(index).ok());
    let grounds = Grounds2 {
        alone: alone.collect(),
        ..Grounds2::default()
    };
    Activity2 {
        id: old.id,
        group: old.group,
        scope: old.scope,
        day: old.day,
        window_begin: first,
        window_end: old.window_end,
        source: old.source,
        rule_id: old.rule_id,
        rule_name: old.rule_name,
        title: old.title,
        alert_id: old.alert_id,
        position: old.position,
        attack: old.attack,
        entities: old.entities,
        subject: old.subject,
        links: old.links,
        grounds,
    }
}

fn counted(old: &Tally1) -> TallyRecord {
    let minute = |time: Timestamp| time.0.div_euclid(Span::MINUTE.0);
    let behind = u32::try_from(minute(old.last) - minute(old.first));
    let last = behind.ok().and_then(|bit| 1_u64.checked_shl(bit));
    let hour = i32::try_from(old.last.0.div_euclid(Span::HOUR.0));
    TallyRecord {
        id: old.id,
        group: old.group,
        first: old.first,
        last: old.last,
        count: old.count,
        severity: old.severity,
        standing: Standing::News,
        minutes: 1 | last.unwrap_or(0),
        hour: hour.unwrap_or(i32::MAX),
        base: Standing::News,
        is_counted: false,
        busy_hours: 0,
    }
}
