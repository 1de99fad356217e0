//! caseloom: alerts in, cases out. The shell around the pure engine.

pub mod generate;
