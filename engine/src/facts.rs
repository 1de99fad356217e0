//! Facts: what lists say of the entities of one group, and by how much that raises its risk.
//!
//! The facts of a group are a function of its entities and of what is known: which way its entities came together, and
//! in which order, makes no difference. At most [`FACTS_MAX`] are kept, the most telling.

use crate::knowledge::{Fact, Mark};
use crate::policy::RaisePolicy;
use crate::time::Timestamp;

/// Most facts of a group. What raises the risk counts by its highest, so more would only be longer to read.
pub(crate) const FACTS_MAX: usize = 64;

/// What is known of a group's entities.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The most telling first.
    list: Vec<Fact>,
    raise: f64,
    /// The store has them so.
    pub(crate) is_told: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            raise: 1.0,
            is_told: true,
        }
    }
}

/// What became of the facts of a group that were judged anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// They say the same.
    Same,
    /// They say the same, from another time.
    Renewed,
    /// They say something else.
    Changed,
}

impl Facts {
    /// All, the most telling first.
    pub(crate) fn list(&self) -> &[Fact] {
        &self.list
    }

    /// By what the risk is multiplied.
    pub(crate) fn raise(&self) -> f64 {
        self.raise
    }

    /// Adds a fact, unless more telling ones fill the place.
    pub(crate) fn add(&mut self, fact: Fact, policy: &RaisePolicy) {
        self.take(fact);
        self.weigh(policy);
        self.is_told = false;
    }

    /// Takes over the facts of a group that becomes part of this one.
    pub(crate) fn absorb(&mut self, other: &Self, policy: &RaisePolicy) {
        other.list.iter().cloned().for_each(|fact| self.take(fact));
        self.weigh(policy);
        // What stands here may have been told under the other's name.
        self.is_told &= other.is_told && self.list.is_empty();
    }

    /// Takes over what the store has.
    pub(crate) fn restore(&mut self, list: Vec<Fact>, policy: &RaisePolicy) {
        self.list = list;
        self.weigh(policy);
    }

    /// Puts other facts in the place of these; what stood here already has its time.
    pub(crate) fn replace(&mut self, facts: Vec<Fact>, policy: &RaisePolicy) -> Judged {
        let before = std::mem::take(&mut self.list);
        facts.into_iter().for_each(|fact| self.take(fact));
        let since = |fact: &Fact| -> Option<Timestamp> {
            let known = before.iter().find(|old| old.is_of(fact))?;
            Some(known.since)
        };
        for fact in &mut self.list {
            fact.since = since(fact).unwrap_or(fact.since);
        }
        if self.list == before {
            return Judged::Same;
        }
        self.is_told = false;
        self.weigh(policy);
        let is_same = self.list.len() == before.len()
            && self
                .list
                .iter()
                .zip(&before)
                .all(|(a, b)| a.says_the_same(b));
        match is_same {
            true => Judged::Renewed,
            false => Judged::Changed,
        }
    }

    /// Multiplies by what another policy says. Whether that is something else.
    pub(crate) fn weigh_anew(&mut self, policy: &RaisePolicy) -> bool {
        let before = self.raise.to_bits();
        self.weigh(policy);
        self.raise.to_bits() != before
    }

    fn weigh(&mut self, policy: &RaisePolicy) {
        self.raise = policy.raise(self.list.iter().map(|fact| fact.mark));
    }

    fn take(&mut self, fact: Fact) {
        let place = match self
            .list
            .binary_search_by(|known| known.rank().cmp(&fact.rank()))
        {
            Ok(same) => {
                let known = &mut self.list[same];
                let since = known.since.min(fact.since);
                *known = Fact { since, ..fact };
                return;
            }
            Err(place) => place,
        };
        self.list.insert(place, fact);
        self.list.truncate(FACTS_MAX);
    }
}

impl RaisePolicy {
    /// By what these marks multiply the risk, 1 to `max`: each of the three kinds once, at its highest.
    #[must_use]
    pub fn raise(&self, marks: impl Iterator<Item = Mark>) -> f64 {
        let parts = self.parts(marks);
        parts
            .iter()
            .map(|part| 1.0 + part)
            .product::<f64>()
            .min(self.max.max(1.0))
    }

    /// What users, assets and intelligence add, each at its highest.
    #[must_use]
    pub fn parts(&self, marks: impl Iterator<Item = Mark>) -> [f64; 3] {
        let mut parts = [0.0_f64; 3];
        for mark in marks {
            let (at, bonus) = match mark {
                Mark::Plain => continue,
                Mark::Vip => (0, self.vip),
                Mark::Criticality(criticality) => (1, self.assets[criticality as usize]),
                Mark::Confidence(confidence) => {
                    (2, self.intel * f64::from(confidence.min(100)) / 100.0)
                }
            };
            parts[at] = parts[at].max(bonus);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::EntityKind;
    use crate::knowledge::{Criticality, FactKind};

    fn fact(value: &str, confidence: u8) -> Fact {
        Fact {
            entity: EntityKind::Ip,
            value: value.into(),
            kind: FactKind::Intel,
            mark: Mark::Confidence(confidence),
            fields: Vec::new(),
            source: "feed".into(),
            as_of: Timestamp(1),
            stale_from: Timestamp::MAX,
            since: Timestamp(5),
        }
    }

    #[test]
    fn each_kind_counts_once_at_its_highest() {
        let policy = RaisePolicy {
            vip: 0.5,
            assets: [0.0, 0.0, 0.25, 0.5],
            intel: 1.0,
            max: 3.0,
        };
        let raise = |marks: &[Mark]| policy.raise(marks.iter().copied());
        let high = Mark::Criticality(Criticality::High);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(raise(&[]), 1.0));
        assert!(close(raise(&[Mark::Plain]), 1.0));
        assert!(close(
            raise(&[high, Mark::Criticality(Criticality::Low)]),
            1.25
        ));
        assert!(close(
            raise(&[Mark::Confidence(50), Mark::Confidence(40)]),
            1.5
        ));
        assert!(close(raise(&[Mark::Vip, high]), 1.875));
        assert!(close(raise(&[Mark::Vip, high, Mark::Confidence(100)]), 3.0));
    }

    #[test]
    fn the_most_telling_stay_whatever_came_first() {
        let policy = RaisePolicy::default();
        let all: Vec<Fact> = (0..100_u8)
            .map(|at| fact(&format!("192.0.2.{at}"), at))
            .collect();
        let (mut up, mut down) = (Facts::default(), Facts::default());
        all.iter().for_each(|fact| up.add(fact.clone(), &policy));
        all.iter()
            .rev()
            .for_each(|fact| down.add(fact.clone(), &policy));
        assert_eq!(up.list(), down.list());
        assert_eq!(up.list().len(), FACTS_MAX);
        assert_eq!(up.list()[0].mark, Mark::Confidence(99));
    }

    #[test]
    fn what_stays_keeps_its_time() {
        let policy = RaisePolicy::default();
        let mut facts = Facts::default();
        facts.add(fact("192.0.2.1", 50), &policy);
        let later = |confidence, as_of| Fact {
            since: Timestamp(9),
            as_of: Timestamp(as_of),
            ..fact("192.0.2.1", confidence)
        };
        assert_eq!(facts.replace(vec![later(50, 1)], &policy), Judged::Same);
        assert_eq!(facts.replace(vec![later(50, 2)], &policy), Judged::Renewed);
        assert_eq!(facts.replace(vec![later(60, 2)], &policy), Judged::Changed);
        assert_eq!(facts.list()[0].since, Timestamp(5));
        assert_eq!(facts.replace(Vec::new(), &policy), Judged::Changed);
    }
}
