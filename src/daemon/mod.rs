//! The daemon: the one place that knows all the parts, builds them, joins them and takes them down again.
//!
//! Order of a start: store, engine's memory, read view, HTTP (so that `/readyz` can say what is missing), Kafka.
//! Order of a stop: input, batch at hand, lane drained, HTTP, store.

mod gauges;
mod input;
mod output;
mod outputs;
mod reload;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use caseloom_engine::accounting::Accounting;
use caseloom_engine::time::Span;

use crate::access::{TokenError, Tokens};
pub use reload::{Reread, Wanted};

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError};
use crate::enrichment::Lists;
use crate::events::{RenderOptions, Renderer};
use crate::evidence::EvidenceStore;
use crate::http::{Access, Check, HttpOptions, HttpParts, Live, Readiness};
use crate::kafka::{InputTopic, KafkaError, KafkaOptions, KafkaSource};
use crate::metrics::Metrics;
use crate::pipeline::{
    Acceptance, Care, ContextPost, Heads, Lane, LaneParts, LaneStatus, Limits, News, OnEvent,
    Owner, Parts, PipelineError, StoreGuard, TopicSettings, Topics, desk, post, wake,
};
use crate::shutdown::Shutdown;
use crate::store::{Recovered, Store, StoreError, StoreOptions, StoreReader};
use crate::view::CaseView;

/// Batches that the lane may not have heard of; it looks at the outbox itself when more come.
const NEWS_MAX: usize = 1_024;
/// How long a stop waits for the lane to publish; what is left is published by the next start.
const DRAIN: Duration = Duration::from_secs(2);
/// How long it waits for all threads: a client that hangs on a broker that is away is left to the end of the process.
const JOIN: Duration = Duration::from_secs(4);

/// What a run of the daemon is asked for besides its configuration.
#[derive(Default)]
pub struct Wishes {
    /// Go on after input records that are not in their topic any more.
    pub accept_gap: bool,
    /// Go on though the store is older or another one than what was published.
    pub accept: Acceptance,
    /// Told of each case event once it is durable.
    pub on_event: Option<OnEvent>,
    /// Told the address of the HTTP side once it listens.
    pub on_listen: Option<Box<dyn FnOnce(std::net::SocketAddr) + Send>>,
    /// Reads the configuration again at SIGHUP.
    pub reread: Option<Reread>,
    /// Counts here, for whoever wants to read along.
    pub metrics: Option<Arc<Metrics>>,
}

/// Why the daemon ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The tokens can't be read.
    #[error(transparent)]
    Tokens(#[from] TokenError),
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
            .field("accept", &self.accept)
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
    let metrics = wishes.metrics.unwrap_or_else(|| Arc::new(Metrics::new()));
    let readiness = Readiness::new();
    let failed = |source| DaemonError::Store {
        path: config.store.path.clone(),
        source,
    };
    let options = StoreOptions {
        block_cache_bytes: config.store.cache_bytes,
        ..StoreOptions::default()
    };
    let mut store = Store::open(&config.store.path, &options).map_err(failed)?;
    let recovered = store.recover().map_err(failed)?;
    let view = Arc::new(CaseView::new(
        config.http.view_cases_max,
        Arc::clone(&metrics),
    ));
    let (desk, wanted) = desk();
    let live = Live::default();
    let parts = HttpParts {
        view: Arc::clone(&view),
        reader: store.reader.clone(),
        metrics: Arc::clone(&metrics),
        readiness: readiness.clone(),
        clock: Arc::clone(&clock),
        desk: Some(desk),
        evidence: Some(EvidenceStore::beside(&config.store.path)),
        access: access(config)?,
        live: live.clone(),
    };
    let http = serve(config, parts, wishes.on_listen, shutdown)?;
    let policy = config.load_policy(None)?;
    let topics = Topics::number(&recovered.topics, settings(config));
    // Both read the store from end to end, and neither needs the other.
    let (listed, woken) = std::thread::scope(|threads| {
        let lists = threads.spawn(|| view.fill(&store.reader));
        let woken = wake(&store, &recovered, &topics, policy, clock.now());
        (lists.join(), woken)
    });
    let correlator = woken.map_err(failed)?;
    match listed {
        Ok(read) => drop(read.map_err(failed)?),
        Err(panic) => std::panic::resume_unwind(panic),
    }
    readiness.pass(Check::StateRestored);
    let reading = read_up(Arc::clone(&view), store.reader.clone(), shutdown)?;

    let options = config.kafka.options(wishes.accept_gap);
    let outlet = output::outlet(config, &options)?;
    let mut source = start_source(config, &options, &topics, &recovered)?;
    if !config.outputs.is_empty() {
        store.writer.keep_feed(&store.feed);
    }
    let shelf =
        outputs::shelf(config, store.feed, recovered.outbox_head, &metrics).map_err(failed)?;
    let lane_status = LaneStatus::default();
    let (news, heard) = crossbeam_channel::bounded::<News>(NEWS_MAX);
    let lane = Lane::new(LaneParts {
        outbox: Box::new(store.outbox),
        outlet: Box::new(outlet),
        start: output::start(&recovered, wishes.accept)?,
        news: heard,
        status: lane_status.clone(),
        metrics: Arc::clone(&metrics),
        clock: Arc::clone(&clock),
    });
    let lane = spawn_lane(lane, shutdown)?;
    let guard = StoreGuard::default();
    let gauges = gauges::Gauges {
        source: source.monitor(),
        lane: lane_status.clone(),
        reader: store.reader.clone(),
        readiness,
        metrics: Arc::clone(&metrics),
        guard: guard.clone(),
        path: config.store.path.clone(),
        free_bytes_min: config.store.free_bytes_min as u64,
    };
    let gauges = gauges.spawn(shutdown)?;

    let every = Span(i64::try_from(config.output.audit_every.as_millis()).unwrap_or(i64::MAX));
    let (mailbox, post) = post(Heads::new(store.reader.clone(), every));
    let shared = outputs::Shared {
        mailbox,
        metrics: Arc::clone(&metrics),
        clock: Arc::clone(&clock),
        guard: guard.clone(),
    };
    let outputs = outputs::start(config, &shelf, &shared, shutdown)?;
    let contexts = ContextPost::default();
    let mut reload = reload::Reload {
        reread: wishes.reread,
        lists: Lists::new(config.enrichment.clone()),
        post: contexts.clone(),
        metrics: Arc::clone(&metrics),
        clock: Arc::clone(&clock),
    };
    // Before the first alert, so that a restart decides as if there had been none.
    reload.tell_lists();
    let reload = reload.spawn(shutdown)?;
    let mut owner = Owner::new(Parts {
        parser: parser(config),
        correlator,
        writer: Box::new(store.writer),
        topics,
        next_offsets: recovered.next_offsets,
        lost: recovered.lost,
        renderer: renderer(config),
        view,
        metrics,
        clock,
        limits: limits(config),
        lane: news,
        lane_status,
        guard,
        care: Care::after(recovered.batch_no, recovered.attempt),
        desk: wanted,
        post,
        contexts,
        on_event: Some(tell(live, wishes.on_event)),
    });
    let ended = owner.run(&mut source, shutdown);
    shutdown.request();
    let accounting = owner.correlator().accounting().clone();
    // The lane hears from its closed channel that nothing more will come.
    drop(owner);
    if let Err(error) = source.stop() {
        tracing::warn!(%error, "the kafka source did not stop in time");
    }
    let mut threads = vec![
        ("lane", lane),
        ("gauges", gauges),
        ("http", http),
        ("search", reading),
        ("reload", reload),
    ];
    threads.extend(outputs);
    join(threads);
    ended?;
    Ok(accounting)
}

/// Tells listeners of each event, and whoever else wants to know.
fn tell(live: Live, mut other: Option<OnEvent>) -> OnEvent {
    Box::new(move |event| {
        live.tell(event);
        if let Some(other) = &mut other {
            other(event);
        }
    })
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

/// Off loopback reading needs a token, unless the operator says that somebody else guards the port.
fn access(config: &Config) -> Result<Access, TokenError> {
    let http = &config.http;
    let is_local = http.listen.ip().is_loopback();
    Ok(Access {
        tokens: match &http.tokens {
            Some(path) => Tokens::load(path)?,
            None => Tokens::default(),
        },
        anonymous_reads: is_local || http.insecure_listen,
        anonymous_writes: is_local && http.anonymous_writes,
    })
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

/// Reads what the cases of the list say, so that the first search need not.
fn read_up(
    view: Arc<CaseView>,
    reader: StoreReader,
    shutdown: &Shutdown,
) -> Result<JoinHandle<()>, DaemonError> {
    let shutdown = shutdown.clone();
    spawn("search-fill", move || {
        while !shutdown.is_requested() {
            match view.read_next(&reader) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    return tracing::error!(%error, "cases could not be read for the search");
                }
            }
        }
    })
}

fn spawn_lane(lane: Lane, shutdown: &Shutdown) -> Result<JoinHandle<()>, DaemonError> {
    let shutdown = shutdown.clone();
    spawn("publisher-lane", move || lane.run(&shutdown, DRAIN))
}

/// Waits for the threads, each until all of them had [`JOIN`].
fn join(threads: Vec<(&'static str, JoinHandle<()>)>) {
    let deadline = Instant::now() + JOIN;
    for (name, thread) in threads {
        while !thread.is_finished() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(5));
        }
        if !thread.is_finished() {
            tracing::warn!(name, "a thread did not end in time");
        } else if thread.join().is_err() {
            tracing::error!(name, "a thread panicked");
        }
    }
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
