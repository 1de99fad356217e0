//! caseloom's shell: moves bytes, tells the time, commits and publishes. The decisions are `caseloom-engine`'s.

pub mod kafka;
pub mod ports;
