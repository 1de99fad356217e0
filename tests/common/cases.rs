//! Hand-made cases for the tests and the bench of `events`.

#![allow(
    dead_code,
    reason = "each test uses what it needs; an expectation would fail where all is used"
)]

use caseloom_engine::alert::Severity;
use caseloom_engine::decision::{ActivityView, CaseEvent, CaseSnapshot, EntityView, EventType};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::knowledge::{Criticality, Fact, FactKind, Mark};
use caseloom_engine::record::{FactsRecord, GroupRecord, Link, LinkKind, Relation, Stage, Status};
use caseloom_engine::time::{Span, Timestamp};

/// 2022-01-25T00:00:01Z.
pub(crate) const TIME: Timestamp = Timestamp(1_643_068_801_000);

pub(crate) const EVENT_TYPES: [EventType; 11] = [
    EventType::Opened,
    EventType::Updated,
    EventType::Merged,
    EventType::Related,
    EventType::Assigned,
    EventType::Status,
    EventType::Closed,
    EventType::Reopened,
    EventType::Note,
    EventType::Task,
    EventType::Evidence,
];

pub(crate) const STATUSES: [Status; 5] = [
    Status::New,
    Status::Investigating,
    Status::Contained,
    Status::OnHold,
    Status::Closed,
];

pub(crate) const LOSER: Stage = Stage::Merged {
    into: GroupId(1),
    case: CaseId(77),
};

pub(crate) fn event(event: EventType, case: CaseSnapshot) -> CaseEvent {
    CaseEvent {
        event,
        reason: "promoted",
        seq: 3,
        time: TIME,
        policy: "default".into(),
        other: (event == EventType::Merged).then_some(CaseId(77)),
        act: None,
        case,
    }
}

/// A case of `count` activities, each linked to the one before, with an entity of every kind.
pub(crate) fn case(count: u64) -> CaseSnapshot {
    CaseSnapshot {
        group: group(count),
        activities: (1..=count).map(activity).collect(),
        entities: EntityKind::ALL.into_iter().map(entity).collect(),
        truncated: false,
        facts: None,
        work: None,
    }
}

pub(crate) fn activity(number: u64) -> ActivityView {
    ActivityView {
        id: ActivityId(number),
        source: "suricata".into(),
        rule_id: format!("20029{number:02}").into(),
        rule_name: "ET SCAN Potential VNC Scan 5900-5920".into(),
        severity: Severity::of(70),
        first: TIME,
        last: TIME.plus(Span::MINUTE),
        count: 3,
        subject: Some((EntityKind::Ip, "10.0.99.16".into())),
        links: (1..number).rev().take(1).map(link).collect(),
    }
}

pub(crate) fn link(other: u64) -> Link {
    Link {
        kind: LinkKind::SharedEntity,
        entities: vec![(EntityKind::Ip, "10.0.99.16".into())],
        other: ActivityId(other),
        gap: Span(90_500),
        policy: "0123456789abcdef".into(),
    }
}

pub(crate) fn entity(kind: EntityKind) -> EntityView {
    let value = match kind {
        EntityKind::Ip => "10.0.99.16".to_owned(),
        EntityKind::File => r"c:\users\eve\run.exe".to_owned(),
        kind => format!("the-{}", kind.as_str()),
    };
    EntityView {
        entity: Entity {
            kind,
            role: Role::Affected,
            value: value.into(),
            thing: 0,
        },
        activities: 2,
    }
}

fn group(activities: u64) -> GroupRecord {
    GroupRecord {
        id: GroupId(9),
        case: CaseId(42),
        scope: ScopeId(0),
        scope_name: "acme".into(),
        stage: Stage::Open,
        status: Status::New,
        owner: None,
        title: "Scanning of 10.0.99.16".into(),
        severity: Severity::of(70),
        risk: 140.4,
        first: TIME,
        last: TIME.plus(Span::HOUR),
        opened: Some(TIME),
        updated: TIME,
        closed: None,
        alerts: 3 * activities,
        activities,
        entities: 11,
        attack: ["TA0007", "T1046", "T1059.001", "AML.T0051"]
            .map(Into::into)
            .to_vec(),
        parts: vec![GroupId(9)],
        related: vec![(Relation::ContinuationOf, CaseId(5))],
        capped: None,
        event_seq: 3,
        unannounced: false,
        attached: 0,
        revision: 1,
    }
}

/// A snapshot with all the activities and entities it can have, more links than an event says, and `text` for every text.
pub(crate) fn worst(text: &str) -> CaseSnapshot {
    let mut case = case(CaseSnapshot::ACTIVITIES_MAX as u64);
    for activity in &mut case.activities {
        activity.source = text.into();
        activity.rule_id = text.into();
        activity.rule_name = text.into();
        activity.subject = Some((EntityKind::File, text.into()));
        activity.links = (1..=4).map(|other| long_link(other, text)).collect();
    }
    let mut view = entity(EntityKind::Url);
    view.entity.value = text.into();
    case.entities = vec![view; CaseSnapshot::ENTITIES_MAX];
    case.group.title = text.into();
    case.group.scope_name = text.into();
    case.group.owner = Some(text.into());
    case.facts = Some(Box::new(facts(text, 64)));
    case.group.attack = vec![text.into(); 200];
    case.group.related = vec![(Relation::Related, CaseId(u64::MAX)); 500];
    case
}

fn long_link(other: u64, text: &str) -> Link {
    Link {
        entities: vec![(EntityKind::Url, text.into()); 9],
        policy: text.into(),
        ..link(other)
    }
}

/// Facts of every kind with all the fields they can have, and `text` for every text.
pub(crate) fn facts(text: &str, count: usize) -> FactsRecord {
    let marks = [
        (FactKind::User, Mark::Vip),
        (FactKind::Asset, Mark::Criticality(Criticality::High)),
        (FactKind::Intel, Mark::Confidence(80)),
        (FactKind::Asset, Mark::Plain),
    ];
    let fact = |(kind, mark): (FactKind, Mark)| Fact {
        entity: EntityKind::Ip,
        value: text.into(),
        kind,
        mark,
        fields: vec![(text.into(), text.into()); Fact::FIELDS_MAX],
        source: text.into(),
        as_of: TIME,
        stale_from: if kind == FactKind::Intel {
            Timestamp::MAX
        } else {
            TIME
        },
        since: TIME,
    };
    FactsRecord {
        group: GroupId(1),
        facts: marks.into_iter().cycle().take(count).map(fact).collect(),
        parts: [0.5, 0.25, 0.8],
        raise: 3.0,
    }
}
