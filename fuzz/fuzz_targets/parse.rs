//! Whatever the bytes are: no panic, the same twice, alerts within the limits, and a reject from the known set.
//!
//! The corpus is made of the fixtures: `mkdir -p fuzz/corpus/parse && cp engine/tests/fixtures/*/* fuzz/corpus/parse/`, then
//! `cargo +nightly fuzz run parse -- -max_total_time=600 -max_len=16384`.

#![no_main]

use std::cell::RefCell;

use caseloom_engine::alert::{Alert, Position};
use caseloom_engine::input::{Format, Limits, Message, Parser, Reject, Scope};
use caseloom_engine::time::Timestamp;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new(Vec::new(), Limits::default()));
}

fuzz_target!(|bytes: &[u8]| {
    PARSER.with_borrow_mut(|parser| {
        let first = read(parser, bytes);
        let second = read(parser, bytes);
        assert_eq!(first, second, "a parser remembers nothing");
        let (result, alerts) = first;
        let limits = Limits::default();
        match result {
            Ok(parsed) => {
                assert_eq!(parsed.alerts as usize, alerts.len());
                assert!(parsed.rejects.len() <= 17);
            }
            Err(reject) => {
                assert!(alerts.is_empty());
                assert!(Reject::ALL_REASONS.contains(&reject.reason()));
                assert!(!reject.to_string().contains(char::is_control));
            }
        }
        for alert in alerts {
            assert!(alert.entities.len() <= limits.entities_max);
            assert!(alert.attack.len() <= limits.attack_max);
            assert!(!alert.rule_id.is_empty() && !alert.scope.is_empty());
            assert!(alert.count >= 1 && alert.severity.score <= 100);
        }
    });
});

fn read(parser: &mut Parser, bytes: &[u8]) -> (Result<caseloom_engine::input::Parsed, Reject>, Vec<Alert>) {
    let mut alerts = Vec::new();
    let message = Message {
        bytes,
        format: Format::Auto,
        scope: Scope::Default("default"),
        position: Position::default(),
        broker_time: Some(Timestamp(1_772_352_000_000)),
        headers: &[],
    };
    let result = parser.parse(&message, &mut alerts);
    (result, alerts)
}
