//! Behaviour: what a hostile message may cost. No message makes the parser hold more than 32 times its size at once
//! beside what it holds on to anyway.

#![allow(
    unsafe_code,
    reason = "an allocator that counts is unsafe by its trait"
)]
#![allow(
    clippy::disallowed_macros,
    reason = "the engine has no state of a thread; counting needs one"
)]

mod parsing;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use parsing::{message, parser};

/// Counts the bytes of the thread that asked for it, so that tests beside it don't matter.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn grow(bytes: usize) {
    let live = LIVE.get().wrapping_add(bytes);
    LIVE.set(live);
    // What was allocated before the count began may be freed later.
    if live < usize::MAX / 2 {
        PEAK.set(PEAK.get().max(live));
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes alive at once while `bytes` are read, over those before.
fn peak(bytes: &[u8]) -> usize {
    let mut parser = parser();
    // The caller's, and kept from batch to batch.
    let mut alerts = Vec::with_capacity(10_001);
    // Scratch that any message needs.
    drop(parser.parse(&message(b"{}"), &mut alerts));
    LIVE.set(0);
    PEAK.set(0);
    drop(parser.parse(&message(bytes), &mut alerts));
    PEAK.get()
}

/// What a parser may take whatever the message: texts of rejects, alerts.
const FLAT_BYTES: usize = 64 * 1024;
const TIMES_MAX: usize = 32;

fn nested(inner: &str, levels: usize) -> String {
    (0..levels).fold(inner.to_owned(), |text, _| {
        serde_json::json!({"log": text}).to_string()
    })
}

#[test]
fn no_message_takes_more_than_32_times_its_size() {
    const BYTES: usize = 1 << 20;
    let repeated = |text: &str| text.repeat(BYTES / text.len() - 16);
    let listed = |text: &str| format!("[{}0]", repeated(text));
    let inside = |text: &str| {
        format!(
            r#"{{"rule":"r","host":"h","timestamp":1772352000,"x":[{}0]}}"#,
            repeated(text)
        )
    };
    let messages: Vec<(&str, Vec<u8>)> = vec![
        ("numbers", listed("0,").into()),
        ("numbers in an alert", inside("0,").into()),
        ("empty lists", listed("[],").into()),
        ("empty objects", listed("{},").into()),
        ("empty strings", listed("\"\",").into()),
        (
            "strings",
            listed("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",").into(),
        ),
        ("escapes", listed("\"\\n\\n\\n\\n\",").into()),
        ("keys", format!("{{{}\"z\":0}}", repeated("\"\":0,")).into()),
        (
            "one string",
            format!("{{\"a\":\"{}\"}}", repeated("a")).into(),
        ),
        ("brackets", repeated("[").into()),
        ("objects", repeated("{\"\":").into()),
        ("lines", repeated("{}\n").into()),
        ("documents", repeated("{}").into()),
        (
            "documents with numbers",
            repeated("{\"a\":[0,0,0,0,0,0]}").into(),
        ),
        ("text", repeated("a=b ").into()),
        ("text lines", repeated("<1>a=\n").into()),
        ("quotes", repeated("a=\"").into()),
        (
            "nested",
            nested(&listed("0,")[..BYTES / 2].replace("0]", "0"), 1).into(),
        ),
        (
            "nested list",
            nested(&format!("[{}{{}}]", "0,".repeat(BYTES / 3)), 1).into(),
        ),
        (
            "nested alerts",
            nested(&format!("[{}{{}}]", "{},".repeat(3_000)), 2).into(),
        ),
        (
            "nested thrice",
            nested(&format!("{{\"log\":[{}0]}}", "0,".repeat(BYTES / 3)), 3).into(),
        ),
        (
            "many nested",
            format!(
                "[{}{{}}]",
                format!("{},", nested("{\"a\":[0,0,0,0,0,0,0,0]}", 1)).repeat(9_000)
            )
            .into(),
        ),
        (
            "entities",
            format!(
                r#"{{"time":1772352000,"rule":"r","entities":[{}{{}}]}}"#,
                r#"{"kind":"ip","value":"192.0.2.1","role":"actor"},"#.repeat(1_900)
            )
            .into(),
        ),
        (
            "alerts",
            format!(
                "[{}{{}}]",
                r#"{"time":1772352000,"rule":"r","title":"t"},"#.repeat(9_900)
            )
            .into(),
        ),
    ];
    let mut over = Vec::new();
    for (name, bytes) in messages {
        let peak = peak(&bytes);
        let allowed = bytes.len() * TIMES_MAX + FLAT_BYTES;
        let line = format!(
            "{name}: {peak} bytes for {} ({:.1} times)",
            bytes.len(),
            peak as f64 / bytes.len() as f64
        );
        if peak > allowed {
            over.push(line);
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

#[test]
fn a_huge_message_is_not_remembered() {
    let mut parser = parser();
    let mut alerts = Vec::new();
    drop(parser.parse(&message(b"{}"), &mut alerts));
    LIVE.set(0);
    let huge = format!("[{}{{}}]", "\"aaaa\",".repeat(140_000));
    drop(parser.parse(&message(huge.as_bytes()), &mut alerts));
    drop(huge);
    // It may have let go of more than it holds now.
    let held = LIVE.get().cast_signed();
    assert!(held < 1 << 20, "{held} bytes are held");
}

#[test]
fn a_message_of_bad_records_does_not_become_as_many_dead_letters() {
    let mut alerts = Vec::new();
    let text = format!("[{}7]", "7,".repeat(5_000));
    let parsed = parser()
        .parse(&message(text.as_bytes()), &mut alerts)
        .unwrap();
    assert_eq!(parsed.rejects.len(), 17);
    let (index, last) = &parsed.rejects[16];
    assert_eq!((*index, last.reason()), (16, "too_many_rejects"));
    assert!(last.to_string().starts_with("4985 more"), "{last}");
}
