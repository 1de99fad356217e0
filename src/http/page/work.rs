//! What people did to a case, on its page: verdict, tags, tasks, and who did what, the latest first.

use std::collections::BTreeMap;

use caseloom_engine::command::{EntryRecord, Task, TaskState, Work};
use caseloom_engine::record::GroupRecord;
use maud::{Markup, html};

use super::parts;
use super::text::Text;
use crate::http::problem::HttpError;
use crate::http::reads::Data;
use crate::http::timeline::sentence;

/// Entries shown; the timeline of the API has all.
const ENTRIES_SHOWN: usize = 50;

/// The latest entries of a case, in the order of their numbers, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Latest {
    entries: BTreeMap<u64, EntryRecord>,
    total: u64,
}

impl Latest {
    pub(super) fn read(data: &Data, group: &GroupRecord) -> Result<Self, HttpError> {
        let mut latest = Self::default();
        data.store.for_each_entry(group, 0, |entry| {
            latest.total += 1;
            latest.entries.insert(entry.seq, entry);
            if latest.entries.len() > ENTRIES_SHOWN {
                latest.entries.pop_first();
            }
        })?;
        Ok(latest)
    }
}

/// Nothing for a case that nobody touched.
pub(super) fn work(work: Option<&Work>, latest: &Latest) -> Markup {
    let Some(work) = work else {
        return html! {};
    };
    html! {
        section.work {
            h2 { "Work" }
            @if let Some(verdict) = work.verdict {
                p { b { (verdict.as_str().replace('_', " ")) } @if !work.resolution.is_empty() { ": " (Text(&work.resolution)) } }
            }
            @if !work.team.is_empty() { p { "With team " (Text(&work.team)) } }
            @if !work.tags.is_empty() {
                p.entities { @for tag in &work.tags { span.entity { i { "tag" } (Text(tag)) } } }
            }
            @if !work.tasks.is_empty() {
                h3 { "Tasks" }
                ul.totals { @for task in &work.tasks { (one_task(task)) } }
            }
            h3 { "Who did what" }
            ul.totals {
                @for entry in latest.entries.values().rev() { (one_entry(entry)) }
            }
            @if latest.total > latest.entries.len() as u64 {
                p.none { "The last " (latest.entries.len()) " of " (parts::number(latest.total)) "; all are on the timeline of the API." }
            }
        }
    }
}

fn one_task(task: &Task) -> Markup {
    html! {
        li {
            span {
                @match task.state {
                    TaskState::Open => (Text(&task.title)),
                    _ => s { (Text(&task.title)) }
                }
                @if !task.assignee.is_empty() { " (" (Text(&task.assignee)) ")" }
            }
            @match task.due {
                Some(due) if task.state == TaskState::Open => span { "until " (parts::moment(due)) },
                _ => span { (task.state.as_str()) }
            }
        }
    }
}

fn one_entry(entry: &EntryRecord) -> Markup {
    html! {
        li {
            span {
                b { (Text(&entry.actor.name)) }
                @if entry.actor.proof.as_str() != "token" { " (" (entry.actor.proof.as_str()) ")" }
                " " (Text(&sentence(entry)))
                @if !entry.text.is_empty() { ": " (Text(&entry.text)) }
            }
            (parts::moment(entry.time))
        }
    }
}
