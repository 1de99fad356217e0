//! Tasks: what is to be done in a case, by whom, until when, and behind what.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::bounds::{Bounds, room, said, within};
use super::entry::{Changed, Verb};
use super::folder::{Effect, Folder, Turn};
use super::illegal::Illegal;
use crate::decision::EventType;
use crate::time::Timestamp;

/// A task to add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewTask {
    /// What is to be done, in a line.
    pub title: CompactString,
    /// How.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub text: CompactString,
    /// Who does it; empty: nobody yet.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub assignee: CompactString,
    /// Until when, in wall time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Tasks of the case that must be done before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u64>,
    /// The playbook that asks for it; empty: a person does.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub playbook: CompactString,
}

/// How a task shall stand. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskChange {
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<CompactString>,
    /// Who does it; empty: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<CompactString>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    /// What came of it: stands in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<CompactString>,
}

/// How far a task is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// To do.
    #[default]
    Open,
    /// Done.
    Done,
    /// Not needed.
    Skipped,
}

/// A task as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number in the scope.
    pub no: u64,
    /// What is to be done.
    pub title: CompactString,
    /// How.
    pub text: CompactString,
    /// Who does it; empty: nobody yet.
    pub assignee: CompactString,
    /// Until when.
    pub due: Option<Timestamp>,
    /// Tasks that must be done before.
    pub after: Vec<u64>,
    /// The playbook that asks for it; empty: a person did.
    pub playbook: CompactString,
    /// How far it is.
    pub state: TaskState,
    /// Wall time when it was added.
    pub added: Timestamp,
    /// Who ended it, and when.
    pub ended: Option<(Actor, Timestamp)>,
}

impl TaskState {
    /// The word used in the API, events and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

impl Folder {
    pub(super) fn add_task(
        &mut self,
        turn: &mut Turn<'_>,
        new: &NewTask,
    ) -> Result<Effect, Illegal> {
        room("tasks", self.work.tasks.len(), Bounds::TASKS)?;
        let title = said("title", &new.title, Bounds::LINE)?;
        let text = within("text", &new.text, Bounds::PARAGRAPH)?;
        let assignee = within("assignee", &new.assignee, Bounds::NAME)?;
        let playbook = within("playbook", &new.playbook, Bounds::NAME)?;
        for no in &new.after {
            self.task(*no)?;
        }
        let no = turn.number();
        let changes = vec![
            Changed::new("title", "", &title),
            Changed::new("assignee", "", &assignee),
        ];
        self.work.tasks.push(Task {
            no,
            title,
            text,
            assignee,
            due: new.due,
            after: new.after.clone(),
            playbook,
            state: TaskState::Open,
            added: turn.now,
            ended: None,
        });
        Ok(effect(Verb::TaskAdded, no, changes))
    }

    /// `None`: it stands so already.
    pub(super) fn change_task(
        &mut self,
        turn: &Turn<'_>,
        no: u64,
        change: &TaskChange,
    ) -> Result<Option<Effect>, Illegal> {
        let mut task = self.task(no)?.clone();
        let mut changes = Vec::new();
        if let Some(title) = &change.title {
            let title = said("title", title, Bounds::LINE)?;
            Changed::note(&mut changes, "title", &mut task.title, title);
        }
        if let Some(assignee) = &change.assignee {
            let assignee = within("assignee", assignee, Bounds::NAME)?;
            Changed::note(&mut changes, "assignee", &mut task.assignee, assignee);
        }
        if let Some(due) = change.due.filter(|due| task.due != Some(*due)) {
            let before = task.due.replace(due).map(Timestamp::to_rfc3339);
            let before = before.unwrap_or_default();
            changes.push(Changed::new("due", &before, &due.to_rfc3339()));
        }
        if let Some(state) = change.state.filter(|state| task.state != *state) {
            self.must_be_possible(&task, state)?;
            changes.push(Changed::new("state", task.state.as_str(), state.as_str()));
            task.state = state;
            let ended = (turn.actor.clone(), turn.now);
            task.ended = (state != TaskState::Open).then_some(ended);
        }
        let note = change.note.as_deref().unwrap_or_default();
        let text = within("note", note, Bounds::PARAGRAPH)?;
        if changes.is_empty() && text.is_empty() {
            return Ok(None);
        }
        let place = self.work.tasks.iter().position(|task| task.no == no);
        self.work.tasks[place.ok_or(Illegal::NoTask)?] = task;
        Ok(Some(Effect {
            text,
            ..effect(Verb::TaskChanged, no, changes)
        }))
    }

    fn task(&self, no: u64) -> Result<&Task, Illegal> {
        let found = self.work.tasks.iter().find(|task| task.no == no);
        found.ok_or(Illegal::NoTask)
    }

    /// A task is done when those before it are.
    fn must_be_possible(&self, task: &Task, state: TaskState) -> Result<(), Illegal> {
        if state != TaskState::Done {
            return Ok(());
        }
        let is_open = |no: &&u64| {
            self.task(**no)
                .is_ok_and(|task| task.state == TaskState::Open)
        };
        match task.after.iter().find(is_open) {
            Some(no) => Err(Illegal::Waits(*no)),
            None => Ok(()),
        }
    }
}

fn effect(verb: Verb, no: u64, changes: Vec<Changed>) -> Effect {
    Effect {
        about: Some(no),
        changes,
        ..Effect::new(verb, (EventType::Task, verb.as_str()))
    }
}
