//! Outputs: case tools downstream, told of cases over HTTP. They read the feed of the store, which holds the very events
//! that go to Kafka, and each has a thread, a place in the feed and a pace of its own: a tool that is down stops nobody,
//! and holds no memory but a page of events.
//!
//! ```text
//! commit -> outbox -> publisher lane -> Kafka
//!        -> feed   -> shelf -> worker -> tool (renders) -> client -> HTTP
//!                               refused: letter -> mailbox -> owner -> outbox -> dead letters
//! ```
//!
//! At least once: an event whose answer was lost is sent again, under the same idempotency key, to the same object of
//! the tool. What tools get, and how each tells repeats, is in `docs/outputs.md`.

mod told;
mod words;
mod client;
mod backoff;
mod shelf;
mod letter;
mod tools;
mod worker;

use std::time::Duration;

pub use client::{Client, Trouble};
pub use shelf::{Shelf, ShelfBounds};
pub use told::{Act, Change, Entity, Own, Told};
pub use tools::{Tool, token_header, tool};
pub use worker::{Next, Worker, WorkerParts};

use crate::clock::Clock;
use crate::pipeline::StoreGuard;
use crate::shutdown::Shutdown;

/// How often an idle worker looks at the feed.
const LOOK: Duration = Duration::from_millis(250);
/// Longest wait at once: the clock may be set meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Works until the wish to stop. A failed store is told to the guard, which ends the process.
pub fn run(mut worker: Worker, clock: &dyn Clock, guard: &StoreGuard, shutdown: &Shutdown) {
    while !shutdown.is_requested() {
        let wait = match worker.step() {
            Ok(Next::Going) => continue,
            Ok(Next::Idle) => LOOK,
            Ok(Next::At(due)) => {
                let ms = due.since(clock.now()).0.max(1);
                Duration::from_millis(ms.unsigned_abs()).min(WAIT_MAX)
            }
            Err(error) => return guard.tell_failed(format!("the feed failed: {error}")),
        };
        if shutdown.wait_timeout(wait) {
            return;
        }
    }
}
