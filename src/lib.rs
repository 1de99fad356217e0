//! caseloom's shell: Kafka in and out, the store, the API, around the pure engine.
//!
//! Modules stand in reading order.

pub mod cli;
pub mod clock;
pub mod config;
pub mod ports;
pub mod shutdown;
