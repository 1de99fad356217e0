//! caseloom's shell: moves bytes, tells the time, commits, publishes and answers. What it means is decided in
//! [`caseloom_engine`].

pub mod metrics;
pub mod view;
