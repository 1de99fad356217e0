//! One life of a process: the real owner and the real relay, over a simulated disk and broker.

use std::sync::Arc;
use std::time::Duration;

use caseloom::clock::ManualClock;
use caseloom::config::{Config, StoreRaw};
use caseloom::events::{RenderOptions, Renderer};
use caseloom::metrics::Metrics;
use caseloom::pipeline::{
    Acceptance, Care, DeskQueue, LaneStatus, Limits, Owner, Parts, Post, Relay, RelayError,
    RelayStart, Step, StoreGuard, TopicSettings, Topics, wake,
};
use caseloom::view::CaseView;
use caseloom_engine::input::Format;

use crate::broker::Broker;
use crate::chaos::Chaos;
use crate::disk::Disk;
use crate::input::{Input, TOPIC};

/// Input waits while more output than this does.
const OUTBOX_RECORDS_MAX: u64 = 40;

pub(crate) struct Process {
    pub(crate) disk: Disk,
    outbox: Disk,
    outlet: Broker,
    owner: Owner,
    pub(crate) relay: Relay,
    /// Messages read.
    position: usize,
    /// Keeps the channel to the lane's thread open, which is not there.
    _heard: crossbeam_channel::Receiver<caseloom::pipeline::News>,
}

/// How a step ended.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Something was done.
    Going,
    /// Nothing is left to do.
    Idle,
    /// The process ended: killed, or by itself.
    Ended(Option<RelayError>),
}

impl Process {
    pub(crate) fn start(
        disk: &Disk,
        broker: &Broker,
        clock: &ManualClock,
        instance: u64,
        accept: Acceptance,
    ) -> Self {
        let recovered = disk.recovered();
        let config = Config::default();
        let policy = config.load_policy(None).expect("the built-in policy");
        let settings = TopicSettings {
            name: TOPIC.into(),
            format: Format::Auto,
            scope: None,
            message_bytes_max: 1 << 20,
            store_raw: StoreRaw::First,
        };
        let topics = Topics::number(&recovered.topics, vec![settings]);
        let now = caseloom::clock::Clock::now(clock);
        let correlator = wake(disk, &recovered, &topics, policy, now).expect("memory is readable");
        let metrics = Arc::new(Metrics::new());
        let (lane, heard) = crossbeam_channel::bounded(1);
        let position = recovered
            .next_offsets
            .iter()
            .map(|next| next.offset)
            .sum::<i64>();
        let mut name = [0; 16];
        name[..8].copy_from_slice(&instance.to_be_bytes());
        let relay = Relay::new(RelayStart {
            lineage: recovered.lineage,
            former: recovered.former,
            instance: name,
            head: recovered.outbox_head,
            published: recovered.published,
            accept,
        });
        let owner = Owner::new(Parts {
            parser: config.parser(),
            correlator,
            writer: Box::new(disk.clone()),
            topics,
            next_offsets: recovered.next_offsets,
            lost: recovered.lost,
            renderer: Renderer::new(RenderOptions::default()),
            view: Arc::new(CaseView::new(100, Arc::clone(&metrics))),
            metrics,
            clock: Arc::new(clock.clone()),
            limits: Limits {
                records_max: 100,
                bytes_max: 1 << 20,
                age_max: Duration::ZERO,
                outbox_records_max: OUTBOX_RECORDS_MAX,
                outbox_bytes_max: u64::MAX,
            },
            lane,
            lane_status: LaneStatus::default(),
            guard: StoreGuard::default(),
            care: Care::default(),
            desk: DeskQueue::default(),
            post: Post::none(),
            contexts: Default::default(),
            on_event: None,
        });
        Self {
            disk: disk.clone(),
            outbox: disk.clone(),
            outlet: broker.clone(),
            owner,
            relay,
            position: usize::try_from(position).expect("offsets are not negative"),
            _heard: heard,
        }
    }

    /// The owner reads up to `count` messages; with none, only time passes.
    pub(crate) fn own(&mut self, input: &Input, count: usize) -> Turn {
        let pending = caseloom::store::BatchStore::outbox_pending(&self.disk).records;
        if !self.relay.is_open() || pending > OUTBOX_RECORDS_MAX {
            return Turn::Idle;
        }
        let batch = input.batch(self.position, count);
        self.position += batch.records.len();
        let is_idle = batch.records.is_empty();
        match self.owner.step(&batch) {
            Err(_) => Turn::Ended(None),
            Ok(None) if is_idle => Turn::Idle,
            Ok(_) => Turn::Going,
        }
    }

    /// The relay does its next thing.
    pub(crate) fn relay(&mut self, chaos: &Chaos) -> Turn {
        match self.relay.step(&mut self.outbox, &mut self.outlet) {
            _ if chaos.is_crashed() => Turn::Ended(None),
            Err(error) => Turn::Ended(Some(error)),
            Ok(Step::Idle) => Turn::Idle,
            Ok(_) => Turn::Going,
        }
    }

    pub(crate) fn has_read(&self, input: &Input) -> bool {
        self.position >= input.len()
    }
}
