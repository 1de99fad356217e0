//! `[[assignments]]` and `[[playbooks]]` of the policy file: who gets a new case, and with which tasks.

use std::time::Duration;

use caseloom_engine::command::{
    Assignment, Bounds, DutyPolicy, Pick, Playbook, PlaybookTask, When,
};
use serde::Deserialize;

use crate::config::duration;
use crate::config::tree::{KeyPath, Step};

/// `[when]` of both: all that is said must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WhenFile {
    scope: Option<String>,
    severity: u8,
    attack: Option<String>,
    rule: Option<String>,
    source: Option<String>,
}

/// One of `[[assignments]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignmentFile {
    name: String,
    #[serde(default)]
    when: WhenFile,
    #[serde(default)]
    team: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    pick: Pick,
}

/// One of `[[playbooks]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaybookFile {
    name: String,
    #[serde(default)]
    when: WhenFile,
    tasks: Vec<TaskFile>,
}

/// One of its `tasks`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskFile {
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    assignee: String,
    #[serde(default, deserialize_with = "due")]
    due: Option<Duration>,
    #[serde(default)]
    after: Vec<usize>,
}

fn due<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

/// Both, checked.
pub(super) fn policy(
    assignments: Vec<AssignmentFile>,
    playbooks: Vec<PlaybookFile>,
    report: &mut impl FnMut(KeyPath, String),
) -> DutyPolicy {
    let mut names: Vec<String> = Vec::new();
    let mut check = |list: &str, place: usize, name: &str| {
        let mut key = KeyPath::of(list);
        key.0.extend([Step::Index(place), Step::Key("name".into())]);
        if name.is_empty() || name.len() > Bounds::NAME {
            report(
                key,
                "must be 1 to 128 bytes long: it is the actor in the audit".into(),
            );
        } else if names.iter().any(|other| other == name) {
            report(key, format!("{name:?} is another's name already"));
        }
        names.push(name.to_owned());
    };
    for (place, assignment) in assignments.iter().enumerate() {
        check("assignments", place, &assignment.name);
    }
    for (place, playbook) in playbooks.iter().enumerate() {
        check("playbooks", place, &playbook.name);
    }
    for (place, playbook) in playbooks.iter().enumerate() {
        check_tasks(place, playbook, report);
    }
    DutyPolicy {
        assignments: assignments
            .into_iter()
            .map(AssignmentFile::into_policy)
            .collect(),
        playbooks: playbooks
            .into_iter()
            .map(PlaybookFile::into_policy)
            .collect(),
    }
}

/// A task may only wait for earlier ones, so that none waits for itself.
fn check_tasks(place: usize, playbook: &PlaybookFile, report: &mut impl FnMut(KeyPath, String)) {
    for (no, task) in playbook.tasks.iter().enumerate() {
        let mut key = KeyPath::of("playbooks");
        key.0.extend([
            Step::Index(place),
            Step::Key("tasks".into()),
            Step::Index(no),
        ]);
        if task.title.is_empty() || task.title.len() > Bounds::LINE {
            report(key, "must have a title of 1 to 512 bytes".into());
        } else if task.after.iter().any(|other| *other == 0 || *other > no) {
            report(
                key,
                format!("after must name earlier tasks by their place, from 1 to {no}"),
            );
        }
    }
}

impl WhenFile {
    fn into_policy(self) -> When {
        let text = |text: Option<String>| text.map(Into::into);
        When {
            scope: text(self.scope),
            severity: self.severity,
            attack: text(self.attack),
            rule: text(self.rule),
            source: text(self.source),
        }
    }
}

impl AssignmentFile {
    fn into_policy(self) -> Assignment {
        Assignment {
            name: self.name.into(),
            when: self.when.into_policy(),
            team: self.team.into(),
            members: self.members.into_iter().map(Into::into).collect(),
            pick: self.pick,
        }
    }
}

impl PlaybookFile {
    fn into_policy(self) -> Playbook {
        let task = |task: TaskFile| PlaybookTask {
            title: task.title.into(),
            text: task.text.into(),
            assignee: task.assignee.into(),
            due: task.due.map(duration::span),
            after: task.after,
        };
        Playbook {
            name: self.name.into(),
            when: self.when.into_policy(),
            tasks: self.tasks.into_iter().map(task).collect(),
        }
    }
}
