//! The bounded channel from the reader's thread to [`KafkaSource`](super::KafkaSource), and the way back for used
//! buffers.
//!
//! Its bound is in batches, and a batch is full at [`RECORDS_MAX`] records or [`BYTES_MAX`] bytes, so both are bounded:
//! 5 batches of 1 MiB, or of one message each where messages are larger.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, bounded,
};

use super::monitor::Notice;
use crate::ports::{RecordBatch, SourceError};

/// A batch is handed on at this many records: a few milliseconds of reading at full speed.
pub(super) const RECORDS_MAX: usize = 4096;
/// A batch is handed on at this many bytes.
pub(super) const BYTES_MAX: usize = 1 << 20;
/// Batches in the channel: enough that neither side waits for a wake-up of the other.
const BATCHES_MAX: usize = 4;
/// A used buffer that grew beyond this, for a huge message, is given back to the allocator.
const KEPT_BYTES_MAX: usize = 4 << 20;
const STOP_CHECK: Duration = Duration::from_millis(100);

/// What the reader sends.
#[derive(Debug)]
pub(super) enum Delivery {
    Records(RecordBatch),
    Notice(Notice),
    /// The last thing it sends.
    Failed(SourceError),
}

/// The source is gone or asked for an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// The reader's end.
#[derive(Debug)]
pub(super) struct FeedSender {
    deliveries: Sender<Delivery>,
    used: Receiver<RecordBatch>,
    stop: Arc<AtomicBool>,
}

/// The source's end.
#[derive(Debug)]
pub(super) struct FeedReceiver {
    deliveries: Receiver<Delivery>,
    used: Sender<RecordBatch>,
}

/// Makes the two ends; setting `stop` makes the sender's calls fail.
pub(super) fn feed(stop: Arc<AtomicBool>) -> (FeedSender, FeedReceiver) {
    let (deliveries_in, deliveries) = bounded(BATCHES_MAX);
    let (used, used_out) = bounded(BATCHES_MAX + 1);
    (
        FeedSender {
            deliveries: deliveries_in,
            used: used_out,
            stop,
        },
        FeedReceiver { deliveries, used },
    )
}

impl FeedSender {
    /// Hands on a delivery, waiting while the channel is full.
    pub(super) fn send(&self, mut delivery: Delivery) -> Result<(), Stopped> {
        while let Some(unsent) = self.send_within(STOP_CHECK, delivery)? {
            delivery = unsent;
        }
        Ok(())
    }

    /// Hands on a delivery, or gives it back if there was no room for it in time.
    pub(super) fn send_within(
        &self,
        timeout: Duration,
        delivery: Delivery,
    ) -> Result<Option<Delivery>, Stopped> {
        if self.stopping() {
            return Err(Stopped);
        }
        match self.deliveries.send_timeout(delivery, timeout) {
            Ok(()) => Ok(None),
            Err(SendTimeoutError::Timeout(unsent)) => Ok(Some(unsent)),
            Err(SendTimeoutError::Disconnected(_)) => Err(Stopped),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.deliveries.is_full()
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// An empty batch, with a used one's buffers if there is one.
    pub(super) fn empty_batch(&self) -> RecordBatch {
        self.used.try_recv().unwrap_or_default()
    }
}

impl FeedReceiver {
    pub(super) fn wait(&self, timeout: Duration) -> Result<Delivery, RecvTimeoutError> {
        self.deliveries.recv_timeout(timeout)
    }

    pub(super) fn try_next(&self) -> Result<Delivery, TryRecvError> {
        self.deliveries.try_recv()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// Gives a batch's buffers back to the reader.
    pub(super) fn give_back(&self, mut batch: RecordBatch) {
        if batch.bytes.capacity() > KEPT_BYTES_MAX {
            return;
        }
        batch.records.clear();
        batch.bytes.clear();
        batch.caught_up = false;
        _ = self.used.try_send(batch);
    }
}
