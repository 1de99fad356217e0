use std::collections::BTreeSet;

use caseloom_engine::alert::{Position, Severity};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, GroupId, ScopeId};
use caseloom_engine::record::Status;
use caseloom_engine::time::Timestamp;
use proptest::prelude::*;

use super::*;

fn group(id: u64) -> GroupRecord {
    GroupRecord {
        id: GroupId(id),
        case: CaseId(id),
        scope: ScopeId(0),
        scope_name: "default".into(),
        stage: Stage::Open,
        status: Status::New,
        owner: None,
        title: format!("case {id}").into(),
        severity: Severity::of(50),
        risk: 10.0,
        first: Timestamp(0),
        last: Timestamp(0),
        opened: Some(Timestamp(0)),
        updated: Timestamp(0),
        closed: None,
        alerts: 1,
        activities: 1,
        entities: 1,
        attack: Vec::new(),
        parts: vec![GroupId(id)],
        related: Vec::new(),
        capped: None,
        event_seq: 1,
        unannounced: false,
        attached: 0,
        revision: 1,
    }
}

fn closed(id: u64, at: i64) -> GroupRecord {
    GroupRecord {
        stage: Stage::Closed,
        status: Status::Closed,
        closed: Some(Timestamp(at)),
        ..group(id)
    }
}

fn view_of(cases_max: usize, groups: impl IntoIterator<Item = GroupRecord>) -> CaseView {
    let view = CaseView::new(cases_max, Arc::default());
    let records: Vec<_> = groups
        .into_iter()
        .map(|group| Record::Group(Box::new(group)))
        .collect();
    view.apply(&records);
    view
}

fn ids(page: &Page) -> Vec<u64> {
    page.items.iter().map(|group| group.case.0).collect()
}

#[test]
fn a_group_stands_where_its_stage_belongs() {
    let candidate = GroupRecord {
        stage: Stage::Candidate,
        ..group(1)
    };
    let view = view_of(10, [candidate]);
    assert_eq!(
        (view.len(Shelf::Cases), view.len(Shelf::Candidates)),
        (0, 1)
    );

    view.apply(&[Record::Group(Box::new(group(1)))]);
    assert_eq!(
        (view.len(Shelf::Cases), view.len(Shelf::Candidates)),
        (1, 0)
    );

    let into = Stage::Merged {
        into: GroupId(2),
        case: CaseId(2),
    };
    let merged = GroupRecord {
        stage: into,
        ..group(1)
    };
    view.apply(&[Record::Group(Box::new(merged))]);
    assert!(view.is_empty(Shelf::Cases) && view.get(CaseId(1)).is_none());
}

#[test]
fn the_oldest_closed_cases_leave_first() {
    let metrics = Arc::new(Metrics::new());
    let view = CaseView::new(16, Arc::clone(&metrics));
    let open = (0..8).map(group);
    let done = (8..17).map(|id| closed(id, 100 - i64::try_from(id).unwrap()));
    let all = open.chain(done).map(Box::new).map(Record::Group);
    view.apply(&all.collect::<Vec<_>>());
    assert_eq!(view.len(Shelf::Cases), 15);
    assert!(view.get(CaseId(16)).is_none() && view.get(CaseId(15)).is_none());
    assert!((0..15).all(|id| view.get(CaseId(id)).is_some()));
    let reached = "caseloom_bounds_reached_total{bound=\"view_cases\"} 1";
    assert!(metrics.render().contains(reached));
}

#[test]
fn a_view_of_one_keeps_one() {
    let view = view_of(1, (0..5).map(group));
    assert_eq!(view.len(Shelf::Cases), 1);
}

#[test]
fn filters_hold_together() {
    let mine = GroupRecord {
        owner: Some("ana".into()),
        severity: Severity::of(70),
        status: Status::Investigating,
        title: "Brute force on web-01".into(),
        ..group(1)
    };
    let view = view_of(10, [mine, group(2), closed(3, 5)]);
    let query = |change: fn(&mut CaseQuery)| {
        let mut query = CaseQuery::default();
        change(&mut query);
        ids(&view.list(Shelf::Cases, &query))
    };
    assert_eq!(
        query(|q| q.owner = Some(OwnerFilter::Is("ana".into()))),
        [1]
    );
    assert_eq!(query(|q| q.owner = Some(OwnerFilter::Nobody)), [3, 2]);
    assert_eq!(query(|q| q.status = vec![Status::Closed]), [3]);
    assert_eq!(
        query(|q| q.severity = Some(SeverityFilter::AtLeast(4))),
        [1]
    );
    assert_eq!(query(|q| q.severity = Some(SeverityFilter::Is(3))), [3, 2]);
    assert_eq!(query(|q| q.scope = Some("other".into())), [0_u64; 0]);
    assert_eq!(query(|q| q.updated_since = Some(Timestamp(1))), [0_u64; 0]);
    let found = |text: &str| found(&view, text);
    assert_eq!(found("WEB-01"), [1]);
    assert_eq!(found("0000003"), [3]);
    assert_eq!(found("force brute"), [1]);
    assert_eq!(found("\"force brute\""), [0_u64; 0]);
    assert_eq!(found("status:new,investigating -owner:ana"), [2]);
    assert_eq!(found("severity:high+ -status:closed"), [1]);
    assert_eq!(found("closed:1970-01-01"), [3]);
    assert_eq!(found("risk:>10"), [0_u64; 0]);
    assert_eq!(found("risk:10..11 updated:<=now scope:default"), [3, 2, 1]);
}

fn found(view: &CaseView, text: &str) -> Vec<u64> {
    let query = CaseQuery {
        search: Search::parse(text, Timestamp(0)).unwrap(),
        ..CaseQuery::default()
    };
    ids(&view.list(Shelf::Cases, &query))
}

fn activity(id: u64, group: u64, entities: &[(EntityKind, &str)]) -> Record {
    let entity = |&(kind, value): &(EntityKind, &str)| Entity::new(kind, Role::Affected, value);
    Record::Activity(Box::new(ActivityRecord {
        id: ActivityId(id),
        group: GroupId(group),
        scope: ScopeId(0),
        day: 0,
        window_begin: Timestamp(0),
        window_end: Timestamp(1),
        source: "edr".into(),
        rule_id: format!("R-{id}").into(),
        rule_name: "LSASS read\nby a script".into(),
        title: format!("Said {id}").into(),
        alert_id: "".into(),
        position: Position::default(),
        attack: Vec::new(),
        entities: entities.iter().map(|raw| entity(raw).unwrap()).collect(),
        subject: None,
        links: Vec::new(),
        grounds: Default::default(),
        policy: "default".into(),
    }))
}

#[test]
fn cases_are_found_by_what_is_in_their_activities() {
    use EntityKind::{Host, Ip, User};
    let view = view_of(10, [group(1), group(2)]);
    view.apply(&[
        activity(11, 1, &[(Host, "WEB-01.example.com"), (User, "corp\\bo")]),
        activity(12, 2, &[(Ip, "192.0.2.7"), (User, "bob")]),
    ]);
    for (text, cases) in [
        ("host:web-01", &[1][..]),
        ("host:web-01.example.com", &[1]),
        ("host:web", &[]),
        ("host:web*", &[1]),
        ("web-01.example", &[1]),
        ("user:bo", &[1]),
        ("user:bo*", &[2, 1]),
        ("user:bo,bob -ip:192.0.2.7", &[1]),
        ("ip:::ffff:192.0.2.7", &[2]),
        ("rule:R-12 source:edr", &[2]),
        ("rule:\"lsass read by a script\"", &[2, 1]),
        ("\"said 11\"", &[1]),
        ("domain:web-01.example.com", &[]),
        ("host:*", &[1]),
    ] {
        assert_eq!(found(&view, text), cases, "{text}");
    }
}

#[test]
fn what_was_known_of_a_merged_case_is_known_of_its_survivor() {
    let view = view_of(10, [group(1), group(2)]);
    view.apply(&[activity(11, 1, &[(EntityKind::Host, "web-01")])]);
    let survivor = GroupRecord {
        parts: vec![GroupId(2), GroupId(1)],
        activities: 3,
        ..group(2)
    };
    let loser = GroupRecord {
        stage: Stage::Merged {
            into: GroupId(2),
            case: CaseId(2),
        },
        ..group(1)
    };
    let later = activity(13, 1, &[(EntityKind::Host, "web-03")]);
    view.apply(&[
        later,
        Record::Group(Box::new(loser)),
        Record::Group(Box::new(survivor)),
        activity(12, 2, &[(EntityKind::Host, "web-02")]),
    ]);
    assert_eq!(found(&view, "host:web-01 host:web-02 host:web-03"), [2]);
    let alone = GroupRecord {
        activities: 1,
        ..group(2)
    };
    view.apply(&[
        Record::Group(Box::new(alone)),
        Record::Group(Box::new(group(1))),
    ]);
    assert_eq!(
        found(&view, "host:web-01"),
        [0_u64; 0],
        "it went with its case"
    );
    assert_eq!(view.unread.lock().unwrap().len(), 2, "both are read anew");
    let expired = GroupRecord {
        stage: Stage::Expired,
        parts: vec![GroupId(2), GroupId(1)],
        ..group(2)
    };
    let other = GroupRecord {
        stage: Stage::Expired,
        ..group(1)
    };
    view.apply(&[
        Record::Group(Box::new(expired)),
        Record::Group(Box::new(other)),
    ]);
    assert!(view.homes.is_empty(), "{:?}", view.homes);
}

#[test]
fn a_candidate_that_becomes_a_case_is_found_by_what_was_known_before() {
    let candidate = GroupRecord {
        stage: Stage::Candidate,
        ..group(1)
    };
    let view = view_of(10, [candidate]);
    let work = Work {
        group: GroupId(1),
        tags: vec!["VIP".into()],
        ..Work::default()
    };
    view.apply(&[
        activity(11, 1, &[(EntityKind::Host, "web-01")]),
        Record::Work(Box::new(work)),
    ]);
    view.apply(&[Record::Group(Box::new(group(1)))]);
    assert_eq!(found(&view, "host:web-01 tag:vip"), [1]);
    let untagged = Work {
        group: GroupId(1),
        ..Work::default()
    };
    view.apply(&[Record::Work(Box::new(untagged))]);
    assert_eq!(found(&view, "tag:vip"), [0_u64; 0]);
}

#[test]
fn no_alert_passes_a_value_off_as_another_field() {
    let view = view_of(10, [group(1)]);
    let hostile = GroupRecord {
        title: "a\n\u{10}web-01\nb".into(),
        ..group(1)
    };
    view.apply(&[Record::Group(Box::new(hostile))]);
    assert_eq!(found(&view, "host:web-01"), [0_u64; 0]);
    assert_eq!(found(&view, "\"a  web-01 b\""), [1]);
}

fn any_groups() -> impl Strategy<Value = Vec<GroupRecord>> {
    let numbers = (0_i64..4, 0_u8..=100, 0.0_f64..1000.0);
    proptest::collection::vec(numbers, 0..60).prop_map(|all| {
        let make = |(id, (time, score, risk)): (u64, (i64, u8, f64))| GroupRecord {
            updated: Timestamp(time),
            first: Timestamp(-time),
            last: Timestamp(time * 7),
            opened: (time > 1).then_some(Timestamp(time)),
            severity: Severity {
                score,
                assumed: false,
            },
            risk,
            ..group(id)
        };
        (0..).zip(all).map(make).collect()
    })
}

/// In ascending order of change, a case that changes for ever is ahead of the reader for ever.
const RESTLESS_TURNS: i64 = 20;

/// All pages; `between` may change the view after each.
fn walk(view: &CaseView, mut query: CaseQuery, mut between: impl FnMut(&Page)) -> Vec<u64> {
    let mut met = Vec::new();
    loop {
        let page = view.list(Shelf::Cases, &query);
        met.extend(ids(&page));
        between(&page);
        query.cursor = page.next.map(|next| next.to_string().parse().unwrap());
        if query.cursor.is_none() {
            return met;
        }
    }
}

proptest! {
    #[test]
    fn pages_hold_each_case_once_and_in_order(
        groups in any_groups(), limit in 1_usize..20, key in 0_usize..6, descending: bool,
    ) {
        let sort = Sort { key: SortKey::ALL[key], descending };
        let query = CaseQuery { sort, limit, ..CaseQuery::default() };
        let mut expected: Vec<_> = groups.iter().map(|g| (sort.key.of(g), g.case.0)).collect();
        expected.sort_unstable();
        if descending {
            expected.reverse();
        }
        let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
        prop_assert_eq!(walk(&view_of(1_000, groups), query, |_| ()), expected);
    }

    #[test]
    fn what_does_not_change_is_met_once_while_others_come_and_go(
        groups in any_groups(), limit in 1_usize..8, key in 0_usize..6, descending: bool,
    ) {
        let sort = Sort { key: SortKey::ALL[key], descending };
        let query = CaseQuery { sort, limit, ..CaseQuery::default() };
        let steady: BTreeSet<_> = groups.iter().map(|g| g.case.0).filter(|id| id % 3 != 0).collect();
        let restless: Vec<_> = groups.iter().filter(|g| g.case.0 % 3 == 0).cloned().collect();
        let view = view_of(1_000, groups);
        let mut turn = 0;
        let met = walk(&view, query, |_| {
            turn += 1;
            if turn > RESTLESS_TURNS {
                return;
            }
            for (place, group) in restless.iter().enumerate() {
                let updated = Timestamp(turn);
                let changed = match (place + turn as usize) % 3 {
                    0 => GroupRecord { updated, risk: 999.0, ..group.clone() },
                    1 => GroupRecord { stage: Stage::Expired, ..group.clone() },
                    _ => GroupRecord { updated, last: updated, ..group.clone() },
                };
                view.apply(&[Record::Group(Box::new(changed))]);
            }
        });
        let mut met_steady: Vec<_> = met.into_iter().filter(|id| steady.contains(id)).collect();
        met_steady.sort_unstable();
        prop_assert_eq!(met_steady, steady.into_iter().collect::<Vec<_>>());
    }
}
