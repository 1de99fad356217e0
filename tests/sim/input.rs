//! What a run reads: messages in one fixed order over two partitions, and what they must amount to.

use std::collections::{BTreeMap, BTreeSet};

use caseloom::config::Config;
use caseloom::ports::{Record as InputRecord, RecordBatch};
use caseloom_engine::accounting::{Accounting, MessageOutcome};
use caseloom_engine::alert::{Position, TopicId};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::decision::Decision;
use caseloom_engine::ids::{ActivityId, GroupId};
use caseloom_engine::input::{Format, Message, Scope};
use caseloom_engine::record::{GroupRecord, Record, TallyRecord};
use caseloom_engine::time::Timestamp;

use crate::disk::Image;
use crate::rng::Rng;

/// The input topic.
pub(crate) const TOPIC: &str = "alerts";
/// 2026-01-31T08:00:00Z.
pub(crate) const NOW: i64 = 1_769_846_400_000;

/// The messages of a run.
#[derive(Debug)]
pub(crate) struct Input {
    messages: Vec<Place>,
    pub(crate) expected: Expected,
}

#[derive(Debug)]
struct Place {
    partition: i32,
    offset: i64,
    value: Vec<u8>,
}

/// What the input amounts to, worked out one alert at a time, without store, batches or crashes.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) accounting: Accounting,
    pub(crate) groups: BTreeMap<GroupId, GroupRecord>,
    pub(crate) tallies: BTreeMap<(GroupId, ActivityId), TallyRecord>,
    /// Keys of the dead letters.
    pub(crate) letters: BTreeSet<String>,
}

impl Input {
    pub(crate) fn new(seed: u64, count: usize) -> Self {
        let mut rng = Rng::of(seed, 0);
        let (mut time, mut next) = (NOW, [0, 0]);
        let mut messages = Vec::new();
        for number in 0..count {
            let partition = rng.below(2);
            // Minutes apart, at times so long that cases end.
            time += 1_000 * (1 + rng.below(1_200) as i64);
            if rng.once_in(12) {
                time += 30 * 3_600_000;
            }
            messages.push(Place {
                partition: partition as i32,
                offset: next[partition],
                value: message(&mut rng, number, time),
            });
            next[partition] += 1;
        }
        let expected = Expected::of(&messages);
        Self { messages, expected }
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Up to `count` messages behind the first `from`.
    pub(crate) fn batch(&self, from: usize, count: usize) -> RecordBatch {
        let mut batch = RecordBatch::default();
        for message in self.messages.iter().skip(from).take(count) {
            batch.records.push(InputRecord {
                topic: TopicId(0),
                partition: message.partition,
                offset: message.offset,
                timestamp_ms: None,
                start: batch.bytes.len(),
                length: Some(message.value.len()),
                headers_length: 0,
            });
            batch.bytes.extend_from_slice(&message.value);
        }
        batch
    }
}

/// A native alert on one of a few hosts and users, seldom something that is none or that was sent before.
fn message(rng: &mut Rng, number: usize, time: i64) -> Vec<u8> {
    if rng.once_in(15) {
        return format!("no alert {number}").into_bytes();
    }
    let id = if rng.once_in(10) { number / 2 } else { number };
    let severity = ["low", "high", "critical"][rng.below(3)];
    let (host, user, rule) = (rng.below(5), rng.below(4), rng.below(3));
    let time = Timestamp(time).to_rfc3339();
    format!(
        r#"{{"id":"a{id}","time":"{time}","scope":"s{}","source":"edr","rule":{{"id":"r{rule}","name":"Rule {rule}"}},"severity":"{severity}","title":"Rule {rule}","entities":[{{"kind":"host","value":"host-{host}","role":"affected"}},{{"kind":"user","value":"user-{user}","role":"actor"}}]}}"#,
        rng.below(2),
    )
    .into_bytes()
}

impl Expected {
    fn of(messages: &[Place]) -> Self {
        let config = Config::default();
        let policy = config.load_policy(None).expect("the built-in policy");
        let mut correlator = Correlator::new(policy, [3; 16]);
        correlator.name_topic(TopicId(0), TOPIC);
        let mut parser = config.parser();
        let mut decision = Decision::default();
        let mut alerts = Vec::new();
        let mut image = (BTreeMap::new(), BTreeMap::new());
        let mut letters = BTreeSet::new();
        for place in messages {
            let message = Message {
                bytes: &place.value,
                headers: &[],
                format: Format::Auto,
                scope: Scope::Default("default"),
                position: Position {
                    topic: TopicId(0),
                    partition: place.partition,
                    offset: place.offset,
                    index: 0,
                },
                broker_time: None,
            };
            alerts.clear();
            match parser.parse(&message, &mut alerts) {
                Ok(parsed) => correlator.on_message(parsed.outcome()),
                Err(_) => {
                    correlator.on_message(MessageOutcome::Rejected);
                    letters.insert(format!("{TOPIC}|{}|{}", place.partition, place.offset));
                }
            }
            for alert in &alerts {
                correlator.on_alert(Timestamp(NOW), alert, &mut decision);
            }
            correlator.seal(&mut decision);
            for record in decision.records.drain(..) {
                match record {
                    Record::Group(group) => drop(image.0.insert(group.id, timeless(*group))),
                    Record::Tally(tally) => drop(image.1.insert((tally.group, tally.id), tally)),
                    _ => {}
                }
            }
            decision.clear();
        }
        Self {
            accounting: correlator.accounting().clone(),
            groups: image.0,
            tallies: image.1,
            letters,
        }
    }

    /// What of a store's content differs.
    pub(crate) fn differences(&self, image: &Image) -> Vec<String> {
        let mut found = Vec::new();
        if image.accounting != self.accounting {
            found.push(format!(
                "the sums are {:?}, not {:?}",
                image.accounting, self.accounting
            ));
        }
        if image.tallies != self.tallies {
            found.push("the activities' tallies differ".into());
        }
        let groups: BTreeMap<_, _> = image
            .groups
            .iter()
            .map(|(id, group)| (*id, timeless(group.clone())))
            .collect();
        if groups != self.groups {
            found.push("the groups differ".into());
        }
        found
    }
}

/// A group without what depends on when it was decided.
fn timeless(mut group: GroupRecord) -> GroupRecord {
    group.opened = group.opened.map(|_| Timestamp(0));
    group.closed = group.closed.map(|_| Timestamp(0));
    group.updated = Timestamp(0);
    group.event_seq = 0;
    group.unannounced = false;
    group
}
