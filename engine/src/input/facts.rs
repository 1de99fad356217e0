//! Facts: what the envelopes around a record said of it. Fall-backs only: what a record says itself goes first.

use crate::time::Timestamp;

/// What the envelopes said; of two that say the same, the inner one counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    /// When the record was written: of the syslog header, of the bus.
    pub(crate) time: Option<Timestamp>,
    /// The machine that sent it: of the syslog header, of the shipper. An observer.
    pub(crate) host: Option<&'a str>,
    /// The word under which it was sent: syslog's program, Splunk's sourcetype, EventBridge's detail-type, Event
    /// Hub's category, Zeek's path.
    pub(crate) feed: Option<&'a str>,
    /// The name of the search that found it, for webhooks that carry a row and not an alert.
    pub(crate) rule: Option<&'a str>,
    /// The document's id in the index it came from, for the only alert in it.
    pub(crate) id: Option<&'a str>,
    /// The cloud account or tenant.
    pub(crate) account: Option<&'a str>,
    /// The cloud region.
    pub(crate) region: Option<&'a str>,
}
