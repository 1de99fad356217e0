//! The list of silences: those that are not over first, then the latest that are.

use std::ops::ControlFlow;

use caseloom_engine::ids::SilenceId;
use caseloom_engine::silence::{Matcher, Silence};
use caseloom_engine::time::Timestamp;
use maud::{Markup, html};

use super::layout::Layout;
use super::parts;
use super::text::Text;
use crate::http::App;
use crate::http::problem::HttpError;

/// Most silences that are looked at, and shown.
const LOOKS_MAX: usize = 5_000;
const SHOWN_MAX: usize = 500;

pub(super) async fn silences(app: &App) -> Result<Markup, HttpError> {
    let now = app.clock.now();
    let read = app.reads.run(move |data| {
        let mut all: Vec<Silence> = Vec::new();
        data.store.silences_back(SilenceId(u64::MAX), |silence| {
            all.push(silence);
            match all.len() < LOOKS_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        // Stable: the latest first among each.
        all.sort_by_key(|silence| silence.is_over(now));
        all.truncate(SHOWN_MAX);
        Ok(all)
    });
    let layout = Layout {
        title: "Silences",
        here: "/silences",
        is_live: false,
    };
    Ok(layout.around(app, &body(&read.await?, now)))
}

fn body(silences: &[Silence], now: Timestamp) -> Markup {
    html! {
        h1 { "Silences" }
        @if silences.is_empty() { p.empty { "Nothing is silenced, and never was." } }
        @else {
            div.scroll {
                table {
                    thead { tr {
                        th { "No." } th { "State" } th { "Scope" } th { "Matches" } th { "Owner" } th { "Reason" }
                        th { "Expires" } th.number { "Alerts" } th { "Last" }
                    } }
                    tbody { @for silence in silences { (row(silence, now)) } }
                }
            }
        }
    }
}

fn row(silence: &Silence, now: Timestamp) -> Markup {
    html! {
        tr {
            td { (silence.id.0) }
            td { (silence.state(now).as_str()) @if !silence.repeat.is_empty() { br; (Text(&silence.repeat)) } }
            td { (Text(&silence.scope_name)) }
            td { (matcher(&silence.matcher)) }
            td { (Text(&silence.owner)) }
            td { (Text(&silence.reason)) }
            td { (parts::ago(silence.ended.unwrap_or(silence.expires), now)) }
            td.number { (parts::number(silence.alerts)) }
            td { @if let Some(last) = silence.last { (parts::ago(last, now)) } }
        }
    }
}

fn matcher(matcher: &Matcher) -> Markup {
    html! {
        @if let Some(rule) = &matcher.rule { span.tag { "rule " (Text(rule)) } }
        @if let Some(source) = &matcher.source { span.tag { "source " (Text(source)) } }
        @for term in &matcher.entities { span.tag { (term.kind.as_str()) " " (Text(&term.value)) } }
        @if let Some(severity) = matcher.severity_max { span.tag { "severity " (severity) " at most" } }
    }
}
