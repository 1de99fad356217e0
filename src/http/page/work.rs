//! What people did to a case, on its page: verdict, tags, tasks, and who did what, the latest first.

use caseloom_engine::command::{EntryRecord, Task, TaskState, Work};
use maud::{Markup, html};

use super::parts;
use super::text::Text;
use crate::http::work::sentence;

/// Entries shown; the timeline of the API has all.
pub(super) const ENTRIES_SHOWN: usize = 50;

/// Nothing for a case that nobody touched.
pub(super) fn work(work: Option<&Work>, entries: &[EntryRecord]) -> Markup {
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
                @for entry in entries.iter().rev().take(ENTRIES_SHOWN) { (one_entry(entry)) }
            }
            @if entries.len() > ENTRIES_SHOWN { p.none { "Earlier ones are on the timeline of the API." } }
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
