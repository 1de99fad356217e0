//! caseloom's shell: moves bytes, tells the time, commits and publishes, around the pure engine.
//!
//! Modules stand in reading order.

pub mod cli;
pub mod config;
pub mod clock;
pub mod shutdown;
pub mod process;
pub mod plain;
mod csv;
pub mod enrichment;
mod reason;
mod known;
pub mod apart;
pub mod explain;
pub mod ports;
pub mod kafka;
pub mod events;
pub mod metrics;
pub mod store;
pub mod view;
pub mod memory;
pub mod silences;
pub mod pipeline;
pub mod access;
pub mod evidence;
pub mod kpis;
pub mod http;
pub mod outputs;
pub mod daemon;
pub mod demo;
pub mod verify;
pub mod backup;
pub mod replay;
pub mod diff;
pub mod scenario;
pub mod generate;
pub mod inspect;
