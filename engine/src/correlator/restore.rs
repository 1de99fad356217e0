//! Memory from the store: feed the records of everything live, in the order the store gives them (sums and scopes;
//! each live group, then the activities of all its parts by number; native ids), then go on where it stopped.

use std::collections::BTreeMap;

use super::Correlator;
use crate::accounting::Accounting;
use crate::activities::{Activity, LinkNo, Mentions};
use crate::entities::Mention;
use crate::groups::{Body, Group, Head};
use crate::ids::{CaseId, ScopeId};
use crate::record::{
    ActivityRecord, GroupRecord, IdentityRecord, Link, Relation, ScopeRecord, TallyRecord,
};
use crate::slots::No;
use crate::time::Timestamp;

impl Correlator {
    /// Takes over the sums.
    pub fn restore_accounting(&mut self, accounting: Accounting) {
        self.accounting = accounting;
    }

    /// Takes over a scope. Call in the order of the numbers.
    ///
    /// # Panics
    /// When a scope was left out: the store is not the one that the engine wrote.
    pub fn restore_scope(&mut self, record: &ScopeRecord) {
        let id = self.scopes.intern(&record.name, record.time);
        assert_eq!(
            id, record.id,
            "scopes are restored in the order of their numbers"
        );
        let scope = self.scopes.get_mut(id);
        scope.time = record.time;
        scope.heard = record.heard;
        scope.heard_time = record.heard_time;
        scope.dirty = false;
    }

    /// Takes over a live group; its activities follow.
    pub fn restore_group(&mut self, record: &GroupRecord) {
        let mut head = Head::new(record.id, record.case, record.scope, record.updated);
        head.stage = record.stage;
        head.status = record.status;
        head.owner.clone_from(&record.owner);
        head.opened = record.opened;
        head.parts.clone_from(&record.parts);
        head.related.clone_from(&record.related);
        head.capped = record.capped;
        head.event_seq = record.event_seq;
        head.announce_at = record.unannounced.then_some(Timestamp::MIN);
        head.revision = record.revision;
        head.dirty = false;
        let mut body = Body::empty();
        body.title = record.title.clone();
        body.severity = record.severity;
        body.attack.clone_from(&record.attack);
        self.groups.insert(Group { head, body });
    }

    /// Takes over an activity of a group that was restored.
    ///
    /// # Panics
    /// When the group is missing: the store is not the one that the engine wrote.
    pub fn restore_activity(&mut self, record: &ActivityRecord, tally: TallyRecord) {
        let group = self
            .groups
            .find(record.group)
            .expect("a live activity's group is live");
        let scope = self.groups.get(group).head.scope;
        let rule = self
            .rules
            .mention(&record.source, &record.rule_id, &record.rule_name);
        let mentions = self.restore_mentions(scope, record);
        let mut activity = Activity::new(
            record.id,
            record.group,
            (scope, rule, mentions),
            tally.first,
        );
        activity.window_end = record.window_end;
        activity.day = record.day;
        activity.last = tally.last;
        activity.count = tally.count;
        activity.severity = tally.severity;
        activity.group = group;
        activity.subject = record.subject.and_then(|index| {
            let subject = record.entities.get(usize::from(index))?;
            self.entities.find(scope, subject.kind, &subject.value).1
        });
        activity.links = record
            .links
            .iter()
            .map(|link| self.restore_link(scope, link))
            .collect();
        let no = self.activities.insert(activity);
        let body = &mut self.groups.get_mut(group).body;
        body.activities.push(no);
        body.alerts += tally.count;
        body.first = body.first.min(tally.first);
        body.last = body.last.max(tally.last);
        self.extend(no);
        let (rule, subject) = (
            self.activities.get(no).rule,
            self.activities.get(no).subject,
        );
        self.groups
            .get_mut(group)
            .body
            .risk
            .add(rule, subject, tally.severity.score);
    }

    /// Takes over a native id.
    pub fn restore_identity(&mut self, record: IdentityRecord) {
        self.identities.remember(record);
    }

    /// Ends the restoring at wall time `now`: sets the deadlines, and gathers anew the changes of open cases that
    /// were not announced before the stop.
    pub fn restored(&mut self, now: Timestamp) {
        let mut ids: Vec<_> = self.groups.iter().map(|group| group.head.id).collect();
        ids.sort_unstable();
        let live: Vec<_> = ids
            .into_iter()
            .filter_map(|id| self.groups.find(id))
            .collect();
        let by_case = live
            .iter()
            .map(|&no| (self.groups.get(no).head.case, no))
            .collect();
        self.identities.shrink(self.policy.dedup.ids_max);
        for no in live {
            self.arm_new(no);
            self.restore_continuation(no, &by_case);
            self.scopes.watch(self.groups.get(no).head.scope);
            if self.groups.get_mut(no).head.announce_at.take().is_some() {
                self.touch_group(now, no);
            }
        }
    }

    /// Lets the full groups know that this one continues them.
    fn restore_continuation(&mut self, no: No<Group>, by_case: &BTreeMap<CaseId, No<Group>>) {
        let id = self.groups.get(no).head.id;
        for (relation, case) in self.groups.get(no).head.related.clone() {
            if let (Relation::ContinuationOf, Some(full)) = (relation, by_case.get(&case)) {
                self.groups.get_mut(*full).head.continued_by = Some(id);
            }
        }
    }

    fn restore_mentions(&mut self, scope: ScopeId, record: &ActivityRecord) -> Mentions {
        let mut mentions = Mentions::new();
        for entity in &record.entities {
            if !self.links(entity) {
                continue;
            }
            let (hash, known) = self.entities.find(scope, entity.kind, &entity.value);
            let no = known.unwrap_or_else(|| {
                self.entities
                    .insert(hash, scope, entity.kind, &entity.value)
            });
            mentions.push(Mention::new(no, entity.role));
            self.entities.mention(no);
        }
        mentions.sort_unstable();
        mentions
    }

    fn restore_link(&self, scope: ScopeId, link: &Link) -> LinkNo {
        let known = link
            .entities
            .iter()
            .filter_map(|(kind, value)| self.entities.find(scope, *kind, value).1);
        LinkNo {
            other: link.other,
            gap: link.gap,
            entities: known.collect(),
        }
    }
}
