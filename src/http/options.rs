//! The limits of the HTTP side. Each is generous for people and scrapers, and small beside the rest of the process.

use std::time::Duration;

use crate::config::HttpConfig;

/// What the HTTP side allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// Names under which it may be asked for, besides addresses and `localhost`, when it listens on loopback. For a
    /// proxy on the same machine that passes the outer name on.
    pub hosts: Vec<String>,
    /// Most connections at once; more wait unaccepted. A descriptor and some 20 KiB each.
    pub connections_max: usize,
    /// Most requests at once; more get 503.
    pub requests_max: usize,
    /// How often somebody may ask, for each token and each address without one; five seconds' worth at once. 0: no limit.
    pub requests_per_second: u32,
    /// Most pieces of evidence sent at once: each is in memory, 32 MiB at most.
    pub uploads_max: usize,
    /// Most reads of view and store at once; more wait within their request's time. Twice the usual two cores, because
    /// they wait for the disk, and few enough to leave the owner thread its share.
    pub reads_max: usize,
    /// Longest time from a request's head to its answer.
    pub request_timeout: Duration,
    /// Longest time in which a request's head must have come, and in which an idle connection is kept.
    pub head_timeout: Duration,
    /// Longest time in which a client takes nothing of what is written to it.
    pub write_timeout: Duration,
    /// Longest time for answers under way when the process is asked to stop.
    pub drain_timeout: Duration,
}

impl From<&HttpConfig> for HttpOptions {
    fn from(config: &HttpConfig) -> Self {
        Self {
            hosts: config.hosts.clone(),
            requests_per_second: config.requests_per_second,
            ..Self::default()
        }
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            connections_max: 512,
            requests_max: 256,
            requests_per_second: 100,
            uploads_max: 4,
            reads_max: 4,
            request_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(5),
        }
    }
}
