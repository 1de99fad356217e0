//! What simd-json takes for one JSON document serde_json takes for one too, and the other way round; and a document that
//! serde_json wrote anew has the same alerts.
//!
//! `cargo +nightly fuzz run differential -- -max_total_time=600 -max_len=4096`

#![no_main]

use caseloom_engine::alert::{Alert, Position};
use caseloom_engine::input::{Format, Limits, Message, Parsed, Parser, Reject, Scope};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    // One document: several lines may be several messages, and what begins otherwise is text.
    let is_document = bytes.starts_with(b"{") && !bytes.contains(&b'\n');
    if !is_document {
        return;
    }
    let (ours, alerts) = read(bytes);
    let theirs = serde_json::from_slice::<Value>(bytes);
    let is_several = ours.as_ref().is_ok_and(|parsed| parsed.envelopes.contains(&"concatenated"));
    // serde_json keeps numbers that simd-json refuses, and nests deeper.
    let digits = bytes.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max();
    let has_huge_number = digits > Some(18) || bytes.iter().any(|byte| matches!(byte, b'e' | b'E'));
    let reason = ours.as_ref().err().map(Reject::reason);
    if is_several || has_huge_number || reason == Some("too_deep") {
        return;
    }
    // Strings in it may hold what is no JSON; the document itself is judged alone.
    let is_refused = matches!(reason, Some("invalid_json" | "invalid_utf8")) && alerts.is_empty();
    match theirs {
        Err(error) => assert!(ours.is_err(), "ours {ours:?}, theirs {error}"),
        Ok(value) if !is_refused => {
            let (again, anew) = read(value.to_string().as_bytes());
            // A key that occurs twice is refused by us and merged by them.
            if reason != Some("duplicate_key") {
                assert_eq!(anew, alerts, "{again:?}");
            }
        }
        Ok(_) => {}
    }
});

fn read(bytes: &[u8]) -> (Result<Parsed, Reject>, Vec<Alert>) {
    let mut alerts = Vec::new();
    let message = Message {
        bytes,
        format: Format::Auto,
        scope: Scope::Default("default"),
        position: Position::default(),
        broker_time: None,
        headers: &[],
    };
    let mut parser = Parser::new(Vec::new(), Limits::default());
    let result = parser.parse(&message, &mut alerts);
    (result, alerts)
}
