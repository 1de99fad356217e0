//! Duty: what the policy's assignments and playbooks do to a case that has just opened.

use compact_str::CompactString;

use super::Correlator;
use crate::command::{
    Action, Actor, Answer, Assignment, Change, Command, Done, NewTask, Pick, Playbook, Traits,
};
use crate::decision::Decision;
use crate::groups::Group;
use crate::ids::ScopeId;
use crate::slots::No;
use crate::time::Timestamp;

impl Correlator {
    /// Gives a new case to whom the policy says, with the tasks that it says.
    pub(super) fn put_on_duty(&mut self, now: Timestamp, no: No<Group>, decision: &mut Decision) {
        if self.policy.duty.is_empty() {
            return;
        }
        let traits = self.traits(no);
        let duty = &self.policy.duty;
        let mut assignments = duty.assignments.iter();
        let assignment = assignments.find(|each| each.when.holds(&traits)).cloned();
        let playbooks = duty.playbooks.iter();
        let playbooks: Vec<Playbook> = playbooks
            .filter(|each| each.when.holds(&traits))
            .cloned()
            .collect();
        if let Some(assignment) = assignment {
            self.assign(now, no, &assignment, decision);
        }
        for playbook in &playbooks {
            self.follow(now, no, playbook, decision);
        }
    }

    fn traits(&self, no: No<Group>) -> Traits<'_> {
        let group = self.groups.get(no);
        let rules = group.body.activities.iter().map(|no| {
            let rule = self.rules.get(self.activities.get(*no).rule);
            (rule.source.as_str(), rule.id.as_str())
        });
        Traits {
            scope: &self.scopes.get(group.head.scope).name,
            severity: group.body.severity.score,
            attack: &group.body.attack,
            rules: rules.collect(),
        }
    }

    /// A case that has an owner, by way of the group that it continues or by merge, keeps them.
    fn assign(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        assignment: &Assignment,
        decision: &mut Decision,
    ) {
        let head = &self.groups.get(no).head;
        if head.owner.is_some() {
            return;
        }
        let owner = self.pick(head.scope, assignment);
        let change = Change {
            owner,
            team: (!assignment.team.is_empty()).then(|| assignment.team.clone()),
            ..Change::default()
        };
        let action = Action::Change(Box::new(change));
        self.by_rule(now, no, &assignment.name, action, decision);
    }

    fn pick(&mut self, scope: ScopeId, assignment: &Assignment) -> Option<CompactString> {
        let members = &assignment.members;
        match assignment.pick {
            _ if members.is_empty() => None,
            Pick::First => members.first().cloned(),
            Pick::RoundRobin => {
                let turn = self.desk.take_turn(scope, &assignment.name);
                let place = turn % members.len() as u64;
                members.get(usize::try_from(place).unwrap_or(0)).cloned()
            }
            Pick::LeastLoaded => {
                let groups = || {
                    self.groups
                        .iter()
                        .filter(|group| group.head.stage.is_open())
                };
                let load = |member: &&CompactString| {
                    groups()
                        .filter(|group| group.head.owner.as_ref() == Some(*member))
                        .count()
                };
                members.iter().min_by_key(load).cloned()
            }
        }
    }

    fn follow(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        playbook: &Playbook,
        decision: &mut Decision,
    ) {
        let mut numbers: Vec<u64> = Vec::new();
        for task in &playbook.tasks {
            let after = task.after.iter();
            let after = after.filter_map(|place| numbers.get(place.checked_sub(1)?).copied());
            let new = NewTask {
                title: task.title.clone(),
                text: task.text.clone(),
                assignee: task.assignee.clone(),
                due: task.due.map(|due| now.plus(due)),
                after: after.collect(),
                playbook: playbook.name.clone(),
            };
            let action = Action::AddTask(Box::new(new));
            let done = self.by_rule(now, no, &playbook.name, action, decision);
            numbers.push(done.and_then(|done| done.made).unwrap_or(0));
        }
    }

    /// Does something in the name of a rule; what is not legal is left out.
    fn by_rule(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        rule: &str,
        action: Action,
        decision: &mut Decision,
    ) -> Option<Done> {
        let head = &self.groups.get(no).head;
        let command = Command {
            scope: self.scopes.get(head.scope).name.clone(),
            case: head.case,
            group: head.id,
            actor: Actor::rule(rule),
            expected: None,
            key: None,
            action,
        };
        match self.obey(now, &command, decision) {
            Answer::Done(done) => Some(done),
            _ => None,
        }
    }
}
