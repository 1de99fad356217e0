//! The store against itself: the sums worked out anew from rows, activities and groups.

use std::collections::HashMap;

use caseloom_engine::accounting::{Accounting, Disposition};
use caseloom_engine::ids::ActivityId;
use caseloom_engine::record::{ActivityRecord, GroupRecord, TallyRecord};
use caseloom_engine::recurrence::Standing;
use serde::Serialize;

use super::finding::Findings;
use crate::store::{StoreError, StoreReader};

/// What the store amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowSums {
    /// Messages, as stored.
    pub messages: u64,
    /// Alert rows.
    pub alerts: u64,
    /// Rows by the term of the accounting in which they are.
    pub terms: Vec<(&'static str, u64)>,
    /// Groups that are or were cases.
    pub cases: u64,
    /// Activities.
    pub activities: u64,
    /// Input records that were passed over.
    pub lost: u64,
}

/// What is known of an activity: its group's term and how many alerts its tally says.
type Counted = HashMap<ActivityId, (Disposition, u64), foldhash::fast::RandomState>;

/// Works the sums out anew and compares them.
///
/// # Errors
/// When something can't be read.
pub fn check_rows(reader: &StoreReader, findings: &mut Findings) -> Result<RowSums, StoreError> {
    let stored = reader.accounting()?;
    let mut sums = RowSums {
        messages: stored.messages,
        lost: reader.lost()?,
        ..RowSums::default()
    };
    findings.expect(stored.is_balanced(), "unbalanced", || {
        format!("the stored sums don't agree: {stored:?}")
    });
    let counted = check_groups(reader, &mut sums, findings)?;
    let terms = count_rows(reader, counted, &mut sums, findings)?;
    compare(&stored, &terms, &sums, findings);
    sums.terms = Disposition::ALL
        .into_iter()
        .map(Disposition::as_str)
        .zip(terms)
        .collect();
    Ok(sums)
}

fn check_groups(
    reader: &StoreReader,
    sums: &mut RowSums,
    findings: &mut Findings,
) -> Result<Counted, StoreError> {
    let mut counted = Counted::default();
    for group in reader.groups() {
        let group = group?;
        // The activities of a merged group count with the survivor.
        let Some(term) = group.stage.disposition() else {
            continue;
        };
        sums.cases += u64::from(term == Disposition::Case);
        let activities = reader.activities(&group, usize::MAX)?;
        sums.activities += activities.len() as u64;
        check_group(&group, &activities, findings);
        for (activity, tally) in activities {
            // Background that is attached to no case is background.
            let term = match (tally.standing, term) {
                (Standing::Background, Disposition::Candidate | Disposition::Expired) => {
                    Disposition::Background
                }
                _ => term,
            };
            let before = counted.insert(activity.id, (term, tally.count));
            findings.expect(before.is_none(), "activity_in_two_groups", || {
                format!(
                    "activity {} is in case {} and in another",
                    activity.id.0, group.case
                )
            });
        }
    }
    // Background on its own is in no group.
    reader.for_each_tally(|tally| {
        if tally.standing == Standing::Background && !counted.contains_key(&tally.id) {
            sums.activities += 1;
            counted.insert(tally.id, (Disposition::Background, tally.count));
        }
    })?;
    // Nor is what a silence kept out.
    reader.suppressed_back(ActivityId(u64::MAX), |kept| {
        sums.activities += 1;
        counted.insert(kept.id, (Disposition::Suppressed, kept.count));
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(counted)
}

fn check_group(
    group: &GroupRecord,
    activities: &[(ActivityRecord, TallyRecord)],
    findings: &mut Findings,
) {
    let alerts: u64 = activities.iter().map(|(_, tally)| tally.count).sum();
    // Attached background adds neither time nor severity.
    let news = || {
        let tallies = activities.iter().map(|(_, tally)| tally);
        tallies.filter(|tally| tally.standing != Standing::Background)
    };
    let first = news().map(|tally| tally.first).min();
    let last = news().map(|tally| tally.last).max();
    let severity = news().map(|tally| tally.severity.score).max();
    let of_it: [(&str, bool); 5] = [
        ("alerts", group.alerts == alerts),
        ("activities", group.activities == activities.len() as u64),
        ("first", Some(group.first) == first),
        ("last", Some(group.last) == last),
        ("severity", Some(group.severity.score) == severity),
    ];
    for (what, holds) in of_it {
        findings.expect(holds, "case_altered", || {
            format!("case {}: {what} is not what its activities say", group.case)
        });
    }
}

/// Counts the rows by term, each activity's against its tally.
fn count_rows(
    reader: &StoreReader,
    mut counted: Counted,
    sums: &mut RowSums,
    findings: &mut Findings,
) -> Result<[u64; 9], StoreError> {
    let mut terms = [0_u64; 9];
    reader.for_each_row(|activity, disposition| {
        sums.alerts += 1;
        if let Some(disposition) = disposition {
            terms[disposition as usize] += 1;
            if let (Disposition::Suppressed, Some((_, left))) =
                (disposition, counted.get_mut(&activity))
            {
                *left = left.wrapping_sub(1);
            }
            return;
        }
        match counted.get_mut(&activity) {
            Some((term, left)) => {
                terms[*term as usize] += 1;
                *left = left.wrapping_sub(1);
            }
            None => findings.add("row_without_activity", || {
                format!(
                    "a row is counted on activity {}, which is in no group",
                    activity.0
                )
            }),
        }
    })?;
    let mut wrong: Vec<_> = counted
        .into_iter()
        .filter(|(_, (_, left))| *left != 0)
        .map(|(activity, _)| activity)
        .collect();
    wrong.sort_unstable();
    for activity in wrong {
        findings.add("rows_differ", || {
            format!("activity {} has not as many rows as it counts", activity.0)
        });
    }
    Ok(terms)
}

fn compare(stored: &Accounting, terms: &[u64; 9], sums: &RowSums, findings: &mut Findings) {
    findings.expect(stored.alerts == sums.alerts, "sums_differ", || {
        format!(
            "{} alerts are counted, {} rows are there",
            stored.alerts, sums.alerts
        )
    });
    for (term, (stored, found)) in Disposition::ALL
        .into_iter()
        .zip(stored.terms.iter().zip(terms))
    {
        findings.expect(stored == found, "sums_differ", || {
            format!(
                "{}: {stored} are counted, {found} rows are there",
                term.as_str()
            )
        });
    }
}
