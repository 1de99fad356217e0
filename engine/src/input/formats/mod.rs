//! The built-in formats: one room per product, all in one table.
//!
//! A room is a file of this folder that exports one [`Room`]: the product's name, by which keys its records are told,
//! and how one record is read. Adding a product is that file, its `mod` line and its line in [`ROOMS`]; nothing else
//! in the package knows its name.
//!
//! **What a room gets.** A record is what `unwrap` found at the bottom of all envelopes: a JSON object (`Json::read`),
//! or one line of text (`Texts::read`) whose syslog header is already taken apart ([`Line`]: time, host, program). A
//! string inside a record that holds JSON itself is read with [`Draft::nested`] or [`Desk::nested`], within the
//! limits of a message. What the envelopes said (time, host, account) is in [`Desk::facts`]; time and host are
//! filled in by [`Draft::finish`] where the record said none, so a room needs them only for reasons of its own.
//!
//! **What a room makes.** [`Desk::draft`] begins an alert, [`Draft::finish`] ends it; a room may do so any number of
//! times. Where parts of one record become alerts of their own, each goes through [`Desk::part`], so that a bad one
//! is rejected alone. A record that was understood and is no alert (a flow event, a removed row, a posture check)
//! is [`Reading::NotAnAlert`]. One that the product archived or made for trying things out is an alert with its
//! [`Lifecycle`] set: it is counted as ignored, and never lost.
//!
//! **Detection.** With `format = "auto"` the signatures of [`ROOMS`] are tried in the order of the table, those of a
//! room in their order; the first that fits wins. Order never decides between products: a signature names keys that
//! no other product has together, and the general rooms stand last. Texts are shown to each room's `Texts::tells`.

mod asff;
mod aws;
mod canary;
mod cef;
mod chainsaw;
mod cortex;
mod crowdstrike;
mod defender_xdr;
mod elastic;
mod extension;
mod falco;
mod generic;
mod google_scc;
mod google_secops;
mod guardduty;
mod hayabusa;
mod leef;
mod microsoft;
mod ms_graph;
mod native;
mod ocsf;
mod okta;
mod osquery;
mod panos;
mod qradar;
mod sentinel;
mod sentinel_incident;
mod sentinelone;
mod sigma;
mod snort;
mod splunk;
mod suricata;
mod wazuh5;
mod wazuh;
mod wiz;
mod zeek;
mod zircolite;

use super::detect::Need;
use super::draft::{Desk, Reading};
use super::json::Value;
use super::line::Line;
use super::reject::Reject;

#[cfg(doc)]
use super::draft::Draft;
#[cfg(doc)]
use crate::alert::Lifecycle;

/// Every built-in format.
pub(super) static ROOMS: &[Room] = &[
    // Sensors and endpoints.
    suricata::ROOM,
    wazuh::ROOM,
    wazuh5::ROOM,
    elastic::ROOM,
    crowdstrike::ROOM,
    sentinelone::ROOM,
    cortex::ROOM,
    falco::ROOM,
    zeek::ROOM,
    hayabusa::ROOM,
    chainsaw::ROOM,
    zircolite::ROOM,
    osquery::ROOM,
    canary::ROOM,
    // Clouds and identity.
    sentinel::ROOM,
    sentinel_incident::ROOM,
    ms_graph::ROOM,
    defender_xdr::ROOM,
    guardduty::ROOM,
    asff::ROOM,
    google_scc::ROOM,
    google_secops::ROOM,
    ocsf::ROOM,
    okta::ROOM,
    wiz::ROOM,
    // SIEM and the rest.
    splunk::ROOM,
    qradar::ROOM,
    cef::ROOM,
    leef::ROOM,
    snort::ROOM,
    panos::ROOM,
    // General ones, the most general last.
    native::ROOM,
    generic::ROOM,
];

/// A product's room.
pub(super) struct Room {
    /// The format's name in configuration and metrics, and the alerts' source where they name none themselves.
    pub(super) name: &'static str,
    pub(super) json: Option<Json>,
    pub(super) text: Option<Texts>,
    /// It reads what no product claims, and so is tried only after all envelopes were.
    pub(super) is_general: bool,
}

/// How a product's JSON objects are told and read.
pub(super) struct Json {
    /// Each a list of needs that must all be met.
    pub(super) signatures: &'static [&'static [Need]],
    pub(super) read: fn(Value<'_>, &mut Desk<'_>) -> Result<Reading, Reject>,
}

/// How a product's lines of text are told and read.
#[derive(Clone, Copy)]
pub(super) struct Texts {
    pub(super) tells: fn(&Line<'_>) -> bool,
    pub(super) read: fn(&Line<'_>, &mut Desk<'_>) -> Result<Reading, Reject>,
}

impl Room {
    /// A product that writes JSON.
    pub(super) const fn json(
        name: &'static str,
        signatures: &'static [&'static [Need]],
        read: fn(Value<'_>, &mut Desk<'_>) -> Result<Reading, Reject>,
    ) -> Self {
        Self {
            name,
            json: Some(Json { signatures, read }),
            text: None,
            is_general: false,
        }
    }

    /// A product that writes text.
    pub(super) const fn text(
        name: &'static str,
        tells: fn(&Line<'_>) -> bool,
        read: fn(&Line<'_>, &mut Desk<'_>) -> Result<Reading, Reject>,
    ) -> Self {
        Self {
            name,
            json: None,
            text: Some(Texts { tells, read }),
            is_general: false,
        }
    }

    /// The same room, for what no product claims.
    pub(super) const fn general(self) -> Self {
        Self {
            is_general: true,
            ..self
        }
    }
}
