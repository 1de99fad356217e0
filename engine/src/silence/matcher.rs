//! What a silence matches: all that is said must hold of one alert.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::pattern::{BYTES_MAX, Pattern};
use crate::entity::{Entity, EntityKind};

/// Most entities of a matcher.
const ENTITIES_MAX: usize = 16;

/// What a silence matches, as people said it. Stored by position: no field may be left out where it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// The rule's id or its name; may have `*` and `?`.
    pub rule: Option<CompactString>,
    /// The product; may have `*` and `?`.
    pub source: Option<CompactString>,
    /// Entities, in whatever role: each must be that of an entity of the alert.
    pub entities: Vec<EntityTerm>,
    /// At most this severe, 0 to 100: what is worse is heard.
    pub severity_max: Option<u8>,
}

/// An entity of a [`Matcher`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityTerm {
    /// Its kind.
    pub kind: EntityKind,
    /// Its value; may have `*` and `?`, and for an address be a network such as `10.0.0.0/8`.
    pub value: CompactString,
}

/// What is wrong with a matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum InvalidMatcher {
    /// It names neither a rule nor a product nor an entity.
    #[error("a silence must name a rule, a source or an entity: nobody can answer for all alerts")]
    TooWide,
    /// A term says nothing.
    #[error(
        "{0} must be 1 to {BYTES_MAX} bytes with more than * and ?, and of an entity what can be one of its kind"
    )]
    Term(&'static str),
    /// Too many entities.
    #[error("a silence names at most {ENTITIES_MAX} entities")]
    Entities,
    /// A severity that there is not.
    #[error("severity_max must be 0 to 100")]
    Severity,
}

/// What is known of an alert, or of an activity.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// The product.
    pub source: &'a str,
    /// The rule's id.
    pub rule_id: &'a str,
    /// The rule's name.
    pub rule_name: &'a str,
    /// Its entities.
    pub entities: &'a [Entity],
    /// Its severity, 0 to 100.
    pub severity: u8,
}

/// A matcher that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    rule: Option<Pattern>,
    source: Option<Pattern>,
    entities: Vec<(EntityKind, Pattern)>,
    severity_max: u8,
}

impl Matcher {
    /// Checks it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), InvalidMatcher> {
        self.terms().map(drop)
    }

    /// Whether it matches; `false` for one that is not valid. For many look-ups of one, see [`Self::tester`].
    #[must_use]
    pub fn holds(&self, of: &Witness<'_>) -> bool {
        self.terms().is_ok_and(|terms| terms.holds(of))
    }

    /// The same for many.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn tester(&self) -> Result<impl Fn(&Witness<'_>) -> bool + use<>, InvalidMatcher> {
        let terms = self.terms()?;
        Ok(move |of: &Witness<'_>| terms.holds(of))
    }

    pub(super) fn terms(&self) -> Result<Terms, InvalidMatcher> {
        let pattern = |field: &'static str, text: &Option<CompactString>| {
            let pattern = text.as_ref().map(|text| Pattern::of(text));
            pattern
                .map(|pattern| pattern.ok_or(InvalidMatcher::Term(field)))
                .transpose()
        };
        if self.rule.is_none() && self.source.is_none() && self.entities.is_empty() {
            return Err(InvalidMatcher::TooWide);
        }
        if self.entities.len() > ENTITIES_MAX {
            return Err(InvalidMatcher::Entities);
        }
        let entities = self.entities.iter().map(|term| {
            let pattern = Pattern::of_entity(term.kind, &term.value);
            let pattern = pattern.ok_or(InvalidMatcher::Term("an entity"))?;
            Ok((term.kind, pattern))
        });
        let severity_max = self.severity_max.unwrap_or(100);
        if severity_max > 100 {
            return Err(InvalidMatcher::Severity);
        }
        Ok(Terms {
            rule: pattern("rule", &self.rule)?,
            source: pattern("source", &self.source)?,
            entities: entities.collect::<Result<_, _>>()?,
            severity_max,
        })
    }
}

impl Terms {
    /// A value that an alert must have to be matched, if there is one.
    pub(super) fn value(&self) -> Option<(EntityKind, &CompactString)> {
        self.entities
            .iter()
            .find_map(|(kind, pattern)| match pattern {
                Pattern::Is(value) => Some((*kind, value)),
                _ => None,
            })
    }

    /// Whether the rule and the product are as said.
    pub(super) fn fits(&self, source: &str, rule_id: &str, rule_name: &str) -> bool {
        let is = |pattern: &Option<Pattern>, value: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.holds(value))
        };
        is(&self.source, source) && (is(&self.rule, rule_id) || is(&self.rule, rule_name))
    }

    /// Whether the rest is as said.
    pub(super) fn holds_on(&self, entities: &[Entity], severity: u8) -> bool {
        let stands = |(kind, pattern): &(EntityKind, Pattern)| {
            let mut of_kind = entities.iter().filter(|entity| entity.kind == *kind);
            of_kind.any(|entity| pattern.holds(&entity.value))
        };
        severity <= self.severity_max && self.entities.iter().all(stands)
    }

    fn holds(&self, of: &Witness<'_>) -> bool {
        self.fits(of.source, of.rule_id, of.rule_name) && self.holds_on(of.entities, of.severity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Role;

    fn term(kind: EntityKind, value: &str) -> EntityTerm {
        EntityTerm {
            kind,
            value: value.into(),
        }
    }

    #[test]
    fn all_that_is_said_must_hold() {
        let entities: Vec<_> = [(EntityKind::Ip, "10.1.2.3"), (EntityKind::Host, "web-01")]
            .into_iter()
            .filter_map(|(kind, value)| Entity::new(kind, Role::Source, value))
            .collect();
        let alert = Witness {
            source: "suricata",
            rule_id: "2001219",
            rule_name: "ET SCAN SSH",
            entities: &entities,
            severity: 50,
        };
        let all = Matcher {
            rule: Some("et scan*".into()),
            source: Some("suricata".into()),
            entities: vec![
                term(EntityKind::Ip, "10.0.0.0/8"),
                term(EntityKind::Host, "WEB-01"),
            ],
            severity_max: Some(50),
        };
        assert!(all.holds(&alert));
        let without = |change: &dyn Fn(&mut Matcher)| {
            let mut matcher = all.clone();
            change(&mut matcher);
            matcher.holds(&alert)
        };
        assert!(without(&|m| m.rule = Some("2001219".into())), "by its id");
        assert!(!without(&|m| m.rule = Some("2001220".into())));
        assert!(!without(&|m| m.source = Some("wazuh".into())));
        assert!(!without(&|m| m.severity_max = Some(49)));
        assert!(!without(&|m| m
            .entities
            .push(term(EntityKind::User, "ana"))));
        assert!(!without(
            &|m| m.entities[1] = term(EntityKind::Host, "web-02")
        ));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let empty = Matcher::default();
        assert_eq!(empty.check(), Err(InvalidMatcher::TooWide));
        let low = Matcher {
            severity_max: Some(30),
            ..Matcher::default()
        };
        assert_eq!(low.check(), Err(InvalidMatcher::TooWide));
        let stars = Matcher {
            rule: Some("**".into()),
            ..Matcher::default()
        };
        assert_eq!(stars.check(), Err(InvalidMatcher::Term("rule")));
        let loopback = Matcher {
            entities: vec![term(EntityKind::Ip, "127.0.0.1")],
            ..Matcher::default()
        };
        assert_eq!(loopback.check(), Err(InvalidMatcher::Term("an entity")));
        let many = Matcher {
            entities: vec![term(EntityKind::Host, "a"); 17],
            ..Matcher::default()
        };
        assert_eq!(many.check(), Err(InvalidMatcher::Entities));
    }
}
