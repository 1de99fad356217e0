//! From the counts to the outcome: which case became what.

use std::collections::BTreeMap;

use super::headers::Headers;
use super::overlap::{Overlap, Side};
use super::report::{Case, Changed, Changes, Fates, Output, Part, Parted, Report, Rows, Turn};
use super::rows::RowCounts;
use super::workload::workload;

/// Both tables of overlaps, from either side.
struct View<'a> {
    overlap: &'a Overlap,
    headers: [&'a Headers; 2],
    of_a: BTreeMap<u32, Vec<(u32, u64)>>,
    of_b: BTreeMap<u32, Vec<(u32, u64)>>,
}

/// Puts the counts into words.
pub(super) fn compare(rows: RowCounts, overlap: &Overlap, [a, b]: [Headers; 2]) -> Report {
    let mut view = View {
        overlap,
        headers: [&a, &b],
        of_a: BTreeMap::new(),
        of_b: BTreeMap::new(),
    };
    for (&(of_a, of_b), &shared) in &overlap.shared {
        view.of_a.entry(of_a).or_default().push((of_b, shared));
        view.of_b.entry(of_b).or_default().push((of_a, shared));
    }
    let split = view.parted(Side::A);
    let merged = view.parted(Side::B);
    let appeared = view.alone(Side::B);
    let vanished = view.alone(Side::A);
    let (same, changed) = view.one_to_one();
    let alerts = view.changes();
    let same_input = rows.only_a + rows.only_b == 0 && a.summary.messages == b.summary.messages;
    let mut report = Report {
        same_input,
        identical: false,
        rows: Rows {
            both: rows.both,
            only_a: rows.only_a,
            only_b: rows.only_b,
        },
        fates: view.fates(same, &changed),
        workload: workload(&a, &b),
        a: Output::new(&a),
        b: Output::new(&b),
        alerts,
        split,
        merged,
        appeared,
        vanished,
        changed,
    };
    report.identical = same_input && report.is_unchanged();
    report
}

impl View<'_> {
    fn others(&self, side: Side, case: u32) -> &[(u32, u64)] {
        let table = match side {
            Side::A => &self.of_a,
            Side::B => &self.of_b,
        };
        table.get(&case).map_or(&[], Vec::as_slice)
    }

    fn case(&self, side: Side, number: u32) -> Case {
        let (cases, headers) = match side {
            Side::A => (&self.overlap.a, self.headers[0]),
            Side::B => (&self.overlap.b, self.headers[1]),
        };
        let id = cases.names.name(number);
        let header = headers.cases.get(id);
        Case {
            id: id.to_owned(),
            scope: header.map_or(String::new(), |header| header.scope.clone()),
            title: header.map_or(String::new(), |header| header.title.clone()),
            alerts: cases.size(number),
        }
    }

    fn numbers(&self, side: Side) -> impl Iterator<Item = u32> + use<> {
        match side {
            Side::A => self.overlap.a.numbers(),
            Side::B => self.overlap.b.numbers(),
        }
    }

    /// The cases of `side` that share alerts with several of the other.
    fn parted(&self, side: Side) -> Vec<Parted> {
        let several = self
            .numbers(side)
            .filter(|case| self.others(side, *case).len() > 1);
        let mut list: Vec<_> = several.map(|case| self.part(side, case)).collect();
        list.sort_by(|x, y| largest_first(&x.case, &y.case));
        list
    }

    fn part(&self, side: Side, number: u32) -> Parted {
        let others = self.others(side, number);
        let mut parts: Vec<_> = others
            .iter()
            .map(|&(other, shared)| Part {
                case: self.case(side.other(), other),
                shared,
            })
            .collect();
        parts.sort_by(|x, y| (y.shared, &x.case.id).cmp(&(x.shared, &y.case.id)));
        let case = self.case(side, number);
        let shared: u64 = others.iter().map(|(_, shared)| shared).sum();
        Parted {
            rest: case.alerts - shared,
            case,
            parts,
        }
    }

    /// The cases of `side` that share nothing.
    fn alone(&self, side: Side) -> Vec<Case> {
        let alone = self
            .numbers(side)
            .filter(|case| self.others(side, *case).is_empty());
        let mut list: Vec<_> = alone.map(|case| self.case(side, case)).collect();
        list.sort_by(largest_first);
        list
    }

    /// How many are the same one to one, and those that are not.
    fn one_to_one(&self) -> (u64, Vec<Changed>) {
        let (mut same, mut changed) = (0, Vec::new());
        for a in self.numbers(Side::A) {
            let &[(b, shared)] = self.others(Side::A, a) else {
                continue;
            };
            if self.others(Side::B, b).len() > 1 {
                continue;
            }
            let pair = Changed {
                gained: self.overlap.b.size(b) - shared,
                lost: self.overlap.a.size(a) - shared,
                a: self.case(Side::A, a),
                b: self.case(Side::B, b),
            };
            match pair.gained + pair.lost {
                0 => same += 1,
                _ => changed.push(pair),
            }
        }
        changed.sort_by(|x, y| {
            let turned = |pair: &Changed| pair.gained + pair.lost;
            (turned(y), &x.a.id).cmp(&(turned(x), &y.a.id))
        });
        (same, changed)
    }

    fn changes(&self) -> Changes {
        let heirs = self.overlap.heirs();
        let moved = self
            .overlap
            .shared
            .iter()
            .filter(|((a, b), _)| heirs.get(a) != Some(b));
        let name = |number| self.overlap.dispositions.name(number).to_owned();
        let turns = self
            .overlap
            .turns
            .iter()
            .filter(|((from, to), _)| from != to);
        let mut dispositions: Vec<_> = turns
            .map(|(&(from, to), &alerts)| Turn {
                from: name(from),
                to: name(to),
                alerts,
            })
            .collect();
        dispositions.sort_by(|x, y| (y.alerts, &x.from, &x.to).cmp(&(x.alerts, &y.from, &y.to)));
        Changes {
            case: moved.map(|(_, alerts)| alerts).sum(),
            disposition: dispositions.iter().map(|turn| turn.alerts).sum(),
            dispositions,
        }
    }

    fn fates(&self, same: u64, changed: &[Changed]) -> Fates {
        let mut fates = Fates {
            same,
            ..Fates::default()
        };
        for pair in changed {
            match (pair.gained, pair.lost) {
                (_, 0) => fates.grew += 1,
                (0, _) => fates.shrank += 1,
                _ => fates.exchanged += 1,
            }
        }
        for a in self.numbers(Side::A) {
            match self.others(Side::A, a) {
                [] => fates.vanished += 1,
                &[(b, _)] => fates.merged_away += u64::from(self.others(Side::B, b).len() > 1),
                _ => fates.split += 1,
            }
        }
        for b in self.numbers(Side::B) {
            match self.others(Side::B, b) {
                [] => fates.appeared += 1,
                &[(a, _)] => fates.part += u64::from(self.others(Side::A, a).len() > 1),
                _ => fates.merged += 1,
            }
        }
        fates
    }
}

fn largest_first(x: &Case, y: &Case) -> std::cmp::Ordering {
    (y.alerts, &x.id).cmp(&(x.alerts, &y.id))
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl Output {
    fn new(headers: &Headers) -> Self {
        let summary = &headers.summary;
        Self {
            path: headers.path.display().to_string(),
            policy: summary.policy.clone(),
            messages: summary.messages,
            alerts: summary.alerts,
            cases: headers.cases.len() as u64,
            state_hash: summary.state_hash.clone(),
        }
    }
}
