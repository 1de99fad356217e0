//! What must hold at the end of every run.

use std::collections::{BTreeMap, BTreeSet};

use caseloom::events::event_id;
use caseloom::ports::{Destination, OutputRecord};
use caseloom_engine::ids::CaseId;

use crate::broker::Entry;
use crate::disk::Image;
use crate::input::Expected;

/// I1 to I6 of a run that came to its end. `replayed`: the operator accepted that events come again.
pub(crate) fn violations(
    expected: &Expected,
    image: &Image,
    committed: &[Entry],
    replayed: bool,
) -> Vec<String> {
    let mut found = expected.differences(image);
    counted_once(image, &mut found);
    visible_once(image, committed, replayed, &mut found);
    letters(expected, committed, replayed, &mut found);
    outbox(image, committed, &mut found);
    one_after_the_other(committed, &mut found);
    found
}

/// I1: every offset below the next one is counted once.
fn counted_once(image: &Image, found: &mut Vec<String>) {
    let read: i64 = image.next.values().sum();
    if image.accounting.messages != read.unsigned_abs() || !image.accounting.is_balanced() {
        found.push(format!("{read} offsets read, {:?}", image.accounting));
    }
}

/// I2: event ids are unique, each case's events are 1, 2, 3, ... up to its last one, and so is its state.
fn visible_once(image: &Image, committed: &[Entry], replayed: bool, found: &mut Vec<String>) {
    let mut last: BTreeMap<(Destination, &[u8]), u64> = BTreeMap::new();
    for record in records(committed).filter(|record| record.destination != Destination::DeadLetters)
    {
        let last = last.entry((record.destination, &record.key)).or_default();
        let sequence = sequence(record);
        if id(record) != expected_id(&record.key, sequence) {
            found.push(format!("event {sequence} has a foreign id"));
        }
        if sequence == *last + 1 {
            *last += 1;
        } else if !replayed || sequence > *last {
            let key = String::from_utf8_lossy(&record.key);
            found.push(format!(
                "{:?} {sequence} of {key} comes after {last}",
                record.destination
            ));
        } else {
            // It is said again, perhaps otherwise, from here on.
            *last = sequence;
        }
    }
    for group in image.groups.values().filter(|group| group.event_seq > 0) {
        let key = format!("{}|{}", group.scope_name, group.case).into_bytes();
        for destination in [Destination::Events, Destination::State] {
            let seen = last.get(&(destination, &key[..])).copied().unwrap_or(0);
            if seen != group.event_seq {
                found.push(format!(
                    "{destination:?} of case {} end at {seen}, not {}",
                    group.case, group.event_seq
                ));
            }
        }
    }
}

/// Every message that is no alert has one dead letter.
fn letters(expected: &Expected, committed: &[Entry], replayed: bool, found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for record in records(committed).filter(|record| record.destination == Destination::DeadLetters)
    {
        let key = String::from_utf8_lossy(&record.key).into_owned();
        if !seen.insert(key.clone()) && !replayed {
            found.push(format!("dead letter {key} came twice"));
        }
    }
    if seen != expected.letters {
        found.push(format!("dead letters {seen:?}, not {:?}", expected.letters));
    }
}

/// I3: nothing waits any more, and the progress is the head.
fn outbox(image: &Image, committed: &[Entry], found: &mut Vec<String>) {
    let mut progress = committed.iter().filter_map(|entry| match entry {
        Entry::Progress(progress) => Some(progress.sequence),
        Entry::Record(_) => None,
    });
    let head = image.head.outbox_head;
    if !image.outbox.is_empty() || progress.next_back() != Some(head) || image.published != head {
        found.push(format!(
            "head {head}, marked {}, {} waiting",
            image.published,
            image.outbox.len()
        ));
    }
}

/// I6: once another process published, the one before never does again.
fn one_after_the_other(committed: &[Entry], found: &mut Vec<String>) {
    let mut seen: Vec<[u8; 16]> = Vec::new();
    for entry in committed {
        let Entry::Progress(progress) = entry else {
            continue;
        };
        if seen.last() != Some(&progress.instance) {
            if seen.contains(&progress.instance) {
                found.push("a process published after another had taken over".into());
            }
            seen.push(progress.instance);
        }
    }
}

fn records(committed: &[Entry]) -> impl Iterator<Item = &OutputRecord> {
    committed.iter().filter_map(|entry| match entry {
        Entry::Record(record) => Some(record),
        Entry::Progress(_) => None,
    })
}

/// `metadata.sequence`, found as text: runs are many, and this is all that is read of the value.
fn sequence(record: &OutputRecord) -> u64 {
    let text = std::str::from_utf8(record.value.as_deref().unwrap_or_default()).unwrap_or_default();
    let number = text.split("\"event_seq\":").nth(1).unwrap_or_default();
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    number[..end].parse().expect("an event has its number")
}

fn id(record: &OutputRecord) -> String {
    let header = record.headers.iter().find(|(name, _)| name == "ce_id");
    String::from_utf8_lossy(&header.expect("an event has its id").1).into_owned()
}

fn expected_id(key: &[u8], sequence: u64) -> String {
    let key = String::from_utf8_lossy(key);
    let (scope, case) = key.split_once('|').expect("a key is scope|case");
    let case: CaseId = case.parse().expect("a key ends with a case id");
    event_id(scope, case, sequence)
}
