//! The pipeline with fakes of the outside: records from memory, a publisher that remembers and can be told to fail, a
//! clock that stands still. The store is a real one in a temporary directory.

#![allow(
    dead_code,
    reason = "each test uses what it needs; an expectation would fail where all is used"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caseloom::clock::{Clock, ManualClock};
use caseloom::config::{Config, StoreRaw};
use caseloom::events::{RenderOptions, Renderer};
use caseloom::generate::{Generator, Profile};
use caseloom::http::Live;
use caseloom::metrics::Metrics;
use caseloom::pipeline::{
    Acceptance, Attempt, Care, ContextPost, Desk, Heads, Lane, LaneParts, LaneStatus, Limits,
    Mailbox, Owner, Parts, RelayStart, StoreGuard, TopicSettings, Topics, desk, post, wake,
};
use caseloom::ports::{
    Destination, NextOffset, Outlet, OutputRecord, Progress, PublishError, Publisher, Record,
    RecordBatch, Source, SourceError,
};
use caseloom::shutdown::Shutdown;
use caseloom::store::{
    BatchStore, ChainLink, CommitBatch, Feed, Head, OutboxPending, Store, StoreError, StoreOptions,
    StoreReader, StoreWriter,
};
use caseloom::view::CaseView;
use caseloom_engine::accounting::Accounting;
use caseloom_engine::alert::TopicId;
use caseloom_engine::command::Recall;
use caseloom_engine::ids::{CaseId, GroupId};
use caseloom_engine::input::Format;
use caseloom_engine::record::GroupRecord;
use caseloom_engine::time::{Span, Timestamp};

/// 2026-01-31T08:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_769_846_400_000);

/// Nothing here takes so long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The one input topic.
pub(crate) const TOPIC: &str = "alerts";

/// A store, a clock and an outside that outlive the process that a test plays.
pub(crate) struct Rig {
    directory: tempfile::TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) outside: Outside,
    pub(crate) limits: Limits,
    /// The native id of an alert that crashes the process.
    pub(crate) poison: Option<&'static str>,
}

/// A process from its start to its end or crash.
pub(crate) struct Running {
    pub(crate) contexts: ContextPost,
    pub(crate) owner: Owner,
    pub(crate) view: Arc<CaseView>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) reader: StoreReader,
    pub(crate) next_offsets: Vec<NextOffset>,
    pub(crate) shutdown: Shutdown,
    pub(crate) guard: StoreGuard,
    pub(crate) desk: Desk,
    pub(crate) mailbox: Mailbox,
    pub(crate) feed: Arc<Feed>,
    pub(crate) live: Live,
    lane: Option<Lane>,
}

/// What can still be looked at after a process ended.
pub(crate) struct Ended {
    pub(crate) accounting: Accounting,
    pub(crate) view: Arc<CaseView>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) reader: StoreReader,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: ManualClock::at(NOW),
            outside: Outside::default(),
            limits: Limits {
                records_max: 100,
                bytes_max: 1 << 20,
                age_max: Duration::from_millis(50),
                outbox_records_max: 100_000,
                outbox_bytes_max: 64 << 20,
            },
            poison: None,
        }
    }

    /// The data directory.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The store alone, while no process runs.
    pub(crate) fn open_store(&self) -> Store {
        Store::open(self.directory.path(), &StoreOptions::default()).unwrap()
    }

    /// Starts where the store ended.
    pub(crate) fn start(&self) -> Running {
        let mut store = Store::open(self.directory.path(), &StoreOptions::default()).unwrap();
        store.writer.keep_feed(&store.feed);
        let recovered = store.recover().unwrap();
        let config = Config::default();
        let policy = config.load_policy(None).unwrap();
        let topics = Topics::number(&recovered.topics, vec![topic()]);
        let correlator = wake(&store, &recovered, &topics, policy, self.clock.now()).unwrap();
        let metrics = Arc::new(Metrics::new());
        let view = Arc::new(CaseView::new(100_000, Arc::clone(&metrics)));
        view.fill(&store.reader).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let (news, heard) = crossbeam_channel::bounded(8);
        let lane_status = LaneStatus::default();
        let lane = Lane::new(LaneParts {
            outbox: Box::new(store.outbox),
            outlet: Box::new(self.outside.clone()),
            start: RelayStart {
                lineage: recovered.lineage,
                former: recovered.former,
                instance: [0; 16],
                head: recovered.outbox_head,
                published: recovered.published,
                accept: Acceptance::default(),
            },
            news: heard,
            status: lane_status.clone(),
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&clock),
        });
        let guard = StoreGuard::default();
        let (desk, queue) = desk();
        let (mailbox, post) = post(Heads::new(store.reader.clone(), Span(60_000)));
        let contexts = ContextPost::default();
        let live = Live::default();
        let told = live.clone();
        let owner = Owner::new(Parts {
            parser: config.parser(),
            correlator,
            writer: Box::new(Fragile {
                store: store.writer,
                poison: self.poison,
            }),
            topics,
            next_offsets: recovered.next_offsets.clone(),
            lost: recovered.lost,
            renderer: Renderer::new(RenderOptions::default()),
            view: Arc::clone(&view),
            metrics: Arc::clone(&metrics),
            clock,
            limits: self.limits,
            lane: news,
            lane_status,
            guard: guard.clone(),
            care: Care::after(recovered.batch_no, recovered.attempt),
            desk: queue,
            post,
            contexts: contexts.clone(),
            on_event: Some(Box::new(move |event| told.tell(event))),
        });
        Running {
            owner,
            contexts,
            view,
            metrics,
            reader: store.reader,
            next_offsets: recovered.next_offsets,
            shutdown: Shutdown::new(),
            guard,
            desk,
            mailbox,
            feed: Arc::new(store.feed),
            live,
            lane: Some(lane),
        }
    }
}

/// A store that takes the process down over a certain alert.
struct Fragile {
    store: StoreWriter,
    poison: Option<&'static str>,
}

impl BatchStore for Fragile {
    fn write_batch(&mut self, batch: &CommitBatch<'_>) -> Result<Head, StoreError> {
        let is_poison = |id: Option<&str>| id.is_some() && id == self.poison;
        assert!(
            !batch.alerts.iter().any(|row| is_poison(row.id)),
            "crashed, as told"
        );
        self.store.write_batch(batch)
    }

    fn outbox_pending(&self) -> OutboxPending {
        self.store.outbox_pending()
    }

    fn recall(
        &self,
        case: CaseId,
        is_live: &dyn Fn(GroupId) -> bool,
    ) -> Result<Option<Recall>, StoreError> {
        self.store.recall(case, is_live)
    }

    fn chain(&self, case: CaseId) -> Result<ChainLink, StoreError> {
        self.store.chain(case)
    }

    fn note_attempt(&mut self, attempt: Option<Attempt>) -> Result<(), StoreError> {
        self.store.note_attempt(attempt)
    }
}

fn topic() -> TopicSettings {
    TopicSettings {
        name: TOPIC.into(),
        format: Format::Auto,
        scope: None,
        message_bytes_max: 1 << 20,
        store_raw: StoreRaw::First,
    }
}

impl Running {
    /// Starts the publisher lane; it drains after the wish to stop and the owner's end.
    pub(crate) fn publish(&mut self) -> JoinHandle<()> {
        self.publish_within(PATIENCE)
    }

    /// The same with a bound on draining.
    pub(crate) fn publish_within(&mut self, drain: Duration) -> JoinHandle<()> {
        let lane = self.lane.take().unwrap();
        let shutdown = self.shutdown.clone();
        std::thread::spawn(move || lane.run(&shutdown, drain))
    }

    /// Reads all messages, publishes everything, ends.
    pub(crate) fn finish(mut self, messages: &[Message]) -> Ended {
        let lane = self.publish();
        let mut inbox = Inbox::new(messages, self.shutdown.clone());
        self.owner.run(&mut inbox, &self.shutdown).unwrap();
        let ended = self.end();
        lane.join().unwrap();
        ended
    }

    /// Reads all messages; `Err`: it crashed over one.
    pub(crate) fn survive(mut self, messages: &[Message]) -> Result<Accounting, ()> {
        let lane = self.publish();
        let shutdown = self.shutdown.clone();
        let mut inbox = Inbox::new(messages, shutdown.clone());
        let run = std::panic::AssertUnwindSafe(|| {
            self.owner.run(&mut inbox, &shutdown).unwrap();
            self.owner.correlator().accounting().clone()
        });
        let ended = std::panic::catch_unwind(run).map_err(drop);
        drop(self);
        shutdown.request();
        lane.join().unwrap();
        ended
    }

    /// Takes one batch and makes it durable.
    pub(crate) fn step(&mut self, messages: &[Message]) {
        self.owner.step(&batch(messages)).unwrap();
    }

    /// Ends as a crash does: nothing more is published.
    pub(crate) fn end(self) -> Ended {
        self.shutdown.request();
        Ended {
            accounting: self.owner.correlator().accounting().clone(),
            view: self.view,
            metrics: self.metrics,
            reader: self.reader,
        }
    }
}

/// A message and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) value: Option<Vec<u8>>,
}

/// Values in the order of one partition's offsets.
pub(crate) fn messages(values: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Vec<Message> {
    let message = |(offset, value): (i64, Vec<u8>)| Message {
        partition: 0,
        offset,
        value: Some(value),
    };
    (0..)
        .zip(values.into_iter().map(Into::into))
        .map(message)
        .collect()
}

/// Alerts as products send them, spread over two partitions, and the time of the last one's arrival.
pub(crate) fn generated(count: usize) -> (Vec<Message>, Timestamp) {
    let profile = Profile::by_name("small").unwrap();
    let alerts = Generator::new(&profile, 7, profile.start_ms).take(count);
    let mut next = [0; 2];
    let mut last = NOW;
    let mut all = Vec::new();
    for (number, alert) in alerts.enumerate() {
        last = Timestamp(alert.arrival_ms);
        let partition = number % 2;
        all.push(Message {
            partition: partition as i32,
            offset: next[partition],
            value: Some(alert.line.into_bytes()),
        });
        next[partition] += 1;
    }
    (all, last)
}

/// A native alert, bad enough to open a case by itself.
pub(crate) fn critical(id: &str, host: &str) -> String {
    format!(
        r#"{{"id":"{id}","time":"2026-01-31T07:59:00Z","source":"edr","rule":{{"id":"R1","name":"Credential dumping"}},"severity":"critical","title":"Credential dumping on {host}","entities":[{{"kind":"host","value":"{host}","role":"affected"}}]}}"#
    )
}

/// One batch of these messages, with more to come.
pub(crate) fn batch(messages: &[Message]) -> RecordBatch {
    let mut batch = RecordBatch::default();
    messages
        .iter()
        .for_each(|message| append(&mut batch, message));
    batch
}

fn append(batch: &mut RecordBatch, message: &Message) {
    let start = batch.bytes.len();
    batch
        .bytes
        .extend_from_slice(message.value.as_deref().unwrap_or_default());
    batch.records.push(Record {
        topic: TopicId(0),
        partition: message.partition,
        offset: message.offset,
        timestamp_ms: Some(NOW.0),
        start,
        length: message.value.as_ref().map(Vec::len),
        headers_length: 0,
    });
}

/// Brings messages from memory; wishes to stop once all were brought, if it was told to whom.
pub(crate) struct Inbox {
    waiting: VecDeque<Message>,
    then: Option<Shutdown>,
    /// How many are left.
    pub(crate) left: Arc<Mutex<usize>>,
}

impl Inbox {
    pub(crate) fn new(messages: &[Message], then: Shutdown) -> Self {
        Self {
            waiting: messages.iter().cloned().collect(),
            then: Some(then),
            left: Arc::new(Mutex::new(messages.len())),
        }
    }
}

impl Source for Inbox {
    fn poll(
        &mut self,
        _: Duration,
        records_max: usize,
        bytes_max: usize,
        batch: &mut RecordBatch,
    ) -> Result<(), SourceError> {
        let bytes_before = batch.bytes.len();
        for _ in 0..records_max {
            let Some(message) = self.waiting.pop_front() else {
                break;
            };
            append(batch, &message);
            if batch.bytes.len() - bytes_before >= bytes_max {
                break;
            }
        }
        batch.caught_up = self.waiting.is_empty();
        *self.left.lock().unwrap() = self.waiting.len();
        if let (true, Some(shutdown)) = (self.waiting.is_empty(), &self.then) {
            shutdown.request();
        }
        Ok(())
    }
}

/// What arrived outside, and how the next publishes go.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    shared: Arc<(Mutex<Book>, Condvar)>,
}

#[derive(Default)]
struct Book {
    arrived: Vec<OutputRecord>,
    plan: VecDeque<Mishap>,
    is_down: bool,
    is_broken: bool,
    attempts: usize,
    made: usize,
}

/// A publish that fails after some of its records arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mishap {
    pub(crate) arrived: usize,
    pub(crate) is_fatal: bool,
}

impl Outside {
    /// Lets the next publishes fail, one for each.
    pub(crate) fn plan(&self, mishaps: &[Mishap]) {
        self.change(|book| book.plan.extend(mishaps));
    }

    /// Lets all publishes fail, or no more.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.change(|book| book.is_down = is_down);
    }

    /// Lets the next publish panic.
    pub(crate) fn set_broken(&self) {
        self.change(|book| book.is_broken = true);
    }

    /// How often somebody tried to publish.
    pub(crate) fn attempts(&self) -> usize {
        self.look(|book| book.attempts)
    }

    pub(crate) fn arrived(&self) -> Vec<OutputRecord> {
        self.look(|book| book.arrived.clone())
    }

    /// How often a publisher was made.
    pub(crate) fn made(&self) -> usize {
        self.look(|book| book.made)
    }

    /// Mishaps that did not happen yet.
    pub(crate) fn planned(&self) -> usize {
        self.look(|book| book.plan.len())
    }

    /// Waits for the next attempt to publish.
    pub(crate) fn wait_for_attempts(&self, count: usize) {
        let book = self.shared.0.lock().unwrap();
        let (book, waited) = self
            .shared
            .1
            .wait_timeout_while(book, PATIENCE, |book| book.attempts < count)
            .unwrap();
        assert!(!waited.timed_out(), "{} attempts to publish", book.attempts);
    }

    fn look<T>(&self, see: impl FnOnce(&Book) -> T) -> T {
        see(&self.shared.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.shared.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.1.notify_all();
    }
}

impl Outlet for Outside {
    fn progress(&mut self, _: bool) -> Result<Option<Progress>, PublishError> {
        Ok(None)
    }

    fn publisher(&mut self) -> Result<Box<dyn Publisher>, PublishError> {
        self.change(|book| book.made += 1);
        Ok(Box::new(self.clone()))
    }
}

/// Without transactions: what is sent arrives at once.
impl Publisher for Outside {
    fn open(&mut self) -> Result<(), PublishError> {
        Ok(())
    }

    fn begin(&mut self) -> Result<(), PublishError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), PublishError> {
        Ok(())
    }

    fn send(&mut self, records: &[OutputRecord], _: &Progress) -> Result<(), PublishError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        assert!(!self.look(|book| book.is_broken), "broken, as told");
        self.change(|book| {
            book.attempts += 1;
            let down = Mishap {
                arrived: 0,
                is_fatal: false,
            };
            let mishap = book.is_down.then_some(down);
            let Some(mishap) = mishap.or_else(|| book.plan.pop_front()) else {
                book.arrived.extend_from_slice(records);
                return;
            };
            let arrived = mishap.arrived.min(records.len());
            book.arrived.extend_from_slice(&records[..arrived]);
            result = Err(match mishap.is_fatal {
                true => PublishError::Fatal("fenced".into()),
                false => PublishError::Temporary("the broker is away".into()),
            });
        });
        result
    }
}

/// Those of one destination.
pub(crate) fn of(records: &[OutputRecord], destination: Destination) -> Vec<&OutputRecord> {
    let of_it = |record: &&OutputRecord| record.destination == destination;
    records.iter().filter(of_it).collect()
}

/// A header's text.
pub(crate) fn header<'a>(record: &'a OutputRecord, name: &str) -> &'a str {
    let (_, value) = record
        .headers
        .iter()
        .find(|(known, _)| known == name)
        .unwrap();
    std::str::from_utf8(value).unwrap()
}

/// The record's number among its case's events.
pub(crate) fn sequence(record: &OutputRecord) -> u64 {
    let value: serde_json::Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
    value["metadata"]["sequence"].as_u64().unwrap()
}

/// The number of events per case key; each case's come as 1, 2, 3, ... once repeats are left out, and a repeat is the
/// same record.
pub(crate) fn gapless(records: &[OutputRecord], destination: Destination) -> BTreeMap<String, u64> {
    let mut firsts: BTreeMap<String, Vec<&OutputRecord>> = BTreeMap::new();
    for record in of(records, destination) {
        let seen = firsts
            .entry(String::from_utf8(record.key.clone()).unwrap())
            .or_default();
        match sequence(record) as usize {
            next if next == seen.len() + 1 => seen.push(record),
            repeat if (1..=seen.len()).contains(&repeat) => assert_eq!(seen[repeat - 1], record),
            gap => panic!("event {gap} came after event {}", seen.len()),
        }
    }
    firsts
        .into_iter()
        .map(|(key, seen)| (key, seen.len() as u64))
        .collect()
}

/// All groups of the store.
pub(crate) fn groups(reader: &StoreReader) -> Vec<GroupRecord> {
    reader.groups().map(Result::unwrap).collect()
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never {what}");
        std::thread::yield_now();
    }
}
