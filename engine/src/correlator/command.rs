//! Commands: what people do to a case, in memory or away, becomes its record, its entry, its link of the audit chain
//! and its event.
//!
//! A case is *live* while alerts can still join it, else it is *away*: the shell recalls it from the store for the
//! batch ([`Correlator::recall`]), and nothing of it comes back into the grouping.

use std::cmp::Reverse;

use compact_str::CompactString;

use super::Correlator;
use crate::accounting::Disposition;
use crate::command::{
    Answer, AuditHead, Command, Done, Effect, EntryRecord, Folder, KeyRecord, Recall, Turn,
    TurnsRecord, Verb, Work,
};
use crate::decision::{ActivityView, CaseEvent, CaseSnapshot, Decision, EntityView, EventType};
use crate::groups::Group;
use crate::ids::{CaseId, GroupId, ScopeId};
use crate::record::{ActivityRecord, Record, Stage, Status, TallyRecord};
use crate::slots::No;
use crate::time::Timestamp;

/// Where a case is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Live(No<Group>),
    Away(GroupId),
}

/// What a command is measured by.
pub(super) struct Standing {
    scope: ScopeId,
    group: GroupId,
    case: CaseId,
    revision: u64,
    pub(super) folder: Folder,
}

impl Correlator {
    /// Somebody acts on a case. `now` is wall time and must not go back between calls.
    ///
    /// Pushes exactly one [`Answer`]. A case that is not in memory ([`Self::holds`]) must have been recalled in this
    /// batch, else it is unknown.
    pub fn on_command(&mut self, now: Timestamp, command: &Command, decision: &mut Decision) {
        self.announce_due(now, decision);
        let answer = self.obey(now, command, decision);
        self.reach_on(now, decision);
        decision.answers.push(answer);
    }

    /// Whether a command on this group finds it without a recall.
    #[must_use]
    pub fn holds(&self, group: GroupId) -> bool {
        self.groups.find(group).is_some() || self.desk.away(group).is_some()
    }

    /// Takes over a case that left memory, until the next [`Self::seal`]. Seal before you read it from the store.
    pub fn recall(&mut self, recall: Recall) {
        if self.groups.find(recall.group.id).is_none() {
            self.desk.recall(recall);
        }
    }

    /// What people did to a live group.
    #[must_use]
    pub fn work(&self, group: GroupId) -> Option<&Work> {
        self.desk.work(group)
    }

    /// Takes over what was done to a group; of one that is not live, nothing. Call after the groups.
    pub fn restore_work(&mut self, work: Work) {
        if self
            .groups
            .find(work.group)
            .is_some_and(|no| self.groups.get(no).head.id == work.group)
        {
            self.desk.restore(work);
        }
    }

    /// Takes over the end of a scope's audit chain.
    pub fn restore_audit(&mut self, head: AuditHead) {
        self.desk.restore_head(head);
    }

    /// Takes over how often an assignment has taken turns.
    pub fn restore_turns(&mut self, record: TurnsRecord) {
        self.desk.restore_turns(record);
    }

    /// Takes over a wish that was done.
    pub fn restore_key(&mut self, key: KeyRecord) {
        self.desk.restore_key(key);
    }

    pub(super) fn obey(
        &mut self,
        now: Timestamp,
        command: &Command,
        decision: &mut Decision,
    ) -> Answer {
        if let Some(answer) = self.desk.repeated(now, command) {
            return answer;
        }
        if command.action.reshapes() {
            return self.reshape(now, command, decision);
        }
        if command.action.silences() {
            return self.obey_silence(now, command, decision);
        }
        let (place, mut standing) = match self.locate(command) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let revision = standing.revision;
        if command
            .expected
            .is_some_and(|expected| expected != revision)
        {
            return Answer::Stale { revision };
        }
        let mut head = self.desk.head(standing.scope);
        let mut turn = Turn {
            now,
            actor: &command.actor,
            policy: &self.policy.status,
            numbers: head.numbers,
        };
        let effect = match standing.folder.apply(&mut turn, &command.action) {
            Ok(Some(effect)) => effect,
            Ok(None) => return Answer::Same { revision },
            Err(illegal) => return Answer::Illegal(illegal),
        };
        head.numbers = turn.numbers;
        let entry = self.enter(now, command, &standing, &effect, head, decision);
        let done = Done {
            revision: entry.revision,
            seq: entry.seq,
            made: entry.about,
        };
        self.desk.remember(now, command, done, decision);
        match place {
            Place::Live(no) => self.file_live(now, no, standing.folder, (&effect, entry), decision),
            Place::Away(group) if effect.event == EventType::Reopened => {
                self.reopen(now, group, standing.folder, (&effect, entry), decision);
            }
            Place::Away(group) => {
                self.file_away(now, group, standing.folder, (&effect, entry), decision);
            }
        }
        Answer::Done(done)
    }

    /// The case of a command, as it stands.
    fn locate(&self, command: &Command) -> Result<(Place, Standing), Answer> {
        let (place, standing) = match self.groups.find(command.group) {
            Some(no) => (Place::Live(no), self.live_standing(no)),
            None => {
                let recalled = self.desk.away(command.group).ok_or(Answer::Unknown)?;
                if let Stage::Merged { case, .. } = recalled.group.stage {
                    return Err(Answer::Merged { into: case });
                }
                (Place::Away(command.group), away_standing(recalled))
            }
        };
        if self.scopes.get(standing.scope).name != command.scope {
            return Err(Answer::Unknown);
        }
        match standing.case == command.case {
            true => Ok((place, standing)),
            false => Err(Answer::Merged {
                into: standing.case,
            }),
        }
    }

    pub(super) fn live_standing(&self, no: No<Group>) -> Standing {
        let head = &self.groups.get(no).head;
        let work = self.desk.work(head.id).cloned();
        Standing {
            scope: head.scope,
            group: head.id,
            case: head.case,
            revision: head.revision,
            folder: Folder {
                stage: head.stage,
                status: head.status,
                owner: head.owner.clone(),
                work: work.unwrap_or_else(|| Work::of(head.id)),
            },
        }
    }

    /// Writes the entry and the audit record of what was done.
    pub(super) fn enter(
        &mut self,
        now: Timestamp,
        command: &Command,
        standing: &Standing,
        effect: &Effect,
        mut head: AuditHead,
        decision: &mut Decision,
    ) -> EntryRecord {
        let entry = EntryRecord {
            scope: standing.scope,
            group: standing.group,
            seq: head.seq + 1,
            time: now,
            actor: command.actor.clone(),
            revision: standing.revision + 1,
            verb: effect.verb,
            about: effect.about,
            text: effect.text.clone(),
            changes: effect.changes.clone(),
        };
        let name: &CompactString = &self.scopes.get(standing.scope).name;
        let audit = head.append(name, Some(standing.case), (&entry, &command.action));
        self.desk.put_head(head);
        decision.record(|| Record::Entry(Box::new(entry.clone())));
        decision.record(|| Record::Audit(Box::new(audit)));
        entry
    }

    fn file_live(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        folder: Folder,
        (effect, entry): (&Effect, EntryRecord),
        decision: &mut Decision,
    ) {
        let events = decision.events.len();
        let verdict = folder.work.verdict;
        self.desk.put(folder.work);
        let head = &mut self.groups.get_mut(no).head;
        let stage = head.stage;
        (head.status, head.owner) = (folder.status, folder.owner);
        head.revision += 1;
        head.updated = now;
        if !head.dirty {
            head.dirty = true;
            self.dirty_groups.push(no);
        }
        match effect.verb {
            _ if stage == Stage::Dormant => {
                self.file_dormant(now, no, folder.status, effect, decision)
            }
            Verb::Approved => self.promote(now, no, effect.reason, decision),
            Verb::Dismissed => self.end_early(now, no, Stage::Expired, decision),
            _ if stage == Stage::Open => {
                if folder.status == Status::Closed {
                    let head = &mut self.groups.get_mut(no).head;
                    (head.stage, head.closed) = (Stage::Closed, Some(now));
                    decision.tally.resolve(verdict);
                }
                let saying = (effect.event, effect.reason, None);
                self.announce(now, no, saying, decision);
                if folder.status == Status::Closed {
                    self.remember_case(no, decision);
                    self.end_early(now, no, Stage::Closed, decision);
                }
            }
            _ => {}
        }
        sign(&mut decision.events[events..], entry);
    }

    /// Announces what was done to a case that silence closed: it is open again, or it stays closed because somebody has
    /// seen it.
    fn file_dormant(
        &mut self,
        now: Timestamp,
        no: No<Group>,
        status: Status,
        effect: &Effect,
        decision: &mut Decision,
    ) {
        if status != Status::Closed {
            let head = &mut self.groups.get_mut(no).head;
            head.stage = Stage::Open;
            self.past.forget(head.id);
            self.rearm(no);
        }
        let saying = (effect.event, effect.reason, None);
        self.announce(now, no, saying, decision);
        let id = self.groups.get(no).head.id;
        if status == Status::Closed && self.desk.is_touched(id) {
            self.end_early(now, no, Stage::Closed, decision);
        }
    }

    /// Lets a closed case take alerts again, for as long as it would have without having been closed; then it rests.
    fn reopen(
        &mut self,
        now: Timestamp,
        group: GroupId,
        folder: Folder,
        (effect, entry): (&Effect, EntryRecord),
        decision: &mut Decision,
    ) {
        let mut away = self.desk.take_away(group).expect("it was just looked at");
        let record = &mut away.group;
        (record.status, record.owner) = (folder.status, folder.owner);
        record.revision += 1;
        (record.updated, record.closed) = (now, None);
        away.work = Some(folder.work);
        let scope = record.scope;
        self.past.forget(record.id);
        let no = self.settle(away);
        self.scopes.watch(scope);
        let events = decision.events.len();
        self.announce(now, no, (effect.event, effect.reason, None), decision);
        sign(&mut decision.events[events..], entry);
    }

    fn file_away(
        &mut self,
        now: Timestamp,
        group: GroupId,
        folder: Folder,
        (effect, entry): (&Effect, EntryRecord),
        decision: &mut Decision,
    ) {
        let away = self.desk.change_away(group).expect("it was just looked at");
        let record = &mut away.group;
        let (alerts, attached) = (record.alerts - record.attached, record.attached);
        (record.status, record.owner) = (folder.status, folder.owner);
        record.revision += 1;
        record.updated = now;
        let verdict = folder.work.verdict;
        away.work = Some(folder.work);
        if effect.verb == Verb::Approved {
            record.stage = Stage::Resting;
            record.opened = Some(now);
            decision.tally.cases_opened += 1;
            let (expired, background) = (Disposition::Expired, Disposition::Background);
            self.shift(expired, Disposition::Case, alerts, decision);
            self.shift(background, Disposition::Case, attached, decision);
        } else if record.status == Status::Closed && record.stage == Stage::Resting {
            record.stage = Stage::Closed;
            record.closed = Some(now);
            decision.tally.resolve(verdict);
            let away = away.clone();
            self.remember_away(&away, decision);
        }
        self.announce_away(now, group, (effect.event, effect.reason), entry, decision);
    }

    /// Announces a change of a case that left memory. A candidate that ended is not talked about.
    fn announce_away(
        &mut self,
        now: Timestamp,
        group: GroupId,
        (event, reason): (EventType, &'static str),
        entry: EntryRecord,
        decision: &mut Decision,
    ) {
        let away = self.desk.change_away(group).expect("it was just changed");
        if away.group.stage == Stage::Expired {
            return;
        }
        away.group.event_seq += 1;
        let seq = away.group.event_seq;
        if decision.wants.events {
            let case = self.picture(group);
            decision.events.push(CaseEvent {
                policy: self.policy.version.clone(),
                event,
                reason,
                seq,
                time: now,
                other: None,
                act: Some(Box::new(entry)),
                case,
            });
        }
    }

    /// The bounded picture of a case that left memory, as `snapshot` makes it of a live one.
    fn picture(&self, group: GroupId) -> CaseSnapshot {
        let away = self.desk.away(group).expect("it was just changed");
        let mut strongest: Vec<&(ActivityRecord, TallyRecord)> = away.activities.iter().collect();
        strongest.sort_unstable_by_key(|(activity, tally)| {
            (
                Reverse(tally.severity.score),
                Reverse(tally.count),
                activity.id,
            )
        });
        strongest.truncate(CaseSnapshot::ACTIVITIES_MAX);
        let entities = self.recalled_entities(&away.activities);
        let shown = entities.len().min(CaseSnapshot::ENTITIES_MAX);
        CaseSnapshot {
            truncated: strongest.len() < away.activities.len() || shown < entities.len(),
            activities: strongest.into_iter().map(view).collect(),
            entities: entities.into_iter().take(shown).collect(),
            group: away.group.clone(),
            facts: away.facts.clone(),
            work: away.work.clone().map(Box::new),
        }
    }

    /// Those in most activities first; of equals, in the order of kind and value.
    fn recalled_entities(&self, activities: &[(ActivityRecord, TallyRecord)]) -> Vec<EntityView> {
        let mut named: Vec<EntityView> = Vec::new();
        for (activity, _) in activities {
            let mut mine: Vec<_> = activity.entities.iter().filter(|e| self.links(e)).collect();
            mine.sort_unstable_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
            mine.dedup_by(|a, b| (a.kind, &a.value) == (b.kind, &b.value));
            let views = mine.into_iter().map(|entity| EntityView {
                entity: entity.clone(),
                activities: 1,
            });
            named.extend(views);
        }
        named.sort_by(|a, b| {
            (a.entity.kind, &a.entity.value).cmp(&(b.entity.kind, &b.entity.value))
        });
        named.dedup_by(|b, a| {
            let is_same = (a.entity.kind, &a.entity.value) == (b.entity.kind, &b.entity.value);
            a.activities += u64::from(is_same);
            is_same
        });
        named.sort_by_key(|view| Reverse(view.activities));
        named
    }

    /// What was done to a group that is about to become part of another.
    pub(super) fn take_folder(
        &mut self,
        no: No<Group>,
        decision: &mut Decision,
    ) -> Option<(Option<CompactString>, Status, Work)> {
        let head = &self.groups.get(no).head;
        let (id, owner, status) = (head.id, head.owner.clone(), head.status);
        let work = self.desk.take(id, decision)?;
        Some((owner, status, work))
    }

    /// Lets what was done to a part be done to the whole: the survivor's own word stands where both have one.
    pub(super) fn give_folder(
        &mut self,
        into: No<Group>,
        (owner, status, work): (Option<CompactString>, Status, Work),
    ) {
        let head = &mut self.groups.get_mut(into).head;
        if head.owner.is_none() {
            head.owner = owner;
        }
        if head.status == Status::New {
            head.status = status;
        }
        let mut whole = match self.desk.work(head.id) {
            Some(own) => own.clone(),
            None => Work::of(head.id),
        };
        whole.absorb(work);
        self.desk.put(whole);
    }
}

pub(super) fn away_standing(recalled: &Recall) -> Standing {
    let group = &recalled.group;
    let work = recalled.work.clone();
    Standing {
        scope: group.scope,
        group: group.id,
        case: group.case,
        revision: group.revision,
        folder: Folder {
            stage: group.stage,
            status: group.status,
            owner: group.owner.clone(),
            work: work.unwrap_or_else(|| Work::of(group.id)),
        },
    }
}

/// The first event says who did what; what follows is what came of it.
pub(super) fn sign(events: &mut [CaseEvent], entry: EntryRecord) {
    if let Some(event) = events.first_mut() {
        event.act = Some(Box::new(entry));
    }
}

fn view((activity, tally): &(ActivityRecord, TallyRecord)) -> ActivityView {
    let subject = activity.subject_entity();
    ActivityView {
        id: activity.id,
        source: activity.source.clone(),
        rule_id: activity.rule_id.clone(),
        rule_name: activity.rule_name.clone(),
        severity: tally.severity,
        first: tally.first,
        last: tally.last,
        count: tally.count,
        subject: subject.map(|entity| (entity.kind, entity.value.clone())),
        links: activity.links.first().cloned().into_iter().collect(),
    }
}
