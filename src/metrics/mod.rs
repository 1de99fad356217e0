//! Metrics: what an operator sees of caseloom, in Prometheus' text format at `/metrics`.
//!
//! [`Metrics`] has a typed handle for each row of [`TABLE`]. The owner thread updates them once per batch, never per
//! alert. What the store knows (messages, alerts and their terms) comes from the persisted accounting, so that it
//! survives a restart and agrees with the store; the rest counts from the start of the process, as is usual.

mod labels;
mod ledger;
mod make;
mod process;
mod table;

use std::sync::PoisonError;

use caseloom_engine::accounting::{Accounting, Disposition, Move};
use caseloom_engine::busy::Commonness;
use caseloom_engine::command::{Answer, Verdict};
use caseloom_engine::correlator::{Evicted, HubView, Sizes};
use caseloom_engine::decision::Tally;
use caseloom_engine::input::Notes;
use caseloom_engine::knowledge::FactKind;
use caseloom_engine::record::{CapReason, LinkKind};
use caseloom_engine::recurrence::Standing;
use caseloom_engine::silence::{Silence, SilenceState};
use caseloom_engine::time::Timestamp;
use prometheus::{Encoder, IntCounter, TextEncoder};

pub use labels::{Bound, Reload, Stage};
pub use make::Row;
pub use table::{Metrics, TABLE};

use crate::enrichment::ListReport;
use ledger::Ledger;
use process::Process;

/// What may become of a command.
const OUTCOMES: [&str; 7] = [
    "done", "repeated", "same", "stale", "unknown", "merged", "illegal",
];

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Metrics {
    /// All metrics at zero. Series whose labels are known stand there from the beginning, so that a first increase is
    /// one.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self::registered();
        metrics
            .build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        for disposition in Disposition::ALL {
            metrics.alerts.with_label_values(&[disposition.as_str()]);
        }
        for outcome in ["with_alerts", "empty", "rejected"] {
            metrics.messages.with_label_values(&[outcome]);
        }
        for reload in Reload::ALL {
            metrics.policy_reloads.with_label_values(&[reload.as_str()]);
        }
        metrics.set_memory(&[], [0; 3]);
        for stage in Stage::ALL {
            metrics.stage_duration.with_label_values(&[stage.as_str()]);
        }
        for kind in LinkKind::ALL {
            metrics.links.with_label_values(&[kind.as_str()]);
        }
        for what in Evicted::ALL {
            metrics.evicted.with_label_values(&[what.as_str()]);
        }
        for reason in CapReason::ALL {
            metrics
                .cases_continued
                .with_label_values(&[reason.as_str()]);
        }
        for bound in Bound::ALL {
            metrics.bounds_reached.with_label_values(&[bound.as_str()]);
        }
        metrics.cases_closed.with_label_values(&["none"]);
        for outcome in OUTCOMES {
            metrics.commands.with_label_values(&[outcome]);
        }
        for verdict in Verdict::ALL {
            metrics.cases_closed.with_label_values(&[verdict.as_str()]);
        }
        metrics
    }

    /// Takes over the sums after a commit; `received`: the batch's alerts by name of their format. Call it once with
    /// what was restored before the first batch.
    pub fn set_accounting(&self, accounting: &Accounting, received: &[(&str, u64)]) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.settle(accounting, received);
    }

    /// The sums as of the last commit.
    #[must_use]
    pub fn accounting(&self) -> Accounting {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.accounting.clone()
    }

    /// Counts what a batch decided.
    pub fn observe_decision(&self, tally: &Tally, moves: &[Move]) {
        self.late_alerts.inc_by(tally.late);
        self.severity_assumed.inc_by(tally.severity_assumed);
        self.cases_opened.inc_by(tally.cases_opened);
        self.cases_reopened.inc_by(tally.cases_reopened);
        self.recurrences.inc_by(tally.recurrences);
        self.past_evicted.inc_by(tally.past_evicted);
        for (what, count) in Evicted::ALL.into_iter().zip(tally.evicted) {
            add(&self.evicted, what.as_str(), count);
        }
        self.cases_merged.inc_by(tally.cases_merged);
        self.dedup_ids_evicted.inc_by(tally.ids_evicted);
        self.pairs_refused.inc_by(tally.pairs_refused);
        self.scenes_cut.inc_by(tally.scenes_cut);
        add(&self.cases_closed, "none", tally.cases_closed);
        for (verdict, count) in Verdict::ALL.into_iter().zip(tally.cases_resolved) {
            add(&self.cases_closed, verdict.as_str(), count);
        }
        for (kind, count) in LinkKind::ALL.into_iter().zip(tally.links) {
            add(&self.links, kind.as_str(), count);
        }
        for (kind, count) in FactKind::ALL.into_iter().zip(tally.facts) {
            add(&self.enrichment_facts, kind.as_str(), count);
        }
        for (reason, count) in CapReason::ALL.into_iter().zip(tally.continued) {
            add(&self.cases_continued, reason.as_str(), count);
        }
        for moved in moves {
            self.alert_moves
                .with_label_values(&[moved.from.as_str(), moved.to.as_str()])
                .inc_by(moved.alerts);
        }
    }

    /// Counts what became of a command.
    pub fn observe_answer(&self, answer: &Answer) {
        let outcome = match answer {
            Answer::Done(_) => "done",
            Answer::Repeated(_) => "repeated",
            Answer::Same { .. } => "same",
            Answer::Stale { .. } => "stale",
            Answer::Unknown => "unknown",
            Answer::Merged { .. } => "merged",
            Answer::Illegal(_) => "illegal",
        };
        add(&self.commands, outcome, 1);
    }

    /// Counts what parsing a batch left out; sum the notes of its messages first.
    pub fn observe_notes(&self, notes: &Notes) {
        for (note, count) in [
            ("entities_dropped", notes.entities_dropped),
            ("entities_over", notes.entities_over),
            ("attack_dropped", notes.attack_dropped),
            ("severity_unknown", notes.severity_unknown),
            ("scope_overruled", notes.scope_overruled),
            ("time_clamped", notes.time_clamped),
            ("texts_cut", notes.texts_cut),
            ("values_ignored", notes.values_ignored),
        ] {
            add(&self.parse_notes, note, u64::from(count));
        }
    }

    /// Counts records rejected for `reason`, a word of `Reject::reason`.
    pub fn observe_rejects(&self, reason: &'static str, count: u64) {
        add(&self.rejects, reason, count);
    }

    /// Takes over the sizes of the engine's tables.
    pub fn set_sizes(&self, sizes: &Sizes) {
        for (gauge, size) in [
            (&self.entities_tracked, sizes.entities),
            (&self.activities_live, sizes.activities),
            (&self.identities_remembered, sizes.identities),
            (&self.pairs_remembered, sizes.pairs),
            (&self.candidates, sizes.candidates),
            (&self.cases_open, sizes.cases),
            (&self.cases_dormant, sizes.dormant),
            (&self.past_entities, sizes.past),
        ] {
            gauge.set(i64::try_from(size).unwrap_or(i64::MAX));
        }
    }

    /// Takes over how the lists stand at `now`.
    pub fn set_lists(&self, lists: &[ListReport], now: Timestamp) {
        for kind in FactKind::ALL {
            let of = || lists.iter().filter(move |list| list.kind == kind);
            let sum = |count: fn(&ListReport) -> u64| of().map(count).sum::<u64>();
            let oldest = of().map(|list| now.since(list.as_of).0 / 1_000).max();
            let stale = of().filter(|list| list.stale_from <= now).count() as u64;
            for (gauge, value) in [
                (&self.enrichment_entries, sum(|list| list.entries as u64)),
                (&self.enrichment_bad_lines, sum(|list| list.bad)),
                (
                    &self.enrichment_unreadable,
                    sum(|list| u64::from(list.unreadable.is_some())),
                ),
                (&self.enrichment_stale, stale),
                (
                    &self.enrichment_age_seconds,
                    oldest.unwrap_or(0).max(0).unsigned_abs(),
                ),
            ] {
                let gauge = gauge.with_label_values(&[kind.as_str()]);
                gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
    }

    /// Counts what became of a policy that was read again.
    pub fn policy_reloaded(&self, reload: Reload) {
        add(&self.policy_reloads, reload.as_str(), 1);
    }

    /// Takes over which entities are worth less, and how the pairs stand in the order of `Standing`.
    pub fn set_memory(&self, hubs: &[HubView], standings: [usize; 3]) {
        for (word, of) in [("common", Commonness::Common), ("hub", Commonness::Hub)] {
            let count = hubs.iter().filter(|hub| hub.commonness == of).count();
            let gauge = self.hubs.with_label_values(&[word]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let words = [Standing::News, Standing::Lasting, Standing::Background];
        for (standing, count) in words.into_iter().zip(standings) {
            let gauge = self.pairs.with_label_values(&[standing.as_str()]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Takes over how the silences stand at wall time `now`.
    pub fn set_silences<'a>(&self, silences: impl Iterator<Item = &'a Silence>, now: Timestamp) {
        let (mut active, mut waiting) = (0, 0);
        for silence in silences {
            match silence.state(now) {
                SilenceState::Active => active += 1,
                SilenceState::Waiting => waiting += 1,
                SilenceState::Expired | SilenceState::Ended => {}
            }
        }
        for (state, count) in [
            (SilenceState::Active, active),
            (SilenceState::Waiting, waiting),
        ] {
            self.silences
                .with_label_values(&[state.as_str()])
                .set(count);
        }
    }

    /// Adds the time that a batch spent in a stage.
    pub fn observe_stage(&self, stage: Stage, seconds: f64) {
        self.stage_duration
            .with_label_values(&[stage.as_str()])
            .observe(seconds);
    }

    /// Takes over how far a partition is behind.
    pub fn set_lag(&self, topic: &str, partition: i32, records: i64) {
        self.consumer_lag
            .with_label_values(&[topic, &partition.to_string()])
            .set(records);
    }

    /// Takes over what waits to be published.
    pub fn set_outbox(&self, records: u64, bytes: u64) {
        self.outbox_pending
            .set(i64::try_from(records).unwrap_or(i64::MAX));
        self.outbox_bytes
            .set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Makes the series of an output, so that a first increase is one.
    pub fn output_begins(&self, output: &str) {
        for counters in [
            &self.output_delivered,
            &self.output_retries,
            &self.output_dead_letters,
        ] {
            counters.with_label_values(&[output]);
        }
        for reason in ["unwanted", "superseded", "expired"] {
            self.output_skipped.with_label_values(&[output, reason]);
        }
        self.set_output_lag(output, 0);
    }

    /// Counts an event that an output's tool has.
    pub fn output_delivered(&self, output: &str) {
        add(&self.output_delivered, output, 1);
    }

    /// Counts an attempt that failed.
    pub fn output_retried(&self, output: &str) {
        add(&self.output_retries, output, 1);
    }

    /// Counts an event that went to the dead letters.
    pub fn output_dead(&self, output: &str) {
        add(&self.output_dead_letters, output, 1);
    }

    /// Counts an event that an output passed over.
    pub fn output_skipped(&self, output: &str, reason: &'static str) {
        self.output_skipped
            .with_label_values(&[output, reason])
            .inc();
    }

    /// Takes over how old the oldest event is that an output has not got.
    pub fn set_output_lag(&self, output: &str, seconds: i64) {
        self.output_lag_seconds
            .with_label_values(&[output])
            .set(seconds);
    }

    /// Takes over what waits for outputs.
    pub fn set_feed(&self, bytes: u64) {
        self.feed_bytes
            .set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Counts that a bound was reached.
    pub fn bound_reached(&self, bound: Bound) {
        add(&self.bounds_reached, bound.as_str(), 1);
    }

    /// Everything in the text format; see [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let process = process::look();
        let families = {
            // Held until the numbers are read, or two scrapes at once would mix theirs. The owner thread may wait for it
            // a fraction of a millisecond.
            let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
            self.publish_ledger(&ledger);
            self.publish_process(process);
            self.registry.gather()
        };
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&families, &mut text)
            .expect("writing to memory can't fail, and gather leaves no family empty");
        String::from_utf8(text).expect("names, labels and help are text")
    }

    fn publish_ledger(&self, ledger: &Ledger) {
        let sums = &ledger.accounting;
        raise(&self.messages_received, sums.messages);
        for (outcome, count) in [
            ("with_alerts", sums.with_alerts),
            ("empty", sums.empty),
            ("rejected", sums.rejected),
        ] {
            raise(&self.messages.with_label_values(&[outcome]), count);
        }
        for (disposition, count) in Disposition::ALL.into_iter().zip(sums.terms) {
            self.alerts
                .with_label_values(&[disposition.as_str()])
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let received = ledger.received.iter();
        for (format, &count) in received {
            raise(&self.alerts_received.with_label_values(&[format]), count);
        }
        let earlier = ledger.earlier.unwrap_or(0);
        raise(
            &self.alerts_received.with_label_values(&["earlier"]),
            earlier,
        );
        let imbalance = ledger.imbalance();
        self.accounting_imbalance
            .set(i64::try_from(imbalance).unwrap_or(i64::MAX));
    }

    fn publish_process(&self, process: Process) {
        for (gauge, value) in [
            (&self.process_resident_memory, process.resident_bytes),
            (&self.process_virtual_memory, process.virtual_bytes),
            (&self.process_threads, process.threads),
            (&self.process_open_fds, process.open_fds),
            (&self.process_max_fds, process.max_fds),
        ] {
            gauge.set(value.unwrap_or_else(|| gauge.get()));
        }
        if let Some(start) = process.start_seconds {
            self.process_start_time.set(start);
        }
        if let Some(cpu) = process.cpu_seconds {
            let more = cpu - self.process_cpu.get();
            self.process_cpu.inc_by(more.max(0.0));
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds to a counter with one label; nothing stays nothing.
fn add(counters: &prometheus::IntCounterVec, label: &str, count: u64) {
    if count > 0 {
        counters.with_label_values(&[label]).inc_by(count);
    }
}

/// Brings a counter up to a sum that is kept elsewhere. Only `render` calls it, under the ledger's lock.
fn raise(counter: &IntCounter, sum: u64) {
    counter.inc_by(sum.saturating_sub(counter.get()));
}

#[cfg(test)]
mod tests;
