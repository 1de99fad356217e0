//! The HTTP side on a port of its own, over a store filled with made-up records: shapes, lists, one case, pages, probes
//! and limits.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report, also in the helpers"
)]

mod detail;
mod explain;
mod fixture;
mod limits;
mod lists;
mod pages;
mod probes;
