//! The daemon: the one place that knows all the parts, builds them, joins them and takes them down again.
//!
//! Order of a start: store, engine's memory, read view, HTTP (so that `/readyz` can say what is missing), Kafka.
//! Order of a stop: input, batch at hand, lane drained, HTTP, store.

mod gauges;
mod input;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use caseloom_engine::accounting::Accounting;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError};
use crate::events::{RenderOptions, Renderer};
use crate::http::{Check, HttpOptions, HttpParts, Readiness};
use crate::kafka::{
    DestinationTopics, InputTopic, KafkaError, KafkaOptions, KafkaPublisher, KafkaSource,
    TopicSpec, ensure_topics,
};
use crate::metrics::Metrics;
use crate::pipeline::{
    Lane, LaneStatus, Limits, OnEvent, Owner, Parts, PipelineError, Progress, TopicSettings,
    Topics, wake,
};
use crate::ports::{PublishError, Publisher};
use crate::shutdown::Shutdown;
use crate::store::{OutboxReader, Recovered, Store, StoreError, StoreOptions};
use crate::view::CaseView;

/// Batches that the lane may not have heard of; it looks at the outbox itself when more come.
const NEWS_MAX: usize = 1_024;
/// How long a stop waits for the lane; what is left is published by the next start.
const DRAIN: Duration = Duration::from_secs(3);
/// Partitions of output topics that are made here.
const OUTPUT_PARTITIONS: i32 = 4;

/// What a run of the daemon is asked for besides its configuration.
#[derive(Default)]
pub struct Wishes {
    /// Go on after input records that are not in their topic any more.
    pub accept_gap: bool,
    /// Told of each case event once it is durable.
    pub on_event: Option<OnEvent>,
    /// Told the address of the HTTP side once it listens.
    pub on_listen: Option<Box<dyn FnOnce(std::net::SocketAddr) + Send>>,
}

/// Why the daemon ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store can't be opened, read or written.
    #[error("the store at {path} failed")]
    Store {
        /// The data directory.
        path: std::path::PathBuf,
        /// What went wrong.
        source: StoreError,
    },
    /// Kafka refused.
    #[error("kafka failed")]
    Kafka(#[from] KafkaError),
    /// The publisher can't be made.
    #[error("the publisher failed")]
    Publish(#[from] PublishError),
    /// The pipeline stopped.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The HTTP side can't listen, or a thread can't be started.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wishes")
            .field("accept_gap", &self.accept_gap)
            .finish_non_exhaustive()
    }
}

/// Runs until the wish to stop. Returns the sums as they are in the store.
///
/// # Errors
/// Why it could not start or go on.
pub fn run(
    config: &Config,
    wishes: Wishes,
    shutdown: &Shutdown,
) -> Result<Accounting, DaemonError> {
    let ended = build(config, wishes, shutdown);
    // Whatever ended the owner ends the other threads too.
    shutdown.request();
    ended
}

fn build(config: &Config, wishes: Wishes, shutdown: &Shutdown) -> Result<Accounting, DaemonError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (metrics, readiness) = (Arc::new(Metrics::new()), Readiness::new());
    let failed = |source| DaemonError::Store {
        path: config.store.path.clone(),
        source,
    };
    let options = StoreOptions {
        block_cache_bytes: config.store.cache_bytes,
        ..StoreOptions::default()
    };
    let store = Store::open(&config.store.path, &options).map_err(failed)?;
    let recovered = store.recover().map_err(failed)?;
    let view = Arc::new(CaseView::new(
        config.http.view_cases_max,
        Arc::clone(&metrics),
    ));
    let parts = HttpParts {
        view: Arc::clone(&view),
        reader: store.reader.clone(),
        metrics: Arc::clone(&metrics),
        readiness: readiness.clone(),
        clock: Arc::clone(&clock),
    };
    let http = serve(config, parts, wishes.on_listen, shutdown)?;
    view.load(store.reader.groups()).map_err(failed)?;
    let policy = config.load_policy(None)?;
    let topics = Topics::number(&recovered.topics, settings(config));
    let correlator = wake(&store, &recovered, &topics, policy, clock.now()).map_err(failed)?;
    readiness.pass(Check::StateRestored);

    let options = config.kafka.options(wishes.accept_gap);
    check_topics(config, &options)?;
    let mut source = start_source(config, &options, &topics, &recovered)?;
    let lane_status = LaneStatus::default();
    let (news, heard) = crossbeam_channel::bounded::<Progress>(NEWS_MAX);
    let shared = (Arc::clone(&metrics), Arc::clone(&clock));
    let lane = make_lane(
        config,
        &options,
        (store.outbox, recovered.published),
        heard,
        &lane_status,
        shared,
    )?;
    let lane = spawn_lane(lane, shutdown)?;
    let gauges = gauges::Gauges {
        source: source.monitor(),
        lane: lane_status.clone(),
        reader: store.reader.clone(),
        readiness,
        metrics: Arc::clone(&metrics),
    };
    let gauges = gauges.spawn(shutdown)?;

    let mut owner = Owner::new(Parts {
        parser: parser(config),
        correlator,
        writer: store.writer,
        topics,
        next_offsets: recovered.next_offsets,
        renderer: renderer(config),
        view,
        metrics,
        clock,
        limits: limits(config),
        lane: news,
        lane_status,
        on_event: wishes.on_event,
    });
    let ended = owner.run(&mut source, shutdown);
    shutdown.request();
    let accounting = owner.correlator().accounting().clone();
    // The lane hears from its closed channel that nothing more will come.
    drop(owner);
    if let Err(error) = source.stop() {
        tracing::warn!(%error, "the kafka source did not stop in time");
    }
    for (name, thread) in [("lane", lane), ("gauges", gauges), ("http", http)] {
        if thread.join().is_err() {
            tracing::error!(name, "a thread panicked");
        }
    }
    ended?;
    Ok(accounting)
}

/// Makes the output topics, or at least says which are missing: a producer would otherwise have them made with the
/// broker's defaults, and the state topic would not be compacted. A broker that is out of reach is waited for later.
fn check_topics(config: &Config, options: &KafkaOptions) -> Result<(), DaemonError> {
    match ensure_topics(options, &output_topics(config), config.kafka.create_topics) {
        Err(error @ KafkaError::TopicsMissing(_)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "cannot check the output topics");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Serves HTTP on its own threads.
fn serve(
    config: &Config,
    parts: HttpParts,
    on_listen: Option<Box<dyn FnOnce(std::net::SocketAddr) + Send>>,
    shutdown: &Shutdown,
) -> Result<JoinHandle<()>, DaemonError> {
    let address = config.http.listen;
    let failed = |source| DaemonError::System {
        what: format!("cannot listen on {address}"),
        source,
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(failed)?;
    tracing::info!(address = %local, "listening");
    if let Some(on_listen) = on_listen {
        on_listen(local);
    }
    let shutdown = shutdown.clone();
    let options = HttpOptions::from(&config.http);
    let work = move || {
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            crate::http::serve(listener, parts, options, shutdown.requested()).await
        });
        if let Err(error) = served {
            tracing::error!(%error, "http ended");
        }
    };
    spawn("http", work)
}

fn start_source(
    config: &Config,
    options: &KafkaOptions,
    topics: &Topics,
    recovered: &Recovered,
) -> Result<input::Input, DaemonError> {
    let starts = config.inputs.iter().map(|input| input.start);
    let inputs = topics
        .iter()
        .zip(starts)
        .map(|((id, settings), start)| InputTopic {
            id,
            name: settings.name.clone(),
            start: start.into(),
        });
    let source = KafkaSource::start(options, inputs.collect(), &recovered.next_offsets)?;
    Ok(input::Input::new(source))
}

fn make_lane(
    config: &Config,
    options: &KafkaOptions,
    (outbox, published): (OutboxReader, u64),
    heard: crossbeam_channel::Receiver<Progress>,
    status: &LaneStatus,
    shared: (Arc<Metrics>, Arc<dyn Clock>),
) -> Result<Lane, DaemonError> {
    let destinations = DestinationTopics {
        events: config.output.events_topic.clone(),
        state: config.output.state_topic.clone(),
        dead_letters: config.output.dlq_topic.clone(),
    };
    let options = options.clone();
    let remake = Box::new(move || -> Result<Box<dyn Publisher>, PublishError> {
        let made = KafkaPublisher::new(&options, destinations.clone());
        let publisher = made.map_err(|error| PublishError::Fatal(error.to_string()))?;
        Ok(Box::new(publisher))
    });
    Ok(Lane::new(
        outbox,
        published,
        remake,
        heard,
        status.clone(),
        shared,
    )?)
}

fn spawn_lane(lane: Lane, shutdown: &Shutdown) -> Result<JoinHandle<()>, DaemonError> {
    let shutdown = shutdown.clone();
    spawn("publisher-lane", move || lane.run(&shutdown, DRAIN))
}

/// Starts a named thread.
pub(crate) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, DaemonError> {
    let started = thread::Builder::new().name(name.into()).spawn(work);
    started.map_err(|source| DaemonError::System {
        what: format!("cannot start the thread {name}"),
        source,
    })
}

/// The topics as configured, with their formats looked up.
fn settings(config: &Config) -> Vec<TopicSettings> {
    let parser = config.parser();
    let settings = |input: &crate::config::InputConfig| TopicSettings {
        name: input.topic.clone(),
        format: parser
            .format(&input.format)
            .expect("an unknown format was refused with the configuration"),
        scope: input.scope.clone(),
        message_bytes_max: input.message_bytes_max,
        store_raw: input.store_raw,
    };
    config.inputs.iter().map(settings).collect()
}

/// A parser that takes messages as long as the most patient topic; each topic's own limit is applied before.
fn parser(config: &Config) -> caseloom_engine::input::Parser {
    let longest = config
        .inputs
        .iter()
        .map(|input| input.message_bytes_max)
        .max();
    let mut limits = config.limits;
    limits.message_bytes_max = limits.message_bytes_max.max(longest.unwrap_or(0));
    caseloom_engine::input::Parser::new(config.mappings.clone(), limits)
}

fn renderer(config: &Config) -> Renderer {
    Renderer::new(RenderOptions {
        source: config.output.source.clone(),
        assignee_group: config.output.assignee_group.clone(),
        ..RenderOptions::default()
    })
}

fn limits(config: &Config) -> Limits {
    Limits {
        records_max: config.pipeline.batch_alerts_max,
        bytes_max: config.pipeline.batch_bytes_max,
        age_max: config.pipeline.batch_age_max,
        outbox_records_max: config.store.outbox_records_max as u64,
        outbox_bytes_max: config.store.outbox_bytes_max as u64,
    }
}

fn output_topics(config: &Config) -> Vec<TopicSpec> {
    let output = &config.output;
    let topic = |name: &str, compacted| TopicSpec {
        name: name.into(),
        partitions: OUTPUT_PARTITIONS,
        replication: -1,
        compacted,
    };
    vec![
        topic(&output.events_topic, false),
        topic(&output.state_topic, true),
        topic(&output.dlq_topic, false),
    ]
}
