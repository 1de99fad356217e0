//! Records for the tests: each differs from the next by its number, and fills every field.

use caseloom_engine::alert::{Lifecycle, Position, Severity, TopicId};
use caseloom_engine::command::{Actor, Proof};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId, SilenceId};
use caseloom_engine::knowledge::{Fact, FactKind, Mark};
use caseloom_engine::record::{
    ActivityRecord, FactsRecord, GroundsRecord, GroupRecord, IdentityRecord, Link, LinkKind,
    Record, Relation, ScopeRecord, Stage, Status, TallyRecord,
};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::silence::{EntityTerm, Matcher, Silence, SuppressedRecord};
use caseloom_engine::time::{Span, Timestamp};

use crate::ports::{Destination, OutputRecord};

use super::commit::{AlertRow, RawMessage};

/// Noon of a day in 2022.
pub(super) const NOON: Timestamp = Timestamp(1_643_112_000_000);

pub(super) fn scope(id: u32) -> ScopeRecord {
    let heard = NOON.plus(Span::MINUTE);
    ScopeRecord {
        id: ScopeId(id),
        name: format!("tenant-{id}").into(),
        time: NOON,
        heard,
        heard_time: NOON,
        since: NOON,
    }
}

pub(super) fn position(offset: i64) -> Position {
    Position {
        topic: TopicId(1),
        partition: 2,
        offset,
        index: 3,
    }
}

pub(super) fn group(id: u64, stage: Stage) -> GroupRecord {
    GroupRecord {
        id: GroupId(id),
        case: CaseId(id << 40),
        scope: ScopeId(0),
        scope_name: "tenant-0".into(),
        stage,
        status: Status::Investigating,
        owner: Some("ada".into()),
        title: format!("Case {id}").into(),
        severity: Severity::of(70),
        risk: 123.5,
        first: NOON,
        last: NOON.plus(Span::HOUR),
        opened: Some(NOON),
        updated: NOON.plus(Span::HOUR),
        closed: None,
        alerts: 3,
        activities: 1,
        entities: 2,
        attack: vec!["T1059".into()],
        parts: vec![GroupId(id)],
        related: vec![(Relation::Related, CaseId(7))],
        capped: None,
        event_seq: 4,
        unannounced: false,
        attached: 0,
        revision: 5,
    }
}

pub(super) fn activity(group: u64, id: u64) -> ActivityRecord {
    ActivityRecord {
        id: ActivityId(id),
        group: GroupId(group),
        scope: ScopeId(0),
        day: NOON.day(),
        window_begin: NOON,
        window_end: NOON.plus(Span::HOUR),
        source: "suricata".into(),
        rule_id: "2027865".into(),
        rule_name: "ET INFO Observed DNS Query".into(),
        title: "A title".into(),
        alert_id: format!("alert-{id}").into(),
        position: position(id as i64),
        attack: vec!["TA0011".into()],
        entities: Entity::new(EntityKind::Ip, Role::Source, "10.1.2.3")
            .into_iter()
            .collect(),
        subject: Some(0),
        links: vec![Link {
            kind: LinkKind::SharedEntity,
            entities: vec![(EntityKind::Ip, "10.1.2.3".into())],
            other: ActivityId(id + 1),
            gap: Span::MINUTE,
            policy: "default".into(),
        }],
        grounds: GroundsRecord {
            alone: vec![0],
            is_run: true,
            ..GroundsRecord::default()
        },
        policy: "default".into(),
    }
}

pub(super) fn tally(group: u64, id: u64) -> TallyRecord {
    TallyRecord {
        id: ActivityId(id),
        group: GroupId(group),
        first: NOON,
        last: NOON.plus(Span::SECOND),
        count: 9,
        severity: Severity::ASSUMED,
        standing: Standing::News,
        minutes: 1,
        hour: 491_000,
        base: Standing::News,
        is_counted: false,
        busy_hours: 1,
    }
}

pub(super) fn facts(group: u64) -> FactsRecord {
    let fact = Fact {
        entity: EntityKind::Ip,
        value: "10.1.2.3".into(),
        kind: FactKind::Intel,
        mark: Mark::Confidence(80),
        fields: vec![("label".into(), "c2".into())],
        source: "feed".into(),
        as_of: NOON,
        stale_from: NOON.plus(Span::DAY),
        since: NOON,
    };
    FactsRecord {
        group: GroupId(group),
        facts: vec![fact],
        parts: [0.0, 0.0, 0.8],
        raise: 1.8,
    }
}

pub(super) fn identity(scope: u32, key: u8, time: Timestamp) -> IdentityRecord {
    IdentityRecord {
        scope: ScopeId(scope),
        key: [key; 16],
        time,
        activity: ActivityId(1),
        group: GroupId(1),
        count: 2,
        updated: Some(time),
        lifecycle: Lifecycle::Active,
    }
}

/// A group with one activity, as the engine hands it out.
pub(super) fn group_records(id: u64, stage: Stage) -> Vec<Record> {
    vec![
        Record::Group(Box::new(group(id, stage))),
        Record::Activity(Box::new(activity(id, id * 10))),
        Record::Tally(tally(id, id * 10)),
    ]
}

pub(super) fn silence(id: u64) -> Silence {
    Silence {
        id: SilenceId(id),
        scope: ScopeId(0),
        scope_name: "tenant-0".into(),
        matcher: Matcher {
            rule: Some("ET SCAN*".into()),
            source: None,
            entities: vec![EntityTerm {
                kind: EntityKind::Ip,
                value: "10.0.0.0/8".into(),
            }],
            severity_max: Some(60),
        },
        owner: "ada".into(),
        reason: "a scan that was announced".into(),
        starts: NOON,
        expires: NOON.plus(Span::DAY),
        repeat: "daily 12:00-13:00 UTC".into(),
        times: vec![(NOON, NOON.plus(Span::HOUR))],
        created: NOON,
        created_by: Actor {
            name: "ada".into(),
            proof: Proof::Token,
        },
        ended: None,
        revision: 1,
        alerts: 2,
        last: Some(NOON),
    }
}

pub(super) fn suppressed(id: u64) -> SuppressedRecord {
    let like = activity(0, id);
    SuppressedRecord {
        id: like.id,
        scope: like.scope,
        day: like.day,
        silence: SilenceId(1),
        window_begin: like.window_begin,
        window_end: like.window_end,
        source: like.source,
        rule_id: like.rule_id,
        rule_name: like.rule_name,
        title: like.title,
        alert_id: like.alert_id,
        position: like.position,
        attack: like.attack,
        entities: like.entities,
        subject: like.subject,
        severity: Severity::of(50),
        first: NOON,
        last: NOON.plus(Span::SECOND),
        count: 2,
    }
}

pub(super) fn row(activity: u64, offset: i64) -> AlertRow<'static> {
    AlertRow {
        scope: ScopeId(0),
        day: NOON.day(),
        activity: ActivityId(activity),
        id: Some("an-id"),
        position: position(offset),
        time: NOON.plus(Span(offset)),
        disposition: None,
    }
}

pub(super) fn raw(activity: u64, offset: i64) -> RawMessage<'static> {
    RawMessage {
        scope: ScopeId(0),
        day: NOON.day(),
        activity: ActivityId(activity),
        position: position(offset),
        bytes: b"{\"alert\": 1}",
    }
}

pub(super) fn output(number: i64) -> OutputRecord {
    OutputRecord {
        destination: Destination::Events,
        key: b"tenant-0|case".to_vec(),
        headers: vec![("ce_id".to_owned(), b"1".to_vec())],
        value: Some(vec![b'x'; 100]),
        timestamp_ms: number,
    }
}
