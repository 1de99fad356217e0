//! From schema 2: before policies had versions in the store, and hubs were told by the entities beside them.
//!
//! Records of activities say since then under which policy they opened and by which entities that policy let them not
//! link; those of busy entities, which classes of entities stood beside them. An activity of before opened under the
//! policy that its strongest link names, or one that nobody knows; it links by all it names, as it did.

use serde::{Deserialize, Serialize};

use caseloom_engine::alert::Position;
use caseloom_engine::busy::Busy;
use caseloom_engine::entity::{Entity, EntityKind};
use caseloom_engine::ids::{ActivityId, GroupId, ScopeId};
use caseloom_engine::record::{ActivityRecord, BusyRecord, GroundsRecord, Link};
use caseloom_engine::time::{Span, Timestamp};

use super::{Pass, Step};
use crate::store::codec;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::puts::Puts;
use crate::store::schema::{self, Family, PART_ACTIVITY};

pub(super) const STEP: Step = Step {
    from: 2,
    passes: &[
        Pass {
            family: Family::State,
            range: || schema::all_activities().range(),
            turn: activity,
        },
        Pass {
            family: Family::State,
            range: || schema::all_busy().range(),
            turn: busy,
        },
    ],
};

#[derive(Serialize, Deserialize)]
pub(super) struct Activity2 {
    pub(super) id: ActivityId,
    pub(super) group: GroupId,
    pub(super) scope: ScopeId,
    pub(super) day: i32,
    pub(super) window_begin: Timestamp,
    pub(super) window_end: Timestamp,
    pub(super) source: String,
    pub(super) rule_id: String,
    pub(super) rule_name: String,
    pub(super) title: String,
    pub(super) alert_id: String,
    pub(super) position: Position,
    pub(super) attack: Vec<String>,
    pub(super) entities: Vec<Entity>,
    pub(super) subject: Option<u16>,
    pub(super) links: Vec<Link>,
    pub(super) grounds: Grounds2,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Grounds2 {
    pub(super) alone: Vec<u16>,
    pub(super) both: Vec<(u16, u16, Span)>,
    pub(super) is_run: bool,
    pub(super) is_rare: bool,
    pub(super) is_novel: bool,
}

#[derive(Deserialize)]
struct Busy2 {
    scope: ScopeId,
    kind: EntityKind,
    value: String,
    newest: i32,
    counts: [u8; 4],
    bits: u32,
}

fn activity(_: &Db, key: &[u8], value: &[u8], puts: &mut Puts<'_>) -> Result<(), StoreError> {
    if key.last() != Some(&PART_ACTIVITY) {
        return Ok(());
    }
    let old: Activity2 = codec::decode(Family::State, value)?;
    let place = schema::activity(old.group, old.id, PART_ACTIVITY);
    puts.record(Family::State, &place, &opened(old))
}

fn opened(old: Activity2) -> ActivityRecord {
    let policy = old.links.first().map(|link| link.policy.clone());
    let Grounds2 {
        alone,
        both,
        is_run,
        is_rare,
        is_novel,
    } = old.grounds;
    ActivityRecord {
        id: old.id,
        group: old.group,
        scope: old.scope,
        day: old.day,
        window_begin: old.window_begin,
        window_end: old.window_end,
        source: old.source.into(),
        rule_id: old.rule_id.into(),
        rule_name: old.rule_name.into(),
        title: old.title.into(),
        alert_id: old.alert_id.into(),
        position: old.position,
        attack: old.attack.into_iter().map(Into::into).collect(),
        entities: old.entities,
        subject: old.subject,
        links: old.links,
        grounds: GroundsRecord {
            alone,
            both,
            is_run,
            is_rare,
            is_novel,
            unlinked: Vec::new(),
        },
        policy: policy.unwrap_or_default(),
    }
}

fn busy(_: &Db, _: &[u8], value: &[u8], puts: &mut Puts<'_>) -> Result<(), StoreError> {
    let old: Busy2 = codec::decode(Family::State, value)?;
    let record = BusyRecord {
        scope: old.scope,
        kind: old.kind,
        value: old.value.into(),
        busy: Busy {
            newest: old.newest,
            counts: old.counts,
            bits: old.bits,
            ..Busy::default()
        },
    };
    let key = schema::busy(record.scope, record.kind, &record.value);
    puts.record(Family::State, &key, &record)
}
