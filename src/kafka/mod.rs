//! Kafka, both ends: [`KafkaSource`] brings input records, [`KafkaOutlet`] takes output records.
//!
//! The process assigns itself every partition of its topics: no group membership, so no rebalance can split a
//! correlation, and nothing but the offsets it is given decides where it reads. What is read and what is written
//! carries no meaning here; parsing is the engine's, the order of commit and publish is the pipeline's.
//!
//! On the way of a record: `assignment` and `discovery` say where to read, `reader` and `upkeep` are the thread that
//! reads, `headers` what it takes of a record's headers, `partitions` what it knows, `feed` and `carry` the way to `source`. On the way out: `outlet` makes publishers,
//! `transactions` (exactly once) or `publisher` (at least once), and `progress` reads what was committed.

mod assignment;
mod carry;
pub mod client;
mod discovery;
pub mod error;
mod feed;
mod headers;
pub mod lag;
pub mod mock;
pub mod monitor;
pub mod outlet;
mod partitions;
pub mod progress;
pub mod publisher;
mod reader;
pub mod scan;
pub mod source;
pub mod topics;
mod transactions;
mod upkeep;

pub use assignment::{InputTopic, Start};
pub use client::KafkaOptions;
pub use error::KafkaError;
pub use lag::PartitionLag;
pub use mock::EmbeddedBroker;
pub use monitor::{Gap, Notice, SourceMonitor, SourceStatus};
pub use outlet::{DestinationTopics, KafkaOutlet, OutletOptions};
pub use progress::read_progress;
pub use publisher::KafkaPublisher;
pub use scan::{InputRange, Scanned, committed_ends, input_ranges, scan_committed};
pub use source::KafkaSource;
pub use topics::{TopicSpec, ensure_topics};
