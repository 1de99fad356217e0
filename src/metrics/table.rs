//! The one table of all metrics. A row is field, type, name and labels; its doc comment is the help text.
//!
//! A row makes the typed handle, its registration and its line in [`TABLE`], so a metric can't be in one and miss in
//! another. Labels are bounded: words of the program, names of formats and topics from the configuration, partitions.
//! Never an entity, a rule or a tenant: whoever sends alerts would decide how large this process grows.

use std::sync::Mutex;

use prometheus::{
    Counter, Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry,
};

use super::ledger::Ledger;
use super::make::{BATCH_SIZES, LATENCY_SECONDS, Make, Row, WORK_SECONDS};

macro_rules! table {
    ($($(#[doc = $help:literal])+ $field:ident: $type:ident = $name:literal $labels:expr $(, $buckets:expr)?;)+) => {
        /// The handles of all metrics. One per process, shared behind an `Arc`.
        #[derive(Debug)]
        pub struct Metrics {
            pub(super) registry: Registry,
            /// A std Mutex, because nothing awaits under it and it is held for a copy.
            pub(super) ledger: Mutex<Ledger>,
            $($(#[doc = $help])+ pub $field: $type,)+
        }

        /// Every metric there is, in the order of the handles.
        pub const TABLE: &[Row] = &[$(Row {
            name: $name,
            kind: <$type as Make>::KIND,
            help: concat!($($help),+).trim_ascii(),
            labels: &$labels,
            buckets: &[$($buckets)?],
        }),+];

        impl Metrics {
            /// Registers everything in the table, each once.
            pub(super) fn registered() -> Self {
                let registry = Registry::new();
                let mut rows = TABLE.iter();
                $(let $field = <$type as Make>::registered(&mut rows, &registry);)+
                Self { registry, ledger: Mutex::default(), $($field,)+ }
            }
        }
    };
}

table! {
    // What came in.

    /// Messages read from the input topics since the store began.
    messages_received: IntCounter = "caseloom_messages_received_total" [];
    /// Messages by what they held, since the store began: with_alerts, empty or rejected. The sum is
    /// caseloom_messages_received_total.
    messages: IntCounterVec = "caseloom_messages_total" ["outcome"];
    /// Alerts decided, by input format. Format earlier stands for the alerts of earlier runs on this store: leave it
    /// out of rates.
    alerts_received: IntCounterVec = "caseloom_alerts_received_total" ["format"];
    /// Records that were not understood, by reason, since this process started.
    rejects: IntCounterVec = "caseloom_rejects_total" ["reason"];
    /// Messages that were gone from their topic before they could be read, and were passed over with --accept-gap, since
    /// the store began.
    messages_lost: IntCounter = "caseloom_messages_lost_total" [];
    /// How often the reader waited because the pipeline took nothing, since this process started.
    source_waits: IntCounter = "caseloom_source_waits_total" [];
    /// Messages that the client read twice, after a pause, and that were dropped, since this process started.
    source_repeats: IntCounter = "caseloom_source_repeats_total" [];
    /// 1 while nothing is fetched because the pipeline takes nothing.
    source_held: IntGauge = "caseloom_source_held" [];
    /// What parsing left out or changed in alerts it understood, since this process started.
    parse_notes: IntCounterVec = "caseloom_parse_notes_total" ["note"];
    /// Records between the next one to decide and the end of the partition.
    consumer_lag: IntGaugeVec = "kafka_consumer_lag" ["topic", "partition"];

    // Where it went.

    /// Alerts by the term of the accounting in which they are now. A gauge, in spite of its name: alerts move between
    /// terms. The sum is that of caseloom_alerts_received_total.
    alerts: IntGaugeVec = "caseloom_alerts_total" ["disposition"];
    /// Alerts that moved from one term of the accounting to another, since this process started.
    alert_moves: IntCounterVec = "caseloom_alert_moves_total" ["from", "to"];
    /// Messages and alerts that are in no term of the accounting, or in two. Other than 0 is a defect.
    accounting_imbalance: IntGauge = "caseloom_accounting_imbalance" [];
    /// Alerts that came later than the allowed lateness, since this process started.
    late_alerts: IntCounter = "caseloom_late_alerts_total" [];
    /// Alerts without a severity, for which medium was assumed, since this process started.
    severity_assumed: IntCounter = "caseloom_severity_assumed_total" [];
    /// Records written to the dead-letter topic, since this process started.
    dead_letters: IntCounter = "caseloom_dead_letters_total" [];

    // Cases.

    /// Cases that are open now and that alerts can still join. Those that rest until people close them are not in it.
    cases_open: IntGauge = "caseloom_cases_open" [];
    /// Groups below the promotion threshold now.
    candidates: IntGauge = "caseloom_candidates" [];
    /// Cases opened, since this process started.
    cases_opened: IntCounter = "caseloom_cases_opened_total" [];
    /// Cases that silence closed and that something may still reopen, now.
    cases_dormant: IntGauge = "caseloom_cases_dormant" [];
    /// Cases that silence had closed and that something returned to, since this process started.
    cases_reopened: IntCounter = "caseloom_cases_reopened_total" [];
    /// Cases that came back from an earlier one, since this process started.
    recurrences: IntCounter = "caseloom_recurrences_total" [];
    /// Entities of cases that ended, by which new ones are told to come back, now.
    past_entities: IntGauge = "caseloom_past_entities" [];
    /// Cases that ended and were forgotten early because `reopen.entities_max` was reached, since this process started.
    past_evicted: IntCounter = "caseloom_past_evicted_total" [];
    /// Candidates, dormant cases, bins of background and open cases that were let go early because `memory.activities_max` or
    /// `memory.entities_max` was reached, since this process started.
    evicted: IntCounterVec = "caseloom_evicted_total" ["what"];
    /// Cases merged into another, since this process started.
    cases_merged: IntCounter = "caseloom_cases_merged_total" [];
    /// Cases closed, by verdict, since this process started. Verdict none: closed by silence.
    cases_closed: IntCounterVec = "caseloom_cases_closed_total" ["verdict"];
    /// Commands on cases, by what became of them (done, repeated, same, stale, unknown, merged, illegal), since this
    /// process started.
    commands: IntCounterVec = "caseloom_commands_total" ["outcome"];
    /// Cases and candidates continued in a new one because they were full, by the cap, since this process started.
    cases_continued: IntCounterVec = "caseloom_cases_continued_total" ["reason"];
    /// Links made between activities, by kind, since this process started.
    links: IntCounterVec = "caseloom_links_total" ["kind"];

    // By which policy.

    /// Policies read again at SIGHUP, by what became of them: applied, unchanged or refused, since this process started.
    policy_reloads: IntCounterVec = "caseloom_policy_reloads_total" ["outcome"];
    /// Entries of the lists of users, assets and indicators that hold now.
    enrichment_entries: IntGaugeVec = "caseloom_enrichment_entries" ["kind"];
    /// Lines and objects of the lists that are wrong, as they were last read.
    enrichment_bad_lines: IntGaugeVec = "caseloom_enrichment_bad_lines" ["kind"];
    /// Lists that can't be read now; what they said before stays.
    enrichment_unreadable: IntGaugeVec = "caseloom_enrichment_unreadable" ["kind"];
    /// Lists that are stale by their stale_after.
    enrichment_stale: IntGaugeVec = "caseloom_enrichment_stale" ["kind"];
    /// Seconds since the list that is oldest changed; 0: there is none.
    enrichment_age_seconds: IntGaugeVec = "caseloom_enrichment_age_seconds" ["kind"];
    /// Facts that came onto groups with their entities, since this process started.
    enrichment_facts: IntCounterVec = "caseloom_enrichment_facts_total" ["kind"];
    /// Entities that are worth less than their kind because they touch too much, now: common (half) or hub (nothing).
    hubs: IntGaugeVec = "caseloom_hubs" ["standing"];
    /// Pairs of a rule and its subject by how they stood at their last alert: news, lasting or background. Of those that
    /// had no alert since this process started, only background is counted.
    pairs: IntGaugeVec = "caseloom_pairs" ["standing"];

    /// Silences now, by state: active or waiting. What they keep out is caseloom_alerts_total{disposition="suppressed"}.
    silences: IntGaugeVec = "caseloom_silences" ["state"];

    // What is kept.

    /// Entities named by live activities.
    entities_tracked: IntGauge = "caseloom_entities_tracked" [];
    /// Activities in candidates and open cases.
    activities_live: IntGauge = "caseloom_activities_live" [];
    /// Native ids remembered to tell redeliveries.
    identities_remembered: IntGauge = "caseloom_identities_remembered" [];
    /// Native ids forgotten early because dedup.ids_max was reached, since this process started.
    dedup_ids_evicted: IntCounter = "caseloom_dedup_ids_evicted_total" [];
    /// Pairs of a rule and its subject, and rules, of which is remembered in which hours they fired.
    pairs_remembered: IntGauge = "caseloom_pairs_remembered" [];
    /// How often a pair could not be remembered because recurrence.pairs_max was reached, since this process started. Its
    /// alerts are news.
    pairs_refused: IntCounter = "caseloom_pairs_refused_total" [];
    /// Activities no longer held against background on their subject, which had too many, since this process started.
    scenes_cut: IntCounter = "caseloom_scenes_cut_total" [];
    /// Bytes of the store on disk.
    state_bytes: IntGauge = "caseloom_state_bytes" [];
    /// Bytes free on the file system of the store. Below store.free_bytes_min nothing is read.
    store_free_bytes: IntGauge = "caseloom_store_free_bytes" [];
    /// How often a bound was reached, since this process started.
    bounds_reached: IntCounterVec = "caseloom_bounds_reached_total" ["bound"];

    // What goes out.

    /// Output records that are committed and not known to be published.
    outbox_pending: IntGauge = "caseloom_outbox_pending" [];
    /// Bytes of the output records that are committed and not known to be published.
    outbox_bytes: IntGauge = "caseloom_outbox_bytes" [];
    /// How often publishing failed and a new publisher was made, since this process started.
    publisher_rebuilds: IntCounter = "caseloom_publisher_rebuilds_total" [];
    /// Case events published, by type, since this process started.
    events_published: IntCounterVec = "caseloom_events_published_total" ["type"];

    /// Events that an output's tool has taken, since this process started.
    output_delivered: IntCounterVec = "caseloom_output_delivered_total" ["output"];
    /// Attempts to deliver an event that failed and are repeated, since this process started.
    output_retries: IntCounterVec = "caseloom_output_retries_total" ["output"];
    /// Events that an output's tool refused and that are in the dead letters, since this process started.
    output_dead_letters: IntCounterVec = "caseloom_output_dead_letters_total" ["output"];
    /// Events that an output passed over, by reason, since this process started: unwanted by its filters, superseded by a
    /// later one of the same case, or expired: beyond store.feed_bytes_max or store.feed_age_max before it could take them.
    output_skipped: IntCounterVec = "caseloom_output_skipped_total" ["output", "reason"];
    /// Seconds since the oldest event that an output has not got yet; 0: it has all.
    output_lag_seconds: IntGaugeVec = "caseloom_output_lag_seconds" ["output"];
    /// Bytes of the events that wait for outputs.
    feed_bytes: IntGauge = "caseloom_feed_bytes" [];

    // How long it takes.

    /// Seconds per batch in each stage: poll, parse, decide, commit, publish.
    stage_duration: HistogramVec = "caseloom_stage_duration_seconds" ["stage"], WORK_SECONDS;
    /// Seconds from the broker's time stamp of an alert to the acknowledgement of the case event it caused.
    end_to_end_latency: Histogram = "caseloom_end_to_end_latency_seconds" [], LATENCY_SECONDS;
    /// Seconds of a synced write of one batch.
    commit_duration: Histogram = "caseloom_commit_duration_seconds" [], WORK_SECONDS;
    /// Alerts in a batch.
    batch_alerts: Histogram = "caseloom_batch_alerts" [], BATCH_SIZES;

    // The process.

    /// 1 when /readyz answers 200, else 0.
    ready: IntGauge = "caseloom_ready" [];
    /// Always 1; its label says which version runs.
    build_info: IntGaugeVec = "caseloom_build_info" ["version"];
    /// Seconds of user and system time.
    process_cpu: Counter = "process_cpu_seconds_total" [];
    /// Bytes of memory in RAM.
    process_resident_memory: IntGauge = "process_resident_memory_bytes" [];
    /// Bytes of address space.
    process_virtual_memory: IntGauge = "process_virtual_memory_bytes" [];
    /// Open file descriptors.
    process_open_fds: IntGauge = "process_open_fds" [];
    /// The most file descriptors that may be open.
    process_max_fds: IntGauge = "process_max_fds" [];
    /// Threads.
    process_threads: IntGauge = "process_threads" [];
    /// Start of the process in seconds since 1970.
    process_start_time: Gauge = "process_start_time_seconds" [];
}
