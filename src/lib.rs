//! The shell of caseloom around the pure engine.

pub mod ports;
pub mod store;
