//! What every page has around it.

use maud::{DOCTYPE, Markup, html};

use super::text::Text;
use crate::events::one_line;
use crate::http::health::Check;
use crate::http::problem::HttpError;
use crate::http::{App, Readiness};

/// Seconds after which a page that is told to be live is fetched again.
const LIVE_SECONDS: &str = "5";

/// Longest title of a window.
const TITLE_BYTES_MAX: usize = 120;

/// A page's frame.
pub(super) struct Layout<'a> {
    pub(super) title: &'a str,
    /// The entry of the navigation that is this page.
    pub(super) here: &'a str,
    pub(super) is_live: bool,
}

impl Layout<'_> {
    pub(super) fn around(&self, app: &App, body: &Markup) -> Markup {
        frame(self, Some(&app.readiness), body)
    }
}

/// The page in place of one that can't be shown.
pub(super) fn refusal(error: &HttpError) -> Markup {
    let (_, title) = error.kind();
    let layout = Layout {
        title,
        here: "",
        is_live: false,
    };
    let body = html! {
        section.refusal {
            p.code { (error.status().as_u16()) }
            h1 { (title) }
            p { (Text(&error.to_string())) }
            p { a href="/" { "To the list of cases" } }
        }
    };
    frame(&layout, None, &body)
}

fn frame(layout: &Layout<'_>, readiness: Option<&Readiness>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if layout.is_live { meta http-equiv="refresh" content=(LIVE_SECONDS); }
                // Holds text alone: no element is one there.
                title { (one_line(layout.title, TITLE_BYTES_MAX)) " · caseloom" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/caseloom.css";
            }
            body {
                header.top {
                    a.brand href="/" { img src="/assets/icon.svg" width="24" height="24" alt=""; "caseloom" }
                    nav {
                        (entry(layout, "/", "Cases"))
                        (entry(layout, "/candidates", "Candidates"))
                        (entry(layout, "/silences", "Silences"))
                        (entry(layout, "/metrics", "Metrics"))
                    }
                    @if let Some(readiness) = readiness { (state(readiness)) }
                }
                main { (body) }
            }
        }
    }
}

fn entry(layout: &Layout<'_>, address: &str, name: &str) -> Markup {
    let current = (layout.here == address).then_some("page");
    html! { a href=(address) aria-current=[current] { (name) } }
}

/// Ready, or what is not.
fn state(readiness: &Readiness) -> Markup {
    let failing: Vec<_> = readiness
        .look()
        .into_iter()
        .filter_map(|(check, state)| Some((check, state.err()?)))
        .collect();
    html! {
        a.state.ok[failing.is_empty()].bad[!failing.is_empty()] href="/readyz" {
            @if failing.is_empty() { "ready" }
            @for (place, (check, reason)) in failing.iter().enumerate() {
                @if place > 0 { "; " }
                (name(*check)) ": " (Text(reason))
            }
        }
    }
}

fn name(check: Check) -> &'static str {
    match check {
        Check::StateRestored => "state",
        Check::TopicsAssigned => "topics",
        Check::Publisher => "publisher",
        Check::Store => "store",
    }
}
