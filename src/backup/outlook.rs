//! What going on with a store means, seen from Kafka: which output comes again, and which input is read again or gone.

use std::fmt;

use crate::config::{Config, Delivery};
use crate::kafka::{InputRange, input_ranges, read_progress};
use crate::store::{Lineage, Recovered};

use super::BackupError;

/// A store against Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Output records of the store.
    head: u64,
    /// Of another store, or how far ahead of this one.
    output: Output,
    /// Input messages that will be read (again).
    to_read: u64,
    /// Input messages that are gone.
    gone: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Unknown,
    Foreign(Lineage),
    Published(u64),
}

/// Asks Kafka.
///
/// # Errors
/// When it can't be asked.
pub fn outlook(config: &Config, recovered: &Recovered) -> Result<Outlook, BackupError> {
    let options = config.kafka.options(false);
    let output = match config.output.delivery {
        Delivery::AtLeastOnce => Output::Unknown,
        Delivery::ExactlyOnce => {
            let (topic, id) = (
                &config.output.progress_topic,
                &config.output.transactional_id,
            );
            match read_progress(&options, topic, id, false)? {
                None => Output::Unknown,
                Some(progress) if progress.lineage == recovered.lineage.0 => {
                    Output::Published(progress.sequence)
                }
                Some(progress) => Output::Foreign(Lineage(progress.lineage)),
            }
        }
    };
    let mut outlook = Outlook {
        head: recovered.outbox_head,
        output,
        to_read: 0,
        gone: 0,
    };
    for (id, topic) in &recovered.topics {
        for InputRange {
            partition,
            low,
            high,
        } in input_ranges(&options, topic)?
        {
            let stored = recovered
                .next_offsets
                .iter()
                .find(|next| next.topic == *id && next.partition == partition);
            let next = stored.map_or(low, |next| next.offset);
            outlook.to_read += (high - next.max(low)).max(0).unsigned_abs();
            outlook.gone += (low - next).max(0).unsigned_abs();
        }
    }
    Ok(outlook)
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            head,
            to_read,
            gone,
            ..
        } = self;
        writeln!(f, "{to_read} input messages will be read")?;
        if *gone > 0 {
            writeln!(f, "{gone} input messages are gone: start with --accept-gap")?;
        }
        match self.output {
            Output::Unknown => write!(f, "what was published is not known"),
            Output::Foreign(other) => {
                write!(
                    f,
                    "the output is of another store, {other}: start with --adopt"
                )
            }
            Output::Published(sequence) if sequence > *head => write!(
                f,
                "{} output records were published that this store does not know of: start with --accept-replay, and they may come again",
                sequence - head
            ),
            Output::Published(_) => write!(f, "no output comes again"),
        }
    }
}
