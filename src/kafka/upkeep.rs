//! What the reader does beside reading: partitions that appear, offsets that are gone, statistics, trouble.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::discovery::{Brokers, Discovery, Found, discover};
use super::error::{ReadFailure, read_failure};
use super::feed::Delivery;
use super::lag::{PartitionLag, Statistics};
use super::monitor::{Gap, Notice};
use super::partitions::Partitions;
use super::reader::{End, Reader, give_up};
use crate::ports::{NextOffset, SourceError};

/// How soon missing topics and unreachable brokers are asked again.
const RETRY: Duration = Duration::from_secs(1);
/// Asking may block: reading gets at least this many times as long before the next round.
const READING_SHARE: u32 = 4;
/// The same trouble is logged again after this.
const REPEAT_LOG: Duration = Duration::from_secs(30);

impl Reader {
    /// Looks for partitions that are not read yet and begins with them.
    pub(super) fn discover(&mut self) -> Result<(), End> {
        let begun = Instant::now();
        let brokers = Brokers {
            consumer: &self.consumer,
            timeout: self.timers.request_timeout,
        };
        let discovery = discover(&mut self.assignment, &brokers, &|| self.feed.stopping())?;
        self.begin(&discovery.found)?;
        let complete = discovery.missing.is_empty() && discovery.pending == 0;
        let interval = self.timers.discover_interval;
        let pause = if complete {
            interval
        } else {
            interval.min(RETRY)
        };
        self.timers.discover_at = Instant::now() + pause.max(begun.elapsed() * READING_SHARE);
        self.report(discovery);
        Ok(())
    }

    fn begin(&mut self, found: &[Found]) -> Result<(), End> {
        if found.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(found.len());
        for found in found {
            let topic = self.assignment.input(found.topic);
            tracing::info!(
                topic = topic.name,
                partition = found.partition,
                offset = found.position,
                "partition is read"
            );
            let added = list.add_partition_offset(
                &topic.name,
                found.partition,
                Offset::Offset(found.position),
            );
            added.map_err(|error| give_up(&error))?;
        }
        for found in found {
            self.note_found(found)?;
        }
        self.consumer
            .incremental_assign(&list)
            .map_err(|error| give_up(&error))
    }

    fn note_found(&mut self, found: &Found) -> Result<(), End> {
        let topic = self.assignment.input(found.topic).id;
        let index = self
            .partitions
            .add(topic, found.partition, found.position, found.end);
        self.assignment
            .register(found.topic, found.partition, index);
        if !found.was_stored {
            let begin = NextOffset {
                topic,
                partition: found.partition,
                offset: found.position,
            };
            self.feed.send(Delivery::Notice(Notice::Assigned(begin)))?;
        }
        self.note_gap(found.gap)
    }

    fn note_gap(&self, gap: Option<Gap>) -> Result<(), End> {
        if let Some(gap) = gap {
            let topic = self.assignment.name(gap.topic);
            tracing::warn!(
                topic,
                gap.partition,
                gap.from,
                gap.to,
                gap.missing,
                "gap in the input is passed over"
            );
            self.feed.send(Delivery::Notice(Notice::Gap(gap)))?;
        }
        Ok(())
    }

    fn report(&mut self, discovery: Discovery) {
        if !discovery.missing.is_empty() {
            self.warn_once(&format!(
                "waiting for missing topics: {}",
                discovery.missing.join(", ")
            ));
        }
        if let Some(trouble) = &discovery.trouble {
            self.warn_once(trouble);
        }
        let partitions = self.partitions.len();
        self.monitor.update(|status| {
            status.partitions = partitions;
            status.partitions_pending = discovery.pending;
            status.topics_missing = discovery.missing;
            status.trouble = status.trouble.take().or(discovery.trouble);
        });
    }

    /// Sorts an error of the consumer: names a hole, stops, or lets librdkafka go on trying.
    pub(super) fn on_error(&mut self, error: &ClientError) -> Result<(), End> {
        let reason = self.consumer.context().reason();
        match read_failure(error) {
            ReadFailure::OutOfRange => self.on_out_of_range(&reason),
            ReadFailure::Stop => Err(SourceError::Kafka(format!("{error}: {reason}")).into()),
            ReadFailure::Passing => {
                let trouble = format!("{error}: {reason}");
                self.warn_once(&trouble);
                self.note_trouble(error, trouble);
                Ok(())
            }
        }
    }

    /// "All brokers are down" follows whatever took the last one down, and says less.
    fn note_trouble(&self, error: &ClientError, trouble: String) {
        let says_less = error.rdkafka_error_code() == Some(Code::AllBrokersDown);
        self.monitor.update(|status| {
            if !says_less || status.trouble.is_none() {
                status.trouble = Some(trouble);
            }
        });
    }

    /// The error names no partition, so all are looked at, and all are begun anew where they stand: the one that was
    /// out of range is not fetched any more. Where a leader can't be asked, the partition begins where it stood, and
    /// the error comes again if it was this one.
    fn on_out_of_range(&mut self, reason: &str) -> Result<(), End> {
        tracing::warn!(reason, "an offset is out of range");
        for index in 0..self.partitions.len() {
            let entry = self.partitions.get(index);
            let (topic, partition, position) = (entry.topic, entry.partition, entry.position);
            let brokers = Brokers {
                consumer: &self.consumer,
                timeout: self.timers.request_timeout,
            };
            let Ok(range) = brokers.range(self.assignment.name(topic), partition) else {
                continue;
            };
            let (begin, gap) = self.assignment.settle(topic, partition, position, range)?;
            if gap.is_some() {
                self.flush()?;
                self.partitions.restart(index, begin, range.high);
                self.note_gap(gap)?;
            }
        }
        self.begin_anew()
    }

    fn begin_anew(&mut self) -> Result<(), End> {
        let mut list = TopicPartitionList::with_capacity(self.partitions.len());
        for entry in self.partitions.iter() {
            let topic = self.assignment.name(entry.topic);
            let added =
                list.add_partition_offset(topic, entry.partition, Offset::Offset(entry.position));
            added.map_err(|error| give_up(&error))?;
        }
        self.consumer
            .assign(&list)
            .map_err(|error| give_up(&error))?;
        self.consumer
            .resume(&list)
            .map_err(|error| give_up(&error))?;
        self.partitions.unpause();
        self.monitor.update(|status| status.partitions_paused = 0);
        Ok(())
    }

    /// Takes in the latest statistics, if there are new ones, and lets who may go on go on.
    pub(super) fn read_statistics(&mut self) -> Result<(), End> {
        self.take_in_statistics();
        if self.partitions.paused() > 0 {
            self.make_wait()
        } else {
            Ok(())
        }
    }

    /// Takes in the latest statistics, if there are new ones.
    pub(super) fn take_in_statistics(&mut self) {
        let Some(document) = self.consumer.context().take_statistics() else {
            return;
        };
        match Statistics::parse(&document) {
            Ok(statistics) => self.apply(&statistics),
            Err(error) => self.warn_once(&format!("unreadable statistics: {error}")),
        }
    }

    fn apply(&mut self, statistics: &Statistics) {
        for index in 0..self.partitions.len() {
            let entry = self.partitions.get(index);
            let progress = statistics.progress(self.assignment.name(entry.topic), entry.partition);
            self.partitions.progress(index, progress);
        }
        let healthy = self.partitions.healthy();
        self.monitor.update(|status| {
            if healthy && status.partitions_pending == 0 {
                status.trouble = None;
            }
        });
        self.monitor.set_lag(self.lag(&self.partitions));
    }

    fn lag(&self, partitions: &Partitions) -> Vec<PartitionLag> {
        let lag = partitions.iter().map(|entry| PartitionLag {
            topic: self.assignment.name(entry.topic).to_owned(),
            partition: entry.partition,
            lag: entry.lag(),
        });
        lag.collect()
    }

    /// Logs trouble, but the same trouble only now and then.
    fn warn_once(&mut self, trouble: &str) {
        let logged = self.timers.logged.as_ref();
        if logged.is_some_and(|(last, at)| last == trouble && at.elapsed() < REPEAT_LOG) {
            return;
        }
        tracing::warn!(trouble, "kafka input");
        self.timers.logged = Some((trouble.to_owned(), Instant::now()));
    }
}
