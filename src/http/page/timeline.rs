//! The timeline of a case as a drawing: a bar for each activity from its first to its last alert, in the row of its
//! severity. Drawn here and not by a script.

use caseloom_engine::record::{ActivityRecord, TallyRecord};
use caseloom_engine::time::Timestamp;
use maud::{Markup, html};

use super::parts;
use crate::events::one_line;
use crate::view::SEVERITIES;

const WIDTH: f64 = 1_000.0;
const ROW: f64 = 14.0;
const BAR_MIN: f64 = 5.0;
const NAME_BYTES_MAX: usize = 120;

/// Left and right end.
struct Range {
    from: Timestamp,
    to: Timestamp,
}

pub(super) fn timeline(activities: &[(ActivityRecord, TallyRecord)]) -> Markup {
    let tallies = || activities.iter().map(|(_, tally)| tally);
    let from = tallies().map(|tally| tally.first).min();
    let to = tallies().map(|tally| tally.last).max();
    let (Some(from), Some(to)) = (from, to) else {
        return html! {};
    };
    let range = Range { from, to };
    let rows: Vec<u8> = (0..=5)
        .rev()
        .filter(|id| tallies().any(|tally| tally.severity.ocsf_id() == *id))
        .collect();
    let height = rows.len() as f64 * ROW;
    html! {
        figure.timeline {
            div.rows { @for id in &rows { span { (SEVERITIES[usize::from(*id)]) } } }
            svg viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" height=(height * 1.5) role="img" aria-label="activities over time" {
                @for (activity, tally) in activities {
                    (bar(&range, &rows, activity, tally))
                }
            }
            figcaption { (parts::moment(from)) span { "UTC" } (parts::moment(to)) }
        }
    }
}

fn bar(range: &Range, rows: &[u8], activity: &ActivityRecord, tally: &TallyRecord) -> Markup {
    let id = tally.severity.ocsf_id();
    let row = rows.iter().position(|row| *row == id).unwrap_or_default();
    let width = (range.x(tally.last) - range.x(tally.first)).max(BAR_MIN);
    let x = range.x(tally.first).min(WIDTH - width);
    html! {
        a href=(format!("#a{}", activity.id.0)) {
            rect class=(format!("fill s{id}")) x=(format!("{x:.1}")) y=(row as f64 * ROW + 2.0)
                width=(format!("{width:.1}")) height=(ROW - 4.0) rx="2" {
                title { (one_line(&activity.rule_name, NAME_BYTES_MAX)) " (" (tally.count) ")" }
            }
        }
    }
}

impl Range {
    fn x(&self, at: Timestamp) -> f64 {
        let whole = self.to.since(self.from).0.max(1) as f64;
        at.since(self.from).0 as f64 / whole * WIDTH
    }
}
