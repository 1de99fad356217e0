//! Counts while the rows go by, and the matching of cases by them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

/// Which output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

/// What a row says: its case (0: none) and its disposition, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    case: u32,
    disposition: u32,
}

/// Names by number, from 1.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32, RandomState>,
}

/// The cases of one side.
#[derive(Debug, Default)]
pub(super) struct Cases {
    pub(super) names: Names,
    /// Alerts that each holds, by number - 1.
    pub(super) sizes: Vec<u64>,
}

/// All counts.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    pub(super) a: Cases,
    pub(super) b: Cases,
    pub(super) dispositions: Names,
    /// Rows by the disposition in A and in B.
    pub(super) turns: BTreeMap<(u32, u32), u64>,
    /// Alerts held by a case of A and a case of B.
    pub(super) shared: BTreeMap<(u32, u32), u64>,
}

impl Names {
    /// The number of `name`; a new one when it was not met before.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.names.push(name.to_owned());
        let number = u32::try_from(self.names.len()).expect("fewer than 2^32 names fit memory");
        self.numbers.insert(name.to_owned(), number);
        number
    }

    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize - 1]
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.names.len()).expect("numbers are given as u32")
    }
}

impl Cases {
    pub(super) fn size(&self, case: u32) -> u64 {
        self.sizes[case as usize - 1]
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.names.len()
    }
}

impl Overlap {
    /// A row's cell. Only a row of the disposition `case` is held by its case.
    pub(super) fn cell(&mut self, side: Side, case: &str, disposition: &str) -> Cell {
        let is_held = disposition == "case" && !case.is_empty();
        let cases = match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        };
        let case = if is_held { cases.names.number(case) } else { 0 };
        if is_held {
            cases.sizes.resize(cases.names.names.len(), 0);
            cases.sizes[case as usize - 1] += 1;
        }
        Cell {
            case,
            disposition: self.dispositions.number(disposition),
        }
    }

    /// The same row in both outputs.
    pub(super) fn pair(&mut self, [a, b]: [Cell; 2]) {
        *self
            .turns
            .entry((a.disposition, b.disposition))
            .or_default() += 1;
        if a.case > 0 && b.case > 0 {
            *self.shared.entry((a.case, b.case)).or_default() += 1;
        }
    }

    /// By each case of A its heir in B.
    pub(super) fn heirs(&self) -> BTreeMap<u32, u32> {
        let mut pairs: Vec<_> = self.shared.iter().map(|(pair, n)| (*pair, *n)).collect();
        pairs.sort_unstable_by_key(|&((a, b), shared)| {
            // With an equal overlap, the larger share of all alerts is the one with fewer alerts in all.
            let all = self.a.size(a) + self.b.size(b);
            (
                Reverse(shared),
                all,
                self.a.names.name(a),
                self.b.names.name(b),
            )
        });
        let mut heirs = BTreeMap::new();
        let mut is_taken = vec![false; self.b.names.names.len() + 1];
        for ((a, b), _) in pairs {
            if !is_taken[b as usize] && !heirs.contains_key(&a) {
                is_taken[b as usize] = true;
                heirs.insert(a, b);
            }
        }
        heirs
    }
}
