//! The outcome for people: what changed in a few lines, then the cases, the weightiest first.

use std::fmt;

use super::report::{Case, Changed, Parted, Report, Workload};
use crate::plain::plain;

/// Shows a report; `rows_max` of each list, and how many more there are.
#[derive(Debug)]
pub struct Table<'a> {
    /// What to show.
    pub report: &'a Report,
    /// Most rows of each list.
    pub rows_max: usize,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        self.inputs(f)?;
        for (name, output) in [("A", &report.a), ("B", &report.b)] {
            writeln!(
                f,
                "{name}  {}  policy {}  alerts {}  cases {}",
                plain(&output.path),
                plain(&output.policy),
                output.alerts,
                output.cases
            )?;
        }
        if report.identical {
            return writeln!(f, "nothing differs");
        }
        self.sums(f)?;
        self.parted(f, "split", "into", &report.split)?;
        self.parted(f, "merged", "from", &report.merged)?;
        self.alone(f, "appeared", &report.appeared)?;
        self.alone(f, "vanished", &report.vanished)?;
        self.changed(f)?;
        self.workload(f)
    }
}

impl Table<'_> {
    fn inputs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { rows, a, b, .. } = self.report;
        if self.report.same_input {
            return Ok(());
        }
        writeln!(
            f,
            "WARNING: A and B are not of the same input: {} rows are in both, {} only in A, {} only in B; {} and {} \
             messages. What follows mixes that with what the policy did.",
            rows.both, rows.only_a, rows.only_b, a.messages, b.messages
        )
    }

    fn sums(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { alerts, fates, .. } = self.report;
        writeln!(
            f,
            "\nalerts  {} in another case, {} of another disposition",
            alerts.case, alerts.disposition
        )?;
        for turn in &alerts.dispositions {
            writeln!(
                f,
                "        {:>9}  {} -> {}",
                turn.alerts,
                plain(&turn.from),
                plain(&turn.to)
            )?;
        }
        writeln!(
            f,
            "cases   {} same, {} grew, {} shrank, {} exchanged alerts, {} split, {} merged, {} appeared, {} vanished",
            fates.same,
            fates.grew,
            fates.shrank,
            fates.exchanged,
            fates.split,
            fates.merged,
            fates.appeared,
            fates.vanished
        )
    }

    fn parted(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: &str,
        how: &str,
        list: &[Parted],
    ) -> fmt::Result {
        self.head(f, what, list.len())?;
        for parted in list.iter().take(self.rows_max) {
            case(f, &parted.case)?;
            for part in parted.parts.iter().take(self.rows_max) {
                writeln!(
                    f,
                    "    {how} {}  {} of its {} alerts",
                    plain(&part.case.id),
                    part.shared,
                    part.case.alerts
                )?;
            }
            self.more(f, "    ", parted.parts.len())?;
            if parted.rest > 0 {
                writeln!(f, "    {} alerts {how} no case", parted.rest)?;
            }
        }
        self.more(f, "  ", list.len())
    }

    fn alone(&self, f: &mut fmt::Formatter<'_>, what: &str, list: &[Case]) -> fmt::Result {
        self.head(f, what, list.len())?;
        for one in list.iter().take(self.rows_max) {
            case(f, one)?;
        }
        self.more(f, "  ", list.len())
    }

    fn changed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = &self.report.changed;
        self.head(f, "grew, shrank or exchanged alerts", list.len())?;
        for Changed { a, b, gained, lost } in list.iter().take(self.rows_max) {
            case(f, b)?;
            let id = plain(&a.id);
            writeln!(
                f,
                "    was {id} with {} alerts: {gained} gained, {lost} lost",
                a.alerts
            )?;
        }
        self.more(f, "  ", list.len())
    }

    fn workload(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\ncases a day, by scope and day of opening (UTC)")?;
        let list = &self.report.workload;
        for of_scope in list.iter().take(self.rows_max) {
            let Workload {
                scope,
                days,
                a_per_day,
                b_per_day,
                ..
            } = of_scope;
            let change = b_per_day - a_per_day;
            writeln!(
                f,
                "  {}  {a_per_day} -> {b_per_day} ({change:+.2}) over {days} days",
                plain(scope)
            )?;
            for day in of_scope.by_day.iter().take(self.rows_max) {
                writeln!(f, "    {}  {:>5} -> {:>5}", day.day, day.a, day.b)?;
            }
            self.more(f, "    ", of_scope.by_day.len())?;
        }
        self.more(f, "  ", list.len())
    }

    fn head(&self, f: &mut fmt::Formatter<'_>, what: &str, count: usize) -> fmt::Result {
        match count {
            0 => Ok(()),
            _ => writeln!(f, "\n{what}: {count}"),
        }
    }

    fn more(&self, f: &mut fmt::Formatter<'_>, indent: &str, count: usize) -> fmt::Result {
        match count.saturating_sub(self.rows_max) {
            0 => Ok(()),
            more => writeln!(f, "{indent}and {more} more"),
        }
    }
}

fn case(f: &mut fmt::Formatter<'_>, case: &Case) -> fmt::Result {
    writeln!(
        f,
        "  {}  {}  {} alerts  {}",
        plain(&case.id),
        plain(&case.scope),
        case.alerts,
        plain(&case.title)
    )
}
