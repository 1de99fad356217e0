//! Settle: what every alert needs, once all has been said of it: a time, a rule, a scope, who saw it.

use compact_str::{CompactString, ToCompactString};

use crate::entity::{Entity, Role};
use crate::time::Timestamp;

use super::super::Scope;
use super::super::json::Scalar;
use super::super::reject::{Reject, excerpt};
use super::{Draft, Reading};

/// Where a format keeps what every alert needs, for a reject's text.
#[derive(Clone, Copy)]
pub(crate) struct Paths<'a> {
    pub(crate) time: &'a str,
    pub(crate) rule: &'a str,
}

impl Draft<'_> {
    /// The whole, once everything has been said. `paths` names where the format keeps time and rule.
    ///
    /// # Errors
    /// [`Reject::MissingTime`], [`Reject::MissingRule`], [`Reject::BadScope`].
    pub(crate) fn finish(mut self, paths: Paths<'_>) -> Result<Reading, Reject> {
        // An alert that says not when it happened has arrived at least.
        let time = self.time.or(self.facts.time).or(self.message.broker_time);
        let time = time.ok_or_else(|| Reject::MissingTime {
            path: paths.time.to_compact_string(),
        })?;
        self.alert.time = self.clamped(time);
        let alert = &mut *self.alert;
        if alert.rule_id.is_empty() {
            alert.rule_id.clone_from(&alert.rule_name);
        } else if alert.rule_name.is_empty() {
            alert.rule_name.clone_from(&alert.rule_id);
        }
        if alert.rule_id.is_empty() {
            return Err(Reject::MissingRule {
                path: paths.rule.to_compact_string(),
            });
        }
        if self.alert.id.is_none()
            && let Some(id) = self.facts.id
        {
            self.id(Scalar::Text(id), "_id")?;
        }
        self.settle_scope()?;
        self.settle_observer();
        self.tell_aliases();
        if !self.has_severity {
            self.notes.severity_assumed += 1;
        }
        Ok(Reading::Alert)
    }

    /// Not later than the broker's time and the skew.
    fn clamped(&mut self, time: Timestamp) -> Timestamp {
        let latest = self
            .message
            .broker_time
            .map(|broker| broker.plus(self.limits.skew_max));
        match latest {
            Some(latest) if time > latest => {
                self.notes.time_clamped += 1;
                latest
            }
            _ => time,
        }
    }

    /// The machine that sent the record, where it names no observer itself and does not say more of that machine.
    fn settle_observer(&mut self) {
        let Some(host) = self.facts.host else { return };
        if self
            .alert
            .entities
            .iter()
            .any(|entity| entity.role == Role::Observer)
        {
            return;
        }
        let Some(entity) = Entity::host_or_ip(Role::Observer, host) else {
            return;
        };
        let is_known = |other: &Entity| other.kind == entity.kind && other.value == entity.value;
        if !self.alert.entities.iter().any(is_known) {
            self.push(Some(entity), 0);
        }
    }

    fn settle_scope(&mut self) -> Result<(), Reject> {
        let claimed = &mut self.alert.scope;
        match self.message.scope {
            Scope::Fixed(scope) => {
                if !claimed.is_empty() && claimed != scope {
                    self.notes.scope_overruled += 1;
                }
                *claimed = CompactString::new(scope);
            }
            Scope::Default(scope) if claimed.is_empty() => *claimed = CompactString::new(scope),
            Scope::Default(_) => {}
        }
        if is_scope(claimed) {
            Ok(())
        } else {
            Err(Reject::BadScope {
                value: excerpt(claimed),
            })
        }
    }
}

/// Whether `scope` matches `[A-Za-z0-9._-]{1,128}`.
pub(crate) fn is_scope(scope: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=128).contains(&scope.len()) && scope.bytes().all(is_allowed)
}
