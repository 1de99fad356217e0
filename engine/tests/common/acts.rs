//! What people do in the engine's tests: commands from one line of text, and drawn at random.

use std::collections::BTreeMap;

use caseloom_engine::command::{
    Action, Actor, ChainCheck, Change, Command, NewEvidence, NewTask, Proof, TaskChange, TaskState,
    Verdict,
};
use caseloom_engine::correlator::Correlator;
use caseloom_engine::entity::EntityKind;
use caseloom_engine::ids::{ActivityId, CaseId, GroupId, SilenceId};
use caseloom_engine::record::{GroupRecord, Status};
use caseloom_engine::silence::{EntityTerm, NewSilence, SilenceChange};
use compact_str::CompactString;
use proptest::prelude::*;

use super::shelf::Shelf;

/// `ACTOR gN[@REVISION][#KEY] VERB WORD...`; an actor `rule:NAME` is a rule. In words, `_` stands for a blank.
pub fn command(line: &str, shelf: &Shelf) -> Command {
    let mut words = line.split_whitespace();
    let mut next = || words.next().expect("ACTOR gN VERB");
    let (actor, target, verb) = (next(), next(), next());
    let (target, key) = target.split_once('#').unwrap_or((target, ""));
    let (group, expected) = target.split_once('@').unwrap_or((target, ""));
    // `in:SCOPE` in place of a group: about the scope.
    let scope = group.strip_prefix("in:");
    let group = match scope {
        Some(_) => GroupId(0),
        None => GroupId(group[1..].parse().expect("gN")),
    };
    let words: Vec<&str> = words.collect();
    Command {
        key: (!key.is_empty()).then(|| key.into()),
        expected: (!expected.is_empty()).then(|| expected.parse().expect("a revision")),
        scope: scope.map_or_else(|| scope_of(group, shelf), Into::into),
        ..on(
            group,
            self::actor(actor),
            action(verb, &words, shelf),
            shelf,
        )
    }
}

fn scope_of(group: GroupId, shelf: &Shelf) -> CompactString {
    let record = shelf.groups.get(&group);
    record.map_or_else(|| "acme".into(), |record| record.scope_name.clone())
}

/// A command on a group as the shelf knows it.
pub fn on(group: GroupId, actor: Actor, action: Action, shelf: &Shelf) -> Command {
    let record = shelf.groups.get(&group);
    Command {
        scope: scope_of(group, shelf),
        case: record.map_or(CaseId(0), |record| record.case),
        group,
        actor,
        expected: None,
        key: None,
        action,
    }
}

/// Lets the correlator know what it needs for a command. Everything decided before must be on the shelf.
pub fn prepare(correlator: &mut Correlator, command: &Command, shelf: &Shelf) {
    if command.action.silences() {
        return;
    }
    if command.action.reshapes() {
        let other = command.action.other();
        let of = |group: &&GroupRecord| group.case == command.case || Some(group.case) == other;
        for group in shelf.groups.values().filter(of) {
            correlator.bring(shelf.recall(group.id).expect("it is on the shelf"));
        }
        return;
    }
    if !correlator.holds(command.group)
        && let Some(recall) = shelf.recall(command.group)
    {
        correlator.recall(recall);
    }
}

fn actor(word: &str) -> Actor {
    match word.strip_prefix("rule:") {
        Some(rule) => Actor::rule(rule),
        None => Actor {
            name: word.into(),
            proof: Proof::Token,
        },
    }
}

fn action(verb: &str, words: &[&str], shelf: &Shelf) -> Action {
    let text = words.join(" ");
    let group = |word: &str| GroupId(word[1..].parse().expect("gN"));
    let case = |word: &str| shelf.groups.get(&group(word)).map_or(CaseId(0), |g| g.case);
    let activities = |word: &str| {
        let all = word
            .split(',')
            .map(|no| ActivityId(no.parse().expect("a number")));
        all.collect()
    };
    let number = || words[0].parse().expect("a number");
    match verb {
        "change" => Action::Change(Box::new(change(words))),
        "note" => Action::Note { text: text.into() },
        "edit" => Action::EditNote {
            note: number(),
            text: words[1..].join(" ").into(),
        },
        "task" => Action::AddTask(Box::new(NewTask {
            title: words[0].replace('_', " ").into(),
            after: words[1..].iter().map(|no| no.parse().unwrap()).collect(),
            ..NewTask::default()
        })),
        "done" => Action::ChangeTask {
            task: number(),
            change: Box::new(TaskChange {
                state: Some(TaskState::Done),
                ..TaskChange::default()
            }),
        },
        "evidence" => Action::AddEvidence(Box::new(NewEvidence {
            name: words[0].into(),
            text: "".into(),
            media_type: "text/plain".into(),
            bytes: 3,
            sha256: "00".repeat(32).into(),
        })),
        "approve" => Action::Approve {
            reason: text.into(),
        },
        "dismiss" => Action::Dismiss {
            reason: text.into(),
        },
        "merge" => Action::Merge {
            other: case(words[0]),
            note: words[1..].join(" ").into(),
        },
        "unmerge" => Action::Unmerge {
            other: case(words[0]),
            note: "".into(),
        },
        "split" => Action::Split {
            activities: activities(words[0]),
            note: "".into(),
        },
        "move" => Action::Move {
            activities: activities(words[0]),
            other: case(words[1]),
            note: "".into(),
        },
        "pin" | "unpin" => Action::Pin {
            other: case(words[0]),
            apart: verb == "pin",
            note: "".into(),
        },
        "silence" => Action::Silence(Box::new(silence(words))),
        "prolong" => Action::ChangeSilence {
            silence: SilenceId(number()),
            change: Box::new(SilenceChange {
                until: Some((super::time(words[1]), Vec::new())),
                ..SilenceChange::default()
            }),
        },
        "end" => Action::EndSilence {
            silence: SilenceId(number()),
            note: "".into(),
        },
        other => panic!("unknown act {other}"),
    }
}

/// `until=TIME` and any of `from=TIME rule=X source=X severity=N kind:value time=BEGIN-END`.
fn silence(words: &[&str]) -> NewSilence {
    let mut new = NewSilence {
        owner: "ana".into(),
        reason: "known".into(),
        ..NewSilence::default()
    };
    for word in words {
        if let Some((key, value)) = word.split_once('=') {
            let text = value.replace('_', " ");
            match key {
                "until" => new.expires = super::time(value),
                "from" => new.starts = super::time(value),
                "rule" => new.matcher.rule = Some(text.into()),
                "source" => new.matcher.source = Some(text.into()),
                "severity" => new.matcher.severity_max = Some(value.parse().expect("a number")),
                "reason" => new.reason = text.into(),
                "time" => {
                    let (begin, end) = value.split_once('-').expect("BEGIN-END");
                    new.times.push((super::time(begin), super::time(end)));
                }
                other => panic!("unknown {other} of a silence"),
            }
            continue;
        }
        let (kind, value) = word.split_once(':').expect("kind:value");
        new.matcher.entities.push(EntityTerm {
            kind: EntityKind::from_word(kind).expect("a kind"),
            value: value.into(),
        });
    }
    new
}

fn change(words: &[&str]) -> Change {
    let mut change = Change::default();
    for word in words {
        let (key, value) = word.split_once('=').expect("key=value");
        let text = value.replace('_', " ");
        match key {
            "owner" => change.owner = Some(text.into()),
            "team" => change.team = Some(text.into()),
            "status" => change.status = Some(Status::from_word(value).expect("a status")),
            "verdict" => change.verdict = Some(Verdict::from_word(value).expect("a verdict")),
            "resolution" => change.resolution = Some(text.into()),
            "tags" => change.tags = Some(value.split(',').map(Into::into).collect()),
            "note" => change.note = Some(text.into()),
            other => drop(change.fields.insert(other.into(), text.into())),
        }
    }
    change
}

/// What somebody does to the group of a number, or none if there is no such group.
#[derive(Clone, Debug)]
pub struct Deed {
    pub group: u64,
    pub line: String,
}

/// Deeds on the first groups of a world: legal and illegal ones.
pub fn deed() -> impl Strategy<Value = Deed> {
    let acts = prop::sample::select(
        &[
            "change owner=ana",
            "change owner=bo note=over_to_you",
            "change status=investigating",
            "change status=contained",
            "change status=on_hold",
            "change status=closed verdict=benign resolution=known",
            "change status=closed verdict=true_positive resolution=cleaned",
            "change status=closed",
            "change tags=a,b ticket=T-1",
            "note seen",
            "task look",
            "evidence e.txt",
            "approve odd",
            "merge g1",
            "merge g2 same_intruder",
            "merge g4",
            "unmerge g2",
            "unmerge g3",
            "split 2",
            "split 3,4",
            "move 2 g1",
            "move 5 g3",
            "pin g1",
            "unpin g2",
            "change status=investigating",
            "dismiss nothing",
        ][..],
    );
    let actor = prop::sample::select(&["ana", "bo", "rule:night"][..]);
    let key = prop_oneof![4 => Just(""), 1 => Just("#k1"), 1 => Just("#k2")];
    (1u64..12, acts, actor, key).prop_map(|(group, act, actor, key)| Deed {
        group,
        line: format!("{actor} g{group}{key} {act}"),
    })
}

/// What somebody does about silences of the scopes of a world: legal and illegal things.
pub fn silencing() -> impl Strategy<Value = Deed> {
    let acts = prop::sample::select(
        &[
            "silence until=20+00:00 rule=r1",
            "silence until=3+00:00 rule=r? severity=30",
            "silence until=9+00:00 host:h1",
            "silence until=29+00:00 host:h* user:u2",
            "silence until=12+00:00 source=test rule=r3",
            "silence until=9+00:00 from=1+00:00 user:u3",
            "silence until=20+00:00 rule=*2 time=0+00:00-0+06:00 time=1+00:00-3+00:00 time=9+00:00-9+01:00",
            "silence until=20+00:00 severity=10",
            "silence until=0+00:00 rule=r1",
            "silence until=300+00:00 rule=r1",
            "prolong 1 25+00:00",
            "prolong 2 0+01:00",
            "end 1",
            "end 2",
            "end 3",
        ][..],
    );
    let key = prop_oneof![4 => Just(""), 1 => Just("#k1"), 1 => Just("#k2")];
    (0u8..4, acts, key).prop_map(|(scope, act, key)| Deed {
        group: 0,
        line: format!("ana in:s{scope}{key} {act}"),
    })
}

/// Each chain holds to its head, and each entry has its audit record.
pub fn check_audit(shelf: &Shelf) {
    let mut checks: BTreeMap<u32, ChainCheck> = BTreeMap::new();
    for ((scope, seq), record) in &shelf.audit {
        let check = checks.entry(*scope).or_default();
        check.take(*seq, &record.text, &record.hash).unwrap();
    }
    let ends: Vec<_> = checks
        .iter()
        .map(|(scope, check)| (*scope, check.end()))
        .collect();
    let heads = shelf.heads.values();
    let heads: Vec<_> = heads
        .map(|head| (head.scope.0, (head.seq, head.hash)))
        .collect();
    assert_eq!(ends, heads);
    // What is about silences is about no case.
    let of_cases = shelf.audit.values();
    let of_cases = of_cases.filter(|record| record.text.contains("\"case\":"));
    assert_eq!(shelf.entries.len(), of_cases.count());
}
