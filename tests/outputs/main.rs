//! Case tools downstream, against small servers that check the documented schema of each product: what they are told,
//! and that nothing is lost or told twice whatever happens on the way. The clock is moved; nobody sleeps.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report, also in the helpers"
)]

#[path = "../common/mod.rs"]
mod common;
mod fake;
mod products;
mod world;
mod bounds;
mod failures;
mod life;
mod settings;
mod tls;
