//! The folder of a case: a copy of everything about it that people may change. A command is tried on it, and only
//! when all of it is legal the folder goes back to where it came from.

use compact_str::CompactString;

use super::action::{Action, Change};
use super::actor::Actor;
use super::bounds::{Bounds, room, said, within};
use super::entry::{Changed, Verb};
use super::illegal::Illegal;
use super::status::StatusPolicy;
use super::work::Work;
use crate::decision::EventType;
use crate::record::{Stage, Status};
use crate::time::Timestamp;

/// What people may change about a case.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) stage: Stage,
    pub(crate) status: Status,
    pub(crate) owner: Option<CompactString>,
    pub(crate) work: Work,
}

/// Whose turn it is, and when.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) now: Timestamp,
    pub(crate) actor: &'a Actor,
    pub(crate) policy: &'a StatusPolicy,
    /// The last number given in the scope.
    pub(crate) numbers: u64,
}

/// What a command did to a folder.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) verb: Verb,
    pub(crate) event: EventType,
    pub(crate) reason: &'static str,
    pub(crate) about: Option<u64>,
    pub(crate) text: CompactString,
    pub(crate) changes: Vec<Changed>,
}

impl Turn<'_> {
    /// The next number of the scope.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

impl Effect {
    pub(crate) fn new(verb: Verb, (event, reason): (EventType, &'static str)) -> Self {
        Self {
            verb,
            event,
            reason,
            about: None,
            text: CompactString::const_new(""),
            changes: Vec::new(),
        }
    }
}

impl Folder {
    /// Does it. `None`: it is so already. After an error the folder is of no use.
    pub(crate) fn apply(
        &mut self,
        turn: &mut Turn<'_>,
        action: &Action,
    ) -> Result<Option<Effect>, Illegal> {
        let effect = match action {
            Action::Change(change) => self.change(turn, change)?,
            Action::Note { text } => Some(self.write_note(turn, text)?),
            Action::EditNote { note, text } => Some(self.edit_note(turn, *note, text)?),
            Action::AddTask(new) => Some(self.add_task(turn, new)?),
            Action::ChangeTask { task, change } => self.change_task(turn, *task, change)?,
            Action::AddEvidence(new) => Some(self.add_evidence(turn, new)?),
            Action::TakeEvidence { evidence } => Some(self.take_evidence(*evidence)?),
            Action::Approve { reason } => Some(self.judge(Verb::Approved, reason)?),
            Action::Dismiss { reason } => {
                Some(self.judge(Verb::Dismissed, &said("reason", reason, Bounds::PARAGRAPH)?)?)
            }
            // Not a matter of the folder: see `correlator::reshape` and `correlator::silence`.
            Action::Silence(_)
            | Action::ChangeSilence { .. }
            | Action::EndSilence { .. }
            | Action::Merge { .. }
            | Action::Unmerge { .. }
            | Action::Split { .. }
            | Action::Move { .. }
            | Action::Pin { .. }
            | Action::Recur { .. } => None,
        };
        if effect.is_some() && turn.actor.is_person() {
            self.work.is_touched = true;
            self.work.times.respond(turn.now);
        }
        Ok(effect)
    }

    fn is_case(&self) -> bool {
        self.stage.is_open() || self.stage.is_closed()
    }

    /// A candidate becomes a case, or none for good.
    fn judge(&mut self, verb: Verb, reason: &str) -> Result<Effect, Illegal> {
        let is_candidate = match verb {
            Verb::Approved => matches!(self.stage, Stage::Candidate | Stage::Expired),
            _ => self.stage == Stage::Candidate,
        };
        if !is_candidate {
            return Err(Illegal::NotACandidate);
        }
        let event = match verb {
            Verb::Approved => EventType::Opened,
            _ => EventType::Closed,
        };
        Ok(Effect {
            text: within("reason", reason, Bounds::PARAGRAPH)?,
            ..Effect::new(verb, (event, verb.as_str()))
        })
    }

    fn change(&mut self, turn: &Turn<'_>, change: &Change) -> Result<Option<Effect>, Illegal> {
        if !self.is_case() {
            return Err(Illegal::NotACase);
        }
        let mut changes = Vec::new();
        self.set_people(turn, change, &mut changes)?;
        self.set_outcome(change, &mut changes)?;
        self.set_tags(change, &mut changes)?;
        let step = self.set_status(turn, change.status, &mut changes)?;
        let note = change.note.as_deref().unwrap_or_default();
        let text = within("note", note, Bounds::PARAGRAPH)?;
        if changes.is_empty() && text.is_empty() {
            return Ok(None);
        }
        let names = |field: &str| changes.iter().any(|changed| changed.field == field);
        let said = step.unwrap_or_else(|| match () {
            () if names("owner") || names("team") => (EventType::Assigned, "assigned"),
            () if names("verdict") => (EventType::Updated, "verdict"),
            () => (EventType::Updated, "changed"),
        });
        Ok(Some(Effect {
            text,
            changes,
            ..Effect::new(Verb::Changed, said)
        }))
    }

    fn set_people(
        &mut self,
        turn: &Turn<'_>,
        change: &Change,
        changes: &mut Vec<Changed>,
    ) -> Result<(), Illegal> {
        if let Some(owner) = &change.owner {
            let owner = within("owner", owner, Bounds::NAME)?;
            let before = self.owner.take().unwrap_or_default();
            if owner != before {
                changes.push(Changed::new("owner", &before, &owner));
                self.work.is_owned = turn.actor.is_person() && !owner.is_empty();
                if self.work.is_owned {
                    self.work.times.acknowledged.get_or_insert(turn.now);
                }
            }
            self.owner = (!owner.is_empty()).then_some(owner);
        }
        if let Some(team) = &change.team {
            let team = within("team", team, Bounds::NAME)?;
            Changed::note(changes, "team", &mut self.work.team, team);
        }
        Ok(())
    }

    fn set_outcome(&mut self, change: &Change, changes: &mut Vec<Changed>) -> Result<(), Illegal> {
        if let Some(verdict) = change.verdict.filter(|to| self.work.verdict != Some(*to)) {
            let before = self.work.verdict.replace(verdict);
            let before = before.map_or("", |before| before.as_str());
            changes.push(Changed::new("verdict", before, verdict.as_str()));
        }
        if let Some(text) = &change.resolution {
            let text = within("resolution", text, Bounds::PARAGRAPH)?;
            Changed::note(changes, "resolution", &mut self.work.resolution, text);
        }
        Ok(())
    }

    fn set_tags(&mut self, change: &Change, changes: &mut Vec<Changed>) -> Result<(), Illegal> {
        if let Some(tags) = &change.tags {
            let tags = tags.iter().map(|tag| said("tag", tag, Bounds::NAME));
            let mut tags = tags.collect::<Result<Vec<_>, _>>()?;
            tags.sort_unstable();
            tags.dedup();
            room("tags", tags.len(), Bounds::TAGS + 1)?;
            if tags != self.work.tags {
                let (before, after) = (self.work.tags.join(", "), tags.join(", "));
                changes.push(Changed::new("tags", &before, &after));
                self.work.tags = tags;
            }
        }
        for (name, value) in &change.fields {
            let name = said("name of a field", name, Bounds::NAME)?;
            let value = within("value of a field", value, Bounds::LINE)?;
            let before = self.work.fields.remove(&name).unwrap_or_default();
            if value != before {
                let field = format!("fields.{name}");
                changes.push(Changed::new(&field, &before, &value));
            }
            if !value.is_empty() {
                room("fields", self.work.fields.len(), Bounds::FIELDS)?;
                self.work.fields.insert(name, value);
            }
        }
        Ok(())
    }

    /// The step, if there is one: what an event says of it.
    fn set_status(
        &mut self,
        turn: &Turn<'_>,
        to: Option<Status>,
        changes: &mut Vec<Changed>,
    ) -> Result<Option<(EventType, &'static str)>, Illegal> {
        let from = self.status;
        let Some(to) = to.filter(|to| *to != from) else {
            return Ok(None);
        };
        turn.policy.check(from, to)?;
        if to == Status::Closed {
            turn.policy.check_closing(&self.work)?;
        }
        changes.push(Changed::new("status", from.as_str(), to.as_str()));
        self.status = to;
        self.work.times.step(turn.now, (from, to));
        Ok(Some(match (from, to) {
            (_, Status::Closed) => (EventType::Closed, "resolved"),
            (Status::Closed, _) => (EventType::Reopened, "reopened"),
            _ => (EventType::Status, to.as_str()),
        }))
    }
}
