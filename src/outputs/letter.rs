//! Dead letters of outputs: an event that a tool refuses, for whoever mends the tool's settings or ours.

use caseloom_engine::time::Timestamp;

use crate::events::one_line;
use crate::ports::{Destination, OutputRecord};

/// Bytes of a reason; part of it is the tool's.
const REASON_BYTES_MAX: usize = 1_024;

/// The record for the dead-letter topic: the event as it went to Kafka, and in headers `reason` (`output_refused`),
/// `output`, `detail` and `event`. Key: `output|NAME|EVENT`.
pub(super) fn letter(
    output: &str,
    detail: &str,
    event: &OutputRecord,
    now: Timestamp,
) -> OutputRecord {
    let id = event.headers.iter().find(|(name, _)| name == "ce_id");
    let id = id.map_or(&b""[..], |(_, id)| id);
    let mut key = format!("output|{output}|").into_bytes();
    key.extend_from_slice(id);
    let header = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    OutputRecord {
        destination: Destination::DeadLetters,
        key,
        headers: vec![
            header("reason", b"output_refused"),
            header("output", output.as_bytes()),
            header("detail", one_line(detail, REASON_BYTES_MAX).as_bytes()),
            header("event", id),
        ],
        value: event.value.clone(),
        timestamp_ms: now.0,
    }
}
