//! The pipeline: records in, decisions durable, events out. One direction, three threads:
//!
//! ```text
//! source thread    kafka -> bounded channel of record batches
//! owner thread     poll -> parse -> decide -> ONE synced write {state, alerts, offsets, outbox} -> view, metrics
//! publisher lane   outbox -> kafka -> mark as published   (`relay` says in which order)
//! ```
//!
//! Only the owner changes the engine and writes batches; only what is on the disk is published. Any failed write ends
//! the process (exit 75), and the next start goes on at the last whole batch.

mod intake;
mod announce;
mod desk;
mod post;
mod filing;
mod obey;
mod owner;
mod lane;
mod relay;
mod reload;
mod status;
mod care;
mod guard;
mod topics;
mod wake;

use crate::ports::SourceError;
use crate::store::StoreError;

pub use care::{Attempt, Care, Place};
pub use desk::{Desk, DeskError, DeskQueue, Wish, desk};
pub use guard::StoreGuard;
pub use lane::{Lane, LaneParts, News};
pub use owner::{Limits, OnEvent, Owner, Parts};
pub use post::{Heads, Mailbox, Post, Receipt, post};
pub use relay::{Acceptance, Relay, RelayError, RelayStart, Step};
pub use reload::ContextPost;
pub use status::LaneStatus;
pub use topics::{TopicSettings, Topics};
pub use wake::wake;

/// Why the pipeline stopped.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store failed. Nothing that was not durable was published or acknowledged; start again.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The input can't be read any further without losing or doubling something.
    #[error("the input stopped")]
    Source(#[from] SourceError),
    /// The publisher lane ended.
    #[error("the publisher lane stopped: {0}")]
    Lane(String),
}
