//! What the parsing tests share: a parser with every mapping we ship, and a text form of what it read.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "reads fixtures; writing to memory can't fail"
)]

use std::fmt::Write as _;

use caseloom_engine::alert::{Alert, Position, TopicId};
use caseloom_engine::input::{Format, Limits, Mapping, Message, Parsed, Parser, Reject, Scope};
use caseloom_engine::time::Timestamp;

pub(crate) const AIT_ADS: &str = include_str!("../../../config/mappings/ait-ads.toml");

/// A parser with the shipped mappings and the default limits.
pub(crate) fn parser() -> Parser {
    let mapping =
        Mapping::from_toml(AIT_ADS, "ait-ads.toml").expect("the shipped mapping compiles");
    Parser::new(vec![mapping], Limits::default())
}

/// A message at offset 7 of a topic without a scope of its own.
pub(crate) fn message(bytes: &[u8]) -> Message<'_> {
    Message {
        bytes,
        format: Format::Auto,
        scope: Scope::Default("default"),
        position: Position {
            topic: TopicId(1),
            partition: 2,
            offset: 7,
            index: 0,
        },
        broker_time: None,
        headers: &[],
    }
}

pub(crate) fn parse(text: &str) -> (Result<Parsed, Reject>, Vec<Alert>) {
    let mut alerts = Vec::new();
    let result = parser().parse(&message(text.as_bytes()), &mut alerts);
    (result, alerts)
}

/// The alert of a message that holds one.
pub(crate) fn alert(text: &str) -> Alert {
    let (result, mut alerts) = parse(text);
    assert_eq!(result.map(|parsed| parsed.alerts), Ok(1), "{text}");
    alerts.remove(0)
}

/// The reason for which a message is rejected, or `accepted`.
pub(crate) fn reason(text: &str) -> &'static str {
    parse(text)
        .0
        .err()
        .map_or("accepted", |reject| reject.reason())
}

/// What the parser made of `text`, for a snapshot.
pub(crate) fn story(text: &str) -> String {
    let mut parser = parser();
    let mut alerts = Vec::new();
    let mut story = String::new();
    match parser.parse(&message(text.as_bytes()), &mut alerts) {
        Ok(parsed) => {
            let format = parsed
                .format
                .map_or("no format", |format| parser.format_name(format));
            let _ = writeln!(
                story,
                "{format}: {:?}, {} no alerts",
                parsed.outcome(),
                parsed.not_alerts
            );
            for (index, reject) in &parsed.rejects {
                let _ = writeln!(story, "reject #{index} {}: {reject}", reject.reason());
            }
            let _ = writeln!(story, "{:?}", parsed.notes);
        }
        Err(reject) => {
            let _ = writeln!(story, "reject {}: {reject}", reject.reason());
        }
    }
    alerts.iter().for_each(|alert| tell(alert, &mut story));
    story
}

fn tell(alert: &Alert, story: &mut String) {
    let _ = writeln!(
        story,
        "\nalert #{} id {:?} scope {} source {}\n  time {} updated {} count {} {:?}",
        alert.position.index,
        alert.id,
        alert.scope,
        alert.source,
        alert.time.to_rfc3339(),
        alert
            .updated
            .map_or_else(|| "-".to_owned(), Timestamp::to_rfc3339),
        alert.count,
        alert.lifecycle,
    );
    let assumed = if alert.severity.assumed {
        " (assumed)"
    } else {
        ""
    };
    let _ = writeln!(
        story,
        "  rule {:?} {:?}\n  title {:?}",
        alert.rule_id, alert.rule_name, alert.title
    );
    let _ = writeln!(
        story,
        "  severity {}{assumed} attack {:?}",
        alert.severity.score, alert.attack
    );
    for entity in &alert.entities {
        let (role, kind) = (entity.role.as_str(), entity.kind.as_str());
        let _ = writeln!(
            story,
            "  {role} {kind} {:?} thing {}",
            entity.value, entity.thing
        );
    }
}

/// The fixtures of a format: name and text, in order of their names.
#[expect(clippy::disallowed_methods, reason = "reads fixtures")]
pub(crate) fn fixtures(format: &str) -> Vec<(String, String)> {
    let folder = format!("tests/fixtures/{format}");
    let mut fixtures: Vec<(String, String)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("cannot read {folder}: {error}"))
        .map(|entry| entry.expect("a fixture can be listed").path())
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a fixture has a name")
                .to_string_lossy()
                .into_owned();
            (
                name,
                std::fs::read_to_string(&path).expect("a fixture is text"),
            )
        })
        .collect();
    fixtures.sort();
    fixtures
}
