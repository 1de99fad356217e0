//! How a row of the table becomes a registered metric. Each type of metric has one way in.

use std::slice::Iter;

use prometheus::core::Collector;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, Result,
};

/// One metric, as documentation and registration see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The whole name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// For whoever looks at it.
    pub help: &'static str,
    /// Label names, in the order of the values.
    pub labels: &'static [&'static str],
    /// The buckets of a histogram, by their upper bounds; nothing for other kinds.
    pub buckets: &'static [&'static [f64]],
}

/// Work inside a batch: from 50 µs to 10 s.
pub(super) const WORK_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 10.0,
];

/// What a person waits for: the aim is one second, a catch-up takes hours.
pub(super) const LATENCY_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, 3600.0,
];

/// Sizes of batches.
pub(super) const BATCH_SIZES: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 65536.0,
];

/// A type of metric that a row can become.
pub(super) trait Make: Collector + Clone + 'static {
    /// The word in the exposition.
    const KIND: &'static str;

    fn make(row: &Row) -> Result<Self>;

    /// Takes the next row and registers what it says.
    fn registered(rows: &mut Iter<'static, Row>, registry: &Registry) -> Self {
        let row = rows.next().expect("each field of the table has its row");
        let metric = Self::make(row).expect("the table holds valid names and labels");
        registry
            .register(Box::new(metric.clone()))
            .expect("the table holds each name once");
        metric
    }
}

macro_rules! plain {
    ($($type:ident $kind:literal),+) => {$(
        impl Make for $type {
            const KIND: &'static str = $kind;

            fn make(row: &Row) -> Result<Self> {
                Self::with_opts(Opts::new(row.name, row.help))
            }
        }
    )+};
}

macro_rules! labelled {
    ($($type:ident $kind:literal),+) => {$(
        impl Make for $type {
            const KIND: &'static str = $kind;

            fn make(row: &Row) -> Result<Self> {
                Self::new(Opts::new(row.name, row.help), row.labels)
            }
        }
    )+};
}

plain!(IntCounter "counter", Counter "counter", IntGauge "gauge", Gauge "gauge");
labelled!(IntCounterVec "counter", IntGaugeVec "gauge");

impl Make for Histogram {
    const KIND: &'static str = "histogram";

    fn make(row: &Row) -> Result<Self> {
        Self::with_opts(HistogramOpts::new(row.name, row.help).buckets(row.buckets.concat()))
    }
}

impl Make for HistogramVec {
    const KIND: &'static str = "histogram";

    fn make(row: &Row) -> Result<Self> {
        let opts = HistogramOpts::new(row.name, row.help).buckets(row.buckets.concat());
        Self::new(opts, row.labels)
    }
}
