//! The HTTP side on a port of its own, over a store filled with made-up records: shapes, lists, one case, pages, probes
//! and limits.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report, also in the helpers"
)]

#[path = "../common/mod.rs"]
mod common;
mod apart;
mod bulk;
mod cli;
mod detail;
mod explain;
mod fixture;
mod limits;
mod lists;
mod office;
mod openapi;
mod memory;
mod pages;
mod probes;
mod report;
mod stream;
mod reshape;
mod silences;
mod writes;
