//! The words that are labels and belong to the shell: stages of the batch loop, bounds. The engine's own words (terms, links,
//! caps) come from the engine.

/// A stage of the batch loop; the word is the label of `caseloom_stage_duration_seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waiting for input.
    Poll,
    /// Bytes to alerts.
    Parse,
    /// Alerts to a decision.
    Decide,
    /// The synced write.
    Commit,
    /// The way to the output topics.
    Publish,
}

/// A limit that was reached; the word is the label of `caseloom_bounds_reached_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// `http.view_cases_max`: cases left the read view, and are served by id only.
    ViewCases,
    /// `http.view_cases_max` for candidates.
    ViewCandidates,
    /// Text of a case that a search looks through: some of its activities can't be found by what they say.
    ViewText,
    /// Connections of the HTTP side: one had to wait.
    HttpConnections,
    /// Requests at once: one was answered with 503.
    HttpRequests,
    /// Listeners of the stream: one was answered with 503.
    HttpListeners,
    /// Evidence sent at once: one was answered with 503.
    HttpUploads,
    /// `http.requests_per_second`: a request was answered with 429.
    HttpRate,
    /// Time of a request: one was answered with 503.
    HttpTime,
    /// `store.outbox_records_max` or `store.outbox_bytes_max`: the owner read nothing for a moment.
    Outbox,
    /// `store.feed_bytes_max` or `store.feed_age_max`: outputs missed events.
    Feed,
    /// `store.free_bytes_min`: the owner did nothing for a moment, because the disk is nearly full.
    StoreRoom,
}

/// What became of a policy that was read again; the word is the label of `caseloom_policy_reloads_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reload {
    /// It is in force.
    Applied,
    /// It is the one in force.
    Unchanged,
    /// It is wrong, or changes what can't change while it runs: the old one stays.
    Refused,
}

impl Reload {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    /// The word used as label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

impl Stage {
    /// Every stage, in the order of the loop.
    pub const ALL: [Self; 5] = [
        Self::Poll,
        Self::Parse,
        Self::Decide,
        Self::Commit,
        Self::Publish,
    ];

    /// The word used as label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Parse => "parse",
            Self::Decide => "decide",
            Self::Commit => "commit",
            Self::Publish => "publish",
        }
    }
}

impl Bound {
    /// Every bound that is counted here.
    pub const ALL: [Self; 12] = [
        Self::ViewCases,
        Self::ViewCandidates,
        Self::ViewText,
        Self::HttpConnections,
        Self::HttpRequests,
        Self::HttpListeners,
        Self::HttpUploads,
        Self::HttpRate,
        Self::HttpTime,
        Self::Outbox,
        Self::Feed,
        Self::StoreRoom,
    ];

    /// The word used as label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewCases => "view_cases",
            Self::ViewCandidates => "view_candidates",
            Self::ViewText => "view_text",
            Self::HttpConnections => "http_connections",
            Self::HttpRequests => "http_requests",
            Self::HttpListeners => "http_listeners",
            Self::HttpUploads => "http_uploads",
            Self::HttpRate => "http_rate",
            Self::HttpTime => "http_time",
            Self::Outbox => "outbox",
            Self::Feed => "feed",
            Self::StoreRoom => "store_room",
        }
    }
}
