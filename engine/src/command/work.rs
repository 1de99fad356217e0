//! Work: what people did to a case, beside its status and owner, which every case has. One record, for cases that
//! were touched alone.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::note::NoteHead;
use super::task::Task;
use super::verdict::Verdict;
use crate::ids::GroupId;
use crate::record::Status;
use crate::time::{Span, Timestamp};

/// What people, or rules, did to a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The case's group.
    pub group: GroupId,
    /// A person acted on it: it is not closed automatically.
    pub is_touched: bool,
    /// The owner was set by a person.
    pub is_owned: bool,
    /// What it was.
    pub verdict: Option<Verdict>,
    /// How it ended.
    pub resolution: CompactString,
    /// Which team it is with; empty: none.
    pub team: CompactString,
    /// Its tags, sorted.
    pub tags: Vec<CompactString>,
    /// Custom fields.
    pub fields: BTreeMap<CompactString, CompactString>,
    /// Its notes.
    pub notes: Vec<NoteHead>,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
    /// When what happened.
    pub times: Times,
}

/// When what happened to a case, in wall time: what its key figures are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// A person first did anything to it.
    pub first_response: Option<Timestamp>,
    /// A person first took it: an owner, or a status other than new.
    pub acknowledged: Option<Timestamp>,
    /// It was first contained, or closed.
    pub contained: Option<Timestamp>,
    /// It was last closed by a person.
    pub closed: Option<Timestamp>,
    /// How often it was reopened.
    pub reopened: u32,
    /// It is on hold since then.
    pub held_since: Option<Timestamp>,
    /// So long it was on hold before.
    pub held: Span,
}

impl Work {
    /// Nothing yet.
    pub(crate) fn of(group: GroupId) -> Self {
        Self {
            group,
            ..Self::default()
        }
    }

    /// Notes that a person acted.
    pub(crate) fn respond(&mut self, now: Timestamp) {
        self.times.respond(now);
    }

    /// Notes that something returned to a case that silence had closed.
    pub(crate) fn come_back(&mut self) {
        self.times.reopened = self.times.reopened.saturating_add(1);
        self.times.closed = None;
    }

    /// Takes over what was done to a case that became part of this one.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.is_touched |= other.is_touched;
        self.verdict = self.verdict.or(other.verdict);
        if self.team.is_empty() {
            self.team = other.team;
        }
        self.tags.extend(other.tags);
        self.tags.sort_unstable();
        self.tags.dedup();
        for (name, value) in other.fields {
            self.fields.entry(name).or_insert(value);
        }
        self.notes.extend(other.notes);
        self.tasks.extend(other.tasks);
        self.evidence.extend(other.evidence);
        self.times.absorb(other.times);
    }
}

impl Work {
    /// Gives back what came with a case that was absorbed, as it stands now: `lost` is what was done to that case before,
    /// `was` what had been done to this one. What this case got since, or has by itself, stays.
    pub(crate) fn give_back(&mut self, lost: &Self, was: &Self) -> Self {
        let mut back = lost.clone();
        if self.verdict == lost.verdict {
            self.verdict = was.verdict;
        }
        if self.team == lost.team {
            self.team.clone_from(&was.team);
        }
        let came = |tag: &CompactString| lost.tags.contains(tag) && !was.tags.contains(tag);
        self.tags.retain(|tag| !came(tag));
        self.fields.retain(|name, value| {
            was.fields.contains_key(name) || lost.fields.get(name) != Some(value)
        });
        back.notes = sort_out(&mut self.notes, &lost.notes, |note| note.no);
        back.tasks = sort_out(&mut self.tasks, &lost.tasks, |task| task.no);
        back.evidence = sort_out(&mut self.evidence, &lost.evidence, |piece| piece.no);
        back
    }
}

/// Takes those out of `all` that have the number of one of `lost`.
fn sort_out<T>(all: &mut Vec<T>, lost: &[T], id: impl Fn(&T) -> u64) -> Vec<T> {
    let is_lost = |one: &T| lost.iter().any(|other| id(other) == id(one));
    let (back, kept) = std::mem::take(all).into_iter().partition(is_lost);
    *all = kept;
    back
}

impl Times {
    /// Notes that a person acted.
    pub(super) fn respond(&mut self, now: Timestamp) {
        self.first_response.get_or_insert(now);
    }

    /// Notes a step of the workflow.
    pub(super) fn step(&mut self, now: Timestamp, (from, to): (Status, Status)) {
        self.acknowledged.get_or_insert(now);
        if from == Status::OnHold
            && let Some(since) = self.held_since.take()
        {
            self.held = Span(self.held.0.saturating_add(now.since(since).0));
        }
        if from == Status::Closed {
            self.reopened = self.reopened.saturating_add(1);
            self.closed = None;
        }
        match to {
            Status::OnHold => self.held_since = Some(now),
            Status::Contained => drop(self.contained.get_or_insert(now)),
            Status::Closed => {
                self.contained.get_or_insert(now);
                self.closed = Some(now);
            }
            Status::New | Status::Investigating => {}
        }
    }

    /// The earlier of both: what was done to a part was done to the whole.
    fn absorb(&mut self, other: Self) {
        let earlier = |a: Option<Timestamp>, b: Option<Timestamp>| a.into_iter().chain(b).min();
        self.first_response = earlier(self.first_response, other.first_response);
        self.acknowledged = earlier(self.acknowledged, other.acknowledged);
        self.contained = earlier(self.contained, other.contained);
    }
}
