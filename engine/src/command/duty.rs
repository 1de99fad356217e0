//! Duty: who gets a new case, and which tasks it begins with. Rules and playbooks of the policy are applied when a
//! group becomes a case, as commands of theirs: audited, and never a reason to think that a person has looked.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::ids::ScopeId;
use crate::time::Span;

/// What happens to a new case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DutyPolicy {
    /// Who gets it: the first that applies.
    pub assignments: Vec<Assignment>,
    /// What is to be done: all that apply.
    pub playbooks: Vec<Playbook>,
}

/// Which cases. All that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// In this scope.
    pub scope: Option<CompactString>,
    /// At least this severe, 0 to 100.
    pub severity: u8,
    /// With this ATT&CK id, or one below it: `T1059` holds for `T1059.001`.
    pub attack: Option<CompactString>,
    /// With an alert of this rule.
    pub rule: Option<CompactString>,
    /// With an alert of this product.
    pub source: Option<CompactString>,
}

/// Who gets a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its name: the actor in the audit.
    pub name: CompactString,
    /// Which cases.
    pub when: When,
    /// The team; empty: none.
    pub team: CompactString,
    /// Who may get it; empty: the team alone.
    pub members: Vec<CompactString>,
    /// Which of them does.
    pub pick: Pick,
}

/// Which member gets the next case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The first.
    #[default]
    First,
    /// One after the other.
    RoundRobin,
    /// Who owns the fewest cases that alerts can still join; of equals the first.
    LeastLoaded,
}

/// Tasks that a case begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playbook {
    /// Its name: the actor in the audit.
    pub name: CompactString,
    /// Which cases.
    pub when: When,
    /// The tasks, in their order.
    pub tasks: Vec<PlaybookTask>,
}

/// A task of a playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookTask {
    /// What is to be done.
    pub title: CompactString,
    /// How.
    pub text: CompactString,
    /// Who does it; empty: nobody yet.
    pub assignee: CompactString,
    /// To be done so long after the case opened.
    pub due: Option<Span>,
    /// Places of the tasks that must be done before, from 1; only earlier ones.
    pub after: Vec<usize>,
}

/// How often an assignment has given a case to somebody in turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnsRecord {
    /// The scope.
    pub scope: ScopeId,
    /// The assignment.
    pub name: CompactString,
    /// How often.
    pub turns: u64,
}

/// A case as [`When`] looks at it.
#[derive(Debug)]
pub(crate) struct Traits<'a> {
    pub(crate) scope: &'a str,
    pub(crate) severity: u8,
    pub(crate) attack: &'a [CompactString],
    /// Source and rule of its activities.
    pub(crate) rules: Vec<(&'a str, &'a str)>,
}

impl DutyPolicy {
    pub(crate) fn is_empty(&self) -> bool {
        self.assignments.is_empty() && self.playbooks.is_empty()
    }
}

impl When {
    pub(crate) fn holds(&self, case: &Traits<'_>) -> bool {
        let is =
            |said: &Option<CompactString>, value: &str| said.as_ref().is_none_or(|s| s == value);
        let attack = |said: &CompactString| {
            let below = |id: &CompactString| {
                id.strip_prefix(said.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            case.attack.iter().any(below)
        };
        is(&self.scope, case.scope)
            && case.severity >= self.severity
            && self.attack.as_ref().is_none_or(attack)
            && case
                .rules
                .iter()
                .any(|(source, rule)| is(&self.source, source) && is(&self.rule, rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_said_must_hold() {
        let attack = ["T1059.001".into(), "TA0002".into()];
        let case = Traits {
            scope: "acme",
            severity: 60,
            attack: &attack,
            rules: vec![("edr", "r1"), ("ids", "r2")],
        };
        let holds = |change: &dyn Fn(&mut When)| {
            let mut when = When::default();
            change(&mut when);
            when.holds(&case)
        };
        assert!(holds(&|_| {}));
        assert!(holds(&|when| when.attack = Some("T1059".into())));
        assert!(!holds(&|when| when.attack = Some("T105".into())));
        assert!(!holds(&|when| when.severity = 61));
        assert!(!holds(&|when| when.scope = Some("other".into())));
        assert!(holds(&|when| {
            when.source = Some("ids".into());
            when.rule = Some("r2".into());
        }));
        assert!(
            !holds(&|when| {
                when.source = Some("ids".into());
                when.rule = Some("r1".into());
            }),
            "of one alert, not of two"
        );
    }
}
