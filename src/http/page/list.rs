//! The list of cases, or of candidates: totals, filters, a table, the way to the next page.

use std::sync::Arc;

use caseloom_engine::accounting::{Accounting, Disposition};
use caseloom_engine::record::{GroupRecord, Status};
use caseloom_engine::time::Timestamp;
use maud::{Markup, html};

use super::layout::Layout;
use super::parts;
use super::text::Text;
use crate::http::App;
use crate::http::problem::HttpError;
use crate::http::query::{CASE_PARAMS, Params, STATUS_ALL, case_query};
use crate::view::{self, SEVERITIES, Shelf, Totals};

/// ATT&CK ids shown in a row.
const ATTACK_SHOWN: usize = 4;

const SORTS: [(&str, &str); 5] = [
    ("-updated", "latest change"),
    ("-risk", "highest risk"),
    ("-severity", "highest severity"),
    ("-opened", "latest opened"),
    ("-last", "latest alert"),
];

/// What a list page shows.
struct Shown {
    page: view::Page,
    totals: Totals,
    accounting: Accounting,
}

pub(super) async fn list(
    app: &App,
    shelf: Shelf,
    params: Result<Params, HttpError>,
) -> Result<Markup, HttpError> {
    let params = params?;
    let mut known = CASE_PARAMS.to_vec();
    known.push("live");
    params.only(&known)?;
    let is_live = params.get("live").is_some();
    // On the page, no status means what is still to be done, and `all` everything.
    let mut query = case_query(&params.without("status", "all"), app.clock.now())?;
    if shelf == Shelf::Cases && params.get("status").is_none() {
        query.status = STATUS_ALL
            .into_iter()
            .filter(|status| *status != Status::Closed)
            .collect();
    }
    let shown = app.reads.run(move |data| {
        if query.search.is_some() {
            data.read_up()?;
        }
        Ok(Shown {
            page: data.view.list(shelf, &query),
            totals: data.view.totals(),
            accounting: data.store.accounting()?,
        })
    });
    let shown = shown.await?;
    let layout = Layout {
        title: heading(shelf),
        here: path(shelf),
        is_live,
    };
    Ok(layout.around(app, &body(app, shelf, &params, &shown)))
}

fn body(app: &App, shelf: Shelf, params: &Params, shown: &Shown) -> Markup {
    html! {
        h1.hidden { (heading(shelf)) }
        (tiles(shown))
        (filters(shelf, params))
        (table(shelf, &shown.page.items, app.clock.now()))
        (pager(shelf, params, &shown.page))
        (sums(&shown.accounting))
    }
}

fn heading(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Cases => "Cases",
        Shelf::Candidates => "Candidates",
    }
}

fn path(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Cases => "/",
        Shelf::Candidates => "/candidates",
    }
}

fn tiles(shown: &Shown) -> Markup {
    let totals = &shown.totals;
    html! {
        section.tiles {
            a.tile href="/" {
                b { (parts::number(totals.open() as u64)) } span { "open cases" }
            }
            @for (id, word) in SEVERITIES.iter().enumerate().rev().filter(|(id, _)| *id >= 2) {
                a class=(format!("tile level s{id}")) href=(parts::address("/", &[("severity", word)])) {
                    b { (parts::number(totals.open_by_severity[id] as u64)) } span { (word) }
                }
            }
            a.tile href=(parts::address("/", &[("owner", "none")])) {
                b { (parts::number(totals.unowned as u64)) } span { "without owner" }
            }
            a.tile href="/candidates" {
                b { (parts::number(totals.candidates as u64)) } span { "candidates" }
            }
            a.tile href=(parts::address("/", &[("status", "closed")])) {
                b { (parts::number(totals.closed as u64)) } span { "closed" }
            }
        }
    }
}

fn filters(shelf: Shelf, params: &Params) -> Markup {
    let value = |name| params.get(name).unwrap_or_default();
    let is_live = params.get("live").is_some();
    html! {
        form.filters method="get" action=(path(shelf)) {
            input type="search" name="q" value=(value("q")) maxlength="200" placeholder="Title, id, scope, ATT&CK" aria-label="Search";
            @if shelf == Shelf::Cases {
                select name="status" aria-label="Status" {
                    (option("", "to be done", value("status")))
                    @for status in STATUS_ALL { (option(status.as_str(), &status.as_str().replace('_', " "), value("status"))) }
                    (option("all", "all", value("status")))
                }
            }
            select name="severity" aria-label="Severity" {
                (option("", "any severity", value("severity")))
                @for word in SEVERITIES.iter().skip(2).rev() {
                    (option(&format!("{word}+"), &format!("{word} and above"), value("severity")))
                }
                @if !value("severity").is_empty() && !value("severity").ends_with('+') {
                    (option(value("severity"), value("severity"), value("severity")))
                }
            }
            select name="sort" aria-label="Order" {
                @for (word, name) in SORTS { (option(word, name, value("sort"))) }
            }
            @for name in ["owner", "scope"] {
                @if let Some(kept) = params.get(name) { input type="hidden" name=(name) value=(kept); }
            }
            button { "Show" }
            @if is_live {
                input type="hidden" name="live" value="1";
                a.live.on href=(same_with(shelf, params, &[("live", "")])) { "live" }
            } @else {
                a.live href=(same_with(shelf, params, &[("live", "1")])) title="fetch the page again every 5 s" { "go live" }
            }
        }
    }
}

fn option(value: &str, name: &str, chosen: &str) -> Markup {
    html! { option value=(value) selected[value == chosen] { (name) } }
}

/// This page's address with other values.
fn same_with(shelf: Shelf, params: &Params, changed: &[(&str, &str)]) -> String {
    let mut pairs = changed.to_vec();
    for name in CASE_PARAMS.into_iter().chain(["live"]) {
        if !changed.iter().any(|(other, _)| *other == name) {
            pairs.push((name, params.get(name).unwrap_or_default()));
        }
    }
    parts::address(path(shelf), &pairs)
}

fn table(shelf: Shelf, groups: &[Arc<GroupRecord>], now: Timestamp) -> Markup {
    if groups.is_empty() {
        return html! { p.nothing { "Nothing here." } };
    }
    html! {
        table.cases {
            thead { tr {
                th { "Severity" } th { "Case" } th.number { "Risk" } th.number { "Alerts" }
                th.number { "Activities" } th.number { "Entities" }
                @if shelf == Shelf::Cases { th { "Status" } th { "Owner" } }
                th { "Last alert" } th { "Changed" }
            } }
            tbody { @for group in groups { (row(shelf, group, now)) } }
        }
    }
}

fn row(shelf: Shelf, group: &GroupRecord, now: Timestamp) -> Markup {
    html! {
        tr {
            td { (parts::severity(group.severity)) }
            td.title {
                a href=(format!("/cases/{}", group.case)) { (Text(&group.title)) }
                div.under {
                    code { (group.case) } span { (Text(&group.scope_name)) }
                    (parts::attack(&group.attack, ATTACK_SHOWN))
                }
            }
            td.number { (parts::risk(group)) }
            td.number { (parts::number(group.alerts)) }
            td.number { (parts::number(group.activities)) }
            td.number { (parts::number(group.entities)) }
            @if shelf == Shelf::Cases {
                td { (parts::status(group.status)) }
                td { @match &group.owner { Some(owner) => (Text(owner)), None => span.none { "nobody" } } }
            }
            td.when { (parts::ago(group.last, now)) }
            td.when { (parts::ago(group.updated, now)) }
        }
    }
}

fn pager(shelf: Shelf, params: &Params, page: &view::Page) -> Markup {
    let next = page.next.map(|next| next.to_string());
    html! {
        nav.pager {
            @if params.get("cursor").is_some() { a href=(same_with(shelf, params, &[("cursor", "")])) { "First page" } }
            @if let Some(next) = next { a href=(same_with(shelf, params, &[("cursor", &next)])) { "Next page" } }
        }
    }
}

/// Where every alert went, so that a short list is seen to be the whole story.
fn sums(sums: &Accounting) -> Markup {
    let terms = Disposition::ALL.map(|term| (term, sums.term(term)));
    html! {
        footer.sums {
            b { (parts::number(sums.alerts)) } " alerts in " (parts::number(sums.messages)) " messages"
            @for (term, count) in terms.into_iter().filter(|(_, count)| *count > 0) {
                span { b { (parts::number(count)) } " " (words(term)) }
            }
            @if sums.rejected > 0 { span { b { (parts::number(sums.rejected)) } " messages rejected" } }
        }
    }
}

/// A term of the accounting, as a person says it.
fn words(term: Disposition) -> &'static str {
    match term {
        Disposition::Case => "in cases",
        Disposition::Candidate => "in candidates",
        other => other.as_str(),
    }
}
