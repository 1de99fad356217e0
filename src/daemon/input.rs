//! The Kafka source with its notices: where partitions begin, and which gaps were accepted, travel with the batch so
//! that they become durable with it.

use std::time::Duration;

use crate::kafka::{KafkaError, KafkaSource, Notice, SourceMonitor};
use crate::ports::{NextOffset, RecordBatch, Source, SourceError};

/// A [`KafkaSource`] whose notices are put into the batches.
#[derive(Debug)]
pub(super) struct Input {
    source: KafkaSource,
    monitor: SourceMonitor,
}

impl Input {
    pub(super) fn new(source: KafkaSource) -> Self {
        let monitor = source.monitor();
        Self { source, monitor }
    }

    pub(super) fn monitor(&self) -> SourceMonitor {
        self.monitor.clone()
    }

    pub(super) fn stop(self) -> Result<(), KafkaError> {
        self.source.stop()
    }
}

impl Source for Input {
    fn poll(
        &mut self,
        timeout: Duration,
        records_max: usize,
        bytes_max: usize,
        batch: &mut RecordBatch,
    ) -> Result<(), SourceError> {
        self.source.poll(timeout, records_max, bytes_max, batch)?;
        for notice in self.monitor.take_notices() {
            batch.assigned.push(match notice {
                Notice::Assigned(next) => next,
                Notice::Gap(gap) => {
                    let (topic, partition) = (gap.topic.0, gap.partition);
                    tracing::warn!(
                        topic,
                        partition,
                        from = gap.from,
                        to = gap.to,
                        missing = gap.missing,
                        "went on behind a gap in the input"
                    );
                    batch.lost += gap.missing.unsigned_abs();
                    NextOffset {
                        topic: gap.topic,
                        partition,
                        offset: gap.to,
                    }
                }
            });
        }
        Ok(())
    }
}
