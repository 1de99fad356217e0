//! The headers of a message that a parser looks at, on their way into a batch.
//!
//! librdkafka decodes a message's headers when they are first asked for, so a message without any costs one call and no
//! allocation. rdkafka's own reader is not used, because it panics at a name that is not UTF-8, and whoever may write to
//! the topic chooses the names: one such record would end the process, again after each restart.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use caseloom_engine::input::Message as Input;
use rdkafka::bindings;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::{RDKafkaMessage, RDKafkaRespErr};

use crate::ports::RecordBatch;

/// Headers of one message that are looked at: tracing and routing add a handful.
const LOOKED_AT_MAX: usize = 64;
/// A longer value says no time, type or content type.
const VALUE_BYTES_MAX: usize = 256;

/// Adds the headers of `message` that a parser looks at to the record that was added last: the first of each name.
pub(super) fn push(batch: &mut RecordBatch, message: &BorrowedMessage<'_>) {
    let mut has = [false; Input::HEADERS.len()];
    each(message, |name, value| {
        let wanted = Input::HEADERS
            .iter()
            .zip(&mut has)
            .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
        if let Some((known, has)) = wanted
            && !std::mem::replace(has, true)
            && value.len() <= VALUE_BYTES_MAX
        {
            batch.push_header(known, value);
        }
    });
}

#[expect(
    unsafe_code,
    reason = "the client's own reader panics at a name that is not UTF-8"
)]
fn each(message: &BorrowedMessage<'_>, mut see: impl FnMut(&[u8], &[u8])) {
    let message: *const RDKafkaMessage = message.ptr();
    let mut headers = ptr::null_mut();
    // SAFETY: the message is alive, borrowed by the caller; librdkafka keeps the headers for as long as the message.
    let found = unsafe { bindings::rd_kafka_message_headers(message, &raw mut headers) };
    if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return;
    }
    for index in 0..LOOKED_AT_MAX {
        let mut name: *const c_char = ptr::null();
        let mut value: *const c_void = ptr::null();
        let mut length = 0;
        // SAFETY: `headers` is what the call above returned; an index beyond the last is an error and writes nothing.
        let found = unsafe {
            bindings::rd_kafka_header_get_all(
                headers,
                index,
                &raw mut name,
                &raw mut value,
                &raw mut length,
            )
        };
        if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        if value.is_null() {
            continue;
        }
        // SAFETY: on success the name is a string that ends with a zero, and the value, where it isn't null, has
        // `length` bytes; both live with the message, and `see` can't keep them.
        let (name, value) = unsafe {
            let value = std::slice::from_raw_parts(value.cast::<u8>(), length);
            (CStr::from_ptr(name).to_bytes(), value)
        };
        see(name, value);
    }
}
