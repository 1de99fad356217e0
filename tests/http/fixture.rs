//! A running server, and the records it serves.
//!
//! | case | what |
//! |---|---|
//! | 1 | open, high, `ana`'s; three activities, one of which came with case 2 |
//! | 2 | merged into 1 |
//! | 3 | closed, low |
//! | 4 | candidate |
//! | 5 | open, critical, scope `acme`, a hostile title |

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use caseloom::clock::ManualClock;
use caseloom::http::{Access, Check, HttpOptions, HttpParts, Live, Readiness, serve};
use caseloom::metrics::Metrics;
use caseloom::shutdown::Shutdown;
use caseloom::store::{AlertRow, BatchStore, CommitBatch, Store, StoreOptions};
use caseloom::view::CaseView;
use caseloom_engine::accounting::{Accounting, Disposition, MessageOutcome};
use caseloom_engine::alert::{Position, Severity, TopicId};
use caseloom_engine::entity::{Entity, EntityKind, Role};
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, ScopeId};
use caseloom_engine::knowledge::{Criticality, Fact, FactKind, Mark};
use caseloom_engine::record::{
    ActivityRecord, FactsRecord, GroupRecord, Link, LinkKind, Record, Relation, Stage, Status,
    TallyRecord,
};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::time::{Span, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const HOSTILE: &str = "<script>alert(1)</script> invoice\u{202e}fdp.exe";

/// 2026-01-31T08:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_769_846_400_000);

pub(crate) struct Fixture {
    pub(crate) base: String,
    pub(crate) address: SocketAddr,
    pub(crate) view: Arc<CaseView>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Readiness,
    /// Keeps the directory locked, as in a running daemon.
    _store: Store,
    agent: ureq::Agent,
    shutdown: Shutdown,
    server: Option<JoinHandle<()>>,
    _directory: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Fixture {
    /// A server with the cases of the table above, ready.
    pub(crate) fn new() -> Self {
        let fixture = Self::with(HttpOptions::default(), &records());
        for check in Check::ALL {
            fixture.readiness.pass(check);
        }
        fixture
    }

    pub(crate) fn with(options: HttpOptions, records: &[Record]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path(), &StoreOptions::default()).unwrap();
        let alerts = alerts();
        store
            .writer
            .commit(&CommitBatch {
                records,
                alerts: &alerts,
                topics: &[(TopicId(0), "edr.alerts".to_owned())],
                ..CommitBatch::default()
            })
            .unwrap();
        let metrics = Arc::new(Metrics::new());
        let view = Arc::new(CaseView::new(1_000_000, Arc::clone(&metrics)));
        view.fill(&store.reader).unwrap();
        let readiness = Readiness::new();
        let parts = HttpParts {
            view: Arc::clone(&view),
            reader: store.reader.clone(),
            metrics: Arc::clone(&metrics),
            readiness: readiness.clone(),
            clock: Arc::new(ManualClock::at(NOW)),
            desk: None,
            evidence: None,
            access: Access::read_only(),
            live: Live::default(),
        };
        let shutdown = Shutdown::new();
        let (address, server) = start(parts, options, shutdown.clone());
        Self {
            base: format!("http://{address}"),
            address,
            view,
            metrics,
            readiness,
            _store: store,
            agent: agent(),
            shutdown,
            server: Some(server),
            _directory: directory,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .call()
            .unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().unwrap(),
        }
    }

    /// The JSON of a 200.
    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// The short numbers of a list's cases.
    pub(crate) fn ids(&self, path: &str) -> Vec<u64> {
        ids(&self.json(path))
    }

    pub(crate) fn stop(&mut self) {
        self.shutdown.request();
        self.server.take().unwrap().join().unwrap();
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.shutdown.request();
        // The server reads the store: it must be gone before the process ends and RocksDB takes its locks down.
        if let Some(server) = self.server.take() {
            drop(server.join());
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("no header {name}"));
        value.to_str().unwrap()
    }
}

pub(crate) fn ids(list: &Value) -> Vec<u64> {
    let items = list["items"].as_array().unwrap().iter();
    let number = |item: &Value| item["id"].as_str().unwrap().parse::<CaseId>().unwrap().0;
    items.map(number).collect()
}

pub(crate) fn id(number: u64) -> String {
    CaseId(number).to_string()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .new_agent()
}

fn start(
    parts: HttpParts,
    options: HttpOptions,
    shutdown: Shutdown,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let requested = shutdown.requested();
            serve(listener, parts, options, requested).await.unwrap();
        });
    });
    (address, server)
}

/// An open case of medium severity that nobody owns.
pub(crate) fn group(number: u64) -> GroupRecord {
    GroupRecord {
        id: GroupId(number),
        case: CaseId(number),
        scope: ScopeId(0),
        scope_name: "default".into(),
        stage: Stage::Open,
        status: Status::New,
        owner: None,
        title: format!("Case number {number}").into(),
        severity: Severity::of(50),
        risk: 120.0,
        first: NOW.minus(Span::HOUR),
        last: NOW.minus(Span::MINUTE),
        opened: Some(NOW.minus(Span::HOUR)),
        updated: NOW.minus(Span::MINUTE),
        closed: None,
        alerts: 1,
        activities: 1,
        entities: 1,
        attack: Vec::new(),
        parts: vec![GroupId(number)],
        related: Vec::new(),
        capped: None,
        event_seq: 1,
        unannounced: false,
        attached: 0,
        revision: 1,
    }
}

fn groups() -> [GroupRecord; 5] {
    let main = GroupRecord {
        status: Status::Investigating,
        owner: Some("ana".into()),
        title: "Credential dumping on web-01".into(),
        severity: Severity::of(70),
        risk: 412.5,
        updated: NOW,
        alerts: 6,
        activities: 3,
        entities: 3,
        attack: vec!["T1003".into(), "T1059.001".into()],
        parts: vec![GroupId(1), GroupId(2)],
        related: vec![(Relation::Related, CaseId(3))],
        event_seq: 9,
        revision: 4,
        ..group(1)
    };
    let merged = GroupRecord {
        stage: Stage::Merged {
            into: GroupId(1),
            case: CaseId(1),
        },
        ..group(2)
    };
    let closed = GroupRecord {
        stage: Stage::Closed,
        status: Status::Closed,
        severity: Severity::of(30),
        risk: 101.0,
        closed: Some(NOW),
        ..group(3)
    };
    let candidate = GroupRecord {
        stage: Stage::Candidate,
        opened: None,
        risk: 20.0,
        ..group(4)
    };
    let hostile = GroupRecord {
        scope: ScopeId(1),
        scope_name: "acme".into(),
        title: HOSTILE.into(),
        severity: Severity::of(95),
        risk: 900.0,
        ..group(5)
    };
    [main, merged, closed, candidate, hostile]
}

fn activity(number: u64, group: u64, links: Vec<Link>) -> [Record; 2] {
    let at = NOW.minus(Span::MINUTE.times(60 - i64::try_from(number).unwrap()));
    let entity = |kind, role, value: &str| Entity {
        kind,
        role,
        value: value.into(),
        thing: 0,
    };
    let record = ActivityRecord {
        id: ActivityId(number),
        group: GroupId(group),
        scope: ScopeId(0),
        day: at.day(),
        window_begin: at,
        window_end: at.plus(Span::HOUR),
        grounds: Default::default(),
        policy: "default".into(),
        source: "edr".into(),
        rule_id: format!("R-{number}").into(),
        rule_name: format!("Rule {number}").into(),
        title: format!("Rule {number} fired").into(),
        alert_id: format!("alert-{number}").into(),
        position: Position::default(),
        attack: vec!["T1003".into()],
        entities: vec![
            entity(EntityKind::User, Role::Actor, "bo"),
            entity(EntityKind::Host, Role::Affected, "web-01"),
        ],
        subject: Some(1),
        links,
    };
    let tally = TallyRecord {
        id: record.id,
        group: record.group,
        first: at,
        last: at.plus(Span::MINUTE),
        count: 2,
        severity: Severity::of(70),
        standing: Standing::News,
        minutes: 1,
        hour: 0,
        base: Standing::News,
        is_counted: false,
        busy_hours: 1,
    };
    [Record::Activity(Box::new(record)), Record::Tally(tally)]
}

fn link(other: u64, gap: Span) -> Link {
    Link {
        kind: LinkKind::SharedEntity,
        entities: vec![(EntityKind::Host, "web-01".into())],
        other: ActivityId(other),
        gap,
        policy: "default".into(),
    }
}

pub(crate) fn accounting() -> Accounting {
    let mut sums = Accounting::default();
    for disposition in [Disposition::Case, Disposition::Candidate] {
        sums.count_message(MessageOutcome::WithAlerts);
        sums.count_alert(disposition);
    }
    sums
}

fn records() -> Vec<Record> {
    let mut records = vec![Record::Accounting(accounting())];
    records.extend(activity(11, 1, Vec::new()));
    records.extend(activity(12, 2, Vec::new()));
    let links = vec![link(11, Span::MINUTE.times(3)), link(12, Span::ZERO)];
    records.extend(activity(13, 1, links));
    records.extend(groups().map(Box::new).map(Record::Group));
    records.push(Record::Facts(Box::new(facts())));
    records
}

/// What is known of case 1: its machine is critical, and a list that is stale calls an address of it bad.
fn facts() -> FactsRecord {
    let fact = |entity, value: &str, kind, mark, source: &str| Fact {
        entity,
        value: value.into(),
        kind,
        mark,
        fields: vec![("note".into(), HOSTILE.into())],
        source: source.into(),
        as_of: NOW.minus(Span::DAY),
        stale_from: if kind == FactKind::Intel {
            NOW
        } else {
            Timestamp::MAX
        },
        since: NOW.minus(Span::MINUTE),
    };
    let machine = Mark::Criticality(Criticality::Critical);
    FactsRecord {
        group: GroupId(1),
        facts: vec![
            fact(
                EntityKind::Host,
                "web-01",
                FactKind::Asset,
                machine,
                "machines",
            ),
            fact(
                EntityKind::Ip,
                "203.0.113.9",
                FactKind::Intel,
                Mark::Confidence(60),
                "feed",
            ),
        ],
        parts: [0.0, 0.5, 0.6],
        raise: 2.4,
    }
}

/// Two alerts for each activity of case 1.
fn alerts() -> Vec<AlertRow<'static>> {
    let row = |number: u64| {
        let at = NOW.minus(Span::MINUTE.times(60 - i64::try_from(number / 2).unwrap()));
        AlertRow {
            scope: ScopeId(0),
            day: at.day(),
            activity: ActivityId(number / 2),
            id: number.is_multiple_of(2).then_some("native-id"),
            position: Position {
                topic: TopicId(0),
                partition: 3,
                offset: i64::try_from(number).unwrap(),
                index: 0,
            },
            time: at,
            disposition: None,
        }
    };
    (22..28).map(row).collect()
}
