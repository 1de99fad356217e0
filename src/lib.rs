//! caseloom's shell: moves bytes, tells the time, commits and publishes. The decisions are `caseloom-engine`'s.

pub mod events;
pub mod ports;
